// Extents, in the row of a version or in a shared list, which holds the parts of a large multipart upload too.
//
// extent: varint group · 16 data id · u8 k · u8 m · varint chunk size, data length, offset, length
// shared list: u8 format (1; 2 with parts) · varint 1 · varint count, extents · [varint count, parts]. How many versions have it stands in
// a row of its own, so that a copy writes a few bytes; lists without that row are of an older version, and their number is it.
// part: u8 flags (1 ETag · 2 ETag of 32 hex digits · 4 checksums) · varint number, length · [text ETag] [16 ETag] [checksums]

import { parseDataId, parseGroupId, parseVersionId } from '../../base/ids.ts'
import type { DataId, GroupId, VersionId } from '../../base/ids.ts'
import { partsMax } from '../contract/multipart-metadata.ts'
import { extentsMax } from '../contract/version-row.ts'
import type { Extent, Part } from '../contract/version-row.ts'
import { readChecksums, writeChecksums } from './checksum-encoding.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

const format = 1
const formatWithParts = 2
const partFlag = { etag: 1, hexEtag: 2, checksums: 4 } as const
const scratch = new RowWriter()

/** What lies in a list. */
export interface ExtentList {
  readonly extents: readonly Extent[]
  readonly parts?: readonly Part[]
}

export interface ExtentListRow extends ExtentList {
  /** Where there is no row of its own for it. */
  readonly references: number
}

export function encodeExtentList({ references, extents, parts }: ExtentListRow): Uint8Array<ArrayBuffer> {
  const writer = scratch.clear()
  writer.byte(parts === undefined ? format : formatWithParts).number(references)
  writeExtents(writer, extents)
  if (parts !== undefined) writeParts(writer, parts)
  return writer.finish()
}

export function decodeExtentList(bytes: Uint8Array): ExtentListRow {
  const reader = new RowReader(bytes)
  const found = readListFormat(reader)
  const references = reader.number()
  const extents = readExtents(reader)
  const parts = found === formatWithParts ? { parts: readParts(reader) } : {}
  reader.end()
  return { references, extents, ...parts }
}

/** The number in the row itself. */
export function decodeListReferences(bytes: Uint8Array): number {
  const reader = new RowReader(bytes)
  readListFormat(reader)
  return reader.number()
}

function readListFormat(reader: RowReader): number {
  const found = reader.byte()
  if (found !== format && found !== formatWithParts) throw corrupt(`format ${found} of a list of extents`)
  return found
}

export function writeExtents(writer: RowWriter, extents: readonly Extent[]): void {
  writer.number(extents.length)
  for (const extent of extents) {
    writer.number(extent.group).hex(extent.dataId)
    writer.byte(extent.scheme.dataColumns).byte(extent.scheme.parityColumns)
    writer.number(extent.chunkSizeBytes).number(extent.dataLengthBytes).number(extent.offset).number(extent.length)
  }
}

export function readExtents(reader: RowReader): readonly Extent[] {
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

export function readVersionId(reader: RowReader): VersionId {
  const version = parseVersionId(reader.fixed(26))
  if (version === undefined) throw corrupt('a version id is not one')
  return version
}

function writeParts(writer: RowWriter, parts: readonly Part[]): void {
  writer.number(parts.length)
  for (const { number, length, etag, checksums } of parts) {
    const isHex = etag !== undefined && /^[0-9a-f]{32}$/.test(etag)
    const etagFlag = etag === undefined ? 0 : isHex ? partFlag.hexEtag : partFlag.etag
    writer.byte(etagFlag | (checksums === undefined ? 0 : partFlag.checksums))
    writer.number(number).number(length)
    if (isHex) writer.hex(etag)
    else if (etag !== undefined) writer.text(etag)
    if (checksums !== undefined) writeChecksums(writer, checksums)
  }
}

function readParts(reader: RowReader): readonly Part[] {
  const count = reader.number()
  if (count > partsMax) throw corrupt('it has too many parts')
  const parts: Part[] = []
  for (let index = 0; index < count; index++) {
    const flags = reader.byte()
    const fixed = { number: reader.number(), length: reader.number() }
    const hexEtag = flags & partFlag.hexEtag ? { etag: reader.hex(32) } : undefined
    const etag = flags & partFlag.etag ? { etag: reader.text() } : hexEtag
    const checksums = flags & partFlag.checksums ? { checksums: readChecksums(reader) } : undefined
    parts.push({ ...fixed, ...etag, ...checksums })
  }
  return parts
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
