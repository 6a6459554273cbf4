// The canonical request and the string to sign of Signature Version 4, from what came over the wire. Pure. Source: "Create a
// signed AWS API request", IAM User Guide; "Authenticating Requests (AWS Signature Version 4)", Amazon S3 API Reference (S3
// differs from the other services: its path is encoded once and never normalised).

import { recodeQueryWord } from './percent-encoding.ts'
import type { WireHeaders } from './wire-headers.ts'

export const signingAlgorithm = 'AWS4-HMAC-SHA256'

/** A request as it came over the wire. */
export interface WireRequest {
  readonly method: string
  /** Raw, still encoded, without the query. */
  readonly path: string
  /** Raw, without the `?`. */
  readonly query: string
  /** Names and values in turn, as node:http's `rawHeaders`. */
  readonly rawHeaders: readonly string[]
  /** Whether the header Host may be what the client signed. Default: true. */
  readonly isOwnHost?: boolean
  /**
   * What a client may have signed in the place of the header Host, because a proxy changed that: the public endpoint's host, and
   * X-Forwarded-Host where it comes from a trusted proxy. With the port where it is not the scheme's own. Tried in turn.
   */
  readonly otherHosts?: readonly string[]
}

export interface CanonicalParts {
  readonly method: string
  readonly path: string
  readonly query: string
  readonly headers: WireHeaders
  /** In the place of the header's. */
  readonly host?: string | undefined
  /** In lower case, as signed. */
  readonly signedHeaders: readonly string[]
  /** Hex digits of the SHA-256 of the body, or one of the words that stand for it. */
  readonly payloadHash: string
}

/** In the query, the parameter that holds the signature is no part of what is signed. */
export const signatureParameter = 'X-Amz-Signature'

/**
 * `path` and `query` are canonical already. A header that was signed and did not come has no line, so that nobody can take it away from
 * the request, even where it is empty.
 */
export function canonicalRequest(parts: CanonicalParts): string {
  const { method, path, query, headers, host, signedHeaders, payloadHash } = parts
  let lines = ''
  for (const name of signedHeaders) {
    const value = name === 'host' && host !== undefined ? host : headers.get(name)
    if (value !== undefined) lines += `${name}:${value}\n`
  }
  return `${method}\n${path}\n${query}\n${lines}\n${signedHeaders.join(';')}\n${payloadHash}`
}

/** Of a raw query: each name and value encoded anew, sorted by name, then by value. `without`: a name to leave out. */
export function canonicalQuery(query: string, without?: string): string {
  if (query === '') return ''
  const pairs: { readonly name: string; readonly value: string }[] = []
  for (const piece of query.split('&')) {
    if (piece === '') continue
    const equals = piece.indexOf('=')
    const name = recodeQueryWord(equals < 0 ? piece : piece.slice(0, equals))
    if (name === without) continue
    pairs.push({ name, value: equals < 0 ? '' : recodeQueryWord(piece.slice(equals + 1)) })
  }
  if (pairs.length > 1) pairs.sort((a, b) => order(a.name, b.name) || order(a.value, b.value))
  return pairs.map(({ name, value }) => `${name}=${value}`).join('&')
}

function order(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** `hash`: hex digits of the canonical request's SHA-256. `timestamp`: as `20130524T000000Z`. */
export function stringToSign(timestamp: string, scope: string, hash: string): string {
  return `${signingAlgorithm}\n${timestamp}\n${scope}\n${hash}`
}
