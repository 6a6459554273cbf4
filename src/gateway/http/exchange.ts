// One request and its answer, over node:http. What every face needs and what is easy to get wrong stands here once:
// - An answer goes out in one write: head and body together, the head from a flat list.
// - Every error is a document as the face writes it (face-answers.ts), or, once the first byte has gone, the end of the connection:
//   never an error text inside a 200, but where the protocol has it so (`describeLate`; s3/slow-answer.ts).
// - A request whose body was not read to its end is drained within bounds before the connection closes, so that the client sees the
//   answer instead of a reset (RFC 9112, section 9.6).
// - A peer that takes nothing more of its answer is cut off after a time.

import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'

import { AssertionError } from '../../base/assert.ts'
import type { Clock, Timer } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { RequestTrail } from '../../rpc/request-trail.ts'
import { anybody } from '../auth/principal.ts'
import type { Principal } from '../auth/principal.ts'
import type { Connection } from './connections.ts'
import type { ErrorAnswer, FaceAnswers } from './face-answers.ts'
import { commonHeaders } from './problem-answers.ts'
import { givenRequestId } from './request-names.ts'
import type { RequestNames } from './request-names.ts'
import { splitTarget } from './request-target.ts'
import type { StallWatch, Transfer } from './stall-watch.ts'

/** What the exchanges of one listener share. */
export interface ExchangeShared {
  readonly clock: Clock
  readonly log: Log
  readonly names: RequestNames
  /** How the face tells errors and names its answers. */
  readonly answers: FaceAnswers
  /** Where a request comes from. */
  addressOf(request: IncomingMessage): string
  /** The host that a trusted proxy was asked for. */
  forwardedHostOf(request: IncomingMessage): string | undefined
  /** Whether the client of a trusted proxy came to it over TLS. */
  isForwardedSecure(request: IncomingMessage): boolean | undefined
  /** Watches answers that wait for their reader. */
  readonly sendWatch: StallWatch
  /** Of a body that nobody wants, at most so much is read, for at most so long, before the connection closes. */
  readonly drainBytesMax: number
  readonly drainTimeoutMs: number
  /** Whether the listener is closing, so that each answer should be its connection's last. */
  isClosing(): boolean
}

/** A request and its answer, as node:http gives them. */
export interface ExchangeMessage {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Whether the client waits for 100 (Continue) before it sends its body. */
  readonly awaitsContinue: boolean
}

/** What is known once an exchange has ended. */
export interface FinishedExchange {
  readonly routeName: string
  readonly method: string
  /** 499 where the client went away before an answer. */
  readonly status: number
  /** Of the bodies. */
  readonly bytesReceived: number
  readonly bytesSent: number
  /** From the head of the request to the end. */
  readonly durationMs: number
}

const statusClientGone = 499
/** A rest of a body up to this length is read and the connection kept. */
const restKeptMax = 64 * 1024

export class Exchange implements FinishedExchange, Transfer {
  readonly connection: Connection
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Raw, as in the request target. */
  readonly path: string
  readonly rawQuery: string
  /** On the monotonic clock. */
  readonly startedMs: number
  routeName = 'unknown'
  /** Who sends the request, once that was asked. */
  principal: Principal = anybody
  bytesReceived = 0
  bytesSent = 0
  durationMs = 0
  /** Of the error that was answered, where the face names errors. */
  errorCode: string | undefined
  /** When the answer's head went out, on the monotonic clock. */
  answeredMs: number | undefined
  /** In the place of the face's own. */
  describeError: FaceAnswers['describe'] | undefined
  /** Flat; go with whatever the answer is. */
  extraHeaders: readonly string[] | undefined
  /** What it leaves on its way through the nodes; made by the face. */
  trail: RequestTrail | undefined
  /** Steps in which the client took something of the answer. */
  stepsSent = 0

  readonly #shared: ExchangeShared
  #awaitsContinue: boolean
  #isClosed = false
  #onClose: (() => void) | undefined
  #drainTimer: Timer | undefined
  #requestId: string | undefined

  constructor(shared: ExchangeShared, connection: Connection, message: ExchangeMessage) {
    this.#shared = shared
    this.startedMs = shared.clock.monotonicMs()
    this.connection = connection
    this.request = message.request
    this.response = message.response
    this.#awaitsContinue = message.awaitsContinue
    const { path, query } = splitTarget(message.request.url ?? '/')
    this.path = path
    this.rawQuery = query
  }

  get method(): string {
    return this.request.method ?? 'GET'
  }

  /** Names the request in answers and logs. */
  get requestId(): string {
    this.#requestId ??= givenRequestId(this.request.headers['x-request-id']) ?? this.#shared.names.next()
    return this.#requestId
  }

  get headers(): IncomingHttpHeaders {
    return this.request.headers
  }

  get status(): number {
    return this.response.headersSent ? this.response.statusCode : statusClientGone
  }

  /**
   * Whether the request has a body, an empty one included. One without either header has none, and its stream then ends without
   * an event, since node:http is told to spare what empty requests do not need.
   */
  get hasBody(): boolean {
    const { headers } = this.request
    return headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  }

  /** Whether the answer was sent, or the client has gone. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Address of the client, behind trusted proxies too; empty once the connection is gone. */
  get remoteAddress(): string {
    return this.#shared.addressOf(this.request)
  }

  /** Whether the request came over TLS, or its client to a trusted proxy so. */
  get isSecure(): boolean {
    return this.#shared.isForwardedSecure(this.request) ?? Reflect.get(this.request.socket, 'encrypted') === true
  }

  /** The host, with its port, that a trusted proxy in between was asked for. */
  get forwardedHost(): string | undefined {
    return this.#shared.forwardedHostOf(this.request)
  }

  /** Called once, when the answer was sent or the client has gone; at once where that has happened already. */
  onClose(listener: () => void): void {
    this.#onClose = listener
    if (this.#isClosed) listener()
  }

  /** For the listener. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.durationMs = this.#shared.clock.monotonicMs() - this.startedMs
    this.#drainTimer?.cancel()
    this.#shared.sendWatch.remove(this)
    this.#onClose?.()
  }

  /** Tells a client that waits with its body (Expect: 100-continue) to send it. */
  acceptBody(): void {
    if (!this.#awaitsContinue) return
    this.#awaitsContinue = false
    this.response.writeContinue()
  }

  /** The whole answer. `headers`: flat names and values, which this may add to; Content-Length is added. */
  send(status: number, headers: string[], body: string | Uint8Array | undefined): void {
    if (this.#isClosed) return
    if (body === undefined) {
      if (status !== 204 && status !== 304) headers.push('Content-Length', '0')
    } else {
      const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
      headers.push('Content-Length', String(length))
      if (this.method !== 'HEAD') this.bytesSent += length
    }
    this.sendSized(status, headers, body)
  }

  /** Like `send`, where `headers` hold the Content-Length already. */
  sendSized(status: number, headers: string[], body: string | Uint8Array | undefined): void {
    if (this.#isClosed) return
    const { request, response } = this
    if (this.hasBody && !request.readableEnded) {
      const unread = this.#unreadBytes()
      if (unread > restKeptMax || (unread > 0 && this.#awaitsContinue)) {
        this.#sendAndDrain(status, headers, body)
        return
      }
      request.removeAllListeners('data').resume()
    }
    if (this.#shared.isClosing()) addClose(headers)
    response.writeHead(status, this.#named(headers))
    if (body === undefined) response.end()
    else response.end(body)
    if (response.writableLength > 0) this.#shared.sendWatch.add(this)
  }

  sendJson(status: number, value: unknown): void {
    this.sendJsonText(status, JSON.stringify(value))
  }

  sendJsonText(status: number, text: string): void {
    this.send(status, jsonHeaders(), text)
  }

  /** Begins an answer whose body is written with `response.write` and `response.end`. */
  startBody(status: number, headers: string[]): void {
    if (this.#shared.isClosing()) addClose(headers)
    this.connection.isStreaming = true
    this.response.writeHead(status, this.#named(headers))
    this.#shared.sendWatch.add(this)
  }

  /** Resolves when the answer has room for more, or nobody takes it any more. */
  async drained(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    if (this.#isClosed) return
    const { response } = this
    const settle = (): void => {
      response.removeListener('drain', settle).removeListener('close', settle)
      resolve()
    }
    response.on('drain', settle).on('close', settle)
    await promise
  }

  /** Ends the exchange with an error. `headers`: what its status needs besides, flat. */
  fail(error: unknown, headers: readonly string[] = []): void {
    if (error instanceof AssertionError) queueMicrotask(() => rethrow(error))
    const { requestId } = this
    this.#logFailure(error, requestId)
    if (this.#isClosed) return
    if (this.response.headersSent) {
      this.response.destroy()
      return
    }
    const problem = this.#describe(error)
    this.send(problem.status, [...problem.headers, ...headers], problem.body)
  }

  /** The document of an error, for an answer that began as a success and whose protocol tells errors in its body, too. */
  describeLate(error: unknown): string {
    if (error instanceof AssertionError) queueMicrotask(() => rethrow(error))
    this.#logFailure(error, this.requestId, true)
    return this.#describe(error).body
  }

  #describe(error: unknown): ErrorAnswer {
    const { requestId, method, path } = this
    const problem =
      this.describeError?.(error, { requestId, method, path }) ??
      this.#shared.answers.describe(error, { requestId, method, path })
    this.errorCode = problem.code
    return problem
  }

  progress(): number {
    return this.stepsSent - unsentBytes(this.request.socket)
  }

  /** An answer without a socket waits for the one before it, not for the client. */
  isPeerTurn(): boolean {
    return this.response.socket !== null && this.response.writableLength > 0
  }

  onStall(): void {
    this.#shared.log.info('A client stopped reading its answer', { route: this.routeName, sentBytes: this.bytesSent })
    this.response.destroy()
  }

  #named(headers: string[]): string[] {
    this.answeredMs = this.#shared.clock.monotonicMs()
    this.#shared.answers.name(headers, this.requestId)
    if (this.extraHeaders !== undefined) headers.push(...this.extraHeaders)
    return headers
  }

  /** Of the request's body: what has not arrived yet, as far as is known; 0 where nothing is missing. */
  #unreadBytes(): number {
    const { request } = this
    if (request.complete) return 0
    const length = request.headers['content-length']
    return length === undefined ? Number.POSITIVE_INFINITY : Number(length) - this.bytesReceived
  }

  /** All of the answer goes out now, its end only when the rest of the request's body was read, or enough of it. */
  #sendAndDrain(status: number, headers: string[], body: string | Uint8Array | undefined): void {
    const { request, response } = this
    const { clock, drainBytesMax, drainTimeoutMs } = this.#shared
    addClose(headers)
    response.writeHead(status, this.#named(headers))
    if (body === undefined || this.method === 'HEAD') response.flushHeaders()
    else response.write(body)
    let drainedBytes = 0
    const end = (): void => {
      this.#drainTimer?.cancel()
      response.end()
      if (response.writableLength > 0) this.#shared.sendWatch.add(this)
    }
    this.#drainTimer = clock.startTimer(drainTimeoutMs, end, { background: true })
    request.removeAllListeners('data')
    request.on('data', (slice: Uint8Array) => {
      drainedBytes += slice.length
      if (drainedBytes > drainBytesMax) end()
    })
    request.on('end', end)
    request.resume()
  }

  #logFailure(error: unknown, requestId: string, isToldLate = false): void {
    const code = this.#shared.answers.codeOf(error)
    const fields = { requestId, route: this.routeName, method: this.method, code }
    if (code === undefined || code === 'internal') this.#shared.log.error('A request failed', error, fields)
    else if (this.#isClosed) this.#shared.log.debug('A request ended with its client gone', fields)
    else if (this.response.headersSent && !isToldLate) this.#shared.log.error('An answer was cut off', error, fields)
    else this.#shared.log.debug('A request was refused', fields)
  }
}

function addClose(headers: string[]): void {
  if (!headers.includes('Connection')) headers.push('Connection', 'close')
}

export function jsonHeaders(): string[] {
  return ['Content-Type', 'application/json', ...commonHeaders]
}

/**
 * Bytes that the kernel has not taken yet of what was written. Node.js keeps the figure on the socket's handle and uses it for its own
 * timeouts; without it only whole writes would count as progress, and a slow reader of a large one would seem to stand still.
 */
function unsentBytes(socket: object): number {
  const handle: unknown = Reflect.get(socket, '_handle')
  if (typeof handle !== 'object' || handle === null) return 0
  const queued: unknown = Reflect.get(handle, 'writeQueueSize')
  return typeof queued === 'number' ? queued : 0
}

/** A failed assertion is a defect: it ends the process, it is not an answer. */
function rethrow(error: AssertionError): never {
  throw error
}
