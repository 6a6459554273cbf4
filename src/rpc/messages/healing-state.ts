// What the holder of the lease knows of the redundancy and does about it, for the other processes of the masters, which answer clients too.

import { parseGroupId, parseVersionId, parseWorkerId } from '../../base/ids.ts'
import type { GroupId, VersionId, WorkerId } from '../../base/ids.ts'
import { JsonFields, encodeJson } from './json-fields.ts'

export interface Health {
  /** Fragments of live data that their slot's worker lacks, or that lie on workers that do not answer. */
  readonly fragmentsMissing: number
  /** Files that would not survive the loss of one more worker; `undefined`: not established. */
  readonly filesAtRisk: number | undefined
  /** Files of which too few pieces exist; `undefined`: not established. */
  readonly filesLost: number | undefined
  /** Versions of those, at most `lostMax`. */
  readonly lost: readonly VersionId[]
  /** Slots whose content is not established. */
  readonly unknown: number
  /** Age of the oldest comparison that this rests on; `undefined`: some group was never compared. */
  readonly comparedAgeMs: number | undefined
}

/** A slot on its way to another worker. */
export interface MoveUnderWay {
  readonly group: GroupId
  readonly slot: number
  readonly from: WorkerId
  readonly to: WorkerId
  /** Fragments that were copied or rebuilt. */
  readonly copied: number
}

/** Since the process began. */
export interface RebuildCounts {
  readonly fragments: number
  readonly writtenBytes: number
  readonly readBytes: number
}

export interface HealingState {
  readonly health: Health
  readonly moves: readonly MoveUnderWay[]
  readonly rebuilt: RebuildCounts
  /** What repair may read and write now. */
  readonly bytesPerSecond: number
}

export const lostMax = 1000
const movesMax = 1000

export function encodeHealingState(state: HealingState): Uint8Array<ArrayBuffer> {
  return encodeJson(state)
}

export function decodeHealingState(bytes: Uint8Array): HealingState {
  const fields = JsonFields.decode('healing state', bytes)
  const health = new JsonFields('health', fields.object('health'))
  const rebuilt = new JsonFields('rebuilt', fields.object('rebuilt'))
  const optional = (name: string): number | undefined => (health.has(name) ? health.count(name) : undefined)
  return {
    health: {
      fragmentsMissing: health.count('fragmentsMissing'),
      filesAtRisk: optional('filesAtRisk'),
      filesLost: optional('filesLost'),
      lost: health.list('lost', lostMax, (element) =>
        new JsonFields('lost', { id: element }).parsed('id', parseVersionId),
      ),
      unknown: health.count('unknown'),
      comparedAgeMs: optional('comparedAgeMs'),
    },
    moves: fields.list('moves', movesMax, (element) => {
      const move = new JsonFields('move', element)
      return {
        group: move.parsedCount('group', parseGroupId),
        slot: move.count('slot'),
        from: move.parsed('from', parseWorkerId),
        to: move.parsed('to', parseWorkerId),
        copied: move.count('copied'),
      }
    }),
    rebuilt: {
      fragments: rebuilt.count('fragments'),
      writtenBytes: rebuilt.count('writtenBytes'),
      readBytes: rebuilt.count('readBytes'),
    },
    bytesPerSecond: fields.count('bytesPerSecond'),
  }
}
