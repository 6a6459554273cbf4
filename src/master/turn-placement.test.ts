import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { assert as assertThat } from '../base/assert.ts'
import { dataIdFromBytes, makeDataId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { slotOf } from '../codec/geometry.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { turnedRandom } from './open-uploads.ts'
import { TurnPlacement } from './turn-placement.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }

describe('the place of small files', () => {
  test('is one in a turn of the event loop, and chosen anew in the next', () => {
    const random = new SeededRandom(3)
    let chosen = 0
    const ends: (() => void)[] = []
    const placement = new TurnPlacement({
      clock: { endOfTurn: (callback) => ends.push(callback) },
      random,
      chooseGroup: () => {
        chosen++
        return { scheme, slots: [] } as unknown as PlacementGroup
      },
    })
    const first = placement.place()
    assert.equal(placement.place(), first)
    assert.equal(placement.place(), first)
    assert.equal(chosen, 1)
    assert.equal(ends.length, 1)
    const turns = new Set<number>()
    for (let turn = 0; turn < 100; turn++) {
      for (const end of ends.splice(0)) end()
      turns.add(placement.place().turn)
    }
    assert.equal(chosen, 101)
    assert.deepEqual(
      [...turns].toSorted((left, right) => left - right),
      [0, 1, 2, 3, 4],
    )
  })

  test('is what the data id says, whatever else is in it', () => {
    const random = new SeededRandom(5)
    for (let count = 0; count < 2000; count++) {
      const slots = 2 + random.below(15)
      const turn = random.below(slots)
      const bytes = turnedRandom(random.bytes(10), { turn, slots })
      assertThat(bytes.length === 10, 'ten bytes')
      const dataId = makeDataId(1_000_000, bytes)
      assert.equal(slotOf({ dataColumns: slots - 1, parityColumns: 1 }, dataId, 0, 0), turn)
    }
    assert.equal(slotOf(scheme, dataIdFromBytes(new Uint8Array(16).fill(255)), 0, 0), 0)
  })
})
