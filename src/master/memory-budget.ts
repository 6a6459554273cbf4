// The budget for bytes in flight. Uploads and downloads take the memory of their blocks from here and nowhere else, so the sum
// is bounded whatever the number of clients. The memory is the erasure coder's own, so that nothing is copied to be encoded.
//
// Grants are whole and in order of age, oldest first: a request takes all the memory of its next step at once, and nobody who
// is younger overtakes it. So those who hold half-filled blocks cannot starve each other, and there is no deadlock as long as
// nobody waits for a second grant while holding a first that it will not give up by itself. Upload: a filled block is sent
// without further memory. Download: a degraded block gives its memory back before it asks for more.

import { FrostError } from '../base/errors.ts'
import { assert } from '../base/assert.ts'
import type { CoderBuffer, ErasureCoder } from '../codec/erasure-coder.ts'

/** What the budget needs of the erasure coder. */
export type MemorySource = Pick<ErasureCoder, 'capacityBytes' | 'allocate'>

export interface Grant {
  /** Memory as the coder knows it; its budget is given back by `release`, not by its own `free`. */
  readonly buffer: CoderBuffer
  /** Exactly once. */
  release(): void
}

interface Waiter {
  readonly bytes: number
  readonly age: number
  readonly resolve: (grant: Grant) => void
  readonly reject: (error: Error) => void
  detach: () => void
}

export class MemoryBudget {
  readonly #source: MemorySource
  readonly #waitersMax: number
  /** Sorted by age: few, and most arrive youngest last. */
  readonly #waiters: Waiter[] = []
  #usedBytes = 0
  #ages = 0

  constructor(source: MemorySource, options: { readonly waitersMax: number }) {
    this.#source = source
    this.#waitersMax = options.waitersMax
  }

  get capacityBytes(): number {
    return this.#source.capacityBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  get waiting(): number {
    return this.#waiters.length
  }

  /** The age of a new upload or download; smaller is older. */
  nextAge(): number {
    return this.#ages++
  }

  /** Whether half of the budget is in use or somebody waits: then take less at a time. */
  get isScarce(): boolean {
    return this.#waiters.length > 0 || this.#usedBytes * 2 > this.#source.capacityBytes
  }

  /** Memory at once or not at all; for those who can do without. */
  tryAcquire(bytes: number): Grant | undefined {
    return this.#waiters.length > 0 ? undefined : this.#take(bytes)
  }

  /** @throws FrostError `overloaded` where too many wait already; `signal.reason` when it aborts. */
  acquire(bytes: number, age: number, signal?: AbortSignal): Grant | Promise<Grant> {
    assert(bytes <= this.#source.capacityBytes, 'one step fits the memory budget')
    const grant = this.tryAcquire(bytes)
    if (grant !== undefined) return grant
    if (this.#waiters.length >= this.#waitersMax) {
      throw new FrostError('overloaded', `${this.#waiters.length} requests wait for memory already.`, {
        remedy: 'Try again later, or give the master more memory (--memory).',
        retryAfterSeconds: 2,
      })
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = { bytes, age, resolve, reject, detach: () => undefined }
      if (signal !== undefined) {
        const abort = (): void => this.#giveUp(waiter, abortError(signal))
        if (signal.aborted) {
          reject(abortError(signal))
          return
        }
        signal.addEventListener('abort', abort, { once: true })
        waiter.detach = () => signal.removeEventListener('abort', abort)
      }
      let place = this.#waiters.length
      while (place > 0 && (this.#waiters[place - 1]?.age ?? -1) > age) place--
      this.#waiters.splice(place, 0, waiter)
      this.#serve()
    })
  }

  #giveUp(waiter: Waiter, reason: Error): void {
    const place = this.#waiters.indexOf(waiter)
    if (place < 0) return
    this.#waiters.splice(place, 1)
    waiter.reject(reason)
    this.#serve()
  }

  #take(bytes: number): Grant | undefined {
    const buffer = this.#source.allocate(bytes)
    if (buffer === undefined) return undefined
    this.#usedBytes += bytes
    let released = false
    return {
      buffer,
      release: () => {
        assert(!released, 'a grant is released once')
        released = true
        this.#usedBytes -= bytes
        buffer.free()
        this.#serve()
      },
    }
  }

  #serve(): void {
    for (;;) {
      const oldest = this.#waiters[0]
      if (oldest === undefined) return
      const grant = this.#take(oldest.bytes)
      if (grant === undefined) return
      this.#waiters.shift()
      oldest.detach()
      oldest.resolve(grant)
    }
  }
}

function abortError(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new FrostError('cancelled', 'The request was cancelled.')
}
