// What is written down of a decision. The line itself is made by whoever keeps it (src/node/audit-file.ts): as JSON, in which no value
// can end a line or pass for another field.

import type { Action } from './actions.ts'
import type { CredentialKind } from './principal.ts'

export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly wallMs: number
  readonly requestId: string
  readonly decision: 'allowed' | 'refused'
  readonly action: Action
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  /** Absent: nobody that is known. */
  readonly user?: string | undefined
  readonly credential: CredentialKind | 'none'
  /** Of the key, token or link; the name that was tried. */
  readonly credentialId?: string | undefined
  readonly address: string
  readonly reason: string
}

export interface AuditLog {
  /** Must not throw; what it cannot keep it counts and says so in a later line. */
  write(entry: AuditEntry): void
}
