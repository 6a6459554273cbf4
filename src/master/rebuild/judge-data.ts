// Judges what the workers hold of one data id by its placement group: whether every block can be read, and what is not where the group
// says. Pure.

import type { WorkerId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import { BlockGeometry, blockCount, blockDataBytes, slotOf } from '../../codec/geometry.ts'
import { repairsMax } from '../../meta/contract/file-metadata.ts'
import type { CommitRepair } from '../../meta/contract/file-metadata.ts'
import type { HeldData } from './held-data.ts'

export interface DataShape {
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly lengthBytes: number
}

/** Work for the repair: what lies elsewhere, what is missing, and slots of which it is not known. */
export interface DataRepairs {
  readonly repairs: readonly CommitRepair[]
  readonly slots: readonly number[]
}

/** The first block of which too few columns are held; `undefined`: all can be read. */
export function firstLostBlock(held: HeldData, shape: DataShape): number | undefined {
  const { scheme, chunkSizeBytes, lengthBytes } = shape
  const blocks = blockCount(scheme, chunkSizeBytes, lengthBytes)
  for (let block = 0; block < blocks; block++) {
    const columns = held.blocks.get(block)
    if (columns === undefined) return block
    const geometry = geometryOf(shape, block)
    const found = [...columns.keys()].filter((column) => geometry.hasColumn(column)).length
    if (found < geometry.dataColumnCount) return block
  }
  return undefined
}

/**
 * Of data all of whose blocks can be read. A worker that is not there is not known to lack anything: its slot is to be looked at as a
 * whole, unless somebody else holds the column.
 */
export function repairsOf(
  held: HeldData,
  shape: DataShape,
  place: { readonly group: PlacementGroup; readonly isThere: (worker: WorkerId) => boolean },
): DataRepairs {
  const { scheme, chunkSizeBytes, lengthBytes } = shape
  const repairs: CommitRepair[] = []
  const slots = new Set<number>()
  const blocks = blockCount(scheme, chunkSizeBytes, lengthBytes)
  for (let block = 0; block < blocks; block++) {
    for (const column of geometryOf(shape, block).columns()) {
      const slot = slotOf(scheme, held.dataId, block, column)
      const holder = place.group.slots[slot]?.worker
      const found = held.blocks.get(block)?.get(column) ?? []
      if (holder === undefined || found.includes(holder)) continue
      const [standIn] = found
      if ((standIn === undefined && !place.isThere(holder)) || repairs.length === repairsMax) slots.add(slot)
      else repairs.push({ block, column, ...(standIn === undefined ? {} : { standIn }) })
    }
  }
  return { repairs, slots: [...slots] }
}

function geometryOf({ scheme, chunkSizeBytes, lengthBytes }: DataShape, block: number): BlockGeometry {
  return new BlockGeometry(scheme, chunkSizeBytes, blockDataBytes(scheme, chunkSizeBytes, lengthBytes, block))
}
