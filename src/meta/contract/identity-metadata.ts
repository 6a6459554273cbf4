// Reading and changing what IAM knows. A change brings the whole row as it is to be, and the revision that it was made from, so that of
// two changes at the same time the later one fails instead of undoing the other.

import type { IdentityKind, IdentityRow, ManagedPolicyRow } from './identity-rows.ts'

export interface IdentityReads {
  getIdentity(request: IdentityName): Promise<IdentityRow | undefined>
  /** By name in byte order. */
  listIdentities(request: IdentityPage & { readonly kind: IdentityKind }): Promise<readonly IdentityRow[]>
  /** With what holds for it, as of one moment. `undefined`: there is no such row. */
  getIdentityPolicies(request: IdentityName): Promise<IdentityPolicies | undefined>
  getManagedPolicy(name: string): Promise<ManagedPolicyRow | undefined>
  /** By name in byte order. */
  listManagedPolicies(request: IdentityPage): Promise<readonly ManagedPolicyRow[]>
  /** Whom it is attached to, or a boundary of. */
  listPolicyUses(request: { readonly policy: string; readonly limit: number }): Promise<readonly IdentityName[]>
  /** Users of a group, by name. */
  listMembers(request: { readonly group: string; readonly limit: number }): Promise<readonly string[]>
}

export interface IdentityName {
  readonly kind: IdentityKind
  readonly name: string
}

export interface IdentityPage {
  readonly after?: string
  readonly limit: number
}

export interface IdentityPolicies {
  readonly row: IdentityRow
  /** Texts: its own, and of a user those of its groups. */
  readonly documents: readonly string[]
  /** Names of those among the attached that the program has, without `aws/`. */
  readonly builtIn: readonly string[]
  /** The text; of one that the program has, absent. */
  readonly boundary?: string
}

export interface IdentityMutations {
  /**
   * Makes or replaces it. A repeat is harmless.
   * @throws FrostError `identity-exists`, `identity-not-found` (a group is not there either), `user-not-found`, `policy-not-found`;
   * `precondition-failed`: the row has changed since.
   */
  putIdentity(command: PutIdentity): Promise<IdentityRow>
  /**
   * Removes a group or role with its inline policies.
   * @throws FrostError `identity-not-found` (a repeat may meet it); `identity-in-use`: a group has members.
   */
  removeIdentity(command: IdentityName): Promise<void>
  /** Makes or replaces it. A repeat is harmless. @throws FrostError `policy-exists`, `policy-not-found`, `precondition-failed`. */
  putManagedPolicy(command: PutManagedPolicy): Promise<ManagedPolicyRow>
  /** @throws FrostError `policy-not-found` (a repeat may meet it); `identity-in-use`: it is attached somewhere. */
  removeManagedPolicy(command: { readonly name: string }): Promise<void>
}

export interface PutIdentity {
  /** Its revision is one above that of the row that it replaces; 1: there is none yet. */
  readonly row: IdentityRow
}

export interface PutManagedPolicy {
  /** As `PutIdentity.row`. */
  readonly row: ManagedPolicyRow
}
