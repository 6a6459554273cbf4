// Decides which placement groups close to new data, because they are full or of another scheme than new data is to have, and which are
// created in their place, so that bytes are balanced, and not counts of slots. Pure: a snapshot in, a plan out.
//
// New groups come first and full ones close afterwards, so that at no moment there is none to write to; and while too few workers are there
// to create any, full groups stay open: a limit that serves balance is no reason to refuse a write. Whoever stops between the two steps
// leaves full groups open, which the next one finds with their successors there already, and closes.

import type { GroupId, WorkerId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { planGroups } from './plan-groups.ts'
import type { GroupPlanInput } from './plan-groups.ts'

export interface WritableGroup {
  readonly group: GroupId
  readonly scheme: Scheme
  readonly workers: readonly WorkerId[]
  /** On its fullest slot, as far as it is known. */
  readonly bytesPerSlot: number
}

export interface GroupChangesInput extends Omit<GroupPlanInput, 'writableGroups'> {
  readonly writableGroups: readonly WritableGroup[]
  /** A group with so many bytes on a slot is full. */
  readonly bytesPerSlotMax: number
}

export interface GroupChanges {
  /** The slots of each group to create, before any is closed. */
  readonly create: readonly (readonly WorkerId[])[]
  readonly close: readonly GroupId[]
}

export function planGroupChanges(input: GroupChangesInput): GroupChanges {
  const { writableGroups, bytesPerSlotMax, ...rest } = input
  if (input.workers.length < columnCount(input.scheme)) return { create: [], close: [] }
  const isOpen = ({ scheme, bytesPerSlot }: WritableGroup): boolean =>
    bytesPerSlot < bytesPerSlotMax && isSameScheme(scheme, input.scheme)
  return {
    create: planGroups({ ...rest, writableGroups: writableGroups.filter(isOpen).map((group) => group.workers) }),
    close: writableGroups.filter((group) => !isOpen(group)).map((group) => group.group),
  }
}

function isSameScheme(left: Scheme, right: Scheme): boolean {
  return left.dataColumns === right.dataColumns && left.parityColumns === right.parityColumns
}
