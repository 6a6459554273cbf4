// What clients feel: a few of them read and upload without end, and the times of their requests are kept, by kind.

import { LatencyHistogram } from '../../src/cli/bench/latency.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { FileClient, seededBytes } from '../../test/harness/file-client.ts'

const readers = 4
const writers = 2

export interface Quantiles {
  readonly p50Ms: number
  readonly p99Ms: number
  readonly count: number
}

export interface ForegroundFigures {
  readonly reads: Quantiles
  readonly uploads: Quantiles
  /** Requests that were not answered as they should. */
  readonly failures: number
}

export class Foreground {
  readonly #client: FileClient
  readonly #names: readonly string[]
  readonly #uploadBytes: number
  readonly #random = new SeededRandom(3)
  #uploads = 0

  /** Reads any of the names. */
  constructor(url: string, names: readonly string[], uploadBytes: number) {
    this.#client = new FileClient(url)
    this.#names = names
    this.#uploadBytes = uploadBytes
  }

  /** Until `isOver` says so. */
  async measure(isOver: () => boolean): Promise<ForegroundFigures> {
    const reads = new LatencyHistogram()
    const uploads = new LatencyHistogram()
    let failures = 0
    const repeat = async (histogram: LatencyHistogram, request: () => Promise<Response>): Promise<void> => {
      while (!isOver()) {
        const startMs = performance.now()
        try {
          const response = await request()
          await response.arrayBuffer()
          if (response.ok) histogram.record(performance.now() - startMs)
          else failures++
        } catch {
          failures++
        }
      }
    }
    const body = seededBytes(5, this.#uploadBytes)
    const read = async (): Promise<Response> => {
      const name = this.#names[this.#random.below(this.#names.length)] ?? ''
      return await this.#client.download(name)
    }
    const upload = async (): Promise<Response> => await this.#client.upload(`upload/${this.#uploads++ % 200}`, body)
    await Promise.all([
      ...Array.from({ length: readers }, async () => await repeat(reads, read)),
      ...Array.from({ length: writers }, async () => await repeat(uploads, upload)),
    ])
    return { reads: quantilesOf(reads), uploads: quantilesOf(uploads), failures }
  }

  async measureFor(seconds: number): Promise<ForegroundFigures> {
    const endMs = performance.now() + seconds * 1000
    return await this.measure(() => performance.now() >= endMs)
  }

  /** While `work` runs. */
  async measureDuring<T>(work: Promise<T>): Promise<{ readonly figures: ForegroundFigures; readonly result: T }> {
    let isOver = false
    const over = (): void => {
      isOver = true
    }
    work.then(over, over)
    const figures = await this.measure(() => isOver)
    return { figures, result: await work }
  }
}

function quantilesOf(histogram: LatencyHistogram): Quantiles {
  const count = histogram.toPairs().reduce((sum, [, entries = 0]) => sum + entries, 0)
  return { p50Ms: histogram.quantileMs(0.5) ?? 0, p99Ms: histogram.quantileMs(0.99) ?? 0, count }
}
