// Look-ups of files and buckets on one view of the store, which does not change while they read. A head is one look-up, because
// every download begins with it: the bucket's row is read only where there is none, to tell a missing file from a missing bucket, and
// delete markers only in buckets that ever had one. A row that another row points to and that is missing is `store-corrupt`.

import { decodeNumbers } from '../encoding/plain-rows.ts'
import type { VersionId } from '../../base/ids.ts'
import type { KeyValueView } from '../../ports/key-value.ts'
import type { BucketRow, BucketUsage } from '../contract/bucket-metadata.ts'
import { bucketsMax } from '../contract/bucket-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { decodeBucket, decodeUsage } from '../encoding/bucket-encoding.ts'
import {
  bucketKey,
  extentListKey,
  headKey,
  keptByIdKey,
  keptKey,
  markerKey,
  sequenceKey,
  tables,
  usageKey,
  within,
} from '../encoding/keys.ts'
import { RowReader, corrupt } from '../encoding/row-reader.ts'
import { decodeExtentList, decodeVersion } from '../encoding/version-encoding.ts'
import { bucketNotFound } from '../decisions/bucket-decisions.ts'

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
  file: { readonly bucket: string; readonly key: string; readonly version: VersionId },
): VersionRow | undefined {
  const { bucket, key, version } = file
  const head = getHead(view, bucket, key)
  if (head?.version === version) return head
  const reference = view.get(keptByIdKey(version))
  if (reference === undefined) return undefined
  const reader = new RowReader(reference)
  if (reader.text() !== bucket || reader.text() !== key) return undefined
  const stored = view.get(keptKey(bucket, key, reader.number()))
  if (stored === undefined) throw corrupt('a kept version is missing')
  return withExtents(view, decodeVersion(stored))
}

export function getBucket(view: KeyValueView, name: string): BucketRow | undefined {
  const stored = view.get(bucketKey(name))
  return stored === undefined ? undefined : { name, createdMs: decodeBucket(stored).createdMs }
}

export function checkBucket(view: KeyValueView, name: string): void {
  if (view.get(bucketKey(name)) === undefined) throw bucketNotFound(name)
}

export function listBuckets(view: KeyValueView): readonly BucketRow[] {
  const rows = view.range({ ...within(tables.bucket), limit: bucketsMax })
  return rows.map(([key, row]) => ({ name: key.slice(1), createdMs: decodeBucket(row).createdMs }))
}

export function getBucketUsage(view: KeyValueView, name: string): BucketUsage {
  checkBucket(view, name)
  return decodeUsage(view.get(usageKey(name)))
}

export function visibleSequence(view: KeyValueView): number {
  return (decodeNumbers(view.get(sequenceKey), 1)[0] ?? 0) + 1
}

function withExtents(view: KeyValueView, row: VersionRow): VersionRow {
  if (row.extentList === undefined) return row
  const list = view.get(extentListKey(row.extentList))
  if (list === undefined) throw corrupt('a list of extents is missing')
  return { ...row, extents: decodeExtentList(list).extents }
}
