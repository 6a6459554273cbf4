// The ids of requests: they stand in the answer, in the log of every node concerned and in problem documents, so that one finds the
// other. A client, or the proxy before it, may have given one; else it is a count behind the time of the start, which names them apart
// over restarts.

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

/** What UUIDs, ULIDs, trace ids and proxies use. Nothing that could end a log line or a header, or pass for markup. */
const givenForm = /^[A-Za-z0-9._:/+=@~-]{1,64}$/

/** The id that came with a request, where it is one: others are as if none had come. */
export function givenRequestId(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && givenForm.test(header) ? header : undefined
}
