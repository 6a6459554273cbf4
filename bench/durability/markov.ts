// A chain of states "so many slots of one group are lost", from which the mean time to a loss of data follows exactly: up by a further
// loss, down by a rebuild (Gibson, "Redundant Disk Arrays", 1990; Rao et al., "Reliability for Networked Storage Nodes", DSN 2006).

import { assert } from '../../src/base/assert.ts'
import { columnCount } from '../../src/base/scheme.ts'
import type { Scheme } from '../../src/base/scheme.ts'

/**
 * Mean time from state 0 to one past the last; all in one unit of time. `up[i]`: the rate from state i to i + 1; `down[i]`: from i to
 * i - 1, of which the first counts for nothing.
 */
export function meanTimeToEnd(up: readonly number[], down: readonly number[]): number {
  assert(up.length > 0 && up.length === down.length, 'a way up and one down for each state')
  let total = 0
  // Mean time from one state to the next. What falls back has to climb the step below again.
  let step = 0
  for (const [state, rate] of up.entries()) {
    step = 1 / rate + (state === 0 ? 0 : ((down[state] ?? 0) / rate) * step)
    total += step
  }
  return total
}

export interface GroupChain {
  readonly scheme: Scheme
  /** Of one worker. */
  readonly lossesPerYear: number
  /** `rebuildYears[i]`: mean time from the loss of an i-th slot until one of i is back; the first counts for nothing. */
  readonly rebuildYears: readonly number[]
}

/** Mean time until so many slots of one group are lost at once. */
export function meanYearsToSlotsLost({ scheme, lossesPerYear, rebuildYears }: GroupChain, slots: number): number {
  const states = Array.from({ length: slots }, (_, lost) => lost)
  const up = states.map((lost) => (columnCount(scheme) - lost) * lossesPerYear)
  const down = states.map((lost) => (lost === 0 ? 0 : 1 / (rebuildYears[lost] ?? Number.POSITIVE_INFINITY)))
  return meanTimeToEnd(up, down)
}

/** Mean time until one group has lost more slots than it has parity columns. */
export function meanYearsToGroupLoss(chain: GroupChain): number {
  return meanYearsToSlotsLost(chain, chain.scheme.parityColumns + 1)
}
