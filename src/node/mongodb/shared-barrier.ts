// One linearizable read for all reads that wait for one. A barrier serves those who asked before it began, so what was acknowledged
// before they asked is seen; who asks while one is under way waits for the next.

import type { Clock } from '../../ports/clock.ts'
import type { ClusterTime, Guard, RowServer } from './row-server.ts'

export interface Barrier {
  readonly guard: Guard
  readonly time: ClusterTime
}

export class SharedBarrier {
  readonly #server: RowServer
  readonly #clock: Clock
  #running: Promise<unknown> = Promise.resolve()
  #next: Promise<Barrier> | undefined
  /** The highest number of a guard that was seen: one that is lower is of a state that was taken back, or is out of date. */
  #newest = 0

  constructor(server: RowServer, clock: Clock) {
    this.#server = server
    this.#clock = clock
  }

  wait(): Promise<Barrier> {
    this.#next ??= this.#startNext()
    return this.#next
  }

  async #startNext(): Promise<Barrier> {
    await this.#running.catch(ignore)
    // What else arrives in this turn of the event loop shares it.
    await new Promise<void>((resolve) => {
      this.#clock.endOfTurn(resolve)
    })
    const barrier = this.#begin()
    this.#running = barrier
    this.#next = undefined
    return await barrier
  }

  async #begin(): Promise<Barrier> {
    const barrier = await this.#server.barrier()
    if (barrier.guard.number < this.#newest) throw new Error('A server that is no longer the primary has answered.')
    this.#newest = barrier.guard.number
    return barrier
  }
}

function ignore(): void {
  // Those who wait for it are told.
}
