import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostByteError, parseRetryAfter } from './errors.ts'
import { retryPolicy, withRetries } from './retry.ts'

const passing = new FrostByteError('overloaded', 'busy', { retryable: true })

describe('repeats', () => {
  test('wait longer each time, up to a bound, and never longer than the interval says', async () => {
    const waits: number[] = []
    const policy = {
      ...retryPolicy({ attemptsMax: 8, delayMs: 100, delayMaxMs: 1000 }),
      sleep: async (delayMs: number) => void waits.push(delayMs),
      random: () => 0.999,
    }
    await assert.rejects(
      withRetries(policy, { signal: undefined }, async () => await Promise.reject(passing)),
      passing,
    )
    assert.deepEqual(waits.map(Math.round), [100, 200, 400, 799, 999, 999, 999])
  })

  test('wait at least as long as the server asks', async () => {
    const waits: number[] = []
    const policy = {
      ...retryPolicy({ attemptsMax: 2 }),
      sleep: async (delayMs: number) => void waits.push(delayMs),
      random: () => 0,
    }
    const error = new FrostByteError('overloaded', 'busy', { retryable: true, retryAfterSeconds: 7 })
    await assert.rejects(
      withRetries(policy, { signal: undefined }, async () => await Promise.reject(error)),
      error,
    )
    assert.deepEqual(waits, [7000])
  })

  test('are none for a defect', async () => {
    const defect = new TypeError('x is not a function')
    let attempts = 0
    const attempt = async (): Promise<never> => {
      attempts++
      throw defect
    }
    await assert.rejects(withRetries(retryPolicy(), { signal: undefined }, attempt), defect)
    assert.equal(attempts, 1)
  })
})

describe('Retry-After', () => {
  test('is a number of seconds or a date', () => {
    const nowMs = Date.UTC(2026, 10, 23, 12, 0, 0)
    assert.equal(parseRetryAfter('120', nowMs), 120)
    assert.equal(parseRetryAfter('Mon, 23 Nov 2026 12:00:30 GMT', nowMs), 30)
    assert.equal(parseRetryAfter('Mon, 23 Nov 2026 11:00:00 GMT', nowMs), 0)
    for (const header of [null, '', 'soon', '-5x']) assert.equal(parseRetryAfter(header, nowMs), undefined)
  })
})
