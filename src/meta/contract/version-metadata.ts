// Versions below the newest: S3's versioning. What a bucket's row says (`BucketRow.versioning`) decides, in the transaction that changes a
// key, what becomes of the version that was the newest:
//
// - never versioned: a new version takes the place of the one there is; a delete without a version id removes it
// - enabled: a new version has an id of its own (`versioned`), and all others are kept; a delete puts a delete marker with an id of its
//   own on top
// - suspended: a new version is the null version, and takes the place of the one null version there is, wherever it lies; others are
//   kept. A delete puts a null delete marker on top, in the place of the null version
//
// Whichever face a change comes from, it is decided here. A version that is locked (`ObjectLock`) is removed by no command; it can be
// hidden.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/Versioning.html

import type { VersionId } from '../../base/ids.ts'
import type { CommandId } from './conventions.ts'
import type { ChangeCause } from './change-metadata.ts'
import type { ListEntry } from './file-metadata.ts'
import type { HeadCondition } from './head-condition.ts'
import type { ObjectLock, VersionRow } from './version-row.ts'

/** `null`: the one version of a key that is not `versioned`. */
export type VersionName = VersionId | 'null'

export interface VersionReads {
  /**
   * Versions and delete markers of all keys: by key in byte order, then from the newest. Costs what it returns.
   * @throws FrostError `bucket-not-found`.
   */
  listVersions(request: ListVersionsRequest): Promise<VersionPage>
}

export interface VersionMutations {
  /**
   * Removes one version or delete marker; the newest of those that are left becomes the newest. Resolves to what was removed, `undefined`
   * where there was none. References are given back as by `commitVersion`. A repeat (same `commandId`) gives the first answer.
   * @throws FrostError `bucket-not-found`; `object-locked`; `precondition-failed`; `upload-expired` (the command id is below the horizon).
   */
  deleteVersion(command: DeleteVersion): Promise<VersionRow | undefined>
  /**
   * Changes what can be changed of a version that is there; resolves to the version. Neither its id nor its time changes. A repeat (same
   * `commandId`) gives the first answer.
   * @throws FrostError `bucket-not-found`; `version-not-found`: there is none, or it is a delete marker; `object-locked`: the lock would be
   * weakened; `bad-request`: a lock in a bucket without object lock; `upload-expired`.
   */
  changeVersion(command: ChangeVersion): Promise<VersionRow>
}

export interface DeleteVersion {
  readonly bucket: string
  readonly key: string
  readonly version: VersionName
  readonly commandId: CommandId
  /** Decides whether a retention has ended. */
  readonly wallMs: number
  /** Removes what is locked in mode `governance`. */
  readonly bypassGovernance?: true
  /** On the version itself: `if-absent` never holds. */
  readonly condition?: HeadCondition
  /** Only where it is the key's only version; for delete markers that hide nothing. Else `precondition-failed`. */
  readonly onlyIfAlone?: true
  /**
   * Only where it is not the newest of its key, and so many kept versions are newer than it, at least. 0 to `newerKeptMax`. Else
   * `precondition-failed`.
   */
  readonly newerKeptMin?: number
  readonly cause?: ChangeCause
}

export const newerKeptMax = 100

export interface ChangeVersion {
  readonly bucket: string
  readonly key: string
  /** Absent: the newest. */
  readonly version?: VersionName
  readonly commandId: CommandId
  readonly wallMs: number
  readonly bypassGovernance?: true
  /** Replaces all; empty: none are left. */
  readonly tags?: Readonly<Record<string, string>>
  /**
   * Replaces retention; `{}`: none. One that has not ended can be prolonged in its mode; `governance` changed and shortened too with
   * `bypassGovernance`.
   */
  readonly retention?: Pick<ObjectLock, 'mode' | 'retainUntilMs'>
  readonly legalHold?: boolean
  /** Merged into `VersionRow.extra`; an empty value removes its name. */
  readonly extra?: Readonly<Record<string, Uint8Array>>
  readonly cause?: ChangeCause
}

export interface ListVersionsRequest {
  readonly bucket: string
  readonly prefix?: string
  readonly delimiter?: string
  /** As `ListRequest.after`: whole keys and common prefixes up to it are passed over. */
  readonly after?: string
  /**
   * With `after`: of that key, versions older than this one come first. Where it does not exist any more, those whose ids are below its
   * id; for `null`, all there are.
   */
  readonly afterVersion?: VersionName
  /** Versions, delete markers and common prefixes together: 1 to `pageLimitMax`. */
  readonly limit: number
  /** As `ListRequest.details`. */
  readonly details?: true
}

export interface VersionPage {
  readonly entries: readonly VersionEntry[]
  readonly prefixes: readonly string[]
  /** Where the next page begins; absent: this is the last one. `version` absent: after a common prefix. */
  readonly next?: { readonly after: string; readonly afterVersion?: VersionName }
}

export interface VersionEntry extends ListEntry {
  readonly isLatest: boolean
  readonly isMarker: boolean
  /** Whether it goes by its id; else it is `null`. */
  readonly isVersioned: boolean
}
