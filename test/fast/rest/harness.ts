// A REST face over the fake file service on a free port, and the two clients that its tests need: one on node:http for whole requests,
// one on a bare socket for what no well-behaved client sends.

import { request as httpRequest } from 'node:http'
import type { IncomingHttpHeaders, OutgoingHttpHeaders } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'

import { RestCounters } from '../../../src/gateway/rest/rest-counters.ts'
import { RestGateway } from '../../../src/gateway/rest/rest-gateway.ts'
import type { RestGatewayOptions, RestGatewayParts } from '../../../src/gateway/rest/rest-gateway.ts'
import { NodeClock } from '../../../src/node/clock.ts'
import type { Clock } from '../../../src/ports/clock.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { FakeFileService } from './fake-file-service.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly text: string
  /** The body as JSON. */
  readonly json: unknown
}

export interface RequestOptions {
  readonly method?: string
  readonly headers?: OutgoingHttpHeaders
  readonly body?: Uint8Array | string
}

export interface HarnessOptions extends RestGatewayOptions {
  readonly clock?: Clock
  readonly metricsText?: RestGatewayParts['metricsText']
  readonly access?: RestGatewayParts['access']
  readonly keys?: RestGatewayParts['keys']
}

export class Harness implements AsyncDisposable {
  readonly files = new FakeFileService()
  readonly log = new CollectingLog()
  readonly counters = new RestCounters()
  readonly gateway: RestGateway
  readonly #sockets: Socket[] = []
  #port = 0

  private constructor(options: HarnessOptions) {
    const { clock = new NodeClock(), metricsText, access, keys, ...rest } = options
    const parts = { files: this.files, clock, log: this.log, metrics: this.counters }
    const given = {
      ...(metricsText === undefined ? {} : { metricsText }),
      ...(access === undefined ? {} : { access }),
      ...(keys === undefined ? {} : { keys }),
    }
    this.gateway = new RestGateway({ ...parts, ...given }, rest)
  }

  static async start(options: HarnessOptions = {}): Promise<Harness> {
    const harness = new Harness(options)
    harness.#port = (await harness.gateway.listen('127.0.0.1', 0)).port
    return harness
  }

  get port(): number {
    return this.#port
  }

  /** `target` goes out as it is. */
  async request(target: string, options: RequestOptions = {}): Promise<Answer> {
    const { promise, resolve, reject } = Promise.withResolvers<Answer>()
    const { method = 'GET', headers = {}, body } = options
    const outgoing = httpRequest({ host: '127.0.0.1', port: this.#port, method, path: target, headers, agent: false })
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const slices: Buffer[] = []
      response.on('data', (slice: Buffer) => slices.push(slice))
      response.on('error', reject)
      response.on('end', () => {
        const bytes = Buffer.concat(slices)
        resolve(makeAnswer(response.statusCode ?? 0, response.headers, bytes))
      })
    })
    if (body === undefined) outgoing.end()
    else outgoing.end(body)
    return promise
  }

  async upload(name: string, body: Uint8Array | string, headers: OutgoingHttpHeaders = {}): Promise<Answer> {
    return this.request(`/upload?filename=${encodeURIComponent(name)}`, { method: 'PUT', body, headers })
  }

  async connect(): Promise<RawConnection> {
    const socket = connect({ host: '127.0.0.1', port: this.#port, noDelay: true })
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    socket.once('connect', resolve)
    socket.once('error', reject)
    await promise
    this.#sockets.push(socket)
    return new RawConnection(socket)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await this.gateway.close(0)
  }
}

function makeAnswer(status: number, headers: IncomingHttpHeaders, body: Buffer): Answer {
  const text = body.toString()
  return {
    status,
    headers,
    body,
    text,
    get json(): unknown {
      return JSON.parse(text)
    },
  }
}

/** A socket on which a test writes bytes and looks at what comes back. */
export class RawConnection {
  readonly socket: Socket
  readonly #slices: Buffer[] = []
  #receivedBytes = 0
  #wake: (() => void) | undefined
  #hasEnded = false

  constructor(socket: Socket) {
    this.socket = socket
    socket.on('data', (slice: Buffer) => {
      this.#slices.push(slice)
      this.#receivedBytes += slice.length
      this.#wake?.()
    })
    const end = (): void => {
      this.#hasEnded = true
      this.#wake?.()
    }
    socket.on('close', end)
    socket.on('error', end)
  }

  get receivedBytes(): number {
    return this.#receivedBytes
  }

  get received(): string {
    return this.#joined().toString('latin1')
  }

  /** Whether the server has closed the connection. */
  get hasEnded(): boolean {
    return this.#hasEnded
  }

  write(text: string | Uint8Array): void {
    this.socket.write(typeof text === 'string' ? Buffer.from(text, 'latin1') : text)
  }

  /** Waits until `isEnough` holds of what was received. Throws where the connection ends before. */
  async until(isEnough: (received: string) => boolean): Promise<string> {
    while (!isEnough(this.received)) await this.#moreOrThrow()
    return this.received
  }

  async untilBytes(count: number): Promise<void> {
    while (this.#receivedBytes < count) await this.#moreOrThrow()
  }

  /** Waits for the server's end of the connection, and gives all that came. */
  async end(): Promise<string> {
    while (!this.#hasEnded) await this.#more()
    return this.received
  }

  /** One whole response with a Content-Length; it is taken out of what was received. */
  async response(): Promise<Answer> {
    const head = await this.until((text) => /\r\n\r\n/.test(text))
    const headLength = head.indexOf('\r\n\r\n') + 4
    const [statusLine = '', ...lines] = head.slice(0, headLength - 4).split('\r\n')
    const headers = Object.fromEntries(
      lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 1).trim()]),
    )
    const length = Number(headers['content-length'] ?? 0)
    await this.untilBytes(headLength + length)
    const all = this.#joined()
    const body = all.subarray(headLength, headLength + length)
    this.#slices.splice(0, this.#slices.length, all.subarray(headLength + length))
    this.#receivedBytes -= headLength + length
    return makeAnswer(Number(statusLine.split(' ')[1]), headers, body)
  }

  destroy(): void {
    this.socket.destroy()
  }

  #joined(): Buffer {
    const all = Buffer.concat(this.#slices)
    this.#slices.splice(0, this.#slices.length, all)
    return all
  }

  async #moreOrThrow(): Promise<void> {
    if (this.#hasEnded) throw new Error(`the connection ended after ${JSON.stringify(this.received.slice(0, 500))}`)
    await this.#more()
  }

  async #more(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#wake = resolve
    await promise
  }
}

/** Waits, by turns of the event loop, for something that happens on its own; at most about 10 s. */
export async function eventually(holds: () => boolean, what = 'what was waited for'): Promise<void> {
  for (let attempt = 0; attempt < 5000; attempt++) {
    if (holds()) return
    await new Promise((resolve) => {
      setTimeout(resolve, 2)
    })
  }
  throw new Error(`${what} did not happen`)
}

/** Bytes that differ from place to place. */
export function sampleBytes(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  for (let index = 0; index < length; index++) bytes[index] = (index * 31 + (index >> 8) * 7) & 0xff
  return bytes
}

export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The `code` of a problem document. */
export function codeOf(answer: Answer): unknown {
  const value = answer.json
  return isRecord(value) ? value['code'] : undefined
}
