// /healthz, /readyz and /metrics of the REST face.

import { FrostError } from '../../base/errors.ts'
import { commonHeaders } from '../http/problem-answers.ts'
import type { Exchange } from '../http/exchange.ts'
import { answerLiveness, answerReadiness } from '../http/health-answers.ts'
import type { Query } from '../http/query.ts'
import type { RestParts } from './rest-parts.ts'

export function handleLiveness(exchange: Exchange): void {
  answerLiveness(exchange)
}

export function handleReadiness(exchange: Exchange, query: Query, parts: RestParts): void {
  answerReadiness(exchange, query, parts.files.readiness())
}

export async function handleMetrics(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  if (parts.metricsText === undefined) throw new FrostError('route-not-found', 'This server has no metrics.')
  const { contentType, text } = await parts.metricsText()
  exchange.send(200, ['Content-Type', contentType, ...commonHeaders], text)
}
