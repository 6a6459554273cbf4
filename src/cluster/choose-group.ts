// Picks the placement group of a new extent: two writable groups by chance, the emptier wins (Mitzenmacher, "The Power of Two
// Choices in Randomized Load Balancing", 2001). Groups whose slots can all be reached come first; one that could only be written
// degraded is taken where there is no whole one.

import type { WorkerId } from '../base/ids.ts'
import type { PlacementGroup } from './placement-group.ts'

export interface GroupChoiceInput {
  readonly groups: readonly PlacementGroup[]
  /** Whether new data may go to a worker now. */
  readonly isReachable: (worker: WorkerId) => boolean
  /** Bytes that a worker can still take; 0 for a full one. */
  readonly freeBytes: (worker: WorkerId) => number
  readonly below: (bound: number) => number
}

export type GroupChoice = { readonly group: PlacementGroup } | { readonly refused: 'no-group' | 'no-space' }

/** Draws that look for a whole group before a degraded one is taken; with 2 of 5 workers away no draw finds one. */
const drawsMax = 8

export function chooseGroup(input: GroupChoiceInput): GroupChoice {
  const { groups } = input
  if (groups.length === 0) return { refused: 'no-group' }
  let best: PlacementGroup | undefined
  let bestScore = -1
  let anySpace = false
  const score = (group: PlacementGroup): number => {
    let reachable = 0
    let free = Number.MAX_SAFE_INTEGER
    for (const slot of group.slots) {
      if (!input.isReachable(slot.worker)) continue
      reachable++
      free = Math.min(free, input.freeBytes(slot.worker))
    }
    if (free === 0) return -1
    anySpace = true
    // Whole groups first, then free space: space is below 2^47 bytes, a group has at most 16 slots.
    return reachable * 2 ** 47 + Math.min(free, 2 ** 47 - 1)
  }
  let drawn = 0
  while (drawn < drawsMax) {
    for (let choice = 0; choice < 2; choice++) {
      const group = groups[input.below(groups.length)]
      if (group === undefined) continue
      const value = score(group)
      if (value > bestScore) {
        best = group
        bestScore = value
      }
    }
    drawn++
    if (best !== undefined && bestScore >= best.slots.length * 2 ** 47) return { group: best }
  }
  if (best === undefined) {
    // By bad luck every draw hit a full group: look at all of them once.
    for (const group of groups) {
      const value = score(group)
      if (value > bestScore) {
        best = group
        bestScore = value
      }
    }
  }
  if (best !== undefined) return { group: best }
  return { refused: anySpace ? 'no-group' : 'no-space' }
}
