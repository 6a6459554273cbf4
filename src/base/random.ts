// Seeded random numbers: xoshiro128** 1.1 (Blackman and Vigna, "Scrambled linear pseudorandom number
// generators", 2018), seeded through splitmix32. For simulation and tests; never for secrets.

import { assert } from './assert.ts'

export class SeededRandom {
  readonly #state = new Uint32Array(4)

  constructor(seed: number) {
    let mixed = seed >>> 0
    for (let index = 0; index < 4; index++) {
      mixed = (mixed + 0x9e3779b9) >>> 0
      let word = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b)
      word = Math.imul(word ^ (word >>> 13), 0xc2b2ae35)
      this.#state[index] = (word ^ (word >>> 16)) >>> 0
    }
  }

  /** An even choice from 0 to 2^32 - 1. */
  uint32(): number {
    const state = this.#state
    const [s0 = 0, s1 = 0, s2 = 0, s3 = 0] = state
    const scrambled = Math.imul(rotateLeft(Math.imul(s1, 5), 7), 9) >>> 0
    const t = s1 << 9
    const mixed2 = s2 ^ s0
    const mixed3 = s3 ^ s1
    state[1] = s1 ^ mixed2
    state[0] = s0 ^ mixed3
    state[2] = mixed2 ^ t
    state[3] = rotateLeft(mixed3, 11)
    return scrambled
  }

  /** An even choice from 0 to `bound - 1`; `bound` from 1 to 2^32. */
  below(bound: number): number {
    assert(Number.isInteger(bound) && bound >= 1 && bound <= 2 ** 32, 'bound of a random number')
    return Math.floor((this.uint32() / 2 ** 32) * bound)
  }

  /** From 0 up to, not including, 1. */
  float(): number {
    return this.uint32() / 2 ** 32
  }

  bytes(count: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(count)
    for (let index = 0; index < count; index++) bytes[index] = this.uint32() & 0xff
    return bytes
  }

  /** A generator of its own for a part, so that its draws do not move those of others. */
  fork(): SeededRandom {
    return new SeededRandom(this.uint32())
  }
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}
