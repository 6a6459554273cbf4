// Who refers to which data: the counts on data rows and on shared lists of extents. A version holds one reference on each
// data id that its extents name, or one on its list, which then holds those; so does a part of an unfinished upload. What reaches 0 dies
// here, once and for all. How many versions have a list stands in a row beside it, so that a copy writes the same whatever its length.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import type { DataRef } from '../contract/conventions.ts'
import type { Extent, VersionRow } from '../contract/version-row.ts'
import { decodeExtentList, decodeListReferences, encodeExtentList } from '../encoding/extent-encoding.ts'
import type { StoredData } from '../encoding/data-encoding.ts'
import type { ExtentList } from '../encoding/extent-encoding.ts'
import { extentListKey, listCountKey, purgeCountKey, purgeKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import { askForData, readData, updateDataRow } from './data-rows.ts'
import type { Draft } from './draft.ts'

const empty = new Uint8Array()

/** Each data id that the extents name, once. */
export function dataOf(extents: readonly Extent[]): readonly DataRef[] {
  const [first] = extents
  if (first === undefined || extents.length === 1) return extents
  const known = new Map<string, DataRef>()
  for (const { group, dataId } of extents) known.set(`${group}/${dataId}`, { group, dataId })
  return [...known.values()]
}

/** One more reference on each. @throws FrostError `data-gone` where a row is not live. */
export function shareAll(draft: Draft, refs: readonly DataRef[]): void {
  askForData(draft, refs)
  for (const ref of refs) shareData(draft, ref)
}

/** One more reference. @throws FrostError `data-gone` where the row is not live. */
export function shareData(draft: Draft, ref: DataRef): void {
  const row = readData(draft, ref)
  if (row?.state !== 'live') throw dataGone(ref.dataId)
  updateDataRow(draft, ref, { ...row, references: row.references + 1 })
}

/** One version has this list, which is of its id. */
export function putList(draft: Draft, list: VersionId, content: ExtentList): void {
  draft.put(extentListKey(list), encodeExtentList({ references: 1, ...content }))
  draft.put(listCountKey(list), encodeNumbers([1]))
}

/** One more version with this list. @throws FrostError `data-gone` where there is none. */
export function shareList(draft: Draft, list: VersionId): void {
  const count = countList(draft, list)
  if (count === 0) throw dataGone(list)
  draft.put(listCountKey(list), encodeNumbers([count + 1]))
}

/** Gives back what a version, as stored, refers to. */
export function releaseVersion(draft: Draft, row: VersionRow): void {
  if (row.ownRecord !== undefined) releaseAll(draft, [{ ref: row.ownRecord, count: 1 }])
  if (row.extentList === undefined) return releaseExtents(draft, row.extents)
  const count = countList(draft, row.extentList)
  const countKey = listCountKey(row.extentList)
  if (count > 1) return draft.put(countKey, encodeNumbers([count - 1]))
  const stored = draft.get(extentListKey(row.extentList))
  assert(stored !== undefined, 'a version has the list that it names')
  draft.remove(extentListKey(row.extentList))
  draft.remove(countKey)
  releaseExtents(draft, decodeExtentList(stored).extents)
}

/** How many versions have a list; 0: there is none. */
function countList(draft: Draft, list: VersionId): number {
  const counted = draft.get(listCountKey(list))
  if (counted !== undefined) return decodeNumbers(counted, 1)[0] ?? 0
  const stored = draft.get(extentListKey(list))
  return stored === undefined ? 0 : decodeListReferences(stored)
}

/** Puts a dead data id into the purge queue, under the number of this change, which is the answer. */
export function queuePurge(draft: Draft, ref: DataRef): number {
  draft.put(purgeKey({ sequence: draft.sequence, group: ref.group, dataId: ref.dataId }), empty)
  addPurgeCount(draft, 1)
  return draft.sequence
}

export function addPurgeCount(draft: Draft, added: number): void {
  const [count = 0] = decodeNumbers(draft.get(purgeCountKey), 1)
  draft.put(purgeCountKey, encodeNumbers([count + added]))
}

/** Gives back one reference on each data id that the extents name. */
export function releaseExtents(draft: Draft, extents: readonly Extent[]): void {
  releaseAll(
    draft,
    dataOf(extents).map((ref) => ({ ref, count: 1 })),
  )
}

/** References on one data id. */
export interface Held {
  readonly ref: DataRef
  readonly count: number
}

/** Gives back so many references on each data id, which are all different. */
export function releaseAll(draft: Draft, held: readonly Held[]): void {
  // Asked for before the first is judged, as by `askForData`.
  const rows = held.map(({ ref }) => readData(draft, ref))
  for (const [index, { ref, count }] of held.entries()) release(draft, ref, rows[index], count)
}

function release(draft: Draft, ref: DataRef, row: StoredData | undefined, count: number): void {
  assert(row?.state === 'live' && row.references >= count, 'referenced data is live')
  if (row.references > count) updateDataRow(draft, ref, { ...row, references: row.references - count })
  else updateDataRow(draft, ref, { ...row, state: 'gone', references: 0, purge: queuePurge(draft, ref) })
}

function dataGone(what: string): FrostError {
  return new FrostError('data-gone', `The data ${what} was deleted meanwhile.`)
}
