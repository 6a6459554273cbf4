// Memory for the bodies of received frames. A frame of 64 KiB or more is received into memory from a pool, because
// fresh memory is the dearest thing on this path; the pool's size is the bound on what all peers together can make
// this process hold. Smaller bodies have a pool of their own (small-bodies.ts).
//
// `FixedBodyPool` divides one run of memory by halves (a buddy allocator: Knowlton, "A fast storage allocator", 1965), from
// the largest body down to 64 KiB. So a body costs at most twice its length, and neighbours that are free join again. Of free
// blocks the lowest one is taken: memory that was touched once stays with the process, and so only as much of the run is as was
// ever on loan at once.

import { assert, defined } from '../base/assert.ts'
import { KIB, MIB } from '../base/units.ts'

/** Bodies from this length on come from a `BodyPool`. */
export const largeBodyBytesMin = 64 * KIB
/** The longest body of a frame. */
export const bodyBytesMax = 2 * MIB

/** Memory on loan. */
export interface BodyMemory {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Gives the memory back; nobody may touch `bytes` afterwards. Called exactly once. */
  release(): void
}

export interface BodyPool {
  /**
   * Memory of exactly `lengthBytes` (at least 1, at most `bodyBytesMax`), its content undefined. `undefined`: all is on loan, or
   * somebody else waits.
   */
  acquire(lengthBytes: number): BodyMemory | undefined
  /**
   * Calls `grant` once, in a later turn, with memory as soon as there is some. First come, first served. The function that it
   * returns takes the wish back.
   */
  whenFree(lengthBytes: number, grant: (memory: BodyMemory) => void): () => void
}

interface Wish {
  readonly lengthBytes: number
  /** `undefined` once it was taken back or granted. */
  grant: ((memory: BodyMemory) => void) | undefined
}

/** Offsets of free blocks of one size. */
type FreeList = Set<number>

export class FixedBodyPool implements BodyPool {
  readonly #memory: Uint8Array<ArrayBuffer>
  /** By order: blocks of 64 KiB × 2^order. */
  readonly #free: readonly FreeList[]
  readonly #wishes: Wish[] = []
  #loanedBytes = 0

  /**
   * `memory`: divided from its start in steps of `bodyBytesMax`, of which there is at least one; what is left over is not used.
   * For bodies that are written with O_DIRECT it is aligned; every body then starts aligned too.
   */
  constructor(options: { readonly memory: Uint8Array<ArrayBuffer> }) {
    this.#memory = options.memory
    assert(this.#memory.length >= bodyBytesMax, `a body pool of ${this.#memory.length} bytes`)
    const orderCount = orderOf(bodyBytesMax) + 1
    this.#free = Array.from({ length: orderCount }, () => new Set<number>())
    const largest = this.#freeList(orderCount - 1)
    for (let offset = 0; offset + bodyBytesMax <= this.#memory.length; offset += bodyBytesMax) largest.add(offset)
  }

  /** Bytes on loan, as the pool counts them: in whole blocks. */
  get loanedBytes(): number {
    return this.#loanedBytes
  }

  acquire(lengthBytes: number): BodyMemory | undefined {
    return this.#wishes.length > 0 ? undefined : this.#take(lengthBytes)
  }

  whenFree(lengthBytes: number, grant: (memory: BodyMemory) => void): () => void {
    const wish: Wish = { lengthBytes, grant }
    this.#wishes.push(wish)
    this.#grantSoon()
    return () => {
      wish.grant = undefined
      // Whoever waits behind it may need less.
      this.#grantSoon()
    }
  }

  #take(lengthBytes: number): BodyMemory | undefined {
    assert(lengthBytes >= 1 && lengthBytes <= bodyBytesMax, 'bytes of a body', lengthBytes)
    const order = orderOf(lengthBytes)
    const offset = this.#takeBlock(order)
    if (offset === undefined) return undefined
    this.#loanedBytes += blockBytes(order)
    return new Loan(this.#memory.subarray(offset, offset + lengthBytes), () => this.#giveBack(offset, order))
  }

  /** The lowest free block, cut from a larger one where there is none. The lists are short: 12 blocks of 2 MiB in a worker. */
  #takeBlock(order: number): number | undefined {
    const free = this.#free[order]
    if (free === undefined) return undefined
    if (free.size === 0) {
      const larger = this.#takeBlock(order + 1)
      if (larger !== undefined) free.add(larger + blockBytes(order))
      return larger
    }
    let lowest = Infinity
    for (const offset of free) lowest = Math.min(lowest, offset)
    free.delete(lowest)
    return lowest
  }

  #giveBack(offset: number, order: number): void {
    this.#loanedBytes -= blockBytes(order)
    let start = offset
    let size = order
    while (size < this.#free.length - 1) {
      const neighbour = start ^ blockBytes(size)
      if (!this.#freeList(size).delete(neighbour)) break
      start = Math.min(start, neighbour)
      size++
    }
    this.#freeList(size).add(start)
    if (this.#wishes.length > 0) this.#grantSoon()
  }

  /** Not from inside a release: whoever releases is in the middle of something else. */
  #grantSoon(): void {
    queueMicrotask(() => this.#grantWishes())
  }

  #grantWishes(): void {
    for (let wish = this.#wishes[0]; wish !== undefined; wish = this.#wishes[0]) {
      const { grant } = wish
      const memory = grant === undefined ? undefined : this.#take(wish.lengthBytes)
      if (grant !== undefined && memory === undefined) return
      this.#wishes.shift()
      wish.grant = undefined
      if (grant !== undefined && memory !== undefined) grant(memory)
    }
  }

  #freeList(order: number): FreeList {
    return defined(this.#free[order], 'an order of the pool')
  }
}

class Loan implements BodyMemory {
  readonly bytes: Uint8Array<ArrayBuffer>
  #giveBack: (() => void) | undefined

  constructor(bytes: Uint8Array<ArrayBuffer>, giveBack: () => void) {
    this.bytes = bytes
    this.#giveBack = giveBack
  }

  release(): void {
    const giveBack = this.#giveBack
    assert(giveBack !== undefined, 'memory is released once')
    this.#giveBack = undefined
    giveBack()
  }
}

function blockBytes(order: number): number {
  return largeBodyBytesMin << order
}

function orderOf(lengthBytes: number): number {
  return Math.max(0, 32 - Math.clz32(Math.ceil(lengthBytes / largeBodyBytesMin) - 1))
}
