// Reading and changing who may do what. Rows: access-rows.ts. Every change is seen by every read that begins after it was acknowledged;
// who keeps what he read says for how long (src/gateway/auth/access-cache.ts).

import type { AccessKeyRow, AccessLevel, GrantRow, ShareLinkRow, TokenRow, UserRole, UserRow } from './access-rows.ts'

export interface AccessReads {
  getUser(name: string): Promise<UserRow | undefined>
  getUserByCanonicalId(canonicalId: string): Promise<UserRow | undefined>
  /** By name in byte order. */
  listUsers(request: { readonly after?: string; readonly limit: number }): Promise<readonly UserRow[]>
  /** Whether there is an enabled user of the role `admin`. */
  hasAdministrator(): Promise<boolean>
  getAccessKey(id: string): Promise<AccessKeyRow | undefined>
  /** All of a user. */
  listAccessKeys(user: string): Promise<readonly AccessKeyRow[]>
  getToken(id: string): Promise<TokenRow | undefined>
  listTokens(user: string): Promise<readonly TokenRow[]>
  /** All of a user, by bucket. */
  listGrantsOf(user: string): Promise<readonly GrantRow[]>
  /** All on a bucket, by user. */
  listGrantsOn(bucket: string): Promise<readonly GrantRow[]>
  getShareLink(id: string): Promise<ShareLinkRow | undefined>
  /** In the order in which they expire. */
  listShareLinks(request: ListShareLinks): Promise<readonly ShareLinkRow[]>
}

export interface ListShareLinks {
  /** Only of this user. */
  readonly user?: string
  /** An id. */
  readonly after?: string
  readonly limit: number
}

export interface AccessMutations {
  /**
   * @throws FrostError `user-exists`: the name, the canonical id, or an access key of that name, is taken. A repeat may meet its own
   * row: after `outcome-unknown`, read it and compare `canonicalId`.
   */
  createUser(command: CreateUser): Promise<UserRow>
  /** @throws FrostError `user-not-found`; `last-administrator`: no enabled administrator would be left. A repeat is harmless. */
  changeUser(command: ChangeUser): Promise<UserRow>
  /**
   * Removes the user with its keys, tokens and grants. Its share links stop working, since they carry its right.
   * @throws FrostError `user-not-found` (a repeat may meet it), `last-administrator`.
   */
  removeUser(command: { readonly name: string }): Promise<void>
  /**
   * The administrator that the configuration names: makes or changes the user and the access key of the same name, and takes role and
   * rights from the one that was configured before, if it has another name. A repeat is harmless.
   * @throws FrostError `user-exists`: the name is the id of another user's access key.
   */
  setRootUser(command: SetRootUser): Promise<UserRow>
  /**
   * @throws FrostError `user-not-found`; `access-key-exists`: the id is taken, or another user's name; `bad-request` above
   * `accessKeysPerUserMax`. A repeat may meet its own row: compare `createdMs`.
   */
  createAccessKey(row: AccessKeyRow): Promise<void>
  /** @throws FrostError `access-key-not-found`. A repeat is harmless. */
  changeAccessKey(command: ChangeAccessKey): Promise<AccessKeyRow>
  /** @throws FrostError `access-key-not-found` (a repeat may meet it). */
  removeAccessKey(command: { readonly id: string }): Promise<void>
  /** @throws FrostError `user-not-found`, `bad-request` above `tokensPerUserMax`. A repeat with the same id is harmless. */
  createToken(row: TokenRow): Promise<void>
  /** @throws FrostError `token-not-found` (a repeat may meet it). */
  removeToken(command: { readonly id: string }): Promise<void>
  /**
   * Makes or replaces it. Grants go with their bucket and with their user. A repeat is harmless.
   * @throws FrostError `user-not-found`, `bucket-not-found`, `bad-request` above `grantsMax`.
   */
  putGrant(row: GrantRow): Promise<void>
  /** @throws FrostError `grant-not-found` (a repeat may meet it). */
  removeGrant(command: { readonly user: string; readonly bucket: string }): Promise<void>
  /**
   * Removes some links that expired a day ago or earlier, too. A repeat with the same id is harmless.
   * @throws FrostError `bad-request` above `shareLinksPerUserMax`.
   */
  createShareLink(row: ShareLinkRow): Promise<void>
  /**
   * Counts one use. A repeat may count it twice.
   * @throws FrostError `share-link-not-found`; `share-link-ended`: revoked, expired, or used up.
   */
  useShareLink(command: { readonly id: string; readonly wallMs: number }): Promise<ShareLinkRow>
  /** @throws FrostError `share-link-not-found`. A repeat is harmless. */
  revokeShareLink(command: { readonly id: string }): Promise<ShareLinkRow>
}

export interface CreateUser {
  readonly user: UserRow
  /** Only where there is no user at all; else nothing happens, and the answer is the first of them. */
  readonly onlyFirst?: boolean
  /** Made with the user. */
  readonly key?: AccessKeyRow
}

export interface ChangeUser {
  readonly name: string
  readonly role?: UserRole
  readonly enabled?: boolean
  readonly displayName?: string
  /** Empty: the user cannot sign in by password any more. */
  readonly passwordHash?: string
  /** 0: no limit. */
  readonly quotaBytes?: number
}

export interface SetRootUser {
  readonly user: UserRow
  readonly key: AccessKeyRow
}

export interface ChangeAccessKey {
  readonly id: string
  readonly enabled?: boolean
  readonly description?: string
  readonly expiresMs?: number
}

/** Whether a level includes another. */
export function includesLevel(held: AccessLevel, wanted: AccessLevel): boolean {
  return ranks[held] >= ranks[wanted]
}

const ranks: Readonly<Record<AccessLevel, number>> = { read: 1, write: 2, admin: 3 }
