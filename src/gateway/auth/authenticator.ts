// Finds out who sends a request, by what it shows: a token, a user's password, or an access key with its secret. What is wrong with
// credentials is told only to who proved that they are his; everybody else hears the same, after about the same time.

import { FrostError } from '../../base/errors.ts'
import { toHex } from '../../base/ids.ts'
import type { AccessReads } from '../../meta/contract/access-metadata.ts'
import type { IdentityReads } from '../../meta/contract/identity-metadata.ts'
import type { AccessKeyRow } from '../../meta/contract/access-rows.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Compute } from '../../ports/compute.ts'
import { AccessCache } from './access-cache.ts'
import type { UserAccess } from './access-cache.ts'
import { parseApiToken } from './api-token.ts'
import { parseAuthorization } from './credentials.ts'
import type { FailedLogins } from './failed-logins.ts'
import type { Passwords } from './passwords.ts'
import type { CredentialName, Principal } from './principal.ts'
import type { SecretBox } from './secret-box.ts'
import { isSessionKeyId, openSession } from './session-tokens.ts'
import type { SessionClaims } from './session-tokens.ts'

export interface AuthenticatorParts {
  readonly metadata: Pick<
    AccessReads,
    'getUser' | 'getUserByCanonicalId' | 'getAccessKey' | 'getToken' | 'listGrantsOf'
  > &
    Pick<IdentityReads, 'getIdentityPolicies'>
  readonly clock: Clock
  readonly compute: Compute
  readonly box: SecretBox
  readonly passwords: Passwords
  readonly failedLogins: FailedLogins
}

/** Credentials that were shown and are no good. */
export class CredentialsError extends FrostError {
  readonly credential: CredentialName
  /** For the audit log; not told to the sender. */
  readonly reason: string

  constructor(message: string, credential: CredentialName, reason: string) {
    super('credentials-invalid', message, { remedy: 'Send valid credentials, or ask an administrator for new ones.' })
    this.credential = credential
    this.reason = reason
  }
}

export interface Signer {
  readonly secret: Uint8Array
  readonly principal: Principal
}

/** Reasons of a CredentialsError: S3 tells them apart (`ExpiredToken`, `InvalidToken`). */
export const sessionExpired = 'session expired'
export const sessionInvalid = 'session token wrong'

export const userNamePattern = /^[A-Za-z0-9+=,.@_-]{1,64}$/
export const accessKeyIdPattern = /^[A-Za-z0-9._@+-]{3,128}$/

export class Authenticator {
  readonly cache: AccessCache
  readonly #parts: AuthenticatorParts
  /** Of access keys that have signed: each is opened once for each reading of its row, and forgotten with that. */
  readonly #opened = new WeakMap<AccessKeyRow, Uint8Array>()

  constructor(parts: AuthenticatorParts) {
    this.#parts = parts
    this.cache = new AccessCache(parts.metadata, parts.clock)
  }

  /**
   * `authorization`: the value of the header. `address`: that of the sender.
   * @throws FrostError `credentials-invalid` (a CredentialsError), `too-many-attempts`, `overloaded`.
   */
  async authenticate(authorization: string, address: string): Promise<Principal> {
    const credentials = parseAuthorization(authorization)
    if (credentials?.kind === 'bearer') return await this.#byToken(credentials.token, address)
    if (credentials?.kind === 'basic') return await this.#byName(credentials, address)
    this.#parts.failedLogins.begin(address, '')
    throw invalid({ kind: 'password' }, 'the header is not understood')
  }

  /**
   * What a face needs to check a signature: the secret, and who signed if the signature is right. `sessionToken`: of temporary
   * credentials, which are not taken without.
   * @throws FrostError `credentials-invalid`: there is no such key, or it may not be used (`reason` says which; `sessionExpired` and
   * `sessionInvalid` are those of sessions).
   */
  async signer(id: string, sessionToken?: string): Promise<Signer> {
    if (sessionToken !== undefined) return await this.#bySession(id, sessionToken)
    const credential: CredentialName = { kind: 'signature', id }
    const key = accessKeyIdPattern.test(id) ? await this.cache.accessKey(id) : undefined
    if (key === undefined) throw invalid(credential, isSessionKeyId(id) ? sessionInvalid : 'no such access key')
    const principal = await this.#principalOf(key, credential)
    return { secret: this.#secretOf(key), principal }
  }

  #secretOf(key: AccessKeyRow): Uint8Array {
    const known = this.#opened.get(key)
    if (known !== undefined) return known
    const secret = this.#parts.box.open(key.sealedSecret, key.id)
    this.#opened.set(key, secret)
    return secret
  }

  async #bySession(id: string, token: string): Promise<Signer> {
    const credential: CredentialName = { kind: 'session', id }
    const claims = openSession(id, token, this.#parts.box)
    if (claims === undefined) throw invalid(credential, sessionInvalid)
    if (this.#parts.clock.wallMs() >= claims.expiresMs)
      throw new CredentialsError('The session has expired.', credential, sessionExpired)
    const access = await this.#userOf(claims, credential)
    if (access.user.canonicalId !== claims.canonicalId) throw invalid(credential, 'its user is gone')
    const secret = new TextEncoder().encode(claims.secret)
    return { secret, principal: { ...(await this.#inSession(access, claims, credential)), credential } }
  }

  /** Who took a role has the role's rights only. He is still the owner of what he writes. */
  async #inSession(
    access: UserAccess,
    claims: SessionClaims,
    credential: CredentialName,
  ): Promise<Omit<Principal, 'credential'>> {
    const { kind, name, role, policy, issuedMs, expiresMs } = claims
    const session = { kind, name, issuedMs, expiresMs, ...(policy === undefined ? {} : { policy }) }
    if (role === undefined) return { ...access, session }
    const taken = await this.cache.role(role.name)
    if (taken?.row.id !== role.id) throw invalid(credential, 'its role is gone')
    return {
      user: { ...access.user, role: 'none' },
      grants: new Map(),
      identity: taken.identity,
      session: { ...session, role: { ...role, path: taken.row.path } },
    }
  }

  async #byToken(text: string, address: string): Promise<Principal> {
    const { compute, failedLogins } = this.#parts
    const token = parseApiToken(text, compute)
    const credential: CredentialName = { kind: 'token', id: token?.id }
    const row = token === undefined ? undefined : await this.cache.token(token.id)
    const isRight = token !== undefined && row !== undefined && compute.equalsConstantTime(token.hash, row.hash)
    if (!isRight) {
      // A right one is let in whatever others try from its address: nobody guesses 256 bits.
      failedLogins.begin(address, token?.id ?? '')
      throw invalid(credential, row === undefined ? 'no such token' : 'wrong secret')
    }
    const { scope } = row
    return { ...(await this.#userOf(row, credential)), ...(scope === undefined ? {} : { scope }), credential }
  }

  /** The name is that of a user, or the id of an access key: never of both, unless both are the same user's. */
  async #byName(
    { name, secret }: { readonly name: string; readonly secret: string },
    address: string,
  ): Promise<Principal> {
    const key = accessKeyIdPattern.test(name) ? await this.cache.accessKey(name) : undefined
    if (key !== undefined && this.#isRightSecret(key, secret, address))
      return await this.#principalOf(key, { kind: 'access-key', id: name })
    return await this.#byPassword(name, secret, address)
  }

  /** @throws FrostError `too-many-attempts`, where it was not right before. */
  #isRightSecret({ id, sealedSecret }: AccessKeyRow, secret: string, address: string): boolean {
    const { box, compute, failedLogins, passwords } = this.#parts
    const [holder, stored] = [`key ${id}`, toHex(sealedSecret)] // No user's name has a space.
    if (passwords.isKnownRight(holder, secret, stored)) return true
    // One that was sealed under another secret of the cluster is nobody's; the password of the same name still counts.
    const known = box.tryOpen(sealedSecret, id)
    if (known === undefined || !compute.equalsConstantTime(known, new TextEncoder().encode(secret))) return false
    failedLogins.begin(address, id)
    failedLogins.succeed(address, id)
    passwords.remember(holder, secret, stored)
    return true
  }

  async #byPassword(name: string, password: string, address: string): Promise<Principal> {
    const { passwords, failedLogins } = this.#parts
    const credential: CredentialName = { kind: 'password', id: this.#nameToTell(name) }
    const access = userNamePattern.test(name) ? await this.cache.user(name) : undefined
    const stored = access?.user.passwordHash
    if (!passwords.isKnownRight(name, password, stored)) {
      const isJoined = passwords.isVerifying(name, password, stored)
      if (!isJoined) failedLogins.begin(address, name)
      const isRight = await passwords.verify(name, password, stored).catch((error: unknown) => {
        if (!isJoined) failedLogins.cancel(address, name)
        throw error
      })
      if (!isRight) throw invalid(credential, access === undefined ? 'no such user or key' : 'wrong password')
      if (!isJoined) failedLogins.succeed(address, name)
    }
    if (access === undefined) throw invalid(credential, 'no such user or key')
    return { ...checkEnabled(access, credential), credential }
  }

  /** Of a token that was sent as a name only the id: it is a secret, and has the form of a name. */
  #nameToTell(name: string): string | undefined {
    const token = parseApiToken(name, this.#parts.compute)
    if (token !== undefined) return token.id
    return userNamePattern.test(name) ? name : undefined
  }

  async #principalOf(key: AccessKeyRow, credential: CredentialName): Promise<Principal> {
    if (!key.enabled) throw new CredentialsError(`The access key ${key.id} is disabled.`, credential, 'key disabled')
    return { ...(await this.#userOf(key, credential)), credential }
  }

  async #userOf(
    of: { readonly user: string; readonly expiresMs?: number },
    credential: CredentialName,
  ): Promise<UserAccess> {
    if (of.expiresMs !== undefined && this.#parts.clock.wallMs() >= of.expiresMs)
      throw new CredentialsError('The credentials have expired.', credential, 'expired')
    const access = await this.cache.user(of.user)
    if (access === undefined) throw invalid(credential, 'its user is gone')
    return checkEnabled(access, credential)
  }
}

function checkEnabled(access: UserAccess, credential: CredentialName): UserAccess {
  if (access.user.enabled) return access
  throw new CredentialsError(`The user ${access.user.name} is disabled.`, credential, 'user disabled')
}

function invalid(credential: CredentialName, reason: string): CredentialsError {
  return new CredentialsError('The credentials are not valid.', credential, reason)
}
