import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseCluster } from '../../sdk/wire-cluster.ts'
import { changedCluster } from '../../sdk/testing/cluster-json.ts'
import type { ClusterChange } from '../../sdk/testing/cluster-json.ts'
import { TimeLeftMeter } from './time-left.ts'

interface Look {
  readonly atSeconds: number
  readonly missing: number | null
  readonly slots?: number
}

/** What is told at the last of several looks. */
function toldAfter(looks: readonly Look[], change: ClusterChange = {}): string | undefined {
  const meter = new TimeLeftMeter()
  let told: string | undefined
  for (const { atSeconds, missing, slots = 0 } of looks) {
    const status = parseCluster(
      changedCluster({
        ...change,
        redundancy: { fragmentsMissing: missing },
        healing: { slotsToMove: slots, ...change.healing },
      }),
    )
    meter.record(status, atSeconds * 1000)
    told = meter.describe(status)
  }
  return told
}

/** From the first to the last figure, evenly, a look a second. */
function falling(seconds: number, from: number, to: number): readonly Look[] {
  return Array.from({ length: seconds + 1 }, (_, index) => ({
    atSeconds: index,
    missing: from + ((to - from) * index) / seconds,
  }))
}

describe('the time left', () => {
  test('follows from how fast what is missing falls', () => {
    assert.equal(toldAfter(falling(10, 1000, 900)), 'about 1:30')
  })

  test('is that of the last minute, however fast it was before', () => {
    const fast = falling(10, 100_000, 1000)
    const slow = falling(61, 1000, 390).map((look) => ({ ...look, atSeconds: look.atSeconds + 10 }))
    assert.equal(toldAfter([...fast, ...slow.slice(1)]), 'about 0:39')
  })

  test('is that of the slower one, fragments or slots', () => {
    const looks = falling(10, 1000, 900).map((look) => ({ ...look, slots: 30 - look.atSeconds }))
    assert.equal(toldAfter(looks), 'about 1:30')
    const slower = falling(10, 1000, 100).map((look) => ({ ...look, slots: 30 - look.atSeconds }))
    assert.equal(toldAfter(slower), 'about 0:20')
  })

  test('is unknown where nothing falls, where it grows, and where it was not looked at for long enough', () => {
    assert.equal(toldAfter(falling(10, 900, 900)), 'unknown')
    assert.equal(toldAfter(falling(10, 900, 1000)), 'unknown')
    assert.equal(toldAfter(falling(4, 1000, 100)), 'unknown')
    const slotsStuck = falling(10, 1000, 900).map((look) => ({ ...look, slots: 3 }))
    assert.equal(toldAfter(slotsStuck), 'unknown')
  })

  test('is unknown where how much is missing is', () => {
    assert.equal(toldAfter([{ atSeconds: 0, missing: null }]), 'unknown')
    assert.equal(
      toldAfter([
        { atSeconds: 0, missing: null },
        { atSeconds: 20, missing: 5 },
      ]),
      'unknown',
    )
  })

  test('is not guessed for what lies on a worker that may come back', () => {
    const healing = { rebuiltFragments: 1, writtenBytes: 1, readBytes: 1, bytesPerSecond: 1 }
    const look = [{ atSeconds: 0, missing: 5 }]
    assert.equal(toldAfter(look, { healing }), 'at least 0:10, at the present limit')
    for (const state of ['suspect', 'down']) {
      const told = toldAfter(look, { healing, worker: { state } })
      assert.equal(told, 'unknown, while a worker is away that may come back')
    }
  })

  test('is not told where nothing is left to do', () => {
    assert.equal(toldAfter([{ atSeconds: 0, missing: 0 }]), undefined)
  })
})
