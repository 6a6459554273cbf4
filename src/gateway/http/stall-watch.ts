// Notices peers that stopped in the middle of a transfer: an upload that sends nothing more, a download that nobody reads. One coarse
// timer looks at all transfers, and only while there are any, so that a transfer costs a set's entry and no clock is
// read per slice. Time in which the server itself holds the peer back is not counted.

import { assert } from '../../base/assert.ts'
import type { Clock, Timer } from '../../ports/clock.ts'

export interface Transfer {
  /** Changes with every bit of progress that the peer makes. */
  progress(): number
  /** Whether it is the peer's turn to do something. */
  isPeerTurn(): boolean
  /** Called once, after which the transfer is no longer watched. */
  onStall(): void
}

interface Observation {
  progress: number
  /** When the peer was first seen to have its turn and this progress. */
  sinceMs: number
}

/** A stall is never noticed early, and at most about this part of the timeout late. */
const sweepsPerTimeout = 10

export class StallWatch {
  readonly #clock: Clock
  readonly #timeoutMs: number
  readonly #transfers = new Map<Transfer, Observation | undefined>()
  #timer: Timer | undefined

  /** `timeoutMs`: more than 0. */
  constructor(clock: Clock, timeoutMs: number) {
    assert(timeoutMs > 0, 'the time after which a transfer counts as stalled')
    this.#clock = clock
    this.#timeoutMs = timeoutMs
  }

  get timeoutMs(): number {
    return this.#timeoutMs
  }

  add(transfer: Transfer): void {
    this.#transfers.set(transfer, undefined)
    this.#timer ??= this.#startTimer()
  }

  /** No effect where it is not watched. */
  remove(transfer: Transfer): void {
    this.#transfers.delete(transfer)
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#transfers.clear()
  }

  #startTimer(): Timer {
    return this.#clock.startTimer(this.#timeoutMs / sweepsPerTimeout, () => this.#sweep(), { background: true })
  }

  #sweep(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#timer = this.#transfers.size > 0 ? this.#startTimer() : undefined
    for (const [transfer, before] of this.#transfers) {
      const progress = transfer.progress()
      if (!transfer.isPeerTurn()) {
        this.#transfers.set(transfer, undefined)
      } else if (before === undefined || before.progress !== progress) {
        this.#transfers.set(transfer, { progress, sinceMs: nowMs })
      } else if (nowMs - before.sinceMs >= this.#timeoutMs) {
        this.#transfers.delete(transfer)
        transfer.onStall()
      }
    }
  }
}
