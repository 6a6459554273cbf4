// What the public faces (REST, S3, …) see of a master: files as streams, buckets, and the cluster's state. One
// interface, so that no face has a data path of its own, and so that tests can stand a fake behind a face.

import type { BucketRow, BucketUsage, ChangeBucket } from '../meta/contract/bucket-metadata.ts'
import type { ClusterId, Epoch, GroupId, VersionId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import type { ChangeCause } from '../meta/contract/change-metadata.ts'
import type { HeadCondition } from '../meta/contract/head-condition.ts'
import type { RebuildRow } from '../meta/contract/rebuild-metadata.ts'

export interface FileService {
  /**
   * Opens an upload. Nothing is visible before `Upload.finish` resolves.
   * @throws FrostError `name-*`, `bucket-*`, `not-enough-workers`, `insufficient-storage`, `overloaded`, `read-only`.
   */
  put(request: PutRequest): Promise<Upload>
  /** The newest version of a file, or `undefined`. @throws FrostError `bucket-not-found`. */
  head(name: FileName): Promise<FileInfo | undefined>
  /**
   * Opens one version for reading; nothing is read from a worker before `FileReader.read`. The version stays readable until
   * `close`, whatever is deleted meanwhile. `undefined` where there is no such file.
   */
  open(name: FileName, trail?: RequestTrail): Promise<FileReader | undefined>
  /**
   * Removes the newest version, or hides it below a delete marker where the bucket's versioning says so; resolves to it, or to `undefined`
   * where there was none. Durable when it resolves.
   */
  remove(name: FileName, condition?: WriteCondition, cause?: ChangeCause): Promise<FileInfo | undefined>
  /** Names in byte order. @throws FrostError `bucket-not-found`, `bad-request` for a limit outside 1 to 1,000. */
  list(request: ListRequest): Promise<FileList>
  /** Like `list`, names only, and so cheaper; at most 1,000. */
  listNames(request: ListRequest): Promise<NameList>
  /** Where the chunks of a file lie, by pages of chunks. `undefined` where there is no such file. */
  layout(request: LayoutRequest): Promise<FileLayout | undefined>
  /** `owner`: canonical id of the user whose it is. @throws FrostError `bucket-exists`, `bucket-invalid`. */
  createBucket(bucket: string, owner?: string): Promise<void>
  listBuckets(): Promise<readonly BucketInfo[]>
  /** @throws FrostError `bucket-not-found`; `bad-request`: versioning of a bucket with object lock cannot be suspended. */
  changeBucket(change: ChangeBucket): Promise<BucketInfo>
  /** `undefined`: there is no such bucket. */
  bucketUsage(bucket: string): Promise<BucketUsage | undefined>
  /** @throws FrostError `bucket-not-found`, `bucket-not-empty`. */
  removeBucket(bucket: string): Promise<void>
  cluster(): Promise<ClusterState>
  /**
   * Has everything moved away from a worker, in the background; `cluster()` says how far. Durable when it resolves. A repeat is harmless.
   * @throws FrostError `worker-not-found`; `drain-refused`: fewer workers than a scheme needs would remain.
   */
  drain(worker: WorkerId): Promise<void>
  /** Ends a drain; what has moved stays where it is. A repeat is harmless. @throws FrostError `worker-not-found`. */
  cancelDrain(worker: WorkerId): Promise<void>
  /**
   * Forgets a worker that is gone: it is not listed any more. Durable when it resolves.
   * @throws FrostError `worker-not-found`; `worker-in-use`: it answers, or holds slots.
   */
  forgetWorker(worker: WorkerId): Promise<void>
  /** Compares what must exist with what the workers hold, everything and at once, and repairs what is missing; in the background. */
  repair(): Promise<void>
  /** Has every worker that answers read and check all that it stores, at once; in the background. Resolves to who began. */
  scrub(): Promise<readonly WorkerId[]>
  /**
   * Has the workers read and check every piece of a file, by pages of blocks. `undefined` where there is no such file.
   */
  verify(request: VerifyRequest): Promise<VerifyPage | undefined>
  /**
   * Asks for metadata to be rebuilt from what the workers hold; it goes on in the background, also after a crash. Resolves to its state.
   * @throws FrostError `precondition-failed`: there is nothing to rebuild, one runs already, or it needs `merge`.
   */
  startRebuild(options: RebuildOptions): Promise<RebuildState>
  /** Lets orphan collection go on at a worker where it asks. @throws FrostError `precondition-failed`: there is no such worker. */
  allowOrphans(worker: WorkerId): Promise<void>
  /** The last rebuild; `undefined`: there was none. */
  rebuild(): Promise<RebuildState | undefined>
  /** Cheap; for `/readyz`. */
  readiness(): Readiness
}

export interface FileName {
  readonly bucket: string
  readonly key: string
}

/** Decided atomically with the change: of many racers exactly one wins. @throws FrostError `precondition-failed`. */
export type WriteCondition = HeadCondition

export interface PutRequest extends FileName {
  /** Length of the body where the client announced it; a body that differs is refused with `size-mismatch`. */
  readonly sizeBytes?: number
  readonly contentType?: string
  readonly condition?: WriteCondition
  /** Of the client's request. */
  readonly trail?: RequestTrail
  /** Aborts the upload: `write` and `finish` reject with `upload-aborted`, and nothing stays. */
  readonly signal?: AbortSignal
  /** For events. */
  readonly cause?: ChangeCause
}

export interface Upload {
  /**
   * Takes the next bytes of the body, which belong to the upload from here on: they are copied at once and, where they fill an
   * `ArrayBuffer` of their own, that memory is freed. Resolved or `undefined` means: ready for more. One call at a time.
   */
  write(slice: Uint8Array): Promise<void> | undefined
  /** Ends the body. The file is durable and visible when it resolves. */
  finish(): Promise<FileInfo>
  /** Gives the upload up; what it stored is discarded in the background. Can be called at any time, twice, and after `finish`. */
  abort(reason: unknown): void
}

export interface FileInfo extends FileName {
  readonly version: VersionId
  readonly sizeBytes: number
  /** Without quotes. For REST it is the version id. */
  readonly etag: string
  readonly contentType: string | undefined
  readonly modifiedMs: number
  /** Of the whole file. */
  readonly crc32: number
}

export interface FileReader {
  readonly info: FileInfo
  /**
   * Bytes `offset` to `offset + length - 1`, which must lie within the file. Several may be open one after the other.
   * Each byte has passed its checks before it is handed out.
   */
  read(offset: number, length: number, signal?: AbortSignal): FileBody
  /** Can be called twice. */
  close(): void
}

export interface FileBody {
  /**
   * The next bytes, at least 1; `undefined` at the end. One call at a time.
   * @throws FrostError `data-unavailable` (too few workers answer), `cancelled`.
   */
  next(): Promise<BodySlice | undefined>
  /** Gives up what is under way. Can be called twice. */
  close(): void
}

export interface BodySlice {
  readonly bytes: Uint8Array
  /** Gives the memory back to its pool; `bytes` must not be touched afterwards. Exactly once. */
  release(): void
}

export interface ListRequest {
  readonly bucket: string
  readonly prefix?: string
  /** Names after this one, which need not exist. */
  readonly after?: string
  /** 1 to 1,000. */
  readonly limit: number
}

export interface FileList {
  readonly files: readonly FileInfo[]
  /** Whether there are more. */
  readonly truncated: boolean
}

export interface NameList {
  readonly names: readonly string[]
  readonly truncated: boolean
}

export interface LayoutRequest extends FileName {
  /** Pieces of chunks after this index; -1 is the start. */
  readonly after: number
  /** Data chunks a page: 1 to 1,000. */
  readonly limit: number
}

export interface FileLayout {
  readonly info: FileInfo
  readonly chunkSizeBytes: number
  readonly scheme: Scheme
  readonly chunkCount: number
  /** Data chunks in order, each stripe's parity pieces after its last data chunk. */
  readonly pieces: readonly LayoutPiece[]
  /** `after` of the next page, where there is one. */
  readonly next: number | undefined
}

export interface LayoutPiece {
  readonly kind: 'data' | 'parity'
  /** Data: index of the chunk in the file. Parity: index of the stripe in the file, counted over its extents. */
  readonly index: number
  readonly group: GroupId
  readonly block: number
  readonly column: number
  readonly stripe: number
  readonly lengthBytes: number
  /** Plain CRC-32 of the piece; `undefined` where no worker that knows it answers. */
  readonly crc32: number | undefined
  /** The worker that holds it by the map, or the stand-in. */
  readonly worker: WorkerId
}

export type BucketInfo = BucketRow

export type WorkerState = 'up' | 'suspect' | 'down' | 'out' | 'draining'

export interface WorkerInfo {
  readonly id: WorkerId
  readonly address: string
  readonly zone: string | undefined
  readonly state: WorkerState
  readonly usedBytes: number
  readonly capacityBytes: number
  /** Slots of placement groups that it holds; a drained worker with none can be removed. */
  readonly slots: number
  /** Its disk fails: it takes no new data. */
  readonly failing: boolean
  /** Age of the oldest disk operation that has not ended. */
  readonly oldestDiskOperationMs: number
  /** How long its disk operations take, of late. */
  readonly diskLatencyMs: number
  /** Fragments that are known to be damaged and not replaced yet. */
  readonly damagedFragments: number
  /** `undefined`: the worker has not said. */
  readonly scrub: ScrubInfo | undefined
  /** Orphan collection has come to its limit of a day there, and asks before it deletes more. */
  readonly asksToDelete: boolean
}

export interface ScrubInfo {
  /** Whether a full scrub was asked for and runs. */
  readonly runningFull: boolean
  readonly doneBytes: number
  readonly totalBytes: number
  /** When the last finished cycle began; `undefined`: none has finished. */
  readonly lastFinishedAtMs: number | undefined
}

export interface GroupInfo {
  readonly id: GroupId
  readonly epoch: Epoch
  readonly scheme: Scheme
  readonly state: 'writable' | 'closed'
  readonly workers: readonly WorkerId[]
}

export interface RebuildOptions {
  /** Also where the metadata holds files: adds what it does not know. */
  readonly merge: boolean
  /** Also where too many workers are missing. */
  readonly force: boolean
}

export type RebuildState = RebuildRow

export interface ClusterState {
  readonly id: ClusterId
  /** The metadata was lost, or is older than what the workers hold: the cluster serves reads only. */
  readonly behind: boolean
  readonly workers: readonly WorkerInfo[]
  readonly groups: readonly GroupInfo[]
  readonly redundancy: Redundancy
  readonly healing: HealingInfo
}

/** What is known of the redundancy. A figure that was not established is `undefined`, never a hopeful zero. */
export interface Redundancy {
  /** Fragments that their slot's worker lacks, or that lie on workers which do not answer. */
  readonly fragmentsMissing: number | undefined
  /** Files that would not survive the loss of one more worker. */
  readonly filesAtRisk: number | undefined
  /** Files of which too few pieces exist. */
  readonly filesLost: number | undefined
  /** Their names, at most 1,000. */
  readonly lostFiles: readonly FileName[]
  /** Slots whose content no comparison has established. */
  readonly unknown: number
  /** When the oldest comparison began that this rests on. */
  readonly comparedAtMs: number | undefined
  /** When the oldest finished scrub cycle of any worker began; `undefined`: some worker has not finished one. */
  readonly scrubbedAtMs: number | undefined
}

/** What is being done about it. */
export interface HealingInfo {
  /** Slots on their way to another worker. */
  readonly moves: readonly MoveInfo[]
  /** Entries of the repair queue. */
  readonly queued: number
  /** Since the process that does it began: fragments made again, bytes written and read for that. */
  readonly rebuiltFragments: number
  readonly writtenBytes: number
  readonly readBytes: number
  /** What it may read and write now. */
  readonly bytesPerSecond: number
  /** Slots on workers that are out or draining, and those of them for which there is no other worker. */
  readonly slotsToMove: number
  readonly slotsWithoutSpare: number
}

export interface MoveInfo {
  readonly group: GroupId
  readonly slot: number
  readonly from: WorkerId
  readonly to: WorkerId
  /** Fragments that were copied or rebuilt so far. */
  readonly copied: number
}

export interface VerifyRequest extends FileName {
  /** Blocks after this one, counted over the whole file; -1 is the start. */
  readonly after: number
  /** Blocks a page: 1 to 1,000. */
  readonly limit: number
}

export interface VerifyPage {
  readonly info: FileInfo
  /** Blocks on this page. */
  readonly blocks: number
  /** Pieces that were read and passed every check. */
  readonly good: number
  /** All others. */
  readonly problems: readonly VerifyProblem[]
  /** `after` of the next page, where there is one. */
  readonly next: number | undefined
}

export interface VerifyProblem {
  /** Counted over the whole file. */
  readonly block: number
  readonly column: number
  readonly worker: WorkerId
  /** `unknown`: the worker does not answer. */
  readonly state: 'missing' | 'damaged' | 'unknown'
}

export interface Readiness {
  readonly canRead: boolean
  readonly canWrite: boolean
  /** Why not, where one of them is false. */
  readonly reason: string | undefined
}
