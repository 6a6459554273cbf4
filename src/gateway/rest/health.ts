// /healthz: the process answers. /readyz: it can serve reads and writes. /metrics: Prometheus.

import { FrostError } from '../../base/errors.ts'
import { commonHeaders } from '../http/exchange.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Query } from '../http/query.ts'
import type { RestParts } from './rest-parts.ts'

export function handleLiveness(exchange: Exchange): void {
  exchange.sendJson(200, { status: 'ok' })
}

/** `need=read`: 200 also where only writes cannot be served. */
export function handleReadiness(exchange: Exchange, query: Query, parts: RestParts): void {
  const need = query.get('need') ?? 'write'
  if (need !== 'read' && need !== 'write') {
    throw new FrostError('bad-request', `need=${JSON.stringify(need)} is neither read nor write.`, {
      remedy: 'Give need=read, or leave it out.',
    })
  }
  const { canRead, canWrite, reason } = parts.files.readiness()
  const isReady = canRead && (canWrite || need === 'read')
  exchange.sendJson(isReady ? 200 : 503, { canRead, canWrite, reason: reason ?? null })
}

export async function handleMetrics(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  if (parts.metricsText === undefined) throw new FrostError('route-not-found', 'This server has no metrics.')
  const { contentType, text } = await parts.metricsText()
  exchange.send(200, ['Content-Type', contentType, ...commonHeaders], text)
}
