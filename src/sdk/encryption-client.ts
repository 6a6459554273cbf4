// Master keys under which objects are encrypted, as `client.encryption`: for administrators. No key itself is ever told.

import { FrostByteError } from './errors.ts'
import { JsonObject } from './json.ts'
import type { HttpRequest, RequestOptions, Transport } from './transport.ts'

export interface EncryptionKeyInfo {
  /** `sse-s3`: the cluster's own, of SSE-S3. */
  readonly id: string
  /** By which requests of S3 can name it. */
  readonly arn: string | undefined
  readonly aliases: readonly string[]
  readonly enabled: boolean
  /** How many there are; the newest encrypts, all decrypt. */
  readonly generations: number
  readonly createdAt: Date
  /** When the newest generation was made. */
  readonly rotatedAt: Date
}

export class EncryptionClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** All there are; what was never needed was not made yet. */
  async listKeys(options: RequestOptions = {}): Promise<readonly EncryptionKeyInfo[]> {
    const answer = await this.#send('GET', '', { subject: 'list of encryption keys' }, options)
    if (Array.isArray(answer)) return answer.map(parseEncryptionKey)
    throw new FrostByteError('response-invalid', 'list of encryption keys: the server’s answer is no list')
  }

  /** For SSE-KMS. An alias is `alias/NAME`. @throws FrostByteError `encryption-key-exists`, `bad-request`. */
  async createKey(
    key: { readonly id?: string | undefined; readonly aliases?: readonly string[] | undefined } = {},
    options: RequestOptions = {},
  ): Promise<EncryptionKeyInfo> {
    return parseEncryptionKey(await this.#send('POST', '', { subject: 'encryption key', json: key }, options))
  }

  /** What a disabled key encrypts can neither be read nor written. @throws FrostByteError `encryption-key-not-found`. */
  async setKeyEnabled(id: string, enabled: boolean, options: RequestOptions = {}): Promise<EncryptionKeyInfo> {
    const request = { subject: `encryption key ${id}`, query: { id }, json: { enabled }, isRepeatable: true }
    return parseEncryptionKey(await this.#send('PATCH', '', request, options))
  }

  /** Adds a generation. @throws FrostByteError `encryption-key-not-found`. */
  async rotateKey(id: string, options: RequestOptions = {}): Promise<EncryptionKeyInfo> {
    const request = { subject: `encryption key ${id}`, query: { id } }
    return parseEncryptionKey(await this.#send('POST', '/rotate', request, options))
  }

  async #send(
    method: HttpRequest['method'],
    path: string,
    request: Omit<HttpRequest, 'method' | 'path'>,
    options: RequestOptions,
  ): Promise<unknown> {
    return this.#transport.requestJson({ method, path: `api/v1/encryption-keys${path}`, ...request }, options)
  }
}

function parseEncryptionKey(value: unknown): EncryptionKeyInfo {
  const json = new JsonObject(value, 'encryption key')
  return {
    id: json.text('id'),
    arn: json.optionalText('arn'),
    aliases: json.optionalTexts('aliases') ?? [],
    enabled: json.boolean('enabled'),
    generations: json.number('generations'),
    createdAt: json.date('created'),
    rotatedAt: json.date('rotated'),
  }
}
