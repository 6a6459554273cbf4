// Making, changing and removing users. Enabled administrators have an index of their own, by which the last one is kept from
// going, in the very transaction that would take it away. What belongs to a user goes with it.

import { FrostError } from '../../base/errors.ts'
import type { ByteString } from '../../ports/key-value.ts'
import type { ChangeUser, CreateUser, SetRootUser } from '../contract/access-metadata.ts'
import { accessKeysPerUserMax, grantsMax, tokensPerUserMax } from '../contract/access-rows.ts'
import type { AccessKeyRow, UserRow } from '../contract/access-rows.ts'
import {
  accessKeyKey,
  accessKeyOfKey,
  accessKeysOfPrefix,
  administratorKey,
  canonicalIdKey,
  decodeAccessKey,
  decodeUser,
  grantOnKey,
  grantsOfPrefix,
  rootUserKey,
  tokenKey,
  tokensOfPrefix,
  userKey,
} from '../encoding/access-rows.ts'
import { readHex, textPart } from '../encoding/key-parts.ts'
import { tables, within } from '../encoding/keys.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'
import { removeIdentityOfUser } from './identity-indexes.ts'

export const indexEntry = new Uint8Array(0)

export function createUser(draft: Draft, { user, onlyFirst, key }: CreateUser): UserRow {
  if (onlyFirst === true) {
    const [first] = draft.range({ ...within(tables.user), limit: 1 })
    if (first !== undefined) return decodeUser(first[1])
  }
  refuseTaken(draft, user)
  putUser(draft, user)
  if (key !== undefined) putAccessKey(draft, key)
  draft.record({ kind: 'access', what: 'user', id: user.name })
  return user
}

export function changeUser(draft: Draft, change: ChangeUser): UserRow {
  const { name, role, enabled, displayName, passwordHash, quotaBytes } = change
  const { passwordHash: hashBefore, quotaBytes: quotaBefore, ...before } = mustReadUser(draft, name)
  const hash = passwordHash ?? hashBefore
  const quota = quotaBytes ?? quotaBefore ?? 0
  const user: UserRow = {
    ...before,
    role: role ?? before.role,
    enabled: enabled ?? before.enabled,
    displayName: displayName ?? before.displayName,
    ...(hash === undefined || hash === '' ? {} : { passwordHash: hash }),
    ...(quota === 0 ? {} : { quotaBytes: quota }),
  }
  if (!isAdministrator(user)) keepAdministrator(draft, name)
  putUser(draft, user)
  draft.record({ kind: 'access', what: 'user', id: name })
  return user
}

export function removeUser(draft: Draft, { name }: { readonly name: string }): void {
  const user = mustReadUser(draft, name)
  keepAdministrator(draft, name)
  removeUserRows(draft, user)
  draft.record({ kind: 'access', what: 'user', id: name })
}

export function setRootUser(draft: Draft, { user, key }: SetRootUser): UserRow {
  const formerName = readRootName(draft)
  const former = formerName === undefined || formerName === user.name ? undefined : readUser(draft, formerName)
  if (former !== undefined) removeUserRows(draft, former)
  const before = readUser(draft, user.name)
  if (before === undefined) refuseTaken(draft, user)
  const { displayName, canonicalId, createdMs, quotaBytes } = before ?? user
  const quota = quotaBytes === undefined ? {} : { quotaBytes }
  const row: UserRow = { ...user, displayName, canonicalId, createdMs, ...quota }
  refuseForeignKey(draft, user.name)
  putUser(draft, row)
  putAccessKey(draft, key)
  draft.put(rootUserKey, new Uint8Array(Buffer.from(textPart(user.name), 'latin1')))
  draft.record({ kind: 'access', what: 'user', id: user.name })
  return row
}

/** @throws FrostError `user-not-found`. */
export function mustReadUser(draft: Draft, name: string): UserRow {
  const user = readUser(draft, name)
  if (user === undefined) throw new FrostError('user-not-found', `There is no user ${name}.`)
  return user
}

function readUser(draft: Draft, name: string): UserRow | undefined {
  const stored = draft.get(userKey(name))
  return stored === undefined ? undefined : decodeUser(stored)
}

export function putAccessKey(draft: Draft, key: AccessKeyRow): void {
  draft.put(accessKeyKey(key.id), encodePlainRow(key))
  draft.put(accessKeyOfKey(key.user, key.id), indexEntry)
}

/** The last part of each key of an index. */
export function indexedParts(draft: Draft, prefix: ByteString, limit: number): readonly ByteString[] {
  return draft.range({ ...within(prefix), limit }).map(([key]) => key.slice(prefix.length))
}

function readRootName(draft: Draft): string | undefined {
  const stored = draft.get(rootUserKey)
  return stored === undefined ? undefined : Buffer.from(stored).toString('latin1')
}

function refuseTaken(draft: Draft, user: UserRow): void {
  const holder = draft.get(canonicalIdKey(user.canonicalId))
  if (draft.get(userKey(user.name)) !== undefined)
    throw new FrostError('user-exists', `There is a user ${user.name} already.`)
  if (holder !== undefined)
    throw new FrostError('user-exists', `The canonical id ${user.canonicalId} is another user’s.`)
  refuseForeignKey(draft, user.name)
}

/** Basic authentication takes a user's name or the id of a key, so one is never another's other. */
function refuseForeignKey(draft: Draft, name: string): void {
  const stored = /^[A-Za-z0-9._@+-]{3,}$/.test(name) ? draft.get(accessKeyKey(name)) : undefined
  if (stored !== undefined && decodeAccessKey(stored).user !== name)
    throw new FrostError('user-exists', `${name} is the id of another user’s access key.`)
}

function putUser(draft: Draft, user: UserRow): void {
  draft.put(userKey(user.name), encodePlainRow(user))
  draft.put(canonicalIdKey(user.canonicalId), new Uint8Array(Buffer.from(user.name, 'latin1')))
  if (isAdministrator(user)) draft.put(administratorKey(user.name), indexEntry)
  else draft.remove(administratorKey(user.name))
}

function isAdministrator({ role, enabled }: UserRow): boolean {
  return role === 'admin' && enabled
}

/** @throws FrostError `last-administrator` where the user is the only one. */
function keepAdministrator(draft: Draft, name: string): void {
  const names = indexedParts(draft, tables.administrator, 2)
  if (names.length !== 1 || names[0] !== name) return
  throw new FrostError('last-administrator', `${name} is the only enabled administrator.`, {
    remedy: 'Make another user an administrator first.',
  })
}

function removeUserRows(draft: Draft, { name, canonicalId }: UserRow): void {
  draft.remove(userKey(name))
  draft.remove(canonicalIdKey(canonicalId))
  draft.remove(administratorKey(name))
  removeIdentityOfUser(draft, name)
  for (const id of indexedParts(draft, accessKeysOfPrefix(name), accessKeysPerUserMax + 1)) {
    draft.remove(accessKeyKey(id))
    draft.remove(accessKeysOfPrefix(name) + id)
  }
  for (const part of indexedParts(draft, tokensOfPrefix(name), tokensPerUserMax)) {
    draft.remove(tokenKey(readHex(part, 0, 16)))
    draft.remove(tokensOfPrefix(name) + part)
  }
  for (const bucket of indexedParts(draft, grantsOfPrefix(name), grantsMax)) {
    draft.remove(grantsOfPrefix(name) + bucket)
    draft.remove(grantOnKey(bucket, name))
  }
}
