import type { Epoch, GroupId, WorkerId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { Fence } from './conventions.ts'

export interface GroupRow {
  readonly group: GroupId
  readonly epoch: Epoch
  readonly scheme: Scheme
  /** k+m of them, on distinct workers. */
  readonly slots: readonly GroupSlot[]
  readonly state: GroupState
  /** Bytes on its fullest slot, as last recorded. */
  readonly bytesPerSlot: number
  /** The version of the whole map at which this row last changed. */
  readonly mapVersion: number
}

export interface GroupSlot {
  readonly worker: WorkerId
  /** Who takes the slot over; new writes go to both. */
  readonly pendingWorker?: WorkerId
  /** The epoch that made `worker` the holder. */
  readonly holderSinceEpoch: Epoch
}

export type GroupState = 'writable' | 'closed'

export interface GroupReads {
  getGroup(group: GroupId): Promise<GroupRow | undefined>
  /**
   * Rows changed after map version `since` (0: all), in the order of their change; `version` is `since` of the next call. At
   * most `limit`.
   */
  listGroups(request: { readonly since: number; readonly limit: number }): Promise<GroupPage>
}

export interface GroupPage {
  readonly groups: readonly GroupRow[]
  readonly version: number
  readonly truncated: boolean
}

export interface GroupMutations {
  /**
   * Makes a group at epoch 1, writable. A repeat finds an equal group at epoch 1 and resolves to it.
   * @throws FrostError `precondition-failed`: the id is taken.
   */
  createGroup(command: CreateGroup): Promise<GroupRow>
  /**
   * Changes holders and pending holders; the epoch goes up by one, and where a slot's holder changes, its `holderSinceEpoch` becomes the
   * new epoch. A repeat finds the very slots it wanted at the epoch after `epoch`, and resolves to them.
   * @throws FrostError `epoch-stale`: the epoch is another one.
   */
  changeGroup(command: ChangeGroup): Promise<GroupRow>
  /** Opens or closes a group to new data; no new epoch. A repeat is harmless. */
  setGroupState(command: {
    readonly group: GroupId
    readonly state: GroupState
    readonly fence?: Fence
  }): Promise<GroupRow>
  /**
   * Records how full groups are: no new epoch, and no new map version, so `listGroups` from 0 shows it and differences do not. Unknown
   * groups are skipped. A repeat is harmless. At most `pageLimitMax`.
   */
  recordGroupBytes(command: { readonly groups: readonly GroupBytes[] }): Promise<void>
}

export interface GroupBytes {
  readonly group: GroupId
  readonly bytesPerSlot: number
}

export interface CreateGroup {
  readonly group: GroupId
  readonly scheme: Scheme
  readonly workers: readonly WorkerId[]
  readonly fence?: Fence
}

export interface ChangeGroup {
  readonly group: GroupId
  /** The one that the caller decided by. */
  readonly epoch: Epoch
  readonly slots: readonly { readonly worker: WorkerId; readonly pendingWorker?: WorkerId }[]
  readonly fence?: Fence
}
