// /api/v1/users: for administrators. /api/v1/self: who sends the request, and his own password.

import { FrostError } from '../../base/errors.ts'
import type { UserRow } from '../../meta/contract/access-rows.ts'
import { checkUserName } from '../auth/accounts.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveJson } from '../http/json-body.ts'
import { integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { accessOf, requiredParameter } from './access-parts.ts'
import { formatTime } from './json-forms.ts'
import type { RestParts } from './rest-parts.ts'

const roles = ['admin', 'writer', 'reader', 'none'] as const
const pageLengthMax = 1_000

export async function handleListUsers(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { reads } = accessOf(parts)
  const one = query.get('user')
  if (one !== undefined) {
    const user = await reads.getUser(checkUserName(one))
    if (user === undefined) throw new FrostError('user-not-found', `There is no user ${one}.`)
    exchange.sendJson(200, [describeUser(user)])
    return
  }
  const after = query.get('after')
  const limit = integerParameter(query, 'limit', { min: 1, max: pageLengthMax }) ?? pageLengthMax
  const users = await reads.listUsers({ limit, ...(after === undefined ? {} : { after: checkUserName(after) }) })
  exchange.sendJson(200, users.map(describeUser))
}

export async function handleCreateUser(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const { accounts } = accessOf(parts)
  const fields = await receiveJson(exchange, parts.clock)
  const given = {
    name: fields.requiredText('name'),
    role: fields.choice('role', roles) ?? 'none',
    enabled: fields.flag('enabled'),
    password: fields.text('password'),
    displayName: fields.text('displayName'),
    canonicalId: fields.text('canonicalId'),
  }
  fields.end()
  exchange.sendJson(201, describeUser(await accounts.createUser(given)))
}

export async function handleChangeUser(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { accounts } = accessOf(parts)
  const name = requiredParameter(query, 'user')
  const fields = await receiveJson(exchange, parts.clock)
  const change = {
    role: fields.choice('role', roles),
    enabled: fields.flag('enabled'),
    displayName: fields.text('displayName'),
    password: fields.text('password'),
  }
  fields.end()
  exchange.sendJson(200, describeUser(await accounts.changeUser(name, change)))
}

export async function handleRemoveUser(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const name = requiredParameter(query, 'user')
  await accessOf(parts).accounts.removeUser(name)
  exchange.sendJson(200, { name })
}

export function handleSelf(exchange: Exchange): void {
  const { user, credential, scope, grants } = exchange.principal
  exchange.sendJson(200, {
    user: user === undefined ? null : describeUser(user),
    credential: { kind: credential.kind, id: credential.id ?? null },
    scope: scope === undefined ? null : { level: scope.level, buckets: scope.buckets ?? null },
    grants: Object.fromEntries(grants),
  })
}

export async function handleChangeSelf(exchange: Exchange, _query: Query, parts: RestParts): Promise<void> {
  const { accounts } = accessOf(parts)
  const { user } = exchange.principal
  const fields = await receiveJson(exchange, parts.clock)
  const change = { displayName: fields.text('displayName'), password: fields.text('password') }
  fields.end()
  if (user === undefined) throw new FrostError('credentials-required', 'The request shows no credentials.')
  exchange.sendJson(200, describeUser(await accounts.changeUser(user.name, change)))
}

/** Without the password’s hash. */
function describeUser({ name, role, enabled, displayName, canonicalId, passwordHash, createdMs }: UserRow): unknown {
  const created = formatTime(createdMs)
  return { name, role, enabled, displayName, canonicalId, hasPassword: passwordHash !== undefined, created }
}
