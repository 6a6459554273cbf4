// Memory for the headers of received frames, which live as long as somebody holds them: many share one allocation, because
// one of its own costs more than a small header is worth.

import { KIB } from '../base/units.ts'

const slabBytes = 16 * KIB
/** A longer one gets its own, so that it does not keep a slab for itself. */
const sharedBytesMax = 2 * KIB

export class HeaderMemory {
  #slab = new ArrayBuffer(0)
  #used = 0

  copy(bytes: Uint8Array): Uint8Array {
    const { length } = bytes
    if (length === 0) return nothing
    if (length > sharedBytesMax) return bytes.slice()
    if (this.#used + length > this.#slab.byteLength) {
      this.#slab = new ArrayBuffer(slabBytes)
      this.#used = 0
    }
    const copy = new Uint8Array(this.#slab, this.#used, length)
    copy.set(bytes)
    this.#used += length
    return copy
  }
}

const nothing = new Uint8Array(0)
