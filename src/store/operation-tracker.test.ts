import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { FrostError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { OperationTracker } from './operation-tracker.ts'

async function fail(tracker: OperationTracker, code: ErrorCode = 'disk-failed'): Promise<void> {
  await assert.rejects(
    tracker.track(async () => await Promise.reject(new FrostError(code, 'No.'))),
    { code },
  )
}

test('a slow disk is known by how long its operations take, until there are none any more', async () => {
  const time = new VirtualTime()
  const clock = time.createClock()
  const tracker = new OperationTracker(clock)
  const operate = async (count: number, durationMs: number): Promise<void> => {
    for (let index = 0; index < count; index++) await time.run(tracker.track(async () => await clock.sleep(durationMs)))
  }
  await operate(50, 2)
  assert.ok(tracker.latencyMs > 1 && tracker.latencyMs <= 2)
  await operate(30, 100)
  assert.ok(tracker.latencyMs > 80 && tracker.latencyMs <= 100)
  await operate(50, 2)
  assert.ok(tracker.latencyMs < 5)
  await operate(30, 100)
  await time.advance(5 * 60_000)
  assert.ok(tracker.latencyMs < 1)
})

describe('a disk that fails', () => {
  test('is one of which three operations fail within a minute, until ten minutes after the last', async () => {
    const time = new VirtualTime()
    const tracker = new OperationTracker(time.createClock())
    for (let failure = 0; failure < 2; failure++) await fail(tracker)
    assert.equal(tracker.isFailing, false)
    await time.advance(59_000)
    await fail(tracker)
    assert.equal(tracker.isFailing, true)
    await time.advance(9 * 60_000)
    await fail(tracker)
    await time.advance(9 * 60_000)
    assert.equal(tracker.isFailing, true)
    await time.advance(60_000)
    assert.equal(tracker.isFailing, false)
    await fail(tracker)
    assert.equal(tracker.isFailing, false)
  })

  test('is not one of which many records together do not come, before each is tried', async () => {
    const tracker = new OperationTracker(new VirtualTime().createClock())
    const reading = async (): Promise<void> => await Promise.reject(new FrostError('disk-failed', 'No.'))
    for (let failure = 0; failure < 5; failure++) await assert.rejects(tracker.track(reading, { isRepeated: true }))
    assert.equal(tracker.isFailing, false)
  })

  test('is not one with a bad sector now and then, and not a full one', async () => {
    const time = new VirtualTime()
    const tracker = new OperationTracker(time.createClock())
    for (let failure = 0; failure < 10; failure++) {
      await fail(tracker)
      await fail(tracker, 'insufficient-storage')
      await fail(tracker, 'fragment-corrupt')
      await time.advance(31_000)
    }
    assert.equal(tracker.isFailing, false)
  })
})
