// The heavy arithmetic of a simulated node: in place, at once, on the one thread, so that a seed gives one run.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { assert } from '../../src/base/assert.ts'
import type { Compute, ComputeHash } from '../../src/ports/compute.ts'

export class SimulatedCompute implements Compute {
  crc32(bytes: Uint8Array, previous = 0): number {
    return crc32(bytes, previous)
  }

  createHash(algorithm: 'md5' | 'sha1' | 'sha256'): ComputeHash {
    return new HashInPlace(createHash(algorithm))
  }

  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return new Uint8Array(createHmac('sha256', key).update(data).digest())
  }

  equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right)
  }
}

class HashInPlace implements ComputeHash {
  readonly #hash: Hash
  #isOver = false

  constructor(hash: Hash) {
    this.#hash = hash
  }

  update(bytes: Uint8Array): Promise<void> {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#hash.update(bytes)
    return Promise.resolve()
  }

  digest(): Promise<Uint8Array<ArrayBuffer>> {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#isOver = true
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }
}
