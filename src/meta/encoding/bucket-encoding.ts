// The row of a bucket, which every commit reads, and that of what it holds.
//
// bucket: u8 format 1 · u8 flags (1: it has had delete markers) · varint createdMs
// usage: varint files, bytes

import type { BucketUsage } from '../contract/bucket-metadata.ts'
import { decodeNumbers, encodeNumbers } from './plain-rows.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

export interface StoredBucket {
  readonly createdMs: number
  /** Whether a look into the table of delete markers can find anything. */
  readonly hadMarkers: boolean
}

const format = 1
const scratch = new RowWriter(64)

export function encodeBucket(row: StoredBucket): Uint8Array<ArrayBuffer> {
  return scratch
    .clear()
    .byte(format)
    .byte(row.hadMarkers ? 1 : 0)
    .number(row.createdMs)
    .finish()
}

export function decodeBucket(bytes: Uint8Array): StoredBucket {
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of a bucket`)
  const hadMarkers = (reader.byte() & 1) !== 0
  const row = { hadMarkers, createdMs: reader.number() }
  reader.end()
  return row
}

export function encodeUsage(usage: BucketUsage): Uint8Array<ArrayBuffer> {
  return encodeNumbers([usage.files, usage.bytes])
}

export function decodeUsage(bytes: Uint8Array | undefined): BucketUsage {
  const [files = 0, total = 0] = decodeNumbers(bytes, 2)
  return { files, bytes: total }
}
