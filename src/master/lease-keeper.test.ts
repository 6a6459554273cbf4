import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SECOND_MS } from '../base/units.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { openMetadata, processNumber } from './testing/metadata.ts'

async function open(): Promise<{
  readonly time: VirtualTime
  readonly first: LeaseKeeper
  readonly second: LeaseKeeper
}> {
  const time = new VirtualTime()
  const { metadata } = await openMetadata(time)
  const keeper = (number: number): LeaseKeeper =>
    new LeaseKeeper({ metadata, clock: time.createClock() }, processNumber(number))
  return { time, first: keeper(1), second: keeper(2) }
}

describe('the lease', () => {
  test('is taken where it is free, and kept by renewing it', async () => {
    const { time, first, second } = await open()
    for (let count = 0; count < 20; count++) {
      await first.step()
      await second.step()
      assert.deepEqual([first.fence?.token, second.fence?.token], [1, undefined])
      await time.advance(2 * SECOND_MS)
    }
  })

  test('is taken over when its holder stands still, who stops acting on it before', async () => {
    const { time, first, second } = await open()
    await first.step()
    let takenAtMs: number | undefined
    while (takenAtMs === undefined && time.nowMs < 60 * SECOND_MS) {
      await second.step()
      const { fence } = second
      assert.ok(first.fence === undefined || fence === undefined)
      if (fence !== undefined) takenAtMs = time.nowMs
      await time.advance(SECOND_MS)
    }
    assert.ok((takenAtMs ?? 0) >= 10 * SECOND_MS)
    await first.step()
    assert.equal(first.fence, undefined)
  })

  test('is free at once when it is released', async () => {
    const { first, second } = await open()
    await first.step()
    await first.release()
    await second.step()
    await first.release()
    await second.step()
    assert.equal(second.fence?.token, 2)
  })
})
