import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SeededRandom } from '../../src/base/random.ts'
import { OrderedMap } from './ordered-map.ts'

test('an ordered map behaves as a sorted list does', () => {
  const random = new SeededRandom(7)
  const map = new OrderedMap<number>()
  const model = new Map<string, number>()
  for (let step = 0; step < 20_000; step++) {
    const key = String(random.below(3_000))
    if (random.below(3) === 0) assert.equal(map.delete(key), model.delete(key))
    else {
      map.set(key, step)
      model.set(key, step)
    }
  }
  const sorted = [...model].toSorted(([left], [right]) => (left < right ? -1 : 1))
  assert.equal(map.size, model.size)
  for (const [key, value] of sorted) assert.equal(map.get(key), value)
  assert.equal(map.get('none'), undefined)
  assert.deepEqual([...map.ascending('', '~')], sorted)
  assert.deepEqual([...map.descending('', '~')], sorted.toReversed())
  const inside = sorted.filter(([key]) => key >= '15' && key < '21')
  assert.deepEqual([...map.ascending('15', '21')], inside)
  assert.deepEqual([...map.descending('15', '21')], inside.toReversed())
})
