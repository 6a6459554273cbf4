import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../src/base/errors.ts'
import { claimedKeyValueConformance } from '../../test/conformance/key-value.ts'
import { VirtualTime } from './clock.ts'
import { MemoryKeyValue, MemoryMap } from './key-value.ts'
import type { DecisionFate } from './key-value.ts'

claimedKeyValueConformance('MemoryKeyValue', () => {
  const map = new MemoryMap()
  return Promise.resolve({
    open: () => Promise.resolve(new MemoryKeyValue({ map })),
    cleanUp: () => Promise.resolve(),
  })
})

const one = (): { changes: [string, Uint8Array][]; result: string } => ({
  changes: [['a', Uint8Array.of(1)]],
  result: 'done',
})

describe('MemoryKeyValue: faults', () => {
  test('a decision can lose its answer after it was committed, or without', async () => {
    const fates: DecisionFate[] = ['unknown-not-committed', 'unknown-committed', 'commit']
    const map = new MemoryMap()
    const keyValue = new MemoryKeyValue({ map, fate: () => fates.shift() ?? 'commit' })
    await keyValue.claim()
    await assert.rejects(keyValue.decide(one), (error) => errorCode(error) === 'outcome-unknown')
    assert.equal(map.size, 0)
    await assert.rejects(keyValue.decide(one), (error) => errorCode(error) === 'outcome-unknown')
    assert.equal(map.size, 1)
    assert.equal(await keyValue.decide(one), 'done')
  })

  test('a commit takes its time, and a crash before its end leaves nothing', async () => {
    const time = new VirtualTime()
    const clock = time.createClock()
    const map = new MemoryMap()
    const keyValue = new MemoryKeyValue({ map, clock, delayMs: () => 5 })
    await keyValue.claim()
    await time.run(keyValue.decide(one))
    assert.equal(clock.monotonicMs(), 5)
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    keyValue.decide(() => ({ changes: [['b', Uint8Array.of(2)]], result: 0 })).then(settle, settle)
    keyValue.crash()
    await time.run(clock.sleep(100))
    assert.equal(isSettled, false)
    assert.equal(map.size, 1)
  })
})
