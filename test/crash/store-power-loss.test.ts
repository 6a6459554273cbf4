// 2,000 power losses, each at another step of the disk of a store at random work (puts of small and large records, drops,
// checkpoints, compaction, clean restarts), most followed by further losses during the recovery, some by the loss of the index.
// After each, everything acknowledged must be there byte for byte, nothing dropped may be back, and the counts must agree.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { runPowerLoss } from '../../src/store/testing/power-loss.ts'

const seeds = 100
const pointsPerSeed = 20
const operations = 60

describe('The store under power loss', () => {
  test(`keeps its promises at ${seeds * pointsPerSeed} points`, async () => {
    let points = 0
    for (let seed = 1001; seed <= 1000 + seeds; seed++) {
      const whole = await runPowerLoss({ seed, operations, cutAtStep: undefined })
      assert.deepEqual(whole.violations, [], `seed ${seed}, no loss`)
      for (let point = 0; point < pointsPerSeed; point++, points++) {
        const cutAtStep = 1 + Math.floor((whole.steps * (point + (seed % 10) / 10)) / pointsPerSeed)
        const { violations } = await runPowerLoss({ seed, operations, cutAtStep })
        assert.deepEqual(violations, [], `seed ${seed}, power loss at step ${cutAtStep} of ${whole.steps}`)
      }
    }
    assert.equal(points, seeds * pointsPerSeed)
  })

  for (const plant of ['disk.skip-sync', 'disk.skip-directory-sync'] as const) {
    test(`finds what is lost when ${plant} is planted`, async () => {
      let found = 0
      for (let seed = 1; seed <= 30; seed++) {
        const { violations } = await runPowerLoss({ seed, operations, plant, cutAtStep: 60 + seed * 5 })
        if (violations.length > 0) found++
      }
      assert.ok(found >= 10, `${found} of 30 points`)
    })
  }
})
