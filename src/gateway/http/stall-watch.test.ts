import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../../sim/ports/clock.ts'
import { StallWatch } from './stall-watch.ts'
import type { Transfer } from './stall-watch.ts'

class TestTransfer implements Transfer {
  bytes = 0
  peerTurn = true
  stalls = 0

  progress(): number {
    return this.bytes
  }

  isPeerTurn(): boolean {
    return this.peerTurn
  }

  onStall(): void {
    this.stalls++
  }
}

describe('StallWatch', () => {
  const time = new VirtualTime()
  const watch = new StallWatch(time.createClock(), 30_000)

  test('tells once of a transfer that stands still for the timeout, and not before', async () => {
    const transfer = new TestTransfer()
    watch.add(transfer)
    await time.advance(29_999)
    assert.equal(transfer.stalls, 0)
    await time.advance(10_000)
    assert.equal(transfer.stalls, 1)
    await time.advance(100_000)
    assert.equal(transfer.stalls, 1)
  })

  test('a byte now and then is enough', async () => {
    const transfer = new TestTransfer()
    watch.add(transfer)
    for (let step = 0; step < 10; step++) {
      await time.advance(25_000)
      transfer.bytes++
    }
    assert.equal(transfer.stalls, 0)
    watch.remove(transfer)
  })

  test('time in which the server holds the peer back does not count', async () => {
    const transfer = new TestTransfer()
    transfer.peerTurn = false
    watch.add(transfer)
    await time.advance(1_000_000)
    assert.equal(transfer.stalls, 0)
    transfer.peerTurn = true
    await time.advance(29_000)
    assert.equal(transfer.stalls, 0)
    await time.advance(5_000)
    assert.equal(transfer.stalls, 1)
  })

  test('nothing runs while nothing is watched', async () => {
    const before = time.eventCount
    await time.advance(1_000_000)
    assert.ok(time.eventCount - before <= 1)
  })
})
