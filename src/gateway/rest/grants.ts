// /api/v1/grants: what single users may do in single buckets. For administrators, and for who has the level `admin` in the bucket.

import { FrostError } from '../../base/errors.ts'
import type { AccessLevel, GrantRow } from '../../meta/contract/access-rows.ts'
import { checkBucket } from '../../master/names.ts'
import { checkUserName } from '../auth/accounts.ts'
import type { Exchange } from '../http/exchange.ts'
import type { Query } from '../http/query.ts'
import { accessOf, askLeave, requiredParameter } from './access-parts.ts'
import { formatTime } from './json-forms.ts'
import { bucketOf } from './rest-parts.ts'
import type { RestParts } from './rest-parts.ts'

/** Of a user, for administrators and itself; else of a bucket. */
export async function handleListGrants(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { reads } = accessOf(parts)
  const user = query.get('user')
  if (user !== undefined) {
    if (user !== exchange.principal.user?.name) askLeave(exchange, parts, 'user:read')
    exchange.sendJson(200, (await reads.listGrantsOf(checkUserName(user))).map(describeGrant))
    return
  }
  const bucket = bucketOf(query)
  askLeave(exchange, parts, 'grant:list', bucket)
  checkBucket(bucket)
  exchange.sendJson(200, (await reads.listGrantsOn(bucket)).map(describeGrant))
}

export async function handlePutGrant(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { accounts } = accessOf(parts)
  const user = requiredParameter(query, 'user')
  const level = levelOf(query)
  const bucket = bucketOf(query)
  checkBucket(bucket)
  await accounts.grant(user, bucket, level)
  exchange.sendJson(200, { user, bucket, level })
}

export async function handleRemoveGrant(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const user = requiredParameter(query, 'user')
  const bucket = bucketOf(query)
  checkBucket(bucket)
  await accessOf(parts).accounts.removeGrant(user, bucket)
  exchange.sendJson(200, { user, bucket })
}

function levelOf(query: Query): AccessLevel {
  const level = requiredParameter(query, 'level')
  if (level === 'read' || level === 'write' || level === 'admin') return level
  throw new FrostError('bad-request', `level=${JSON.stringify(level)} is none of read, write and admin.`)
}

function describeGrant({ user, bucket, level, createdMs }: GrantRow): unknown {
  return { user, bucket, level, created: formatTime(createdMs) }
}
