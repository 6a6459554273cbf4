// How long the healing will take: told from how fast what is left has fallen while somebody watched, or, at a single look, from what a
// fragment has cost so far and what the healing may spend. Neither is a promise: what cannot be told is "unknown".

import type { ClusterStatus } from '../../sdk/index.ts'
import { describeTimeLeft } from '../figures.ts'

/** The rate is that of the last minute: comparisons correct the figures in steps, a shorter window would see only the steps. */
const windowMs = 60_000
/** Below this the rate of fall is a guess. */
const shortestMs = 5000

interface Sample {
  readonly atMs: number
  readonly fragments: number | undefined
  readonly slots: number
}

export class TimeLeftMeter {
  readonly #samples: Sample[] = []

  record(status: ClusterStatus, atMs: number): void {
    const { redundancy, healing } = status
    this.#samples.push({ atMs, fragments: redundancy.fragmentsMissing, slots: healing.slotsToMove })
    while (atMs - (this.#samples[0]?.atMs ?? atMs) > windowMs) this.#samples.shift()
  }

  /** Of the state recorded last. `undefined`: nothing is left to do. */
  describe(status: ClusterStatus): string | undefined {
    const { redundancy, healing } = status
    if (redundancy.fragmentsMissing === 0 && healing.slotsToMove === 0) return undefined
    const fragments = this.#secondsUntilNone(({ fragments: missing }) => missing)
    const slots = this.#secondsUntilNone(({ slots: left }) => left)
    if (fragments !== undefined && slots !== undefined) return `about ${describeTimeLeft(Math.max(fragments, slots))}`
    // What lies on a worker that may come back is not made again yet.
    if (status.workers.some((worker) => worker.slots > 0 && (worker.state === 'suspect' || worker.state === 'down'))) {
      return 'unknown, while a worker is away that may come back'
    }
    const atLeast = this.#samples.length > 1 ? undefined : secondsAtLimit(status)
    return atLeast === undefined ? 'unknown' : `at least ${describeTimeLeft(atLeast)}, at the present limit`
  }

  #secondsUntilNone(leftOf: (sample: Sample) => number | undefined): number | undefined {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined) return undefined
    const [before, left] = [leftOf(first), leftOf(last)]
    if (left === 0) return 0
    if (before === undefined || left === undefined || last.atMs - first.atMs < shortestMs || left >= before)
      return undefined
    return (left * (last.atMs - first.atMs)) / (before - left) / 1000
  }
}

function secondsAtLimit({ redundancy, healing }: ClusterStatus): number | undefined {
  const { rebuiltFragments, writtenBytes, readBytes, bytesPerSecond } = healing
  const { fragmentsMissing } = redundancy
  const isKnown = fragmentsMissing !== undefined && fragmentsMissing > 0 && rebuiltFragments > 0 && bytesPerSecond > 0
  return isKnown ? (fragmentsMissing * (writtenBytes + readBytes)) / rebuiltFragments / bytesPerSecond : undefined
}
