// Requests of pages of other origins: the answer to a preflight, and the headers that let a page see other answers, by the rules of the
// bucket. Nobody is asked who he is for a preflight, since browsers send none of it.

import { errorCode } from '../../base/errors.ts'
import type { Exchange } from '../http/exchange.ts'
import type { S3Address } from './addressing.ts'
import type { BucketCache, BucketState } from './bucket-cache.ts'
import { corsConfiguration } from './documents/cors-configuration.ts'
import { corsHeaders, preflightHeaders } from './rules/cors.ts'
import type { CorsRequest } from './rules/cors.ts'
import { headerOf } from './s3-call.ts'

/** @throws S3Error `BadRequest`, `AccessForbidden`. */
export async function answerPreflight(exchange: Exchange, { bucket }: S3Address, buckets: BucketCache): Promise<void> {
  const state = bucket === '' ? undefined : await buckets.get(bucket).catch(ignoreAbsent)
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

/** Whether there is such a bucket is not told to who does not sign. */
function ignoreAbsent(error: unknown): undefined {
  if (errorCode(error) === 'bucket-not-found') return undefined
  throw error
}
