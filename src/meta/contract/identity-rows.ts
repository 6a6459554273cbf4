// What IAM knows beside users, keys and grants (access-rows.ts): which policies hold for a user, a group of users or a role, and the
// managed policies that they share. Metadata stores texts of policies and does not read them (src/gateway/policy/ does).

/** A user's row of this kind is there once there is something to say, and goes with the user. */
export type IdentityKind = 'user' | 'group' | 'role'

export interface IdentityRow {
  readonly kind: IdentityKind
  /** Of a user: 1 to 64 of letters, digits and `+=,.@_-`; of others up to 128. Never changes. */
  readonly name: string
  /** From 1, one more with each change. */
  readonly revision: number
  /** 32 hex digits; empty for a user, who has a canonical id. */
  readonly id: string
  /** Begins and ends with a slash. */
  readonly path: string
  readonly createdMs: number
  readonly tags: readonly IdentityTag[]
  /** Names of managed policies; `aws/NAME`: one that the program has. At most `attachedMax`. */
  readonly attached: readonly string[]
  /** At most `inlineMax`. */
  readonly inline: readonly InlinePolicy[]
  /** Of a user: at most `groupsOfUserMax`. */
  readonly groups: readonly string[]
  /** The name of a managed policy, beyond which nothing is allowed. */
  readonly boundary?: string
  /** The rest is of roles. Text of the policy that says who may take it. */
  readonly trustPolicy?: string
  readonly maxSessionSeconds?: number
  readonly description?: string
}

export interface IdentityTag {
  readonly key: string
  readonly value: string
}

export interface InlinePolicy {
  readonly name: string
  readonly document: string
}

export interface ManagedPolicyRow {
  /** 1 to 128 of letters, digits and `+=,.@_-`. */
  readonly name: string
  readonly revision: number
  /** 32 hex digits. */
  readonly id: string
  readonly path: string
  readonly description: string
  readonly createdMs: number
  readonly updatedMs: number
  readonly tags: readonly IdentityTag[]
  /** The id of the version that counts. */
  readonly defaultVersion: string
  /** 1 to `policyVersionsMax`, the newest last. */
  readonly versions: readonly PolicyVersion[]
}

export interface PolicyVersion {
  /** `v1`, `v2`, …; never given twice. */
  readonly id: string
  readonly document: string
  readonly createdMs: number
}

export const attachedMax = 20
export const inlineMax = 50
export const groupsOfUserMax = 10
export const policyVersionsMax = 5
