// Who may do what, as rows: users, their access keys and tokens, what they are granted on buckets, and links by which a file is shared.
// No row holds a secret in the clear: passwords and tokens as hashes, secrets of access keys sealed (docs/design/access.md).

/**
 * What a user may do everywhere. `admin`: everything. `writer`: read and write files in every bucket. `reader`: read them. `none`: only
 * what grants say.
 */
export type UserRole = 'admin' | 'writer' | 'reader' | 'none'

/** Each includes those after it. `admin`: also what concerns the bucket itself. */
export type AccessLevel = 'admin' | 'write' | 'read'

export interface UserRow {
  /** 1 to 64 of letters, digits and `+=,.@_-`; never changes. */
  readonly name: string
  readonly role: UserRole
  /** A user that is not enabled has no rights, and neither has anything that belongs to it. */
  readonly enabled: boolean
  /** 64 lower-case hex digits; as S3 names owners. No two users have the same. */
  readonly canonicalId: string
  readonly displayName: string
  /** The argon2id hash in PHC form; absent: the user cannot sign in by password. */
  readonly passwordHash?: string
  /** What the buckets that he owns may hold together; more is refused with `quota-exceeded`. Absent: no limit. */
  readonly quotaBytes?: number
  readonly createdMs: number
}

export interface AccessKeyRow {
  /** 3 to 128 of letters, digits and `._@+-`. No two keys have the same, and it is no other user's name. */
  readonly id: string
  readonly user: string
  /** Sealed under the cluster's secret, bound to the id: src/gateway/auth/secret-box.ts. */
  readonly sealedSecret: Uint8Array
  readonly enabled: boolean
  /** From then on it is refused; absent: never. */
  readonly expiresMs?: number
  readonly description: string
  readonly createdMs: number
}

/** A limit on what a token may do of what its user may do. */
export interface TokenScope {
  readonly level: AccessLevel
  /** Only in these; absent: in all. 1 to `scopeBucketsMax`. */
  readonly buckets?: readonly string[]
}

export interface TokenRow {
  /** 16 lower-case hex digits. */
  readonly id: string
  readonly user: string
  /** SHA-256 of the token's secret part, which has 256 random bits. */
  readonly hash: Uint8Array
  /** Absent: whatever the user may do. */
  readonly scope?: TokenScope
  readonly expiresMs?: number
  readonly description: string
  readonly createdMs: number
}

export interface GrantRow {
  readonly user: string
  readonly bucket: string
  readonly level: AccessLevel
  readonly createdMs: number
}

export interface ShareLinkRow {
  /** 32 lower-case hex digits: 48 bits of the time at which it expires, then 80 random bits. */
  readonly id: string
  /** Whose right to read the link carries; empty: made while access was open. */
  readonly user: string
  /** Of that user: somebody who has its name later is another one. Absent: nobody made it. */
  readonly canonicalId?: string
  readonly bucket: string
  readonly key: string
  readonly createdMs: number
  readonly expiresMs: number
  /** Absent: as often as wanted. */
  readonly usesMax?: number
  readonly uses: number
  readonly revoked: boolean
}

export const accessKeysPerUserMax = 100
export const tokensPerUserMax = 100
/** Per user, and per bucket. */
export const grantsMax = 1_000
export const shareLinksPerUserMax = 10_000
export const scopeBucketsMax = 100
