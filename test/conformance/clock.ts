// What every Clock must do. Run against the real one and the virtual one.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { Clock } from '../../src/ports/clock.ts'

interface ClockUnderTest {
  readonly clock: Clock
  /** Lets time pass until `promise` settles. */
  readonly wait: <T>(promise: Promise<T>) => Promise<T>
}

export function clockConformance(name: string, create: () => ClockUnderTest): void {
  describe(`${name} as a Clock`, () => {
    test('a timer fires once, not before its time', async () => {
      const { clock, wait } = create()
      const startMs = clock.monotonicMs()
      let count = 0
      await wait(
        new Promise<void>((resolve) => {
          clock.startTimer(7.5, () => {
            count++
            resolve()
          })
        }),
      )
      assert.ok(clock.monotonicMs() - startMs >= 7.5)
      await wait(clock.sleep(10))
      assert.equal(count, 1)
    })

    test('timers fire in the order of their times', async () => {
      const { clock, wait } = create()
      const order: number[] = []
      for (const delayMs of [40, 0, 20]) clock.startTimer(delayMs, () => order.push(delayMs))
      await wait(clock.sleep(60))
      assert.deepEqual(order, [0, 20, 40])
    })

    test('a cancelled timer never fires, and cancelling twice or too late does nothing', async () => {
      const { clock, wait } = create()
      let count = 0
      const timer = clock.startTimer(1, () => count++)
      timer.cancel()
      timer.cancel()
      const late = clock.startTimer(1, () => count++)
      await wait(clock.sleep(10))
      late.cancel()
      assert.equal(count, 1)
    })

    test('a sleep ends at once with the reason of its signal', async () => {
      const { clock, wait } = create()
      const controller = new AbortController()
      const reason = new Error('enough')
      clock.startTimer(1, () => controller.abort(reason))
      await assert.rejects(wait(clock.sleep(600_000, controller.signal)), reason)
      await assert.rejects(wait(clock.sleep(0, controller.signal)), reason)
    })

    test('the end of the turn comes after the promises of this turn, once', async () => {
      const { clock, wait } = create()
      const order: string[] = []
      await wait(
        new Promise<void>((resolve, reject) => {
          clock.endOfTurn(() => {
            order.push('end')
            resolve()
          })
          const deep = async (): Promise<void> => {
            for (let index = 0; index < 10; index++) await Promise.resolve()
            order.push('promise')
          }
          deep().catch(reject)
        }),
      )
      await wait(clock.sleep(2))
      assert.deepEqual(order, ['promise', 'end'])
    })

    test('an end of turn asked for at an end of turn comes in a later one', async () => {
      const { clock, wait } = create()
      const order: number[] = []
      await wait(
        new Promise<void>((resolve) => {
          clock.endOfTurn(() => {
            clock.endOfTurn(() => {
              order.push(3)
              resolve()
            })
            order.push(1)
          })
          clock.endOfTurn(() => order.push(2))
        }),
      )
      assert.deepEqual(order, [1, 2, 3])
    })

    test('the wall clock counts whole milliseconds since 1970', () => {
      const { clock } = create()
      assert.ok(Number.isSafeInteger(clock.wallMs()))
      assert.ok(clock.wallMs() > Date.UTC(2024, 0, 1))
    })
  })
}
