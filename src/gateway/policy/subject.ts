// Who asks, as policies name him.

export interface PolicySubject {
  /** `anonymous`: nobody signed. `root`: an administrator, who is what AWS calls the account's root user. `service`: a
   * part of S3 itself. */
  readonly kind: 'anonymous' | 'root' | 'user' | 'role' | 'federated' | 'service'
  /** All ARNs by which a policy may name him: of a role's session those of the session and of the role. */
  readonly arns: readonly string[]
  readonly canonicalId?: string
}

export const anonymousSubject: PolicySubject = { kind: 'anonymous', arns: [] }
