import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { indexConformance } from '../../test/conformance/index-store.ts'
import { SimulatedIndexFactory, SimulatedIndexMedium } from './index-store.ts'
import { PowerSwitch } from './power.ts'

indexConformance('SimulatedIndex', () =>
  Promise.resolve({
    factory: new SimulatedIndexFactory(new SimulatedIndexMedium()),
    cleanUp: () => Promise.resolve(),
  }),
)

describe('SimulatedIndex', () => {
  test('a power loss leaves all or nothing of a checkpoint', async () => {
    const seen = new Set<number>()
    for (let cutAtStep = 1; cutAtStep <= 4; cutAtStep++) {
      const medium = new SimulatedIndexMedium()
      const power = new PowerSwitch({ cutAtStep })
      const change = async (): Promise<void> => {
        const index = await new SimulatedIndexFactory(medium, power).open('index')
        assert.ok(typeof index === 'object')
        await index.checkpoint([
          [Uint8Array.of(1), Uint8Array.of(1)],
          [Uint8Array.of(2), Uint8Array.of(2)],
        ])
      }
      await Promise.race([change(), power.off])
      seen.add(medium.indexes.get('index')?.length ?? 0)
    }
    assert.deepEqual(seen, new Set([0, 2]))
  })

  test('a planted failure leaves nothing of a checkpoint', async () => {
    const medium = new SimulatedIndexMedium()
    medium.failCheckpoint = () => true
    const index = await new SimulatedIndexFactory(medium).open('index')
    assert.ok(typeof index === 'object')
    await assert.rejects(index.checkpoint([[Uint8Array.of(1), Uint8Array.of(1)]]), { code: 'disk-failed' })
    assert.equal(index.count(), 0)
  })
})
