// Files as metadata knows them: the newest version of each key, those kept below it, and listings. Commit and delete are
// whole commands: the condition, the references on data ids, the purge queue, the repair work and the head change together or not at
// all. A data id is referred to while any version names it, and dies once, with its last reference. Repeats: conventions.ts.

import type { Epoch, VersionId, WorkerId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { ChangeCause } from './change-metadata.ts'
import type { CommandId, DataRef } from './conventions.ts'
import type { HeadCondition } from './head-condition.ts'
import type { VersionName } from './version-metadata.ts'
import type { NewVersion, VersionRow } from './version-row.ts'

/** Reads see every mutation that was acknowledged, by any process, before the call. */
export interface FileReads {
  /** The newest version, or `undefined`. One look-up. @throws FrostError `bucket-not-found`. */
  getHead(bucket: string, key: string): Promise<VersionRow | undefined>
  /** The newest or a kept version; each has an id, also that which goes by `null`. @throws FrostError `bucket-not-found`. */
  getVersion(bucket: string, key: string, version: VersionName): Promise<VersionRow | undefined>
  /** Keys in byte order. Costs what it returns, however many keys there are. @throws FrostError `bucket-not-found`. */
  list(request: ListRequest): Promise<ListPage>
  /** As `list` with the keys alone, and several times cheaper. */
  listNames(request: ListRequest): Promise<NamePage>
}

export interface FileMutations {
  /**
   * Makes one version the newest of its key, in one transaction:
   * - the condition is decided on the head row;
   * - each data id of `newData` gets a `live` row with count 1, each of `sharedData` (and `shareExtents`) one more reference;
   * - what becomes of the versions there are says the bucket's versioning (version-metadata.ts); one that goes loses its references; a
   *   count that reaches 0 turns the row `dead` and puts the id into the purge queue under this change's number;
   * - the bucket's quota is decided on what it holds;
   * - `repairs`, and every slot whose holder changed after `acknowledgedEpoch`, become repair work;
   * - the version gets the head's sequence + 1, and a `modifiedMs` not below the head's.
   *
   * A repeat (same version id and data ids, or same `commandId`) gives the first answer, and changes nothing.
   * @throws FrostError `bucket-not-found`; `precondition-failed`: the condition does not hold; `upload-expired`: an id is below the
   * horizon or its row is `dead`; `data-gone`: shared data is not live any more (read the source again); `epoch-stale`: metadata
   * knows no such group or epoch; `quota-exceeded`; `bad-request`: a lock in a bucket without object lock.
   * After any error but `outcome-unknown` nothing was changed and the ids are the caller's to discard.
   */
  commitVersion(command: CommitVersion): Promise<CommitResult>
  /**
   * Deletes a key as the bucket's versioning says (version-metadata.ts). Never versioned: removes the newest version; one kept below it
   * becomes the newest. Else a delete marker becomes the newest, also where there was nothing. References are given back as by
   * `commitVersion`. A repeat (same `commandId`) gives the first answer.
   * @throws FrostError `bucket-not-found`, `precondition-failed`, `upload-expired` (the command id is below the horizon).
   */
  deleteKey(command: DeleteKey): Promise<DeletedKey>
}

export interface CommitVersion {
  readonly bucket: string
  readonly key: string
  readonly version: NewVersion
  /** Data ids that this upload wrote; each is named by an extent, of length 0 where its record is a manifest alone. */
  readonly newData: readonly NewData[]
  /** Data ids of other versions that the extents name (copy, assembly), each once. */
  readonly sharedData?: readonly DataRef[]
  /** Instead of `version.extents` and `sharedData`: the extent list of a version that has one (`VersionRow.extentList`). */
  readonly shareExtents?: VersionId
  readonly condition?: HeadCondition
  /** Needed where `newData` is empty. */
  readonly commandId?: CommandId
  readonly cause?: ChangeCause
  /**
   * `createdMs` of the bucket as it was when the upload was let in. Where that has gone and another one has its name, which may be
   * somebody else's, the commit fails with `bucket-not-found`. Absent: whatever bucket has the name.
   */
  readonly bucketMs?: number
}

export interface NewData extends DataRef {
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly lengthBytes: number
  /** The lowest epoch of the group under which any of its blocks was acknowledged. */
  readonly acknowledgedEpoch: Epoch
  /** Columns that were not durable on their slot when their block was acknowledged. At most `repairsMax`. */
  readonly repairs: readonly CommitRepair[]
}

export interface CommitRepair {
  readonly block: number
  readonly column: number
  /** Who holds the column instead; absent: nobody. */
  readonly standIn?: WorkerId
}

export interface CommitResult {
  /** As stored; where `extentList` is set, without what lies there. */
  readonly row: VersionRow
  /** The version that was the newest before, where there was one; not known to a repeat. */
  readonly replaced?: VersionId
}

export interface DeleteKey {
  readonly bucket: string
  readonly key: string
  readonly commandId: CommandId
  /** What the delete marker is, where the bucket's versioning asks for one. */
  readonly marker: NewMarker
  readonly condition?: HeadCondition
  readonly cause?: ChangeCause
}

export interface NewMarker {
  readonly version: VersionId
  readonly modifiedMs: number
  readonly owner?: string
}

/** Nothing: there was nothing. */
export interface DeletedKey {
  /** Gone for good: the version (never versioned), or the null version there was (suspended). */
  readonly removed?: VersionRow
  readonly marker?: VersionRow
  /** The version that was the newest and now lies below the marker. */
  readonly hidden?: VersionRow
}

export interface ListRequest {
  readonly bucket: string
  readonly prefix?: string
  /**
   * Keys after this one in byte order; it need not exist. Where it is a common prefix of an earlier page (it ends with the
   * delimiter), what it stands for is skipped too.
   */
  readonly after?: string
  /** Groups keys by what follows the prefix up to here; not empty. */
  readonly delimiter?: string
  /** Keys and common prefixes together: 1 to `pageLimitMax`. */
  readonly limit: number
  /** Whether to look for `ListEntry.details`, which costs more for versions that have other fields than the usual. */
  readonly details?: true
}

export interface ListPage {
  readonly entries: readonly ListEntry[]
  /** Common prefixes, in order; empty without a delimiter. */
  readonly prefixes: readonly string[]
  /** `after` of the next page; absent: this is the last one. */
  readonly next?: string
}

/** What a listing shows of the newest version. Delete markers are not listed. */
export interface ListEntry {
  readonly key: string
  readonly version: VersionId
  readonly modifiedMs: number
  readonly sizeBytes: number
  readonly crc32: number
  /** Absent: the version id. */
  readonly etag?: string
  readonly contentType?: string
  readonly owner?: string
  /** Only where asked for, and there are any. */
  readonly details?: ListDetails
}

export interface ListDetails {
  /** The header `x-amz-storage-class` that is stored with it. */
  readonly storageClass?: string
  readonly checksumAlgorithms?: readonly string[]
  /** Whether the first of them is over the parts' checksums. */
  readonly isChecksumComposite?: boolean
}

export interface NamePage {
  readonly names: readonly string[]
  readonly prefixes: readonly string[]
  readonly next?: string
}

/** 16 GiB in blocks of 3,000 KiB with two columns each missing, and room. */
export const repairsMax = 65_536
