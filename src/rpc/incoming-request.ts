// One request of the peer, from its head to its answer.

import { assert } from '../base/assert.ts'
import type { BodyMemory } from './body-pool.ts'
import { decodeExtension } from './extension.ts'
import type { RpcExtension } from './extension.ts'
import type { BodyPlace } from './frame-reader.ts'
import type { RpcPeer, RpcRequest } from './peer.ts'

export class IncomingRequest implements RpcRequest, BodyPlace {
  readonly id: number
  readonly method: number
  readonly peer: RpcPeer
  readonly header: Uint8Array
  readonly bodyLength: number
  readonly arrivedMonotonicMs: number
  readonly deadlineMonotonicMs: number
  readonly slice = undefined
  /** Takes back the wish for memory that is not granted yet. */
  unwish: (() => void) | undefined
  readonly #extension: Uint8Array
  readonly #complete: (request: IncomingRequest) => void
  #memory: BodyMemory | undefined
  #controller: AbortController | undefined
  #abortReason: Error | undefined

  /** `complete` is called when the body is there. */
  constructor(
    fields: {
      readonly id: number
      readonly method: number
      readonly peer: RpcPeer
      readonly header: Uint8Array
      readonly extension: Uint8Array
      readonly bodyLength: number
      readonly arrivedMonotonicMs: number
      readonly deadlineMonotonicMs: number
    },
    complete: (request: IncomingRequest) => void,
  ) {
    this.id = fields.id
    this.method = fields.method
    this.peer = fields.peer
    this.header = fields.header
    this.bodyLength = fields.bodyLength
    this.arrivedMonotonicMs = fields.arrivedMonotonicMs
    this.deadlineMonotonicMs = fields.deadlineMonotonicMs
    this.#extension = fields.extension
    this.#complete = complete
  }

  get body(): Uint8Array<ArrayBuffer> | undefined {
    return this.#memory?.bytes
  }

  /** BodyPlace. */
  get bytes(): Uint8Array | undefined {
    return this.#memory?.bytes
  }

  get extension(): RpcExtension {
    return decodeExtension(this.#extension)
  }

  get isAborted(): boolean {
    return this.#abortReason !== undefined
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#abortReason !== undefined) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  takeBody(): BodyMemory | undefined {
    const memory = this.#memory
    this.#memory = undefined
    return memory
  }

  giveMemory(memory: BodyMemory): void {
    assert(this.#memory === undefined, 'a body has its memory once')
    this.unwish = undefined
    this.#memory = memory
  }

  /** BodyPlace. */
  done(): void {
    this.#complete(this)
  }

  /** BodyPlace. */
  lost(): void {
    this.releaseBody()
  }

  releaseBody(): void {
    this.takeBody()?.release()
  }

  abort(reason: Error): void {
    if (this.isAborted) return
    this.#abortReason = reason
    this.#controller?.abort(reason)
  }
}
