// Leave for each request of a face: who sends it, whether he may, and a line of it in the audit log. Where access is open, a request that
// shows nothing is let through at once; one that shows credentials is held to them, everywhere.

import { errorCode, FrostError } from '../../base/errors.ts'
import type { AuditLog } from '../../ports/audit.ts'
import type { Clock } from '../../ports/clock.ts'
import { actions, isAction } from './actions.ts'
import type { Action } from './actions.ts'
import { CredentialsError } from './authenticator.ts'
import type { Authenticator, Signer } from './authenticator.ts'
import { decide } from './authorizer.ts'
import type { Decision } from './authorizer.ts'
import { decideS3 } from '../policy/authorize-s3.ts'
import type { S3Question } from '../policy/authorize-s3.ts'
import { PolicyCache } from '../policy/policy-cache.ts'
import { s3ActionKind } from '../policy/s3-actions.ts'
import { anybody } from './principal.ts'
import type { CredentialName, Principal } from './principal.ts'
import type { ShareLinkRow, UserRow } from '../../meta/contract/access-rows.ts'

export interface AccessOptions {
  /** Who shows nothing may do everything. */
  readonly isOpen: boolean
  /** Whether reads that were allowed are written down too. */
  readonly auditReads: boolean
}

export interface AccessParts {
  readonly authenticator: Authenticator
  readonly clock: Clock
  /** Absent: nothing is written down. */
  readonly audit?: AuditLog | undefined
}

/** What a request wants, and where it comes from. */
export interface AccessRequest {
  readonly action: Action
  readonly bucket?: string | undefined
  /** Of a file; for the audit log. */
  readonly key?: string | undefined
  readonly address: string
  readonly requestId: string
}

/** With an action of REST or of S3. */
type NotedRequest = Omit<AccessRequest, 'action'> & { readonly action: string }

/** Of somebody who is known, or did not sign. */
type NotedDecision = NotedRequest & { readonly principal: Principal }

/** In UTF-16 units. What is longer names nothing; its beginning is written down. */
const nameCharactersMax = 1_024

export class AccessControl {
  readonly isOpen: boolean
  /** Compiled policies, for whoever asks one. */
  readonly policies = new PolicyCache()
  readonly #auditReads: boolean
  readonly #parts: AccessParts

  constructor(parts: AccessParts, options: AccessOptions) {
    this.#parts = parts
    this.isOpen = options.isOpen
    this.#auditReads = options.auditReads
  }

  /**
   * `authorization`: the header's value; where access is open, a request without one is not to be brought here.
   * @throws FrostError `credentials-required`, `credentials-invalid`, `too-many-attempts`, `access-denied`, `overloaded`.
   */
  async admit(authorization: string | undefined, request: AccessRequest): Promise<Principal> {
    const principal = await this.#authenticate(authorization, request)
    this.authorize(principal, request)
    return principal
  }

  /**
   * Who signed a request, if the signature is right, and the secret to find that out. `sessionToken`: as the request shows it.
   * @throws FrostError `credentials-invalid` (a CredentialsError): there is no such key, or it may not be used.
   */
  async signer(accessKey: string, sessionToken?: string): Promise<Signer> {
    return await this.#parts.authenticator.signer(accessKey, sessionToken)
  }

  /** Asks leave for a principal that is known already. @throws FrostError `access-denied`. */
  authorize(principal: Principal, request: AccessRequest): void {
    const { isAllowed, reason } = decide(principal, request.action, request.bucket)
    const { user, credential } = principal
    this.#note(request, isAllowed ? 'allowed' : 'refused', { user: user?.name, credential, reason })
    if (isAllowed) return
    const where = request.bucket === undefined ? '' : ` in the bucket ${JSON.stringify(request.bucket)}`
    throw new FrostError('access-denied', `${user?.name ?? 'Nobody'} has no right to ${request.action}${where}.`, {
      remedy: 'Ask an administrator for a role or a grant.',
    })
  }

  /**
   * Asks leave for an action of S3, of somebody who is known already or did not sign: a principal without user. Never throws; the face
   * says why in its own way.
   */
  authorizeS3(asked: S3Question, request: { readonly address: string; readonly requestId: string }): Decision {
    const decision = decideS3(asked, this.policies)
    const { action, bucket, key, principal } = asked
    this.noteDecision(decision, { action, bucket, key, principal, ...request })
    return decision
  }

  /** Writes down what was decided elsewhere, as `authorize` does. `action`: as S3, IAM and STS name theirs. */
  noteDecision({ isAllowed, reason }: Decision, decided: NotedDecision): void {
    const { principal, action, bucket, key, address, requestId } = decided
    const { user, credential } = principal
    const by = { user: user?.name, ...(user === undefined ? {} : { credential }), reason }
    this.#note({ action, bucket, key, address, requestId }, isAllowed ? 'allowed' : 'refused', by)
  }

  /**
   * A link carries the right of who made it, as it is now. @throws FrostError `share-link-ended`: he is gone or disabled,
   * `access-denied`: he may not read the file any more.
   */
  async admitLink({ id, user, canonicalId }: ShareLinkRow, request: AccessRequest): Promise<void> {
    const credential: CredentialName = { kind: 'share-link', id }
    const access = user === '' ? anybody : await this.#parts.authenticator.cache.user(user)
    const isMaker = canonicalId === undefined || access?.user?.canonicalId === canonicalId
    if (access === undefined || access.user?.enabled === false || !isMaker) {
      this.refuse(request, 'who made the link is gone or disabled', credential)
      throw new FrostError('share-link-ended', `The share link ${id} has ended.`)
    }
    this.authorize({ ...access, credential }, request)
  }

  /** `undefined`: nobody has it. */
  async userByCanonicalId(id: string): Promise<UserRow | undefined> {
    return await this.#parts.authenticator.cache.userByCanonicalId(id)
  }

  /** Rights have changed by something else than a call of `Accounts`: the next request of this process sees it. */
  forget(): void {
    this.#parts.authenticator.cache.forget()
  }

  /** Writes down what was refused elsewhere. */
  refuse(request: NotedRequest, reason: string, credential: CredentialName): void {
    this.#note(request, 'refused', { credential, reason })
  }

  async #authenticate(authorization: string | undefined, request: AccessRequest): Promise<Principal> {
    if (authorization === undefined) {
      this.#note(request, 'refused', { reason: 'no credentials' })
      throw new FrostError('credentials-required', 'The request shows no credentials.', {
        remedy: 'Send a token (Authorization: Bearer …), or a user with its password (curl -u NAME:PASSWORD).',
      })
    }
    try {
      return await this.#parts.authenticator.authenticate(authorization, request.address)
    } catch (error) {
      const reason = error instanceof CredentialsError ? error.reason : (errorCode(error) ?? 'failed')
      this.#note(request, 'refused', {
        credential: error instanceof CredentialsError ? error.credential : undefined,
        reason,
      })
      throw error
    }
  }

  #note(
    request: NotedRequest,
    decision: 'allowed' | 'refused',
    by: {
      readonly user?: string | undefined
      readonly credential?: CredentialName | undefined
      readonly reason: string
    },
  ): void {
    const { audit, clock } = this.#parts
    if (audit === undefined) return
    if (decision === 'allowed' && !this.#auditReads && !isChange(request.action)) return
    const { action, bucket, key, address, requestId } = request
    const { user, credential, reason } = by
    audit.write({
      wallMs: clock.wallMs(),
      requestId,
      decision,
      action,
      bucket: bucket?.slice(0, nameCharactersMax),
      key: key?.slice(0, nameCharactersMax),
      user,
      credential: credential?.kind ?? 'none',
      credentialId: credential?.id,
      address,
      reason,
    })
  }
}

function isChange(action: string): boolean {
  if (isAction(action)) return actions[action].isChange
  return s3ActionKind(action)?.isChange ?? !/^iam:(Get|List)/.test(action)
}
