// The one place of the client where a request is repeated. A repeat waits for a time drawn evenly from a doubling interval
// ("full jitter": Brooker, "Exponential Backoff And Jitter", AWS 2015), so that clients which failed together do
// not come back together; Retry-After is a lower bound for it. Whether a repeat is safe, the caller says.

import { FrostByteError } from './errors.ts'

export interface RetryOptions {
  /** How often a request is sent at most, the first time included. Default 5, 1 to 100. */
  readonly attemptsMax?: number
  /** The interval from which the first wait is drawn; it doubles each time. Milliseconds; default 200, 0 to 60,000. */
  readonly delayMs?: number
  /** Where the interval stops to double. Milliseconds; default 10,000, 0 to 600,000. */
  readonly delayMaxMs?: number
}

export interface RetryPolicy {
  readonly attemptsMax: number
  readonly delayMs: number
  readonly delayMaxMs: number
  /** Waits; rejects with the signal's reason as soon as it aborts. */
  readonly sleep: (delayMs: number, signal: AbortSignal | undefined) => Promise<void>
  /** From 0 up to, not including, 1. */
  readonly random: () => number
}

/** A server that asks for more patience than this gets none: the error is the caller's. */
const retryAfterSecondsMax = 60

export function retryPolicy(options: RetryOptions = {}): RetryPolicy {
  return {
    attemptsMax: inRange('retries.attemptsMax', options.attemptsMax ?? 5, 1, 100),
    delayMs: inRange('retries.delayMs', options.delayMs ?? 200, 0, 60_000),
    delayMaxMs: inRange('retries.delayMaxMs', options.delayMaxMs ?? 10_000, 0, 600_000),
    sleep,
    random: Math.random,
  }
}

/**
 * Runs `attempt` (numbered from 0) until it resolves, until it fails with something that is not worth a repeat or that
 * `mayRepeat` forbids, or until the policy's attempts are used up; then rejects with the last failure.
 */
export async function withRetries<T>(
  policy: RetryPolicy,
  options: {
    readonly signal: AbortSignal | undefined
    readonly mayRepeat?: (error: FrostByteError) => boolean
  },
  attempt: (index: number) => Promise<T>,
): Promise<T> {
  for (let index = 0; ; index++) {
    try {
      return await attempt(index)
    } catch (error) {
      if (!(error instanceof FrostByteError) || !error.retryable) throw error
      if (options.mayRepeat?.(error) === false || !(await waitForRepeat(policy, index, error, options.signal)))
        throw error
    }
  }
}

/** Waits before repeat `index` (from 0). `false`, at once: there shall be none. */
export async function waitForRepeat(
  policy: RetryPolicy,
  index: number,
  error: FrostByteError,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const retryAfterSeconds = error.retryAfterSeconds ?? 0
  if (index + 1 >= policy.attemptsMax || retryAfterSeconds > retryAfterSecondsMax) return false
  const interval = Math.min(policy.delayMaxMs, policy.delayMs * 2 ** Math.min(index, 30))
  await policy.sleep(retryAfterSeconds * 1000 + policy.random() * interval, signal)
  return true
}

async function sleep(delayMs: number, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  const onAbort = (): void => reject(signal?.reason)
  const timer = setTimeout(resolve, delayMs)
  signal?.addEventListener('abort', onAbort, { once: true })
  try {
    await promise
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}

/** Checks a numeric option. @throws FrostByteError `option-invalid`. */
export function inRange(name: string, value: number, min: number, max: number): number {
  if (Number.isFinite(value) && value >= min && value <= max) return value
  throw new FrostByteError('option-invalid', `${name} is ${value}, but must be from ${min} to ${max}`)
}
