// Decides which placement groups to create, so that each worker lies in about `groupsPerWorker` of them, always on distinct
// workers and, where there are enough, on distinct zones. Pure: a snapshot in, a plan out.
//
// Each new group takes the workers with the fewest slots, one zone at a time as long as unused zones are left; equal ones by
// chance, so that groups differ and a lost worker's data lies with all the others (the idea of copysets, Cidon et al., "Copysets:
// Reducing the Frequency of Data Loss in Cloud Storage", USENIX ATC 2013, bounds the number of groups for the same reason).

import { assert } from '../base/assert.ts'
import type { WorkerId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'

export interface GroupPlanWorker {
  readonly id: WorkerId
  readonly zone: string | undefined
}

export interface GroupPlanInput {
  /** Workers that may take slots: in, not draining. */
  readonly workers: readonly GroupPlanWorker[]
  /** The workers of each group that takes new data. */
  readonly writableGroups: readonly (readonly WorkerId[])[]
  readonly scheme: Scheme
  readonly groupsPerWorker: number
  /** An even choice from 0 to `bound - 1`. */
  readonly below: (bound: number) => number
}

/** The slots of each group to create; empty where nothing is to do or fewer than `k+m` workers are there. */
export function planGroups(input: GroupPlanInput): readonly (readonly WorkerId[])[] {
  const width = columnCount(input.scheme)
  assert(input.groupsPerWorker >= 1, 'a worker lies in at least one group')
  if (input.workers.length < width) return []
  const slotCounts = new Map<WorkerId, number>(input.workers.map((worker) => [worker.id, 0]))
  for (const group of input.writableGroups) {
    for (const worker of group) if (slotCounts.has(worker)) slotCounts.set(worker, (slotCounts.get(worker) ?? 0) + 1)
  }
  const created: (readonly WorkerId[])[] = []
  // A group is worth creating while at least `width` workers, that is a whole group's worth, lack slots.
  while (countBelow(slotCounts, input.groupsPerWorker) >= width) {
    const slots = chooseSlots(input, slotCounts, width)
    for (const worker of slots) slotCounts.set(worker, (slotCounts.get(worker) ?? 0) + 1)
    created.push(slots)
  }
  return created
}

function countBelow(slotCounts: ReadonlyMap<WorkerId, number>, bound: number): number {
  let count = 0
  for (const slots of slotCounts.values()) if (slots < bound) count++
  return count
}

function chooseSlots(
  input: GroupPlanInput,
  slotCounts: ReadonlyMap<WorkerId, number>,
  width: number,
): readonly WorkerId[] {
  const candidates = input.workers
    .map((worker) => ({ worker, slots: slotCounts.get(worker.id) ?? 0, chance: input.below(2 ** 32) }))
    .toSorted((left, right) => left.slots - right.slots || left.chance - right.chance)
  const chosen: WorkerId[] = []
  const zones = new Set<string>()
  for (const { worker } of candidates) {
    if (chosen.length === width) break
    if (worker.zone !== undefined && zones.has(worker.zone)) continue
    if (worker.zone !== undefined) zones.add(worker.zone)
    chosen.push(worker.id)
  }
  for (const { worker } of candidates) {
    if (chosen.length === width) break
    if (!chosen.includes(worker.id)) chosen.push(worker.id)
  }
  assert(chosen.length === width, 'there are enough workers for a group')
  // The candidates come sorted by load; the turn of columns over slots evens out what is left.
  return chosen
}
