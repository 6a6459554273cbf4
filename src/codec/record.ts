// The record of one fragment: what a master makes, a frame carries and a worker stores unchanged. The format, byte by byte,
// is in docs/design/record-format.md; golden files hold it (golden/).
//
//     header (64) | CRC table | manifest | zeros to headerLength | payload | zeros to a multiple of the alignment
//
// Whatever bytes come in, decoding either returns a header whose every length agrees with every other, or throws the
// FrostError that the caller named; it never reads outside what it was given. All numbers are little-endian.

import { assert, defined } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { dataIdFromBytes, parseGroupId, writeHex, type DataId, type GroupId } from '../base/ids.ts'
import { chunkSizeBytesMax, chunkSizeBytesMin, columnsMax } from '../base/scheme.ts'
import { KIB, MIB } from '../base/units.ts'
import type { Compute } from '../ports/compute.ts'
import { crc32Short } from './crc32.ts'
import { BlockGeometry, fullBlockBytes, type StripeRange } from './geometry.ts'

/** The fixed part; after reading so much, `decodePrefix` says how long the record is. */
export const recordPrefixBytes = 64
/** A record with a payload of this size starts and ends on a page boundary and is written past the page cache. */
export const largePayloadBytes = 64 * KIB
export const manifestBytesMax = 768 * KIB
/** No record is longer: fits a frame of 2 MiB. */
export const recordBytesMax = 2 * MIB - 64 * KIB

const magic = 0x3152_4246 // "FBR1"
const version = 1
const flagLastBlock = 1
const headerCrcAt = 60
const largeAlignment = 4096
const smallAlignment = 8

/** The error that damaged bytes are: from disk or from a peer. */
export type DamageCode = 'store-corrupt' | 'protocol-error'

/** Which fragment a record is. */
export interface FragmentIdentity {
  readonly group: GroupId
  readonly dataId: DataId
  readonly block: number
  readonly column: number
}

export interface RecordLengths {
  /** Everything before the payload. */
  readonly headerBytes: number
  readonly payloadBytes: number
  /** Zeros after the payload. */
  readonly paddingBytes: number
  /** The whole record. */
  readonly recordBytes: number
}

/** The first 64 bytes of a record, every field within its limits and consistent, its checksum not yet checked. */
export interface RecordPrefix extends FragmentIdentity, RecordLengths {
  readonly geometry: BlockGeometry
  /** The last block of its upload; only such a record has a manifest. */
  readonly isLastBlock: boolean
  readonly manifestBytes: number
  /** CRC-32 of everything before the payload but itself; identifies the content, because that includes all its checks. */
  readonly headerCrc: number
}

/** A header whose checksum holds. */
export interface RecordHeader extends RecordPrefix {
  /** The stored checks of the whole block (views of the decoded bytes): 4 bytes each, in `geometry.checkStart` order. */
  readonly checkTable: Uint8Array
  /** The manifest (a view of the decoded bytes), see manifest.ts; empty where there is none. */
  readonly manifest: Uint8Array
}

export function recordLengths(geometry: BlockGeometry, column: number, manifestBytes: number): RecordLengths {
  const payloadBytes = geometry.columnLength(column)
  const alignment = payloadBytes >= largePayloadBytes ? largeAlignment : smallAlignment
  const headerBytes = roundUp(recordPrefixBytes + 4 * geometry.checkCount + manifestBytes, alignment)
  const recordBytes = headerBytes + roundUp(payloadBytes, alignment)
  return { headerBytes, payloadBytes, paddingBytes: recordBytes - headerBytes - payloadBytes, recordBytes }
}

/** What the headers of a block's columns have in common. */
export interface HeaderContent {
  readonly group: GroupId
  readonly dataId: DataId
  readonly block: number
  readonly geometry: BlockGeometry
  readonly isLastBlock: boolean
  /** 4 bytes for each check of the block. */
  readonly checkTable: Uint8Array
  /** Empty where there is none. */
  readonly manifest: Uint8Array
}

/** Everything before the payload, for each of `columns` in order; views of one fresh piece of memory. */
export function encodeHeaders(
  compute: Compute,
  content: HeaderContent,
  columns: readonly number[],
): readonly Uint8Array<ArrayBuffer>[] {
  const { geometry, checkTable, manifest } = content
  assert(checkTable.length === 4 * geometry.checkCount, 'the table has every check')
  assert(manifest.length <= manifestBytesMax, 'the manifest is within its limit')
  assert(manifest.length === 0 || content.isLastBlock, 'only the last block has a manifest')
  const lengths = columns.map((column) => recordLengths(geometry, column, manifest.length))
  const bytes = new Uint8Array(lengths.reduce((sum, { headerBytes }) => sum + headerBytes, 0))
  const view = new DataView(bytes.buffer)
  const headers: Uint8Array<ArrayBuffer>[] = []
  const commonBytes = recordPrefixBytes + checkTable.length + manifest.length
  let at = 0
  for (const [index, column] of columns.entries()) {
    assert(geometry.hasColumn(column), 'the column has a record', column)
    if (index === 0) writeCommon(bytes, view, content)
    else bytes.copyWithin(at, 0, commonBytes)
    const { headerBytes = 0, payloadBytes = 0 } = lengths[index] ?? {}
    view.setUint8(at + 36, column)
    view.setUint32(at + 44, headerBytes, true)
    view.setUint32(at + 48, payloadBytes, true)
    const header = bytes.subarray(at, at + headerBytes)
    view.setUint32(at + headerCrcAt, headerCrcOf(compute, header), true)
    headers.push(header)
    at += headerBytes
  }
  return headers
}

/** All but what depends on the column and the checksum, at the start of `bytes`. */
function writeCommon(bytes: Uint8Array, view: DataView, content: HeaderContent): void {
  const { geometry, checkTable, manifest } = content
  view.setUint32(0, magic, true)
  view.setUint16(4, version, true)
  view.setUint8(6, geometry.scheme.dataColumns)
  view.setUint8(7, geometry.scheme.parityColumns)
  view.setUint32(8, geometry.chunkSizeBytes, true)
  view.setUint32(12, content.group, true)
  writeHex(content.dataId, bytes, 16)
  view.setUint32(32, content.block, true)
  view.setUint8(37, content.isLastBlock ? flagLastBlock : 0)
  view.setUint32(40, geometry.dataBytes, true)
  view.setUint32(52, manifest.length, true)
  view.setUint32(56, geometry.checkCount, true)
  bytes.set(checkTable, recordPrefixBytes)
  bytes.set(manifest, recordPrefixBytes + checkTable.length)
}

/** The header of another column of the same block: for a rebuilt fragment. */
export function headerForColumn(compute: Compute, header: RecordHeader, column: number): Uint8Array<ArrayBuffer> {
  const [bytes] = encodeHeaders(compute, header, [column])
  return defined(bytes, 'the header')
}

/**
 * Reads the first 64 bytes at the start of `bytes`. Nothing says yet that they are intact, but every length in the result is within the
 * limits and agrees with the block's geometry, so it is safe to read or allocate `recordBytes`.
 * @throws FrostError `code`
 */
export function decodePrefix(bytes: Uint8Array, code: DamageCode): RecordPrefix {
  if (bytes.length < recordPrefixBytes) throw damage(code, `a record header of ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(0, true) !== magic) throw damage(code, 'no record starts here')
  if (view.getUint16(4, true) !== version) throw damage(code, `record version ${view.getUint16(4, true)}`)
  const geometry = decodeGeometry(view, code)
  const group = parseGroupId(view.getUint32(12, true))
  if (group === undefined) throw damage(code, 'group 0')
  const column = view.getUint8(36)
  if (!geometry.hasColumn(column)) throw damage(code, `column ${column}`)
  const flags = view.getUint8(37)
  const isLastBlock = (flags & flagLastBlock) !== 0
  if ((flags & ~flagLastBlock) !== 0 || view.getUint16(38, true) !== 0) throw damage(code, `flags ${flags}`)
  const manifestBytes = view.getUint32(52, true)
  if (manifestBytes > (isLastBlock ? manifestBytesMax : 0)) throw damage(code, `a manifest of ${manifestBytes} bytes`)
  const lengths = recordLengths(geometry, column, manifestBytes)
  const agrees =
    view.getUint32(44, true) === lengths.headerBytes &&
    view.getUint32(48, true) === lengths.payloadBytes &&
    view.getUint32(56, true) === geometry.checkCount
  if (!agrees) throw damage(code, 'the lengths of the record contradict each other')
  return {
    ...lengths,
    geometry,
    group,
    dataId: dataIdFromBytes(bytes.subarray(16, 32)),
    block: view.getUint32(32, true),
    column,
    isLastBlock,
    manifestBytes,
    headerCrc: view.getUint32(headerCrcAt, true),
  }
}

function decodeGeometry(view: DataView, code: DamageCode): BlockGeometry {
  const scheme = { dataColumns: view.getUint8(6), parityColumns: view.getUint8(7) }
  const { dataColumns: k, parityColumns: m } = scheme
  if (k < 1 || m < 1 || k + m > columnsMax) throw damage(code, `scheme ${k}+${m}`)
  const chunkSizeBytes = view.getUint32(8, true)
  if (chunkSizeBytes < chunkSizeBytesMin || chunkSizeBytes > chunkSizeBytesMax) {
    throw damage(code, `chunks of ${chunkSizeBytes} bytes`)
  }
  const dataBytes = view.getUint32(40, true)
  if (dataBytes > fullBlockBytes(scheme, chunkSizeBytes)) throw damage(code, `a block of ${dataBytes} bytes`)
  return new BlockGeometry(scheme, chunkSizeBytes, dataBytes)
}

/**
 * Reads and checks everything before the payload. `bytes` starts with the record and holds at least its header; the result
 * keeps views of it.
 * @throws FrostError `code`
 */
export function decodeHeader(compute: Compute, bytes: Uint8Array, code: DamageCode): RecordHeader {
  const prefix = decodePrefix(bytes, code)
  if (bytes.length < prefix.headerBytes) throw damage(code, 'the record ends within its header')
  if (headerCrcOf(compute, bytes.subarray(0, prefix.headerBytes)) !== prefix.headerCrc) {
    throw damage(code, `the header of ${fragmentName(prefix)} fails its checksum`)
  }
  const tableEnd = recordPrefixBytes + 4 * prefix.geometry.checkCount
  return {
    ...prefix,
    checkTable: bytes.subarray(recordPrefixBytes, tableEnd),
    manifest: bytes.subarray(tableEnd, tableEnd + prefix.manifestBytes),
  }
}

/** The stored checks of some stripes of a column: a view of the table. */
export function checksOf(header: RecordHeader, column: number, stripes: StripeRange): Uint8Array {
  const first = header.geometry.checkIndex(column, stripes.firstStripe)
  const end = header.geometry.checkIndex(column, stripes.endStripe)
  return header.checkTable.subarray(4 * first, 4 * end)
}

/** The name of a fragment in messages and logs. */
export function fragmentName(identity: FragmentIdentity): string {
  return `fragment ${identity.group}/${identity.dataId}/${identity.block}/${identity.column}`
}

function headerCrcOf(compute: Compute, header: Uint8Array): number {
  return compute.crc32(header.subarray(recordPrefixBytes), crc32Short(header, 0, headerCrcAt))
}

function damage(code: DamageCode, message: string): FrostError {
  return new FrostError(code, message)
}

function roundUp(bytes: number, alignment: number): number {
  return Math.ceil(bytes / alignment) * alignment
}
