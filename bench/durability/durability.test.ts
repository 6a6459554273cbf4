import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { GIB } from '../../src/base/units.ts'
import { meanTimeToEnd, meanYearsToGroupLoss } from './markov.ts'
import { durability, groupChain, nines, rebuildTimes, secondsPerYear } from './model.ts'
import type { DurabilityAssumptions } from './model.ts'
import { binomial, fatalSets, makePlacement, massLossPart, partnersPerWorker } from './placement.ts'
import type { Placement } from './placement.ts'
import { simulateLosses } from './simulate.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }
const assumed: DurabilityAssumptions = {
  lossesPerYear: 0.04,
  detectionSeconds: 900,
  replacementSeconds: 24 * 3600,
  rebuildBytesPerSecond: 100e6,
  bytesPerSlot: 32 * GIB,
  latentErrorsPerByteYear: 0,
  scrubCycleSeconds: 14 * 24 * 3600,
  bytesPerColumn: 1_024_000,
}

function placement(workers: number, groupsPerWorker = 50): Placement {
  return makePlacement({ scheme, workers, groupsPerWorker, seed: 1 })
}

function assertNear(found: number, expected: number, part = 1e-9): void {
  assert.ok(Math.abs(found / expected - 1) <= part, `${found}, not ${expected}`)
}

describe('the chain', () => {
  test('without rebuilds takes the sum of its steps', () => {
    assertNear(meanTimeToEnd([5, 4, 3], [0, 0, 0]), 1 / 5 + 1 / 4 + 1 / 3)
  })

  test('of two copies has the closed form of a mirror', () => {
    const [lambda, mu] = [0.1, 7]
    assertNear(meanTimeToEnd([2 * lambda, lambda], [0, mu]), (3 * lambda + mu) / (2 * lambda * lambda))
  })

  test('with fast rebuilds comes to the product of what each step needs', () => {
    const [lambda, mu] = [1e-3, 1e3]
    const chain = { scheme, lossesPerYear: lambda, rebuildYears: [0, 1 / mu, 1 / mu] }
    assertNear(meanYearsToGroupLoss(chain), mu ** 2 / (5 * 4 * 3 * lambda ** 3), 1e-4)
  })
})

describe('a placement', () => {
  test('over as many workers as a group has slots knows one set of partners, and all sets are fatal', () => {
    const five = placement(5)
    assert.equal(partnersPerWorker(five), 4)
    assert.deepEqual(fatalSets(five), { part: 1, groupsLost: 50 })
    assert.equal(massLossPart(five, { lost: 3, trials: 10, seed: 1 }), 1)
    assert.equal(massLossPart(five, { lost: 2, trials: 10, seed: 1 }), 0)
  })

  test('over many has as many fatal sets as its groups have subsets, and random losses hit them as often', () => {
    const sixty = placement(60)
    const { part, groupsLost } = fatalSets(sixty)
    assertNear(part * groupsLost, (sixty.groups.length * 10) / binomial(60, 3))
    assert.ok(partnersPerWorker(sixty) > 50)
    const hit = massLossPart(sixty, { lost: 3, trials: 4000, seed: 1 })
    assert.ok(Math.abs(hit - part) < 0.02, `${hit}, not ${part}`)
  })
})

describe('the model', () => {
  test('rebuilds with one new worker where there is no spare, and with all others where there is one', () => {
    const without = rebuildTimes(placement(5), assumed)
    assertNear(without.waitYears * secondsPerYear, 24 * 3600)
    assertNear(without.slotYears * secondsPerYear, (32 * GIB) / 100e6)
    const many = placement(100)
    const among = rebuildTimes(many, assumed)
    assertNear(among.waitYears * secondsPerYear, 900)
    assertNear(among.slotYears * secondsPerYear, (32 * GIB) / (100e6 * (partnersPerWorker(many) / 3)))
  })

  test('gets better with a faster rebuild and fewer losses, in the powers that it should', () => {
    const eight = placement(8)
    const mttdl = (change: Partial<DurabilityAssumptions>): number =>
      durability(eight, { ...assumed, detectionSeconds: 1e-3, ...change }).groupMttdlYears
    assertNear(mttdl({ lossesPerYear: 0.02 }) / mttdl({}), 8, 1e-2)
    assertNear(mttdl({ rebuildBytesPerSecond: 200e6 }) / mttdl({}), 4, 1e-2)
  })

  test('counts unreadable chunks only against what has lost all its parity', () => {
    const eight = placement(8)
    const clean = durability(eight, assumed)
    const worn = durability(eight, { ...assumed, latentErrorsPerByteYear: 1 / GIB })
    assert.equal(worn.groupMttdlYears, clean.groupMttdlYears)
    assert.ok(worn.blockLossPerYear > clean.blockLossPerYear && worn.lossesPerYear > clean.lossesPerYear)
    // However many there are, it is not more than comes into that state.
    const ruined = durability(eight, { ...assumed, latentErrorsPerByteYear: 1 })
    const { rebuildYears } = groupChain(eight, assumed)
    assert.ok(ruined.blockLossPerYear < 5 * 0.04 * 4 * 0.04 * (rebuildYears[1] ?? 0) * 1.01)
  })

  test('counts nines', () => {
    assertNear(nines(1e-11), 11)
  })
})

describe('the simulation', () => {
  test('without time for any rebuild lasts as long as the losses take', () => {
    const result = simulateLosses(
      placement(5, 1),
      { ...assumed, lossesPerYear: 1e6, replacementSeconds: secondsPerYear },
      { seed: 1, lossesMax: 3000, workersLostMax: 10_000 },
    )
    assert.equal(result.losses, 3000)
    assertNear((result.years / result.losses) * 1e6, 1 / 5 + 1 / 4 + 1 / 3, 0.05)
  })

  test('loses nothing as long as rebuilds are quicker than losses', () => {
    const result = simulateLosses(placement(8), assumed, { seed: 1, lossesMax: 1, workersLostMax: 200 })
    assert.deepEqual([result.losses, result.workersLost], [0, 200])
    assertNear(result.years * 8 * 0.04, 200, 0.2)
  })

  test('agrees with the chain, where many losses come', () => {
    for (const workers of [5, 8, 40]) {
      const made = placement(workers, 10)
      const times = groupChain(made, assumed).rebuildYears[1] ?? 0
      const many = {
        ...assumed,
        bytesPerSlot: GIB,
        replacementSeconds: workers === 5 ? 24 * 3600 : 900,
        lossesPerYear: 0.02 / times,
      }
      const seen = simulateLosses(made, many, { seed: 1, lossesMax: 60, workersLostMax: 100_000 })
      const ratio = 1 / durability(made, many).lossesPerYear / (seen.years / seen.losses)
      assert.ok(seen.losses >= 30 && ratio > 0.5 && ratio < 2, `${workers} workers: ${ratio} after ${seen.losses}`)
    }
  })
})
