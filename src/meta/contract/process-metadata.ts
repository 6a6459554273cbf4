// Uploads in progress, as all processes of all masters know them. A process registers before its first read, publishes every
// few seconds, and is expired by whoever saw nothing new of it for long enough on its own monotonic clock.
// An id is *open* while it lies between a registered process's published time and ceiling, or has an intent row.

import type { ProcessId } from '../../base/ids.ts'
import type { DataRef, Fence, HorizonMs } from './conventions.ts'

export interface ProcessRow {
  readonly process: ProcessId
  /** `host:port` where other nodes reach it. */
  readonly address: string
  /** No id that it has open without an intent row is older. */
  readonly publishedMs: number
  /** No id that it has made, or makes before it publishes again, is newer. */
  readonly ceilingMs: number
  /** All its reads from before this number have ended (`DataReads.visibleSequence`). */
  readonly purgeSequence: number
  /** Raised by each publishing: others see by it that the process lives. */
  readonly heartbeat: number
}

/** An id of an upload (or a command) that has been open for more than 10 minutes. */
export interface IntentRow extends DataRef {
  readonly process: ProcessId
}

export interface ProcessReads {
  listProcesses(): Promise<readonly ProcessRow[]>
  /** By process, and then in the order of their data ids; `after` is the last one of the page before. */
  listIntents(request: { readonly after?: IntentRow; readonly limit: number }): Promise<readonly IntentRow[]>
  /**
   * Never passes an open id, never goes back. Commits and commands below it are refused, by a check inside their transaction.
   */
  horizon(): Promise<HorizonMs>
}

export interface ProcessMutations {
  /**
   * Registers a process that has nothing open, with published time = ceiling = the highest ceiling ever stored, or `wallMs`
   * where that is later, and with purge sequence 0. Its id clock moves up to `publishedMs` of the answer. It makes no id before it has
   * published a ceiling. A repeat registers anew.
   */
  registerProcess(command: {
    readonly process: ProcessId
    readonly address: string
    readonly wallMs: number
  }): Promise<ProcessRow>
  /**
   * Publishes. The ceiling stored is `ceilingMs`, or the highest one ever stored where that is higher; afterwards the id clock moves up to
   * `idFloorMs` of the answer and stays at or below its `ceilingMs`. Until it resolves, the old ceiling holds. Published time and
   * purge sequence never go back. `expired`: the process is registered no more; everything it had open is lost, and
   * it registers anew before it serves. A repeat is harmless.
   */
  publish(command: Publish): Promise<Published | 'expired'>
  /** Adds intent rows, before the published time passes their ids. A repeat is harmless. At most `pageLimitMax`. */
  addIntents(command: { readonly process: ProcessId; readonly refs: readonly DataRef[] }): Promise<'added' | 'expired'>
  /** Removes intent rows of uploads that have ended (settled). A repeat is harmless. At most `pageLimitMax`. */
  removeIntents(command: { readonly process: ProcessId; readonly refs: readonly DataRef[] }): Promise<void>
  /**
   * Removes registration, published time and intent rows together, where the heartbeat still is the one that the caller saw. `false`: it
   * is not. A process that ends in good order expires itself. A repeat is harmless: `true` where there is no such row.
   */
  expireProcess(command: ExpireProcess): Promise<boolean>
}

export interface Publish {
  readonly process: ProcessId
  /** Time of its oldest open id without an intent row; with nothing open, its id clock. Not below the one published before. */
  readonly publishedMs: DataIdTimeMs
  readonly ceilingMs: DataIdTimeMs
  readonly purgeSequence: number
}

/** What `dataIdTimeMs` gives. */
export type DataIdTimeMs = number

export interface Published {
  readonly idFloorMs: DataIdTimeMs
  readonly ceilingMs: DataIdTimeMs
  readonly horizonMs: HorizonMs
}

export interface ExpireProcess {
  readonly process: ProcessId
  readonly heartbeat: number
  readonly fence?: Fence
}
