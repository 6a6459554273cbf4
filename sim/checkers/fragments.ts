// Whether every stripe that metadata promises is there, where it is said to be. Goes by an inventory alone: no word of the cluster about
// its own health is believed.

import { defined } from '../../src/base/assert.ts'
import type { WorkerId } from '../../src/base/ids.ts'
import { blockCount, blockDataBytes, BlockGeometry, slotOf } from '../../src/codec/geometry.ts'
import type { LiveDataRow } from '../../src/meta/contract/data-metadata.ts'
import type { FragmentRepair } from '../../src/meta/contract/repair-metadata.ts'
import type { FragmentKey } from '../../src/store/contract.ts'
import { fragmentName } from './inventory.ts'
import type { Holding, Inventory } from './inventory.ts'

export interface FragmentVerdict {
  /** Fragments of live data, each on the holder of its slot. */
  readonly expected: number
  /** Blocks of which too little is left to decode them. */
  readonly lost: readonly string[]
  /** Fragments that their slot's holder does not have. */
  readonly missing: readonly MissingFragment[]
}

export interface MissingFragment {
  readonly key: FragmentKey
  readonly holder: WorkerId
  /** Who has it instead. */
  readonly elsewhere: readonly Holding[]
  /** The repair work that knows of it. */
  readonly recorded: FragmentRepair | 'slot' | undefined
}

export function checkFragments(inventory: Inventory): FragmentVerdict {
  const lost: string[] = []
  const missing: MissingFragment[] = []
  let expected = 0
  const recorded = recordedRepairs(inventory)
  for (const row of inventory.rows) {
    if (row.state !== 'live') continue
    for (const block of blocksOf(row)) {
      let present = 0
      for (const column of block.geometry.columns()) {
        expected++
        const key = { group: row.group, dataId: row.dataId, block: block.index, column }
        const holdings = inventory.fragments.get(fragmentName(key)) ?? []
        if (holdings.length > 0) present++
        const holder = holderOf(inventory, row, key)
        if (holdings.some(({ worker }) => worker === holder)) continue
        const slot = slotOf(row.scheme, row.dataId, block.index, column)
        const isSlotRecorded = recorded.has(`slot ${row.group} ${row.dataId} ${slot}`)
        missing.push({
          key,
          holder,
          elsewhere: holdings,
          recorded: isSlotRecorded ? 'slot' : fragmentRepair(recorded.get(fragmentName(key))),
        })
      }
      if (present < block.geometry.dataColumnCount)
        lost.push(`block ${block.index} of ${row.dataId}: ${present} columns`)
    }
  }
  return { expected, lost, missing }
}

function holderOf(inventory: Inventory, row: LiveDataRow, key: FragmentKey): WorkerId {
  const group = defined(inventory.groups.get(row.group), 'the group of a data row')
  const slot = group.slots[slotOf(row.scheme, row.dataId, key.block, key.column)]
  return defined(slot, 'the slot of a column').worker
}

function fragmentRepair(entry: FragmentRepair | 'slot' | undefined): FragmentRepair | undefined {
  return entry === 'slot' ? undefined : entry
}

function recordedRepairs({ repairs }: Inventory): ReadonlyMap<string, FragmentRepair | 'slot'> {
  const recorded = new Map<string, FragmentRepair | 'slot'>()
  for (const entry of repairs) {
    if (entry.kind === 'slot') recorded.set(`slot ${entry.group} ${entry.dataId} ${entry.slot}`, 'slot')
    else recorded.set(fragmentName(entry), entry)
  }
  return recorded
}

function blocksOf(row: LiveDataRow): readonly { readonly index: number; readonly geometry: BlockGeometry }[] {
  const { scheme, chunkSizeBytes, lengthBytes } = row
  return Array.from({ length: blockCount(scheme, chunkSizeBytes, lengthBytes) }, (_, index) => ({
    index,
    geometry: new BlockGeometry(scheme, chunkSizeBytes, blockDataBytes(scheme, chunkSizeBytes, lengthBytes, index)),
  }))
}
