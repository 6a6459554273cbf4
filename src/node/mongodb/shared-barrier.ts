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
    const barrier = this.#server.barrier()
    this.#running = barrier
    this.#next = undefined
    return await barrier
  }
}

function ignore(): void {
  // Those who wait for it are told.
}
