// One interface for all that a node does by itself, and the loop that runs it: a step, then a wait whose length the step chose.
// Steps are bounded; a failed one is logged and tried again after a growing wait; nothing runs after `stop` has resolved.

import { AssertionError } from '../base/assert.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'

export interface BackgroundTask {
  readonly name: string
  /** The longest wait after a failure; default 30 s. */
  readonly retryMaxMs?: number
  /** Does a bounded piece of work. Resolves to the milliseconds to wait before the next; 0: there is more to do. */
  step(signal: AbortSignal): Promise<number>
}

const retryFirstMs = SECOND_MS
const retryMaxMs = 30 * SECOND_MS

export class TaskRunner {
  readonly #clock: Clock
  readonly #log: Log
  readonly #stopping = new AbortController()
  readonly #loops: Promise<void>[] = []

  constructor(ports: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = ports.clock
    this.#log = ports.log
  }

  start(task: BackgroundTask): void {
    const loop = this.#loop(task)
    loop.catch((error: unknown) => {
      queueMicrotask(() => {
        throw error
      })
    })
    this.#loops.push(loop)
  }

  async stop(): Promise<void> {
    this.#stopping.abort()
    await Promise.allSettled(this.#loops)
  }

  async #loop(task: BackgroundTask): Promise<void> {
    const { signal } = this.#stopping
    let failures = 0
    while (!signal.aborted) {
      let waitMs: number
      try {
        waitMs = await task.step(signal)
        failures = 0
      } catch (error) {
        if (signal.aborted) return
        // A defect is not handled; it ends the process.
        if (error instanceof AssertionError) throw error
        waitMs = Math.min(retryFirstMs * 2 ** failures, task.retryMaxMs ?? retryMaxMs)
        failures++
        this.#log.error('A background task failed; it is tried again.', error, { task: task.name, waitMs })
      }
      try {
        await this.#clock.sleep(waitMs, signal)
      } catch {
        return
      }
    }
  }
}
