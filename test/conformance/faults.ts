// What every Faults must do. Run against the real one and the one that tests steer.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { FaultName, Faults } from '../../src/ports/faults.ts'

/** `plant` makes Faults with exactly these planted, each with its delay. */
export function faultsConformance(name: string, plant: (faults: ReadonlyMap<FaultName, number>) => Faults): void {
  describe(`${name} as Faults`, () => {
    test('nothing is planted at first', () => {
      const faults = plant(new Map())
      assert.equal(faults.has('disk.skip-sync'), false)
      assert.equal(faults.delayMs('disk.slow'), 0)
    })

    test('what is planted is there, and nothing else', () => {
      const faults = plant(
        new Map<FaultName, number>([
          ['disk.full', 0],
          ['disk.slow', 250],
        ]),
      )
      assert.equal(faults.has('disk.full'), true)
      assert.equal(faults.has('disk.slow'), true)
      assert.equal(faults.delayMs('disk.slow'), 250)
      assert.equal(faults.has('disk.skip-sync'), false)
      assert.equal(faults.delayMs('disk.full'), 0)
    })
  })
}
