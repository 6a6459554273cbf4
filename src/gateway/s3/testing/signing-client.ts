// A client that signs, for tests: written apart from the code it tests, over node:crypto, from AWS's description alone.

import { createHash, createHmac } from 'node:crypto'

export interface ClientCredentials {
  readonly accessKeyId: string
  readonly secret: string
  readonly region: string
  readonly service?: string
  readonly sessionToken?: string
}

/** Those of AWS's examples. */
export const exampleCredentials: ClientCredentials = {
  accessKeyId: 'AKIAIOSFODNN7EXAMPLE',
  secret: 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY',
  region: 'us-east-1',
}

export interface UnsignedRequest {
  readonly method: string
  /** Encoded as it goes over the wire, which is how S3 clients sign it. */
  readonly path: string
  readonly query?: string
  /** In the order they are sent. */
  readonly headers: readonly (readonly [string, string])[]
}

export interface SentRequest {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly rawHeaders: readonly string[]
  readonly signature: string
}

export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex')
}

export function signingKey({ secret, region, service = 's3' }: ClientCredentials, date: string): Uint8Array {
  let key: Uint8Array = Buffer.from(`AWS4${secret}`)
  for (const step of [date, region, service, 'aws4_request']) key = createHmac('sha256', key).update(step).digest()
  return key
}

export function hmacHex(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('hex')
}

function canonicalQueryOf(query: string): string {
  const encode = (text: string): string =>
    encodeURIComponent(decodeURIComponent(text)).replaceAll(
      /[!'()*]/g,
      (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
    )
  return query
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', ...rest] = pair.split('=')
      return [encode(name), encode(rest.join('='))] as const
    })
    .sort(
      ([a, x], [b, y]) =>
        Buffer.compare(Buffer.from(a), Buffer.from(b)) || Buffer.compare(Buffer.from(x), Buffer.from(y)),
    )
    .map((pair) => pair.join('='))
    .join('&')
}

function canonicalOf(request: UnsignedRequest, query: string, payloadHash: string): { names: string; hash: string } {
  const values = new Map<string, string[]>()
  for (const [name, value] of request.headers) {
    const key = name.toLowerCase()
    values.set(key, [...(values.get(key) ?? []), value.trim().replaceAll(/\s+/g, ' ')])
  }
  const sorted = [...values.keys()].sort()
  const lines = sorted.map((name) => `${name}:${(values.get(name) ?? []).join(',')}\n`).join('')
  const text = [request.method, request.path, canonicalQueryOf(query), lines, sorted.join(';'), payloadHash].join('\n')
  return { names: sorted.join(';'), hash: sha256(Buffer.from(text, 'latin1')) }
}

function signHash(
  credentials: ClientCredentials,
  timestamp: string,
  hash: string,
): { scope: string; signature: string } {
  const date = timestamp.slice(0, 8)
  const scope = `${date}/${credentials.region}/${credentials.service ?? 's3'}/aws4_request`
  const signature = hmacHex(signingKey(credentials, date), `AWS4-HMAC-SHA256\n${timestamp}\n${scope}\n${hash}`)
  return { scope, signature }
}

/** `payload`: what x-amz-content-sha256 says; the header is added, and x-amz-date unless the request has its Date only. */
export function signHeader(
  credentials: ClientCredentials,
  request: UnsignedRequest,
  how: { readonly timestamp: string; readonly payload: string; readonly hasDateOnly?: boolean },
): SentRequest {
  const { timestamp, payload } = how
  const headers: [string, string][] = [
    ...request.headers.map(([name, value]): [string, string] => [name, value]),
    ['x-amz-content-sha256', payload],
  ]
  if (how.hasDateOnly !== true) headers.push(['x-amz-date', timestamp])
  if (credentials.sessionToken !== undefined) headers.push(['x-amz-security-token', credentials.sessionToken])
  const { names, hash } = canonicalOf({ ...request, headers }, request.query ?? '', payload)
  const { scope, signature } = signHash(credentials, timestamp, hash)
  headers.push([
    'Authorization',
    `AWS4-HMAC-SHA256 Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`,
  ])
  return {
    method: request.method,
    path: request.path,
    query: request.query ?? '',
    rawHeaders: headers.flat(),
    signature,
  }
}

export function presign(
  credentials: ClientCredentials,
  request: UnsignedRequest,
  { timestamp, expires }: { readonly timestamp: string; readonly expires: number | string },
): SentRequest {
  const scope = `${timestamp.slice(0, 8)}/${credentials.region}/${credentials.service ?? 's3'}/aws4_request`
  const names = [...new Set(request.headers.map(([name]) => name.toLowerCase()))].sort().join(';')
  const pairs = [
    ...(request.query === undefined || request.query === '' ? [] : [request.query]),
    'X-Amz-Algorithm=AWS4-HMAC-SHA256',
    `X-Amz-Credential=${encodeURIComponent(`${credentials.accessKeyId}/${scope}`)}`,
    `X-Amz-Date=${timestamp}`,
    `X-Amz-Expires=${expires}`,
    ...(credentials.sessionToken === undefined
      ? []
      : [`X-Amz-Security-Token=${encodeURIComponent(credentials.sessionToken)}`]),
    `X-Amz-SignedHeaders=${encodeURIComponent(names)}`,
  ].join('&')
  const { hash } = canonicalOf(request, pairs, 'UNSIGNED-PAYLOAD')
  const { signature } = signHash(credentials, timestamp, hash)
  return {
    method: request.method,
    path: request.path,
    query: `${pairs}&X-Amz-Signature=${signature}`,
    rawHeaders: request.headers.flat(),
    signature,
  }
}

export interface ChunkedBody {
  readonly credentials: ClientCredentials
  readonly timestamp: string
  /** Of the request. */
  readonly seed: string
  readonly chunks: readonly Uint8Array[]
  /** Absent: a body without a trailer. Each `name:value`. */
  readonly trailers?: readonly string[]
}

/** A signed `aws-chunked` body as it goes over the wire. */
export function signChunks({ credentials, timestamp, seed, chunks, trailers }: ChunkedBody): Uint8Array {
  const date = timestamp.slice(0, 8)
  const scope = `${date}/${credentials.region}/s3/aws4_request`
  const key = signingKey(credentials, date)
  const pieces: Uint8Array[] = []
  let previous = seed
  for (const chunk of [...chunks, new Uint8Array(0)]) {
    const text = ['AWS4-HMAC-SHA256-PAYLOAD', timestamp, scope, previous, sha256(''), sha256(chunk)].join('\n')
    previous = hmacHex(key, text)
    pieces.push(Buffer.from(`${chunk.length.toString(16)};chunk-signature=${previous}\r\n`), chunk)
    if (chunk.length > 0) pieces.push(Buffer.from('\r\n'))
  }
  if (trailers !== undefined) {
    const block = trailers.map((trailer) => `${trailer}\n`).join('')
    const signature = hmacHex(key, ['AWS4-HMAC-SHA256-TRAILER', timestamp, scope, previous, sha256(block)].join('\n'))
    pieces.push(
      Buffer.from(`${trailers.map((trailer) => `${trailer}\r\n`).join('')}x-amz-trailer-signature:${signature}\r\n`),
    )
  }
  pieces.push(Buffer.from('\r\n'))
  return new Uint8Array(Buffer.concat(pieces))
}

/** An unsigned one. */
export function frameChunks(chunks: readonly Uint8Array[], trailers: readonly string[]): Uint8Array {
  const pieces = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from('\r\n'),
  ])
  return new Uint8Array(
    Buffer.concat([...pieces, Buffer.from(`0\r\n${trailers.map((trailer) => `${trailer}\r\n`).join('')}\r\n`)]),
  )
}
