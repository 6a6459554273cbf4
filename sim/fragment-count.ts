// Counts by itself, from the rows of metadata and the stores of the workers, what must exist and what does: the other side of what the
// cluster says of its health.

import type { WorkerId } from '../src/base/ids.ts'
import { BlockGeometry, blockCount, blockDataBytes, slotOf } from '../src/codec/geometry.ts'
import type { DataRow } from '../src/meta/contract/data-metadata.ts'
import type { GroupRow } from '../src/meta/contract/group-metadata.ts'
import type { FragmentKey } from '../src/store/contract.ts'
import type { SimulatedCluster } from './cluster.ts'

export interface MissingFragment extends FragmentKey {
  /** Who should have it. */
  readonly worker: WorkerId
}

/** Fragments of live data that are not in good state on the worker that holds their slot. */
export async function missingFragments(cluster: SimulatedCluster): Promise<readonly MissingFragment[]> {
  return (await fragmentsOf(cluster)).missing
}

/** How many fragments live data has, and which of them are missing. */
export async function fragmentsOf(
  cluster: SimulatedCluster,
): Promise<{ readonly expected: number; readonly missing: readonly MissingFragment[] }> {
  const { metadata } = cluster.master()
  const { groups } = await metadata.listGroups({ since: 0, limit: 1000 })
  const missing: MissingFragment[] = []
  let expected = 0
  for (const group of groups) {
    for (const row of await metadata.listDataRows({ group: group.group, limit: 1000 })) {
      for (const fragment of expectedOf(group, row)) {
        expected++
        const node = cluster.workers.find((worker) => worker.isRunning && worker.id === fragment.worker)
        if (node?.worker.store.stat(fragment)?.state !== 'good') missing.push(fragment)
      }
    }
  }
  return { expected, missing }
}

function* expectedOf(group: GroupRow, row: DataRow): Generator<MissingFragment> {
  if (row.state !== 'live') return
  const { scheme, chunkSizeBytes, lengthBytes, dataId } = row
  for (let block = 0; block < blockCount(scheme, chunkSizeBytes, lengthBytes); block++) {
    const bytes = blockDataBytes(scheme, chunkSizeBytes, lengthBytes, block)
    for (const column of new BlockGeometry(scheme, chunkSizeBytes, bytes).columns()) {
      const worker = group.slots[slotOf(scheme, dataId, block, column)]?.worker
      if (worker !== undefined) yield { group: group.group, dataId, block, column, worker }
    }
  }
}
