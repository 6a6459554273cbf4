// Requests of pages of other origins: the answer to a preflight, and the headers that let a page see other answers, by the rules of the
// bucket. Nobody is asked who he is for a preflight, since browsers send none of it.

import type { Exchange } from '../http/exchange.ts'
import type { BucketState } from './bucket-cache.ts'
import { corsConfiguration } from './documents/cors-configuration.ts'
import { corsHeaders, preflightHeaders } from './rules/cors.ts'
import type { CorsRequest } from './rules/cors.ts'
import { headerOf } from './s3-call.ts'

/** `state`: of a bucket that is there. @throws S3Error `BadRequest`, `AccessForbidden`. */
export function answerPreflight(exchange: Exchange, state: BucketState | undefined): void {
  const headers = preflightHeaders(state?.setting('cors', corsConfiguration), requestOf(exchange))
  exchange.send(200, [...headers], undefined)
}

/** For the answer to any other request that names its origin, errors too. */
export function addCorsHeaders(exchange: Exchange, state: BucketState): void {
  if (exchange.headers.origin === undefined || !state.has('cors')) return
  exchange.extraHeaders = corsHeaders(state.setting('cors', corsConfiguration), requestOf(exchange))
}

function requestOf({ headers, method }: Exchange): CorsRequest {
  return {
    origin: headerOf(headers, 'origin'),
    method,
    requestMethod: headerOf(headers, 'access-control-request-method'),
    requestHeaders: headerOf(headers, 'access-control-request-headers'),
  }
}
