import assert from 'node:assert/strict'
import { test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import { faultsConformance } from '../../test/conformance/faults.ts'
import { NodeFaults } from './faults.ts'

faultsConformance('NodeFaults', (faults) => {
  const parts = [...faults].map(([name, delayMs]) => (delayMs > 0 ? `${name}=${delayMs}` : name))
  return new NodeFaults(parts.join(', '))
})

test('a setting that names no fault, or gives it a wrong value, is refused with what would be right', () => {
  for (const setting of ['disk.flood', 'disk.slow', 'disk.slow=fast', 'disk.slow=-1', 'disk.full=1', 'toString']) {
    assert.throws(
      () => new NodeFaults(setting),
      (error) => errorCode(error) === 'config-invalid',
      setting,
    )
  }
})
