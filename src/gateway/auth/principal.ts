// Who sends a request, as far as it proved it, and what that entitles it to.

import type { AccessLevel, TokenScope, UserRow } from '../../meta/contract/access-rows.ts'

/** `open`: nothing was shown, and nothing was asked for. `signature`: an access key that signed the request. `session`: a temporary
 * one, of STS. */
export type CredentialKind = 'open' | 'password' | 'access-key' | 'token' | 'signature' | 'session' | 'share-link'

/** Never the secret itself. */
export interface CredentialName {
  readonly kind: CredentialKind
  /** Of the key, token or link; the name that was given, where it was a password. */
  readonly id?: string | undefined
}

export interface Principal {
  /** Absent: anybody, while access is open. */
  readonly user?: UserRow
  /** By bucket. */
  readonly grants: ReadonlyMap<string, AccessLevel>
  /** What the credential limits the user to. */
  readonly scope?: TokenScope
  readonly credential: CredentialName
  /** What IAM knows of the user, or of the role that was taken. Absent: nothing. */
  readonly identity?: IdentityAccess
  /** Credentials that STS made: they limit what the user may do, or stand for a role. */
  readonly session?: SessionAccess
}

/** Policies that say what a user or a role may do, with those of the user's groups. */
export interface IdentityAccess {
  readonly path: string
  readonly tags: Readonly<Record<string, string>>
  /** Texts of the policy language (src/gateway/policy/). */
  readonly policies: readonly string[]
  /** The text of a policy beyond which nothing is allowed. */
  readonly boundary?: string
}

export interface SessionAccess {
  /** `token`: the user himself. `role`: the role, whoever took it. `federated`: the user, limited by the session's policy. */
  readonly kind: 'token' | 'role' | 'federated'
  /** Of the session. */
  readonly name: string
  readonly role?: { readonly name: string; readonly path: string; readonly id: string }
  /** The text of a policy beyond which nothing is allowed. */
  readonly policy?: string
  readonly issuedMs: number
  readonly expiresMs: number
}

/** Anybody, where access is open. */
export const anybody: Principal = { grants: new Map(), credential: { kind: 'open' } }
