// Making, changing and removing buckets, their settings, and what a bucket's files add up to. A bucket is removed only while no head,
// delete marker, kept version or unfinished upload is in it, which is decided in the removing transaction, so no commit slips in
// between. The usage row changes with each commit and delete and goes with its bucket.

import { FrostError } from '../../base/errors.ts'
import { bucketsMax } from '../contract/bucket-metadata.ts'
import type { BucketRow, BucketUsage, ChangeBucket } from '../contract/bucket-metadata.ts'
import { bucketSettingKinds, settingBytesMax } from '../contract/bucket-settings.ts'
import type { SetBucketSetting } from '../contract/bucket-settings.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import { decodeBucket, decodeUsage, encodeBucket, encodeUsage, toBucketRow } from '../encoding/bucket-encoding.ts'
import {
  bucketKey,
  headPrefix,
  keptBucketPrefix,
  markerPrefix,
  multipartBucketPrefix,
  settingKey,
  tables,
  usageKey,
  within,
} from '../encoding/keys.ts'
import { encodeSetting } from '../encoding/setting-encoding.ts'
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
export function putBucket(draft: Draft, bucket: BucketRow): StoredBucket {
  const { name, createdMs, versioning, objectLock, owner, quotaBytes } = bucket
  if (draft.range({ ...within(tables.bucket), limit: bucketsMax }).length === bucketsMax)
    throw new FrostError('bad-request', `There are ${bucketsMax} buckets, and no more can be made.`)
  const row: StoredBucket = {
    createdMs,
    hadMarkers: false,
    ...(versioning === undefined ? {} : { versioning }),
    ...(objectLock === undefined ? {} : { objectLock }),
    ...(owner === undefined ? {} : { owner }),
    ...(quotaBytes === undefined ? {} : { quotaBytes }),
  }
  checkLockable(row)
  draft.put(bucketKey(name), encodeBucket(row))
  return row
}

export function deleteBucket(draft: Draft, { name }: { readonly name: string }): void {
  refuseWhileBehind(draft)
  readBucket(draft, name)
  for (const prefix of [headPrefix(name), markerPrefix(name), keptBucketPrefix(name), multipartBucketPrefix(name)]) {
    if (draft.range({ ...within(prefix), limit: 1 }).length > 0)
      throw new FrostError(
        'bucket-not-empty',
        `The bucket ${name} still holds files, old versions or unfinished uploads.`,
      )
  }
  draft.remove(bucketKey(name))
  draft.remove(usageKey(name))
  for (const kind of bucketSettingKinds) {
    if (draft.get(settingKey(kind, name)) !== undefined) draft.remove(settingKey(kind, name))
  }
  removeGrantsOn(draft, name)
  draft.record({ kind: 'bucket', bucket: name })
}

export function changeBucket(draft: Draft, command: ChangeBucket): BucketRow {
  refuseWhileBehind(draft)
  const { name, versioning, objectLock, owner, quotaBytes } = command
  const { quotaBytes: quotaBefore, ...before } = readBucket(draft, name)
  const quota = quotaBytes ?? quotaBefore ?? 0
  const row: StoredBucket = {
    ...before,
    ...(versioning === undefined ? {} : { versioning }),
    ...(objectLock === undefined ? {} : { objectLock }),
    ...(owner === undefined ? {} : { owner }),
    ...(quota === 0 ? {} : { quotaBytes: quota }),
  }
  checkLockable(row)
  draft.put(bucketKey(name), encodeBucket(row))
  draft.record({ kind: 'bucket', bucket: name })
  return toBucketRow(name, row)
}

/** What is locked is kept only where every version is. */
function checkLockable({ objectLock, versioning }: StoredBucket): void {
  if (objectLock === true && versioning !== 'enabled')
    throw new FrostError('bad-request', 'A bucket with object lock has its versioning enabled, and it stays so.')
}

export function setBucketSetting(draft: Draft, { bucket, kind, value }: SetBucketSetting): void {
  refuseWhileBehind(draft)
  readBucket(draft, bucket)
  if (!bucketSettingKinds.includes(kind))
    throw new FrostError('bad-request', `No setting of a bucket is called ${kind}.`)
  if (value !== undefined && value.length > settingBytesMax)
    throw new FrostError('bad-request', `The ${kind} of a bucket has at most ${settingBytesMax} bytes.`)
  const key = settingKey(kind, bucket)
  if (value === undefined) {
    if (draft.get(key) === undefined) return
    draft.remove(key)
  } else draft.put(key, encodeSetting(value))
  draft.record({ kind: 'bucket', bucket })
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

/**
 * Adds to what the bucket holds; negative numbers take away.
 * @throws FrostError `quota-exceeded` where it would then hold more than its quota, and more than before.
 */
export function addUsage(
  draft: Draft,
  bucket: string,
  { quotaBytes, ...added }: BucketUsage & Pick<BucketRow, 'quotaBytes'>,
): void {
  if (added.files === 0 && added.bytes === 0) return
  const key = usageKey(bucket)
  const usage = decodeUsage(draft.get(key))
  const bytes = usage.bytes + added.bytes
  if (quotaBytes !== undefined && added.bytes > 0 && bytes > quotaBytes) throw quotaExceeded(bucket, quotaBytes)
  draft.put(key, encodeUsage({ files: usage.files + added.files, bytes }))
}

function quotaExceeded(bucket: string, quotaBytes: number): FrostError {
  return new FrostError(
    'quota-exceeded',
    `The bucket ${bucket} would hold more than its quota of ${quotaBytes} bytes.`,
    {
      remedy: 'Delete files or old versions, or have the quota raised.',
    },
  )
}
