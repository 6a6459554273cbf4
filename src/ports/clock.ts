/**
 * Time, as one process sees it. Durations are measured on the monotonic clock from when this process
 * first saw a condition; the wall clock may jump and is used for calendar times only.
 */
export interface Clock {
  /** Milliseconds since an arbitrary origin, with fractions; never goes back. */
  monotonicMs(): number
  /** Milliseconds since 1970-01-01 UTC, whole; may jump either way. */
  wallMs(): number
  /**
   * Calls `callback` once, `delayMs` (≥ 0) from now or later. The timer keeps the process alive unless
   * `background` is set.
   */
  startTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer
  /** Resolves after `delayMs`; rejects with `signal.reason` as soon as `signal` aborts. Does not keep the process alive. */
  sleep(delayMs: number, signal?: AbortSignal): Promise<void>
  /** Calls `callback` at the end of this turn of the event loop, after what has already arrived was handled. */
  endOfTurn(callback: () => void): void
}

export interface Timer {
  /** No effect on a timer that has fired or was cancelled. */
  cancel(): void
}
