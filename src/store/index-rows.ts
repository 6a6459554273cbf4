// The rows of the store's index, byte by byte in docs/design/store-format.md. Keys of fragments and data ids start with
// their group (fragment-key.ts); group 0 is no group, so keys that start with four zeros are the store's own:
//
// 00000000 01            where the checkpoint stands (CheckpointState)
// 00000000 02 segment    what is known of a segment (SegmentRow)
// 00000000 03 group      how much a group holds (GroupRow)
//
// LMDB has no checksums, so every row ends with one over its key and value. A fragment's is cut to 16 bits, because what it leads
// to is checked anyway: the record itself says which fragment it is.

import { defined } from '../base/assert.ts'
import { dataIdFromBytes, parseGroupId, workerIdFromBytes, writeHex } from '../base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../base/ids.ts'
import { crc32Short } from '../codec/crc32.ts'
import { kindNumber, kindOfNumber, type LogKind } from './batch-format.ts'
import { readUint48, writeUint48 } from './log-entry.ts'

/**
 * `good`: a record that can be read. `damaged`: a record that failed a check or a read; `bytes` 0: it is gone. `dropped`: a
 * tombstone, of a fragment or of a whole data id.
 */
export type EntryState = 'good' | 'damaged' | 'dropped'

/** What the store knows of one key. */
export interface Entry {
  readonly state: EntryState
  /** Where the record or the tombstone lies; 0: nowhere any more. */
  readonly segment: number
  readonly offset: number
  readonly bytes: number
  readonly sequence: number
  readonly headerCrc: number
}

/** What stands for an entry whose row failed its check: nobody knows what it was. Its sequence is below all others. */
export const lostEntry: Entry = { state: 'damaged', segment: 0, offset: 0, bytes: 0, sequence: 0, headerCrc: 0 }

/** Whether the entry stands for a lost one, noted already (sequence 1) or not. */
export function isLostEntry(entry: Entry): boolean {
  return entry.state === 'damaged' && entry.sequence <= 1 && entry.headerCrc === 0
}

const states: readonly EntryState[] = ['good', 'damaged', 'dropped']

/** 0 u32 segment   4 u32 offset   8 u24 bytes   11 u8 state   12 u48 sequence   18 u32 header checksum   22 u16 check */
const entryRowBytes = 24

export function encodeEntryRow(key: Uint8Array, entry: Entry): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(entryRowBytes)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, entry.segment, true)
  view.setUint32(4, entry.offset, true)
  view.setUint32(8, (entry.bytes | (states.indexOf(entry.state) << 24)) >>> 0, true)
  view.setUint32(12, entry.sequence % 0x1_0000_0000, true)
  view.setUint16(16, Math.floor(entry.sequence / 0x1_0000_0000), true)
  view.setUint32(18, entry.headerCrc, true)
  view.setUint16(22, checkOf(key, bytes, 22) & 0xffff, true)
  return bytes
}

/** `undefined`: damaged. */
export function decodeEntryRow(key: Uint8Array, bytes: Uint8Array): Entry | undefined {
  if (bytes.length !== entryRowBytes) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint16(22, true) !== (checkOf(key, bytes, 22) & 0xffff)) return undefined
  const word = view.getUint32(8, true)
  const state = states[word >>> 24]
  if (state === undefined) return undefined
  return {
    state,
    segment: view.getUint32(0, true),
    offset: view.getUint32(4, true),
    bytes: word & 0xff_ffff,
    sequence: view.getUint16(16, true) * 0x1_0000_0000 + view.getUint32(12, true),
    headerCrc: view.getUint32(18, true),
  }
}

/** Up to where a log is in the index. */
export interface LogPosition {
  /** The newest segment; 0: none yet. */
  readonly segment: number
  readonly offset: number
  readonly nextBatch: number
}

export interface CheckpointState {
  readonly worker: WorkerId
  readonly positions: Readonly<Record<LogKind, LogPosition>>
  readonly nextSegment: number
  readonly nextSequence: number
  readonly damagedCount: number
  /** An entry's row failed its check: the next start makes the index again. */
  readonly hasLostEntry: boolean
  /** Of all segments: a row that the index hides is missed. */
  readonly segments: SegmentAccount
}

/** How many segments there are, and the sum of their numbers. */
export interface SegmentAccount {
  readonly count: number
  readonly numbersSum: number
}

export const checkpointKey: Uint8Array = Uint8Array.of(0, 0, 0, 0, 1)

/** 0 u16 version 2   2 u16 flags (1: a lost entry)   4 [8] worker   12 two positions of 16: u32 segment, u32 offset, u64 next batch
 * 44 u32 next segment   48 u64 next sequence   56 u64 damaged fragments   64 u64 segments   72 u64 sum of their numbers   80 u32 check */
const checkpointVersion = 2
const checkpointBytes = 84

export function encodeCheckpoint(state: CheckpointState): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(checkpointBytes)
  const view = new DataView(bytes.buffer)
  view.setUint16(0, checkpointVersion, true)
  view.setUint16(2, state.hasLostEntry ? 1 : 0, true)
  writeHex(state.worker, bytes, 4)
  for (const [at, position] of [[12, state.positions.small] as const, [28, state.positions.large] as const]) {
    view.setUint32(at, position.segment, true)
    view.setUint32(at + 4, position.offset, true)
    writeUint48(view, at + 8, position.nextBatch)
  }
  view.setUint32(44, state.nextSegment, true)
  writeUint48(view, 48, state.nextSequence)
  writeUint48(view, 56, state.damagedCount)
  writeUint48(view, 64, state.segments.count)
  writeUint48(view, 72, state.segments.numbersSum)
  return sealed(checkpointKey, bytes)
}

/** `undefined`: damaged, or of another version. */
export function decodeCheckpoint(bytes: Uint8Array): CheckpointState | undefined {
  const view = opened(checkpointKey, bytes, checkpointBytes)
  if (view === undefined || view.getUint16(0, true) !== checkpointVersion) return undefined
  const positionAt = (at: number): LogPosition => ({
    segment: view.getUint32(at, true),
    offset: view.getUint32(at + 4, true),
    nextBatch: readUint48(view, at + 8),
  })
  return {
    worker: workerIdFromBytes(bytes.subarray(4, 12)),
    positions: { small: positionAt(12), large: positionAt(28) },
    nextSegment: view.getUint32(44, true),
    nextSequence: readUint48(view, 48),
    damagedCount: readUint48(view, 56),
    hasLostEntry: (view.getUint16(2, true) & 1) !== 0,
    segments: { count: readUint48(view, 64), numbersSum: readUint48(view, 72) },
  }
}

export interface SegmentRow {
  readonly segment: number
  readonly kind: LogKind
  /** Has a key table. */
  readonly isSealed: boolean
  /** Its header page was damaged: nothing can be listed from it. */
  readonly isUnreadable: boolean
  readonly fileBytes: number
  /** Batches behind are not this segment's any more. */
  readonly batchesEnd: number
  /** The sequence counter when the segment was made. */
  readonly firstSequence: number
  readonly liveBytes: number
  readonly liveEntries: number
  readonly tombstones: number
  /** The data ids of its records, dead ones too, lie between these; `undefined` where there are none. */
  readonly ids: IdRange | undefined
  /** Those of its tombstones. */
  readonly droppedIds: IdRange | undefined
}

/** From first to last, both included. */
export interface IdRange {
  readonly first: DataId
  readonly last: DataId
}

/** 0 u8 log kind   1 u8 flags (1 sealed, 2 unreadable, 4 has records, 8 has tombstones)   2 u16 0   4 u32 file bytes   8 u32 end
 * 12 u32 live entries   16 u64 first sequence   24 u64 live bytes   32 u32 tombstones   36 [32] first and last id of records
 * 68 [32] of tombstones   100 u32 check */
const segmentRowBytes = 104
const idRangeBytes = 32

export function segmentKey(segment: number): Uint8Array<ArrayBuffer> {
  return ownKey(2, segment)
}

export function encodeSegmentRow(row: SegmentRow): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(segmentRowBytes)
  const view = new DataView(bytes.buffer)
  view.setUint8(0, kindNumber(row.kind))
  const hasIds = (row.ids === undefined ? 0 : 4) | (row.droppedIds === undefined ? 0 : 8)
  view.setUint8(1, (row.isSealed ? 1 : 0) | (row.isUnreadable ? 2 : 0) | hasIds)
  view.setUint32(4, row.fileBytes, true)
  view.setUint32(8, row.batchesEnd, true)
  view.setUint32(12, row.liveEntries, true)
  writeUint48(view, 16, row.firstSequence)
  writeUint48(view, 24, row.liveBytes)
  view.setUint32(32, row.tombstones, true)
  writeIdRange(bytes, 36, row.ids)
  writeIdRange(bytes, 36 + idRangeBytes, row.droppedIds)
  return sealed(segmentKey(row.segment), bytes)
}

/** `undefined`: damaged. */
export function decodeSegmentRow(key: Uint8Array, bytes: Uint8Array): SegmentRow | undefined {
  const view = opened(key, bytes, segmentRowBytes)
  const kind = view === undefined ? undefined : kindOfNumber(view.getUint8(0))
  if (view === undefined || kind === undefined) return undefined
  const flags = view.getUint8(1)
  return {
    segment: readNumber(key),
    kind,
    isSealed: (flags & 1) !== 0,
    isUnreadable: (flags & 2) !== 0,
    fileBytes: view.getUint32(4, true),
    batchesEnd: view.getUint32(8, true),
    liveEntries: view.getUint32(12, true),
    firstSequence: readUint48(view, 16),
    liveBytes: readUint48(view, 24),
    tombstones: view.getUint32(32, true),
    ids: (flags & 4) === 0 ? undefined : readIdRange(bytes, 36),
    droppedIds: (flags & 8) === 0 ? undefined : readIdRange(bytes, 36 + idRangeBytes),
  }
}

function writeIdRange(bytes: Uint8Array, at: number, range: IdRange | undefined): void {
  if (range === undefined) return
  writeHex(range.first, bytes, at)
  writeHex(range.last, bytes, at + 16)
}

function readIdRange(bytes: Uint8Array, at: number): IdRange {
  return {
    first: dataIdFromBytes(bytes.subarray(at, at + 16)),
    last: dataIdFromBytes(bytes.subarray(at + 16, at + idRangeBytes)),
  }
}

/** What a group holds in good state. */
export interface GroupRow {
  readonly group: GroupId
  readonly fragments: number
  readonly bytes: number
}

/** 0 u64 fragments   8 u64 bytes   16 u32 check */
const groupRowBytes = 20

export function groupKey(group: GroupId): Uint8Array<ArrayBuffer> {
  return ownKey(3, group)
}

export function encodeGroupRow(row: GroupRow): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(groupRowBytes)
  const view = new DataView(bytes.buffer)
  writeUint48(view, 0, row.fragments)
  writeUint48(view, 8, row.bytes)
  return sealed(groupKey(row.group), bytes)
}

/** `undefined`: damaged. */
export function decodeGroupRow(key: Uint8Array, bytes: Uint8Array): GroupRow | undefined {
  const view = opened(key, bytes, groupRowBytes)
  if (view === undefined) return undefined
  const group = defined(parseGroupId(readNumber(key)), 'the row of a group')
  return { group, fragments: readUint48(view, 0), bytes: readUint48(view, 8) }
}

/** The first key of the segments' rows, of the groups' rows, and what comes after. */
export const rowBounds = { segments: ownKey(2, 0), groups: ownKey(3, 0), end: ownKey(4, 0) } as const

function ownKey(kind: number, number: number): Uint8Array<ArrayBuffer> {
  const key = new Uint8Array(9)
  key[4] = kind
  new DataView(key.buffer).setUint32(5, number)
  return key
}

function readNumber(key: Uint8Array): number {
  return new DataView(key.buffer, key.byteOffset, key.byteLength).getUint32(5)
}

/** `bytes` with its last four set to the check of key and the rest. */
function sealed(key: Uint8Array, bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const end = bytes.length - 4
  new DataView(bytes.buffer).setUint32(end, checkOf(key, bytes, end), true)
  return bytes
}

function opened(key: Uint8Array, bytes: Uint8Array, length: number): DataView | undefined {
  if (bytes.length !== length) return undefined
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return view.getUint32(length - 4, true) === checkOf(key, bytes, length - 4) ? view : undefined
}

function checkOf(key: Uint8Array, bytes: Uint8Array, end: number): number {
  return crc32Short(bytes, 0, end, crc32Short(key, 0, key.length))
}
