// The real heavy arithmetic: CRC-32 and CRC-32C by a native module, CRC-64 by WebAssembly, digests and HMAC by node:crypto.

import { crc32, crc32c } from '@node-rs/crc32'
import { createHash, createHmac, hash as hashAtOnce, timingSafeEqual } from 'node:crypto'
import type { Hash } from 'node:crypto'

import { assert } from '../base/assert.ts'
import { Crc32Digest, Crc64NvmeDigest } from '../codec/crc-digest.ts'
import type { Compute, Digest, DigestAlgorithm, HmacKey } from '../ports/compute.ts'

/** Of SHA-256. */
const blockBytes = 64
const digestBytes = 32
/** What is signed here mostly fits. */
const keptBytes = 1024

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

/**
 * HMAC-SHA-256 (RFC 2104) of two digests at once: each costs half of an `Hmac` of node:crypto, which is an object of its own that the
 * collector has to see to.
 */
class NodeHmacKey implements HmacKey {
  readonly #inner = Buffer.alloc(blockBytes + keptBytes)
  readonly #outer = Buffer.alloc(blockBytes + digestBytes)

  constructor(key: Uint8Array) {
    const short = key.length > blockBytes ? createHash('sha256').update(key).digest() : key
    for (let at = 0; at < blockBytes; at++) {
      const byte = short[at] ?? 0
      this.#inner[at] = byte ^ 0x36
      this.#outer[at] = byte ^ 0x5c
    }
  }

  matches(data: Uint8Array | string, hex: string): boolean {
    const inner = data.length <= keptBytes ? this.#inner.subarray(0, blockBytes + data.length) : this.#longInner(data)
    if (typeof data === 'string') inner.write(data, blockBytes, 'latin1')
    else inner.set(data, blockBytes)
    this.#outer.write(hashAtOnce('sha256', inner, 'hex'), blockBytes, 'hex')
    const digits = Buffer.from(hashAtOnce('sha256', this.#outer, 'hex'))
    const given = Buffer.from(hex)
    return digits.length === given.length && timingSafeEqual(digits, given)
  }

  #longInner(data: Uint8Array | string): Buffer {
    const inner = Buffer.allocUnsafe(blockBytes + data.length)
    inner.set(this.#inner.subarray(0, blockBytes))
    return inner
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
