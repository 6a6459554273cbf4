// The ids of requests that failed: they stand in the answer and in the log, so that one finds the other. A count behind the time
// of the start names them apart over restarts, at no cost for requests that succeed.

import type { Clock } from '../../ports/clock.ts'

export class RequestNames {
  readonly #prefix: string
  #count = 0

  constructor(clock: Clock) {
    this.#prefix = clock.wallMs().toString(36)
  }

  next(): string {
    return `${this.#prefix}-${(++this.#count).toString(36)}`
  }
}
