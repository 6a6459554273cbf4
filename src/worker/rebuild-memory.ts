// Memory in which fragments are made anew: a part of an erasure coder's, for the columns that a fragment is made from and for its record.
// Two large ones are at work at once, and sixteen small ones, whoever asks; others wait in order. The coder is made when it is first
// needed, and given back after a minute without use.

import { FrostError } from '../base/errors.ts'
import { KIB, MINUTE_MS, MIB } from '../base/units.ts'
import { ErasureCoder } from '../codec/erasure-coder.ts'
import type { Clock, Timer } from '../ports/clock.ts'

/** A fragment of a large block needs 4 MiB at 3+2; the largest possible one (15 columns of 1 MiB, a record of 2 MiB) 17 MiB. */
const memoryBytes = 48 * MIB
const largeMax = 2
const smallMax = 16
const smallBytesMax = 256 * KIB
const idleMs = MINUTE_MS

export interface RebuildLoan {
  readonly coder: ErasureCoder
  /** In the coder's memory, starting on a page; holds anything. */
  readonly bytes: Uint8Array<ArrayBuffer>
  /** Exactly once. */
  release(): void
}

/** Lets so many in at once; others wait in order. */
class Gate {
  #free: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#free = count
  }

  async enter(): Promise<void> {
    if (this.#free > 0) {
      this.#free--
      return
    }
    await new Promise<void>((resolve) => {
      this.#waiting.push(resolve)
    })
  }

  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#free++
    else next()
  }
}

export class RebuildMemory {
  readonly #clock: Clock
  readonly #large = new Gate(largeMax)
  readonly #small = new Gate(smallMax)
  #coder: ErasureCoder | undefined
  #loans = 0
  #idle: Timer | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Waits its turn. @throws FrostError `overloaded`; `signal.reason`. */
  async borrow(bytes: number, signal: AbortSignal): Promise<RebuildLoan> {
    const gate = bytes <= smallBytesMax ? this.#small : this.#large
    // Those before it end soon, because they hear the same signal or have deadlines.
    await gate.enter()
    try {
      signal.throwIfAborted()
      this.#coder ??= new ErasureCoder({ memoryBytes })
      const coder = this.#coder
      const buffer = coder.allocate(bytes)
      if (buffer === undefined) {
        throw new FrostError('overloaded', `There are no ${bytes} bytes in a row to make a fragment in.`)
      }
      this.#loans++
      this.#idle?.cancel()
      const release = (): void => {
        buffer.free()
        this.#loans--
        if (this.#loans === 0) this.#watchIdle()
        gate.leave()
      }
      return { coder, bytes: buffer.bytes, release }
    } catch (error) {
      gate.leave()
      throw error
    }
  }

  /** Given back as soon as nobody uses it. */
  close(): void {
    this.#idle?.cancel()
    this.#coder = undefined
  }

  #watchIdle(): void {
    const giveBack = (): void => {
      this.#coder = undefined
    }
    this.#idle = this.#clock.startTimer(idleMs, giveBack, { background: true })
  }
}
