// The same requests in the words of the servers that are compared: FrostByte's REST API, S3, and servers that take a file's path as its
// name (nginx with `dav_methods`, the bare server of bench/yardsticks).

import { emptyPayload, S3Signer, unsignedPayload } from './s3-signer.ts'
import type { S3Credentials } from './s3-signer.ts'

export type Dialect = 'frostbyte' | 'paths' | 's3'

export interface S3Target extends S3Credentials {
  readonly bucket: string
  /** Whether uploads are signed with the SHA-256 of their bodies, which the server must compute then, or without. */
  readonly signsBodies: boolean
}

export interface Target {
  readonly host: string
  readonly port: number
  readonly dialect: Dialect
  /** Value of the header by which a client signs in. */
  readonly authorization?: string | undefined
  /** For the dialect `s3`. */
  readonly s3?: S3Target
}

/** Where file `index` of a series lies; always of the same length, so that a prepared head can be patched. */
export function fileKey(prefix: string, index: number): string {
  return prefix + String(index).padStart(indexDigits, '0')
}

export const indexDigits = 9

interface Line {
  readonly method: string
  /** Encoded, without the query. */
  readonly path: string
  /** Encoded and sorted, without `?`. */
  readonly query?: string
  readonly fields?: string
  /** SHA-256 of the body in hexadecimal; default: of none. */
  readonly payload?: string
}

const signers = new WeakMap<S3Target, S3Signer>()

function head(target: Target, line: Line): string {
  const { method, path, query, fields = '' } = line
  const host = `${target.host}:${target.port}`
  const whole = query === undefined ? path : `${path}?${query}`
  return `${method} ${whole} HTTP/1.1\r\nHost: ${host}\r\n${signIn(target, line, host)}${fields}\r\n`
}

function signIn({ authorization, s3 }: Target, line: Line, host: string): string {
  if (s3 === undefined) return authorization === undefined ? '' : `Authorization: ${authorization}\r\n`
  let signer = signers.get(s3)
  if (signer === undefined) {
    signer = new S3Signer(s3, host)
    signers.set(s3, signer)
  }
  return signer.sign({ ...line, payload: line.payload ?? emptyPayload }, Date.now())
}

/** Where a file lies for a server that takes paths as names. */
function pathOf({ s3 }: Target, key: string): string {
  return s3 === undefined ? `/${key}` : `/${s3.bucket}/${key}`
}

/** `payload`: SHA-256 of the body in hexadecimal, where the target signs bodies. */
export function uploadHead(target: Target, key: string, sizeBytes: number, payload = unsignedPayload): string {
  const fields = `Content-Length: ${sizeBytes}\r\n`
  if (target.dialect !== 'frostbyte') return head(target, { method: 'PUT', path: pathOf(target, key), fields, payload })
  return head(target, { method: 'PUT', path: '/upload', query: `filename=${key}&size=${sizeBytes}`, fields })
}

export function downloadHead(target: Target, key: string, range?: { first: number; last: number }): string {
  const path = target.dialect === 'frostbyte' ? `/download/${key}` : pathOf(target, key)
  const fields = range === undefined ? '' : `Range: bytes=${range.first}-${range.last}\r\n`
  return head(target, { method: 'GET', path, fields })
}

export function deleteHead(target: Target, key: string): string {
  if (target.dialect !== 'frostbyte') return head(target, { method: 'DELETE', path: pathOf(target, key) })
  return head(target, { method: 'DELETE', path: '/delete', query: `filename=${key}` })
}

/** FrostByte only, through REST or S3. */
export function listHead(target: Target, request: { prefix: string; after: string; limit: number }): string {
  const { after, limit } = request
  const prefix = encodeURIComponent(request.prefix)
  if (target.s3 === undefined) {
    const query = `prefix=${prefix}&after=${encodeURIComponent(after)}&limit=${limit}`
    return head(target, { method: 'GET', path: '/files', query })
  }
  const start = after === '' ? '' : `&start-after=${encodeURIComponent(after)}`
  const query = `list-type=2&max-keys=${limit}&prefix=${prefix}${start}`
  return head(target, { method: 'GET', path: `/${target.s3.bucket}`, query })
}

/** The names in the answer to a listing. The benchmark's own names hold nothing that XML would encode. */
export function listedNames(target: Target, body: string): readonly string[] {
  if (target.s3 !== undefined) return Array.from(body.matchAll(/<Key>([^<]*)</g), ([, name]) => name ?? '')
  const names: unknown = JSON.parse(body)
  if (!Array.isArray(names)) throw new Error('a listing is not a JSON array')
  return names.map(String)
}
