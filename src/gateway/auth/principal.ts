// Who sends a request, as far as it proved it, and what that entitles it to.

import type { AccessLevel, TokenScope, UserRow } from '../../meta/contract/access-rows.ts'

/** `open`: nothing was shown, and nothing was asked for. `signature`: an access key that signed the request. */
export type CredentialKind = 'open' | 'password' | 'access-key' | 'token' | 'signature' | 'share-link'

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
}

/** Anybody, where access is open. */
export const anybody: Principal = { grants: new Map(), credential: { kind: 'open' } }
