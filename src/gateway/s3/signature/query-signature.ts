// Signature Version 4 in the query: a presigned URL, good from X-Amz-Date for X-Amz-Expires seconds (at most a week). Pure.
// Source: "Authenticating Requests: Using Query Parameters", Amazon S3 API Reference.

import { decodeText } from '../../http/request-target.ts'
import { S3Error } from '../s3-error.ts'
import { writtenHeader } from '../written-headers.ts'
import { signatureParameter, signingAlgorithm } from './canonical-request.ts'
import { parseCredential } from './credential-scope.ts'
import type { ClaimContext, SignatureClaim } from './header-signature.ts'
import { contentHashHeader, unsignedPayload } from './payload.ts'
import { malformedQuery, requestExpired, skewMaxMs } from './signature-errors.ts'
import { formatErrorTime, parseTimestamp } from './timestamps.ts'
import type { WireHeaders } from './wire-headers.ts'

const expiresMaxSeconds = 604_800
const signedHeadersMax = 128

/** Names decoded; the first value of each, decoded. */
export type QueryParameters = ReadonlyMap<string, string>

/** What is not percent-encoded UTF-8 is left out here; the face refuses it. */
export function readQuery(query: string): QueryParameters {
  const parameters = new Map<string, string>()
  for (const piece of query.split('&')) {
    const equals = piece.indexOf('=')
    const name = decodeText(equals < 0 ? piece : piece.slice(0, equals), true)
    const value = equals < 0 ? '' : decodeText(piece.slice(equals + 1), true)
    if (name !== undefined && value !== undefined && !parameters.has(name)) parameters.set(name, value)
  }
  return parameters
}

/** @throws S3Error as AWS for each thing that can be wrong. */
export function parseQuerySignature(
  parameters: QueryParameters,
  headers: WireHeaders,
  context: ClaimContext,
): SignatureClaim {
  const algorithm = required(parameters, 'X-Amz-Algorithm')
  const credentialText = required(parameters, 'X-Amz-Credential')
  const signature = required(parameters, 'X-Amz-Signature')
  const timestamp = required(parameters, 'X-Amz-Date')
  const signedHeaders = required(parameters, 'X-Amz-SignedHeaders').split(';')
  const expires = required(parameters, 'X-Amz-Expires')
  checkAlgorithm(algorithm)
  if (signedHeaders.length > signedHeadersMax)
    throw malformedQuery(`X-Amz-SignedHeaders names more than ${signedHeadersMax} headers.`)
  const credential = parseCredential(credentialText, 'query', context)
  const signedMs = parseTimestamp(timestamp)
  if (signedMs === undefined)
    throw malformedQuery("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
  if (timestamp.slice(0, 8) !== credential.scope.date) {
    throw malformedQuery(
      `Invalid credential date "${credential.scope.date}". This date is not the same as X-Amz-Date: "${timestamp.slice(0, 8)}".`,
    )
  }
  checkPeriod(signedMs, expires, context.nowMs)
  return {
    ...credential,
    place: 'query',
    signedHeaders,
    signature,
    timestamp,
    signedMs,
    sessionToken: parameters.get('X-Amz-Security-Token') ?? headers.get('x-amz-security-token'),
    payloadHash:
      context.bodySha256 ?? headers.get(contentHashHeader) ?? parameters.get('X-Amz-Content-Sha256') ?? unsignedPayload,
  }
}

function required(parameters: QueryParameters, name: string): string {
  const value = parameters.get(name)
  if (value !== undefined && value !== '') return value
  throw malformedQuery(
    'Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, ' +
      'X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.',
  )
}

function checkAlgorithm(algorithm: string): void {
  if (algorithm === signingAlgorithm) return
  if (algorithm === 'AWS4-ECDSA-P256-SHA256') {
    throw new S3Error(
      'NotImplemented',
      `Signatures of ${algorithm} (V4A) are not implemented here: sign with ${signingAlgorithm}.`,
    )
  }
  throw malformedQuery(`X-Amz-Algorithm only supports "${signingAlgorithm}"`)
}

function checkPeriod(signedMs: number, expires: string, nowMs: number): void {
  if (!/^-?[0-9]{1,18}$/.test(expires)) throw malformedQuery('X-Amz-Expires should be a number')
  const seconds = Number(expires)
  if (seconds < 0) throw malformedQuery('X-Amz-Expires must be non-negative')
  if (seconds === 0) throw malformedQuery('X-Amz-Expires must be at least one second')
  if (seconds > expiresMaxSeconds) {
    throw malformedQuery(
      'X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires must be less than 604800 seconds',
    )
  }
  if (signedMs > nowMs + skewMaxMs) {
    throw new S3Error('AccessDenied', 'Request is not valid yet', {
      fields: { 'X-Amz-Date': formatErrorTime(signedMs), 'ServerTime': formatErrorTime(nowMs) },
    })
  }
  const endMs = signedMs + seconds * 1_000
  if (nowMs <= endMs) return
  throw requestExpired(nowMs, { 'X-Amz-Expires': expires, 'Expires': formatErrorTime(endMs) })
}

/**
 * Headers that a presigned URL carries as parameters, because whoever signed it could not know what the client sends: SDKs put
 * x-amz-acl, x-amz-meta-… and the like there, and S3 takes them for the headers. Names in lower case. Not checksums: some SDKs
 * write that of an empty body there, which S3 ignores.
 * @throws S3Error `InvalidArgument`: it cannot be a header.
 */
export function hoistedHeaders(query: string): ReadonlyMap<string, string> {
  const hoisted = new Map<string, string>()
  // As the verifier finds the signature: who holds the URL may spell its name otherwise, which is not signed.
  const parameters = query.includes('Signature') ? readQuery(query) : undefined
  if (parameters?.has(signatureParameter) !== true) return hoisted
  for (const [name, value] of parameters) {
    const lower = name.toLowerCase()
    if (lower.startsWith('x-amz-') && !isOfSigner(lower) && !hoisted.has(lower))
      hoisted.set(lower, writtenHeader(lower, value))
  }
  return hoisted
}

function isOfSigner(name: string): boolean {
  return signatureParameters.has(name) || name.startsWith('x-amz-checksum-') || name === 'x-amz-sdk-checksum-algorithm'
}

const signatureParameters: ReadonlySet<string> = new Set([
  'x-amz-algorithm',
  'x-amz-content-sha256',
  'x-amz-credential',
  'x-amz-date',
  'x-amz-expires',
  'x-amz-security-token',
  'x-amz-signature',
  'x-amz-signedheaders',
])
