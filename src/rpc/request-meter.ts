// How the requests of all peers are answered: counts and times by method, as plain numbers, read by metrics.

import { Histogram } from '../base/histogram.ts'

export interface MethodCounts {
  readonly method: number
  /** Seconds from the arrival of the head to the answer. */
  readonly times: Histogram
  /** Of them, those that were answered with an error. */
  failed: number
}

/** Seconds. */
const timeBounds: readonly number[] = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]

export class RequestMeter {
  /** By the methods of the protocol that are known here: few. */
  readonly #methods = new Map<number, MethodCounts>()

  answered(method: number, durationMs: number, failed: boolean): void {
    let counts = this.#methods.get(method)
    if (counts === undefined) {
      counts = { method, times: new Histogram(timeBounds), failed: 0 }
      this.#methods.set(method, counts)
    }
    counts.times.observe(durationMs / 1000)
    if (failed) counts.failed++
  }

  methods(): Iterable<Readonly<MethodCounts>> {
    return this.#methods.values()
  }
}
