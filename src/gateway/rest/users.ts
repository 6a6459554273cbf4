// /api/v1/users: for administrators. /api/v1/self: who sends the request, and his own password.

import { FrostError } from '../../base/errors.ts'
import type { UserRow } from '../../meta/contract/access-rows.ts'
import { checkUserName } from '../auth/accounts.ts'
import type { Exchange } from '../http/exchange.ts'
import { receiveJson } from '../http/json-body.ts'
import { booleanParameter, integerParameter } from '../http/query.ts'
import type { Query } from '../http/query.ts'
import { accessOf, requiredParameter } from './access-parts.ts'
import { quotaOf, usagesOf } from './buckets.ts'
import { formatTime } from './json-forms.ts'
import type { RestParts } from './rest-parts.ts'

const roles = ['admin', 'writer', 'reader', 'none'] as const
const pageLengthMax = 1_000

export async function handleListUsers(exchange: Exchange, query: Query, parts: RestParts): Promise<void> {
  const { reads } = accessOf(parts)
  const used = await usedByOwner(query, parts)
  const one = query.get('user')
  if (one !== undefined) {
    const user = await reads.getUser(checkUserName(one))
    if (user === undefined) throw new FrostError('user-not-found', `There is no user ${one}.`)
    exchange.sendJson(200, describeUsers([user], used))
    return
  }
  const after = query.get('after')
  const limit = integerParameter(query, 'limit', { min: 1, max: pageLengthMax }) ?? pageLengthMax
  const users = await reads.listUsers({ limit, ...(after === undefined ? {} : { after: checkUserName(after) }) })
  exchange.sendJson(200, describeUsers(users, used))
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
    quotaBytes: quotaOf(fields),
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
    quotaBytes: quotaOf(fields),
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

/** Without the password’s hash. `usedBytes`: of the buckets that it owns; absent: not asked for. */
function describeUser(user: UserRow, usedBytes?: number): unknown {
  const { name, role, enabled, displayName, canonicalId, passwordHash, quotaBytes, createdMs } = user
  return {
    name,
    role,
    enabled,
    displayName,
    canonicalId,
    hasPassword: passwordHash !== undefined,
    quotaBytes: quotaBytes ?? null,
    usedBytes: usedBytes ?? null,
    created: formatTime(createdMs),
  }
}

/** What the buckets of each owner hold, by canonical id; `undefined`: the query does not ask for it. */
async function usedByOwner(query: Query, parts: RestParts): Promise<ReadonlyMap<string, number> | undefined> {
  if (!booleanParameter(query, 'usage')) return undefined
  const buckets = await parts.files.listBuckets()
  const usages = await usagesOf(parts, buckets)
  const used = new Map<string, number>()
  for (const { name, owner } of buckets)
    if (owner !== undefined) used.set(owner, (used.get(owner) ?? 0) + (usages.get(name)?.bytes ?? 0))
  return used
}

function describeUsers(users: readonly UserRow[], used: ReadonlyMap<string, number> | undefined): readonly unknown[] {
  return users.map((user) => describeUser(user, used && (used.get(user.canonicalId) ?? 0)))
}
