// Memory on loan to reads, compaction and recovery: one run of aligned pages of a fixed size, first come, first served. Whoever
// comes when too many wait already is refused, so that the queue has a bound too.

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { CoderMemory } from '../codec/coder-memory.ts'
import { roundUp } from './batch-format.ts'

const waitersMax = 1024

export interface Loan {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Gives the memory back. Exactly once. */
  release(): void
}

interface Waiter {
  readonly bytes: number
  readonly give: (loan: Loan) => void
}

export class ReadMemory {
  readonly #memory: Uint8Array<ArrayBuffer>
  readonly #places: CoderMemory
  #waiters: Waiter[] = []

  /** `memory`: aligned, whole pages. */
  constructor(memory: Uint8Array<ArrayBuffer>) {
    this.#memory = memory
    this.#places = new CoderMemory(0, memory.length)
  }

  get usedBytes(): number {
    return this.#places.usedBytes
  }

  /**
   * Memory of `bytes`, starting on a page; its content is undefined. Waits its turn.
   * @throws FrostError `overloaded` where too many wait; `signal.reason`.
   */
  async borrow(bytes: number, signal?: AbortSignal): Promise<Loan> {
    assert(roundUp(bytes) <= this.#memory.length, 'bytes of a loan', bytes)
    signal?.throwIfAborted()
    const loan = this.#waiters.length === 0 ? this.#take(bytes) : undefined
    if (loan !== undefined) return loan
    if (this.#waiters.length >= waitersMax) {
      throw new FrostError('overloaded', 'Too many reads wait for memory.', { retryAfterSeconds: 1 })
    }
    return this.#wait(bytes, signal)
  }

  #wait(bytes: number, signal: AbortSignal | undefined): Promise<Loan> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => {
        this.#waiters = this.#waiters.filter((other) => other !== waiter)
        const reason: unknown = signal?.reason
        reject(reason instanceof Error ? reason : new FrostError('cancelled', 'The read was cancelled.'))
        this.#serve()
      }
      const waiter: Waiter = {
        bytes,
        give: (loan) => {
          signal?.removeEventListener('abort', giveUp)
          resolve(loan)
        },
      }
      this.#waiters.push(waiter)
      signal?.addEventListener('abort', giveUp, { once: true })
    })
  }

  #take(bytes: number): Loan | undefined {
    const offset = this.#places.take(bytes)
    if (offset === undefined) return undefined
    let isReleased = false
    return {
      bytes: this.#memory.subarray(offset, offset + bytes),
      release: () => {
        assert(!isReleased, 'a loan is given back once')
        isReleased = true
        this.#places.give(offset, bytes)
        this.#serve()
      },
    }
  }

  #serve(): void {
    for (let waiter = this.#waiters[0]; waiter !== undefined; waiter = this.#waiters[0]) {
      const loan = this.#take(waiter.bytes)
      if (loan === undefined) return
      this.#waiters.shift()
      waiter.give(loan)
    }
  }
}
