// The set of what is to be repaired, one row for each thing, and for each group the count of its rows. Count and rows change
// together, and the count's row is there only above 0, so groups with work are found without reading their entries. Only live
// data is repaired: entries of other ids are skipped.

import { assert } from '../../base/assert.ts'
import type { GroupId } from '../../base/ids.ts'
import { columnsMax } from '../../base/scheme.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { Fence } from '../contract/conventions.ts'
import type { RepairEntry } from '../contract/repair-metadata.ts'
import { repairCountKey, repairKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'
import { encodeRepair } from '../encoding/repair-encoding.ts'
import { readData } from './data-rows.ts'
import type { Draft } from './draft.ts'

export function addRepairs(draft: Draft, { entries }: { readonly entries: readonly RepairEntry[] }): void {
  assert(entries.length <= pageLimitMax, 'number of repair entries')
  const [first] = entries.filter((entry) => isLive(draft, entry) && putRepair(draft, entry))
  if (first !== undefined) draft.record({ kind: 'repair', group: first.group })
}

export function resolveRepairs(draft: Draft, command: ResolveRepairs): void {
  assert(command.entries.length <= pageLimitMax, 'number of repair entries')
  draft.checkFence(command.fence)
  const removed = command.entries.filter((entry) => draft.get(repairKey(entry)) !== undefined)
  for (const entry of removed) {
    draft.remove(repairKey(entry))
    addCount(draft, entry.group, -1)
  }
  const [first] = removed
  if (first !== undefined) draft.record({ kind: 'repair', group: first.group })
}

interface ResolveRepairs {
  readonly entries: readonly RepairEntry[]
  readonly fence?: Fence
}

/** Adds or replaces one entry; whether that changed anything. */
export function putRepair(draft: Draft, entry: RepairEntry): boolean {
  const position = entry.kind === 'slot' ? entry.slot : entry.column
  assert(Number.isInteger(position) && position >= 0 && position < columnsMax, 'column of a repair entry')
  const key = repairKey(entry)
  const row = encodeRepair(entry)
  const stored = draft.get(key)
  if (stored !== undefined && Buffer.compare(stored, row) === 0) return false
  draft.put(key, row)
  if (stored === undefined) addCount(draft, entry.group, 1)
  return true
}

function addCount(draft: Draft, group: GroupId, added: number): void {
  const key = repairCountKey(group)
  const [count = 0] = decodeNumbers(draft.get(key), 1)
  if (count + added === 0) draft.remove(key)
  else draft.put(key, encodeNumbers([count + added]))
}

function isLive(draft: Draft, entry: RepairEntry): boolean {
  return readData(draft, entry)?.state === 'live'
}
