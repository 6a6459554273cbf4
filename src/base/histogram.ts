// A histogram as plain numbers: counting costs a look at a few bounds, and whoever wants to know reads them.

import { assert } from './assert.ts'

export class Histogram {
  /** Upper ends of the buckets, each inclusive, ascending; what is above the last is counted in one more. */
  readonly bounds: readonly number[]
  readonly #counts: number[]
  #sum = 0

  constructor(bounds: readonly number[]) {
    assert(
      bounds.every((bound, index) => index === 0 || bound > (bounds[index - 1] ?? bound)),
      'bounds ascend',
    )
    this.bounds = bounds
    this.#counts = Array.from({ length: bounds.length + 1 }, () => 0)
  }

  observe(value: number): void {
    let bucket = 0
    while (bucket < this.bounds.length && value > (this.bounds[bucket] ?? 0)) bucket++
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1
    this.#sum += value
  }

  /** Of each bucket alone; one more than there are bounds. */
  get counts(): readonly number[] {
    return this.#counts
  }

  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0)
  }

  get sum(): number {
    return this.#sum
  }
}
