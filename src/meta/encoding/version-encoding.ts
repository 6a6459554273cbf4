// The row of a version (tables head, marker and kept) and of a shared list of extents. The fields that every plain file has come
// first and are packed; all others stand behind a flag, most of them as plain data with their names.
//
// u8 format 1 · u8 flags (1 content type · 2 ETag · 4 stored size · 8 owner · 16 extent list · 32 others) · 26 version id · varint
// sequence, modifiedMs, sizeBytes · u32 crc32 · [text content type] [text ETag] [varint stored size] [text owner] [26 id of the extent
// list] [plain data: an object of the other fields] · where there is no extent list: varint count, extents
// extent: varint group · 16 data id · u8 k · u8 m · varint chunk size, data length, offset, length

import { parseDataId, parseGroupId, parseVersionId } from '../../base/ids.ts'
import type { DataId, GroupId, VersionId } from '../../base/ids.ts'
import type { ListEntry } from '../contract/file-metadata.ts'
import { extentsMax } from '../contract/version-row.ts'
import type { Extent, VersionRow } from '../contract/version-row.ts'
import { hasFields } from './plain-fields.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlain, encodePlain } from './plain-value.ts'
import type { PlainValue } from './plain-value.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const format = 1
const flag = { contentType: 1, etag: 2, storedSize: 4, owner: 8, extentList: 16, others: 32 } as const
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
>

const otherFields: Fields<OtherFields> = {
  checksums: 'list?',
  transform: 'object?',
  parts: 'list?',
  headers: 'object?',
  userMetadata: 'object?',
  tags: 'object?',
  lock: 'object?',
  deleteMarker: 'boolean?',
  nullVersion: 'boolean?',
  recovered: 'boolean?',
  extra: 'object?',
}

/** Where `extentList` is set, the extents lie in its row and are left out here. */
export function encodeVersion(row: VersionRow): Uint8Array<ArrayBuffer> {
  const { version, sequence, modifiedMs, sizeBytes, storedSizeBytes, crc32, etag, contentType, owner, extentList } = row
  const others = encodeOthers(row)
  const flags =
    (contentType === undefined ? 0 : flag.contentType) |
    (etag === undefined ? 0 : flag.etag) |
    (storedSizeBytes === undefined ? 0 : flag.storedSize) |
    (owner === undefined ? 0 : flag.owner) |
    (extentList === undefined ? 0 : flag.extentList) |
    (others === undefined ? 0 : flag.others)
  const writer = scratch.clear()
  writer.byte(format).byte(flags).fixed(version).number(sequence).number(modifiedMs).number(sizeBytes).uint32(crc32)
  if (contentType !== undefined) writer.text(contentType)
  if (etag !== undefined) writer.text(etag)
  if (storedSizeBytes !== undefined) writer.number(storedSizeBytes)
  if (owner !== undefined) writer.text(owner)
  if (extentList !== undefined) writer.fixed(extentList)
  if (others !== undefined) writer.bytes(others)
  if (extentList === undefined) writeExtents(writer, row.extents)
  return writer.finish()
}

/** Where `extentList` is set, `extents` is empty. @throws FrostError `store-corrupt`. */
export function decodeVersion(bytes: Uint8Array): VersionRow {
  const reader = new RowReader(bytes)
  const start = readStart(reader)
  const { flags, list, others } = start
  const extents = list.extentList === undefined ? readExtents(reader) : []
  reader.end()
  if ((flags & (flag.storedSize | flag.extentList | flag.others)) === 0) return { ...start.plain, extents }
  return { ...start.plain, ...start.stored, ...list, ...others, extents }
}

/** What a listing shows, without reading the rest of the row. */
export function decodeListEntry(key: string, bytes: Uint8Array): ListEntry {
  const { version, modifiedMs, sizeBytes, crc32, etag, contentType, owner } = readStart(new RowReader(bytes)).plain
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

/** A shared list: u8 format 1 · varint count of versions that have it · varint count, extents. */
export interface ExtentListRow {
  readonly references: number
  readonly extents: readonly Extent[]
}

export function encodeExtentList(row: ExtentListRow): Uint8Array<ArrayBuffer> {
  const writer = scratch.clear().byte(format).number(row.references)
  writeExtents(writer, row.extents)
  return writer.finish()
}

export function decodeExtentList(bytes: Uint8Array): ExtentListRow {
  const reader = new RowReader(bytes)
  readFormat(reader)
  const references = reader.number()
  const extents = readExtents(reader)
  reader.end()
  return { references, extents }
}

export function readVersionId(reader: RowReader): VersionId {
  const version = parseVersionId(reader.fixed(26))
  if (version === undefined) throw corrupt('a version id is not one')
  return version
}

interface VersionStart {
  readonly flags: number
  readonly plain: Pick<
    VersionRow,
    'version' | 'sequence' | 'modifiedMs' | 'sizeBytes' | 'crc32' | 'etag' | 'contentType' | 'owner'
  >
  readonly stored: Pick<VersionRow, 'storedSizeBytes'>
  readonly list: Pick<VersionRow, 'extentList'>
  readonly others: OtherFields
}

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
  const list = flags & flag.extentList ? { extentList: readVersionId(reader) } : {}
  const others = flags & flag.others ? readOthers(reader) : {}
  return { flags, plain: { ...fixed, ...contentType, ...etag, ...owner }, stored, list, others }
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
    checksums: row.checksums,
    transform: row.transform,
    parts: row.parts,
    headers: row.headers,
    userMetadata: row.userMetadata,
    tags: row.tags,
    lock: row.lock,
    deleteMarker: row.deleteMarker,
    nullVersion: row.nullVersion,
    recovered: row.recovered,
    extra: row.extra,
  }
  for (const value of Object.values(others)) {
    if (value !== undefined) return encodePlain(others)
  }
  return undefined
}

function writeExtents(writer: RowWriter, extents: readonly Extent[]): void {
  writer.number(extents.length)
  for (const extent of extents) {
    writer.number(extent.group).hex(extent.dataId)
    writer.byte(extent.scheme.dataColumns).byte(extent.scheme.parityColumns)
    writer.number(extent.chunkSizeBytes).number(extent.dataLengthBytes).number(extent.offset).number(extent.length)
  }
}

function readExtents(reader: RowReader): readonly Extent[] {
  const count = reader.number()
  if (count > extentsMax) throw corrupt('it has too many extents')
  const extents: Extent[] = []
  for (let index = 0; index < count; index++) {
    extents.push({
      group: readGroupId(reader),
      dataId: readData(reader),
      scheme: { dataColumns: reader.byte(), parityColumns: reader.byte() },
      chunkSizeBytes: reader.number(),
      dataLengthBytes: reader.number(),
      offset: reader.number(),
      length: reader.number(),
    })
  }
  return extents
}

function readGroupId(reader: RowReader): GroupId {
  const group = parseGroupId(reader.number())
  if (group === undefined) throw corrupt('a group is not one')
  return group
}

function readData(reader: RowReader): DataId {
  const dataId = parseDataId(reader.hex(32))
  if (dataId === undefined) throw corrupt('a data id is not one')
  return dataId
}
