// What is stored of one version of a file: where its bytes lie (extents) and what its readers are told. Head, kept and marker
// rows are all of this one shape, so that a version moves between them as it is; encoding/version-encoding.ts is its stored form.

import type { DataId, GroupId, VersionId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'

/**
 * One version of a file. What a plain file does not have is absent, and costs no byte. The fields that S3 needs are here
 * from the first day, so that its rows need no migration.
 */
export interface VersionRow extends NewVersion {
  /** Orders the versions of one key: larger is newer. Given by the commit, one above the head's; from 1. */
  readonly sequence: number
  /** Last-Modified: never below that of the version before it. */
  readonly modifiedMs: number
  /**
   * Set where the extents (above `extentsInlineMax`) or parts (above `partsInlineMax`) are so many that they lie in a shared row with one
   * count. A copy names it (`CommitVersion.shareExtents`) instead of each data id. Answers of mutations leave out what lies there.
   */
  readonly extentList?: VersionId
  /**
   * It goes by its id: made while its bucket's versioning was enabled. A key has at most one version that is not: S3's version "null".
   * Decided by the commit.
   */
  readonly versioned?: true
}

/** A version as its writer knows it before the commit. `modifiedMs` is what the writer's wall clock says. */
export interface NewVersion {
  readonly version: VersionId
  readonly modifiedMs: number
  /** As the client sees it. */
  readonly sizeBytes: number
  /** The sum of the extents' lengths, after the transform; absent: `sizeBytes`. */
  readonly storedSizeBytes?: number
  /** In order; their lengths add up to the stored size. An empty file has one with length 0. At most `extentsMax`. */
  readonly extents: readonly Extent[]
  /** CRC-32 of the whole file as the client sees it. */
  readonly crc32: number
  /** Without quotes; absent: the version id is the ETag. */
  readonly etag?: string
  readonly contentType?: string
  readonly owner?: string
  readonly checksums?: readonly Checksum[]
  /** How the stored bytes differ from the logical ones (compression, encryption); absent: they do not. */
  readonly transform?: Transform
  readonly parts?: readonly Part[]
  /** Cache-Control, Content-Disposition and the like, names in lower case. */
  readonly headers?: Readonly<Record<string, string>>
  readonly userMetadata?: Readonly<Record<string, string>>
  readonly tags?: Readonly<Record<string, string>>
  readonly lock?: ObjectLock
  /** A version that says "deleted"; it has no extents. */
  readonly deleteMarker?: true
  /** Put back by `rebuild-metadata` from its manifest. */
  readonly recovered?: true
  /**
   * A record of no bytes that has the manifest of a version whose extents are a list of another version (a copy): there it has no place.
   * It is the commit's `newData`.
   */
  readonly ownRecord?: Extent
  /** For what comes later; names are short, values opaque. Unknown ones are kept. */
  readonly extra?: Readonly<Record<string, Uint8Array>>
}

/**
 * `length` bytes from `offset` of one data id. Scheme, chunk size and length of the data id are copied here from its data row,
 * whose values never change, so that a read needs one row only.
 */
export interface Extent {
  readonly group: GroupId
  readonly dataId: DataId
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  /** Of the whole data id. */
  readonly dataLengthBytes: number
  readonly offset: number
  readonly length: number
}

export interface Checksum {
  /** `crc32c`, `sha256`, … */
  readonly algorithm: string
  readonly value: Uint8Array
  /** Of the whole file, or over the parts' checksums. */
  readonly composite?: true
}

export interface Transform {
  readonly kind: string
  readonly parameters: Uint8Array
}

/** One part of a multipart upload; `length` logical bytes. */
export interface Part {
  readonly number: number
  readonly length: number
  readonly etag?: string
  readonly checksums?: readonly Checksum[]
}

export interface ObjectLock {
  readonly mode?: 'governance' | 'compliance'
  readonly retainUntilMs?: number
  readonly legalHold?: true
}

export const extentsInlineMax = 32
export const partsInlineMax = 32
/** 10,000 parts with four each: some two MiB. */
export const extentsMax = 40_000
