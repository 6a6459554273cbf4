// Users, keys, tokens and grants as administrators handle them: what they give is checked, ids and secrets are drawn, and what was
// changed is seen by the next request of this process.

import { FrostError } from '../../base/errors.ts'
import { toHex } from '../../base/ids.ts'
import type { AccessMutations, AccessReads } from '../../meta/contract/access-metadata.ts'
import { scopeBucketsMax } from '../../meta/contract/access-rows.ts'
import type {
  AccessKeyRow,
  AccessLevel,
  TokenRow,
  TokenScope,
  UserRole,
  UserRow,
} from '../../meta/contract/access-rows.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import type { Random } from '../../ports/random.ts'
import { makeApiToken } from './api-token.ts'
import { accessKeyIdPattern, userNamePattern } from './authenticator.ts'
import type { AccessCache } from './access-cache.ts'
import { secretLengthMax } from './credentials.ts'
import type { Passwords } from './passwords.ts'
import type { SecretBox } from './secret-box.ts'

export interface AccountParts {
  readonly metadata: AccessReads & AccessMutations
  readonly cache: AccessCache
  readonly clock: Clock
  readonly random: Random
  readonly compute: Compute
  readonly box: SecretBox
  readonly passwords: Passwords
}

export interface NewUser {
  readonly name: string
  readonly role: UserRole
  readonly enabled?: boolean | undefined
  readonly password?: string | undefined
  /** 0: none. */
  readonly quotaBytes?: number | undefined
  readonly displayName?: string | undefined
  /** Default: drawn. */
  readonly canonicalId?: string | undefined
}

export interface UserChange {
  readonly role?: UserRole | undefined
  readonly enabled?: boolean | undefined
  readonly displayName?: string | undefined
  readonly password?: string | undefined
  /** 0: none. */
  readonly quotaBytes?: number | undefined
}

export interface NewKey {
  readonly user: string
  /** Default: drawn. */
  readonly id?: string | undefined
  /** Default: drawn. */
  readonly secret?: string | undefined
  readonly expiresMs?: number | undefined
  readonly description?: string | undefined
}

export interface NewToken {
  readonly user: string
  readonly scope?: TokenScope | undefined
  readonly expiresMs?: number | undefined
  readonly description?: string | undefined
}

const passwordLengthMin = 8
const keySecretPattern = /^[\x21-\x7e]{8,256}$/
const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
const displayNameMax = 128
const descriptionMax = 256

export class Accounts {
  readonly #parts: AccountParts

  constructor(parts: AccountParts) {
    this.#parts = parts
  }

  /** @throws FrostError `bad-request`, `user-exists`. */
  async createUser(given: NewUser): Promise<UserRow> {
    const user = await this.#userRow(given)
    return await this.#changed(this.#parts.metadata.createUser({ user }))
  }

  /** @throws FrostError `bad-request`, `user-not-found`, `last-administrator`. */
  async changeUser(name: string, given: UserChange): Promise<UserRow> {
    const { role, enabled, displayName, password, quotaBytes } = given
    checkText('displayName', displayName, displayNameMax)
    return await this.#changed(
      this.#parts.metadata.changeUser({
        name: checkUserName(name),
        ...(role === undefined ? {} : { role }),
        ...(enabled === undefined ? {} : { enabled }),
        ...(displayName === undefined ? {} : { displayName }),
        ...(quotaBytes === undefined ? {} : { quotaBytes }),
        ...(password === undefined ? {} : { passwordHash: await this.#hash(password) }),
      }),
    )
  }

  /** @throws FrostError `user-not-found`, `last-administrator`. */
  async removeUser(name: string): Promise<void> {
    await this.#changed(this.#parts.metadata.removeUser({ name: checkUserName(name) }))
  }

  /** The secret is in the answer, and never to be had again. @throws FrostError as `AccessMutations.createAccessKey`. */
  async createKey(given: NewKey): Promise<{ readonly row: AccessKeyRow; readonly secret: string }> {
    const { random } = this.#parts
    const { user, expiresMs, description = '' } = given
    const id = given.id ?? `FB${drawText(random, 18)}`
    const secret = given.secret ?? Buffer.from(random.bytes(30)).toString('base64')
    checkUserName(user)
    checkText('description', description, descriptionMax)
    const row = this.#keyRow({ id, user, secret, expiresMs, description })
    await this.#changed(this.#parts.metadata.createAccessKey(row))
    return { row, secret }
  }

  /** The token is in the answer, and never to be had again. @throws FrostError as `AccessMutations.createToken`. */
  async createToken(given: NewToken): Promise<{ readonly row: TokenRow; readonly text: string }> {
    const { clock, compute, random, metadata } = this.#parts
    const { user, scope, expiresMs, description = '' } = given
    checkUserName(user)
    checkText('description', description, descriptionMax)
    checkExpiry(expiresMs, clock.wallMs())
    if (scope?.buckets !== undefined && (scope.buckets.length === 0 || scope.buckets.length > scopeBucketsMax))
      throw badRequest(`A token is limited to 1 to ${scopeBucketsMax} buckets, or to none.`)
    const { id, hash, text } = makeApiToken(random, compute)
    const row: TokenRow = {
      id,
      user,
      hash,
      ...(scope === undefined ? {} : { scope }),
      ...(expiresMs === undefined ? {} : { expiresMs }),
      description,
      createdMs: clock.wallMs(),
    }
    await this.#changed(metadata.createToken(row))
    return { row, text }
  }

  /** @throws FrostError `access-key-not-found`. */
  async changeKey(
    id: string,
    change: { readonly enabled?: boolean; readonly description?: string },
  ): Promise<AccessKeyRow> {
    checkText('description', change.description, descriptionMax)
    return await this.#changed(this.#parts.metadata.changeAccessKey({ id, ...change }))
  }

  async removeKey(id: string): Promise<void> {
    await this.#changed(this.#parts.metadata.removeAccessKey({ id }))
  }

  async removeToken(id: string): Promise<void> {
    await this.#changed(this.#parts.metadata.removeToken({ id }))
  }

  /** @throws FrostError `user-not-found`, `bucket-not-found`. */
  async grant(user: string, bucket: string, level: AccessLevel): Promise<void> {
    const row = { user: checkUserName(user), bucket, level, createdMs: this.#parts.clock.wallMs() }
    await this.#changed(this.#parts.metadata.putGrant(row))
  }

  /** @throws FrostError `grant-not-found`. */
  async removeGrant(user: string, bucket: string): Promise<void> {
    await this.#changed(this.#parts.metadata.removeGrant({ user: checkUserName(user), bucket }))
  }

  /**
   * Makes the administrator that the configuration names what the configuration says. @throws FrostError `config-invalid`.
   */
  async setRoot(name: string, password: string): Promise<void> {
    if (name.length < 3 || !userNamePattern.test(name) || !accessKeyIdPattern.test(name))
      throw configInvalid('FROSTBYTE_ROOT_USER', '3 to 64 letters, digits, dots, hyphens, underscores, @ or +')
    if (!keySecretPattern.test(password))
      throw configInvalid('FROSTBYTE_ROOT_PASSWORD', '8 to 256 visible ASCII characters')
    const { metadata, passwords } = this.#parts
    const before = await metadata.getUser(name)
    const isSame = before?.passwordHash !== undefined && (await passwords.verify(name, password, before.passwordHash))
    const fresh = await this.#userRow({ name, role: 'admin', ...(isSame ? {} : { password }) })
    const user = isSame && before.passwordHash !== undefined ? { ...fresh, passwordHash: before.passwordHash } : fresh
    const key = this.#keyRow({ id: name, user: name, secret: password, description: 'configured' })
    await this.#changed(metadata.setRootUser({ user, key }))
  }

  /** Makes an administrator where there is no user at all. `undefined`: there is one. */
  async createFirst(name: string): Promise<{ readonly name: string; readonly password: string } | undefined> {
    const { metadata, random } = this.#parts
    if ((await metadata.listUsers({ limit: 1 })).length > 0) return undefined
    const password = drawText(random, 24)
    const user = await this.#userRow({ name, role: 'admin', password })
    const key = this.#keyRow({ id: name, user: name, secret: password, description: 'first administrator' })
    const made = await this.#changed(metadata.createUser({ user, onlyFirst: true, key }))
    return made.canonicalId === user.canonicalId ? { name, password } : undefined
  }

  async #userRow(given: NewUser): Promise<UserRow> {
    const { clock, random } = this.#parts
    const { name, role, enabled, password, displayName, canonicalId, quotaBytes = 0 } = given
    checkUserName(name)
    checkText('displayName', displayName, displayNameMax)
    if (canonicalId !== undefined && !/^[0-9a-f]{64}$/.test(canonicalId))
      throw badRequest('A canonical id has 64 lower-case hex digits.')
    return {
      name,
      role,
      enabled: enabled ?? true,
      canonicalId: canonicalId ?? toHex(random.bytes(32)),
      displayName: displayName ?? name,
      ...(password === undefined ? {} : { passwordHash: await this.#hash(password) }),
      ...(quotaBytes === 0 ? {} : { quotaBytes }),
      createdMs: clock.wallMs(),
    }
  }

  #keyRow(given: {
    readonly id: string
    readonly user: string
    readonly secret: string
    readonly expiresMs?: number | undefined
    readonly description: string
  }): AccessKeyRow {
    const { id, user, secret, expiresMs, description } = given
    const { clock, box } = this.#parts
    if (!accessKeyIdPattern.test(id))
      throw badRequest('The id of an access key has 3 to 128 letters, digits, dots, hyphens, underscores, @ or +.')
    if (!keySecretPattern.test(secret))
      throw badRequest('The secret of an access key has 8 to 256 visible ASCII characters.')
    checkExpiry(expiresMs, clock.wallMs())
    const sealedSecret = box.seal(secret, id)
    const expiry = expiresMs === undefined ? {} : { expiresMs }
    return { id, user, sealedSecret, enabled: true, ...expiry, description, createdMs: clock.wallMs() }
  }

  async #hash(password: string): Promise<string> {
    if (password.length < passwordLengthMin || password.length > secretLengthMax || !password.isWellFormed())
      throw badRequest(`A password has ${passwordLengthMin} to ${secretLengthMax} characters.`)
    return await this.#parts.passwords.hash(password)
  }

  /** Also after a failure: whether it happened may not be known. */
  async #changed<T>(mutation: Promise<T>): Promise<T> {
    try {
      return await mutation
    } finally {
      this.#parts.cache.forget()
    }
  }
}

/** @throws FrostError `bad-request`. */
export function checkUserName(name: string): string {
  if (userNamePattern.test(name)) return name
  throw badRequest('The name of a user has 1 to 64 letters, digits or one of + = , . @ _ -')
}

function checkText(what: string, text: string | undefined, lengthMax: number): void {
  if (text === undefined || (text.length <= lengthMax && text.isWellFormed() && !/\p{Cc}/u.test(text))) return
  throw badRequest(`${what} has at most ${lengthMax} characters, and no control characters.`)
}

function checkExpiry(expiresMs: number | undefined, nowMs: number): void {
  if (expiresMs !== undefined && expiresMs <= nowMs) throw badRequest('The time of expiry lies in the past.')
}

/** Letters and digits that nobody confuses, five random bits each. */
function drawText(random: Random, length: number): string {
  return [...random.bytes(length)].map((byte) => base32.charAt(byte & 31)).join('')
}

function badRequest(message: string): FrostError {
  return new FrostError('bad-request', message)
}

function configInvalid(variable: string, expects: string): FrostError {
  return new FrostError('config-invalid', `${variable} must be ${expects}.`, { remedy: `Correct ${variable}.` })
}
