// Latencies as counts in buckets that grow by 1 %, so that those of several client processes can be added up.

const growth = Math.log(1.01)
/** 1 µs to about 12 minutes. */
const bucketCount = 2048

export class LatencyHistogram {
  readonly #counts = new Uint32Array(bucketCount)
  #count = 0

  record(milliseconds: number): void {
    const bucket = Math.floor(Math.log(Math.max(1, milliseconds * 1000)) / growth)
    const index = Math.min(bucket, bucketCount - 1)
    this.#counts[index] = (this.#counts[index] ?? 0) + 1
    this.#count++
  }

  /** Milliseconds that `fraction` of all did not exceed; `undefined` where nothing was recorded. */
  quantileMs(fraction: number): number | undefined {
    let left = Math.max(1, Math.ceil(fraction * this.#count))
    for (let index = 0; index < bucketCount; index++) {
      left -= this.#counts[index] ?? 0
      if (left <= 0 && this.#count > 0) return Math.exp((index + 0.5) * growth) / 1000
    }
    return undefined
  }

  /** Pairs of bucket and count. */
  toPairs(): number[][] {
    const pairs: number[][] = []
    for (const [index, count] of this.#counts.entries()) if (count > 0) pairs.push([index, count])
    return pairs
  }

  add(pairs: readonly (readonly number[])[]): void {
    for (const [index = 0, count = 0] of pairs) {
      this.#counts[index] = (this.#counts[index] ?? 0) + count
      this.#count += count
    }
  }
}
