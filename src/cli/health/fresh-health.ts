// Whether redundancy is full by a comparison that began after this was asked for: a good verdict of an older one says nothing of what has
// happened since. When the comparison began is told by ages: the age of the comparison, by the server's clock alone, against the
// time since the question, by this machine's monotonic clock alone. So it holds whatever the two wall clocks say, and however
// they jump.

import type { ClusterStatus, FrostByteClient } from '../../sdk/index.ts'
import type { CliEnvironment } from '../environment.ts'
import { ageMs, obstaclesOf } from './obstacles.ts'

export interface FreshHealthOptions {
  /** Whether workers that are still being emptied count too. */
  readonly untilDrained: boolean
}

export class FreshHealth {
  readonly #client: FrostByteClient
  readonly #environment: CliEnvironment
  readonly #options: FreshHealthOptions
  /** When a comparison was asked for; `undefined`: not yet. */
  #askedMs: number | undefined
  #last: ClusterStatus | undefined

  constructor(client: FrostByteClient, environment: CliEnvironment, options: FreshHealthOptions) {
    this.#client = client
    this.#environment = environment
    this.#options = options
  }

  /** The state that the last check saw. */
  get last(): ClusterStatus | undefined {
    return this.#last
  }

  /** What is missing, in a few words each. The first call, and only the first one that is answered, asks for the comparison. */
  async check(signal: AbortSignal): Promise<readonly string[]> {
    if (this.#askedMs === undefined) {
      const askedMs = this.#environment.monotonicMs()
      await this.#client.repair({ signal })
      this.#askedMs = askedMs
    }
    // Taken before the request: the server's answer is younger, so the comparison is never taken for younger than it is.
    const sinceAskedMs = this.#environment.monotonicMs() - this.#askedMs
    const status = await this.#client.cluster({ signal })
    this.#last = status
    const missing = obstaclesOf(status)
      .filter(({ kind }) => kind !== 'leaving' || this.#options.untilDrained)
      .map(({ text }) => text)
    const { comparedAt } = status.redundancy
    if (comparedAt !== undefined && ageMs(status, comparedAt) > sinceAskedMs) missing.push('a fresh comparison')
    return missing
  }
}
