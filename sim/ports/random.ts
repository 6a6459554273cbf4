// Random numbers of a simulated node: seeded, so that one seed gives one run.

import { assert } from '../../src/base/assert.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { Random } from '../../src/ports/random.ts'

const bytesMax = 65_536

export class SimulatedRandom implements Random {
  readonly #random: SeededRandom

  /** `source`: a seed, or a generator, of which a fork is taken. */
  constructor(source: number | SeededRandom) {
    this.#random = typeof source === 'number' ? new SeededRandom(source) : source.fork()
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    assert(Number.isInteger(count) && count >= 0 && count <= bytesMax, `${count} random bytes`)
    return this.#random.bytes(count)
  }

  below(bound: number): number {
    return this.#random.below(bound)
  }

  float(): number {
    return this.#random.float()
  }
}
