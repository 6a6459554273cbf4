// One line of the log for each request that has ended, where the operator asks for it.

import type { Log } from '../../ports/log.ts'
import type { Exchange } from './exchange.ts'

export function logAccess(log: Log, exchange: Exchange): void {
  const { requestId, routeName: route, method, path, status, durationMs, bytesReceived, bytesSent } = exchange
  const bytes = { receivedBytes: bytesReceived, sentBytes: bytesSent }
  // Without the query, which may hold the secret of a share link.
  const fields = {
    requestId,
    client: exchange.remoteAddress,
    method,
    route,
    path,
    status,
    durationMs: Math.round(durationMs),
  }
  if (status < 500) log.info('A request has ended.', { ...fields, ...bytes })
  else log.warn('A request has ended.', { ...fields, ...bytes })
}
