// Picks the placement group of a new extent: two writable groups by chance, the emptier wins (Mitzenmacher, "The Power of Two
// Choices in Randomized Load Balancing", 2001). Groups whose slots can all take data come first; one that could only be written
// degraded, with a worker of it away or full, is taken where there is no whole one: one full disk must not stop the writes of a small
// cluster, of which every group has a slot there.

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
    let writable = 0
    let full = 0
    let free = 2 ** 47 - 1
    for (const slot of group.slots) {
      if (!input.isReachable(slot.worker)) continue
      const freeBytes = input.freeBytes(slot.worker)
      if (freeBytes === 0) full++
      else {
        writable++
        free = Math.min(free, freeBytes)
      }
    }
    // Stand-ins are asked only once so many slots have taken their columns.
    if (full > 0 && writable < group.scheme.dataColumns) return -1
    anySpace = true
    // Whole groups first, then free space: space is below 2^47 bytes, a group has at most 16 slots.
    return writable * 2 ** 47 + free
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
