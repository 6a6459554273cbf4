import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { planRecovery, type ScannedSegment } from './recovery-plan.ts'

/** A segment with batches at 4096, 8192, … up to `last`. */
function scanned(segment: number, parts: Partial<ScannedSegment> & { readonly lastAt?: number }): ScannedSegment {
  const { lastAt, ...rest } = parts
  const last = lastAt === undefined ? undefined : { offset: lastAt }
  return { segment, claims: [], isSealed: false, start: 4096, last, hasNormalBatch: last !== undefined, ...rest }
}

describe('What a recovery judges', () => {
  test('nothing where there is nothing', () => {
    assert.deepEqual(planRecovery([]), { ends: new Map(), judge: [], claims: [] })
  })

  test('the last batch of the last segment, and where it ends without it', () => {
    const plan = planRecovery([scanned(1, { isSealed: true, hasNormalBatch: true }), scanned(2, { lastAt: 8192 })])
    assert.deepEqual(plan.judge, [{ segment: 2, offset: 8192 }])
    assert.deepEqual(plan.claims, [{ segment: 2, end: 8192 }])
    assert.deepEqual(plan.ends, new Map([[2, 8192]]))
  })

  test('nothing after a seal', () => {
    assert.deepEqual(
      planRecovery([scanned(1, { lastAt: 4096 }), scanned(2, { isSealed: true, hasNormalBatch: true })]).judge,
      [],
    )
  })

  test('the segment before too, where the last one has no batch', () => {
    const plan = planRecovery([scanned(1, { lastAt: 12_288 }), scanned(2, {})])
    assert.deepEqual(plan.judge, [{ segment: 1, offset: 12_288 }])
    assert.deepEqual(plan.claims, [
      { segment: 2, end: 4096 },
      { segment: 1, end: 12_288 },
    ])
  })

  test('nothing behind the checkpoint: there the last segment begins where it stood', () => {
    const plan = planRecovery([scanned(3, { start: 20_480 })])
    assert.deepEqual(plan.judge, [])
    assert.deepEqual(plan.claims, [{ segment: 3, end: 20_480 }])
  })

  test('a claim counts once a batch that was no recovery followed it', () => {
    const claims = [{ segment: 1, end: 8192 }]
    const settled = planRecovery([scanned(1, { lastAt: 8192 }), scanned(2, { claims, lastAt: 8192 })])
    assert.deepEqual(
      settled.ends,
      new Map([
        [1, 8192],
        [2, 8192],
      ]),
    )
    assert.deepEqual(settled.judge, [{ segment: 2, offset: 8192 }])
  })

  test('a recovery that was cut short is done again', () => {
    const claims = [{ segment: 1, end: 8192 }]
    const plan = planRecovery([
      scanned(1, { lastAt: 8192 }),
      scanned(2, { claims, lastAt: 8192, hasNormalBatch: false }),
    ])
    assert.deepEqual(plan.judge, [
      { segment: 2, offset: 8192 },
      { segment: 1, offset: 8192 },
    ])
  })
  test('a seal of recovery batches does not prove that the recovery was complete', () => {
    const claims = [{ segment: 1, end: 8192 }]
    const plan = planRecovery([
      scanned(1, { lastAt: 8192 }),
      scanned(2, { claims, isSealed: true }),
      scanned(3, { claims, lastAt: 4096, hasNormalBatch: false }),
    ])
    assert.deepEqual(plan.judge, [
      { segment: 3, offset: 4096 },
      { segment: 1, offset: 8192 },
    ])
    assert.deepEqual(
      plan.ends,
      new Map([
        [3, 4096],
        [1, 8192],
      ]),
    )
  })

  test('what a recovery claimed counts once another batch followed, in whatever segment', () => {
    const plan = planRecovery([
      scanned(1, { lastAt: 8192 }),
      scanned(2, { claims: [{ segment: 1, end: 8192 }], lastAt: 8192, hasNormalBatch: false }),
      scanned(3, { claims: [{ segment: 2, end: 12_288 }], isSealed: true, hasNormalBatch: true }),
    ])
    assert.deepEqual(plan.judge, [])
    assert.deepEqual(
      plan.ends,
      new Map([
        [2, 12_288],
        [1, 8192],
      ]),
    )
  })
})
