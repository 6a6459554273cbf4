// Decides the commit of a version: the one place where uploaded data becomes a file. All of it happens or nothing.
//
// A data id's row is inserted here as live, and by a discard as dead; whoever comes second finds the row and fails. So an
// upload is committed or discarded, never both, and the row says which to whoever lost the answer.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { assertScheme, columnCount } from '../../base/scheme.ts'
import { repairsMax } from '../contract/file-metadata.ts'
import type { ChangeCause } from '../contract/change-metadata.ts'
import type { CommitResult, CommitVersion, NewData } from '../contract/file-metadata.ts'
import { extentsMax } from '../contract/version-row.ts'
import type { Extent, NewVersion, VersionRow } from '../contract/version-row.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import { decodeGroup } from '../encoding/group-encoding.ts'
import { commandKey, groupKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import { addUsage, bucketNotFound, readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { insertDataRow, insertMax, readData } from './data-rows.ts'
import { makeRoom } from './displacement.ts'
import type { Draft } from './draft.ts'
import { checkCondition, putHead, readHead } from './heads.ts'
import type { FileKey } from './heads.ts'
import { checkAboveHorizon, expired } from './horizon.ts'
import { longListOf, withoutLists } from './long-lists.ts'
import { checkLockAllowed } from './object-lock.ts'
import { dataOf, putList, shareAll, shareList } from './references.ts'
import { putRepair } from './repair-decisions.ts'

export function commitVersion(draft: Draft, command: CommitVersion): CommitResult {
  assertCommand(command)
  const repeated = findRepeat(draft, command)
  if (repeated !== undefined) return { row: repeated }
  refuseWhileBehind(draft)
  const { bucket, key, version, bucketMs } = command
  const bucketRow = readBucket(draft, bucket)
  if (bucketMs !== undefined && bucketMs !== bucketRow.createdMs) throw bucketNotFound(bucket)
  checkAboveHorizon(draft, idsOf(command))
  const head = readHead(draft, command, bucketRow)
  checkCondition(head, command.condition)

  checkLockAllowed(bucketRow, version.lock)
  const stamp = stampOf(version, { head, bucket: bucketRow })
  for (const data of command.newData) insertData(draft, data, { ...stamp, version: version.version })
  shareAll(draft, command.sharedData ?? [])
  const row = { ...placeLists(draft, command), ...stamp }
  const replaced = putNewest(draft, command, { bucket: bucketRow, head, row })
  if (command.commandId !== undefined)
    draft.put(
      commandKey(command.commandId),
      encodeNumbers([row.sequence, row.modifiedMs, row.versioned === true ? 1 : 0]),
    )
  draft.record({ kind: 'version', bucket, key, version: row.version, ...replaced, ...causeOf(command, row) })
  return { row, ...replaced }
}

type Stamp = Pick<VersionRow, 'sequence' | 'modifiedMs' | 'versioned'>

interface Newest {
  readonly bucket: StoredBucket
  readonly head: VersionRow | undefined
}

/** What the commit gives a version that is to be the newest. */
export function stampOf({ modifiedMs }: Pick<NewVersion, 'modifiedMs'>, { head, bucket }: Newest): Stamp {
  return {
    sequence: (head?.sequence ?? 0) + 1,
    modifiedMs: Math.max(modifiedMs, head?.modifiedMs ?? 0),
    ...(bucket.versioning === 'enabled' ? { versioned: true as const } : {}),
  }
}

/** Puts a version on top of the others. `partBytes`: what it takes over from parts, which are counted already. */
export function putNewest(
  draft: Draft,
  file: FileKey,
  { bucket, head, row, partBytes = 0 }: Newest & { readonly row: VersionRow; readonly partBytes?: number },
): Pick<CommitResult, 'replaced'> {
  const removed = makeRoom(draft, file, { bucket, head })
  putHead(draft, file, { bucket, head: row })
  addUsage(draft, file.bucket, {
    files: countFile(row) - countFile(head),
    bytes: row.sizeBytes - (removed?.sizeBytes ?? 0) - partBytes,
    ...(bucket.quotaBytes === undefined ? {} : { quotaBytes: bucket.quotaBytes }),
  })
  return head === undefined ? {} : { replaced: head.version }
}

/** With what only the commit knows of the version that the change is about. */
export function causeOf(
  { cause }: { readonly cause?: ChangeCause },
  { sizeBytes, etag, version, versioned, modifiedMs }: VersionRow,
): { readonly cause?: ChangeCause } {
  if (cause === undefined) return {}
  const atMs = Math.max(cause.atMs, modifiedMs) // an upload may have taken hours
  return { cause: { ...cause, atMs, sizeBytes, etag: etag ?? version, ...(versioned === true ? { versioned } : {}) } }
}

/** 1 for a version that counts as a file. */
export function countFile(row: VersionRow | undefined): number {
  return row === undefined || row.deleteMarker === true ? 0 : 1
}

function assertCommand(command: CommitVersion): void {
  const { version, newData, sharedData = [], shareExtents, commandId } = command
  assert(newData.length > 0 || commandId !== undefined, 'a commit without new data has a command id')
  assert(version.extents.length <= extentsMax && newData.length <= insertMax, 'number of extents')
  assert(version.deleteMarker !== true, 'a delete marker is made by a delete')
  const { ownRecord } = version
  if (shareExtents === undefined) {
    assert(ownRecord === undefined, 'a manifest has its place among the extents')
    return assertNamed(version.extents, { newData, sharedData })
  }
  assert(
    version.extents.length + sharedData.length === 0,
    'a shared list is all that it refers to, but for its own record',
  )
  assertNamed(ownRecord === undefined ? [] : [ownRecord], { newData })
}

type CommandData = Pick<CommitVersion, 'newData' | 'sharedData' | 'commandId'>

/** Extents name each data id of a command, and no other. */
export function assertNamed(extents: readonly Extent[], { newData, sharedData = [] }: CommandData): void {
  const named = dataOf(extents)
  assert(named.length === newData.length + sharedData.length, 'extents name each data id of the commit, and no other')
  const [first] = named
  const names = named.length > 1 ? new Set(named.map((ref) => `${ref.group}/${ref.dataId}`)) : undefined
  for (const { group, dataId } of [...newData, ...sharedData]) {
    const isNamed =
      names === undefined ? first?.dataId === dataId && first.group === group : names.has(`${group}/${dataId}`)
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
    return { ...placedOf(command), ...stampAgain(row) }
  }
  const stored = commandId === undefined ? undefined : draft.get(commandKey(commandId))
  if (stored === undefined) return undefined
  const [sequence = 0, modifiedMs = 0, versioned = 0] = decodeNumbers(stored, 3)
  return { ...placedOf(command), sequence, modifiedMs, ...(versioned === 1 ? { versioned: true } : {}) }
}

export function stampAgain({ sequence, modifiedMs, versioned }: Stamp): Stamp {
  return { sequence, modifiedMs, ...(versioned === true ? { versioned } : {}) }
}

export function idsOf(command: CommandData): readonly NewData['dataId'][] {
  const ids = command.newData.map((data) => data.dataId)
  return command.commandId === undefined ? ids : [...ids, command.commandId]
}

export function insertData(draft: Draft, data: NewData, stamp: Stamp & Pick<VersionRow, 'version'>): void {
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

type Placed = NewVersion & Pick<VersionRow, 'extentList'>

/** Puts long lists into a row of their own, or shares one that is there. */
function placeLists(draft: Draft, command: CommitVersion): Placed {
  const { version, shareExtents } = command
  const placed = placedOf(command)
  if (shareExtents !== undefined) shareList(draft, shareExtents)
  else if (placed.extentList !== undefined) putList(draft, placed.extentList, version)
  return placed
}

function placedOf({ version, shareExtents }: CommitVersion): Placed {
  return withoutLists(version, shareExtents ?? longListOf(version))
}
