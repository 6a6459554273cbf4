// Access keys and API tokens of users.

import { FrostError } from '../../base/errors.ts'
import type { ChangeAccessKey } from '../contract/access-metadata.ts'
import { accessKeysPerUserMax, tokensPerUserMax } from '../contract/access-rows.ts'
import type { AccessKeyRow, TokenRow } from '../contract/access-rows.ts'
import {
  accessKeyKey,
  accessKeyOfKey,
  accessKeysOfPrefix,
  decodeAccessKey,
  decodeToken,
  tokenKey,
  tokenOfKey,
  tokensOfPrefix,
  userKey,
} from '../encoding/access-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'
import { indexEntry, indexedParts, mustReadUser, putAccessKey } from './user-decisions.ts'

export function createAccessKey(draft: Draft, row: AccessKeyRow): void {
  const { id, user } = row
  mustReadUser(draft, user)
  if (draft.get(accessKeyKey(id)) !== undefined)
    throw new FrostError('access-key-exists', `There is an access key ${id} already.`)
  if (id !== user && id.length <= 64 && draft.get(userKey(id)) !== undefined)
    throw new FrostError('access-key-exists', `${id} is the name of another user.`)
  if (indexedParts(draft, accessKeysOfPrefix(user), accessKeysPerUserMax).length === accessKeysPerUserMax)
    throw new FrostError(
      'bad-request',
      `The user ${user} has ${accessKeysPerUserMax} access keys, and can have no more.`,
    )
  putAccessKey(draft, row)
  draft.record({ kind: 'access', what: 'key', id })
}

export function changeAccessKey(draft: Draft, change: ChangeAccessKey): AccessKeyRow {
  const { id, enabled, description, expiresMs } = change
  const before = mustReadAccessKey(draft, id)
  const row: AccessKeyRow = {
    ...before,
    enabled: enabled ?? before.enabled,
    description: description ?? before.description,
    ...(expiresMs === undefined ? {} : { expiresMs }),
  }
  draft.put(accessKeyKey(id), encodePlainRow(row))
  draft.record({ kind: 'access', what: 'key', id })
  return row
}

export function removeAccessKey(draft: Draft, { id }: { readonly id: string }): void {
  const { user } = mustReadAccessKey(draft, id)
  draft.remove(accessKeyKey(id))
  draft.remove(accessKeyOfKey(user, id))
  draft.record({ kind: 'access', what: 'key', id })
}

export function createToken(draft: Draft, row: TokenRow): void {
  const { id, user } = row
  mustReadUser(draft, user)
  if (draft.get(tokenKey(id)) !== undefined) return
  if (indexedParts(draft, tokensOfPrefix(user), tokensPerUserMax).length === tokensPerUserMax)
    throw new FrostError('bad-request', `The user ${user} has ${tokensPerUserMax} tokens, and can have no more.`)
  draft.put(tokenKey(id), encodePlainRow(row))
  draft.put(tokenOfKey(user, id), indexEntry)
  draft.record({ kind: 'access', what: 'token', id })
}

export function removeToken(draft: Draft, { id }: { readonly id: string }): void {
  const stored = draft.get(tokenKey(id))
  if (stored === undefined) throw new FrostError('token-not-found', `There is no token ${id}.`)
  draft.remove(tokenKey(id))
  draft.remove(tokenOfKey(decodeToken(stored).user, id))
  draft.record({ kind: 'access', what: 'token', id })
}

function mustReadAccessKey(draft: Draft, id: string): AccessKeyRow {
  const stored = draft.get(accessKeyKey(id))
  if (stored === undefined) throw new FrostError('access-key-not-found', `There is no access key ${id}.`)
  return decodeAccessKey(stored)
}
