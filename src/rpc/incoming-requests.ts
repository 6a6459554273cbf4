// The requests of one peer: where their bodies go, which handlers run, what is answered. Every request gets exactly one
// answer, also a cancelled one, because the answer gives the peer its share back.
//
// The peer keeps to the limits that it was told in the handshake; one that does not is broken or hostile, and its
// connection ends. Handlers are started only while few enough are at work and little enough waits to be sent to the peer: what
// a peer that does not read its answers can pile up here is that bound and the answers of the handlers at work.
//
// Except for requests with a body from the pool: they are always started. Otherwise two nodes that flood each other would
// both stop reading, each with its pool full of requests that wait until the other one reads. So the only thing that stops
// reading, an empty pool, ends by itself: the handlers that hold its memory are at work, and depend on no peer.

import { AssertionError } from '../base/assert.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import { largeBodyBytesMin } from './body-pool.ts'
import type { BodyMemory } from './body-pool.ts'
import { encodeError } from './error-message.ts'
import { frameType } from './frame.ts'
import type { FrameHead } from './frame.ts'
import type { BodyPlace, FrameReader } from './frame-reader.ts'
import type { FrameWriter } from './frame-writer.ts'
import { IncomingRequest } from './incoming-request.ts'
import type { CallMemory } from './outgoing-call.ts'
import type { RpcHandlers, RpcPeer, RpcReply } from './peer.ts'
import type { RequestMeter } from './request-meter.ts'

export interface IncomingOptions {
  readonly clock: Clock
  readonly log: Log
  readonly writer: FrameWriter
  readonly reader: FrameReader
  readonly memory: CallMemory
  readonly handlers: RpcHandlers
  readonly meter: RequestMeter | undefined
  readonly requestsMax: number
  readonly requestBodyBytesMax: number
  readonly handlersMax: number
  readonly writeHighWaterBytes: number
}

export class IncomingRequests {
  readonly #options: IncomingOptions
  readonly #peer: RpcPeer
  /** From their head until they are answered. */
  readonly #requests = new Map<number, IncomingRequest>()
  /** Complete, but too many are at work, or the peer does not read its answers now. */
  readonly #held: IncomingRequest[] = []
  #bodyBytes = 0
  #atWork = 0
  #isClosing = false
  #isOver = false
  readonly #complete = (request: IncomingRequest): void => this.#start(request)

  constructor(peer: RpcPeer, options: IncomingOptions) {
    this.#peer = peer
    this.#options = options
  }

  get count(): number {
    return this.#requests.size
  }

  requests(): Iterable<IncomingRequest> {
    return this.#requests.values()
  }

  /** @throws FrostError `protocol-error` where the peer does not keep to its limits. */
  request(head: FrameHead, copy: (bytes: Uint8Array) => Uint8Array): BodyPlace | 'later' | undefined {
    this.#checkLimits(head)
    const arrivedMonotonicMs = this.#options.clock.monotonicMs()
    const request = new IncomingRequest(
      {
        id: head.id,
        method: head.method,
        peer: this.#peer,
        header: copy(head.header),
        extension: copy(head.extension),
        bodyLength: head.bodyLength,
        arrivedMonotonicMs,
        deadlineMonotonicMs: arrivedMonotonicMs + head.deadlineMs,
      },
      this.#complete,
    )
    this.#requests.set(request.id, request)
    this.#bodyBytes += head.bodyLength
    if (head.bodyLength > 0) return this.#placeBody(request)
    this.#start(request)
    return undefined
  }

  cancel(id: number): void {
    this.#requests.get(id)?.abort(new FrostError('cancelled', 'The peer does not want the answer any more.'))
  }

  /** Starts what was held back, as far as it may. */
  pump(): void {
    while (this.#held.length > 0 && this.#mayStart()) {
      const request = this.#held.shift()
      if (request !== undefined) this.#run(request)
    }
  }

  /** What runs goes on, what comes now is refused. */
  close(): void {
    this.#isClosing = true
  }

  /** The connection is over: handlers are told, nothing is answered any more. */
  end(reason: FrostError): void {
    this.#isOver = true
    for (const request of this.#held.splice(0)) request.releaseBody()
    for (const request of this.#requests.values()) {
      request.unwish?.()
      request.abort(reason)
    }
    this.#requests.clear()
  }

  #checkLimits(head: FrameHead): void {
    const { requestsMax, requestBodyBytesMax } = this.#options
    if (this.#requests.has(head.id)) throw new FrostError('protocol-error', `Request ${head.id} was sent twice.`)
    if (this.#requests.size >= requestsMax) {
      throw new FrostError('protocol-error', `The peer sent more than ${requestsMax} requests at once.`)
    }
    if (head.bodyLength > 0 && this.#bodyBytes + head.bodyLength > requestBodyBytesMax) {
      throw new FrostError('protocol-error', `The peer sent more than ${requestBodyBytesMax} bytes of bodies at once.`)
    }
  }

  #placeBody(request: IncomingRequest): BodyPlace | 'later' {
    const { reader, memory } = this.#options
    const { bodyLength } = request
    const isSmall = bodyLength < largeBodyBytesMin
    const now = isSmall ? memory.smallBodies.acquire(bodyLength) : memory.bodies.acquire(bodyLength)
    if (now !== undefined) {
      request.giveMemory(now)
      return request
    }
    request.unwish = memory.bodies.whenFree(bodyLength, (granted: BodyMemory) => {
      request.giveMemory(granted)
      reader.provide(request)
    })
    return 'later'
  }

  #mayStart(): boolean {
    const { writer, writeHighWaterBytes, handlersMax } = this.#options
    return this.#atWork < handlersMax && writer.queuedBytes < writeHighWaterBytes
  }

  #start(request: IncomingRequest): void {
    const isFree = this.#held.length === 0 && this.#mayStart()
    if (isFree || request.bodyLength >= largeBodyBytesMin) this.#run(request)
    else this.#held.push(request)
  }

  #run(request: IncomingRequest): void {
    const handler = this.#options.handlers.get(request.method)
    if (request.isAborted) {
      this.#refuse(request, new FrostError('cancelled', 'The request was cancelled before its handler began.'))
    } else if (handler === undefined) {
      this.#refuse(request, new FrostError('bad-request', `Method ${request.method} is not known here.`))
    } else if (this.#isClosing) {
      this.#refuse(request, new FrostError('peer-unreachable', 'The node is about to end the connection.'))
    } else {
      this.#callHandler(request, handler)
    }
  }

  #callHandler(request: IncomingRequest, handler: (request: IncomingRequest) => Promise<RpcReply>): void {
    let answer: Promise<RpcReply>
    this.#atWork++
    try {
      answer = handler(request)
    } catch (error) {
      queueMicrotask(() => this.#fail(request, error))
      return
    }
    answer.then(
      (reply) => this.#reply(request, reply),
      (error: unknown) => this.#fail(request, error),
    )
  }

  #reply(request: IncomingRequest, reply: RpcReply): void {
    this.#atWork--
    this.#note(request)
    request.releaseBody()
    if (!this.#finish(request)) {
      reply.sent?.()
    } else if (request.isAborted) {
      // Nobody waits for it, but the peer's share has to be given back: without the body.
      reply.sent?.()
      this.#sendError(request, new FrostError('cancelled', 'The request was cancelled.'))
    } else {
      const bodyHasOwnChecks = reply.bodyHasOwnChecks === true
      const fields = { type: frameType.reply, id: request.id, header: reply.header, bodyHasOwnChecks }
      this.#options.writer.frame(fields, reply.body, reply.sent)
    }
    this.pump()
  }

  #fail(request: IncomingRequest, error: unknown): void {
    this.#atWork--
    this.#note(request, error)
    this.#answerFailure(request, error)
    this.pump()
  }

  #note(request: IncomingRequest, error?: unknown): void {
    const { clock, log, meter } = this.#options
    const { method, arrivedMonotonicMs } = request
    const durationMs = clock.monotonicMs() - arrivedMonotonicMs
    meter?.answered(method, durationMs, error !== undefined)
    if (log.isDebug !== true) return
    const { requestId } = request.extension
    const code = error === undefined ? undefined : (errorCode(error) ?? 'internal')
    log.debug('A request of a peer was answered.', { requestId, method, durationMs: Math.round(durationMs), code })
  }

  #answerFailure(request: IncomingRequest, error: unknown): void {
    request.releaseBody()
    const isOpen = this.#finish(request)
    if (error instanceof FrostError) {
      if (isOpen) this.#sendError(request, error)
      return
    }
    const { requestId } = request.extension
    this.#options.log.error('A handler failed.', error, { method: request.method, requestId })
    if (isOpen) this.#sendError(request, new FrostError('internal', 'The peer failed to handle the request.'))
    // A defect is not handled; it ends the process.
    if (error instanceof AssertionError) {
      queueMicrotask(() => {
        throw error
      })
    }
  }

  #refuse(request: IncomingRequest, error: FrostError): void {
    request.releaseBody()
    if (this.#finish(request)) this.#sendError(request, error)
  }

  /** False where the connection is over. */
  #finish(request: IncomingRequest): boolean {
    if (this.#isOver) return false
    this.#requests.delete(request.id)
    this.#bodyBytes -= request.bodyLength
    return true
  }

  #sendError(request: IncomingRequest, error: FrostError): void {
    this.#options.writer.frame({ type: frameType.error, id: request.id, header: encodeError(error) })
  }
}
