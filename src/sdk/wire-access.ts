// What the REST surface says of users and what belongs to them, as the client's own types.

import { FrostByteError } from './errors.ts'
import { JsonObject } from './json.ts'

/** `admin`, `writer`, `reader` or `none`; another where the server is newer. */
export type UserRole = string
/** `read`, `write` or `admin`, each including those before it. */
export type AccessLevel = string

export interface UserInfo {
  readonly name: string
  readonly role: UserRole
  readonly enabled: boolean
  readonly displayName: string
  /** As S3 names owners. */
  readonly canonicalId: string
  readonly hasPassword: boolean
  /** What the buckets that it owns may hold together; `undefined`: no limit. */
  readonly quotaBytes: number | undefined
  /** What they hold; `undefined` where it was not asked for. */
  readonly usedBytes: number | undefined
  readonly createdAt: Date
}

/** Who the server takes the sender for. */
export interface SelfInfo {
  /** `undefined`: anybody, while access is open. */
  readonly user: UserInfo | undefined
  /** Kind of what was shown. */
  readonly credential: string
  readonly credentialId: string | undefined
}

export interface AccessKeyInfo {
  readonly id: string
  readonly user: string
  readonly enabled: boolean
  readonly description: string
  readonly expiresAt: Date | undefined
  readonly createdAt: Date
}

export interface TokenInfo {
  readonly id: string
  readonly user: string
  /** What it is limited to; `undefined`: to nothing. */
  readonly level: AccessLevel | undefined
  readonly buckets: readonly string[] | undefined
  readonly description: string
  readonly expiresAt: Date | undefined
  readonly createdAt: Date
}

export interface GrantInfo {
  readonly user: string
  readonly bucket: string
  readonly level: AccessLevel
  readonly createdAt: Date
}

export interface ShareLinkInfo {
  readonly id: string
  /** Whose right it carries; `undefined`: made while access was open. */
  readonly user: string | undefined
  readonly bucket: string
  readonly name: string
  readonly createdAt: Date
  readonly expiresAt: Date
  readonly usesMax: number | undefined
  readonly uses: number
  readonly revoked: boolean
}

export function parseUser(value: unknown): UserInfo {
  return toUser(new JsonObject(value, 'user'))
}

export function parseUsers(value: unknown): readonly UserInfo[] {
  return elements(value, 'list of users').map(parseUser)
}

/** A list of one. */
export function parseOnly(value: unknown): UserInfo {
  return parseUser(elements(value, 'user')[0])
}

export function parseSelf(value: unknown): SelfInfo {
  const json = new JsonObject(value, 'sender')
  const user = json.optionalObject('user')
  const credential = json.object('credential')
  return {
    user: user === undefined ? undefined : toUser(user),
    credential: credential.text('kind'),
    credentialId: credential.optionalText('id'),
  }
}

export function parseKey(value: unknown): AccessKeyInfo {
  const json = new JsonObject(value, 'access key')
  return {
    id: json.text('id'),
    user: json.text('user'),
    enabled: json.boolean('enabled'),
    description: json.text('description'),
    expiresAt: json.optionalDate('expires'),
    createdAt: json.date('created'),
  }
}

export function parseKeys(value: unknown): readonly AccessKeyInfo[] {
  return elements(value, 'list of access keys').map(parseKey)
}

/** The member that is told once. */
export function parseOnce(value: unknown, member: 'secret' | 'token' | 'path'): string {
  return new JsonObject(value, member).text(member)
}

export function parseToken(value: unknown): TokenInfo {
  const json = new JsonObject(value, 'token')
  return {
    id: json.text('id'),
    user: json.text('user'),
    level: json.optionalText('level'),
    buckets: json.optionalTexts('buckets'),
    description: json.text('description'),
    expiresAt: json.optionalDate('expires'),
    createdAt: json.date('created'),
  }
}

export function parseTokens(value: unknown): readonly TokenInfo[] {
  return elements(value, 'list of tokens').map(parseToken)
}

export function parseGrants(value: unknown): readonly GrantInfo[] {
  return elements(value, 'list of grants').map((element) => {
    const json = new JsonObject(element, 'grant')
    return {
      user: json.text('user'),
      bucket: json.text('bucket'),
      level: json.text('level'),
      createdAt: json.date('created'),
    }
  })
}

export function parseShareLink(value: unknown): ShareLinkInfo {
  const json = new JsonObject(value, 'share link')
  return {
    id: json.text('id'),
    user: json.optionalText('user'),
    bucket: json.text('bucket'),
    name: json.text('filename'),
    createdAt: json.date('created'),
    expiresAt: json.date('expires'),
    usesMax: json.optionalNumber('usesMax'),
    uses: json.number('uses'),
    revoked: json.boolean('revoked'),
  }
}

export function parseShareLinks(value: unknown): readonly ShareLinkInfo[] {
  return elements(value, 'list of share links').map(parseShareLink)
}

function toUser(json: JsonObject): UserInfo {
  return {
    name: json.text('name'),
    role: json.text('role'),
    enabled: json.boolean('enabled'),
    displayName: json.text('displayName'),
    canonicalId: json.text('canonicalId'),
    hasPassword: json.boolean('hasPassword'),
    quotaBytes: json.optionalNumber('quotaBytes'),
    usedBytes: json.optionalNumber('usedBytes'),
    createdAt: json.date('created'),
  }
}

function elements(value: unknown, subject: string): readonly unknown[] {
  if (Array.isArray(value)) return value
  throw new FrostByteError('response-invalid', `${subject}: the server’s answer is no list`)
}
