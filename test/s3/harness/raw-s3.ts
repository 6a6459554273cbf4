// Signed requests over bare sockets, for scenarios in which the clients must cost little: races, a million keys, gigabytes.

import assert from 'node:assert/strict'

import { HttpConnection } from '../../../src/cli/bench/http-connection.ts'
import type { BodyCallback } from '../../../src/cli/bench/http-connection.ts'
import { emptyPayload, S3Signer, unsignedPayload } from '../../../src/cli/bench/s3-signer.ts'
import type { S3Endpoint } from './endpoint.ts'

export interface RawRequest {
  readonly method: string
  /** `/bucket/key`, encoded. */
  readonly path: string
  readonly query?: string
  /** Signed where S3 demands it: `x-amz-…`, in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array
}

export interface RawAnswer {
  readonly status: number
  readonly body: Buffer
}

/** One connection over http, with one request under way at a time. */
export class RawS3 {
  readonly #connection: HttpConnection
  readonly #signer: S3Signer
  readonly #host: string

  private constructor(endpoint: S3Endpoint) {
    const { protocol, hostname, port, host } = new URL(endpoint.url)
    assert.equal(protocol, 'http:')
    this.#host = host
    this.#signer = new S3Signer(endpoint, host)
    this.#connection = new HttpConnection({ host: hostname, port: Number(port), readBufferBytes: 256 * 1024 })
  }

  static async open(endpoint: S3Endpoint): Promise<RawS3> {
    const raw = new RawS3(endpoint)
    await raw.#connection.open()
    return raw
  }

  async send(request: RawRequest): Promise<RawAnswer> {
    const slices: Buffer[] = []
    const keep: BodyCallback = (bytes) => slices.push(Buffer.from(bytes))
    const { body = new Uint8Array() } = request
    const head = this.#head(request, body.length)
    if (!this.#connection.isOpen) await this.#connection.open()
    const { status } = await this.#connection.request(Buffer.concat([head, body]), keep)
    return { status, body: Buffer.concat(slices) }
  }

  /** What comes back goes through `onBody` and is not kept. */
  async receive(request: RawRequest, onBody: BodyCallback): Promise<number> {
    if (!this.#connection.isOpen) await this.#connection.open()
    const { status } = await this.#connection.request(this.#head(request, 0), onBody)
    return status
  }

  /** A body in slices, of which none is kept. */
  async upload(request: Omit<RawRequest, 'body'>, length: number, slices: Iterable<Uint8Array>): Promise<number> {
    if (!this.#connection.isOpen) await this.#connection.open()
    const { status } = await this.#connection.requestStream(this.#head(request, length), slices)
    return status
  }

  close(): void {
    this.#connection.close()
  }

  #head({ method, path, query, headers = {} }: RawRequest, length: number): Buffer {
    const payload = length === 0 ? emptyPayload : unsignedPayload
    const toSign = Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('x-amz-')))
    const signed = this.#signer.sign(
      { method, path, payload, headers: toSign, ...(query === undefined ? {} : { query }) },
      Date.now(),
    )
    const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const line = `${method} ${path}${query === undefined ? '' : `?${query}`} HTTP/1.1`
    const text = `${line}\r\nHost: ${this.#host}\r\nContent-Length: ${length}\r\n${signed}${own.join('')}\r\n`
    return Buffer.from(text, 'latin1')
  }
}
