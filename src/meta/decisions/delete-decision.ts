// Deletes a key: removes its newest version and brings back the one kept below it, or hides it below a delete marker, as the bucket's
// versioning says. A delete inserts no data row by which a repeat could be recognised, so its answer is kept under the command's id
// until the horizon has passed the id; from then on the horizon refuses the repeat, and later deletes clear such rows away, a few each.

import type { DeletedKey, DeleteKey } from '../contract/file-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { decodeAnswer, encodeAnswer } from '../encoding/answer-encoding.ts'
import type { StoredAnswer } from '../encoding/answer-encoding.ts'
import type { StoredBucket } from '../encoding/bucket-encoding.ts'
import { readHex } from '../encoding/key-parts.ts'
import { commandKey, tables, within } from '../encoding/keys.ts'
import { addUsage, readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { causeOf, countFile, stampOf } from './commit-decision.ts'
import type { CommandId } from '../contract/conventions.ts'
import { makeRoom } from './displacement.ts'
import type { Draft } from './draft.ts'
import { checkCondition, putHead, readHead, removeHead } from './heads.ts'
import { checkAboveHorizon, readHorizon } from './horizon.ts'
import { releaseVersion } from './references.ts'

/** Each command takes away so many rows of commands below the horizon: more than it adds, so they do not pile up. */
const trimEach = 2

export function deleteKey(draft: Draft, command: DeleteKey): DeletedKey {
  const answered = readAnswer(draft, command.commandId)
  if (answered !== undefined) return answered
  refuseWhileBehind(draft)
  const bucket = readBucket(draft, command.bucket)
  checkAboveHorizon(draft, [command.commandId])
  const head = readHead(draft, command, bucket)
  checkCondition(head, command.condition)
  if (bucket.versioning !== undefined) return putMarker(draft, command, { bucket, head })
  return head === undefined ? {} : removeNewest(draft, command, { bucket, head })
}

interface Found<Head> {
  readonly bucket: StoredBucket
  readonly head: Head
}

function removeNewest(draft: Draft, command: DeleteKey, { bucket, head }: Found<VersionRow>): DeletedKey {
  releaseVersion(draft, head)
  const promoted = removeHead(draft, command, bucket)
  addUsage(draft, command.bucket, { files: countFile(promoted) - countFile(head), bytes: -head.sizeBytes })
  const { bucket: name, key } = command
  draft.record({ kind: 'version', bucket: name, key, replaced: head.version, ...causeOf(command, head) })
  return answer(draft, command.commandId, { removed: head })
}

function putMarker(draft: Draft, command: DeleteKey, { bucket, head }: Found<VersionRow | undefined>): DeletedKey {
  const { bucket: name, key } = command
  const plain = { sizeBytes: 0, extents: [], crc32: 0, deleteMarker: true as const }
  const marker: VersionRow = { ...command.marker, ...plain, ...stampOf(command.marker, { head, bucket }) }
  const removed = makeRoom(draft, command, { bucket, head })
  putHead(draft, command, { bucket, head: marker })
  addUsage(draft, name, { files: -countFile(head), bytes: -(removed?.sizeBytes ?? 0) })
  const replaced = head === undefined ? {} : { replaced: head.version }
  draft.record({
    kind: 'version',
    bucket: name,
    key,
    version: marker.version,
    ...replaced,
    ...causeOf(command, marker),
  })
  const isHidden = head !== undefined && head.version !== removed?.version
  return answer(draft, command.commandId, {
    marker,
    ...(removed === undefined ? {} : { removed }),
    ...(isHidden ? { hidden: head } : {}),
  })
}

/** What an earlier run of the same command has answered. */
export function readAnswer(draft: Draft, commandId: CommandId): StoredAnswer | undefined {
  const stored = draft.get(commandKey(commandId))
  return stored === undefined ? undefined : decodeAnswer(stored)
}

/** Keeps an answer for repeats. */
export function answer<Answer extends StoredAnswer>(draft: Draft, commandId: CommandId, given: Answer): Answer {
  draft.put(commandKey(commandId), encodeAnswer(given))
  trimCommands(draft, trimEach)
  return given
}

/** Removes rows of commands that are below the horizon: no repeat of them is let through any more. */
export function trimCommands(draft: Draft, countMax: number): void {
  const { horizonMs } = readHorizon(draft)
  for (const [key] of draft.range({ ...within(tables.command), limit: countMax })) {
    if (Number.parseInt(readHex(key, 1, 12), 16) >= horizonMs) return
    draft.remove(key)
  }
}
