// The real heavy arithmetic: CRC-32 by a native module, digests and HMAC by node:crypto.
//
// Digests are computed in slices, each in a turn of the event loop of its own, so that a large update delays others by no
// more than one slice (256 KiB of MD5: half a millisecond).

import { crc32 } from '@node-rs/crc32'
import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Hash } from 'node:crypto'

import { assert } from '../base/assert.ts'
import { KIB } from '../base/units.ts'
import type { Compute, ComputeHash } from '../ports/compute.ts'

const sliceBytes = 256 * KIB

export class NodeCompute implements Compute {
  crc32(bytes: Uint8Array, previous = 0): number {
    return crc32(bytes, previous)
  }

  createHash(algorithm: 'md5' | 'sha1' | 'sha256'): ComputeHash {
    return new SlicedHash(createHash(algorithm))
  }

  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return new Uint8Array(createHmac('sha256', key).update(data).digest())
  }

  equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right)
  }
}

class SlicedHash implements ComputeHash {
  readonly #hash: Hash
  #isBusy = false
  #isOver = false

  constructor(hash: Hash) {
    this.#hash = hash
  }

  async update(bytes: Uint8Array): Promise<void> {
    this.#begin()
    for (let start = 0; start < bytes.length; start += sliceBytes) {
      if (start > 0) await nextTurn()
      this.#hash.update(bytes.subarray(start, start + sliceBytes))
    }
    this.#isBusy = false
  }

  digest(): Promise<Uint8Array<ArrayBuffer>> {
    this.#begin()
    this.#isOver = true
    return Promise.resolve(new Uint8Array(this.#hash.digest()))
  }

  #begin(): void {
    assert(!this.#isOver, 'nothing is called after digest')
    assert(!this.#isBusy, 'an update is awaited before the next call')
    this.#isBusy = true
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
