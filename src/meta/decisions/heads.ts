// The newest version of a key and those kept below it. The newest lies in the table `head`, or in `marker` where it is a delete
// marker; kept ones lie in `kept`, newest first, each with an entry that finds it by its id. Of the versions of a key at most one is not
// `versioned`, the null version; where it is a kept one, an entry by the key finds it, however many there are.

import { FrostError } from '../../base/errors.ts'
import { keyBytesMax } from '../../ports/key-value.ts'
import { conditionHolds } from '../contract/head-condition.ts'
import type { HeadCondition } from '../contract/head-condition.ts'
import type { VersionName } from '../contract/version-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import { encodeBucket } from '../encoding/bucket-encoding.ts'
import {
  bucketKey,
  headKey,
  keptByIdKey,
  keptKey,
  keptPrefix,
  markerKey,
  nullKeptKey,
  within,
} from '../encoding/keys.ts'
import { encodeKeptReference } from '../encoding/kept-reference.ts'
import { encodeNumbers } from '../encoding/plain-rows.ts'
import { decodeVersion, encodeVersion } from '../encoding/version-encoding.ts'
import { findKeptKey } from '../reads/find-kept.ts'
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
  removeKept(draft, file, head)
  putHead(draft, file, { bucket: bucketRow, head })
  return head
}

/** Keeps a version that is no longer the newest. */
export function keepVersion(draft: Draft, { bucket, key }: FileKey, row: VersionRow): void {
  const at = keptKey(bucket, key, row.sequence)
  if (at.length > keyBytesMax)
    throw new FrostError('name-invalid', 'A name with so many zero characters cannot keep older versions.')
  draft.put(at, encodeVersion(row))
  draft.put(keptByIdKey(row.version), encodeKeptReference(bucket, key, row.sequence))
  if (row.versioned !== true) draft.put(nullKeptKey(bucket, key), encodeNumbers([row.sequence]))
}

export function removeKept(draft: Draft, { bucket, key }: FileKey, row: VersionRow): void {
  draft.remove(keptKey(bucket, key, row.sequence))
  draft.remove(keptByIdKey(row.version))
  if (row.versioned !== true) draft.remove(nullKeptKey(bucket, key))
}

/** A kept version by its name, a list of extents not loaded. */
export function findKept(draft: Draft, { bucket, key }: FileKey, name: VersionName): VersionRow | undefined {
  const at = findKeptKey(draft, { bucket, key, version: name })
  const stored = at === undefined ? undefined : draft.get(at)
  return stored === undefined ? undefined : decodeVersion(stored)
}

export interface FoundVersion {
  readonly row: VersionRow
  readonly isHead: boolean
}

/** The newest or a kept version by its name; without one, the newest. */
export function findVersion(
  draft: Draft,
  file: FileKey,
  { bucket, name }: { readonly bucket: StoredBucket; readonly name: VersionName | undefined },
): FoundVersion | undefined {
  const head = readHead(draft, file, bucket)
  if (head !== undefined && isNamed(head, name)) return { row: head, isHead: true }
  const kept = name === undefined ? undefined : findKept(draft, file, name)
  return kept === undefined ? undefined : { row: kept, isHead: false }
}

function isNamed(row: VersionRow, name: VersionName | undefined): boolean {
  if (name === undefined) return true
  return name === 'null' ? row.versioned !== true : row.version === name
}

/** Writes a version that is there over itself. */
export function rewriteVersion(draft: Draft, { bucket, key }: FileKey, at: FoundVersion): void {
  const { row, isHead } = at
  draft.put(isHead ? headKey(bucket, key) : keptKey(bucket, key, row.sequence), encodeVersion(row))
}

/** @throws FrostError `precondition-failed`. */
export function checkCondition(head: VersionRow | undefined, condition: HeadCondition | undefined): void {
  if (condition === undefined || conditionHolds(head, condition)) return
  const isAbsent = head === undefined || head.deleteMarker === true
  const found = isAbsent ? 'There is no such file.' : `Its version is ${head.version}.`
  throw new FrostError('precondition-failed', `The condition on the file does not hold: ${found}`)
}
