// The header of a batch: what one append of a log brought. docs/design/store-format.md has every byte. Little-endian:
//
//  0 u32 magic "FBB1"   4 u16 version   6 u8 log kind   7 u8 flags (1: recovery)   8 [8] salt of the segment
// 16 u32 segment   20 u32 offset in the segment / 4,096   24 u64 batch number   32 u64 sequence counter when it was formed
// 40 u32 entries   44 u32 header bytes   48 u32 batch bytes   52 [8] 0   60 u32 CRC-32 of [0, 60) and [64, header bytes)
// 64 entries (log-entry.ts)
//
// The salt is random for each segment and never leaves the worker, so bytes of users that look like a header are not
// one; the place is in it, so a header in the wrong place is not one either.

import { assert } from '../base/assert.ts'
import { alignmentBytes } from '../ports/disk.ts'
import type { Compute } from '../ports/compute.ts'
import { entryBytes, readEntry, readUint48, writeEntry, writeUint48, type LogEntry } from './log-entry.ts'

const batchHeaderBytes = 64
/** Two pages: CRC-32 keeps its Hamming distance of 4 up to 11,454 bytes. */
export const batchHeaderBytesMax = 2 * alignmentBytes

const magic = 0x3142_4246 // "FBB1"
const version = 1
const flagRecovery = 1
const checksumAt = 60

export type LogKind = 'small' | 'large'
const logKinds: readonly LogKind[] = ['small', 'large']

/** Where a batch lies and what marks it as this segment's. */
export interface BatchPlace {
  readonly kind: LogKind
  readonly salt: Uint8Array
  readonly segment: number
  readonly offset: number
}

export interface BatchHeader {
  readonly number: number
  /** The next sequence when it was formed. */
  readonly sequence: number
  /** Written while the log was being recovered: proves nothing about the segments before. */
  readonly isRecovery: boolean
  readonly headerBytes: number
  /** A multiple of 4,096. */
  readonly batchBytes: number
  /** Offsets are those in the segment. */
  readonly entries: readonly LogEntry[]
}

export function kindNumber(kind: LogKind): number {
  return 1 + logKinds.indexOf(kind)
}

export function kindOfNumber(value: number): LogKind | undefined {
  return logKinds[value - 1]
}

/** Entries that fit one header: the large log's takes one page, so that records stay aligned without waste. */
export function batchEntriesMax(kind: LogKind): number {
  const bytes = kind === 'large' ? alignmentBytes : batchHeaderBytesMax
  return Math.floor((bytes - batchHeaderBytes) / entryBytes)
}

/** From the start of the batch to its first record. */
export function batchRecordsOffset(kind: LogKind, entryCount: number): number {
  const bytes = batchHeaderBytes + entryCount * entryBytes
  return kind === 'large' ? alignmentBytes : bytes
}

/**
 * Writes the header into the start of `into`. Offsets of records follow from their order: each starts where the one before ended.
 * Returns the batch's length without padding.
 */
export function encodeBatchHeader(
  compute: Compute,
  into: Uint8Array,
  place: BatchPlace,
  batch: Pick<BatchHeader, 'number' | 'sequence' | 'isRecovery' | 'entries'>,
): number {
  const { entries } = batch
  assert(entries.length > 0 && entries.length <= batchEntriesMax(place.kind), 'entries of a batch', entries.length)
  const view = new DataView(into.buffer, into.byteOffset, into.byteLength)
  const headerBytes = batchHeaderBytes + entries.length * entryBytes
  let end = batchRecordsOffset(place.kind, entries.length)
  into.fill(0, 0, end)
  for (const [index, entry] of entries.entries()) {
    writeEntry(view, batchHeaderBytes + index * entryBytes, entry, entry.kind === 'record' ? end : 0)
    end += entry.bytes
  }
  view.setUint32(0, magic, true)
  view.setUint16(4, version, true)
  view.setUint8(6, kindNumber(place.kind))
  view.setUint8(7, batch.isRecovery ? flagRecovery : 0)
  into.set(place.salt, 8)
  view.setUint32(16, place.segment, true)
  view.setUint32(20, place.offset / alignmentBytes, true)
  writeUint48(view, 24, batch.number)
  writeUint48(view, 32, batch.sequence)
  view.setUint32(40, entries.length, true)
  view.setUint32(44, headerBytes, true)
  view.setUint32(48, roundUp(end), true)
  view.setUint32(checksumAt, checksumOf(compute, into, headerBytes), true)
  return end
}

/** Whether a header of this segment could start here: cheap, for searching. */
export function looksLikeBatch(bytes: Uint8Array, salt: Uint8Array): boolean {
  if (bytes.length < batchHeaderBytes) return false
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(0, true) === magic && salt.every((byte, index) => bytes[8 + index] === byte)
}

/** `undefined`: no intact header of this place. `bytes` holds up to `batchHeaderBytesMax` from the batch's start. */
export function decodeBatchHeader(compute: Compute, bytes: Uint8Array, place: BatchPlace): BatchHeader | undefined {
  if (!looksLikeBatch(bytes, place.salt)) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const entryCount = view.getUint32(40, true)
  const headerBytes = view.getUint32(44, true)
  const batchBytes = view.getUint32(48, true)
  const isPlausible =
    view.getUint16(4, true) === version &&
    view.getUint8(6) === kindNumber(place.kind) &&
    view.getUint32(16, true) === place.segment &&
    view.getUint32(20, true) * alignmentBytes === place.offset &&
    entryCount > 0 &&
    entryCount <= batchEntriesMax(place.kind) &&
    headerBytes === batchHeaderBytes + entryCount * entryBytes &&
    headerBytes <= bytes.length &&
    batchBytes > 0 &&
    batchBytes % alignmentBytes === 0
  if (!isPlausible || view.getUint32(checksumAt, true) !== checksumOf(compute, bytes, headerBytes)) return undefined
  const entries: LogEntry[] = []
  for (let index = 0; index < entryCount; index++) {
    const entry = readEntry(view, batchHeaderBytes + index * entryBytes, place.offset)
    if (entry === undefined) return undefined
    entries.push(entry)
  }
  return {
    number: readUint48(view, 24),
    sequence: readUint48(view, 32),
    isRecovery: (view.getUint8(7) & flagRecovery) !== 0,
    headerBytes,
    batchBytes,
    entries,
  }
}

function checksumOf(compute: Compute, bytes: Uint8Array, headerBytes: number): number {
  const start = compute.crc32(bytes.subarray(0, checksumAt))
  return compute.crc32(bytes.subarray(batchHeaderBytes, headerBytes), start)
}

export function roundUp(bytes: number): number {
  return Math.ceil(bytes / alignmentBytes) * alignmentBytes
}
