// Which pages of other sites may use a bucket. src/gateway/s3/rules/cors.ts decides by it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html

import { S3Error } from '../s3-error.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record } from './shape/record.ts'
import { integer, text } from './shape/scalars.ts'

const rulesMax = 100
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
const bytesMax = 64 * 1024
const idCharactersMax = 255
const corsMethods: readonly string[] = ['GET', 'PUT', 'POST', 'DELETE', 'HEAD']

const rule = record({
  id: optional('ID', text()),
  /** With at most one *. */
  allowedHeaders: many('AllowedHeader', text()),
  allowedMethods: many('AllowedMethod', text(), { min: 1 }),
  /** With at most one *. */
  allowedOrigins: many('AllowedOrigin', text(), { min: 1 }),
  exposeHeaders: many('ExposeHeader', text()),
  maxAgeSeconds: optional('MaxAgeSeconds', integer({ min: 0, max: 2 ** 31 - 1 })),
})
export type CorsRule = ValueOf<typeof rule>

const configuration = record({ rules: many('CORSRule', rule, { min: 1 }) })
export type CorsConfiguration = ValueOf<typeof configuration>

export const corsConfiguration = s3Document<CorsConfiguration>({
  root: 'CORSConfiguration',
  content: configuration,
  bytesMax,
  refine: (value) => {
    if (value.rules.length > rulesMax) {
      throw invalid(`The number of CORS rules should not exceed allowed limit of ${rulesMax} rules.`)
    }
    const ids = new Set<string>()
    for (const one of value.rules) {
      checkRule(one)
      if (one.id === undefined) continue
      if (ids.has(one.id)) throw invalid('Rule ID must be unique. Found same ID for more than one rule.')
      ids.add(one.id)
    }
    return value
  },
})

function checkRule(one: CorsRule): void {
  if (one.id !== undefined && one.id.length > idCharactersMax) {
    throw new S3Error('InvalidArgument', `ID length should not exceed allowed limit of ${idCharactersMax}`)
  }
  for (const method of one.allowedMethods) {
    if (!corsMethods.includes(method)) {
      throw invalid(`Found unsupported HTTP method in CORS config. Unsupported method is ${method}`)
    }
  }
  for (const origin of one.allowedOrigins) checkWildcard('AllowedOrigin', origin)
  for (const header of one.allowedHeaders) checkWildcard('AllowedHeader', header)
  for (const header of one.exposeHeaders) {
    if (header.includes('*')) {
      throw invalid(
        `ExposeHeader "${header}" contains wildcard. We currently do not support wildcard for ExposeHeader.`,
      )
    }
    // It becomes a header of answers: what could end the line must not get in.
    if (!/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/.test(header)) {
      throw invalid(`ExposeHeader "${header}" contains invalid character.`)
    }
  }
}

function checkWildcard(name: string, value: string): void {
  if (value.split('*').length > 2) throw invalid(`${name} "${value}" can not have more than one wildcard.`)
}

function invalid(message: string): S3Error {
  return new S3Error('InvalidRequest', message)
}
