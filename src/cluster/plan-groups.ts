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
  const candidates = new Map(input.workers.map(({ id, zone }): [WorkerId, Candidate] => [id, { id, zone, slots: 0 }]))
  for (const group of input.writableGroups) {
    for (const worker of group) {
      const candidate = candidates.get(worker)
      if (candidate !== undefined) candidate.slots++
    }
  }
  const choice = new SlotChoice([...candidates.values()], input.below)
  let lacking = choice.candidates.filter(({ slots }) => slots < input.groupsPerWorker).length
  const created: (readonly WorkerId[])[] = []
  // A group is worth creating while at least `width` workers, that is a whole group's worth, lack slots.
  while (lacking >= width) {
    const chosen = choice.choose(width)
    for (const candidate of chosen) {
      candidate.slots++
      if (candidate.slots === input.groupsPerWorker) lacking--
    }
    created.push(chosen.map(({ id }) => id))
  }
  return created
}

interface Candidate {
  readonly id: WorkerId
  readonly zone: string | undefined
  slots: number
}

/** Looks at all workers for every slot but sorts none: a cluster of a thousand workers has ten thousand groups to begin with. */
class SlotChoice {
  readonly candidates: readonly Candidate[]
  readonly #below: (bound: number) => number

  constructor(candidates: readonly Candidate[], below: (bound: number) => number) {
    this.candidates = candidates
    this.#below = below
  }

  choose(width: number): readonly Candidate[] {
    const chosen: Candidate[] = []
    const zones = new Set<string>()
    while (chosen.length < width) {
      const next =
        this.#emptiest(({ zone }) => zone === undefined || !zones.has(zone), chosen) ??
        this.#emptiest(() => true, chosen)
      assert(next !== undefined, 'there are enough workers for a group')
      if (next.zone !== undefined) zones.add(next.zone)
      chosen.push(next)
    }
    // The turn of columns over slots evens out what is left of the order.
    return chosen
  }

  /** Of those with fewest slots that are not chosen yet, one by chance. */
  #emptiest(isAllowed: (candidate: Candidate) => boolean, chosen: readonly Candidate[]): Candidate | undefined {
    let fewest = Number.POSITIVE_INFINITY
    let ties = 0
    for (const candidate of this.candidates) {
      if (candidate.slots > fewest || !isAllowed(candidate) || chosen.includes(candidate)) continue
      ties = candidate.slots < fewest ? 1 : ties + 1
      fewest = candidate.slots
    }
    if (ties === 0) return undefined
    let left = this.#below(ties)
    for (const candidate of this.candidates) {
      if (candidate.slots === fewest && isAllowed(candidate) && !chosen.includes(candidate) && left-- === 0)
        return candidate
    }
    return undefined
  }
}
