// Which fragments must exist of a live data id, from its row in metadata alone: what comparisons, repair and health hold against what the
// workers list. Pure arithmetic. A full block has a fragment in every column, so only an extent's last block can lack some.

import { assert } from '../base/assert.ts'
import type { DataId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { BlockGeometry, blockCount, blockDataBytes, columnOnSlot, slotOf } from './geometry.ts'

/** What a live data row says of the shape of its data. */
export interface DataShape {
  readonly dataId: DataId
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly lengthBytes: number
}

export interface ExpectedFragment {
  readonly block: number
  readonly column: number
  readonly slot: number
}

/** Every fragment, block by block, in the order of the columns. */
export function* expectedFragments(data: DataShape): Generator<ExpectedFragment, void, undefined> {
  const { scheme, dataId } = data
  const blocks = blocksOf(data)
  for (let block = 0; block < blocks; block++) {
    const geometry = block === blocks - 1 ? blockGeometry(data, block) : undefined
    for (let column = 0; column < columnCount(scheme); column++) {
      if (geometry?.hasColumn(column) !== false) yield { block, column, slot: slotOf(scheme, dataId, block, column) }
    }
  }
}

/** Those that belong on one slot of the group: at most one of each block. */
export function* expectedOnSlot(data: DataShape, slot: number): Generator<ExpectedFragment, void, undefined> {
  const { scheme, dataId } = data
  assert(Number.isInteger(slot) && slot >= 0 && slot < columnCount(scheme), 'a slot of the group', slot)
  const last = blocksOf(data) - 1
  for (let block = 0; block < last; block++) yield { block, column: columnOnSlot(scheme, dataId, block, slot), slot }
  if (hasLastFragment(data, slot)) yield { block: last, column: columnOnSlot(scheme, dataId, last, slot), slot }
}

export interface ExpectedBlock {
  readonly block: number
  readonly geometry: BlockGeometry
}

/** The blocks in order. All but the last share one geometry. */
export function* expectedBlocks(data: DataShape): Generator<ExpectedBlock, void, undefined> {
  const last = blocksOf(data) - 1
  const full = last > 0 ? blockGeometry(data, 0) : undefined
  for (let block = 0; block < last && full !== undefined; block++) yield { block, geometry: full }
  yield { block: last, geometry: blockGeometry(data, last) }
}

function blocksOf({ scheme, chunkSizeBytes, lengthBytes }: DataShape): number {
  return blockCount(scheme, chunkSizeBytes, lengthBytes)
}

function blockGeometry({ scheme, chunkSizeBytes, lengthBytes }: DataShape, block: number): BlockGeometry {
  return new BlockGeometry(scheme, chunkSizeBytes, blockDataBytes(scheme, chunkSizeBytes, lengthBytes, block))
}

function hasLastFragment(data: DataShape, slot: number): boolean {
  const last = blocksOf(data) - 1
  return blockGeometry(data, last).hasColumn(columnOnSlot(data.scheme, data.dataId, last, slot))
}
