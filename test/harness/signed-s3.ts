// Requests to a real S3 face, signed by the tests' own client (src/gateway/s3/testing/signing-client.ts).

import assert from 'node:assert/strict'

import { sha256, signHeader } from '../../src/gateway/s3/testing/signing-client.ts'
import type { ClientCredentials } from '../../src/gateway/s3/testing/signing-client.ts'

export interface SignedOptions {
  readonly body?: Uint8Array | string
  readonly headers?: Readonly<Record<string, string>>
}

export class SignedS3 {
  readonly #base: string
  readonly #credentials: ClientCredentials

  /** `base`: `http://127.0.0.1:9000`. */
  constructor(base: string, credentials: ClientCredentials) {
    this.#base = base
    this.#credentials = credentials
  }

  /** `target`: path with query, as it goes out. */
  async send(method: string, target: string, options: SignedOptions = {}): Promise<Response> {
    const bytes = Buffer.from(options.body ?? '')
    const [path = '', query = ''] = target.split('?')
    const given: [string, string][] = [['Host', new URL(this.#base).host], ...Object.entries(options.headers ?? {})]
    const timestamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, '')
    const request = { method, path, query, headers: given }
    const { rawHeaders } = signHeader(this.#credentials, request, { timestamp, payload: sha256(bytes) })
    const headers = new Headers()
    for (let index = 0; index < rawHeaders.length; index += 2)
      if (rawHeaders[index] !== 'Host') headers.set(rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '')
    const hasBody = method === 'PUT' || method === 'POST'
    return await fetch(this.#base + target, { method, headers, ...(hasBody ? { body: bytes } : {}) })
  }

  /** The body of an answer that must be a good one. */
  async ok(method: string, target: string, options: SignedOptions = {}): Promise<Buffer> {
    const answer = await this.send(method, target, options)
    const bytes = Buffer.from(await answer.arrayBuffer())
    assert.ok(answer.ok, `${method} ${target}: ${answer.status} ${bytes.toString().slice(0, 300)}`)
    return bytes
  }

  /** Status and code of an answer that must be an error. */
  async refused(method: string, target: string, options: SignedOptions = {}): Promise<string> {
    const answer = await this.send(method, target, options)
    const text = await answer.text()
    assert.ok(!answer.ok, `${method} ${target}: ${answer.status}`)
    return `${answer.status} ${/<Code>(.*?)</.exec(text)?.[1] ?? ''}`.trim()
  }
}
