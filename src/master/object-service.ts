// What the S3 face sees of a master: objects with their versions, parts and settings, over the same data path as `FileService`, whose
// files they are: what one face stores the other serves.

import type { VersionId } from '../base/ids.ts'
import type { BucketRow, BucketUsage } from '../meta/contract/bucket-metadata.ts'
import type {
  BucketSetting,
  BucketSettingKind,
  BucketSettings,
  ListBucketSettings,
} from '../meta/contract/bucket-settings.ts'
import type { ChangeCause } from '../meta/contract/change-metadata.ts'
import type { ListPage, ListRequest } from '../meta/contract/file-metadata.ts'
import type { HeadCondition } from '../meta/contract/head-condition.ts'
import type {
  ListMultiparts,
  ListParts,
  MultipartName,
  MultipartPage,
  MultipartRow,
  PartRow,
} from '../meta/contract/multipart-metadata.ts'
import type {
  ChangeVersion,
  DeleteVersion,
  ListVersionsRequest,
  VersionName,
  VersionPage,
} from '../meta/contract/version-metadata.ts'
import type { Checksum, NewVersion, Part } from '../meta/contract/version-row.ts'
import type { RequestTrail } from '../rpc/request-trail.ts'
import type { FileBody, FileInfo, FileName } from './file-service.ts'

export interface ObjectService {
  /**
   * Opens an upload. Nothing is visible before `finish` resolves.
   * @throws FrostError as `FileService.put`; `quota-exceeded` (also by `finish`).
   */
  put(request: PutObject): Promise<ObjectUpload<ObjectInfo>>
  /**
   * The newest version, or the one that is named; a delete marker too (`isDeleteMarker`).
   * @throws FrostError `bucket-not-found`; `metadata-unavailable`: there is none, but metadata is behind.
   */
  find(name: ObjectName): Promise<ObjectInfo | undefined>
  /**
   * As `find`, for reading. Nothing is read from a worker before `read`. A delete marker cannot be read: `info` says that it is one. To be
   * closed in any case.
   */
  open(name: ObjectName, trail?: RequestTrail): Promise<ObjectReader | undefined>
  /**
   * A new version with the bytes of another one, which are not moved: costs the same whatever the size.
   * @throws FrostError `version-not-found`: there is no such source, or it is not `sourceVersion` (any more): look again;
   * `precondition-failed`, `quota-exceeded`, and as `FileService.put`.
   */
  copy(request: CopyObject): Promise<ObjectInfo>
  /** Without a version: what a bucket's versioning makes of it. @throws FrostError `precondition-failed`. */
  remove(request: RemoveObject): Promise<RemovedObject>
  /** One version for good; `undefined`: there was none. @throws FrostError `object-locked`, `precondition-failed`. */
  removeVersion(request: Omit<DeleteVersion, 'commandId' | 'wallMs'>): Promise<ObjectInfo | undefined>
  /** @throws FrostError `version-not-found`, `object-locked`. */
  change(request: ObjectChange): Promise<ObjectInfo>
  list(request: ListRequest): Promise<ListPage>
  listVersions(request: ListVersionsRequest): Promise<VersionPage>

  createMultipart(request: Omit<MultipartRow, 'upload' | 'createdMs' | 'completed'>): Promise<MultipartRow>
  findMultipart(name: MultipartName): Promise<MultipartRow | undefined>
  /** @throws FrostError `upload-not-found`. */
  putPart(request: PutPartRequest): Promise<ObjectUpload<PartRow>>
  /** A part with bytes of a version, which are not moved. @throws FrostError as `copy`, `upload-not-found`, `range-unsatisfiable`. */
  copyPart(request: CopyPartRequest): Promise<PartRow>
  listParts(request: ListParts): Promise<readonly PartRow[]>
  listMultiparts(request: ListMultiparts): Promise<MultipartPage>
  /** @throws FrostError `upload-not-found`, `part-invalid`, `precondition-failed`, `quota-exceeded`. A repeat gives the first answer. */
  complete(request: CompleteRequest): Promise<ObjectInfo>
  /** @throws FrostError `upload-not-found`. */
  abort(name: MultipartName): Promise<void>

  /** @throws FrostError `bucket-exists`, `bucket-invalid`. */
  createBucket(row: Omit<BucketRow, 'createdMs'>): Promise<void>
  findBucket(bucket: string): Promise<BucketRow | undefined>
  listBuckets(): Promise<readonly BucketRow[]>
  /** Ends unfinished multipart uploads. @throws FrostError `bucket-not-found`, `bucket-not-empty`. */
  removeBucket(bucket: string): Promise<void>
  /** @throws FrostError `bucket-not-found`; `bad-request`: versioning of a bucket with object lock cannot be suspended. */
  changeBucket(change: BucketChange): Promise<BucketRow>
  settings(bucket: string): Promise<BucketSettings>
  setSetting(bucket: string, kind: BucketSettingKind, value: Uint8Array | undefined): Promise<void>
  /** Of those buckets that have one of a kind. */
  listSettings(request: ListBucketSettings): Promise<readonly BucketSetting[]>
  usage(bucket: string): Promise<BucketUsage>
}

export type ObjectChange = Omit<ChangeVersion, 'commandId' | 'wallMs'>

export interface ObjectName extends FileName {
  /** Absent: the newest. */
  readonly version?: VersionName | undefined
}

/** What a version is besides its bytes; all of it is stored as it is. */
export type ObjectProperties = Pick<
  NewVersion,
  'contentType' | 'owner' | 'headers' | 'userMetadata' | 'tags' | 'lock' | 'transform' | 'extra'
>

export interface PutObject extends FileName, ObjectProperties {
  /** Of the bytes that `write` will get, where it is known. */
  readonly sizeBytes?: number | undefined
  readonly condition?: HeadCondition | undefined
  readonly trail?: RequestTrail | undefined
  readonly signal?: AbortSignal | undefined
  readonly cause?: ChangeCause | undefined
}

/** What is known once the body has ended, before it is committed. */
export interface Sealing {
  /** Without quotes. Absent: the version id. */
  readonly etag?: string
  readonly checksums?: readonly Checksum[]
  /** Where a transform changed the bytes that were written: what the client sees. */
  readonly logical?: { readonly sizeBytes: number; readonly crc32: number }
  readonly extra?: NewVersion['extra']
}

export interface ObjectUpload<Result> {
  /** As `Upload.write`. */
  write(slice: Uint8Array): Promise<void> | undefined
  /** Ends the body. What it resolves to is durable and visible. */
  finish(sealing: Sealing): Promise<Result>
  /** As `Upload.abort`. */
  abort(reason: unknown): void
}

export interface ObjectInfo extends FileInfo, Omit<ObjectProperties, 'contentType'> {
  readonly isDeleteMarker: boolean
  /** Whether it goes by its id; else its name is `null`. */
  readonly isVersioned: boolean
  readonly storedSizeBytes: number
  readonly checksums?: readonly Checksum[] | undefined
  readonly parts?: readonly Part[] | undefined
}

export interface ObjectReader {
  readonly info: ObjectInfo
  /** As `FileReader.read`; counts stored bytes, which a transform may have changed. */
  read(offset: number, length: number, signal?: AbortSignal): FileBody
  /** Can be called twice. */
  close(): void
}

export interface CopyObject extends FileName {
  readonly source: ObjectName
  /** The version must be this one still, where the caller has looked at it. */
  readonly sourceVersion?: VersionId | undefined
  /**
   * Replaces all properties of the source; absent: they are copied, but for owner, lock and extra. The transform stays the source's where
   * none is given, because the bytes do.
   */
  readonly properties?: ObjectProperties | undefined
  /** Always of the copy, not copied. */
  readonly own: Pick<NewVersion, 'owner' | 'lock' | 'extra'>
  /** Replaces those of the source; parts are kept as they are. */
  readonly sealing?: Pick<Sealing, 'checksums' | 'etag'> | undefined
  readonly condition?: HeadCondition | undefined
  readonly cause?: ChangeCause | undefined
}

export interface RemoveObject extends FileName {
  readonly condition?: HeadCondition | undefined
  /** Of the delete marker. */
  readonly owner?: string | undefined
  readonly cause?: ChangeCause | undefined
}

export interface RemovedObject {
  /** What is gone for good. */
  readonly removed: ObjectInfo | undefined
  /** What hides the versions below it. */
  readonly marker: ObjectInfo | undefined
}

export interface PutPartRequest extends MultipartName {
  readonly number: number
  readonly sizeBytes?: number | undefined
  readonly trail?: RequestTrail | undefined
  readonly signal?: AbortSignal | undefined
}

export interface CopyPartRequest extends MultipartName {
  readonly number: number
  readonly source: ObjectName
  readonly sourceVersion?: VersionId | undefined
  /** In stored bytes. */
  readonly range: { readonly offset: number; readonly length: number }
  /**
   * `logical` is needed where the source has a transform. Elsewhere the CRC-32 of the bytes is taken from it where it is given; else it is
   * made from the checks of the blocks, and from the bytes where the range begins and ends within one.
   */
  readonly sealing: Sealing
  /** Whether the CRC-32 of the bytes becomes a checksum of the part, after those of `sealing`. Not for transformed bytes. Default: no. */
  readonly hasCrc32?: boolean
}

export interface CompleteRequest extends MultipartName {
  /** In ascending order. `etag` and `checksums` of each were checked by the caller against `listParts`, whose ids these are. */
  readonly parts: readonly { readonly number: number; readonly id: VersionId }[]
  readonly sealing: Pick<Sealing, 'etag' | 'checksums' | 'logical' | 'extra'>
  readonly condition?: HeadCondition | undefined
  readonly cause?: ChangeCause | undefined
}

export interface BucketChange {
  readonly bucket: string
  readonly versioning?: 'enabled' | 'suspended'
  readonly objectLock?: true
  /** 0: no limit. */
  readonly quotaBytes?: number
}
