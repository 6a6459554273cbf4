// One request that this side sent, from `request` to its end. Its promise settles exactly once; what the peer still sends for
// it afterwards is received and dropped, because only its answer frees its place among the requests in flight.

import { FrostError } from '../base/errors.ts'
import { largeBodyBytesMin } from './body-pool.ts'
import type { BodyMemory, BodyPool } from './body-pool.ts'
import type { FrameHead } from './frame.ts'
import type { BodyPlace } from './frame-reader.ts'
import type { RequestOptions, RpcResponse } from './peer.ts'
import type { SmallBodies } from './small-bodies.ts'

/**
 * `waiting`: for the peer's limits. `sent`. `arriving`: its answer's head has come, its body has not. `dropped`: settled, but its
 * answer has not come. `over`.
 */
type CallState = 'waiting' | 'sent' | 'arriving' | 'dropped' | 'over'

export interface CallMemory {
  readonly bodies: BodyPool
  readonly smallBodies: SmallBodies
}

export class OutgoingCall implements BodyPlace {
  readonly id: number
  readonly method: number
  /** Grows from request to request, which ids do not for ever. */
  readonly sequence: number
  readonly extension: Uint8Array | undefined
  readonly options: RequestOptions
  readonly bodyLength: number
  readonly deadlineMonotonicMs: number
  readonly promise: Promise<RpcResponse>
  state: CallState = 'waiting'
  /** Where the response's body goes; see BodyPlace. */
  bytes: Uint8Array | undefined
  slice: ((slice: Uint8Array, offset: number, bodyLength: number) => void) | undefined
  readonly #resolve: (response: RpcResponse) => void
  readonly #reject: (error: Error) => void
  readonly #onAbort: (() => void) | undefined
  #into: BodyMemory | undefined
  #memory: BodyMemory | undefined
  /** Of the request while it waits, then of the reply. */
  #header: Uint8Array = nothing
  #bodyLength = 0

  /** `abort` is called when the caller's signal aborts while the request is open. */
  constructor(
    fields: {
      readonly id: number
      readonly method: number
      readonly sequence: number
      readonly extension: Uint8Array | undefined
      readonly bodyLength: number
      readonly deadlineMonotonicMs: number
    },
    options: RequestOptions,
    abort: (call: OutgoingCall) => void,
  ) {
    this.id = fields.id
    this.method = fields.method
    this.sequence = fields.sequence
    this.extension = fields.extension
    this.bodyLength = fields.bodyLength
    this.deadlineMonotonicMs = fields.deadlineMonotonicMs
    this.options = options
    this.#into = options.into
    const { promise, resolve, reject } = Promise.withResolvers<RpcResponse>()
    this.promise = promise
    this.#resolve = resolve
    this.#reject = reject
    if (options.signal === undefined) return
    this.#onAbort = () => abort(this)
    options.signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /** The caller may reuse its header while the request waits. */
  keepHeader(header: Uint8Array): void {
    this.#header = header.slice()
  }

  get keptHeader(): Uint8Array {
    return this.#header
  }

  /** Whether its promise is still open. */
  get isOpen(): boolean {
    return this.state !== 'dropped' && this.state !== 'over'
  }

  /** Settles with `error`. The caller decides which state follows. */
  fail(error: Error, next: 'dropped' | 'over'): void {
    const wasArriving = this.state === 'arriving'
    this.state = next
    this.#unsubscribe()
    this.bytes = undefined
    this.slice = undefined
    // While its body arrives the memory may be lent to the kernel: then `lost` releases it.
    if (!wasArriving) this.#releaseMemory()
    this.#reject(error)
  }

  /** The head of its reply has come; says where the body goes. The state is `arriving`, or `over` where nothing follows. */
  reply(head: FrameHead, header: Uint8Array, memory: CallMemory): BodyPlace | undefined {
    const { bodyLength } = head
    this.#header = header
    this.#bodyLength = bodyLength
    const wrong = bodyLength === 0 ? undefined : this.#placeBody(bodyLength, memory)
    if (wrong !== undefined) {
      this.fail(wrong, 'over')
      return undefined
    }
    this.state = 'arriving'
    if (bodyLength > 0) return this
    this.done()
    return undefined
  }

  /** BodyPlace: the reply is complete. */
  done(): void {
    if (this.state !== 'arriving') return
    this.state = 'over'
    this.#unsubscribe()
    const memory = this.#memory
    this.#memory = undefined
    if (memory === undefined) this.#releaseMemory()
    else this.#into = undefined
    this.#resolve(new Response(this.#header, memory, this.#bodyLength))
  }

  /** BodyPlace: nothing writes to the memory any more. */
  lost(): void {
    this.#releaseMemory()
  }

  /** An error where the body has no place. */
  #placeBody(bodyLength: number, { bodies, smallBodies }: CallMemory): FrostError | undefined {
    const { onBody } = this.options
    if (onBody !== undefined) {
      this.slice = onBody
      return undefined
    }
    if (this.#into !== undefined) {
      if (bodyLength > this.#into.bytes.length) {
        const lengths = `${bodyLength} bytes where ${this.#into.bytes.length} were expected`
        return new FrostError('protocol-error', `A response has a body of ${lengths}.`)
      }
      this.#memory = this.#into
    } else {
      this.#memory = bodyLength < largeBodyBytesMin ? smallBodies.acquire(bodyLength) : bodies.acquire(bodyLength)
      if (this.#memory === undefined) {
        return new FrostError('overloaded', `There is no memory for a response of ${bodyLength} bytes.`)
      }
    }
    this.bytes = this.#memory.bytes
    return undefined
  }

  #releaseMemory(): void {
    const memory = this.#memory ?? this.#into
    this.#memory = undefined
    this.#into = undefined
    memory?.release()
  }

  #unsubscribe(): void {
    if (this.#onAbort !== undefined) this.options.signal?.removeEventListener('abort', this.#onAbort)
  }
}

class Response implements RpcResponse {
  readonly header: Uint8Array
  readonly body: Uint8Array<ArrayBuffer> | undefined
  #memory: BodyMemory | undefined

  constructor(header: Uint8Array, memory: BodyMemory | undefined, bodyLength: number) {
    this.header = header
    this.#memory = memory
    const bytes = memory?.bytes
    this.body = bytes === undefined || bytes.length === bodyLength ? bytes : bytes.subarray(0, bodyLength)
  }

  release(): void {
    const memory = this.#memory
    this.#memory = undefined
    memory?.release()
  }
}

const nothing = new Uint8Array(0)
