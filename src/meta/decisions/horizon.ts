// The horizon, and the ceiling above which no id has been made: one row, moved only forward.
// varint highest ceiling, horizon

import { FrostError } from '../../base/errors.ts'
import { dataIdTimeMs } from '../../base/ids.ts'
import type { DataId } from '../../base/ids.ts'
import type { KeyValueView } from '../../ports/key-value.ts'
import type { HorizonMs } from '../contract/conventions.ts'
import { horizonKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

export interface StoredHorizon {
  readonly ceilingMs: number
  readonly horizonMs: HorizonMs
}

export function readHorizon(view: Pick<KeyValueView, 'get'>): StoredHorizon {
  const [ceilingMs = 0, horizonMs = 0] = decodeNumbers(view.get(horizonKey), 2)
  return { ceilingMs, horizonMs }
}

/** Raises what is above the stored values; resolves to the row. */
export function raiseHorizon(draft: Draft, wanted: StoredHorizon): StoredHorizon {
  const stored = readHorizon(draft)
  const ceilingMs = Math.max(stored.ceilingMs, wanted.ceilingMs)
  const horizonMs = Math.max(stored.horizonMs, wanted.horizonMs)
  if (ceilingMs !== stored.ceilingMs || horizonMs !== stored.horizonMs)
    draft.put(horizonKey, encodeNumbers([ceilingMs, horizonMs]))
  return { ceilingMs, horizonMs }
}

/** @throws FrostError `upload-expired` for an id below the horizon. */
export function checkAboveHorizon(draft: Draft, ids: readonly DataId[]): void {
  const { horizonMs } = readHorizon(draft)
  for (const id of ids) if (dataIdTimeMs(id) < horizonMs) throw expired(id)
}

export function expired(id: DataId): FrostError {
  return new FrostError('upload-expired', `The upload or command ${id} was given up.`)
}
