// The arithmetic of a simulated node: the same values without the native module.

import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import type { Hash } from 'node:crypto'
import { crc32 } from 'node:zlib'

import { assert } from '../../src/base/assert.ts'
import { toHex } from '../../src/base/ids.ts'
import { Crc32Digest, Crc64NvmeDigest } from '../../src/codec/crc-digest.ts'
import { crc32cShort } from '../../src/codec/crc32c.ts'
import type { Compute, Digest, DigestAlgorithm, HmacKey } from '../../src/ports/compute.ts'

export class SimulatedCompute implements Compute {
  crc32(bytes: Uint8Array, previous = 0): number {
    return crc32(bytes, previous)
  }

  createDigest(algorithm: DigestAlgorithm): Digest {
    switch (algorithm) {
      case 'crc32':
        return new Crc32Digest(crc32)
      case 'crc32c':
        return new Crc32Digest(crc32cShort)
      case 'crc64nvme':
        return new Crc64NvmeDigest()
      default:
        return new HashDigest(createHash(algorithm))
    }
  }

  sha256Hex(bytes: Uint8Array): string {
    return createHash('sha256').update(bytes).digest('hex')
  }

  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return new Uint8Array(createHmac('sha256', key).update(data).digest())
  }

  createHmacKey(key: Uint8Array): HmacKey {
    const own = new Uint8Array(key)
    return {
      matches: (data, hex) => {
        const bytes = typeof data === 'string' ? Buffer.from(data, 'latin1') : data
        return this.equalsConstantTime(Buffer.from(toHex(this.hmacSha256(own, bytes))), Buffer.from(hex))
      },
    }
  }

  equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right)
  }
}

class HashDigest implements Digest {
  readonly #hash: Hash
  #isOver = false

  constructor(hash: Hash) {
    this.#hash = hash
  }

  update(bytes: Uint8Array): void {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#hash.update(bytes)
  }

  digest(): Uint8Array<ArrayBuffer> {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#isOver = true
    return new Uint8Array(this.#hash.digest())
  }
}
