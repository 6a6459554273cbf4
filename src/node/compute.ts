// The real heavy arithmetic: CRC-32 and CRC-32C by a native module, CRC-64 by WebAssembly, digests and HMAC by node:crypto.

import { crc32, crc32c } from '@node-rs/crc32'
import { createHash, createHmac, createSecretKey, hash as hashAtOnce, timingSafeEqual } from 'node:crypto'
import type { Hash, KeyObject } from 'node:crypto'

import { assert } from '../base/assert.ts'
import { Crc32Digest, Crc64NvmeDigest } from '../codec/crc-digest.ts'
import type { Compute, Digest, DigestAlgorithm, HmacKey } from '../ports/compute.ts'

export class NodeCompute implements Compute {
  crc32(bytes: Uint8Array, previous = 0): number {
    return crc32(bytes, previous)
  }

  createDigest(algorithm: DigestAlgorithm): Digest {
    switch (algorithm) {
      case 'crc32':
        return new Crc32Digest(crc32)
      case 'crc32c':
        return new Crc32Digest(crc32c)
      case 'crc64nvme':
        return new Crc64NvmeDigest()
      default:
        return new HashDigest(createHash(algorithm))
    }
  }

  sha256Hex(bytes: Uint8Array): string {
    return hashAtOnce('sha256', bytes, 'hex')
  }

  hmacSha256(key: Uint8Array, data: Uint8Array): Uint8Array<ArrayBuffer> {
    return new Uint8Array(createHmac('sha256', key).update(data).digest())
  }

  createHmacKey(key: Uint8Array): HmacKey {
    return new NodeHmacKey(key)
  }

  equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean {
    return left.length === right.length && timingSafeEqual(left, right)
  }
}

class NodeHmacKey implements HmacKey {
  readonly #key: KeyObject

  constructor(key: Uint8Array) {
    this.#key = createSecretKey(key)
  }

  matches(data: Uint8Array | string, hex: string): boolean {
    const hmac = createHmac('sha256', this.#key)
    const right = typeof data === 'string' ? hmac.update(data, 'latin1') : hmac.update(data)
    const digits = Buffer.from(right.digest('hex'))
    const given = Buffer.from(hex)
    return digits.length === given.length && timingSafeEqual(digits, given)
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
