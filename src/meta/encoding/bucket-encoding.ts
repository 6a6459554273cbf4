// The row of a bucket, which every commit reads, and that of what it holds.
//
// bucket: u8 format 1 · u8 flags (1 it has had delete markers · 2 versioning enabled · 4 suspended · 8 object lock · 16 owner · 32 quota) ·
// varint createdMs · [text owner] [varint quota]
// usage: varint files, bytes

import type { BucketRow, BucketUsage } from '../contract/bucket-metadata.ts'
import { decodeNumbers, encodeNumbers } from './plain-rows.ts'
import { RowReader, corrupt } from './row-reader.ts'
import { RowWriter } from './row-writer.ts'

export interface StoredBucket extends Omit<BucketRow, 'name'> {
  /** Whether a look into the table of delete markers can find anything. */
  readonly hadMarkers: boolean
}

const format = 1
const flag = { hadMarkers: 1, enabled: 2, suspended: 4, objectLock: 8, owner: 16, quota: 32 } as const
const scratch = new RowWriter(64)

export function encodeBucket(row: StoredBucket): Uint8Array<ArrayBuffer> {
  const { createdMs, hadMarkers, versioning, objectLock, owner, quotaBytes } = row
  const flags =
    (hadMarkers ? flag.hadMarkers : 0) |
    (versioning === undefined ? 0 : flag[versioning]) |
    (objectLock === true ? flag.objectLock : 0) |
    (owner === undefined ? 0 : flag.owner) |
    (quotaBytes === undefined ? 0 : flag.quota)
  const writer = scratch.clear().byte(format).byte(flags).number(createdMs)
  if (owner !== undefined) writer.text(owner)
  if (quotaBytes !== undefined) writer.number(quotaBytes)
  return writer.finish()
}

export function decodeBucket(bytes: Uint8Array): StoredBucket {
  const reader = new RowReader(bytes)
  const found = reader.byte()
  if (found !== format) throw corrupt(`format ${found} of a bucket`)
  const flags = reader.byte()
  const plain = { hadMarkers: (flags & flag.hadMarkers) !== 0, createdMs: reader.number() }
  if ((flags & ~flag.hadMarkers) === 0) {
    reader.end()
    return plain
  }
  const owner = flags & flag.owner ? { owner: reader.text() } : {}
  const quota = flags & flag.quota ? { quotaBytes: reader.number() } : {}
  reader.end()
  return { ...plain, ...versioningOf(flags), ...owner, ...quota }
}

function versioningOf(flags: number): Pick<StoredBucket, 'versioning' | 'objectLock'> {
  const lock = flags & flag.objectLock ? { objectLock: true as const } : {}
  if (flags & flag.enabled) return { versioning: 'enabled', ...lock }
  return flags & flag.suspended ? { versioning: 'suspended', ...lock } : lock
}

/** What its readers see. */
export function toBucketRow(name: string, { hadMarkers: _, ...row }: StoredBucket): BucketRow {
  return { name, ...row }
}

export function encodeUsage(usage: BucketUsage): Uint8Array<ArrayBuffer> {
  return encodeNumbers([usage.files, usage.bytes])
}

export function decodeUsage(bytes: Uint8Array | undefined): BucketUsage {
  const [files = 0, total = 0] = decodeNumbers(bytes, 2)
  return { files, bytes: total }
}
