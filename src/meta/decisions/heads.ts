// The newest version of a key and those kept below it. The newest lies in the table `head`, or in `marker` where it is a delete
// marker; kept ones lie in `kept`, newest first, each with an entry that finds it by its id.

import { FrostError } from '../../base/errors.ts'
import { keyBytesMax } from '../../ports/key-value.ts'
import type { HeadCondition } from '../contract/file-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import { encodeBucket } from '../encoding/bucket-encoding.ts'
import { headKey, keptByIdKey, keptKey, keptPrefix, markerKey, bucketKey, within } from '../encoding/keys.ts'
import { decodeVersion, encodeVersion } from '../encoding/version-encoding.ts'
import { RowWriter } from '../encoding/row-writer.ts'
import type { Draft } from './draft.ts'

export interface FileKey {
  readonly bucket: string
  readonly key: string
}

/** Reads the newest version, a list of extents not loaded. */
export function readHead(draft: Draft, { bucket, key }: FileKey, row: StoredBucket): VersionRow | undefined {
  const stored = draft.get(headKey(bucket, key)) ?? (row.hadMarkers ? draft.get(markerKey(bucket, key)) : undefined)
  return stored === undefined ? undefined : decodeVersion(stored)
}

/** Writes the newest version over the one before it. */
export function putHead(draft: Draft, file: FileKey, rows: { bucket: StoredBucket; head: VersionRow }): void {
  const { bucket, key } = file
  const isMarker = rows.head.deleteMarker === true
  draft.put(isMarker ? markerKey(bucket, key) : headKey(bucket, key), encodeVersion(rows.head))
  if (isMarker) draft.remove(headKey(bucket, key))
  else if (rows.bucket.hadMarkers) draft.remove(markerKey(bucket, key))
  if (isMarker && !rows.bucket.hadMarkers)
    draft.put(bucketKey(bucket), encodeBucket({ ...rows.bucket, hadMarkers: true }))
}

/** Removes the newest version; the newest kept one takes its place, and is the answer. */
export function removeHead(draft: Draft, file: FileKey, bucketRow: StoredBucket): VersionRow | undefined {
  const { bucket, key } = file
  draft.remove(headKey(bucket, key))
  if (bucketRow.hadMarkers) draft.remove(markerKey(bucket, key))
  const [kept] = draft.range({ ...within(keptPrefix(bucket, key)), limit: 1 })
  if (kept === undefined) return undefined
  const head = decodeVersion(kept[1])
  draft.remove(kept[0])
  draft.remove(keptByIdKey(head.version))
  putHead(draft, file, { bucket: bucketRow, head })
  return head
}

/** Keeps a version that is no longer the newest. */
export function keepVersion(draft: Draft, { bucket, key }: FileKey, row: VersionRow): void {
  const at = keptKey(bucket, key, row.sequence)
  if (at.length > keyBytesMax)
    throw new FrostError('name-invalid', 'A name with so many zero characters cannot keep older versions.')
  draft.put(at, encodeVersion(row))
  draft.put(keptByIdKey(row.version), keptReference(bucket, key, row.sequence))
}

/** @throws FrostError `precondition-failed`. */
export function checkCondition(head: VersionRow | undefined, condition: HeadCondition | undefined): void {
  if (condition === undefined) return
  const present = head === undefined || head.deleteMarker === true ? undefined : head.version
  if (condition.kind === 'if-absent' ? present === undefined : present === condition.version) return
  const found = present === undefined ? 'There is no such file.' : `Its version is ${present}.`
  throw new FrostError('precondition-failed', `The condition on the file does not hold: ${found}`)
}

function keptReference(bucket: string, key: string, sequence: number): Uint8Array<ArrayBuffer> {
  return new RowWriter(128).text(bucket).text(key).number(sequence).finish()
}
