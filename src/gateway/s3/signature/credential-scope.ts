// A credential as Signature Version 4 writes it, `AKID/20130524/us-east-1/s3/aws4_request`: an access key and the scope that its
// signing key is good for.

import type { SignaturePlace } from './signature-errors.ts'
import { credentialError } from './signature-errors.ts'
import { isScopeDate } from './timestamps.ts'

const scopeTerminator = 'aws4_request'

export interface SigningScope {
  readonly date: string
  readonly region: string
  readonly service: string
  readonly terminator: string
  /** All of them, as they are signed. */
  readonly text: string
}

export interface SigningCredential {
  readonly accessKeyId: string
  readonly scope: SigningScope
}

const partsOfScope = 4

/** The pieces of it, whatever they say; `undefined` where there are too few. */
export function splitCredential(text: string): SigningCredential | undefined {
  const parts = text.split('/')
  if (parts.length <= partsOfScope) return undefined
  const [date = '', region = '', service = '', terminator = ''] = parts.splice(-partsOfScope)
  return {
    accessKeyId: parts.join('/'),
    scope: { date, region, service, terminator, text: `${date}/${region}/${service}/${terminator}` },
  }
}

/** @throws S3Error which one depends on the `place`, where it is not for this endpoint. */
export function parseCredential(
  text: string,
  place: SignaturePlace,
  expected: { readonly region: string; readonly service: string },
): SigningCredential {
  const credential = splitCredential(text)
  if (credential === undefined) {
    throw credentialError(
      place,
      'the Credential is mal-formed; expecting "<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request".',
    )
  }
  const { accessKeyId, scope } = credential
  if (accessKeyId === '')
    throw credentialError(place, 'a non-empty Access Key (AKID) must be provided in the credential.')
  if (!isScopeDate(scope.date)) {
    throw credentialError(
      place,
      `incorrect date format "${scope.date}". This date in the credential must be in the format "yyyyMMdd".`,
    )
  }
  if (scope.terminator !== scopeTerminator) {
    throw credentialError(place, `incorrect terminal "${scope.terminator}". This endpoint uses "${scopeTerminator}".`)
  }
  if (scope.service !== expected.service) {
    throw credentialError(
      place,
      `incorrect service "${scope.service}". This endpoint belongs to "${expected.service}".`,
    )
  }
  if (scope.region !== expected.region) {
    throw credentialError(place, `the region '${scope.region}' is wrong; expecting '${expected.region}'`, {
      Region: expected.region,
    })
  }
  return credential
}
