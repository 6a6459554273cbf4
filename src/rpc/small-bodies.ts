// Memory for received bodies under 64 KiB, in a few sizes, used again: an allocation of 10 KiB costs more than filling it, and
// 15,000 of them a second keep the collector busy. Bodies are copied into it, because a view of the 64 KiB that were read
// would keep all of them for one small body.
//
// What is on loan is bounded by the limits of each connection (requests in flight, bytes of their bodies); what is kept
// for later, by `keptBytesMax`.

import { assert, defined } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'
import type { BodyMemory } from './body-pool.ts'

/** Steps of at most a half: a body wastes a third of its memory at worst. 12 KiB holds a 10 KiB chunk's record. */
const sizesBytes = [
  256,
  512,
  KIB,
  2 * KIB,
  4 * KIB,
  8 * KIB,
  12 * KIB,
  16 * KIB,
  24 * KIB,
  32 * KIB,
  48 * KIB,
  64 * KIB,
]
const keptBytesMax = 4 * MIB

export class SmallBodies {
  readonly #kept: readonly ArrayBuffer[][] = sizesBytes.map(() => [])
  #keptBytes = 0

  /** `lengthBytes`: 1 to 65,536. */
  acquire(lengthBytes: number): BodyMemory {
    const sizeIndex = indexOfSize(lengthBytes)
    const buffer = this.#kept[sizeIndex]?.pop()
    if (buffer === undefined) return new SmallBody(this, new ArrayBuffer(sizesBytes[sizeIndex] ?? 0), lengthBytes)
    this.#keptBytes -= buffer.byteLength
    return new SmallBody(this, buffer, lengthBytes)
  }

  keep(buffer: ArrayBuffer): void {
    if (this.#keptBytes + buffer.byteLength > keptBytesMax) return
    this.#keptBytes += buffer.byteLength
    defined(this.#kept[indexOfSize(buffer.byteLength)], 'a size of the pool').push(buffer)
  }
}

class SmallBody implements BodyMemory {
  readonly bytes: Uint8Array<ArrayBuffer>
  #owner: SmallBodies | undefined

  constructor(owner: SmallBodies, buffer: ArrayBuffer, lengthBytes: number) {
    this.#owner = owner
    this.bytes = new Uint8Array(buffer, 0, lengthBytes)
  }

  release(): void {
    const owner = this.#owner
    assert(owner !== undefined, 'memory is released once')
    this.#owner = undefined
    owner.keep(this.bytes.buffer)
  }
}

function indexOfSize(lengthBytes: number): number {
  let index = 0
  while (lengthBytes > (sizesBytes[index] ?? Number.POSITIVE_INFINITY)) index++
  assert(index < sizesBytes.length, 'bytes of a small body', lengthBytes)
  return index
}
