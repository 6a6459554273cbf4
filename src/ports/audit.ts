/** What is written down of one decision about access. Values may hold anything that a client sent. */
export interface AuditEntry {
  /** Milliseconds since 1970. */
  readonly wallMs: number
  /** As in the answer and in the log. */
  readonly requestId: string
  readonly decision: 'allowed' | 'refused'
  readonly action: string
  readonly bucket?: string | undefined
  readonly key?: string | undefined
  /** Absent: nobody that is known. */
  readonly user?: string | undefined
  /** Kind of what was shown; `none`: nothing, or nothing that was understood. */
  readonly credential: string
  /** Of the key, token or link; the name that was tried. Never a secret. */
  readonly credentialId?: string | undefined
  readonly address: string
  readonly reason: string
}

/** Keeps what was decided, apart from the log. */
export interface AuditLog {
  /**
   * Takes an entry; it is written in the background. Never throws. What it cannot keep it counts, and says so in a later line.
   */
  write(entry: AuditEntry): void
}
