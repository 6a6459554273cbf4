import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { holdsMajority, planOut } from './detect-out.ts'
import type { HeardWorker } from './detect-out.ts'
import { workerId } from './testing/placement-model.ts'

/** Workers from 1, each silent for so many minutes; `undefined`: never heard. */
function silent(...minutes: readonly (number | undefined)[]): HeardWorker[] {
  return minutes.map((value, index) => ({
    id: workerId(index + 1),
    state: 'in',
    silenceMs: value === undefined ? undefined : value * MINUTE_MS,
    holdsSlots: true,
  }))
}

const outAfterMs = 15 * 60_000
const out = (workers: readonly HeardWorker[], heldMs = HOUR_MS): readonly string[] =>
  planOut({ workers, heldMs, outAfterMs })
const majority = (workers: readonly HeardWorker[], heldMs = HOUR_MS): boolean =>
  holdsMajority({ workers, heldMs, unheardAfterMs: 30_000 })

describe('declaring workers out', () => {
  test('takes those silent for long enough', () => {
    assert.deepEqual(out(silent(0, 14.9, 0, 0, 0)), [])
    assert.deepEqual(out(silent(0, 15, 0, 0, 0)), [workerId(2)])
    assert.deepEqual(out(silent(0, undefined, 0, 0, 0)), [workerId(2)])
  })

  test('counts no silence from before the lease was taken', () => {
    assert.deepEqual(out(silent(0, 600, 0, 0, 0), 14 * MINUTE_MS), [])
    assert.deepEqual(out(silent(0, undefined, 0, 0, 0), 14 * MINUTE_MS), [])
    assert.deepEqual(out(silent(0, 600, 0, 0, 0), 15 * MINUTE_MS), [workerId(2)])
  })

  test('leaves two thirds of the workers in, and takes those that are silent for longest', () => {
    assert.deepEqual(out(silent(20, 30, 0, 0, 0)), [workerId(2)])
    assert.deepEqual(out(silent(20, 30, undefined, 0, 0, 0)), [workerId(3), workerId(2)])
    assert.deepEqual(out(silent(20, 20)), [])
  })

  test('counts those out and draining as not in', () => {
    for (const state of ['out', 'draining'] as const) {
      const workers = silent(0, 0, 30, 0, 0)
      workers[0] = { id: workerId(1), state, silenceMs: 0, holdsSlots: true }
      assert.deepEqual(out(workers), [])
      // Once it holds nothing any more, it is no part of the cluster.
      workers[0] = { id: workerId(1), state, silenceMs: 0, holdsSlots: false }
      assert.deepEqual(out([...workers, ...silent(0, 0, 0, 0, 0, 0).slice(5)]), [workerId(3)])
    }
  })

  test('takes a draining worker whatever is in, because its slots leave it anyway', () => {
    const workers = silent(30, 30, 0, 0)
    workers[0] = { id: workerId(1), state: 'draining', silenceMs: HOUR_MS, holdsSlots: true }
    assert.deepEqual(out(workers), [workerId(1)])
  })

  test('never takes a worker that is heard, nor one out already, nor too many', () => {
    const worker = fc.record({
      state: fc.constantFrom<HeardWorker['state']>('in', 'draining', 'out'),
      silenceMs: fc.option(fc.integer({ min: 0, max: 30 * MINUTE_MS }), { nil: undefined }),
      holdsSlots: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(worker, { maxLength: 20 }), fc.integer({ min: 0, max: HOUR_MS }), (rows, heldMs) => {
        const workers = rows.map((row, index) => ({ ...row, id: workerId(index + 1) }))
        const planned = workers.filter(({ id }) => out(workers, heldMs).includes(id))
        for (const { state, silenceMs } of planned) {
          assert.notEqual(state, 'out')
          assert.ok(Math.min(silenceMs ?? heldMs, heldMs) >= outAfterMs)
        }
        const taken = planned.filter((row) => row.state === 'in').length
        const left = workers.filter((row) => row.state === 'in').length - taken
        const members = workers.filter((row) => row.state === 'in' || row.holdsSlots).length
        assert.ok(taken === 0 || left * 3 >= members * 2)
      }),
    )
  })
})

describe('holding the lease', () => {
  test('needs half of the workers that are in', () => {
    assert.equal(majority(silent(0, 0, 0, 1, 1)), true)
    assert.equal(majority(silent(0, 0, 1, 1, 1)), false)
    assert.equal(majority(silent(0, 0, 1, 1)), true)
    assert.equal(majority(silent(0, 0, undefined, undefined, undefined)), false)
    assert.equal(majority([]), true)
  })

  test('leaves time to hear them after it was taken', () => {
    assert.equal(majority(silent(0, 10, 10, undefined, undefined), 29 * SECOND_MS), true)
    assert.equal(majority(silent(0, 10, 10, undefined, undefined), 30 * SECOND_MS), false)
  })

  test('does not depend on workers that are draining or out', () => {
    const workers = silent(0, 0, 1, 1, 1)
    workers[4] = { id: workerId(5), state: 'out', silenceMs: HOUR_MS, holdsSlots: true }
    assert.equal(majority(workers), true)
  })
})
