import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../base/assert.ts'
import { parseEpoch, parseGroupId, parseWorkerId } from '../base/ids.ts'
import type { GroupId, WorkerId } from '../base/ids.ts'
import { FullestSlots, isWorthRecording } from './group-fullness.ts'
import type { PlacementGroup } from './placement-group.ts'

const epoch = defined(parseEpoch(1), 'epoch')
const id = (value: number): GroupId => defined(parseGroupId(value), 'group')
const worker = (value: number): WorkerId => defined(parseWorkerId(value.toString(16).padStart(16, '0')), 'worker')

/** A group over two workers; the first slot moves to `pending` where that is given. */
function group(value: number, [first, second]: readonly [number, number], pending?: number): PlacementGroup {
  const moves = pending === undefined ? {} : { pendingWorker: worker(pending) }
  return {
    group: id(value),
    epoch,
    scheme: { dataColumns: 1, parityColumns: 1 },
    slots: [
      { worker: worker(first), holderSinceEpoch: epoch, ...moves },
      { worker: worker(second), holderSinceEpoch: epoch },
    ],
    state: 'writable',
  }
}

function fullest(...groups: readonly PlacementGroup[]): FullestSlots {
  return new FullestSlots((wanted) => groups.find(({ group: known }) => known === wanted))
}

describe('the fullness of a group', () => {
  test('is the bytes of its fullest slot', () => {
    const one = group(1, [1, 2])
    const slots = fullest(one)
    slots.add(worker(1), [{ group: id(1), bytes: 10 }])
    slots.add(worker(2), [{ group: id(1), bytes: 20 }])
    for (const member of [1, 2]) slots.end(worker(member))
    assert.equal(slots.bytesPerSlot(one, 99), 20)
  })

  test('leaves out who holds no slot of it, and groups that are not known', () => {
    const one = group(1, [1, 2])
    const slots = fullest(one)
    const held = [
      { group: id(1), bytes: 10 },
      { group: id(2), bytes: 10 },
    ]
    slots.add(worker(3), held)
    for (const member of [1, 2, 3]) slots.end(worker(member))
    assert.equal(slots.bytesPerSlot(one, 99), 0)
  })

  test('counts who is to hold a slot next', () => {
    const moving = group(1, [1, 2], 3)
    const slots = fullest(moving)
    slots.add(worker(3), [{ group: id(1), bytes: 30 }])
    for (const member of [1, 2]) slots.end(worker(member))
    assert.equal(slots.bytesPerSlot(moving, 40), 40)
    slots.end(worker(3))
    assert.equal(slots.bytesPerSlot(moving, 40), 30)
  })

  test('never looks smaller than before while a member has not told all', () => {
    const one = group(1, [1, 2])
    const slots = fullest(one)
    assert.equal(slots.bytesPerSlot(one, 15), 15)
    slots.add(worker(1), [{ group: id(1), bytes: 10 }])
    slots.end(worker(1))
    assert.equal(slots.bytesPerSlot(one, 15), 15)
    assert.equal(slots.bytesPerSlot(one, 5), 10)
    slots.end(worker(2))
    assert.equal(slots.bytesPerSlot(one, 15), 10)
  })

  test('is recorded when it has changed by a good part of what a group may hold', () => {
    const at = (bytesPerSlot: number, recorded: number, bytesPerSlotMax = 6400): boolean =>
      isWorthRecording(bytesPerSlot, { recorded, bytesPerSlotMax })
    assert.equal(at(1099, 1000), false)
    assert.equal(at(1100, 1000), true)
    assert.equal(at(900, 1000), true)
    assert.equal(at(0, 0, 0), false)
    assert.equal(at(1, 0, 1), true)
  })
})
