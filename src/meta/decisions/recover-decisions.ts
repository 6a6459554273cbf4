// Puts back what a rebuild found on the workers. Files come in any order, and nothing that is there is replaced: a version gets its place
// among those of its key by what its upload had seen when it began, and the older of two is kept below the newer.
//
// The sequence of a recovered version is the number of the last change that its upload had seen, times `versionsPerSequence`. Of two
// uploads that saw the same number neither had ended when the other began, so either may be the newer: the later version id is.
// A version that was committed here is compared by version ids, which are made of time.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { assertScheme, columnCount } from '../../base/scheme.ts'
import { repairsMax } from '../contract/file-metadata.ts'
import type { GroupRow } from '../contract/group-metadata.ts'
import { seenSequenceMax, versionsPerSequence } from '../contract/rebuild-metadata.ts'
import type { RecoveredData, RecoverGroup, RecoverVersion } from '../contract/rebuild-metadata.ts'
import { extentsMax } from '../contract/version-row.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { decodeBucket, encodeBucket } from '../encoding/bucket-encoding.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import type { StoredData } from '../encoding/data-encoding.ts'
import { bucketKey, keptKey, nullKeptKey } from '../encoding/keys.ts'
import { addUsage, putBucket } from './bucket-decisions.ts'
import { countFile, stampAgain } from './commit-decision.ts'
import { insertDataRow, readData } from './data-rows.ts'
import type { Draft } from './draft.ts'
import { readGroupRow, writeGroup } from './group-decisions.ts'
import { findKept, keepVersion, putHead, readHead, removeKept } from './heads.ts'
import { longListOf, withoutLists } from './long-lists.ts'
import { runningRebuild } from './rebuild-decisions.ts'
import { putList, shareData } from './references.ts'
import { putRepair } from './repair-decisions.ts'

export function recoverGroup(draft: Draft, command: RecoverGroup): GroupRow {
  const { rebuild, group, epoch, scheme, slots, state, fence } = command
  runningRebuild(draft, rebuild, fence)
  assertScheme(scheme)
  assert(slots.length === columnCount(scheme), 'a group has a worker for each column')
  const stored = readGroupRow(draft, group)
  if (stored !== undefined && stored.epoch >= epoch) return stored
  const { bytesPerSlot = 0, mapVersion = 0 } = stored ?? {}
  return writeGroup(draft, { group, epoch, scheme, slots, state, bytesPerSlot, mapVersion })
}

export function recoverVersion(draft: Draft, command: RecoverVersion): 'recovered' | 'known' | 'gone' {
  const { rebuild, bucket, version, seenSequence, data, ends, fence } = command
  runningRebuild(draft, rebuild, fence)
  assert(
    version.recovered === true && version.deleteMarker !== true,
    'a recovered version has data and says what it is',
  )
  assert(version.extents.length <= extentsMax && data.length > 0, 'number of extents')
  assert(seenSequence >= 0 && seenSequence <= seenSequenceMax, 'number of the change that was seen')
  const own = ends === undefined ? data : [ends]
  if (own.some((ref) => readData(draft, ref) !== undefined)) return 'known'
  if (data.some((ref) => !isLiveOrNew(readData(draft, ref)))) return 'gone'
  const bucketRow = findOrMakeBucket(draft, command)
  const head = readHead(draft, command, bucketRow)
  const row = { ...placeLists(draft, command), sequence: 0 }
  const isHead = head === undefined || isNewer(command, head)
  const placed = isHead
    ? placeOnTop(draft, { command, row, head, bucketRow })
    : placeBelow(draft, { command, row, head, bucketRow })
  for (const ref of data) {
    if (readData(draft, ref) === undefined) insertLive(draft, ref, placed)
    else shareData(draft, ref)
  }
  addUsage(draft, bucket, { files: isHead ? 1 - countFile(head) : 0, bytes: version.sizeBytes })
  draft.record({ kind: 'version', bucket, key: command.key, version: version.version })
  return 'recovered'
}

function isLiveOrNew(row: StoredData | undefined): boolean {
  return row === undefined || row.state === 'live'
}

/** A bucket of a manifest existed once; one that is made anew keeps what its versions say that it kept. */
function findOrMakeBucket(draft: Draft, { bucket: name, version }: RecoverVersion): StoredBucket {
  const stored = draft.get(bucketKey(name))
  const found = stored === undefined ? putBucket(draft, { name, createdMs: version.modifiedMs }) : decodeBucket(stored)
  const isLocked = version.lock !== undefined && found.objectLock !== true
  const isVersioned = (version.versioned === true || isLocked) && found.versioning === undefined
  if (!isLocked && !isVersioned) return found
  const row: StoredBucket = {
    ...found,
    versioning: isLocked ? 'enabled' : (found.versioning ?? 'enabled'),
    ...(isLocked ? { objectLock: true } : {}),
  }
  draft.put(bucketKey(name), encodeBucket(row))
  return row
}

interface Placing<Head> {
  readonly command: RecoverVersion
  readonly row: VersionRow
  readonly head: Head
  readonly bucketRow: StoredBucket
}

/** Both resolve to the version with its sequence. */
function placeOnTop(draft: Draft, { command, row, head, bucketRow }: Placing<VersionRow | undefined>): VersionRow {
  const sequence = Math.max(firstSequence(command), (head?.sequence ?? 0) + 1)
  if (row.versioned !== true) nameNullKept(draft, command)
  if (head !== undefined) keepVersion(draft, command, row.versioned === true ? head : { ...head, versioned: true })
  putHead(draft, command, { bucket: bucketRow, head: { ...row, sequence } })
  return { ...row, sequence }
}

function placeBelow(draft: Draft, { command, row, head, bucketRow }: Placing<VersionRow>): VersionRow {
  const first = firstSequence(command)
  let sequence = first
  while (draft.get(keptKey(command.bucket, command.key, sequence)) !== undefined) {
    sequence++
    if (sequence - first >= versionsPerSequence)
      throw new FrostError('bad-request', `There are too many versions of "${command.key}" from one moment.`)
  }
  const isNull = row.versioned !== true && head.versioned === true && !hasNullKept(draft, command)
  const kept: VersionRow = isNull ? { ...row, sequence } : { ...row, sequence, versioned: true }
  keepVersion(draft, command, kept)
  if (sequence >= head.sequence)
    putHead(draft, command, { bucket: bucketRow, head: { ...head, sequence: sequence + 1 } })
  return kept
}

/** The null version is a newer one now: the kept one goes by its id. */
function nameNullKept(draft: Draft, command: RecoverVersion): void {
  const kept = findKept(draft, command, 'null')
  if (kept === undefined) return
  removeKept(draft, command, kept)
  keepVersion(draft, command, { ...kept, versioned: true })
}

function hasNullKept(draft: Draft, { bucket, key }: RecoverVersion): boolean {
  return draft.get(nullKeptKey(bucket, key)) !== undefined
}

function firstSequence({ seenSequence }: RecoverVersion): number {
  return Math.max(1, seenSequence * versionsPerSequence)
}

function isNewer({ version, seenSequence }: RecoverVersion, head: VersionRow): boolean {
  if (head.recovered !== true) return version.version > head.version
  const headSeen = Math.floor(head.sequence / versionsPerSequence)
  return seenSequence === headSeen ? version.version > head.version : seenSequence > headSeen
}

function placeLists(draft: Draft, { version }: RecoverVersion): Omit<VersionRow, 'sequence'> {
  const list = longListOf(version)
  if (list !== undefined) putList(draft, list, version)
  return { ...withoutLists(version, list), ...(version.versioned === true ? { versioned: true } : {}) }
}

function insertLive(draft: Draft, data: RecoveredData, stamp: VersionRow): void {
  const { group, dataId, scheme, chunkSizeBytes, lengthBytes, repairs, slots } = data
  assertScheme(scheme)
  assert(repairs.length <= repairsMax, 'number of repairs')
  const { version } = stamp
  const live = { state: 'live', purge: 0, references: 1 } as const
  insertDataRow(draft, data, { ...live, scheme, chunkSizeBytes, lengthBytes, version, ...stampAgain(stamp) })
  for (const { block, column, standIn } of repairs)
    putRepair(draft, { kind: 'fragment', group, dataId, block, column, ...(standIn === undefined ? {} : { standIn }) })
  for (const slot of slots) putRepair(draft, { kind: 'slot', group, dataId, slot })
}
