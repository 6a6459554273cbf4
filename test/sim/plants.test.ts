// The simulator can fail: each planted fault is caught by the seed that is known to catch it, and the same seed passes without it.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { catchPlant, readPlants } from '../../sim/driver/run-plants.ts'
import { runSeed } from '../../sim/driver/run-seed.ts'
import { plantNames } from '../../sim/plants/plants.ts'

const known = await readPlants()

describe('a planted fault', () => {
  for (const name of plantNames) {
    test(`${name} is caught`, async () => {
      const entry = known.find(({ plant }) => plant === name)
      assert.ok(entry !== undefined, 'sim/plants.json has a seed for it')
      const caught = await catchPlant(entry)
      assert.ok(caught !== undefined, `seed ${entry.seed} does not catch it any more`)
      assert.match(caught, new RegExp(entry.caughtBy))
      assert.deepEqual((await runSeed(entry.seed)).defects, [])
    })
  }

  test('that nobody knows is not in the list', () => {
    for (const { plant } of known) assert.ok(plantNames.includes(plant), plant)
  })
})
