// /api/v1/encryption-keys: the master keys under which objects are encrypted, for administrators. No key itself is ever shown.

import { FrostError } from '../../base/errors.ts'
import type { KeyDescription, KeyRing } from '../encryption/key-ring.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveJson } from '../http/json-body.ts'
import type { Query } from '../http/query.ts'
import { requiredParameter } from './access-parts.ts'
import { formatTime } from './json-forms.ts'
import type { RestParts } from './rest-parts.ts'

export async function handleListEncryptionKeys(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const keys = await keysOf(parts).list()
  exchange.sendJson(200, keys.map(describeKey))
}

export async function handleCreateEncryptionKey(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const fields = await receiveJson(exchange, parts.clock)
  const [id, aliases] = [fields.text('id'), fields.texts('aliases')]
  fields.end()
  const given = { ...(id === undefined ? {} : { id }), ...(aliases === undefined ? {} : { aliases }) }
  exchange.sendJson(201, describeKey(await keysOf(parts).create(given)))
}

export async function handleChangeEncryptionKey(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const id = requiredParameter(query, 'id')
  const fields = await receiveJson(exchange, parts.clock)
  const enabled = fields.flag('enabled')
  fields.end()
  if (enabled === undefined) throw new FrostError('bad-request', 'The body has no field "enabled".')
  exchange.sendJson(200, describeKey(await keysOf(parts).setEnabled(id, enabled)))
}

export async function handleRotateEncryptionKey(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  exchange.sendJson(200, describeKey(await keysOf(parts).rotate(requiredParameter(query, 'id'))))
}

/** @throws FrostError `route-not-found`: this server encrypts nothing. */
function keysOf({ keys }: RestParts): KeyRing {
  if (keys === undefined) throw new FrostError('route-not-found', 'This server has no encryption keys.')
  return keys
}

function describeKey({ id, arn, aliases, isEnabled, createdMs, generations, rotatedMs }: KeyDescription): object {
  return {
    id,
    arn: arn ?? null,
    aliases,
    enabled: isEnabled,
    generations,
    created: formatTime(createdMs),
    rotated: formatTime(rotatedMs),
  }
}
