import type { Clock } from '../ports/clock.ts'

/** Knows how long the oldest unfinished disk operation has been under way: a stuck disk answers nothing, not even errors. */
export class OperationTracker {
  readonly #clock: Clock
  /** In the order of their starts. */
  readonly #started = new Map<object, number>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** 0 where none is under way. */
  get oldestMs(): number {
    for (const startedMs of this.#started.values()) return this.#clock.monotonicMs() - startedMs
    return 0
  }

  /** Does `operation`, counting it as under way until it settles. */
  async track<T>(operation: () => Promise<T>): Promise<T> {
    const token = {}
    this.#started.set(token, this.#clock.monotonicMs())
    try {
      return await operation()
    } finally {
      this.#started.delete(token)
    }
  }
}
