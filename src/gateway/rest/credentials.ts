// /api/v1/keys and /api/v1/tokens: everybody's own, and for administrators those of others. A secret is in the answer to the request that
// made it, and in no other.

import { FrostError } from '../../base/errors.ts'
import type { AccessKeyRow, TokenRow, TokenScope } from '../../meta/contract/access-rows.ts'
import { checkBucket } from '../../master/names.ts'
import { checkUserName } from '../auth/accounts.ts'
import { accessKeyIdPattern } from '../auth/authenticator.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveJson } from '../http/json-body.ts'
import type { JsonFields } from '../http/json-body.ts'
import type { Query } from '../http/query.ts'
import { accessOf, askLeave, owns, requiredParameter, subjectOf } from './access-parts.ts'
import { formatOptionalTime, formatTime } from './json-forms.ts'
import type { RestParts } from './rest-parts.ts'

const levels = ['read', 'write', 'admin'] as const

export async function handleListKeys(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const user = checkUserName(subjectOf(exchange, parts, query.get('user'), 'user:read'))
  const keys = await accessOf(parts).reads.listAccessKeys(user)
  exchange.sendJson(200, keys.map(describeKey))
}

export async function handleCreateKey(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const fields = await receiveJson(exchange, parts.clock)
  const given = {
    user: subjectOf(exchange, parts, fields.text('user'), 'user:change'),
    id: fields.text('id'),
    secret: fields.text('secret'),
    expiresMs: fields.time('expires'),
    description: fields.text('description'),
  }
  fields.end()
  // Who chooses an id could take the name that another user needs, and find out which there are.
  if (given.id !== undefined) askLeave(exchange, parts, 'user:change')
  const { row, secret } = await accessOf(parts).accounts.createKey(given)
  exchange.sendJson(201, { ...describeKey(row), secret })
}

export async function handleChangeKey(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { id } = await ownKey(exchange, query, parts)
  const fields = await receiveJson(exchange, parts.clock)
  const enabled = fields.flag('enabled')
  const description = fields.text('description')
  fields.end()
  const change = {
    ...(enabled === undefined ? {} : { enabled }),
    ...(description === undefined ? {} : { description }),
  }
  exchange.sendJson(200, describeKey(await accessOf(parts).accounts.changeKey(id, change)))
}

export async function handleRemoveKey(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { id } = await ownKey(exchange, query, parts)
  await accessOf(parts).accounts.removeKey(id)
  exchange.sendJson(200, { id })
}

export async function handleListTokens(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const user = checkUserName(subjectOf(exchange, parts, query.get('user'), 'user:read'))
  const tokens = await accessOf(parts).reads.listTokens(user)
  exchange.sendJson(200, tokens.map(describeToken))
}

export async function handleCreateToken(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const fields = await receiveJson(exchange, parts.clock)
  const given = {
    user: subjectOf(exchange, parts, fields.text('user'), 'user:change'),
    scope: scopeOf(fields),
    expiresMs: fields.time('expires'),
    description: fields.text('description'),
  }
  fields.end()
  const { row, text } = await accessOf(parts).accounts.createToken(given)
  exchange.sendJson(201, { ...describeToken(row), token: text })
}

export async function handleRemoveToken(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const id = requiredParameter(query, 'id')
  const { accounts, reads } = accessOf(parts)
  const row = /^[0-9a-f]{16}$/.test(id) ? await reads.getToken(id) : undefined
  if (row === undefined || !owns(exchange, row.user, 'user:change'))
    throw new FrostError('token-not-found', `There is no token ${JSON.stringify(id)} of yours.`)
  await accounts.removeToken(id)
  exchange.sendJson(200, { id })
}

/** What belongs to somebody else is as if it were not there. @throws FrostError `access-key-not-found`. */
async function ownKey(exchange: Exchange, query: Query, parts: RestParts): Promise<AccessKeyRow> {
  const id = requiredParameter(query, 'id')
  const row = accessKeyIdPattern.test(id) ? await accessOf(parts).reads.getAccessKey(id) : undefined
  if (row !== undefined && owns(exchange, row.user, 'user:change')) return row
  throw new FrostError('access-key-not-found', `There is no access key ${JSON.stringify(id)} of yours.`)
}

function scopeOf(fields: JsonFields): TokenScope | undefined {
  const level = fields.choice('level', levels)
  const buckets = fields.texts('buckets')
  for (const bucket of buckets ?? []) checkBucket(bucket)
  if (level === undefined && buckets === undefined) return undefined
  return { level: level ?? 'admin', ...(buckets === undefined ? {} : { buckets }) }
}

function describeKey({ id, user, enabled, expiresMs, description, createdMs }: AccessKeyRow): object {
  const times = { expires: formatOptionalTime(expiresMs), created: formatTime(createdMs) }
  return { id, user, enabled, description, ...times }
}

function describeToken({ id, user, scope, expiresMs, description, createdMs }: TokenRow): object {
  const limits = { level: scope?.level ?? null, buckets: scope?.buckets ?? null }
  const times = { expires: formatOptionalTime(expiresMs), created: formatTime(createdMs) }
  return { id, user, ...limits, description, ...times }
}
