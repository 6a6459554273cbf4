// The CRCs as digests: the values of their standards, in big-endian order as S3 encodes them.

import { assert } from '../base/assert.ts'
import type { Digest } from '../ports/compute.ts'
import { Crc64Nvme } from './crc64.ts'

/** Goes on from the CRC of what came before, which is 0 at the start. */
export type Crc32Function = (bytes: Uint8Array, previous: number) => number

export class Crc32Digest implements Digest {
  readonly #update: Crc32Function
  #value = 0
  #isOver = false

  constructor(update: Crc32Function) {
    this.#update = update
  }

  update(bytes: Uint8Array): void {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#value = this.#update(bytes, this.#value)
  }

  digest(): Uint8Array<ArrayBuffer> {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#isOver = true
    return bigEndian32(this.#value)
  }
}

export class Crc64NvmeDigest implements Digest {
  readonly #crc = new Crc64Nvme()
  #isOver = false

  update(bytes: Uint8Array): void {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#crc.update(bytes)
  }

  digest(): Uint8Array<ArrayBuffer> {
    assert(!this.#isOver, 'nothing is called after digest')
    this.#isOver = true
    return this.#crc.value()
  }
}

export function bigEndian32(value: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4)
  new DataView(bytes.buffer).setUint32(0, value)
  return bytes
}
