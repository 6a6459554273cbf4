// Completes a multipart upload: its parts become the newest version of the key, in one transaction. The references that the parts held on
// their data go over to the version without a look at the data rows: only where several parts name one data id, or parts are not named, is
// something given back. So ten thousand parts cost one scan of their rows and one list of extents: some
// 100 ms of a processor, in steps of a few (base/steps.ts).

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { Steps } from '../../base/steps.ts'
import type { DataRef } from '../contract/conventions.ts'
import type { CommitResult } from '../contract/file-metadata.ts'
import { partsEach, partsMax } from '../contract/multipart-metadata.ts'
import type { CompleteMultipart, MultipartId, MultipartRow, PartRow } from '../contract/multipart-metadata.ts'
import { extentsMax } from '../contract/version-row.ts'
import type { Extent, NewVersion, VersionRow } from '../contract/version-row.ts'
import { encodeKeptReference } from '../encoding/kept-reference.ts'
import { completedKey, multipartTimeKey, partPrefix, within } from '../encoding/keys.ts'
import { decodePart, encodeMultipart } from '../encoding/multipart-encoding.ts'
import { readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { causeOf, insertData, putNewest, stampAgain, stampOf } from './commit-decision.ts'
import { readData } from './data-rows.ts'
import type { Draft } from './draft.ts'
import { checkCondition, findVersion, readHead } from './heads.ts'
import { checkAboveHorizon, expired } from './horizon.ts'
import { longListOf, withoutLists } from './long-lists.ts'
import { mustReadOpen, readCompleted, removeMultipart, uploadNotFound } from './multipart-decisions.ts'
import { checkLockAllowed } from './object-lock.ts'
import { dataOf, putList, releaseAll } from './references.ts'

export function* completeMultipart(draft: Draft, command: CompleteMultipart): Steps<CommitResult> {
  const { bucket, key, version, newData, upload } = command
  assert(command.parts.length >= 1 && command.parts.length <= partsMax, 'number of parts')
  const repeated = findRepeat(draft, command)
  if (repeated !== undefined) return { row: repeated }
  refuseWhileBehind(draft)
  const bucketRow = readBucket(draft, bucket)
  const first = findFirstAnswer(draft, command)
  if (first !== undefined) return { row: first }
  const [manifest] = newData
  checkAboveHorizon(draft, [manifest.dataId])
  const multipart = mustReadOpen(draft, command)
  const head = readHead(draft, command, bucketRow)
  checkCondition(head, command.condition)
  checkLockAllowed(bucketRow, version.lock)

  const all = yield* takeParts(draft, upload)
  const extents = [...extentsOf(command, all), manifestExtent(manifest)]
  if (extents.length > extentsMax) throw new FrostError('bad-request', `A version has at most ${extentsMax} extents.`)
  const stamp = stampOf(version, { head, bucket: bucketRow })
  insertData(draft, manifest, { ...stamp, version: version.version })
  yield* pause(all)
  releaseSurplus(draft, all, extents)
  yield* pause(all)
  const whole: NewVersion = { ...version, extents }
  const list = longListOf(whole)
  if (list !== undefined) putList(draft, list, whole)
  const row = { ...withoutLists(whole, list), ...stamp }
  const partBytes = all.reduce((sum, part) => sum + part.sizeBytes, 0)
  const replaced = putNewest(draft, command, { bucket: bucketRow, head, row, partBytes })
  remember(draft, multipart, row)
  draft.record({ kind: 'version', bucket, key, version: row.version, ...replaced, ...causeOf(command, row) })
  return { row, ...replaced }
}

/** All parts of the upload, whose rows go. */
function* takeParts(draft: Draft, upload: MultipartId): Steps<readonly PartRow[]> {
  const { from, to } = within(partPrefix(upload))
  const parts: PartRow[] = []
  for (let next = from; ;) {
    const rows = draft.range({ from: next, to, limit: partsEach, ahead: partsMax })
    for (const [at, row] of rows) {
      parts.push(decodePart(at, row))
      draft.remove(at)
    }
    const last = rows.at(-1)
    if (last === undefined || rows.length < partsEach) return parts
    next = `${last[0]}\0`
    yield
  }
}

/** A step ends here where there are parts enough for it to be worth a turn. */
function* pause(parts: readonly PartRow[]): Steps<void> {
  if (parts.length > partsEach) yield
}

/** The version as an earlier run of the same command made it. */
function findRepeat(draft: Draft, command: CompleteMultipart): VersionRow | undefined {
  const { version, newData } = command
  const [manifest] = newData
  const row = readData(draft, manifest)
  if (row === undefined) return undefined
  if (row.state === 'discarded' || row.version !== version.version) throw expired(manifest.dataId)
  const gone = withoutLists({ ...version, extents: [] }, version.version)
  return findNamed(draft, command, version.version) ?? { ...gone, ...stampAgain(row) }
}

/** What came of an upload that is completed already. @throws FrostError `upload-not-found` where that is gone. */
function findFirstAnswer(draft: Draft, command: CompleteMultipart): VersionRow | undefined {
  const row = readCompleted(draft, command)
  if (row?.completed === undefined) return undefined
  const version = findNamed(draft, command, row.completed.version)
  if (version === undefined) throw uploadNotFound(command)
  return version
}

function findNamed(draft: Draft, command: CompleteMultipart, version: VersionRow['version']): VersionRow | undefined {
  const bucket = readBucket(draft, command.bucket)
  return findVersion(draft, command, { bucket, name: version })?.row
}

/** Those of the named parts in order. @throws FrostError `part-invalid`. */
function extentsOf({ parts }: CompleteMultipart, stored: readonly PartRow[]): readonly Extent[] {
  const byNumber = new Map(stored.map((part) => [part.number, part]))
  let last = 0
  return parts.flatMap(({ number, id }) => {
    const part = byNumber.get(number)
    if (part?.id !== id || number <= last)
      throw new FrostError('part-invalid', `There is no part ${number} with that id, or it is not in order.`)
    last = number
    return part.extents
  })
}

function manifestExtent({
  group,
  dataId,
  scheme,
  chunkSizeBytes,
  lengthBytes,
}: CompleteMultipart['newData'][0]): Extent {
  return { group, dataId, scheme, chunkSizeBytes, dataLengthBytes: lengthBytes, offset: 0, length: 0 }
}

/** Gives back what the parts hold and the version does not: it holds one reference on each data id that it names. */
function releaseSurplus(draft: Draft, parts: readonly PartRow[], extents: readonly Extent[]): void {
  const held = new Map<string, { readonly ref: DataRef; count: number }>()
  for (const part of parts)
    for (const ref of dataOf(part.extents)) {
      const name = nameOf(ref)
      const known = held.get(name)
      if (known === undefined) held.set(name, { ref, count: 1 })
      else known.count += 1
    }
  for (const ref of dataOf(extents)) {
    const known = held.get(nameOf(ref))
    if (known !== undefined) known.count -= 1
  }
  releaseAll(
    draft,
    [...held.values()].filter(({ count }) => count > 0),
  )
}

function nameOf({ group, dataId }: DataRef): string {
  return `${group}/${dataId}`
}

/** So that a repeat of the completion, also by a client that lost the answer, finds what came of it. */
function remember(draft: Draft, multipart: MultipartRow, { version, modifiedMs: atMs }: VersionRow): void {
  const { bucket, key, upload } = multipart
  removeMultipart(draft, multipart)
  draft.put(completedKey(upload), encodeMultipart({ ...multipart, completed: { version, atMs } }))
  draft.put(multipartTimeKey(atMs, upload), encodeKeptReference(bucket, key, 1))
}
