// Keys of fragments and data ids, as the store's maps and its index hold them.
//
// In memory a key is a string of UTF-16 units: group (2 units), data id (32 hex digits), and for a fragment block (2 units) and
// column (1 unit). In the index it is bytes, big-endian: group (4), data id (16), block (4), column (1). Both sort alike: by
// group, data id, block, column; the key of a data id itself comes before its fragments. Group 0 is no group: such keys are
// the store's own rows (index-rows.ts).

import { assert, defined } from '../base/assert.ts'
import { dataIdFromBytes, parseDataId, parseGroupId, writeHex } from '../base/ids.ts'
import type { DataId, GroupId } from '../base/ids.ts'
import type { FragmentKey } from './contract.ts'

const groupUnits = 2
const idUnits = groupUnits + 32
const fragmentUnits = idUnits + 3
/** Behind a whole key: after everything that starts with it. */
const afterMark = '\uffff'.repeat(4)

const idKeyBytes = 20
const fragmentKeyBytes = 25
const boundBytes = 32

/** From, inclusive, and to, exclusive. */
export interface KeyRange {
  readonly from: string
  readonly to: string
}

export function fragmentText(key: FragmentKey): string {
  const { block } = key
  return idText(key.group, key.dataId) + String.fromCharCode(block >>> 16, block & 0xffff, key.column)
}

export function idText(group: GroupId, dataId: DataId): string {
  return groupText(group) + dataId
}

function groupText(group: number): string {
  return String.fromCharCode(group >>> 16, group & 0xffff)
}

/** The data id's text of a fragment's. */
export function idTextOf(text: string): string {
  return text.length === idUnits ? text : text.slice(0, idUnits)
}

/** The digits of the data id in the text of a key. */
export function dataIdTextOf(text: string): string {
  return text.slice(groupUnits, idUnits)
}

export function isFragmentText(text: string): boolean {
  return text.length === fragmentUnits
}

export function groupOf(text: string): GroupId {
  const group = text.charCodeAt(0) * 0x1_0000 + text.charCodeAt(1)
  return defined(parseGroupId(group), 'the text of a key names a group')
}

export function dataIdOf(text: string): DataId {
  return defined(parseDataId(dataIdTextOf(text)), 'the text of a key names a data id')
}

export function fragmentKeyOf(text: string): FragmentKey {
  assert(isFragmentText(text), 'the text of a fragment')
  const block = text.charCodeAt(idUnits) * 0x1_0000 + text.charCodeAt(idUnits + 1)
  return { group: groupOf(text), dataId: dataIdOf(text), block, column: text.charCodeAt(idUnits + 2) }
}

/** The data id's own key and all its fragments. */
export function rangeOfId(id: string): KeyRange {
  return { from: id, to: id + afterMark }
}

/** Everything of a group, after `after` where given (a key: all that starts with it is left out). */
export function rangeOfGroup(group: GroupId, after?: string): KeyRange {
  const text = groupText(group)
  return { from: after === undefined ? text : boundAfter(after), to: text + afterMark }
}

/** The bound behind a fragment's key. */
export function boundAfter(text: string): string {
  return text + afterMark
}

/** The fragment's key that the bound is behind; `undefined`: it is the key of a data id. */
export function textBefore(bound: string): string | undefined {
  return bound.length > fragmentUnits ? bound.slice(0, fragmentUnits) : undefined
}

/** Everything of all groups after `after`. */
export function rangeOfAll(after?: string): KeyRange {
  return { from: after === undefined ? groupText(1) : boundAfter(after), to: '\uffff\uffff' + afterMark }
}

/** The bytes of a key or of a bound of a range. */
export function textToBytes(text: string): Uint8Array<ArrayBuffer> {
  const isAfter = text.endsWith(afterMark) && text.length > groupUnits
  const units = isAfter ? text.length - afterMark.length : text.length
  assert(units === groupUnits || units === idUnits || units === fragmentUnits, 'units of a key', units)
  const length = units === groupUnits ? 4 : units === idUnits ? idKeyBytes : fragmentKeyBytes
  const bytes = new Uint8Array(isAfter ? boundBytes : length)
  writeUnits(bytes, 0, text, 0)
  writeUnits(bytes, 2, text, 1)
  if (units >= idUnits) writeHex(dataIdTextOf(text), bytes, 4)
  if (units === fragmentUnits) {
    writeUnits(bytes, 20, text, idUnits)
    writeUnits(bytes, 22, text, idUnits + 1)
    bytes[24] = text.charCodeAt(idUnits + 2)
  }
  if (isAfter) bytes.fill(0xff, length)
  return bytes
}

function writeUnits(bytes: Uint8Array, at: number, text: string, unit: number): void {
  const value = text.charCodeAt(unit)
  bytes[at] = value >>> 8
  bytes[at + 1] = value & 0xff
}

/** The text of an index key; of a data id or a fragment. */
export function bytesToText(bytes: Uint8Array): string {
  assert(bytes.length === idKeyBytes || bytes.length === fragmentKeyBytes, 'bytes of a key', bytes.length)
  const unit = (at: number): number => ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)
  const id = String.fromCharCode(unit(0), unit(2)) + dataIdFromBytes(bytes.subarray(4, 20))
  if (bytes.length === idKeyBytes) return id
  return id + String.fromCharCode(unit(20), unit(22), bytes[24] ?? 0)
}
