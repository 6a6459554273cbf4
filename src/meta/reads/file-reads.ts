// Look-ups of files and buckets on one view of the store, which does not change while they read. A head is one look-up, because
// every download begins with it: the bucket's row is read only where there is none, to tell a missing file from a missing bucket, and
// delete markers only in buckets that ever had one. A row that another row points to and that is missing is `store-corrupt`.

import { assert } from '../../base/assert.ts'
import { decodeNumbers } from '../encoding/plain-rows.ts'
import type { KeyValueView } from '../../ports/key-value.ts'
import type { BucketRow, BucketUsage } from '../contract/bucket-metadata.ts'
import { bucketsMax } from '../contract/bucket-metadata.ts'
import { bucketSettingKinds } from '../contract/bucket-settings.ts'
import type { BucketSetting, BucketSettings, ListBucketSettings } from '../contract/bucket-settings.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { VersionName } from '../contract/version-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { decodeBucket, decodeUsage, toBucketRow } from '../encoding/bucket-encoding.ts'
import {
  bucketKey,
  extentListKey,
  headKey,
  markerKey,
  sequenceKey,
  settingKey,
  settingPrefix,
  tables,
  usageKey,
  within,
} from '../encoding/keys.ts'
import { decodeExtentList } from '../encoding/extent-encoding.ts'
import { afterPrefix } from '../encoding/key-parts.ts'
import { corrupt } from '../encoding/row-reader.ts'
import { decodeSetting } from '../encoding/setting-encoding.ts'
import { decodeVersion } from '../encoding/version-encoding.ts'
import { bucketNotFound } from '../decisions/bucket-decisions.ts'
import { findKeptKey } from './find-kept.ts'

/** Of a file that exists, this is one look-up. */
export function getHead(view: KeyValueView, bucket: string, key: string): VersionRow | undefined {
  const stored = view.get(headKey(bucket, key))
  if (stored !== undefined) return withExtents(view, decodeVersion(stored))
  const bucketRow = view.get(bucketKey(bucket))
  if (bucketRow === undefined) throw bucketNotFound(bucket)
  const marker = decodeBucket(bucketRow).hadMarkers ? view.get(markerKey(bucket, key)) : undefined
  return marker === undefined ? undefined : decodeVersion(marker)
}

export function getVersion(
  view: KeyValueView,
  file: { readonly bucket: string; readonly key: string; readonly version: VersionName },
): VersionRow | undefined {
  const { bucket, key, version } = file
  const head = getHead(view, bucket, key)
  if (version === 'null' ? head !== undefined && head.versioned !== true : head?.version === version) return head
  const at = findKeptKey(view, file)
  if (at === undefined) return undefined
  const stored = view.get(at)
  if (stored === undefined) throw corrupt('a kept version is missing')
  return withExtents(view, decodeVersion(stored))
}

export function getBucket(view: KeyValueView, name: string): BucketRow | undefined {
  const stored = view.get(bucketKey(name))
  return stored === undefined ? undefined : toBucketRow(name, decodeBucket(stored))
}

export function checkBucket(view: KeyValueView, name: string): void {
  if (view.get(bucketKey(name)) === undefined) throw bucketNotFound(name)
}

export function listBuckets(view: KeyValueView): readonly BucketRow[] {
  const rows = view.range({ ...within(tables.bucket), limit: bucketsMax })
  return rows.map(([key, row]) => toBucketRow(key.slice(1), decodeBucket(row)))
}

export function getBucketUsage(view: KeyValueView, name: string): BucketUsage {
  checkBucket(view, name)
  return decodeUsage(view.get(usageKey(name)))
}

export function getBucketSettings(view: KeyValueView, bucket: string): BucketSettings {
  checkBucket(view, bucket)
  return Object.fromEntries(
    bucketSettingKinds.flatMap((kind) => {
      const stored = view.get(settingKey(kind, bucket))
      return stored === undefined ? [] : [[kind, decodeSetting(stored)]]
    }),
  )
}

export function listBucketSettings(view: KeyValueView, request: ListBucketSettings): readonly BucketSetting[] {
  const { kind, after, limit } = request
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a listing')
  const prefix = settingPrefix(kind)
  const from = after === undefined ? prefix : `${settingKey(kind, after)}\0`
  const rows = view.range({ from, to: afterPrefix(prefix), limit })
  return rows.map(([key, row]) => ({ bucket: key.slice(prefix.length), value: decodeSetting(row) }))
}

export function visibleSequence(view: KeyValueView): number {
  return (decodeNumbers(view.get(sequenceKey), 1)[0] ?? 0) + 1
}

function withExtents(view: KeyValueView, row: VersionRow): VersionRow {
  if (row.extentList === undefined) return row
  const list = view.get(extentListKey(row.extentList))
  if (list === undefined) throw corrupt('a list of extents is missing')
  const { extents, parts } = decodeExtentList(list)
  return { ...row, extents, ...(parts === undefined ? {} : { parts }) }
}
