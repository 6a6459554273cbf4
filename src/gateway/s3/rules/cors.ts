// Cross-origin requests: which rule of a bucket allows one, and what the browser is told. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html ("How does Amazon S3 evaluate the CORS configuration on a
// bucket?"), https://fetch.spec.whatwg.org/#http-cors-protocol

import type { CorsConfiguration, CorsRule } from '../documents/cors-configuration.ts'
import { S3Error } from '../s3-error.ts'
import { matchesWildcard } from './wildcard.ts'

export interface CorsRequest {
  /** The header Origin. */
  readonly origin: string | undefined
  /** Of the request; for a preflight, OPTIONS. */
  readonly method: string
  /** The headers Access-Control-Request-Method and -Headers. */
  readonly requestMethod: string | undefined
  readonly requestHeaders: string | undefined
}

/** Names and values by turns, as `writeHead` takes them. */
export type HeaderList = readonly string[]

const headersMax = 100
const noHeaders: HeaderList = []
const vary: HeaderList = ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method']

/**
 * Headers for the answer to a request that is not a preflight; none where no rule allows it, and the request goes on all the same: the
 * browser is who refuses. A request that names the method of a preflight is judged by that one, as AWS does.
 */
export function corsHeaders(configuration: CorsConfiguration | undefined, request: CorsRequest): HeaderList {
  const { origin } = request
  if (configuration === undefined || origin === undefined) return noHeaders
  const method = request.requestMethod ?? request.method
  const rule = findRule(configuration, origin, { method, headers: [] })
  return rule === undefined ? noHeaders : [...answerOf(rule, origin), ...vary]
}

/**
 * Headers of the 200 that answers a preflight (OPTIONS).
 * @throws S3Error `BadRequest` where it is none, `AccessForbidden` where nothing allows it.
 */
export function preflightHeaders(configuration: CorsConfiguration | undefined, request: CorsRequest): HeaderList {
  const { origin, requestMethod } = request
  if (origin === undefined || origin === '') {
    throw new S3Error('BadRequest', 'Insufficient information. Origin request header needed.')
  }
  if (requestMethod === undefined || !/^[A-Z]{1,32}$/.test(requestMethod)) {
    throw new S3Error('BadRequest', `Invalid Access-Control-Request-Method: ${requestMethod ?? 'null'}`)
  }
  if (configuration === undefined) {
    throw forbidden('CORSResponse: CORS is not enabled for this bucket.', requestMethod)
  }
  const headers = namesOf(request.requestHeaders)
  const rule = headers === undefined ? undefined : findRule(configuration, origin, { method: requestMethod, headers })
  if (rule === undefined || headers === undefined) {
    throw forbidden(
      'CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / ' +
        "Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
      requestMethod,
    )
  }
  const allowed = headers.length === 0 ? noHeaders : ['Access-Control-Allow-Headers', headers.join(', ')]
  return [...answerOf(rule, origin), ...allowed, ...vary]
}

/** The first rule that allows all of it. */
function findRule(
  { rules }: CorsConfiguration,
  origin: string,
  wanted: { readonly method: string; readonly headers: readonly string[] },
): CorsRule | undefined {
  return rules.find(
    (rule) =>
      rule.allowedMethods.includes(wanted.method) &&
      rule.allowedOrigins.some((pattern) => matchesWildcard(pattern, origin)) &&
      wanted.headers.every((header) =>
        rule.allowedHeaders.some((pattern) => matchesWildcard(pattern.toLowerCase(), header)),
      ),
  )
}

function answerOf(rule: CorsRule, origin: string): HeaderList {
  const isForAll = rule.allowedOrigins.includes('*')
  const list: string[] = [
    'Access-Control-Allow-Origin',
    isForAll ? '*' : origin,
    'Access-Control-Allow-Methods',
    rule.allowedMethods.join(', '),
  ]
  if (rule.exposeHeaders.length > 0) list.push('Access-Control-Expose-Headers', rule.exposeHeaders.join(', '))
  if (rule.maxAgeSeconds !== undefined) list.push('Access-Control-Max-Age', String(rule.maxAgeSeconds))
  // With "*" a browser would refuse it.
  if (!isForAll) list.push('Access-Control-Allow-Credentials', 'true')
  return list
}

/** In lower case; `undefined` where it is no list of header names: they are sent back, so that nothing else may be in it. */
function namesOf(header: string | undefined): readonly string[] | undefined {
  const names: string[] = []
  for (const part of (header ?? '').split(',')) {
    const name = part.trim().toLowerCase()
    if (name === '') continue
    if (!/^[!#$%&'*+\-.^_`|~0-9a-z]+$/.test(name) || names.length === headersMax) return undefined
    names.push(name)
  }
  return names
}

function forbidden(message: string, method: string): S3Error {
  return new S3Error('AccessForbidden', message, { fields: { Method: method, ResourceType: 'OBJECT' } })
}
