// Reads about users and what they may do, on one view of the store.

import { assert } from '../../base/assert.ts'
import type { ByteString, KeyValueView } from '../../ports/key-value.ts'
import type { ListShareLinks } from '../contract/access-metadata.ts'
import { accessKeysPerUserMax, grantsMax, tokensPerUserMax } from '../contract/access-rows.ts'
import type { AccessKeyRow, GrantRow, ShareLinkRow, TokenRow, UserRow } from '../contract/access-rows.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import {
  accessKeyKey,
  accessKeysOfPrefix,
  canonicalIdKey,
  decodeAccessKey,
  decodeGrant,
  decodeShareLink,
  decodeToken,
  decodeUser,
  grantKey,
  grantsOfPrefix,
  grantsOnPrefix,
  shareLinkKey,
  shareLinkOfKey,
  shareLinksOfPrefix,
  tokenKey,
  tokensOfPrefix,
  userKey,
} from '../encoding/access-rows.ts'
import { afterPrefix, readHex } from '../encoding/key-parts.ts'
import { tables, within } from '../encoding/keys.ts'
import { corrupt } from '../encoding/row-reader.ts'

export function getUser(view: KeyValueView, name: string): UserRow | undefined {
  return decoded(view.get(userKey(name)), decodeUser)
}

export function getUserByCanonicalId(view: KeyValueView, canonicalId: string): UserRow | undefined {
  const name = view.get(canonicalIdKey(canonicalId))
  return name === undefined ? undefined : getUser(view, Buffer.from(name).toString('latin1'))
}

export function listUsers(
  view: KeyValueView,
  { after, limit }: { readonly after?: string; readonly limit: number },
): readonly UserRow[] {
  assertLimit(limit)
  const from = after === undefined ? tables.user : `${userKey(after)}\0`
  return view.range({ from, to: afterPrefix(tables.user), limit }).map(([, row]) => decodeUser(row))
}

export function hasAdministrator(view: KeyValueView): boolean {
  return view.range({ ...within(tables.administrator), limit: 1 }).length > 0
}

export function getAccessKey(view: KeyValueView, id: string): AccessKeyRow | undefined {
  return decoded(view.get(accessKeyKey(id)), decodeAccessKey)
}

/** One more than can be made by hand: the configured administrator's has no bound. */
export function listAccessKeys(view: KeyValueView, user: string): readonly AccessKeyRow[] {
  const ids = indexedParts(view, accessKeysOfPrefix(user), accessKeysPerUserMax + 1)
  return ids.map((id) => present(getAccessKey(view, id)))
}

export function getToken(view: KeyValueView, id: string): TokenRow | undefined {
  return decoded(view.get(tokenKey(id)), decodeToken)
}

export function listTokens(view: KeyValueView, user: string): readonly TokenRow[] {
  const parts = indexedParts(view, tokensOfPrefix(user), tokensPerUserMax)
  return parts.map((part) => present(getToken(view, readHex(part, 0, 16))))
}

export function listGrantsOf(view: KeyValueView, user: string): readonly GrantRow[] {
  return view.range({ ...within(grantsOfPrefix(user)), limit: grantsMax }).map(([, row]) => decodeGrant(row))
}

export function listGrantsOn(view: KeyValueView, bucket: string): readonly GrantRow[] {
  const users = indexedParts(view, grantsOnPrefix(bucket), grantsMax)
  return users.map((user) => present(decoded(view.get(grantKey(user, bucket)), decodeGrant)))
}

export function getShareLink(view: KeyValueView, id: string): ShareLinkRow | undefined {
  return decoded(view.get(shareLinkKey(id)), decodeShareLink)
}

export function listShareLinks(view: KeyValueView, { user, after, limit }: ListShareLinks): readonly ShareLinkRow[] {
  assertLimit(limit)
  if (user === undefined) {
    const from = after === undefined ? tables.shareLink : `${shareLinkKey(after)}\0`
    return view.range({ from, to: afterPrefix(tables.shareLink), limit }).map(([, row]) => decodeShareLink(row))
  }
  const prefix = shareLinksOfPrefix(user)
  const from = after === undefined ? prefix : `${shareLinkOfKey(user, after)}\0`
  const keys = view.range({ from, to: afterPrefix(prefix), limit })
  return keys.map(([key]) => present(getShareLink(view, readHex(key, prefix.length, 32))))
}

function indexedParts(view: KeyValueView, prefix: ByteString, limit: number): readonly ByteString[] {
  return view.range({ ...within(prefix), limit }).map(([key]) => key.slice(prefix.length))
}

function decoded<Row>(stored: Uint8Array | undefined, decode: (stored: Uint8Array) => Row): Row | undefined {
  return stored === undefined ? undefined : decode(stored)
}

function present<Row>(row: Row | undefined): Row {
  if (row === undefined) throw corrupt('a row that an index names is missing')
  return row
}

function assertLimit(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a page')
}
