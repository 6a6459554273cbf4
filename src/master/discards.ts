// Gives up what failed uploads stored: their ids become `dead` in metadata, durably, before anything is deleted on a
// worker; the purge queue then takes care of the rest. What this process cannot finish (it ends, metadata is away for
// long) is left to orphan collection.

import { SECOND_MS } from '../base/units.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Log } from '../ports/log.ts'
import type { BackgroundTask } from './background-task.ts'

interface Discard {
  readonly refs: readonly DataRef[]
  readonly done: () => void
}

/** Failed uploads that wait at once; more are left to orphan collection, so that a flood of them cannot fill the memory. */
const waitingMax = 10_000

export class Discards implements BackgroundTask {
  readonly name = 'discards'
  readonly #metadata: MetadataStore
  readonly #log: Log
  readonly #waiting: Discard[] = []
  #isAtWork = false

  constructor(ports: { readonly metadata: MetadataStore; readonly log: Log }) {
    this.#metadata = ports.metadata
    this.#log = ports.log
  }

  /** `done` is called when the ids are settled, or given up to orphan collection. Starts at once. */
  add(refs: readonly DataRef[], done: () => void): void {
    if (refs.length === 0 || this.#waiting.length >= waitingMax) return done()
    this.#waiting.push({ refs, done })
    if (this.#isAtWork) return
    this.#work().catch((error: unknown) =>
      this.#log.warn('Failed uploads could not be discarded yet; it is tried again.', { reason: String(error) }),
    )
  }

  async step(): Promise<number> {
    if (!this.#isAtWork) await this.#work()
    return 5 * SECOND_MS
  }

  async #work(): Promise<void> {
    this.#isAtWork = true
    try {
      for (let next = this.#waiting[0]; next !== undefined; next = this.#waiting[0]) {
        for (let at = 0; at < next.refs.length; at += pageLimitMax) {
          await this.#metadata.discard({ refs: next.refs.slice(at, at + pageLimitMax), queue: true })
        }
        this.#waiting.shift()
        next.done()
      }
    } finally {
      this.#isAtWork = false
    }
  }
}
