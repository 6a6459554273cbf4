import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defined } from '../base/assert.ts'
import { parseGroupId, parseWorkerId } from '../base/ids.ts'
import type { GroupId, WorkerId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { planGroupChanges } from './plan-group-changes.ts'
import type { GroupChanges, WritableGroup } from './plan-group-changes.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }
const groupsPerWorker = 4
const bytesPerSlotMax = 1000

const id = (value: number): GroupId => defined(parseGroupId(value), 'group')
const worker = (value: number): WorkerId => defined(parseWorkerId(value.toString(16).padStart(16, '0')), 'worker')
const first = (count: number): WorkerId[] => Array.from({ length: count }, (_, index) => worker(index + 1))

function plan(workers: number, writableGroups: readonly WritableGroup[], seed = 1): GroupChanges {
  const random = new SeededRandom(seed)
  return planGroupChanges({
    workers: first(workers).map((member) => ({ id: member, zone: undefined })),
    writableGroups,
    bytesPerSlotMax,
    scheme,
    groupsPerWorker,
    below: (bound) => random.below(bound),
  })
}

/** Groups over the first five workers, as full as said. */
const groups = (...bytes: readonly number[]): readonly WritableGroup[] =>
  bytes.map((bytesPerSlot, index) => ({ group: id(index + 1), scheme, workers: first(5), bytesPerSlot }))

describe('planning the changes of groups', () => {
  test('closes a group that has reached the limit, and creates one in its place', () => {
    const { create, close } = plan(5, groups(999, 1000, 5, 1001))
    assert.deepEqual(close, [id(2), id(4)])
    assert.equal(create.length, 2)
    for (const slots of create) assert.deepEqual(slots.toSorted(), first(5))
  })

  test('changes nothing while no group is full', () => {
    assert.deepEqual(plan(5, groups(999, 0, 0, 0)), { create: [], close: [] })
  })

  test('closes groups of another scheme than new data is to have, once there are others', () => {
    const old = groups(0, 0).map((group) => ({ ...group, scheme: { dataColumns: 2, parityColumns: 3 } }))
    assert.deepEqual(plan(4, old), { create: [], close: [] })
    const { create, close } = plan(5, old)
    assert.equal(create.length, groupsPerWorker)
    assert.deepEqual(close, [id(1), id(2)])
  })

  test('closes what a former lease holder has created successors for', () => {
    assert.deepEqual(plan(5, groups(1000, 0, 0, 0, 0)), { create: [], close: [id(1)] })
  })

  test('leaves full groups open while there are too few workers to create others', () => {
    assert.deepEqual(plan(4, groups(1000, 2000, 3000, 4000)), { create: [], close: [] })
  })

  test('leaves something to write to, and about as many groups to a worker as asked, whatever is full', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 5, max: 12 }),
        fc.array(fc.integer({ min: 0, max: 2 * bytesPerSlotMax }), { maxLength: 12 }),
        fc.nat(),
        (workers, bytes, seed) => {
          const before = groups(...bytes)
          const { create, close } = plan(workers, before, seed)
          const open = before.filter(({ group }) => !close.includes(group)).map((group) => group.workers)
          const left = [...open, ...create]
          const counts = first(workers).map((member) => left.filter((slots) => slots.includes(member)).length)
          assert.ok(counts.filter((count) => count < groupsPerWorker).length < 5, counts.join(' '))
          for (const { group, bytesPerSlot } of before)
            assert.equal(close.includes(group), bytesPerSlot >= bytesPerSlotMax)
        },
      ),
    )
  })
})
