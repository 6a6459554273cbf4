// Removing and changing one version of a key, wherever it lies. Repeats are recognised as those of a delete (delete-decision.ts).

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { newerKeptMax } from '../contract/version-metadata.ts'
import type { ChangeVersion, DeleteVersion } from '../contract/version-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { keptKey, keptPrefix, within } from '../encoding/keys.ts'
import { addUsage, readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { causeOf, countFile } from './commit-decision.ts'
import { answer, readAnswer } from './delete-decision.ts'
import type { Draft } from './draft.ts'
import { checkCondition, findVersion, removeHead, removeKept, rewriteVersion } from './heads.ts'
import type { FileKey, FoundVersion } from './heads.ts'
import { checkAboveHorizon } from './horizon.ts'
import { changeLock, checkLockAllowed, checkRemovable } from './object-lock.ts'
import { releaseVersion } from './references.ts'

export function deleteVersion(draft: Draft, command: DeleteVersion): VersionRow | undefined {
  const { bucket, key, commandId } = command
  const answered = readAnswer(draft, commandId)
  if (answered !== undefined) return answered.removed
  refuseWhileBehind(draft)
  const bucketRow = readBucket(draft, bucket)
  checkAboveHorizon(draft, [commandId])
  const found = findVersion(draft, command, { bucket: bucketRow, name: command.version })
  checkCondition(found?.row, command.condition)
  if (found === undefined) return undefined
  const { row, isHead } = found
  checkRemovable(row, command)
  checkPlace(draft, command, found)

  releaseVersion(draft, row)
  const files = isHead ? countFile(removeHead(draft, command, bucketRow)) - countFile(row) : 0
  if (!isHead) removeKept(draft, command, row)
  addUsage(draft, bucket, { files, bytes: -row.sizeBytes })
  draft.record({ kind: 'version', bucket, key, replaced: row.version, ...causeOf(command, row) })
  return answer(draft, commandId, { removed: row }).removed
}

export function changeVersion(draft: Draft, command: ChangeVersion): VersionRow {
  const { bucket, key, commandId, version, retention, legalHold } = command
  const answered = readAnswer(draft, commandId)
  if (answered?.changed !== undefined) return answered.changed
  refuseWhileBehind(draft)
  const bucketRow = readBucket(draft, bucket)
  checkAboveHorizon(draft, [commandId])
  const found = findVersion(draft, command, { bucket: bucketRow, name: version })
  if (found === undefined || found.row.deleteMarker === true)
    throw new FrostError('version-not-found', `There is no version ${version ?? ''} of "${key}".`)
  if (retention !== undefined || legalHold !== undefined) checkLockAllowed(bucketRow, found.row.lock ?? {})
  const row = changed(found.row, command)
  rewriteVersion(draft, command, { ...found, row })
  draft.record({ kind: 'version', bucket, key, version: row.version, ...causeOf(command, row) })
  return answer(draft, commandId, { changed: row }).changed
}

/** @throws FrostError `precondition-failed`: it does not lie where the command takes it to lie. */
function checkPlace(draft: Draft, command: DeleteVersion, { row, isHead }: FoundVersion): void {
  const { onlyIfAlone, newerKeptMin } = command
  if (onlyIfAlone === true && !(isHead && isAlone(draft, command)))
    throw new FrostError('precondition-failed', `The version ${row.version} is not the only one of its key.`)
  if (newerKeptMin === undefined) return
  assert(Number.isInteger(newerKeptMin) && newerKeptMin >= 0 && newerKeptMin <= newerKeptMax, 'newer versions')
  if (isHead) throw new FrostError('precondition-failed', `The version ${row.version} is the newest of its key.`)
  if (newerKeptMin === 0) return
  const newer = {
    from: keptPrefix(command.bucket, command.key),
    to: keptKey(command.bucket, command.key, row.sequence),
  }
  if (draft.range({ ...newer, limit: newerKeptMin }).length < newerKeptMin)
    throw new FrostError('precondition-failed', `Too few kept versions are newer than ${row.version}.`)
}

function isAlone(draft: Draft, { bucket, key }: FileKey): boolean {
  return draft.range({ ...within(keptPrefix(bucket, key)), limit: 1 }).length === 0
}

function changed(row: VersionRow, command: ChangeVersion): VersionRow {
  const { tags: tagsBefore, lock: lockBefore = {}, extra: extraBefore, ...rest } = row
  const tags = command.tags ?? tagsBefore
  const lock = changeLock(row.version, lockBefore, command)
  const merged = Object.entries({ ...extraBefore, ...command.extra }).filter(([, value]) => value.length > 0)
  return {
    ...rest,
    ...(tags === undefined || Object.keys(tags).length === 0 ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
    ...(merged.length === 0 ? {} : { extra: Object.fromEntries(merged) }),
  }
}
