// The header Authorization of Signature Version 4:
//
//     AWS4-HMAC-SHA256 Credential=AKID/20130524/us-east-1/s3/aws4_request,SignedHeaders=host;x-amz-date,Signature=fe5f…
//
// Pure. Source: "Authorization Header", Amazon S3 API Reference.

import { S3Error } from '../s3-error.ts'
import { parseCredential } from './credential-scope.ts'
import type { SigningCredential } from './credential-scope.ts'
import { contentHashHeader } from './payload.ts'
import { checkSkew, dateMissing, invalidArgument, malformedHeader } from './signature-errors.ts'
import { formatTimestamp, parseRequestDate, parseTimestamp } from './timestamps.ts'
import type { WireHeaders } from './wire-headers.ts'

/** A signature that a request claims to have, before it is checked. */
export interface SignatureClaim extends SigningCredential {
  readonly place: 'header' | 'query'
  /** In lower case, as they stand in the request. */
  readonly signedHeaders: readonly string[]
  /** 64 hex digits, or it is wrong. */
  readonly signature: string
  /** As `20130524T000000Z`. */
  readonly timestamp: string
  readonly signedMs: number
  readonly sessionToken: string | undefined
  /** As it is signed: hex digits or one of the words. */
  readonly payloadHash: string
}

export interface ClaimContext {
  readonly region: string
  readonly service: string
  readonly nowMs: number
  /** Hex digits; for services whose requests do not tell it (all but s3). */
  readonly bodySha256?: string | undefined
}

const signedHeadersMax = 128
const schemePattern = /^([!-~]+) +(.+)$/

/** The first word of the header and what follows. @throws S3Error `InvalidArgument`. */
export function splitAuthorization(header: string): { readonly scheme: string; readonly rest: string } {
  const match = schemePattern.exec(header)
  if (match === null) {
    throw invalidArgument(
      'Authorization',
      undefined,
      "Authorization header is invalid -- one and only one ' ' (space) required",
    )
  }
  return { scheme: match[1] ?? '', rest: match[2] ?? '' }
}

/** What the header says by itself. */
export interface Authorization extends SigningCredential {
  readonly signedHeaders: readonly string[]
  readonly signature: string
}

/** `text`: the header without its first word. @throws S3Error as AWS for each thing that can be wrong. */
export function parseAuthorization(text: string, context: Pick<ClaimContext, 'region' | 'service'>): Authorization {
  const { credentialText, signedHeadersText, signature } = parseComponents(text)
  const credential = parseCredential(credentialText, 'header', context)
  return { ...credential, signedHeaders: parseSignedHeaders(signedHeadersText), signature }
}

/** With what the other headers say. @throws S3Error as AWS for each thing that can be wrong. */
export function claimOfHeader(given: Authorization, headers: WireHeaders, context: ClaimContext): SignatureClaim {
  const { accessKeyId, scope, signedHeaders, signature } = given
  const date = requestDate(headers, context.nowMs)
  if (date.timestamp.slice(0, 8) !== scope.date) {
    throw malformedHeader(
      `Invalid credential date "${scope.date}". This date is not the same as X-Amz-Date: "${date.timestamp.slice(0, 8)}".`,
    )
  }
  checkSkew(date.timeMs, context.nowMs, date.written)
  return {
    accessKeyId,
    scope,
    place: 'header',
    signedHeaders,
    signature,
    timestamp: date.timestamp,
    signedMs: date.timeMs,
    sessionToken: headers.get('x-amz-security-token'),
    payloadHash: payloadHash(headers, context),
  }
}

function parseComponents(text: string): {
  readonly credentialText: string
  readonly signedHeadersText: string
  readonly signature: string
} {
  const components = new Map<string, string>()
  for (const piece of text.split(',')) {
    const component = piece.trim()
    const equals = component.indexOf('=')
    const name = equals < 0 ? '' : component.slice(0, equals)
    if (name === '' || components.has(name))
      throw malformedHeader(`the authorization component "${component.slice(0, 256)}" is malformed.`)
    components.set(name, component.slice(equals + 1))
  }
  const [credentialText, signedHeadersText, signature] = [
    components.get('Credential'),
    components.get('SignedHeaders'),
    components.get('Signature'),
  ]
  if (
    credentialText === undefined ||
    signedHeadersText === undefined ||
    signature === undefined ||
    components.size > 3
  ) {
    throw malformedHeader(
      'the authorization header requires three components: Credential, SignedHeaders, and Signature.',
    )
  }
  return { credentialText, signedHeadersText, signature }
}

function parseSignedHeaders(text: string): readonly string[] {
  const names = text.split(';')
  if (names.length <= signedHeadersMax) return names
  throw malformedHeader(`SignedHeaders names more than ${signedHeadersMax} headers.`)
}

/** @throws S3Error `AccessDenied` where there is none. */
function requestDate(
  headers: WireHeaders,
  nowMs: number,
): { readonly timeMs: number; readonly timestamp: string; readonly written: string } {
  const written = headers.get('x-amz-date') ?? headers.get('date')
  if (written === undefined) throw dateMissing()
  const basicMs = parseTimestamp(written)
  if (basicMs !== undefined) return { timeMs: basicMs, timestamp: written, written }
  const timeMs = parseRequestDate(written, nowMs)
  if (timeMs === undefined) throw dateMissing()
  return { timeMs, timestamp: formatTimestamp(timeMs), written }
}

/** What the service has computed itself counts for more than what the client says of it. */
function payloadHash(headers: WireHeaders, { bodySha256 }: ClaimContext): string {
  const hash = bodySha256 ?? headers.get(contentHashHeader)
  if (hash !== undefined) return hash
  throw new S3Error('InvalidRequest', `Missing required header for this request: ${contentHashHeader}`)
}
