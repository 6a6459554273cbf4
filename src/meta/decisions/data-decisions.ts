import { assert } from '../../base/assert.ts'
import { dataIdTimeMs } from '../../base/ids.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { DataRef, Fence } from '../contract/conventions.ts'
import type { Discard, DiscardOutcome, PurgeEntry } from '../contract/data-metadata.ts'
import { decodeData, encodeData } from '../encoding/data-encoding.ts'
import { dataKey, purgeKey } from '../encoding/keys.ts'
import type { Draft } from './draft.ts'
import { readHorizon } from './horizon.ts'
import { addPurgeCount, queuePurge } from './references.ts'

export function discard(draft: Draft, { refs, queue }: Discard): readonly DiscardOutcome[] {
  assert(refs.length <= pageLimitMax, 'number of ids to discard')
  const inserted: DataRef[] = []
  const outcomes = refs.map((ref): DiscardOutcome => {
    const key = dataKey(ref.group, ref.dataId)
    const stored = draft.get(key)
    if (stored === undefined) {
      draft.put(key, encodeData({ state: 'discarded', purge: queue ? queuePurge(draft, ref) : 0 }))
      inserted.push({ group: ref.group, dataId: ref.dataId })
      return 'dead'
    }
    const { state } = decodeData(stored)
    if (state === 'discarded') return 'dead'
    return state === 'live' ? 'live' : 'was-live'
  })
  if (inserted.length > 0) draft.record({ kind: 'data', refs: inserted })
  return outcomes
}

interface RemovePurged {
  readonly entries: readonly PurgeEntry[]
  readonly fence?: Fence
}

export function removePurged(draft: Draft, command: RemovePurged): void {
  assert(command.entries.length <= pageLimitMax, 'number of purged entries')
  draft.checkFence(command.fence)
  const removed = command.entries.filter((entry) => draft.get(purgeKey(entry)) !== undefined)
  if (removed.length === 0) return
  for (const entry of removed) draft.remove(purgeKey(entry))
  addPurgeCount(draft, -removed.length)
  draft.record({ kind: 'purged', refs: removed.map(({ group, dataId }) => ({ group, dataId })) })
}

interface RemoveDeadRows {
  readonly refs: readonly DataRef[]
  readonly fence?: Fence
}

export function removeDeadRows(draft: Draft, command: RemoveDeadRows): number {
  assert(command.refs.length <= pageLimitMax, 'number of dead rows')
  draft.checkFence(command.fence)
  const { horizonMs } = readHorizon(draft)
  const removed: DataRef[] = []
  for (const { group, dataId } of command.refs) {
    const key = dataKey(group, dataId)
    const stored = draft.get(key)
    if (stored === undefined || dataIdTimeMs(dataId) >= horizonMs) continue
    const { state, purge } = decodeData(stored)
    const isQueued = purge !== 0 && draft.get(purgeKey({ sequence: purge, group, dataId })) !== undefined
    if (state === 'live' || isQueued) continue
    draft.remove(key)
    removed.push({ group, dataId })
  }
  if (removed.length > 0) draft.record({ kind: 'data', refs: removed })
  return removed.length
}
