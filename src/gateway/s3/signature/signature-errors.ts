// How a wrong signature is answered: the codes, sentences and extra elements of AWS.

import { S3Error } from '../s3-error.ts'
import { formatErrorTime } from './timestamps.ts'

/** Where a signature stands: in the header Authorization, in the query (a presigned URL), in a form. */
export type SignaturePlace = 'header' | 'query' | 'form'

export const skewMaxMs = 15 * 60 * 1_000

export function malformedHeader(what: string, fields?: Readonly<Record<string, string>>): S3Error {
  return new S3Error('AuthorizationHeaderMalformed', `The authorization header is malformed; ${what}`, optional(fields))
}

export function malformedQuery(what: string, fields?: Readonly<Record<string, string>>): S3Error {
  return new S3Error('AuthorizationQueryParametersError', what, optional(fields))
}

export function credentialError(
  place: SignaturePlace,
  what: string,
  fields?: Readonly<Record<string, string>>,
): S3Error {
  switch (place) {
    case 'header':
      return malformedHeader(what, fields)
    case 'query':
      return malformedQuery(`Error parsing the X-Amz-Credential parameter; ${what}`, fields)
    case 'form':
      return new S3Error('InvalidArgument', what, { fields: { ArgumentName: 'x-amz-credential', ...fields } })
  }
}

export function invalidArgument(name: string, value: string | undefined, message: string): S3Error {
  return new S3Error('InvalidArgument', message, {
    fields: { ArgumentName: name, ...(value === undefined ? {} : { ArgumentValue: value }) },
  })
}

export function unknownAccessKey(accessKeyId: string): S3Error {
  return new S3Error('InvalidAccessKeyId', undefined, { fields: { AWSAccessKeyId: accessKeyId } })
}

export function headersNotSigned(names: readonly string[]): S3Error {
  return new S3Error('AccessDenied', 'There were headers present in the request which were not signed', {
    fields: { HeadersNotSigned: names.join(', ') },
  })
}

/** @throws S3Error `RequestTimeTooSkewed`. `written`: the time as the request has it. */
export function checkSkew(requestMs: number, nowMs: number, written: string): void {
  if (Math.abs(nowMs - requestMs) <= skewMaxMs) return
  throw new S3Error('RequestTimeTooSkewed', undefined, {
    fields: {
      RequestTime: written,
      ServerTime: formatErrorTime(nowMs),
      MaxAllowedSkewMilliseconds: String(skewMaxMs),
    },
  })
}

export function dateMissing(): S3Error {
  return new S3Error('AccessDenied', 'AWS authentication requires a valid Date or x-amz-date header')
}

export function requestExpired(nowMs: number, fields: Readonly<Record<string, string>>): S3Error {
  return new S3Error('AccessDenied', 'Request has expired', {
    fields: { ...fields, ServerTime: formatErrorTime(nowMs) },
  })
}

export interface Mismatch {
  readonly accessKeyId: string
  readonly stringToSign: string
  readonly signature: string
  readonly canonicalRequest?: string | undefined
}

/** Tells what was signed here, so that the author of a client can compare: nothing of it is secret to who sent the request. */
export function signatureMismatch({ accessKeyId, stringToSign, signature, canonicalRequest }: Mismatch): S3Error {
  return new S3Error('SignatureDoesNotMatch', undefined, {
    fields: {
      AWSAccessKeyId: accessKeyId,
      StringToSign: stringToSign,
      SignatureProvided: signature,
      StringToSignBytes: spacedHex(stringToSign),
      ...(canonicalRequest === undefined
        ? {}
        : { CanonicalRequest: canonicalRequest, CanonicalRequestBytes: spacedHex(canonicalRequest) }),
    },
  })
}

function spacedHex(text: string): string {
  return (Buffer.from(text, 'latin1').toString('hex').match(/../g) ?? []).join(' ')
}

function optional(fields: Readonly<Record<string, string>> | undefined): {
  readonly fields?: Readonly<Record<string, string>>
} {
  return fields === undefined ? {} : { fields }
}
