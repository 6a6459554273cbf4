// What a request of the REST face wants, in the words of access control.

import type { AccessRequest } from '../auth/access-control.ts'
import { actions } from '../auth/actions.ts'
import type { Action } from '../auth/actions.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Query } from '../http/query.ts'
import { nameInPath } from './download.ts'
import { bucketOf } from './rest-parts.ts'

/** @throws FrostError `bucket-invalid`, `name-invalid`. */
export function requestOf(exchange: Exchange, action: Action, query: Query): AccessRequest {
  const isOfBucket = actions[action].needs.in === 'bucket'
  return {
    action,
    bucket: isOfBucket ? bucketOf(query) : query.get('bucket'),
    key: isOfBucket ? (nameInPath(exchange.path) ?? query.get('filename')) : undefined,
    address: exchange.remoteAddress,
    requestId: exchange.requestId,
  }
}
