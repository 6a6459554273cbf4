import type { DataId, GroupId, WorkerId } from '../../base/ids.ts'
import type { DataRef, Fence } from './conventions.ts'

/** One thing to repair. Entries are a set: adding one that is there replaces its `standIn`. */
export type RepairEntry = FragmentRepair | SlotRepair

/** One column of one block is missing on its slot. */
export interface FragmentRepair extends DataRef {
  readonly kind: 'fragment'
  readonly block: number
  readonly column: number
  /** Who holds it meanwhile. */
  readonly standIn?: WorkerId
}

/** All blocks of the data id may be missing on a slot, whose holder changed while they were being written. */
export interface SlotRepair extends DataRef {
  readonly kind: 'slot'
  readonly slot: number
}

export interface RepairReads {
  /** Entries of one group in the order (data id, fragments by block and column, slots). */
  listRepairs(request: ListRepairs): Promise<readonly RepairEntry[]>
  /** Groups that have repair work, each with the number of its entries. */
  countRepairs(): Promise<readonly { readonly group: GroupId; readonly count: number }[]>
}

export interface RepairMutations {
  /** Adds entries whose data id is live; others are skipped. A repeat is harmless. At most `pageLimitMax`. */
  addRepairs(command: { readonly entries: readonly RepairEntry[] }): Promise<void>
  /** Removes entries after the work is durable, or the data id is dead. A repeat is harmless. At most `pageLimitMax`. */
  resolveRepairs(command: { readonly entries: readonly RepairEntry[]; readonly fence?: Fence }): Promise<void>
}

export interface ListRepairs {
  readonly group: GroupId
  /** Only of this data id. */
  readonly dataId?: DataId
  readonly after?: RepairEntry
  readonly limit: number
}
