import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SimulatedDisk } from '../../sim/ports/disk.ts'
import { SimulatedMedium } from '../../sim/ports/medium.ts'
import { PowerSwitch } from '../../sim/ports/power.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { laterHistory, SeenHistory } from './seen-history.ts'

const first = 'a'.repeat(32)
const second = 'b'.repeat(32)

async function open(medium: SimulatedMedium, power = new PowerSwitch()): Promise<SeenHistory> {
  const history = new SeenHistory(new SimulatedDisk({ medium, power }))
  await history.open()
  return history
}

describe('what a worker remembers of the history of the metadata', () => {
  test('is the highest counter that it was told', () => {
    const stored = laterHistory(undefined, { history: first, counter: 5, predecessors: [] })
    assert.deepEqual(stored, { history: first, counter: 5 })
    assert.equal(laterHistory(stored, { history: first, counter: 4, predecessors: [] }), stored)
    assert.equal(laterHistory(stored, { history: first, counter: 6, predecessors: [] }).counter, 6)
  })

  test('is exchanged for another history only where that one comes after it', () => {
    const stored = { history: first, counter: 5 }
    assert.equal(laterHistory(stored, { history: second, counter: 9, predecessors: [] }), stored)
    const later = laterHistory(stored, { history: second, counter: 0, predecessors: ['c'.repeat(32), first] })
    assert.deepEqual(later, { history: second, counter: 0 })
  })

  test('is there after a start, and nothing is stored where nothing is told', async () => {
    const medium = new SimulatedMedium()
    const history = await open(medium)
    await history.remember(undefined)
    assert.deepEqual(medium.names(), [])
    await Promise.all([1, 3, 2].map(async (counter) => history.remember({ history: first, counter, predecessors: [] })))
    assert.deepEqual((await open(medium)).seen, { history: first, counter: 3 })
  })

  test('is, after a loss of power at every step, what it was or what it was to be', async () => {
    for (let cutAtStep = 1; cutAtStep < 30; cutAtStep++) {
      const medium = new SimulatedMedium()
      await (await open(medium)).remember({ history: first, counter: 1, predecessors: [] })
      const power = new PowerSwitch({ cutAtStep })
      let isDone = false
      const remembering = (async () => {
        await (await open(medium, power)).remember({ history: first, counter: 2, predecessors: [] })
        isDone = true
      })()
      await Promise.race([remembering, power.off])
      medium.losePower(new SeededRandom(cutAtStep))
      const { seen } = await open(medium)
      assert.ok(seen?.counter === 2 || (!isDone && seen?.counter === 1), `${seen?.counter} after step ${cutAtStep}`)
      if (isDone) return
    }
    assert.fail('it was never stored')
  })

  test('stays the lower counter on a full disk, and no other history is taken for stored there', async () => {
    const medium = new SimulatedMedium()
    const history = await open(medium)
    const noSpace = (): 'no-space' => 'no-space'
    medium.faults.append = noSpace
    const full = { code: 'insufficient-storage' }
    await assert.rejects(history.remember({ history: first, counter: 1, predecessors: [] }), full)
    delete medium.faults.append
    await history.remember({ history: first, counter: 1, predecessors: [] })
    medium.faults.append = noSpace
    await history.remember({ history: first, counter: 2, predecessors: [] })
    assert.deepEqual(history.seen, { history: first, counter: 1 })
    await assert.rejects(history.remember({ history: second, counter: 0, predecessors: [first] }), full)
    delete medium.faults.append
    await history.remember({ history: first, counter: 2, predecessors: [] })
    assert.deepEqual(history.seen, { history: first, counter: 2 })
  })

  test('is never taken from a damaged file, whatever bit of it has flipped', async () => {
    const medium = new SimulatedMedium()
    await (await open(medium)).remember({ history: first, counter: 1, predecessors: [] })
    const length = medium.find('history')?.cache.length ?? 0
    for (let offset = 0; offset < length; offset++) {
      for (let bit = 0; bit < 8; bit++) {
        medium.flipBit('history', offset, bit)
        await assert.rejects(open(medium), (error) => errorCode(error) === 'store-corrupt', `${offset}.${bit}`)
        medium.flipBit('history', offset, bit)
      }
    }
  })
})
