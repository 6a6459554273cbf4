// Placement groups. Each change of the slots is one epoch, decided by the epoch before it, so that of several who change one group
// one wins; a slot says since which epoch its holder has it. Each change but that of its fullness gives a row the next version of
// the whole map, and an entry under that version in place of its former one, from which the differences of the map are read.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { parseEpoch } from '../../base/ids.ts'
import type { Epoch, GroupId } from '../../base/ids.ts'
import { assertScheme, columnCount } from '../../base/scheme.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { Fence } from '../contract/conventions.ts'
import type {
  ChangeGroup,
  CreateGroup,
  GroupBytes,
  GroupRow,
  GroupSlot,
  GroupState,
} from '../contract/group-metadata.ts'
import { decodeGroup, encodeGroup } from '../encoding/group-encoding.ts'
import { uint32Part } from '../encoding/key-parts.ts'
import { groupKey, mapChangeKey, mapVersionKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import { refuseWhileBehind } from './cluster-decisions.ts'
import type { Draft } from './draft.ts'

export function createGroup(draft: Draft, { group, scheme, workers, fence }: CreateGroup): GroupRow {
  draft.checkFence(fence)
  refuseWhileBehind(draft)
  assertScheme(scheme)
  assert(workers.length === columnCount(scheme), 'a group has a worker for each column')
  const slots = workers.map((worker): GroupSlot => ({ worker, holderSinceEpoch: toEpoch(1) }))
  const stored = readGroupRow(draft, group)
  if (stored !== undefined) {
    if (stored.epoch === 1 && sameSlots(stored.slots, slots)) return stored
    throw new FrostError('precondition-failed', `There is a placement group ${group} already.`)
  }
  const row = { group, epoch: toEpoch(1), scheme, slots, state: 'writable' as const, bytesPerSlot: 0 }
  return writeGroup(draft, { ...row, mapVersion: 0 })
}

export function changeGroup(draft: Draft, { group, epoch, slots, fence }: ChangeGroup): GroupRow {
  draft.checkFence(fence)
  refuseWhileBehind(draft)
  const stored = mustReadGroup(draft, group)
  assert(slots.length === stored.slots.length, 'a group keeps its number of slots')
  if (stored.epoch === epoch + 1 && sameSlots(stored.slots, slots)) return stored
  if (stored.epoch !== epoch)
    throw new FrostError('epoch-stale', `Placement group ${group} is at epoch ${stored.epoch}, not at ${epoch}.`)
  const next = toEpoch(epoch + 1)
  const changed = slots.map(({ worker, pendingWorker }, index): GroupSlot => {
    const before = stored.slots[index]
    const holderSinceEpoch = before?.worker === worker ? before.holderSinceEpoch : next
    return { worker, ...(pendingWorker === undefined ? {} : { pendingWorker }), holderSinceEpoch }
  })
  return writeGroup(draft, { ...stored, epoch: next, slots: changed })
}

interface SetGroupState {
  readonly group: GroupId
  readonly state: GroupState
  readonly fence?: Fence
}

export function setGroupState(draft: Draft, { group, state, fence }: SetGroupState): GroupRow {
  draft.checkFence(fence)
  refuseWhileBehind(draft)
  const stored = mustReadGroup(draft, group)
  return stored.state === state ? stored : writeGroup(draft, { ...stored, state })
}

export function recordGroupBytes(draft: Draft, { groups }: { readonly groups: readonly GroupBytes[] }): void {
  assert(groups.length <= pageLimitMax, 'number of groups')
  let changed: GroupId | undefined
  for (const { group, bytesPerSlot } of groups) {
    const stored = readGroupRow(draft, group)
    if (stored === undefined || stored.bytesPerSlot === bytesPerSlot) continue
    draft.put(groupKey(group), encodeGroup({ ...stored, bytesPerSlot }))
    changed = group
  }
  if (changed !== undefined) draft.record({ kind: 'group', group: changed })
}

export function readGroupRow(draft: Draft, group: GroupId): GroupRow | undefined {
  const stored = draft.get(groupKey(group))
  return stored === undefined ? undefined : decodeGroup(group, stored)
}

function mustReadGroup(draft: Draft, group: GroupId): GroupRow {
  const row = readGroupRow(draft, group)
  if (row === undefined) throw new FrostError('epoch-stale', `There is no placement group ${group}.`)
  return row
}

/** Writes a row under the next version of the map. */
export function writeGroup(draft: Draft, row: GroupRow): GroupRow {
  const mapVersion = (decodeNumbers(draft.get(mapVersionKey), 1)[0] ?? 0) + 1
  const written = { ...row, mapVersion }
  draft.put(groupKey(row.group), encodeGroup(written))
  if (row.mapVersion > 0) draft.remove(mapChangeKey(row.mapVersion))
  draft.put(mapChangeKey(mapVersion), Buffer.from(uint32Part(row.group), 'latin1'))
  draft.put(mapVersionKey, encodeNumbers([mapVersion]))
  draft.record({ kind: 'group', group: row.group })
  return written
}

function sameSlots(left: readonly GroupSlot[], right: ChangeGroup['slots']): boolean {
  return (
    left.length === right.length &&
    left.every(
      (slot, index) => slot.worker === right[index]?.worker && slot.pendingWorker === right[index].pendingWorker,
    )
  )
}

function toEpoch(value: number): Epoch {
  const epoch = parseEpoch(value)
  assert(epoch !== undefined, 'an epoch is a whole number from 1')
  return epoch
}
