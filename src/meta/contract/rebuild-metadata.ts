// Rebuilding metadata from what the workers hold (docs/design/rebuild-metadata.md): the one row that says how far it is, and the commands
// by which it puts back what it finds. They go through while metadata is behind, and only while that rebuild runs.

import type { DataId, Epoch, GroupId, WorkerId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { DataRef, Fence } from './conventions.ts'
import type { CommitRepair } from './file-metadata.ts'
import type { GroupRow, GroupState } from './group-metadata.ts'
import type { NewVersion, VersionRow } from './version-row.ts'

/** The last rebuild that was asked for. The lease holder works on it, whoever that is, until it is done or has failed. */
export interface RebuildRow {
  /** 32 lower-case hex digits: the history that it ends with. */
  readonly id: string
  /** The history that it began with. */
  readonly history: string
  readonly state: 'running' | 'done' | 'failed'
  /** Whether metadata was behind as it began. */
  readonly behind: boolean
  /** The metadata may hold files. */
  readonly merge: boolean
  /** Go on though too many workers are missing. */
  readonly force: boolean
  readonly startedMs: number
  readonly endedMs?: number
  /** Placement groups that were found, and how many of them are done. */
  readonly groups: number
  readonly groupsDone: number
  /** Groups below this number are done; of this one data ids up to `after`, where that is there. */
  readonly group: number
  readonly after?: DataId
  /** Versions of files put back. */
  readonly filesRecovered: number
  /** Files of which too little was found, or which cannot be stored; some of them by name in `examples`. */
  readonly filesIncomplete: number
  /** Data ids that name no file and have no row: what failed uploads left, parts of larger files, or files that lost their end. */
  readonly idsUnnamed: number
  /** Repair entries, at least so many. */
  readonly repairs: number
  readonly examples: readonly RebuildExample[]
  /** Workers of the cluster that were not there; at most 100. */
  readonly missing: readonly WorkerId[]
  /** The highest that was met, in manifests and on workers: what comes afterwards is above it. */
  readonly highest: { readonly sequence: number; readonly idMs: number; readonly group: number }
  /** Why it has failed. */
  readonly reason?: string
  readonly remedy?: string
}

export interface RebuildExample {
  readonly bucket: string
  readonly key: string
  readonly reason: string
}

export interface RebuildReads {
  getRebuild(): Promise<RebuildRow | undefined>
}

export interface RebuildMutations {
  /**
   * Asks for a rebuild; resolves to its row. A repeat (same id) finds it.
   * @throws FrostError `precondition-failed`: another one runs; metadata is not behind and `merge` is not given; or metadata is behind and
   * holds files, and `merge` is not given (a rebuild of this history that failed can be repeated as it was).
   */
  startRebuild(command: StartRebuild): Promise<RebuildRow>
  /** Stores progress or failure of a running rebuild. A repeat is harmless. @throws FrostError `precondition-failed`. */
  recordRebuild(command: { readonly row: RebuildRow; readonly fence?: Fence }): Promise<void>
  /**
   * Puts a placement group back, where metadata knows none of that number or one of a lower epoch; resolves to what is stored. A repeat
   * finds it. @throws FrostError `precondition-failed`: no such rebuild runs, or the fence is stale.
   */
  recoverGroup(command: RecoverGroup): Promise<GroupRow>
  /**
   * Puts one version back among the versions of its key, in the order of (`seenSequence`, version id), with live rows for its data ids
   * and the repair work that is given. No version that is there is replaced: whichever is older is kept below the other. A bucket that
   * is missing is made. Data that is live already gets one more reference. `known`: the data id that it ends with has a row already, and
   * nothing was changed; a repeat meets it. `gone`: a data id that it shares was deleted, and nothing was changed.
   * @throws FrostError `precondition-failed` as `recoverGroup`; `bad-request`: there is no place for it.
   */
  recoverVersion(command: RecoverVersion): Promise<'recovered' | 'known' | 'gone'>
  /**
   * Ends a rebuild: metadata is not behind any more, its history is the rebuild's id with the former one as its predecessor, and numbers
   * of changes and ids go on above the highest that was met. A repeat finds it done.
   * @throws FrostError `precondition-failed` as `recoverGroup`.
   */
  finishRebuild(command: FinishRebuild): Promise<RebuildRow>
}

export interface StartRebuild {
  readonly id: string
  readonly merge: boolean
  readonly force: boolean
  readonly startedMs: number
}

export interface RecoverGroup {
  readonly rebuild: string
  readonly group: GroupId
  readonly epoch: Epoch
  readonly scheme: Scheme
  readonly slots: readonly { readonly worker: WorkerId; readonly holderSinceEpoch: Epoch }[]
  readonly state: GroupState
  readonly fence?: Fence
}

export interface RecoverVersion {
  readonly rebuild: string
  readonly bucket: string
  readonly key: string
  /**
   * With `recovered`. Where it is `versioned`, or has a lock, its bucket gets versioning, or object lock, unless it has. Of two that are
   * not versioned the older goes by its id from now on, so that a key has one null version.
   */
  readonly version: NewVersion & Pick<VersionRow, 'versioned'>
  /** The number of the last change that was seen when its upload began; at most `seenSequenceMax`. */
  readonly seenSequence: number
  /** The data id whose last block has the manifest. Absent: all of `data` is its own. */
  readonly ends?: DataRef
  /** The data ids that the extents name, each once. */
  readonly data: readonly RecoveredData[]
  readonly fence?: Fence
}

export interface RecoveredData extends DataRef {
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly lengthBytes: number
  /** At most `repairsMax`. */
  readonly repairs: readonly CommitRepair[]
  /** Slots of which all blocks may be missing. */
  readonly slots: readonly number[]
}

export interface FinishRebuild {
  readonly id: string
  readonly endedMs: number
  /** Not every worker was there: ids without a row that were made so far are left alone. */
  readonly unsettled: boolean
  readonly fence?: Fence
}

/**
 * Whether ids that have no row when it is done are nobody's. Only metadata that was whole as it began knows which workers there are, and
 * all of them must have been there.
 */
export function isSettling({ behind, force, missing }: RebuildRow): boolean {
  return !behind && !force && missing.length === 0
}

/** `seenSequence` times this is the sequence of a recovered version: room for versions that saw the same number. */
export const versionsPerSequence = 4096
export const seenSequenceMax = 2 ** 40
export const examplesMax = 20
export const missingMax = 100
