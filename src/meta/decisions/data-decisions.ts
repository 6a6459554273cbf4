// Data ids outside of commits: giving up those that were not committed, taking purged ones out of the queue, and removing rows that
// say `dead`. An id that is dead stays dead: its row goes only below the horizon, under which no commit is let through, and only
// after its purge entry, so nothing can bring the id back to life between.
//
// Every id whose row is dead is either in the purge queue or in the index of dead data, never in both and never in none. So those
// whose rows may go are found without looking at live ones; and an overwrite or a deletion, which makes an id dead and queues
// it, pays nothing for the index: an id gets there when it leaves the queue.

import { assert } from '../../base/assert.ts'
import { dataIdTimeMs } from '../../base/ids.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { DataRef, Fence } from '../contract/conventions.ts'
import type { Discard, DiscardOutcome, PurgeEntry } from '../contract/data-metadata.ts'
import { deadDataKey, purgeKey } from '../encoding/keys.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import { insertDataRow, readData, removeDataRow } from './data-rows.ts'
import type { Draft } from './draft.ts'
import { readHorizon } from './horizon.ts'
import { addPurgeCount, queuePurge } from './references.ts'

const empty = new Uint8Array()

export function discard(draft: Draft, { refs, queue }: Discard): readonly DiscardOutcome[] {
  assert(refs.length <= pageLimitMax, 'number of ids to discard')
  // A failed upload of this process is known to be one; what merely has no row may be a file that metadata has forgotten.
  if (!queue) refuseWhileBehind(draft)
  const inserted: DataRef[] = []
  const outcomes = refs.map((ref): DiscardOutcome => {
    const stored = readData(draft, ref)
    if (stored === undefined) {
      insertDataRow(draft, ref, { state: 'discarded', purge: queue ? queuePurge(draft, ref) : 0 })
      if (!queue) draft.put(deadDataKey(ref), empty)
      inserted.push({ group: ref.group, dataId: ref.dataId })
      return 'dead'
    }
    if (stored.state === 'discarded') return 'dead'
    return stored.state === 'live' ? 'live' : 'was-live'
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
  refuseWhileBehind(draft)
  const removed = command.entries.filter((entry) => draft.get(purgeKey(entry)) !== undefined)
  if (removed.length === 0) return
  for (const entry of removed) {
    draft.remove(purgeKey(entry))
    draft.put(deadDataKey(entry), empty)
  }
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
  refuseWhileBehind(draft)
  const { horizonMs } = readHorizon(draft)
  const removed: DataRef[] = []
  for (const { group, dataId } of command.refs) {
    const stored = readData(draft, { group, dataId })
    if (stored === undefined || dataIdTimeMs(dataId) >= horizonMs) continue
    const { state, purge } = stored
    const isQueued = purge !== 0 && draft.get(purgeKey({ sequence: purge, group, dataId })) !== undefined
    if (state === 'live' || isQueued) continue
    removeDataRow(draft, { group, dataId })
    draft.remove(deadDataKey({ group, dataId }))
    removed.push({ group, dataId })
  }
  if (removed.length > 0) draft.record({ kind: 'data', refs: removed })
  return removed.length
}
