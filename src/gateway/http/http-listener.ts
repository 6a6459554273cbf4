// An HTTP/1.1 server on node:http for one face: its limits, what it answers to requests that never become one, and how it ends.
// Node.js's parser runs in its strict mode, which refuses what requests are smuggled with (bare line feeds, Content-Length beside
// Transfer-Encoding, two Content-Lengths). Without a framework, because the way of a body from
// and to the socket is what the whole system's cost is counted in (docs/adr/0020-node-http-without-a-framework.md).

import { createRequire } from 'node:module'
import type * as http from 'node:http'
import type * as https from 'node:https'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { Server as NetServer, Socket } from 'node:net'
import type { Duplex } from 'node:stream'

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { Clock, Timer } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { Connection, Connections } from './connections.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeShared } from './exchange.ts'
import type { FaceAnswers } from './face-answers.ts'
import type { HttpLimits } from './http-limits.ts'
import { problemAnswers } from './problem-answers.ts'
import { RequestNames } from './request-names.ts'
import { StallWatch } from './stall-watch.ts'
import { TrustedProxies } from './trusted-proxies.ts'
import { lookAtFirstByte } from './tls-or-plain.ts'

export interface HttpListenerParts {
  readonly clock: Clock
  readonly log: Log
  readonly limits: HttpLimits
  /** What the server shows its clients. Absent: it speaks plain HTTP. */
  readonly tls?: TlsCredentials | undefined
  /** Proxies that are believed where a request comes from. Default: none. */
  readonly trustedProxies?: readonly string[] | undefined
  /** How the face tells errors and names its answers. Default: problem documents and X-Request-Id. */
  readonly answers?: FaceAnswers | undefined
  /** Requests with an expectation that nobody knows are answered as if they had none. Default: they are refused. */
  readonly takesAnyExpectation?: boolean
  /** Called with each request, in the order of their arrival. Must not throw. */
  onExchange(exchange: Exchange): void
  /** Called when an exchange has ended. Must not throw. */
  onFinished(exchange: Exchange): void
}

export interface TlsCredentials {
  /** PEM: the certificate, and those between it and the authority. */
  readonly cert: string
  /** PEM. */
  readonly key: string
}

// Not by `import`: that would read every export of the module, one of which loads a WebSocket client and its 15 MiB.
const load = createRequire(import.meta.url)
const { createServer } = load('node:http') as typeof http

export interface ListeningAddress {
  readonly host: string
  readonly port: number
}

/** Connections beyond the limit that are still told so; further ones are closed without a word. */
const surplusConnectionsMax = 256
/** How often node:http looks for heads that do not arrive. */
const headCheckIntervalMs = 5000
/** How much longer than announced an idle connection is kept, so that a request just sent is not met by a reset. */
const keepAliveBufferMs = 2000

export class HttpListener {
  readonly #parts: HttpListenerParts
  readonly #server: Server
  readonly #shared: ExchangeShared
  readonly #sendWatch: StallWatch
  readonly #connections: Connections
  readonly #exchanges = new Set<Exchange>()
  #closing: Promise<void> | undefined

  constructor(parts: HttpListenerParts) {
    this.#parts = parts
    const { clock, log, limits } = parts
    const trusted = parts.trustedProxies ?? []
    const proxies = trusted.length === 0 ? undefined : new TrustedProxies(trusted)
    this.#connections = new Connections(limits.connectionsMax)
    this.#sendWatch = new StallWatch(clock, limits.downloadStallTimeoutMs)
    this.#shared = {
      clock,
      log,
      names: new RequestNames(clock),
      answers: parts.answers ?? problemAnswers,
      addressOf: makeAddressOf(proxies),
      forwardedHostOf: makeForwardedHostOf(proxies),
      isForwardedSecure: makeIsForwardedSecure(proxies),
      sendWatch: this.#sendWatch,
      drainBytesMax: limits.drainBytesMax,
      drainTimeoutMs: limits.drainTimeoutMs,
      isClosing: () => this.#closing !== undefined,
    }
    this.#server = this.#createServer(limits, parts.tls)
  }

  /** For the connections that come from now on; only where it speaks TLS. */
  setTls(credentials: TlsCredentials): void {
    const server = this.#server
    assert('setSecureContext' in server && typeof server.setSecureContext === 'function', 'the server speaks TLS')
    Reflect.apply(server.setSecureContext, server, [secureContext(credentials)])
  }

  get connectionCount(): number {
    return this.#connections.count
  }

  /** Begun and not ended. */
  get exchanges(): ReadonlySet<Exchange> {
    return this.#exchanges
  }

  /** @throws FrostError `address-in-use`. */
  async listen(host: string, port: number, sharePort = false): Promise<ListeningAddress> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen({ host, port, backlog: 1024, reusePort: sharePort }, resolve)
    try {
      await promise
    } catch (error) {
      if (!isErrorWithCode(error, 'EADDRINUSE')) throw error
      throw new FrostError('address-in-use', `The address ${host}:${port} is in use.`, {
        cause: error,
        remedy: 'Stop the program that uses it, or choose another port.',
      })
    } finally {
      this.#server.removeListener('error', reject)
    }
    const address = this.#server.address()
    assert(typeof address === 'object' && address !== null, 'a listening TCP server has an address')
    return { host: address.address, port: address.port }
  }

  /** Goes on listening where another server does, with the connections that it has taken and not read from (`pauseOnConnect`). */
  async takeOver(listening: NetServer, waiting: readonly Socket[]): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(listening, resolve)
    await promise
    this.#server.removeListener('error', reject)
    for (const socket of waiting) {
      this.#server.emit('connection', socket)
      socket.resume()
    }
  }

  /** Takes no more connections, lets what is under way end for up to `graceMs`, then cuts it off. Can be called twice. */
  async close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs)
    return this.#closing
  }

  async #close(graceMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve()) // also closes connections without a request
    const timer: Timer = this.#parts.clock.startTimer(graceMs, () => this.#server.closeAllConnections())
    await promise
    timer.cancel()
    this.#sendWatch.close()
  }

  #createServer(limits: HttpLimits, tls: TlsCredentials | undefined): Server {
    const options: http.ServerOptions = {
      maxHeaderSize: limits.headBytesMax,
      headersTimeout: limits.headTimeoutMs,
      requestTimeout: 0, // an upload may last; stalled ones are found by StallWatch
      keepAliveTimeout: limits.keepAliveTimeoutMs,
      keepAliveTimeoutBuffer: keepAliveBufferMs,
      connectionsCheckingInterval: headCheckIntervalMs,
      requireHostHeader: false, // answered here, with a problem document
      noDelay: true,
      insecureHTTPParser: false,
      optimizeEmptyRequests: true,
    }
    const server = tls === undefined ? createServer(options) : this.#createTlsServer(options, tls)
    server.maxConnections = limits.connectionsMax + surplusConnectionsMax
    server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => this.#onConnection(socket))
    server.on('request', (request, response) => this.#onRequest(request, response, false))
    server.on('checkContinue', (request, response) => this.#onRequest(request, response, true))
    server.on('checkExpectation', (request, response) => this.#onExpectation(request, response))
    server.on('clientError', (error, socket) => this.#onClientError(error, socket))
    return server
  }

  #createTlsServer(options: http.ServerOptions, tls: TlsCredentials): Server {
    const { clock, limits } = this.#parts
    const { createServer: createTls } = load('node:https') as typeof https
    const server = createTls({ ...options, ...secureContext(tls), handshakeTimeout: limits.headTimeoutMs })
    lookAtFirstByte(server, { clock, timeoutMs: limits.headTimeoutMs, plainAnswer: () => this.#rawAnswer(speaksTls()) })
    return server
  }

  #onConnection(socket: Socket): void {
    this.#connections.add(socket)
    socket.on('close', () => this.#connections.remove(socket))
  }

  #onRequest(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): void {
    const exchange = this.#openExchange(request, response, awaitsContinue)
    if (exchange.connection.isSurplus) {
      const overloaded = new FrostError('overloaded', 'The server has as many connections as it takes.', {
        remedy: 'Try again later, with fewer connections.',
        retryAfterSeconds: 5,
      })
      exchange.fail(overloaded, ['Connection', 'close'])
    } else if (request.headers.host === undefined && request.httpVersionMinor === 1) {
      exchange.fail(new FrostError('bad-request', 'The request has no Host header.', { remedy: 'Send one.' }))
    } else {
      this.#parts.onExchange(exchange)
    }
  }

  #openExchange(request: IncomingMessage, response: ServerResponse, awaitsContinue: boolean): Exchange {
    const connection = this.#connections.find(request.socket) ?? new Connection(request.socket, false)
    this.#connections.begin(connection)
    const exchange = new Exchange(this.#shared, connection, { request, response, awaitsContinue })
    this.#exchanges.add(exchange)
    response.on('close', () => {
      this.#connections.end(connection)
      exchange.close()
      this.#exchanges.delete(exchange)
      this.#parts.onFinished(exchange)
      if (this.#closing !== undefined) this.#server.closeIdleConnections()
    })
    return exchange
  }

  #onExpectation(request: IncomingMessage, response: ServerResponse): void {
    if (this.#parts.takesAnyExpectation === true) {
      this.#onRequest(request, response, false)
      return
    }
    const exchange = this.#openExchange(request, response, false)
    const detail = `The expectation ${JSON.stringify(request.headers.expect)} is unknown.`
    exchange.fail(new FrostError('expectation-failed', detail, { remedy: 'Send the request without Expect.' }))
  }

  /** What the parser refuses, and heads that do not arrive, never become an exchange. */
  #onClientError(error: Error, socket: Duplex): void {
    const isStreaming = this.#connections.find(socket)?.isStreaming === true
    if (!socket.writable || isStreaming || isErrorWithCode(error, 'ECONNRESET')) {
      socket.destroy()
      return
    }
    socket.end(this.#rawAnswer(refusalOf(error)))
  }

  /** A whole answer, for what never became an exchange. */
  #rawAnswer(error: FrostError): string {
    const requestId = this.#shared.names.next()
    const { answers } = this.#shared
    const { body, headers: described, status } = answers.describe(error, { requestId })
    const headers = [...described]
    answers.name(headers, requestId)
    let head = `HTTP/1.1 ${status} ${reasonPhrases[status] ?? 'Bad Request'}\r\n`
    for (let index = 0; index < headers.length; index += 2) head += `${headers[index]}: ${headers[index + 1]}\r\n`
    if (!headers.includes('Connection')) head += 'Connection: close\r\n'
    return `${head}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  }
}

function makeAddressOf(proxies: TrustedProxies | undefined): (request: IncomingMessage) => string {
  if (proxies === undefined) return peerOf
  return (request) => proxies.clientOf(peerOf(request), joined(request.headers['x-forwarded-for']))
}

function makeForwardedHostOf(proxies: TrustedProxies | undefined): (request: IncomingMessage) => string | undefined {
  if (proxies === undefined) return () => undefined
  return (request) => proxies.hostOf(peerOf(request), joined(request.headers['x-forwarded-host']))
}

function makeIsForwardedSecure(proxies: TrustedProxies | undefined): (request: IncomingMessage) => boolean | undefined {
  if (proxies === undefined) return () => undefined
  return (request) => proxies.isSecure(peerOf(request), joined(request.headers['x-forwarded-proto']))
}

function peerOf({ socket }: IncomingMessage): string {
  return socket.remoteAddress ?? ''
}

function joined(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header
}

/** TLS 1.2 is the oldest that is not deprecated (RFC 8996). */
function secureContext({ cert, key }: TlsCredentials): https.ServerOptions {
  return { cert, key, minVersion: 'TLSv1.2' }
}

function speaksTls(): FrostError {
  const remedy = 'Use an address that starts with https://.'
  return new FrostError('bad-request', 'This port speaks TLS, and the request is plain HTTP.', { remedy })
}

const reasonPhrases: Readonly<Record<number, string>> = {
  408: 'Request Timeout',
  413: 'Payload Too Large',
  431: 'Request Header Fields Too Large',
}

function refusalOf(error: Error): FrostError {
  if (isErrorWithCode(error, 'HPE_HEADER_OVERFLOW')) {
    const remedy = 'Send fewer or shorter headers, and a shorter target.'
    return new FrostError('headers-too-large', 'The head of the request is too large.', { remedy })
  }
  if (isErrorWithCode(error, 'ERR_HTTP_REQUEST_TIMEOUT')) {
    const remedy = 'Send the head of a request at once.'
    return new FrostError('request-timeout', 'The head of the request did not arrive in time.', { remedy })
  }
  if (isErrorWithCode(error, 'HPE_CHUNK_EXTENSIONS_OVERFLOW')) {
    return new FrostError('body-too-large', 'The chunk extensions are too large.', { remedy: 'Send none.' })
  }
  if (isErrorWithCode(error, 'HPE_INVALID_URL')) {
    const remedy = 'Percent-encode the UTF-8 bytes of a name.'
    return new FrostError('bad-request', 'The request target holds a byte that must be encoded.', { remedy })
  }
  const remedy = 'Send HTTP/1.1 as RFC 9112 has it.'
  return new FrostError('bad-request', 'What arrived is not an HTTP request.', { remedy })
}

function isErrorWithCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
