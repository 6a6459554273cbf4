// Making and removing buckets, and what a bucket's files add up to. A bucket is removed only while no head, delete marker or kept
// version is in it, which is decided in the removing transaction, so no commit slips in between. The usage row changes with each
// commit and delete and goes with its bucket.

import { FrostError } from '../../base/errors.ts'
import { bucketsMax } from '../contract/bucket-metadata.ts'
import type { BucketRow, BucketUsage } from '../contract/bucket-metadata.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import { decodeBucket, decodeUsage, encodeBucket, encodeUsage } from '../encoding/bucket-encoding.ts'
import { bucketKey, headPrefix, keptBucketPrefix, markerPrefix, tables, usageKey, within } from '../encoding/keys.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import type { Draft } from './draft.ts'
import { removeGrantsOn } from './grant-decisions.ts'

export function createBucket(draft: Draft, row: BucketRow): void {
  refuseWhileBehind(draft)
  if (draft.get(bucketKey(row.name)) !== undefined)
    throw new FrostError('bucket-exists', `The bucket ${row.name} exists already.`)
  putBucket(draft, row)
  draft.record({ kind: 'bucket', bucket: row.name })
}

/** The caller has looked that there is none, and records the change. @throws FrostError `bad-request` above `bucketsMax`. */
export function putBucket(draft: Draft, { name, createdMs }: BucketRow): StoredBucket {
  if (draft.range({ ...within(tables.bucket), limit: bucketsMax }).length === bucketsMax)
    throw new FrostError('bad-request', `There are ${bucketsMax} buckets, and no more can be made.`)
  const row = { createdMs, hadMarkers: false }
  draft.put(bucketKey(name), encodeBucket(row))
  return row
}

export function deleteBucket(draft: Draft, { name }: { readonly name: string }): void {
  refuseWhileBehind(draft)
  readBucket(draft, name)
  for (const prefix of [headPrefix(name), markerPrefix(name), keptBucketPrefix(name)]) {
    if (draft.range({ ...within(prefix), limit: 1 }).length > 0)
      throw new FrostError('bucket-not-empty', `The bucket ${name} still holds files.`)
  }
  draft.remove(bucketKey(name))
  draft.remove(usageKey(name))
  removeGrantsOn(draft, name)
  draft.record({ kind: 'bucket', bucket: name })
}

/** @throws FrostError `bucket-not-found`. */
export function readBucket(draft: Draft, name: string): StoredBucket {
  const stored = draft.get(bucketKey(name))
  if (stored === undefined) throw bucketNotFound(name)
  return decodeBucket(stored)
}

export function bucketNotFound(name: string): FrostError {
  return new FrostError('bucket-not-found', `There is no bucket ${name}.`)
}

/** Adds to what the bucket holds; negative numbers take away. */
export function addUsage(draft: Draft, bucket: string, added: BucketUsage): void {
  if (added.files === 0 && added.bytes === 0) return
  const key = usageKey(bucket)
  const usage = decodeUsage(draft.get(key))
  draft.put(key, encodeUsage({ files: usage.files + added.files, bytes: usage.bytes + added.bytes }))
}
