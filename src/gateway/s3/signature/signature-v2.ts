// Signature Version 2: for old clients, and only where a setting asks for it. It covers the method, the resource, a few parameters, the
// x-amz-* headers and the date, but neither the body nor other headers. HMAC-SHA1, in base64. Source: "Signing and
// Authenticating REST Requests", Amazon S3 User Guide (appendix).

import { decodeText } from '../../http/request-target.ts'
import type { WireRequest } from './canonical-request.ts'
import { hmacSha1 } from './hmac-sha1.ts'
import type { QueryParameters } from './query-signature.ts'
import { checkSkew, dateMissing, invalidArgument, requestExpired, signatureMismatch } from './signature-errors.ts'
import type { Compute } from '../../../ports/compute.ts'
import { formatErrorTime, parseRequestDate } from './timestamps.ts'
import type { WireHeaders } from './wire-headers.ts'

export interface V2Claim {
  readonly place: 'header' | 'query'
  readonly accessKeyId: string
  readonly signature: string
  readonly sessionToken: string | undefined
  readonly signedMs: number | undefined
  /** What stands in the line of the date: empty where x-amz-date has it. */
  readonly dateLine: string
}

export interface V2Signed {
  readonly secret: Uint8Array
  readonly request: WireRequest
  readonly headers: WireHeaders
  /** Of a virtual-hosted-style request. */
  readonly hostBucket: string | undefined
}

/** Parameters that are a part of the resource. */
const signedParameters: ReadonlySet<string> = new Set([
  'accelerate',
  'acl',
  'analytics',
  'attributes',
  'cors',
  'delete',
  'encryption',
  'intelligent-tiering',
  'inventory',
  'legal-hold',
  'lifecycle',
  'location',
  'logging',
  'metrics',
  'notification',
  'object-lock',
  'ownershipControls',
  'partNumber',
  'policy',
  'policyStatus',
  'publicAccessBlock',
  'replication',
  'requestPayment',
  'response-cache-control',
  'response-content-disposition',
  'response-content-encoding',
  'response-content-language',
  'response-content-type',
  'response-expires',
  'restore',
  'retention',
  'select',
  'select-type',
  'tagging',
  'torrent',
  'uploadId',
  'uploads',
  'versionId',
  'versioning',
  'versions',
  'website',
])

export function isV2Query(parameters: QueryParameters): boolean {
  return parameters.has('Signature') && parameters.has('AWSAccessKeyId')
}

/** `text`: the header Authorization without its first word. @throws S3Error */
export function parseV2Header(text: string, headers: WireHeaders, nowMs: number): V2Claim {
  const colon = text.indexOf(':')
  if (colon <= 0) throw invalidArgument('Authorization', undefined, 'AWS authorization header is invalid.')
  const amzDate = headers.get('x-amz-date')
  const written = amzDate ?? headers.get('date')
  const signedMs = written === undefined ? undefined : parseRequestDate(written, nowMs)
  if (written === undefined || signedMs === undefined) throw dateMissing()
  checkSkew(signedMs, nowMs, written)
  return {
    place: 'header',
    accessKeyId: text.slice(0, colon),
    signature: text.slice(colon + 1),
    sessionToken: headers.get('x-amz-security-token'),
    signedMs,
    dateLine: amzDate === undefined ? written : '',
  }
}

/** A presigned URL, which ends at a time. @throws S3Error */
export function parseV2Query(parameters: QueryParameters, nowMs: number): V2Claim {
  const expires = parameters.get('Expires') ?? ''
  if (!/^[0-9]{1,12}$/.test(expires)) {
    throw invalidArgument(
      'Expires',
      expires,
      'Query-string authentication requires the Signature, Expires and AWSAccessKeyId parameters',
    )
  }
  const endMs = Number(expires) * 1_000
  if (nowMs > endMs) throw requestExpired(nowMs, { Expires: formatErrorTime(endMs) })
  return {
    place: 'query',
    accessKeyId: parameters.get('AWSAccessKeyId') ?? '',
    signature: parameters.get('Signature') ?? '',
    sessionToken: parameters.get('x-amz-security-token'),
    signedMs: undefined,
    dateLine: expires,
  }
}

/** @throws S3Error `SignatureDoesNotMatch`. */
export function checkV2(compute: Compute, claim: V2Claim, signed: V2Signed): void {
  const { secret, request, hostBucket } = signed
  const { signature } = claim
  const text = stringToSignV2(claim.dateLine, signed)
  if (isSignedV2(compute, { data: Buffer.from(text, 'latin1'), secret, signature })) return
  // A bucket is signed with a slash behind it by some that send it without one (botocore does): both name the same.
  if (hostBucket === undefined && /^\/[^/]+$/.test(request.path)) {
    const asFolder = { ...signed, request: { ...request, path: `${request.path}/` } }
    const data = Buffer.from(stringToSignV2(claim.dateLine, asFolder), 'latin1')
    if (isSignedV2(compute, { data, secret, signature })) return
  }
  throw signatureMismatch({ accessKeyId: claim.accessKeyId, stringToSign: text, signature: claim.signature })
}

/** Also for the policy of a form. */
export function isSignedV2(
  compute: Compute,
  { data, secret, signature }: { readonly data: Uint8Array; readonly secret: Uint8Array; readonly signature: string },
): boolean {
  const right = hmacSha1(compute, secret, data)
  const given = Buffer.from(signature, 'base64')
  // Other texts may decode to the same bytes.
  return given.toString('base64') === signature && compute.equalsConstantTime(right, given)
}

function stringToSignV2(dateLine: string, { request, headers, hostBucket }: V2Signed): string {
  const amzHeaders = [...headers]
    .filter(([name]) => name.startsWith('x-amz-'))
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${value}\n`)
  return [
    request.method,
    headers.get('content-md5') ?? '',
    headers.get('content-type') ?? '',
    dateLine,
    `${amzHeaders.join('')}${canonicalResource(request, hostBucket)}`,
  ].join('\n')
}

function canonicalResource({ path, query }: WireRequest, hostBucket: string | undefined): string {
  const pieces: { readonly name: string; readonly text: string }[] = []
  for (const piece of query.split('&')) {
    const equals = piece.indexOf('=')
    // As the router reads it: another spelling of a sub-resource is that sub-resource.
    const name = decodeText(equals < 0 ? piece : piece.slice(0, equals), true) ?? ''
    if (!signedParameters.has(name)) continue
    const raw = equals < 0 ? '' : piece.slice(equals + 1)
    const value = decodeText(raw, true)
    // Characters are bytes here.
    const bytes = value === undefined ? raw : Buffer.from(value, 'utf8').toString('latin1')
    pieces.push({ name, text: bytes === '' ? name : `${name}=${bytes}` })
  }
  pieces.sort((a, b) => (a.name < b.name ? -1 : 1))
  const bucket = hostBucket === undefined ? '' : `/${hostBucket}`
  const resource = `${bucket}${path}`
  return pieces.length === 0 ? resource : `${resource}?${pieces.map(({ text }) => text).join('&')}`
}
