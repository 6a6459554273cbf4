// The check at the end of every stored row of metadata: a CRC-32 over the row, seeded with a hash of its key, so that a damaged row, or
// one under a wrong key, is an error and never an answer.
//
// Value: row | crc32 u32, little-endian.

import { crc32 } from '@node-rs/crc32'

import { FrostError } from '../base/errors.ts'
import type { ByteString } from '../ports/key-value.ts'

export const rowCheckBytes = 4

/** Writes the check of the row that lies from `from` to `to`, right behind it; the end of the value. */
export function writeRowCheck(
  memory: Buffer,
  key: ByteString,
  { from, to }: { readonly from: number; readonly to: number },
): number {
  return memory.writeUInt32LE(crc32(memory.subarray(from, to), seedOf(key)), to)
}

/** A row with its check. */
export function encodeRow(key: ByteString, row: Uint8Array): Buffer<ArrayBuffer> {
  const value = Buffer.allocUnsafe(row.length + rowCheckBytes)
  value.set(row)
  writeRowCheck(value, key, { from: 0, to: row.length })
  return value
}

/** The row of a value. @throws FrostError `store-corrupt`. */
export function checkRow(key: ByteString, value: Uint8Array): Uint8Array {
  const length = value.length - rowCheckBytes
  if (length >= 0) {
    const row = value.subarray(0, length)
    if (crc32(row, seedOf(key)) === readUint32(value, length)) return row
  }
  throw new FrostError('store-corrupt', `A row of the metadata store is damaged (table ${key.charCodeAt(0)}).`, {
    remedy: 'Stop the master, keep a copy of its metadata, and rebuild the metadata from the workers.',
  })
}

function readUint32(bytes: Uint8Array, at: number): number {
  const low = (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8)
  const high = (bytes[at + 2] ?? 0) | ((bytes[at + 3] ?? 0) << 8)
  return (low | (high << 16)) >>> 0
}

/** FNV-1a over the bytes of the key. */
function seedOf(key: ByteString): number {
  let hash = 0x811c9dc5
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193)
  return hash >>> 0
}
