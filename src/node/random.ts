// The real random numbers: the operating system's, through a small pool, because one system call for 10 bytes costs more
// than the 10 bytes. What was given away is wiped from the pool.

import { randomFillSync } from 'node:crypto'

import { assert } from '../base/assert.ts'
import type { Random } from '../ports/random.ts'

const poolBytes = 4096
const bytesMax = 65_536

export class NodeRandom implements Random {
  readonly #pool = new Uint8Array(poolBytes)
  readonly #view = new DataView(this.#pool.buffer)
  #used = poolBytes

  bytes(count: number): Uint8Array<ArrayBuffer> {
    assert(Number.isInteger(count) && count >= 0 && count <= bytesMax, 'a number of random bytes', count)
    const bytes = new Uint8Array(count)
    if (count > poolBytes / 4) return randomFillSync(bytes)
    const offset = this.#take(count)
    bytes.set(this.#pool.subarray(offset, offset + count))
    this.#pool.fill(0, offset, offset + count)
    return bytes
  }

  below(bound: number): number {
    assert(Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32, 'the bound of a random number', bound)
    // Values from the last, incomplete run of `bound` would favour the small ones.
    const end = 2 ** 32 - (2 ** 32 % bound)
    let value = this.#uint32()
    while (value >= end) value = this.#uint32()
    return value % bound
  }

  float(): number {
    return ((this.#uint32() >>> 5) * 2 ** 26 + (this.#uint32() >>> 6)) / 2 ** 53
  }

  #uint32(): number {
    const offset = this.#take(4)
    const value = this.#view.getUint32(offset)
    this.#view.setUint32(offset, 0)
    return value
  }

  #take(count: number): number {
    if (this.#used + count > poolBytes) {
      randomFillSync(this.#pool)
      this.#used = 0
    }
    const offset = this.#used
    this.#used += count
    return offset
  }
}
