import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { GIB } from '../base/units.ts'
import { canDrain, drainProgress } from './drain.ts'
import type { DrainVerdict } from './drain.ts'
import { PlacementModel, groupId, workerId } from './testing/placement-model.ts'

function model(workers: number, options: { readonly capacityBytes?: number } = {}): PlacementModel {
  const made = new PlacementModel()
  made.addWorkers(workers, options)
  made.addGroup([1, 2, 3, 4, 5].map(workerId), { bytesPerSlot: 30 * GIB })
  return made
}

function verdict(from: PlacementModel, number: number, slotsPerGroup = 5): DrainVerdict {
  return canDrain({ ...from.input(), slotsPerGroup }, workerId(number))
}

function assertRefused(found: DrainVerdict, text: RegExp): void {
  assert.ok('refused' in found)
  assert.match(found.refused, text)
}

describe('a drain', () => {
  test('is allowed while enough workers for a group remain in', () => {
    assert.deepEqual(verdict(model(6), 1), { allowed: true })
    assertRefused(verdict(model(5), 1), /there would be 4 workers left, and a placement group needs 5/)
    assertRefused(verdict(model(6), 1, 9), /needs 9/)
    // Groups that are there may be wider than new ones.
    assertRefused(verdict(model(5), 1, 3), /needs 5/)
  })

  test('counts neither who drains nor who is out among those that remain', () => {
    for (const state of ['draining', 'out'] as const) {
      const six = model(6)
      six.changeWorker(6, { state })
      assertRefused(verdict(six, 1), /4 workers left/)
    }
  })

  test('may be asked for again', () => {
    const six = model(6)
    six.changeWorker(1, { state: 'draining' })
    assert.deepEqual(verdict(six, 1), { allowed: true })
  })

  test('is refused of a worker that is out, is not known, or holds more than the others have room for', () => {
    const six = model(6)
    six.changeWorker(1, { state: 'out' })
    assertRefused(verdict(six, 1), /is out/)
    assertRefused(verdict(six, 7), /no worker/)
    const small = model(6, { capacityBytes: 31 * GIB })
    small.changeWorker(6, { capacityBytes: 20 * GIB })
    assertRefused(verdict(small, 1), /room for/)
  })

  test('has slots left as long as it holds one or is to hold one', () => {
    const six = model(6)
    assert.deepEqual(drainProgress(six.input(), workerId(1)), { slotsLeft: 1, bytesLeft: 30 * GIB })
    assert.deepEqual(drainProgress(six.input(), workerId(6)), { slotsLeft: 0, bytesLeft: 0 })
    six.begin([{ group: groupId(1), slot: 0, from: workerId(1), to: workerId(6), reason: 'drain' }])
    assert.equal(drainProgress(six.input(), workerId(1)).slotsLeft, 1)
    assert.equal(drainProgress(six.input(), workerId(6)).slotsLeft, 1)
    six.finish()
    assert.equal(drainProgress(six.input(), workerId(1)).slotsLeft, 0)
  })
})
