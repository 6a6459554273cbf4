// Recent latencies of one kind of operation, for deadlines that follow what is normal now: a ring of samples, and quantiles that
// are computed again after every so many new ones, so that asking is free.

import { assert } from '../base/assert.ts'
import { Histogram } from '../base/histogram.ts'

const timeBounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const samplesKept = 512
const samplesPerUpdate = 64

export class RecentLatency {
  /** Of all samples ever, in seconds. For metrics. */
  readonly times = new Histogram(timeBounds)
  readonly #samples = new Float64Array(samplesKept)
  #count = 0
  #p95Ms: number
  #p99Ms: number

  /** `assumedMs` stands until there are enough samples. */
  constructor(assumedMs: number) {
    this.#p95Ms = assumedMs
    this.#p99Ms = assumedMs
  }

  /** Samples ever taken. */
  get count(): number {
    return this.#count
  }

  get p95Ms(): number {
    return this.#p95Ms
  }

  get p99Ms(): number {
    return this.#p99Ms
  }

  add(latencyMs: number): void {
    assert(latencyMs >= 0, 'a latency is not negative')
    this.#samples[this.#count % samplesKept] = latencyMs
    this.#count++
    this.times.observe(latencyMs / 1000)
    if (this.#count % samplesPerUpdate !== 0) return
    const sorted = this.#samples.slice(0, Math.min(this.#count, samplesKept)).sort()
    this.#p95Ms = sorted[Math.floor(sorted.length * 0.95)] ?? latencyMs
    this.#p99Ms = sorted[Math.floor(sorted.length * 0.99)] ?? latencyMs
  }
}
