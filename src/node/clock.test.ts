import assert from 'node:assert/strict'
import { test } from 'node:test'

import { AssertionError } from '../base/assert.ts'
import { clockConformance } from '../../test/conformance/clock.ts'
import { NodeClock } from './clock.ts'

clockConformance('NodeClock', () => ({ clock: new NodeClock(), wait: (promise) => promise }))

test('a wait longer than one timer of Node.js can hold does not fire at once', async () => {
  const clock = new NodeClock()
  let fired = false
  const timer = clock.startTimer(2 ** 40, () => {
    fired = true
  })
  await clock.sleep(20)
  timer.cancel()
  assert.equal(fired, false)
})

test('a delay that is no number is a defect of the caller', () => {
  const clock = new NodeClock()
  for (const delayMs of [-1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.throws(() => clock.startTimer(delayMs, () => {}), AssertionError)
  }
})
