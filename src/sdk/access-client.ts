// Users, access keys, tokens, grants and share links of a server, as `client.access`. What changes something is not repeated after a broken
// connection, unless a repeat does no more than the first request.

import { fileQuery } from './transport.ts'
import type { HttpRequest, RequestOptions, Transport } from './transport.ts'
import {
  parseGrants,
  parseKey,
  parseKeys,
  parseOnce,
  parseOnly,
  parseSelf,
  parseShareLink,
  parseShareLinks,
  parseToken,
  parseTokens,
  parseUser,
  parseUsers,
} from './wire-access.ts'
import type {
  AccessKeyInfo,
  AccessLevel,
  GrantInfo,
  SelfInfo,
  ShareLinkInfo,
  TokenInfo,
  UserInfo,
  UserRole,
} from './wire-access.ts'

export interface UserChange {
  readonly role?: UserRole | undefined
  readonly enabled?: boolean | undefined
  readonly displayName?: string | undefined
  /** 8 to 1,024 characters. */
  readonly password?: string | undefined
  /** What the buckets that it owns may hold together; 0: no limit. */
  readonly quotaBytes?: number | undefined
}

export interface NewUser extends UserChange {
  readonly name: string
  /** Of a user that is imported: 64 lower-case hex digits. */
  readonly canonicalId?: string | undefined
}

export interface NewAccessKey {
  /** Default: the sender. */
  readonly user?: string | undefined
  /** Of a key that is imported. Default: drawn. */
  readonly id?: string | undefined
  /** Of a key that is imported. Default: drawn. */
  readonly secret?: string | undefined
  readonly expiresAt?: Date | undefined
  readonly description?: string | undefined
}

export interface NewToken {
  /** Default: the sender. */
  readonly user?: string | undefined
  /** What it is limited to. Default: to nothing. */
  readonly level?: AccessLevel | undefined
  readonly buckets?: readonly string[] | undefined
  readonly expiresAt?: Date | undefined
  readonly description?: string | undefined
}

export interface NewShareLink {
  /** Default: the client's. */
  readonly bucket?: string | undefined
  /** Default: in seven days. */
  readonly expiresAt?: Date | undefined
  /** How often it can be used. Default: without limit. */
  readonly uses?: number | undefined
}

const pageSize = 1_000

export class AccessClient {
  readonly #transport: Transport

  constructor(transport: Transport) {
    this.#transport = transport
  }

  /** Who the server takes the sender for. */
  async self(options: RequestOptions = {}): Promise<SelfInfo> {
    return parseSelf(await this.#send('GET', 'self', { subject: 'sender' }, options))
  }

  /** @throws FrostByteError `credentials-required`, `bad-request`. */
  async changeOwnPassword(password: string, options: RequestOptions = {}): Promise<void> {
    await this.#send('PATCH', 'self', { subject: 'own password', json: { password }, isRepeatable: true }, options)
  }

  /** By name, fetched by pages. `usage`: also what their buckets hold. */
  async *listUsers(
    options: RequestOptions & { readonly usage?: boolean } = {},
  ): AsyncGenerator<UserInfo, void, undefined> {
    let after: string | undefined
    for (;;) {
      const query = { after, limit: pageSize, ...(options.usage === true ? { usage: true } : {}) }
      const page = parseUsers(await this.#send('GET', 'users', { subject: 'list of users', query }, options))
      yield* page
      if (page.length < pageSize) return
      after = page.at(-1)?.name
    }
  }

  /** With what its buckets hold. @throws FrostByteError `user-not-found`. */
  async getUser(name: string, options: RequestOptions = {}): Promise<UserInfo> {
    const request = { subject: `user ${name}`, query: { user: name, usage: true } }
    return parseOnly(await this.#send('GET', 'users', request, options))
  }

  /** @throws FrostByteError `user-exists`, `bad-request`. */
  async createUser(user: NewUser, options: RequestOptions = {}): Promise<UserInfo> {
    return parseUser(await this.#send('POST', 'users', { subject: `user ${user.name}`, json: user }, options))
  }

  /** @throws FrostByteError `user-not-found`, `last-administrator`, `bad-request`. */
  async changeUser(name: string, change: UserChange, options: RequestOptions = {}): Promise<UserInfo> {
    const request = { subject: `user ${name}`, query: { user: name }, json: change, isRepeatable: true }
    return parseUser(await this.#send('PATCH', 'users', request, options))
  }

  /** With its keys, tokens and grants. @throws FrostByteError `user-not-found`, `last-administrator`. */
  async removeUser(name: string, options: RequestOptions = {}): Promise<void> {
    await this.#send('DELETE', 'users', { subject: `user ${name}`, query: { user: name } }, options)
  }

  /** `user`: default the sender. */
  async listKeys(user?: string, options: RequestOptions = {}): Promise<readonly AccessKeyInfo[]> {
    return parseKeys(await this.#send('GET', 'keys', { subject: 'list of access keys', query: { user } }, options))
  }

  /** The secret is told this once. @throws FrostByteError `access-key-exists`, `user-not-found`, `bad-request`. */
  async createKey(
    key: NewAccessKey,
    options: RequestOptions = {},
  ): Promise<AccessKeyInfo & { readonly secret: string }> {
    const { expiresAt, ...given } = key
    const json = { ...given, expires: expiresAt?.toISOString() }
    const made = await this.#send('POST', 'keys', { subject: 'access key', json }, options)
    return { ...parseKey(made), secret: parseOnce(made, 'secret') }
  }

  /** @throws FrostByteError `access-key-not-found`. */
  async changeKey(
    id: string,
    change: { readonly enabled?: boolean | undefined; readonly description?: string | undefined },
    options: RequestOptions = {},
  ): Promise<AccessKeyInfo> {
    const request = { subject: `access key ${id}`, query: { id }, json: change, isRepeatable: true }
    return parseKey(await this.#send('PATCH', 'keys', request, options))
  }

  /** @throws FrostByteError `access-key-not-found`. */
  async removeKey(id: string, options: RequestOptions = {}): Promise<void> {
    await this.#send('DELETE', 'keys', { subject: `access key ${id}`, query: { id } }, options)
  }

  /** `user`: default the sender. */
  async listTokens(user?: string, options: RequestOptions = {}): Promise<readonly TokenInfo[]> {
    return parseTokens(await this.#send('GET', 'tokens', { subject: 'list of tokens', query: { user } }, options))
  }

  /** The token is told this once. @throws FrostByteError `user-not-found`, `bad-request`. */
  async createToken(token: NewToken, options: RequestOptions = {}): Promise<TokenInfo & { readonly token: string }> {
    const { expiresAt, ...given } = token
    const json = { ...given, expires: expiresAt?.toISOString() }
    const made = await this.#send('POST', 'tokens', { subject: 'token', json }, options)
    return { ...parseToken(made), token: parseOnce(made, 'token') }
  }

  /** @throws FrostByteError `token-not-found`. */
  async removeToken(id: string, options: RequestOptions = {}): Promise<void> {
    await this.#send('DELETE', 'tokens', { subject: `token ${id}`, query: { id } }, options)
  }

  /** On a bucket, or all of a user. */
  async listGrants(
    of: { readonly bucket?: string | undefined; readonly user?: string | undefined } = {},
    options: RequestOptions = {},
  ): Promise<readonly GrantInfo[]> {
    const query = of.user === undefined ? { bucket: of.bucket ?? this.#transport.bucket } : { user: of.user }
    return parseGrants(await this.#send('GET', 'grants', { subject: 'list of grants', query }, options))
  }

  /** In the place of what the user was granted there before. @throws FrostByteError `user-not-found`, `bucket-not-found`. */
  async grant(user: string, bucket: string, level: AccessLevel, options: RequestOptions = {}): Promise<void> {
    const request = { subject: `grant of user ${user}`, query: { user, bucket, level }, isRepeatable: true }
    await this.#send('PUT', 'grants', request, options)
  }

  /** @throws FrostByteError `grant-not-found`. */
  async removeGrant(user: string, bucket: string, options: RequestOptions = {}): Promise<void> {
    await this.#send('DELETE', 'grants', { subject: `grant of user ${user}`, query: { user, bucket } }, options)
  }

  /** Those of the sender, for administrators of all; in the order in which they expire, fetched by pages. */
  async *listShareLinks(options: RequestOptions = {}): AsyncGenerator<ShareLinkInfo, void, undefined> {
    let after: string | undefined
    for (;;) {
      const request = { subject: 'list of share links', query: { after, limit: pageSize } }
      const page = parseShareLinks(await this.#send('GET', 'share-links', request, options))
      yield* page
      if (page.length < pageSize) return
      after = page.at(-1)?.id
    }
  }

  /** A link by which anybody reads the file. Its URL is told this once. @throws FrostByteError `file-not-found`, `bad-request`. */
  async createShareLink(
    name: string,
    link: NewShareLink = {},
    options: RequestOptions = {},
  ): Promise<ShareLinkInfo & { readonly url: string }> {
    const query = fileQuery(name, link.bucket ?? this.#transport.bucket)
    const json = { expires: link.expiresAt?.toISOString(), uses: link.uses }
    const made = await this.#send('POST', 'share-links', { subject: `share link of "${name}"`, query, json }, options)
    const path = parseOnce(made, 'path').replace(/^\//, '')
    const { url } = this.#transport.target({ method: 'GET', path, subject: 'share link' })
    return { ...parseShareLink(made), url }
  }

  /** @throws FrostByteError `share-link-not-found`. */
  async revokeShareLink(id: string, options: RequestOptions = {}): Promise<void> {
    const request = { subject: `share link ${id}`, query: { id }, isRepeatable: true }
    await this.#send('DELETE', 'share-links', request, options)
  }

  async #send(
    method: HttpRequest['method'],
    path: string,
    request: Omit<HttpRequest, 'method' | 'path'>,
    options: RequestOptions,
  ): Promise<unknown> {
    return this.#transport.requestJson({ method, path: `api/v1/${path}`, ...request }, options)
  }
}
