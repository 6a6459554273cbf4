// Signature V4 for the load generator: as few steps as the algorithm has, so that the client takes little from the cores that it shares
// with the servers it measures. Signs `host`, `x-amz-content-sha256` and `x-amz-date`, which is what S3 demands. Source: AWS Signature
// Version 4 for S3, "Authenticating Requests: Using the Authorization Header".
//
// Not for anything but benchmarks and tests: path and query must be encoded and sorted already.

import { createHash, createHmac } from 'node:crypto'

export interface S3Credentials {
  readonly accessKey: string
  readonly secretKey: string
  readonly region: string
}

export interface RequestToSign {
  readonly method: string
  /** With all but unreserved characters and slashes encoded. */
  readonly path: string
  /** Encoded, sorted by name, without `?`. */
  readonly query?: string
  /** SHA-256 of the body in hexadecimal, or `unsignedPayload`. */
  readonly payload: string
  /** More that is signed, by names in lower case; the request sends it besides. */
  readonly headers?: Readonly<Record<string, string>>
}

export const unsignedPayload = 'UNSIGNED-PAYLOAD'
export const emptyPayload = createHash('sha256').digest('hex')

const signedHeaders = 'host;x-amz-content-sha256;x-amz-date'

export class S3Signer {
  readonly #credentials: S3Credentials
  readonly #host: string
  #day = ''
  #key: Buffer = Buffer.alloc(0)
  #second = -1
  #time = ''

  /** `host`: as the header `Host` has it. */
  constructor(credentials: S3Credentials, host: string) {
    this.#credentials = credentials
    this.#host = host
  }

  /** The header lines that sign the request, each with its line end; always of the same length for the same credentials. */
  sign({ method, path, query = '', payload, headers }: RequestToSign, nowMs: number): string {
    this.#setTime(nowMs)
    const { accessKey, region } = this.#credentials
    const own = `host:${this.#host}\nx-amz-content-sha256:${payload}\nx-amz-date:${this.#time}\n`
    const [lines, names] = headers === undefined ? [own, signedHeaders] : withMore(own, headers)
    const request = `${method}\n${path}\n${query}\n${lines}\n${names}\n${payload}`
    const scope = `${this.#day}/${region}/s3/aws4_request`
    const digest = createHash('sha256').update(request).digest('hex')
    const signature = createHmac('sha256', this.#key)
      .update(`AWS4-HMAC-SHA256\n${this.#time}\n${scope}\n${digest}`)
      .digest('hex')
    const authorization = `AWS4-HMAC-SHA256 Credential=${accessKey}/${scope},SignedHeaders=${names},Signature=${signature}`
    return `Authorization: ${authorization}\r\nx-amz-content-sha256: ${payload}\r\nx-amz-date: ${this.#time}\r\n`
  }

  #setTime(nowMs: number): void {
    const second = Math.floor(nowMs / 1000)
    if (second === this.#second) return
    this.#second = second
    this.#time = new Date(second * 1000).toISOString().replace(/[-:]|\.\d{3}/g, '')
    const day = this.#time.slice(0, 8)
    if (day === this.#day) return
    this.#day = day
    const { secretKey, region } = this.#credentials
    this.#key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
      (key, part) => createHmac('sha256', key).update(part).digest(),
      Buffer.from(`AWS4${secretKey}`),
    )
  }
}

/** The lines of all headers in the order of their names, and the names. */
function withMore(own: string, headers: Readonly<Record<string, string>>): readonly [lines: string, names: string] {
  const all = new Map(Object.entries(headers).map(([name, value]) => [name, `${name}:${value}\n`]))
  for (const line of own.trimEnd().split('\n')) all.set(line.slice(0, line.indexOf(':')), `${line}\n`)
  const names = [...all.keys()].toSorted()
  return [names.map((name) => all.get(name)).join(''), names.join(';')]
}
