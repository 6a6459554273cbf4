// How the disk is: stuck, or failing again and again.

import { errorCode } from '../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'

/** So many failed operations within a minute are more than a bad sector. */
const failuresMax = 3
const withinMs = MINUTE_MS
/** After the last failure: whoever is spared meets fewer errors, and would be asked again at once. */
const failingForMs = 10 * MINUTE_MS

/** Of one operation in the moving mean. */
const latencyWeight = 0.1
/** The mean is halved after so long without an operation. */
const fadeMs = 30 * SECOND_MS

/**
 * Knows how the disk is: how long its oldest unfinished operation has been under way (a stuck disk answers nothing, not even errors),
 * and whether operations fail again and again. A full disk is no failing one.
 */
export class OperationTracker {
  readonly #clock: Clock
  /** In the order of their starts. */
  readonly #started = new Map<object, number>()
  /** When the last operations failed, so many as make the disk a failing one. */
  #failures: readonly number[] = []
  #failingUntilMs = -Infinity
  #latencyMs = 0
  #endedAtMs = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** 0 where none is under way. */
  get oldestMs(): number {
    for (const startedMs of this.#started.values()) return this.#clock.monotonicMs() - startedMs
    return 0
  }

  /** How long operations take, of late: a moving mean, which fades where there are none. */
  get latencyMs(): number {
    return this.#latencyMs * 0.5 ** ((this.#clock.monotonicMs() - this.#endedAtMs) / fadeMs)
  }

  get isFailing(): boolean {
    return this.#clock.monotonicMs() < this.#failingUntilMs
  }

  /** Does `operation`, counting it as under way until it settles. `isRepeated`: where it fails, its parts are tried, and count. */
  async track<T>(operation: () => Promise<T>, options?: { readonly isRepeated: boolean }): Promise<T> {
    const token = {}
    const startedMs = this.#clock.monotonicMs()
    this.#started.set(token, startedMs)
    try {
      return await operation()
    } catch (error) {
      if (errorCode(error) === 'disk-failed' && options?.isRepeated !== true) this.#noteFailure()
      throw error
    } finally {
      this.#started.delete(token)
      const latencyMs = this.latencyMs
      this.#endedAtMs = this.#clock.monotonicMs()
      this.#latencyMs = latencyMs + (this.#endedAtMs - startedMs - latencyMs) * latencyWeight
    }
  }

  #noteFailure(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#failures = [...this.#failures, nowMs].slice(-failuresMax)
    const [first = nowMs] = this.#failures
    const isRepeated = this.#failures.length === failuresMax && nowMs - first <= withinMs
    if (isRepeated || nowMs < this.#failingUntilMs) this.#failingUntilMs = nowMs + failingForMs
  }
}
