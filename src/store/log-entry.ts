// One entry of a log: a record that was stored, or a tombstone. The same 48 bytes stand in the header of the batch
// that brought it and in the key table of the sealed segment (docs/design/store-format.md). Little-endian:
//
//  0 u8 kind   1 u8 column   2 u16 0   4 u32 group   8 [16] data id   24 u32 block
// 28 u32 offset   32 u32 bytes   36 u32 header checksum of the record   40 u64 sequence
//
// The offset counts from the start of the batch in a batch header, and from the start of the segment in a key table.

import { dataIdFromBytes, parseGroupId, writeHex } from '../base/ids.ts'
import type { FragmentKey } from './contract.ts'

export const entryBytes = 48

/** `drop-id`: all fragments of the data id in the group (block and column are 0); `drop-fragment`: that one. */
export type EntryKind = 'record' | 'drop-id' | 'drop-fragment'

export interface LogEntry {
  readonly kind: EntryKind
  readonly key: FragmentKey
  /** 0 for a tombstone, like `bytes` and `headerCrc`. */
  readonly offset: number
  readonly bytes: number
  readonly headerCrc: number
  /** Which of two entries for one key is newer, wherever they lie. Below 2^48. */
  readonly sequence: number
}

const kinds: readonly (EntryKind | undefined)[] = [undefined, 'record', 'drop-id', 'drop-fragment']

export function writeEntry(view: DataView, at: number, entry: LogEntry, offset: number): void {
  const { key } = entry
  view.setUint8(at, kinds.indexOf(entry.kind))
  view.setUint8(at + 1, key.column)
  view.setUint16(at + 2, 0)
  view.setUint32(at + 4, key.group, true)
  writeHex(key.dataId, new Uint8Array(view.buffer, view.byteOffset), at + 8)
  view.setUint32(at + 24, key.block, true)
  view.setUint32(at + 28, offset, true)
  view.setUint32(at + 32, entry.bytes, true)
  view.setUint32(at + 36, entry.headerCrc, true)
  writeUint48(view, at + 40, entry.sequence)
}

/** `undefined`: no entry that this version knows. `base` is added to the offset. */
export function readEntry(view: DataView, at: number, base: number): LogEntry | undefined {
  const kind = kinds[view.getUint8(at)]
  const group = parseGroupId(view.getUint32(at + 4, true))
  if (kind === undefined || group === undefined) return undefined
  const dataId = dataIdFromBytes(new Uint8Array(view.buffer, view.byteOffset + at + 8, 16))
  return {
    kind,
    key: { group, dataId, block: view.getUint32(at + 24, true), column: view.getUint8(at + 1) },
    offset: kind === 'record' ? base + view.getUint32(at + 28, true) : 0,
    bytes: view.getUint32(at + 32, true),
    headerCrc: view.getUint32(at + 36, true),
    sequence: readUint48(view, at + 40),
  }
}

/** Numbers of batches and sequences: 8 bytes in formats, exact in a JavaScript number. */
export function writeUint48(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % 0x1_0000_0000, true)
  view.setUint32(at + 4, Math.floor(value / 0x1_0000_0000), true)
}

export function readUint48(view: DataView, at: number): number {
  return view.getUint32(at + 4, true) * 0x1_0000_0000 + view.getUint32(at, true)
}
