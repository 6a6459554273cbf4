// What a worker's fragment store takes, gives and tells: the types of its public face (fragment-store.ts).
// docs/design/store.md has the invariants behind them.

import type { ErrorCode } from '../base/errors.ts'
import type { Histogram } from '../base/histogram.ts'
import type { ClusterId, GroupId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import type { FragmentIdentity } from '../codec/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { IndexFactory } from '../ports/index-store.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'

/** Names one immutable fragment. */
export type FragmentKey = FragmentIdentity

export interface StorePorts {
  readonly clock: Clock
  readonly random: Random
  readonly compute: Compute
  /** The worker's data directory: the store locks it, owns everything in it, and closes it. */
  readonly disk: Disk
  /** Best in the same directory: one index, named `index`. */
  readonly indexes: IndexFactory
  readonly log: Log
}

export interface StoreOptions {
  /** Puts are refused with `insufficient-storage` once segments hold so much. Default: no limit but the file system. */
  readonly capacityBytes?: number
  /** Puts are refused while the file system has less than this free. Default 512 MiB. Less than 512 MiB makes segments smaller. */
  readonly reserveBytes?: number
  /** Size of the preallocated file that is given up on ENOSPC. Default 16 MiB; 0: none. */
  readonly ballastBytes?: number
  /** A segment is sealed before it grows over this, or over half the reserve. Default 256 MiB; 64 KiB to 256 MiB. */
  readonly segmentBytesMax?: number
  /** Entries between two index checkpoints. Default 8,192; 16 to 65,536. */
  readonly memoryEntriesMax?: number
  /** Memory on loan to reads and compaction. Default 8 MiB; at least 3 MiB. */
  readonly readMemoryBytes?: number
  /** Records that wait for the disk, each log. Default 32 MiB. */
  readonly queueBytesMax?: number
  /** Segments open for reading at once. Default 64; at least 2. */
  readonly openFilesMax?: number
  /** Pace of compaction's reading while the disk is not full. Default 64 MiB/s. */
  readonly compactionBytesPerSecond?: number
  /** How long it takes to read everything that is stored once. Default 14 days; at least 1 second. */
  readonly scrubCycleMs?: number
  /** Whether the scrubber starts by itself. Default true; tests call `scrubOnce`. */
  readonly scrub?: boolean
  /** Whether compaction starts by itself. Default true; tests call `compactOnce`. */
  readonly compaction?: boolean
}

/** Called as they happen, from the middle of the store's work: must not throw and must not wait. */
export interface StoreEvents {
  /** A stored fragment failed a check or a disk read, and is no longer in good state until a put replaces it. */
  damaged?(event: DamageEvent): void
  /** The disk ran full (`true`: puts are refused) or has room again. */
  full?(full: boolean): void
  /** The store cannot make anything durable any more; puts and drops are refused, reads are tried. Said once. */
  failed?(error: Error): void
}

export interface DamageEvent {
  readonly key: FragmentKey
  readonly code: ErrorCode
  /** What failed, as a sentence. */
  readonly reason: string
}

/** What `open` found. */
export interface OpenReport {
  readonly workerId: WorkerId
  /** `undefined`: has not joined a cluster. */
  readonly clusterId: ClusterId | undefined
  /** The directory was empty and is now a store's. */
  readonly created: boolean
  /** How often the directory was opened, this time included; durable before `open` resolves. */
  readonly startCount: number
  /** Batches ever made durable in the small and in the large log. One lower than remembered: an old copy of the directory. */
  readonly lastBatches: readonly [small: number, large: number]
  /** Records and tombstones read from the logs after the last checkpoint. */
  readonly replayedEntries: number
  /** The index was missing or damaged and was made anew from the logs. */
  readonly indexRebuilt: boolean
  /** Records of a last batch that were not whole: never acknowledged, or damaged since. The keys that are known. */
  readonly droppedKeys: readonly FragmentKey[]
  /** Fragments that became damaged because their segment is gone or cut off. */
  readonly lostFragments: number
  /** Bytes were lost of which it is not known what they held: only a comparison of the worker's groups tells. */
  readonly unknownLoss: boolean
  /** Bytes behind the last batches that are no batch: writes that were cut short, never acknowledged; or a damaged last batch. */
  readonly tornBytes: number
}

export interface ChunkRange {
  readonly firstChunk: number
  readonly endChunk: number
}

/** Verified chunks, in memory on loan. */
export interface FragmentRead {
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  /** Data bytes of the whole block, all columns. */
  readonly blockDataBytes: number
  /** The chunks actually held within the range that was asked for. */
  readonly range: ChunkRange
  /** Their stored checks, in order. A copy. */
  readonly checks: Uint32Array<ArrayBuffer>
  /** Their bytes, one after the other; valid until `release`. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Gives the memory back. Exactly once. */
  release(): void
}

export interface FragmentStat {
  /** `damaged`: failed a check or a read; a put replaces it. */
  readonly state: 'good' | 'damaged'
  readonly recordBytes: number
  /** The record's header checksum: equal for equal records. */
  readonly headerCrc: number
}

export interface FragmentListEntry {
  readonly key: FragmentKey
  readonly recordBytes: number
  readonly headerCrc: number
}

export interface FragmentPage {
  readonly fragments: readonly FragmentListEntry[]
  /** Goes on after this one, which need not be held; `undefined`: there is no more. */
  readonly next: FragmentKey | undefined
}

/** Where a record lies, for a reader on the same machine. Valid until compaction moves it. */
export interface FragmentPlace {
  /** Relative to the data directory. */
  readonly fileName: string
  readonly offset: number
  readonly recordBytes: number
}

export interface GroupUsage {
  readonly group: GroupId
  /** Fragments in good state, and bytes of their records. */
  readonly fragments: number
  readonly bytes: number
}

export interface StoreUsage {
  /** Fragments in good state. */
  readonly fragments: number
  /** Fragments known to be damaged. */
  readonly damaged: number
  /** Bytes of their records. */
  readonly liveBytes: number
  /** Bytes of all segments. */
  readonly segmentBytes: number
  readonly segments: number
  /** `capacityBytes`, or what the file system could give; the smaller. */
  readonly capacityBytes: number
  /** What can still be put before puts are refused. */
  readonly freeBytes: number
  /** Equal for stores on the same file system. */
  readonly fileSystem: string
  /** Puts are refused. */
  readonly full: boolean
}

/** How far the scrubber is, which reads everything that is stored. */
export interface ScrubStatus {
  /** A cycle that was asked for is under way, or about to begin. */
  readonly runningFull: boolean
  /** Of the cycle under way: read so far, and in all. */
  readonly doneBytes: number
  readonly totalBytes: number
  /** Since the start of the last finished cycle: what was damaged before is known. Absent: none was finished. */
  readonly lastFinishedAgoMs?: number
}

export interface LogFigures {
  /** `small`, `large`. */
  readonly log: string
  readonly queueBytes: number
  readonly queueBytesMax: number
  /** Entries of each batch: what one sync made durable. */
  readonly batchEntries: Histogram
}

export interface StoreCounters {
  readonly puts: number
  readonly putsExisting: number
  readonly reads: number
  readonly drops: number
  readonly batches: number
  readonly appendedBytes: number
  readonly readBytes: number
  readonly checkpoints: number
  readonly damageFound: number
  readonly segmentsCompacted: number
  readonly compactedBytes: number
  readonly failedSyncs: number
}
