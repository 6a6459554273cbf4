// The same requests in the words of the servers that are compared: FrostByte's REST API, and servers that take a
// file's path as its name (nginx with `dav_methods`, the bare server of bench/yardsticks).

export type Dialect = 'frostbyte' | 'paths'

export interface Target {
  readonly host: string
  readonly port: number
  readonly dialect: Dialect
  /** Value of the header by which a client signs in. */
  readonly authorization?: string | undefined
}

/** Where file `index` of a series lies; always of the same length, so that a prepared head can be patched. */
export function fileKey(prefix: string, index: number): string {
  return prefix + String(index).padStart(indexDigits, '0')
}

export const indexDigits = 9

function head(target: Target, line: string, fields = ''): string {
  const signIn = target.authorization === undefined ? '' : `Authorization: ${target.authorization}\r\n`
  return `${line} HTTP/1.1\r\nHost: ${target.host}:${target.port}\r\n${signIn}${fields}\r\n`
}

export function uploadHead(target: Target, key: string, sizeBytes: number): string {
  const path = target.dialect === 'frostbyte' ? `/upload?filename=${key}&size=${sizeBytes}` : `/${key}`
  return head(target, `PUT ${path}`, `Content-Length: ${sizeBytes}\r\n`)
}

export function downloadHead(target: Target, key: string, range?: { first: number; last: number }): string {
  const path = target.dialect === 'frostbyte' ? `/download/${key}` : `/${key}`
  return head(target, `GET ${path}`, range === undefined ? '' : `Range: bytes=${range.first}-${range.last}\r\n`)
}

export function deleteHead(target: Target, key: string): string {
  return head(target, `DELETE ${target.dialect === 'frostbyte' ? `/delete?filename=${key}` : `/${key}`}`)
}

/** FrostByte only. */
export function listHead(target: Target, request: { prefix: string; after: string; limit: number }): string {
  const { prefix, after, limit } = request
  const query = `prefix=${encodeURIComponent(prefix)}&after=${encodeURIComponent(after)}&limit=${limit}`
  return head(target, `GET /files?${query}`)
}
