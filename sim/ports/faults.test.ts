import assert from 'node:assert/strict'
import { test } from 'node:test'

import { faultsConformance } from '../../test/conformance/faults.ts'
import { SimulatedFaults } from './faults.ts'

faultsConformance('SimulatedFaults', (planted) => {
  const faults = new SimulatedFaults()
  for (const [name, delayMs] of planted) faults.plant(name, delayMs)
  return faults
})

test('a fault can be taken back', () => {
  const faults = new SimulatedFaults()
  faults.plant('disk.full')
  faults.remove('disk.full')
  assert.equal(faults.has('disk.full'), false)
})
