// Multipart uploads: what their parts are before they become one version. A part is data that is committed: its row holds one reference
// on each data id that its extents name, and gives it to the version that is made of it, or gives it back when the part is replaced or
// the upload ends. Its bytes count as the bucket's.
// Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html

import type { VersionId } from '../../base/ids.ts'
import type { ChangeCause } from './change-metadata.ts'
import type { CommandId, DataRef } from './conventions.ts'
import type { CommitResult, NewData } from './file-metadata.ts'
import type { HeadCondition } from './head-condition.ts'
import type { NewVersion, Part } from './version-row.ts'

/** Made like a version id: time first, so that uploads of a key sort by their beginning. */
export type MultipartId = VersionId

export interface MultipartRow {
  readonly bucket: string
  readonly key: string
  readonly upload: MultipartId
  readonly createdMs: number
  /** Canonical id of who began it. Absent: nobody is known. */
  readonly initiator?: string
  /** What the version will have besides its bytes. */
  readonly template: MultipartTemplate
  /** What checksum its parts and the whole have. */
  readonly checksum?: { readonly algorithm: string; readonly isComposite: boolean }
  /** It was completed, and this came of it: kept so that a repeat gets the same answer, and listed nowhere. */
  readonly completed?: { readonly version: VersionId; readonly atMs: number }
}

export interface OldMultipart extends MultipartRow {
  /** An abort has begun. */
  readonly aborting?: true
}

export type MultipartTemplate = Pick<
  NewVersion,
  'contentType' | 'owner' | 'headers' | 'userMetadata' | 'tags' | 'lock' | 'transform' | 'extra'
>

export interface PartRow extends Pick<
  NewVersion,
  'sizeBytes' | 'storedSizeBytes' | 'extents' | 'crc32' | 'etag' | 'checksums' | 'extra'
> {
  /** 1 to `partsMax`. */
  readonly number: number
  /** Names this writing of the part; by it a repeat is recognised. */
  readonly id: VersionId
  readonly modifiedMs: number
}

export interface MultipartReads {
  /** @throws FrostError `bucket-not-found`. `undefined`: there is no such upload of that key. */
  getMultipart(name: MultipartName): Promise<MultipartRow | undefined>
  /**
   * Parts after number `after` (0: from the first); extents of each with it.
   * @throws FrostError `bucket-not-found`; `upload-not-found`, also where it is completed or being aborted.
   */
  listParts(request: ListParts): Promise<readonly PartRow[]>
  /**
   * By key in byte order, then by upload id. Those that are completed or being aborted are left out.
   * @throws FrostError `bucket-not-found`.
   */
  listMultiparts(request: ListMultiparts): Promise<MultipartPage>
  /** All buckets' uploads that began, or were completed, before a time, by that time. Those that are being aborted too. For expiry. */
  listOldMultiparts(request: ListOldMultiparts): Promise<readonly OldMultipart[]>
}

export interface MultipartMutations {
  /** A repeat is harmless. @throws FrostError `bucket-not-found`; `bad-request`: a lock in a bucket without object lock. */
  createMultipart(row: MultipartRow): Promise<void>
  /**
   * Stores a part in the place of an earlier one of its number, whose references are given back. Its data ids become `live` as by
   * `commitVersion`. A repeat (same id and data) is harmless.
   * @throws FrostError `upload-not-found`; `upload-expired`, `data-gone`, `epoch-stale`, `quota-exceeded` as `commitVersion`;
   * `bad-request` above `partExtentsMax`, and where a part of more than `partExtentsFew` makes all of them more than `extentsMax`.
   */
  putPart(command: PutPart): Promise<void>
  /**
   * Makes the newest version of the key from parts, as `commitVersion` does: condition, versioning, and what it replaces. References of
   * the parts go over to the version; parts that it does not name are given back. `newData` is the record that holds the manifest. A
   * repeat gives the first answer; so does any other command on an upload that is completed, as long as its version is there: where the
   * answer's version is another one than the command's, `newData` is the caller's to discard.
   * @throws FrostError `upload-not-found`; `part-invalid`: a part is not there (any more) with that id; and as `commitVersion`.
   */
  completeMultipart(command: CompleteMultipart): Promise<CommitResult>
  /**
   * Gives back at most `partsEach` parts, and the upload itself with the last of them; resolves to whether it is gone. Repeat until it is.
   * From the first call on it is no more listed and takes no more parts.
   * @throws FrostError `upload-not-found` (a repeat may meet it), also for one that is completed.
   */
  abortMultipart(command: AbortMultipart): Promise<boolean>
}

export interface MultipartName {
  readonly bucket: string
  readonly key: string
  readonly upload: MultipartId
}

export interface AbortMultipart extends MultipartName {
  /** Forgets one that was completed, too: a repeat of its completion is then `upload-not-found`. */
  readonly forgets?: true
}

export interface ListOldMultiparts {
  readonly beforeMs: number
  /** One of an earlier page; it need not exist any more. */
  readonly after?: MultipartRow
  readonly limit: number
}

export interface ListParts extends MultipartName {
  readonly after: number
  readonly limit: number
}

export interface ListMultiparts {
  readonly bucket: string
  readonly prefix?: string
  readonly delimiter?: string
  readonly afterKey?: string
  /** With `afterKey`: uploads of that key after this one come first; absent: the next key. */
  readonly afterUpload?: MultipartId
  readonly limit: number
}

export interface MultipartPage {
  readonly uploads: readonly MultipartRow[]
  readonly prefixes: readonly string[]
  readonly next?: { readonly afterKey: string; readonly afterUpload?: MultipartId }
}

export interface PutPart extends MultipartName {
  readonly part: PartRow
  readonly newData: readonly NewData[]
  /** Data ids of versions that the extents name (part copy), each once. */
  readonly sharedData?: readonly DataRef[]
  /** Needed where `newData` is empty. */
  readonly commandId?: CommandId
}

export interface CompleteMultipart extends MultipartName {
  /** In ascending order of their numbers; those that the version is made of. */
  readonly parts: readonly { readonly number: number; readonly id: VersionId }[]
  /** Its extents are those of the parts in order, then that of the manifest's record with length 0. */
  readonly version: Omit<NewVersion, 'extents' | 'parts'> & { readonly parts: readonly Part[] }
  readonly newData: readonly [NewData]
  readonly condition?: HeadCondition
  readonly cause?: ChangeCause
}

export const partsMax = 10_000
export const partsEach = 500
/** A copy of 5 GiB of a file that was uploaded in parts of 5 MiB, and room. */
export const partExtentsMax = 2_048
/** A body of 5 GiB has one, or some few where placement groups close meanwhile. */
export const partExtentsFew = 16
