// Removes the newest version of a key, and brings back the one kept below it. A delete inserts no data row by which a repeat could
// be recognised, so the removed version is kept as the answer under the command's id until the horizon has passed the id; from then
// on the horizon refuses the repeat, and later deletes clear such rows away, a few each.

import type { DeleteKey } from '../contract/file-metadata.ts'
import type { VersionRow } from '../contract/version-row.ts'
import { readHex } from '../encoding/key-parts.ts'
import { commandKey, tables, within } from '../encoding/keys.ts'
import { decodeVersion, encodeVersion } from '../encoding/version-encoding.ts'
import { addUsage, readBucket } from './bucket-decisions.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { countFile } from './commit-decision.ts'
import type { Draft } from './draft.ts'
import { checkCondition, readHead, removeHead } from './heads.ts'
import { checkAboveHorizon, readHorizon } from './horizon.ts'
import { readList, releaseVersion } from './references.ts'

/** Each command takes away so many rows of commands below the horizon: more than it adds, so they do not pile up. */
const trimEach = 2

export function deleteKey(draft: Draft, command: DeleteKey): VersionRow | undefined {
  const { bucket, key, commandId, condition } = command
  const stored = draft.get(commandKey(commandId))
  if (stored !== undefined) return decodeVersion(stored)
  refuseWhileBehind(draft)
  const bucketRow = readBucket(draft, bucket)
  checkAboveHorizon(draft, [commandId])
  const head = readHead(draft, command, bucketRow)
  checkCondition(head, condition)
  if (head === undefined) return undefined

  const extents = head.extentList === undefined ? head.extents : readList(draft, head.extentList).extents
  releaseVersion(draft, head)
  const promoted = removeHead(draft, command, bucketRow)
  addUsage(draft, bucket, { files: countFile(promoted) - countFile(head), bytes: -head.sizeBytes })
  draft.put(commandKey(commandId), encodeVersion(head))
  trimCommands(draft, trimEach)
  draft.record({ kind: 'version', bucket, key, replaced: head.version })
  return { ...head, extents }
}

/** Removes rows of commands that are below the horizon: no repeat of them is let through any more. */
export function trimCommands(draft: Draft, countMax: number): void {
  const { horizonMs } = readHorizon(draft)
  for (const [key] of draft.range({ ...within(tables.command), limit: countMax })) {
    if (Number.parseInt(readHex(key, 1, 12), 16) >= horizonMs) return
    draft.remove(key)
  }
}
