// Multipart uploads until they are completed: begun, given parts, aborted. A part holds one reference on each data id that its extents
// name, as a version does, and its bytes count as the bucket's. Completion: complete-decision.ts.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { keyBytesMax } from '../../ports/key-value.ts'
import { partExtentsFew, partExtentsMax, partsEach, partsMax } from '../contract/multipart-metadata.ts'
import type { AbortMultipart, MultipartName, MultipartRow, PutPart } from '../contract/multipart-metadata.ts'
import { extentsMax } from '../contract/version-row.ts'
import { encodeKeptReference } from '../encoding/kept-reference.ts'
import {
  commandKey,
  completedKey,
  multipartKey,
  multipartTimeKey,
  partKey,
  partPrefix,
  within,
} from '../encoding/keys.ts'
import { decodeMultipart, decodePart, encodeMultipart, encodePart } from '../encoding/multipart-encoding.ts'
import type { StoredMultipart } from '../encoding/multipart-encoding.ts'
import { encodeNumbers } from '../encoding/plain-rows.ts'
import { addUsage, readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { assertNamed, idsOf, insertData } from './commit-decision.ts'
import { askForData, readData } from './data-rows.ts'
import type { Draft } from './draft.ts'
import { checkAboveHorizon, expired } from './horizon.ts'
import { checkLockAllowed } from './object-lock.ts'
import { dataOf, releaseExtents, shareAll } from './references.ts'

export function createMultipart(draft: Draft, row: MultipartRow): void {
  refuseWhileBehind(draft)
  const { bucket, key, upload, createdMs, template } = row
  checkLockAllowed(readBucket(draft, bucket), template.lock)
  const at = multipartKey(row)
  if (at.length > keyBytesMax)
    throw new FrostError('name-invalid', 'A name with so many zero characters cannot be uploaded in parts.')
  if (draft.get(at) !== undefined || draft.get(completedKey(upload)) !== undefined) return
  draft.put(at, encodeMultipart(row))
  draft.put(multipartTimeKey(createdMs, upload), encodeKeptReference(bucket, key, 0))
  draft.record({ kind: 'multipart', bucket, key, upload })
}

export function putPart(draft: Draft, command: PutPart): void {
  const { bucket, key, upload, part, newData, sharedData = [], commandId } = command
  assert(newData.length > 0 || commandId !== undefined, 'a part without new data has a command id')
  assert(part.number >= 1 && part.number <= partsMax, 'number of a part')
  if (part.extents.length > partExtentsMax)
    throw new FrostError('bad-request', `A part has at most ${partExtentsMax} extents.`)
  assertNamed(part.extents, { newData, sharedData })
  if (isRepeat(draft, command)) return
  refuseWhileBehind(draft)
  const bucketRow = readBucket(draft, bucket)
  checkAboveHorizon(draft, idsOf(command))
  mustReadOpen(draft, command)
  checkExtents(draft, command)
  const stamp = { version: part.id, sequence: part.number, modifiedMs: part.modifiedMs }
  for (const data of newData) insertData(draft, data, stamp)
  shareAll(draft, sharedData)
  const at = partKey(upload, part.number)
  const stored = draft.get(at)
  const before = stored === undefined ? undefined : decodePart(at, stored)
  if (before !== undefined) releaseExtents(draft, before.extents)
  draft.put(at, encodePart(part))
  const { quotaBytes } = bucketRow
  const bytes = part.sizeBytes - (before?.sizeBytes ?? 0)
  addUsage(draft, bucket, { files: 0, bytes, ...(quotaBytes === undefined ? {} : { quotaBytes }) })
  if (commandId !== undefined) draft.put(commandKey(commandId), encodeNumbers([part.number, part.modifiedMs]))
  draft.record({ kind: 'multipart', bucket, key, upload })
}

/**
 * Bounds what a completion has to hold in memory, whichever parts it names. Only parts of many extents are added up, which none is
 * whose bytes were sent; those of few have at most 160,000 together.
 */
function checkExtents(draft: Draft, { upload, part }: PutPart): void {
  if (part.extents.length <= partExtentsFew) return
  const own = partKey(upload, part.number)
  let count = part.extents.length
  for (const [at, row] of draft.range({ ...within(partPrefix(upload)), limit: partsMax })) {
    if (at !== own) count += decodePart(at, row).extents.length
    if (count > extentsMax)
      throw new FrostError('bad-request', `The parts of an upload refer to at most ${extentsMax} extents together.`, {
        remedy: 'Copy the source as a whole, or in larger parts of fewer extents.',
      })
  }
}

/** @throws FrostError `upload-expired` where its data was given up, or is another part's. */
function isRepeat(draft: Draft, { part, newData: [first], commandId }: PutPart): boolean {
  if (first === undefined) return commandId !== undefined && draft.get(commandKey(commandId)) !== undefined
  const row = readData(draft, first)
  if (row === undefined) return false
  if (row.state === 'discarded' || row.version !== part.id) throw expired(first.dataId)
  return true
}

export function abortMultipart(draft: Draft, command: AbortMultipart): boolean {
  refuseWhileBehind(draft)
  const { bucket, key, upload, forgets } = command
  const row = readMultipart(draft, command)
  if (row === undefined) {
    if (forgets !== true || !forgetCompleted(draft, command)) throw uploadNotFound(command)
    draft.record({ kind: 'multipart', bucket, key, upload })
    return true
  }
  const parts = draft.range({ ...within(partPrefix(upload)), limit: partsEach + 1 })
  const ended = parts.slice(0, partsEach).map(([at, stored]) => decodePart(at, stored))
  askForData(draft, dataOf(ended.flatMap(({ extents }) => extents)))
  let bytes = 0
  for (const { number, extents, sizeBytes } of ended) {
    releaseExtents(draft, extents)
    draft.remove(partKey(upload, number))
    bytes += sizeBytes
  }
  addUsage(draft, bucket, { files: 0, bytes: -bytes })
  const isLast = parts.length <= partsEach
  if (isLast) removeMultipart(draft, row)
  else draft.put(multipartKey(command), encodeMultipart({ ...row, aborting: true }))
  draft.record({ kind: 'multipart', bucket, key, upload })
  return isLast
}

function forgetCompleted(draft: Draft, command: AbortMultipart): boolean {
  const row = readCompleted(draft, command)
  if (row?.completed === undefined) return false
  draft.remove(completedKey(row.upload))
  draft.remove(multipartTimeKey(row.completed.atMs, row.upload))
  return true
}

/** Removes its row, not its parts. */
export function removeMultipart(draft: Draft, row: MultipartRow): void {
  draft.remove(multipartKey(row))
  draft.remove(multipartTimeKey(row.createdMs, row.upload))
}

/** @throws FrostError `upload-not-found`: it is not there, or takes no more parts. */
export function mustReadOpen(draft: Draft, name: MultipartName): MultipartRow {
  const row = readMultipart(draft, name)
  if (row === undefined || row.aborting === true) throw uploadNotFound(name)
  return row
}

export function readCompleted(draft: Draft, { bucket, key, upload }: MultipartName): MultipartRow | undefined {
  const stored = draft.get(completedKey(upload))
  const row = stored === undefined ? undefined : decodeMultipart(stored)
  return row?.bucket === bucket && row.key === key ? row : undefined
}

export function uploadNotFound({ key, upload }: MultipartName): FrostError {
  return new FrostError('upload-not-found', `There is no multipart upload ${upload} of "${key}".`)
}

function readMultipart(draft: Draft, name: MultipartName): StoredMultipart | undefined {
  const stored = draft.get(multipartKey(name))
  return stored === undefined ? undefined : decodeMultipart(stored)
}
