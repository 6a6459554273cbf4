// Workers and groups as the decisions about placement see them (src/cluster).

import type { SlotMovesInput } from '../../cluster/slot-move.ts'
import type { WorkerRow } from '../../meta/contract/worker-metadata.ts'
import type { ClusterMap } from '../cluster-map.ts'
import type { GroupFullness } from '../group-fullness.ts'
import type { ConnectedWorkers } from '../worker-links.ts'

export type PlacementNow = Pick<SlotMovesInput, 'workers' | 'groups'>

export interface PlacementNowPorts {
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly fullness: GroupFullness
}

export function placementNow({ map, workers, fullness }: PlacementNowPorts, rows: readonly WorkerRow[]): PlacementNow {
  return {
    workers: rows.map(({ worker, zone, state, capacityBytes, usedBytes }) => {
      const vitals = workers.vitals(worker)
      return {
        id: worker,
        zone,
        state,
        isReachable: workers.isReadable(worker),
        capacityBytes: vitals?.capacityBytes ?? capacityBytes,
        usedBytes: vitals?.usedBytes ?? usedBytes,
        freeBytes: vitals?.freeBytes ?? 0,
      }
    }),
    groups: map.groups.map((row) => ({
      group: row.group,
      slots: row.slots,
      state: row.state,
      bytesPerSlot: fullness.bytesPerSlot(row),
    })),
  }
}
