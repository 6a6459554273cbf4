// Which workers answer reads in time. One that did not is asked last for a while, by all reads, and then tried again:
// for a second at first, longer each time that it is late again. So a slow disk or a stopped process costs a read now
// and then, and not every read its patience.

import type { WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'

const firstMs = SECOND_MS
const longestMs = 8 * SECOND_MS

export class PromptWorkers {
  readonly #clock: Clock
  readonly #late = new Map<WorkerId, { readonly untilMs: number; readonly forMs: number }>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  isPrompt(worker: WorkerId): boolean {
    const late = this.#late.size === 0 ? undefined : this.#late.get(worker)
    return late === undefined || this.#clock.monotonicMs() >= late.untilMs
  }

  /** It has answered in time. */
  answered(worker: WorkerId): void {
    if (this.#late.size > 0 && this.isPrompt(worker)) this.#late.delete(worker)
  }

  /** It has not answered in time. Reads that were under way together count once. */
  wasLate(worker: WorkerId): void {
    if (!this.isPrompt(worker)) return
    const before = this.#late.get(worker)
    const forMs = before === undefined ? firstMs : Math.min(longestMs, 2 * before.forMs)
    this.#late.set(worker, { untilMs: this.#clock.monotonicMs() + forMs, forMs })
  }
}
