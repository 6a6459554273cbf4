// The simulator can fail: each planted fault is caught by the seed that is known to catch it or by one soon after, and the same seed
// passes without it.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { catchPlant, readPlants } from '../../sim/driver/run-plants.ts'
import { runSeed } from '../../sim/driver/run-seed.ts'
import { plantNames } from '../../sim/plants/plants.ts'

const known = await readPlants()

describe('a planted fault', () => {
  for (const name of plantNames) {
    test(`${name} is caught`, async (t) => {
      const entry = known.find(({ plant }) => plant === name)
      assert.ok(entry !== undefined, 'sim/plants.json has a seed for it')
      const caught = await catchPlant(entry)
      assert.ok(caught !== undefined, `no seed from ${entry.seed} on catches it any more`)
      if (caught.seed !== entry.seed) t.diagnostic(`seed ${caught.seed} catches it now, not ${entry.seed}`)
      assert.deepEqual((await runSeed(caught.seed)).defects, [])
    })
  }

  test('that nobody knows is not in the list', () => {
    for (const { plant } of known) assert.ok(plantNames.includes(plant), plant)
  })
})
