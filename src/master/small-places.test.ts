import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../base/assert.ts'
import { makeDataId, parseEpoch, parseGroupId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { slotOf } from '../codec/geometry.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { turnedRandom } from './open-uploads.ts'
import { SmallPlaces } from './small-places.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }
const group: PlacementGroup = {
  group: defined(parseGroupId(1), 'a group'),
  epoch: defined(parseEpoch(1), 'an epoch'),
  scheme,
  state: 'writable',
  slots: [],
}

interface Scene {
  readonly places: SmallPlaces
  readonly clock: { nowMs: number }
  readonly map: { group: PlacementGroup }
  readonly chosen: () => number
}

function scene(): Scene {
  const map = { group }
  const clock = { nowMs: 1000, monotonicMs: () => clock.nowMs }
  let chosen = 0
  const places = new SmallPlaces({
    clock,
    random: new SeededRandom(3),
    chooseGroup: () => {
      chosen++
      return map.group
    },
    groupNow: () => map.group,
  })
  return { places, clock, map, chosen: () => chosen }
}

describe('the place of small files', () => {
  test('is one for a moment, and chosen anew after it', () => {
    const { places, clock, chosen } = scene()
    const first = places.take()
    clock.nowMs += 15
    assert.equal(places.take(), first)
    assert.equal(chosen(), 1)
    const turns = new Set<number>()
    for (let moment = 0; moment < 100; moment++) {
      clock.nowMs += 16
      turns.add(places.take().turn)
    }
    assert.equal(chosen(), 101)
    assert.equal(turns.size, 5)
  })

  test('is not used for more than 128 files', () => {
    const { places, chosen } = scene()
    for (let file = 0; file < 128; file++) places.take()
    assert.equal(chosen(), 1)
    places.take()
    assert.equal(chosen(), 2)
  })

  test('is not used any more once its group has changed', () => {
    const { places, map } = scene()
    const first = places.take()
    map.group = { ...group, epoch: defined(parseEpoch(2), 'an epoch') }
    assert.notEqual(places.now(), first)
    assert.equal(places.take().group, map.group)
  })

  test('is what the data id says, whatever else is in it', () => {
    const random = new SeededRandom(5)
    for (let count = 0; count < 2000; count++) {
      const slots = 2 + random.below(15)
      const turn = random.below(slots)
      const dataId = makeDataId(1_000_000, turnedRandom(random.bytes(10), { turn, slots }))
      assert.equal(slotOf({ dataColumns: slots - 1, parityColumns: 1 }, dataId, 0, 0), turn)
    }
  })
})
