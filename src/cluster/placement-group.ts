// The placement group: what files name instead of workers. An immutable value; a change is a new value with the next epoch.

import type { Epoch, GroupId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'

export interface GroupSlot {
  /** Who holds the slot. */
  readonly worker: WorkerId
  /** Who is to hold it next; new writes go to both. */
  readonly pendingWorker?: WorkerId
  /** The epoch that made `worker` the holder. */
  readonly holderSinceEpoch: Epoch
}

export interface PlacementGroup {
  readonly group: GroupId
  readonly epoch: Epoch
  readonly scheme: Scheme
  /** `k+m` slots, each held by another worker. */
  readonly slots: readonly GroupSlot[]
  /** `closed`: takes no new data. */
  readonly state: 'writable' | 'closed'
}
