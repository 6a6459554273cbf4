// /healthz: the process answers. /readyz: what it can serve now.

import { FrostError } from '../../base/errors.ts'
import type { Exchange } from './exchange.ts'
import type { Query } from './query.ts'

/** What a node can serve now. */
export interface NodeReadiness {
  readonly canRead: boolean
  readonly canWrite: boolean
  /** Why not, where something cannot be served; a sentence. */
  readonly reason?: string | undefined
}

export function answerLiveness(exchange: Exchange): void {
  exchange.sendJson(200, { status: 'ok' })
}

/** `need=read`: 200 also where only writes cannot be served. @throws FrostError `bad-request`. */
export function answerReadiness(exchange: Exchange, query: Query, readiness: NodeReadiness): void {
  const need = query.get('need') ?? 'write'
  if (need !== 'read' && need !== 'write') {
    throw new FrostError('bad-request', `need=${JSON.stringify(need)} is neither read nor write.`, {
      remedy: 'Give need=read, or leave it out.',
    })
  }
  const { canRead, canWrite, reason } = readiness
  const isReady = canRead && (canWrite || need === 'read')
  exchange.sendJson(isReady ? 200 : 503, { canRead, canWrite, reason: reason ?? null })
}
