import assert from 'node:assert/strict'
import { test } from 'node:test'

import { randomConformance } from '../../test/conformance/random.ts'
import { SimulatedRandom } from './random.ts'

randomConformance('SimulatedRandom', () => new SimulatedRandom(1))

test('one seed gives one sequence', () => {
  const left = new SimulatedRandom(7)
  const right = new SimulatedRandom(7)
  assert.deepEqual(left.bytes(100), right.bytes(100))
  assert.notDeepEqual(left.bytes(100), new SimulatedRandom(8).bytes(100))
})
