// Decides the commit of a version: the one place where uploaded data becomes a file. All of it happens or nothing.
//
// A data id's row is inserted here as live, and by a discard as dead; whoever comes second finds the row and fails. So an
// upload is committed or discarded, never both, and the row says which to whoever lost the answer.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { assertScheme, columnCount } from '../../base/scheme.ts'
import { repairsMax } from '../contract/file-metadata.ts'
import type { CommitResult, CommitVersion, NewData } from '../contract/file-metadata.ts'
import { extentsInlineMax, extentsMax } from '../contract/version-row.ts'
import type { Extent, VersionRow } from '../contract/version-row.ts'
import { decodeGroup } from '../encoding/group-encoding.ts'
import { commandKey, extentListKey, groupKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import { encodeExtentList } from '../encoding/version-encoding.ts'
import { addUsage, readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { insertDataRow, readData } from './data-rows.ts'
import type { Draft } from './draft.ts'
import { checkCondition, keepVersion, putHead, readHead } from './heads.ts'
import { checkAboveHorizon, expired } from './horizon.ts'
import { dataOf, releaseVersion, shareData, shareList } from './references.ts'
import { putRepair } from './repair-decisions.ts'

export function commitVersion(draft: Draft, command: CommitVersion): CommitResult {
  assertCommand(command)
  const repeated = findRepeat(draft, command)
  if (repeated !== undefined) return { row: repeated }
  refuseWhileBehind(draft)
  const { bucket, key, version } = command
  const bucketRow = readBucket(draft, bucket)
  checkAboveHorizon(draft, idsOf(command))
  const head = readHead(draft, command, bucketRow)
  checkCondition(head, command.condition)

  const stamp = {
    sequence: (head?.sequence ?? 0) + 1,
    modifiedMs: Math.max(version.modifiedMs, head?.modifiedMs ?? 0),
  }
  for (const data of command.newData) insertData(draft, data, { ...stamp, version: version.version })
  for (const ref of command.sharedData ?? []) shareData(draft, ref)
  const row = { ...version, ...stamp, ...placeExtents(draft, command) }
  if (head !== undefined) {
    if (command.keepPrevious === true) keepVersion(draft, command, head)
    else releaseVersion(draft, head)
  }
  putHead(draft, command, { bucket: bucketRow, head: row })
  addUsage(draft, bucket, {
    files: countFile(row) - countFile(head),
    bytes: row.sizeBytes - (command.keepPrevious === true ? 0 : (head?.sizeBytes ?? 0)),
  })
  if (command.commandId !== undefined)
    draft.put(commandKey(command.commandId), encodeNumbers([row.sequence, row.modifiedMs]))
  const replaced = head === undefined ? {} : { replaced: head.version }
  draft.record({ kind: 'version', bucket, key, version: row.version, ...replaced })
  return { row, ...replaced }
}

/** 1 for a version that counts as a file. */
export function countFile(row: VersionRow | undefined): number {
  return row === undefined || row.deleteMarker === true ? 0 : 1
}

function assertCommand(command: CommitVersion): void {
  const { version, newData, sharedData = [], shareExtents, commandId } = command
  assert(newData.length > 0 || commandId !== undefined, 'a commit without new data has a command id')
  assert(version.extents.length <= extentsMax, 'number of extents')
  const named = version.deleteMarker === true ? [] : dataOf(version.extents)
  if (shareExtents === undefined) {
    assert(named.length === newData.length + sharedData.length, 'extents name each data id of the commit, and no other')
    assertNamed(named.length > 1 ? new Set(named.map((ref) => `${ref.group}/${ref.dataId}`)) : undefined, command)
  } else
    assert(named.length + newData.length + sharedData.length === 0, 'a shared list is all that a version refers to')
}

function assertNamed(named: ReadonlySet<string> | undefined, command: CommitVersion): void {
  for (const { group, dataId } of [...command.newData, ...(command.sharedData ?? [])]) {
    const [first] = command.version.extents
    const isNamed =
      named === undefined ? first?.dataId === dataId && first.group === group : named.has(`${group}/${dataId}`)
    assert(isNamed, 'extents name each data id of the commit')
  }
}

/** The version as an earlier run of the same command made it. */
function findRepeat(draft: Draft, command: CommitVersion): VersionRow | undefined {
  const { version, newData, commandId } = command
  const [first] = newData
  if (first !== undefined) {
    const row = readData(draft, first)
    if (row === undefined) return undefined
    if (row.state === 'discarded' || row.version !== version.version) throw expired(first.dataId)
    return { ...version, sequence: row.sequence, modifiedMs: row.modifiedMs, ...listOf(command) }
  }
  const stored = commandId === undefined ? undefined : draft.get(commandKey(commandId))
  if (stored === undefined) return undefined
  const [sequence = 0, modifiedMs = 0] = decodeNumbers(stored, 2)
  return { ...version, sequence, modifiedMs, ...listOf(command) }
}

function idsOf(command: CommitVersion): readonly NewData['dataId'][] {
  const ids = command.newData.map((data) => data.dataId)
  return command.commandId === undefined ? ids : [...ids, command.commandId]
}

function insertData(draft: Draft, data: NewData, stamp: Pick<VersionRow, 'version' | 'sequence' | 'modifiedMs'>): void {
  const { dataId, scheme, chunkSizeBytes, lengthBytes } = data
  assertScheme(scheme)
  if (readData(draft, data) !== undefined) throw expired(dataId)
  insertDataRow(draft, data, { state: 'live', purge: 0, scheme, chunkSizeBytes, lengthBytes, references: 1, ...stamp })
  insertRepairs(draft, data)
}

/** What was not durable on its slot when it was acknowledged, and every slot that another worker holds since then. */
function insertRepairs(draft: Draft, data: NewData): void {
  const { group, dataId, scheme, repairs, acknowledgedEpoch } = data
  const stored = draft.get(groupKey(group))
  const row = stored === undefined ? undefined : decodeGroup(group, stored)
  if (row === undefined || acknowledgedEpoch > row.epoch)
    throw new FrostError('epoch-stale', `Metadata knows no epoch ${acknowledgedEpoch} of placement group ${group}.`)
  assert(columnCount(scheme) === row.slots.length && repairs.length <= repairsMax, 'scheme and repairs fit the group')
  for (const { block, column, standIn } of repairs)
    putRepair(draft, { kind: 'fragment', group, dataId, block, column, ...(standIn === undefined ? {} : { standIn }) })
  for (const [slot, { holderSinceEpoch }] of row.slots.entries()) {
    if (holderSinceEpoch > acknowledgedEpoch) putRepair(draft, { kind: 'slot', group, dataId, slot })
  }
}

/** Puts a long list of extents into a row of its own, or shares one that is there. */
function placeExtents(draft: Draft, command: CommitVersion): Pick<VersionRow, 'extents' | 'extentList'> {
  const { version, shareExtents } = command
  const extents: readonly Extent[] = shareExtents === undefined ? version.extents : shareList(draft, shareExtents)
  const list = listOf(command)
  if (shareExtents === undefined && list.extentList !== undefined)
    draft.put(extentListKey(list.extentList), encodeExtentList({ references: 1, extents }))
  return { extents, ...list }
}

function listOf({ version, shareExtents }: CommitVersion): Pick<VersionRow, 'extentList'> {
  if (shareExtents !== undefined) return { extentList: shareExtents }
  return version.extents.length > extentsInlineMax ? { extentList: version.version } : {}
}
