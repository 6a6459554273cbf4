// Who refers to which data: the counts on data rows and on shared lists of extents. A version holds one reference on each
// data id that its extents name, or one on its list, which then holds those. What reaches 0 dies here, once and for all.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { VersionId } from '../../base/ids.ts'
import type { DataRef } from '../contract/conventions.ts'
import type { Extent, VersionRow } from '../contract/version-row.ts'
import { extentListKey, purgeCountKey, purgeKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import type { ExtentListRow } from '../encoding/version-encoding.ts'
import { decodeExtentList, encodeExtentList } from '../encoding/version-encoding.ts'
import { readData, updateDataRow } from './data-rows.ts'
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

/** One more reference. @throws FrostError `data-gone` where the row is not live. */
export function shareData(draft: Draft, ref: DataRef): void {
  const row = readData(draft, ref)
  if (row?.state !== 'live') throw dataGone(ref.dataId)
  updateDataRow(draft, ref, { ...row, references: row.references + 1 })
}

/** One more version with this list. @throws FrostError `data-gone` where there is none. */
export function shareList(draft: Draft, list: VersionId): readonly Extent[] {
  const key = extentListKey(list)
  const stored = draft.get(key)
  if (stored === undefined) throw dataGone(list)
  const row = decodeExtentList(stored)
  draft.put(key, encodeExtentList({ ...row, references: row.references + 1 }))
  return row.extents
}

export function readList(draft: Draft, list: VersionId): ExtentListRow {
  const stored = draft.get(extentListKey(list))
  assert(stored !== undefined, 'a version has the list that it names')
  return decodeExtentList(stored)
}

/** Gives back what a version, as stored, refers to. */
export function releaseVersion(draft: Draft, row: VersionRow): void {
  if (row.extentList === undefined) return releaseAll(draft, row.extents)
  const key = extentListKey(row.extentList)
  const list = readList(draft, row.extentList)
  if (list.references > 1) return draft.put(key, encodeExtentList({ ...list, references: list.references - 1 }))
  draft.remove(key)
  releaseAll(draft, list.extents)
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

function releaseAll(draft: Draft, extents: readonly Extent[]): void {
  for (const ref of dataOf(extents)) {
    const row = readData(draft, ref)
    assert(row?.state === 'live', 'referenced data is live')
    if (row.references > 1) updateDataRow(draft, ref, { ...row, references: row.references - 1 })
    else updateDataRow(draft, ref, { ...row, state: 'gone', references: 0, purge: queuePurge(draft, ref) })
  }
}

function dataGone(what: string): FrostError {
  return new FrostError('data-gone', `The data ${what} was deleted meanwhile.`)
}
