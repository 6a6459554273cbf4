import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defined } from '../base/assert.ts'
import { parseEpoch, parseGroupId, parseWorkerId } from '../base/ids.ts'
import type { WorkerId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { chooseGroup } from './choose-group.ts'
import { defaultDetectorTimes, detectFailure } from './detect-failures.ts'
import type { PlacementGroup } from './placement-group.ts'
import { planGroups } from './plan-groups.ts'
import { planStandIns, survivesOneLoss } from './quorum.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }

function worker(number: number): WorkerId {
  return defined(parseWorkerId(number.toString(16).padStart(16, '0')), 'worker id')
}

function group(number: number, workers: readonly number[]): PlacementGroup {
  const epoch = defined(parseEpoch(1), 'epoch')
  return {
    group: defined(parseGroupId(number), 'group'),
    epoch,
    scheme,
    slots: workers.map((id) => ({ worker: worker(id), holderSinceEpoch: epoch })),
    state: 'writable',
  }
}

describe('planning groups', () => {
  const plan = (count: number, options: { zones?: number; existing?: readonly (readonly WorkerId[])[] } = {}) => {
    const random = new SeededRandom(count)
    return planGroups({
      workers: Array.from({ length: count }, (_, index) => ({
        id: worker(index),
        zone: options.zones === undefined ? undefined : `zone ${index % options.zones}`,
      })),
      writableGroups: options.existing ?? [],
      scheme,
      groupsPerWorker: 50,
      below: (bound) => random.below(bound),
    })
  }

  test('puts each worker in about as many groups as asked, always on distinct workers', () => {
    fc.assert(
      fc.property(fc.integer({ min: 5, max: 40 }), (count) => {
        const slots = new Map<WorkerId, number>()
        for (const workers of plan(count)) {
          assert.equal(new Set(workers).size, 5)
          for (const id of workers) slots.set(id, (slots.get(id) ?? 0) + 1)
        }
        for (const total of slots.values()) assert.ok(total >= 45 && total <= 55, `${total} slots`)
        assert.equal(slots.size, count)
      }),
    )
  })

  test('plans nothing with too few workers, or where enough groups are there', () => {
    assert.deepEqual(plan(4), [])
    assert.deepEqual(plan(5, { existing: plan(5) }), [])
  })

  test('keeps to distinct zones where there are enough', () => {
    for (const workers of plan(15, { zones: 5 })) {
      const zones = workers.map((id) => Number.parseInt(id, 16) % 5)
      assert.equal(new Set(zones).size, 5)
    }
    for (const workers of plan(12, { zones: 3 })) assert.equal(new Set(workers).size, 5)
  })

  test('spreads the partners of a worker over all others', () => {
    const partners = new Set(
      plan(20)
        .filter((workers) => workers.includes(worker(0)))
        .flat(),
    )
    assert.equal(partners.size, 20)
  })
})

describe('choosing a group', () => {
  const random = new SeededRandom(1)
  const groups = [group(1, [0, 1, 2, 3, 4]), group(2, [1, 2, 3, 4, 5]), group(3, [2, 3, 4, 5, 6])]
  const choose = (reachable: readonly number[], free: (id: WorkerId) => number = () => 1000, from = groups) =>
    chooseGroup({
      groups: from,
      isReachable: (id) => reachable.some((number) => worker(number) === id),
      freeBytes: free,
      below: (bound) => random.below(bound),
    })

  test('takes a whole group before a degraded one', () => {
    for (let round = 0; round < 50; round++) {
      const choice = choose([0, 1, 2, 3, 4, 5])
      assert.ok('group' in choice && choice.group.group !== 3)
    }
  })

  test('takes the emptier one more often', () => {
    let emptier = 0
    for (let round = 0; round < 200; round++) {
      const choice = choose([0, 1, 2, 3, 4, 5, 6], (id) => (id === worker(6) ? 10 : 1000))
      if ('group' in choice && choice.group.group !== 3) emptier++
    }
    assert.ok(emptier > 160, `${emptier} of 200`)
  })

  test('takes a group with full workers where there is no other, as long as enough can take data', () => {
    const fullOnes =
      (...full: readonly number[]) =>
      (id: WorkerId): number =>
        full.some((number) => worker(number) === id) ? 0 : 1000
    const all = [0, 1, 2, 3, 4, 5, 6]
    for (let round = 0; round < 50; round++) {
      const whole = choose(all, fullOnes(0))
      assert.ok('group' in whole && whole.group.group !== 1)
      assert.ok('group' in choose(all, fullOnes(2, 3)))
    }
    assert.deepEqual(choose(all, fullOnes(2, 3, 4)), { refused: 'no-space' })
    assert.deepEqual(choose([0, 2, 3, 4], fullOnes(2, 3), groups.slice(0, 1)), { refused: 'no-space' })
  })

  test('says why there is none', () => {
    assert.deepEqual(
      choose([], () => 1, []),
      { refused: 'no-group' },
    )
    assert.deepEqual(
      choose([0, 1, 2, 3, 4, 5, 6], () => 0),
      { refused: 'no-space' },
    )
  })
})

describe('quorum', () => {
  test('is safe only when any one worker can go', () => {
    const [a, b, c] = [worker(1), worker(2), worker(3)]
    assert.equal(survivesOneLoss([a, a, b, b, c], 3), true)
    assert.equal(survivesOneLoss([a, a, b, b], 3), false)
    assert.equal(survivesOneLoss([a, b, c], 3), false)
    assert.equal(survivesOneLoss([a, b], 1), true)
    assert.equal(survivesOneLoss([a, a, a], 1), false)
    assert.equal(survivesOneLoss([], 1), false)
  })

  test('never stands more than m columns of a block in on one worker', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 0, max: 6 }),
        fc.nat(),
        (columns, workers, seed) => {
          const random = new SeededRandom(seed)
          const plan = planStandIns({
            columns: Array.from({ length: columns }, (_, index) => index),
            load: new Map([[worker(0), 1]]),
            candidates: Array.from({ length: workers }, (_, index) => worker(index)),
            excluded: new Set([worker(3)]),
            columnsPerWorkerMax: 2,
            below: (bound) => random.below(bound),
          })
          const counts = new Map<WorkerId, number>([[worker(0), 1]])
          for (const id of plan.values()) counts.set(id, (counts.get(id) ?? 0) + 1)
          for (const count of counts.values()) assert.ok(count <= 2)
          assert.ok(!counts.has(worker(3)))
          const room = Math.max(0, workers * 2 - (workers > 0 ? 1 : 0) - (workers > 3 ? 2 : 0))
          assert.equal(plan.size, Math.min(columns, room))
        },
      ),
    )
  })
})

describe('the failure detector', () => {
  const verdict = (signs: Partial<Parameters<typeof detectFailure>[0]>) =>
    detectFailure({ silenceMs: 0, observedMs: 60_000, stuckDiskMs: 0, connected: true, ...signs }, defaultDetectorTimes)

  test('goes by silence, a stuck disk and the connection', () => {
    assert.equal(verdict({}), 'up')
    assert.equal(verdict({ silenceMs: 4_999 }), 'up')
    assert.equal(verdict({ silenceMs: 5_000 }), 'suspect')
    assert.equal(verdict({ stuckDiskMs: 5_000 }), 'suspect')
    assert.equal(verdict({ connected: false }), 'suspect')
    assert.equal(verdict({ connected: false, silenceMs: 30_000 }), 'down')
  })

  test('does not call a worker down that it had no time to hear from', () => {
    assert.equal(verdict({ silenceMs: undefined, observedMs: 1_000, connected: false }), 'suspect')
    assert.equal(verdict({ silenceMs: undefined, observedMs: 6_000, connected: false }), 'down')
  })
})
