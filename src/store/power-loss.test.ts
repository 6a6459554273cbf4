// A few points of the many that test/crash/store-power-loss.test.ts runs, and the proof that the check can fail: with a planted fault
// it must find what is lost.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { runPowerLoss, type PowerLossPoint } from './testing/power-loss.ts'

const operations = 60

async function violationsOf(seed: number, plant?: NonNullable<PowerLossPoint['plant']>): Promise<readonly string[]> {
  const point = { seed, operations, ...(plant === undefined ? {} : { plant }) }
  const { steps } = await runPowerLoss({ ...point, cutAtStep: undefined })
  const { violations } = await runPowerLoss({ ...point, cutAtStep: 1 + ((seed * 7919) % steps) })
  return violations
}

describe('The store under power loss', () => {
  test('without one it does what the model says', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const { violations } = await runPowerLoss({ seed, operations: 120, cutAtStep: undefined })
      assert.deepEqual(violations, [], `seed ${seed}`)
    }
  })

  test('what was acknowledged is there, what was dropped is not', async () => {
    for (let seed = 1; seed <= 20; seed++) assert.deepEqual(await violationsOf(seed), [], `seed ${seed}`)
  })

  for (const plant of ['disk.skip-sync', 'disk.skip-directory-sync'] as const) {
    test(`with ${plant} planted, losses are found`, async () => {
      let found = 0
      for (let seed = 1; seed <= 8; seed++) found += (await violationsOf(seed, plant)).length > 0 ? 1 : 0
      assert.ok(found >= 4, `${found} of 8 points`)
    })
  }
})
