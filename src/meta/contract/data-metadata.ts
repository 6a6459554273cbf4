import type { VersionId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { DataRef, Fence, HorizonMs } from './conventions.ts'

/**
 * What metadata knows of a data id. `live`: versions refer to it. `dead`: none does and none ever will, which is decided
 * for good before anything of it is deleted on a worker. No row: an upload may be about to commit it, or its time
 * is below the horizon and no worker lists it.
 */
export type DataRow = LiveDataRow | DeadDataRow

export interface LiveDataRow extends DataRef {
  readonly state: 'live'
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly lengthBytes: number
  /** At least 1. */
  readonly references: number
  /** The version whose commit made it. */
  readonly version: VersionId
}

export interface DeadDataRow extends DataRef {
  readonly state: 'dead'
  /** Whether it was live once (then the purge queue takes care of it), or an upload that never committed was discarded. */
  readonly committed: boolean
  /** The number under which it was put into the purge queue, where it may be gone from by now; absent: it was not. */
  readonly purgeSequence?: number
}

/**
 * - `dead`: it was never committed, and never will be; the caller may delete it on the workers
 * - `live`: it is committed
 * - `was-live`: it was committed and its last reference is gone since: the purge queue deletes it, nobody else
 */
export type DiscardOutcome = 'dead' | 'live' | 'was-live'

/** A data id that lost its last reference (or was discarded with `queue`) and waits for its fragments to be deleted. */
export interface PurgeEntry extends DataRef {
  /** The change that made it so. */
  readonly sequence: number
}

export interface DataReads {
  getDataRow(ref: DataRef): Promise<DataRow | undefined>
  /** Many at once, in the order asked; at most `pageLimitMax`. */
  getDataRows(refs: readonly DataRef[]): Promise<readonly (DataRow | undefined)[]>
  /** Rows of one group in the order of their ids, for comparisons; `after` need not exist. */
  listDataRows(request: ListDataRows): Promise<readonly DataRow[]>
  /**
   * What of one group is `dead` and not in the purge queue (any more), in the order of the ids: all that `removeDeadRows` may take,
   * and more only above the horizon. Costs what it returns, however many rows there are; `after` need not exist.
   */
  listDeadData(request: ListDataRows): Promise<readonly DataRef[]>
  /**
   * Every mutation with a number below this one is seen by every read that begins from now on, in any process. A process
   * that publishes it once all reads it had open at this call have ended tells the truth.
   */
  visibleSequence(): Promise<number>
  /**
   * Entries that may be purged now: their number is below the smallest that a registered process published. Oldest first, from
   * `after`; at most `limit` (1 to `pageLimitMax`).
   */
  nextPurge(request: { readonly limit: number; readonly after?: PurgeEntry }): Promise<readonly PurgeEntry[]>
  /** How many entries wait, purgeable or not. */
  purgeQueueLength(): Promise<number>
}

export interface DataMutations {
  /**
   * Gives up ids that were not committed: inserts each as `dead` where it has no row. The answer says of each what it is now,
   * and so settles a commit whose outcome is unknown, when the caller does not want to repeat it. At most `pageLimitMax`.
   * A repeat gives the same answer, or `was-live` for `live`.
   */
  discard(command: Discard): Promise<readonly DiscardOutcome[]>
  /**
   * Takes entries out of the queue, after every worker concerned has durably dropped them. Unknown ones are skipped, so a
   * repeat is harmless.
   */
  removePurged(command: { readonly entries: readonly PurgeEntry[]; readonly fence?: Fence }): Promise<void>
  /**
   * Removes rows that are `dead`, below the horizon and not in the purge queue; others are left. The caller has made sure that no
   * worker lists the id. Resolves to how many went. A repeat is harmless. At most `pageLimitMax`.
   */
  removeDeadRows(command: { readonly refs: readonly DataRef[]; readonly fence?: Fence }): Promise<number>
}

export interface ListDataRows {
  readonly group: DataRef['group']
  readonly after?: DataRef['dataId']
  /** Only ids below this time. */
  readonly below?: HorizonMs
  /** 1 to `pageLimitMax`. */
  readonly limit: number
}

export interface Discard {
  readonly refs: readonly DataRef[]
  /** Put those that become `dead` into the purge queue; otherwise the caller deletes them, or orphan collection does. */
  readonly queue: boolean
}
