// The real clock: Node.js timers, `performance` for durations, `Date` for calendar times.

import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../ports/clock.ts'

/** What one `setTimeout` can hold; longer waits are made of several. */
const timeoutMaxMs = 2 ** 31 - 1

export class NodeClock implements Clock {
  monotonicMs(): number {
    return performance.now()
  }

  wallMs(): number {
    return Date.now()
  }

  startTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer {
    assert(Number.isFinite(delayMs) && delayMs >= 0, 'milliseconds of a timer', delayMs)
    return new NodeTimer(delayMs, callback, options?.background === true)
  }

  async sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) throw reasonOf(signal)
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const timer = this.startTimer(delayMs, resolve, { background: true })
    if (signal === undefined) return promise
    const onAbort = (): void => {
      timer.cancel()
      reject(reasonOf(signal))
    }
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await promise
    } finally {
      signal.removeEventListener('abort', onAbort)
    }
  }

  endOfTurn(callback: () => void): void {
    setImmediate(callback)
  }
}

/** libuv counts whole milliseconds and may fire up to one too early; so a timer that woke too early sleeps again. */
class NodeTimer implements Timer {
  readonly #dueMs: number
  readonly #callback: () => void
  readonly #background: boolean
  #handle: NodeJS.Timeout | undefined

  constructor(delayMs: number, callback: () => void, background: boolean) {
    this.#dueMs = performance.now() + delayMs
    this.#callback = callback
    this.#background = background
    this.#arm(delayMs)
  }

  cancel(): void {
    clearTimeout(this.#handle)
    this.#handle = undefined
  }

  #arm(delayMs: number): void {
    this.#handle = setTimeout(() => this.#wake(), Math.min(Math.ceil(delayMs), timeoutMaxMs))
    if (this.#background) this.#handle.unref()
  }

  #wake(): void {
    const restMs = this.#dueMs - performance.now()
    if (restMs > 0) this.#arm(restMs)
    else this.#callback()
  }
}

/** `reject` wants an error; a signal may carry anything. */
function reasonOf(signal: AbortSignal): Error {
  return signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason))
}
