// How full placement groups are: the bytes of a group on its fullest slot, from what the workers say that they hold. Pure.
//
// Only those who hold a slot of a group (or are to hold it next) count: a stand-in's bytes move to their slot when it is repaired. A
// worker that did not answer may hold more than the others, so while one is missing a group never looks emptier than it did before.

import type { GroupId, WorkerId } from '../base/ids.ts'
import type { PlacementGroup } from './placement-group.ts'

export class FullestSlots {
  readonly #groupNow: (group: GroupId) => PlacementGroup | undefined
  readonly #bytes = new Map<GroupId, number>()
  readonly #answered = new Set<WorkerId>()

  constructor(groupNow: (group: GroupId) => PlacementGroup | undefined) {
    this.#groupNow = groupNow
  }

  /** Some of the groups that a worker holds anything of. */
  add(worker: WorkerId, held: readonly { readonly group: GroupId; readonly bytes: number }[]): void {
    for (const { group, bytes } of held) {
      const known = this.#groupNow(group)
      if (known === undefined || !membersOf(known).includes(worker)) continue
      this.#bytes.set(group, Math.max(bytes, this.#bytes.get(group) ?? 0))
    }
  }

  /** The worker has said all: of what it did not name it holds nothing. */
  end(worker: WorkerId): void {
    this.#answered.add(worker)
  }

  /** Bytes on the group's fullest slot; `before`: what was known of it. */
  bytesPerSlot(group: PlacementGroup, before: number): number {
    const bytes = this.#bytes.get(group.group) ?? 0
    const isComplete = membersOf(group).every((worker) => this.#answered.has(worker))
    return isComplete ? bytes : Math.max(bytes, before)
  }
}

/** A record is worth its commit when a group has changed by this part of what it may hold. */
const recordedSteps = 64

/** Whether what metadata says of a group's fullness should be written anew. */
export function isWorthRecording(
  bytesPerSlot: number,
  options: { readonly recorded: number; readonly bytesPerSlotMax: number },
): boolean {
  const { recorded, bytesPerSlotMax } = options
  return recorded !== bytesPerSlot && Math.abs(bytesPerSlot - recorded) >= bytesPerSlotMax / recordedSteps
}

function membersOf(group: PlacementGroup): readonly WorkerId[] {
  return group.slots.flatMap(({ worker, pendingWorker }) =>
    pendingWorker === undefined ? [worker] : [worker, pendingWorker],
  )
}
