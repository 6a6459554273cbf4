import type { ProcessId } from '../../base/ids.ts'

/**
 * Who does the background work of that name. Nothing here expires by a clock: whoever wants the lease watches the row, and takes
 * it over when `renewals` has stood still for long enough on its own monotonic clock.
 */
export interface LeaseRow {
  readonly name: string
  /** `undefined` after a release. */
  readonly holder: ProcessId | undefined
  /** The fencing token: higher with each taking. */
  readonly token: number
  readonly renewals: number
}

export interface LeaseReads {
  getLease(name: string): Promise<LeaseRow | undefined>
}

export interface LeaseMutations {
  /**
   * Takes the lease where it is free, or where the row still is what the caller watched. `undefined`: somebody else has it. After
   * `outcome-unknown`, a repeat of the holder finds its own row and resolves to it.
   */
  takeLease(command: TakeLease): Promise<LeaseRow | undefined>
  /** Raises `renewals`; `undefined`: the token is not the newest any more. A repeat may raise it twice, which harms nothing. */
  renewLease(command: { readonly name: string; readonly token: number }): Promise<LeaseRow | undefined>
  /** Frees it where the token is the newest. A repeat is harmless. */
  releaseLease(command: { readonly name: string; readonly token: number }): Promise<void>
}

export interface TakeLease {
  readonly name: string
  readonly process: ProcessId
  /** The row that has stood still; absent: only where the lease is free. */
  readonly watched?: { readonly token: number; readonly renewals: number }
}
