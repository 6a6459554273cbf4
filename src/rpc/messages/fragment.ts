// The messages about single fragments, on the hot path: fixed layouts, little-endian. The body of a put is the record as it
// is stored (docs/design/record-format.md); the body of a get's answer are the chunks asked for, one after the other.
// Byte by byte in docs/design/messages.md.

import { FrostError } from '../../base/errors.ts'
import { dataIdFromBytes, parseEpoch, parseGroupId, writeHex } from '../../base/ids.ts'
import type { DataId, Epoch, GroupId } from '../../base/ids.ts'

export interface FragmentKey {
  readonly group: GroupId
  readonly dataId: DataId
  readonly block: number
  readonly column: number
}

export interface PutHeader {
  /** Epoch of the record's group as the sender knows it. */
  readonly epoch: Epoch
  /** The receiver stands in for the slot's worker and need not hold a slot of the group. */
  readonly standIn: boolean
}

export interface GetHeader {
  readonly key: FragmentKey
  readonly epoch: Epoch
  /** Chunks `firstChunk` to `endChunk - 1` of the column. */
  readonly firstChunk: number
  readonly endChunk: number
}

export interface GetReply {
  /** Data bytes of the whole block, all columns: with scheme and chunk size its geometry. */
  readonly blockDataBytes: number
  readonly dataColumns: number
  readonly parityColumns: number
  readonly chunkSizeBytes: number
  /** The stored checks of the chunks in the body, in order, 4 bytes each, as the record's table holds them. */
  readonly checks: Uint8Array
}

const putBytes = 9
const getBytes = 41
const getReplyBytes = 12

export function encodePut(header: PutHeader): Uint8Array {
  const bytes = new Uint8Array(putBytes)
  new DataView(bytes.buffer).setFloat64(0, header.epoch, true)
  bytes[8] = header.standIn ? 1 : 0
  return bytes
}

export function decodePut(bytes: Uint8Array): PutHeader {
  const view = viewOf(bytes, putBytes, 'put')
  return { epoch: readEpoch(view, 0), standIn: view.getUint8(8) === 1 }
}

export function encodeGet(header: GetHeader): Uint8Array {
  const bytes = new Uint8Array(getBytes)
  const view = new DataView(bytes.buffer)
  writeKey(bytes, view, header.key)
  view.setFloat64(25, header.epoch, true)
  view.setUint32(33, header.firstChunk, true)
  view.setUint32(37, header.endChunk, true)
  return bytes
}

export function decodeGet(bytes: Uint8Array): GetHeader {
  const view = viewOf(bytes, getBytes, 'get')
  const firstChunk = view.getUint32(33, true)
  const endChunk = view.getUint32(37, true)
  if (endChunk < firstChunk) {
    throw new FrostError('protocol-error', `A get asks for chunks ${firstChunk} to ${endChunk}.`)
  }
  return { key: readKey(bytes, view), epoch: readEpoch(view, 25), firstChunk, endChunk }
}

export function encodeGetReply(reply: Omit<GetReply, 'checks'> & { readonly checks: Uint32Array }): Uint8Array {
  const bytes = new Uint8Array(getReplyBytes + reply.checks.length * 4)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, reply.blockDataBytes, true)
  view.setUint8(4, reply.dataColumns)
  view.setUint8(5, reply.parityColumns)
  view.setUint32(8, reply.chunkSizeBytes, true)
  for (let index = 0; index < reply.checks.length; index++) {
    view.setUint32(getReplyBytes + index * 4, reply.checks[index] ?? 0, true)
  }
  return bytes
}

/** `checks` is a view of `bytes`. */
export function decodeGetReply(bytes: Uint8Array): GetReply {
  if (bytes.length < getReplyBytes || bytes.length % 4 !== 0) throw wrongLength('get reply', bytes)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return {
    blockDataBytes: view.getUint32(0, true),
    dataColumns: view.getUint8(4),
    parityColumns: view.getUint8(5),
    chunkSizeBytes: view.getUint32(8, true),
    checks: bytes.subarray(getReplyBytes),
  }
}

const keyBytes = 25
const inspectBytes = keyBytes + 8

export function encodeInspect(key: FragmentKey, epoch: Epoch): Uint8Array {
  const bytes = new Uint8Array(inspectBytes)
  const view = new DataView(bytes.buffer)
  writeKey(bytes, view, key)
  view.setFloat64(keyBytes, epoch, true)
  return bytes
}

export function decodeInspect(bytes: Uint8Array): { readonly key: FragmentKey; readonly epoch: Epoch } {
  const view = viewOf(bytes, inspectBytes, 'inspect')
  return { key: readKey(bytes, view), epoch: readEpoch(view, keyBytes) }
}

function writeKey(bytes: Uint8Array, view: DataView, key: FragmentKey): void {
  view.setUint32(0, key.group, true)
  writeHex(key.dataId, bytes, 4)
  view.setUint32(20, key.block, true)
  view.setUint8(24, key.column)
}

function readKey(bytes: Uint8Array, view: DataView): FragmentKey {
  const group = parseGroupId(view.getUint32(0, true))
  if (group === undefined) throw new FrostError('protocol-error', 'A message names placement group 0.')
  return {
    group,
    dataId: dataIdFromBytes(bytes.subarray(4, 20)),
    block: view.getUint32(20, true),
    column: view.getUint8(24),
  }
}

function readEpoch(view: DataView, offset: number): Epoch {
  const epoch = parseEpoch(view.getFloat64(offset, true))
  if (epoch === undefined) throw new FrostError('protocol-error', 'A message carries no valid epoch.')
  return epoch
}

function viewOf(bytes: Uint8Array, length: number, name: string): DataView {
  if (bytes.length !== length) throw wrongLength(name, bytes)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function wrongLength(name: string, bytes: Uint8Array): FrostError {
  return new FrostError('protocol-error', `A ${name} message has ${bytes.length} bytes.`)
}
