// What a plan of slot moves is made from and consists of (plan-slot-moves.ts decides).

import type { GroupId, WorkerId } from '../base/ids.ts'
import type { PlacementGroup } from './placement-group.ts'

export interface PlacementWorker {
  readonly id: WorkerId
  readonly zone: string | undefined
  /** What was decided of it: a row of metadata, not what is seen of it now. */
  readonly state: 'in' | 'draining' | 'out'
  readonly isReachable: boolean
  readonly capacityBytes: number
  readonly usedBytes: number
  /** What it can still take. */
  readonly freeBytes: number
}

export interface MovableGroup extends Pick<PlacementGroup, 'group' | 'slots' | 'state'> {
  /** The estimate for each of its slots. */
  readonly bytesPerSlot: number
}

export interface SlotMovesInput {
  /** All that the cluster knows; who is missing here counts as out. */
  readonly workers: readonly PlacementWorker[]
  /** Moves under way are seen in the `pendingWorker` of their slots. */
  readonly groups: readonly MovableGroup[]
  /** Moves under way at once, in the whole cluster. */
  readonly movesAtOnceMax: number
  /** An even choice from 0 to `bound - 1`. */
  readonly below: (bound: number) => number
}

export type MoveReason = 'out' | 'drain' | 'rebalance'

export interface SlotMove {
  readonly group: GroupId
  readonly slot: number
  readonly from: WorkerId
  readonly to: WorkerId
  readonly reason: MoveReason
}
