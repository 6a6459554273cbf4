// The row of a version (tables head, marker and kept), and of a part of an upload. The fields that most files have come first and are
// packed; all others stand behind a flag as plain data with their names.
//
// u8 format 1 · u8 flags (1 content type · 2 ETag · 4 stored size · 8 owner · 16 extent list · 32 others · 64 versioned · 128 checksums) ·
// 26 version id · varint sequence, modifiedMs, sizeBytes · u32 crc32 · [text content type] [text ETag] [varint stored size] [text owner]
// [26 id of the extent list] [checksums] [plain data: an object of the other fields] · where there is no extent list: varint count, extents

import type { VersionId } from '../../base/ids.ts'
import type { ListDetails, ListEntry } from '../contract/file-metadata.ts'
import type { VersionEntry } from '../contract/version-metadata.ts'
import type { Checksum, VersionRow } from '../contract/version-row.ts'
import { readChecksums, writeChecksums } from './checksum-encoding.ts'
import { readExtents, readVersionId, writeExtents } from './extent-encoding.ts'
import { hasFields } from './plain-fields.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlain, encodePlain } from './plain-value.ts'
import type { PlainValue } from './plain-value.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const format = 1
const flag = {
  contentType: 1,
  etag: 2,
  storedSize: 4,
  owner: 8,
  extentList: 16,
  others: 32,
  versioned: 64,
  checksums: 128,
} as const
const scratch = new RowWriter()

/** The fields that seldom occur, kept as plain data. */
type OtherFields = Omit<
  VersionRow,
  | 'version'
  | 'sequence'
  | 'modifiedMs'
  | 'sizeBytes'
  | 'storedSizeBytes'
  | 'crc32'
  | 'etag'
  | 'contentType'
  | 'owner'
  | 'extentList'
  | 'extents'
  | 'versioned'
>

const otherFields: Fields<OtherFields> = {
  /** Only in rows of older versions. */
  checksums: 'list?',
  transform: 'object?',
  parts: 'list?',
  headers: 'object?',
  userMetadata: 'object?',
  tags: 'object?',
  lock: 'object?',
  deleteMarker: 'boolean?',
  recovered: 'boolean?',
  ownRecord: 'object?',
  extra: 'object?',
}

/** Where `extentList` is set, the extents lie in its row and are left out here; so do parts, which the caller leaves out then. */
export function encodeVersion(row: VersionRow): Uint8Array<ArrayBuffer> {
  const { version, sequence, modifiedMs, sizeBytes, storedSizeBytes, crc32, etag, contentType, owner, extentList } = row
  const others = encodeOthers(row)
  const flags =
    (contentType === undefined ? 0 : flag.contentType) |
    (etag === undefined ? 0 : flag.etag) |
    (storedSizeBytes === undefined ? 0 : flag.storedSize) |
    (owner === undefined ? 0 : flag.owner) |
    (extentList === undefined ? 0 : flag.extentList) |
    (others === undefined ? 0 : flag.others) |
    (row.versioned === true ? flag.versioned : 0) |
    (row.checksums === undefined ? 0 : flag.checksums)
  const writer = scratch.clear()
  writer.byte(format).byte(flags).fixed(version).number(sequence).number(modifiedMs).number(sizeBytes).uint32(crc32)
  if (contentType !== undefined) writer.text(contentType)
  if (etag !== undefined) writer.text(etag)
  if (storedSizeBytes !== undefined) writer.number(storedSizeBytes)
  if (owner !== undefined) writer.text(owner)
  if (extentList !== undefined) writer.fixed(extentList)
  if (row.checksums !== undefined) writeChecksums(writer, row.checksums)
  if (others !== undefined) writer.bytes(others)
  if (extentList === undefined) writeExtents(writer, row.extents)
  return writer.finish()
}

/** Where `extentList` is set, `extents` is empty. @throws FrostError `store-corrupt`. */
export function decodeVersion(bytes: Uint8Array): VersionRow {
  const reader = new RowReader(bytes)
  const start = readStart(reader)
  const { flags } = start
  const { list, marks } = readMiddle(reader, flags)
  const others = flags & flag.others ? readOthers(reader) : {}
  const extents = list.extentList === undefined ? readExtents(reader) : []
  reader.end()
  if ((flags & ~(flag.contentType | flag.etag | flag.owner)) === 0) return { ...start.plain, extents }
  return { ...start.plain, ...start.stored, ...list, ...marks, ...others, extents }
}

/** What a listing shows, without reading the rest of the row. */
export function decodeListEntry(key: string, bytes: Uint8Array, hasDetails: boolean): ListEntry {
  const reader = new RowReader(bytes)
  const { flags, plain } = readStart(reader)
  const entry = toListEntry(key, plain)
  return hasDetails ? { ...entry, ...readTail(reader, flags).details } : entry
}

/** What a listing of versions shows, but for `isLatest`. */
export function decodeVersionEntry(
  key: string,
  bytes: Uint8Array,
  hasDetails: boolean,
): Omit<VersionEntry, 'isLatest'> {
  const reader = new RowReader(bytes)
  const { flags, plain } = readStart(reader)
  const entry = toListEntry(key, plain)
  const isVersioned = (flags & flag.versioned) !== 0
  // A plain row is no marker.
  if (!hasDetails && (flags & flag.others) === 0) return { ...entry, isMarker: false, isVersioned }
  const { isMarker, details } = readTail(reader, flags)
  return { ...entry, ...(hasDetails ? details : {}), isMarker, isVersioned }
}

/** The name of the version, without reading the rest of the row. */
export function decodeVersionName(bytes: Uint8Array): { readonly version: VersionId; readonly isVersioned: boolean } {
  const reader = new RowReader(bytes)
  readFormat(reader)
  const flags = reader.byte()
  return { version: readVersionId(reader), isVersioned: (flags & flag.versioned) !== 0 }
}

/** What listings show of what comes after the start. */
function readTail(
  reader: RowReader,
  flags: number,
): { readonly isMarker: boolean; readonly details: Pick<ListEntry, 'details'> } {
  const { marks } = readMiddle(reader, flags)
  const others = flags & flag.others ? readOthers(reader) : {}
  const details = detailsOf(others, marks.checksums)
  return { isMarker: others.deleteMarker === true, details: details === undefined ? {} : { details } }
}

function toListEntry(key: string, plain: VersionStart['plain']): ListEntry {
  const { version, modifiedMs, sizeBytes, crc32, etag, contentType, owner } = plain
  return {
    key,
    version,
    modifiedMs,
    sizeBytes,
    crc32,
    ...(etag === undefined ? {} : { etag }),
    ...(contentType === undefined ? {} : { contentType }),
    ...(owner === undefined ? {} : { owner }),
  }
}

function detailsOf(others: OtherFields, packed: readonly Checksum[] | undefined): ListDetails | undefined {
  const checksums = packed ?? others.checksums
  const storageClass = others.headers?.['x-amz-storage-class']
  if (checksums === undefined && storageClass === undefined) return undefined
  return {
    ...(storageClass === undefined ? {} : { storageClass }),
    ...(checksums === undefined
      ? {}
      : {
          checksumAlgorithms: checksums.map(({ algorithm }) => algorithm),
          isChecksumComposite: checksums[0]?.composite === true,
        }),
  }
}

interface VersionStart {
  readonly flags: number
  readonly plain: Pick<
    VersionRow,
    'version' | 'sequence' | 'modifiedMs' | 'sizeBytes' | 'crc32' | 'etag' | 'contentType' | 'owner'
  >
  readonly stored: Pick<VersionRow, 'storedSizeBytes'>
}

/** What most listings show, which comes first. */
function readStart(reader: RowReader): VersionStart {
  readFormat(reader)
  const flags = reader.byte()
  const fixed = {
    version: readVersionId(reader),
    sequence: reader.number(),
    modifiedMs: reader.number(),
    sizeBytes: reader.number(),
    crc32: reader.uint32(),
  }
  const contentType = flags & flag.contentType ? { contentType: reader.text() } : undefined
  const etag = flags & flag.etag ? { etag: reader.text() } : undefined
  const stored = flags & flag.storedSize ? { storedSizeBytes: reader.number() } : {}
  const owner = flags & flag.owner ? { owner: reader.text() } : undefined
  return { flags, plain: { ...fixed, ...contentType, ...etag, ...owner }, stored }
}

interface VersionMiddle {
  readonly list: Pick<VersionRow, 'extentList'>
  readonly marks: Pick<VersionRow, 'versioned' | 'checksums'>
}

/** What comes between the start and the other fields. */
function readMiddle(reader: RowReader, flags: number): VersionMiddle {
  const list = flags & flag.extentList ? { extentList: readVersionId(reader) } : {}
  const checksums = flags & flag.checksums ? { checksums: readChecksums(reader) } : undefined
  const versioned = flags & flag.versioned ? { versioned: true as const } : undefined
  return { list, marks: { ...versioned, ...checksums } }
}

function readOthers(reader: RowReader): OtherFields {
  const others: unknown = decodePlain(reader.bytes())
  if (!hasFields(others, otherFields)) throw corrupt('a field of a version is of another kind')
  return others
}

function readFormat(reader: RowReader): void {
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of a version`)
}

function encodeOthers(row: VersionRow): Uint8Array<ArrayBuffer> | undefined {
  const others: Required<{ readonly [Name in keyof OtherFields]: PlainValue | OtherFields[Name] }> = {
    checksums: undefined,
    transform: row.transform,
    parts: row.parts,
    headers: row.headers,
    userMetadata: row.userMetadata,
    tags: row.tags,
    lock: row.lock,
    deleteMarker: row.deleteMarker,
    recovered: row.recovered,
    ownRecord: row.ownRecord,
    extra: row.extra,
  }
  for (const value of Object.values(others)) {
    if (value !== undefined) return encodePlain(others)
  }
  return undefined
}
