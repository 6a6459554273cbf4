import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { clockConformance } from '../../test/conformance/clock.ts'
import { VirtualTime } from './clock.ts'

clockConformance('VirtualClock', () => {
  const time = new VirtualTime()
  return { clock: time.createClock(), wait: (promise) => time.run(promise) }
})

describe('VirtualTime', () => {
  test('time passes without waiting, from event to event', async () => {
    const time = new VirtualTime()
    const clock = time.createClock({ wallMs: 1000 })
    const seen: number[] = []
    clock.startTimer(86_400_000, () => seen.push(clock.monotonicMs()))
    await time.runUntilIdle()
    assert.deepEqual(seen, [86_400_000])
    assert.equal(clock.wallMs(), 86_401_000)
  })

  test('advance runs what is due, no more, and ends exactly there', async () => {
    const time = new VirtualTime()
    const clock = time.createClock()
    const seen: number[] = []
    for (const delayMs of [5, 10, 10.5]) clock.startTimer(delayMs, () => seen.push(delayMs))
    await time.advance(10)
    assert.deepEqual(seen, [5, 10])
    assert.equal(time.nowMs, 10)
  })

  test('idle is when only background timers are left', async () => {
    const time = new VirtualTime()
    const clock = time.createClock()
    let beats = 0
    const beat = (): void => {
      beats++
      clock.startTimer(10, beat, { background: true })
    }
    beat()
    clock.startTimer(35, () => {})
    await time.runUntilIdle()
    assert.equal(time.nowMs, 35)
    assert.equal(beats, 4)
  })

  test('the timers of a stopped clock never fire, those of others do', async () => {
    const time = new VirtualTime()
    const dead = time.createClock()
    const alive = time.createClock()
    const seen: string[] = []
    dead.startTimer(1, () => seen.push('dead'))
    alive.startTimer(1, () => seen.push('alive'))
    dead.stop()
    await time.advance(5)
    assert.deepEqual(seen, ['alive'])
  })

  test('the wall clock of a node can jump without moving its durations', () => {
    const clock = new VirtualTime().createClock({ wallMs: 5000 })
    clock.jumpWall(-4000)
    assert.equal(clock.wallMs(), 1000)
    assert.equal(clock.monotonicMs(), 0)
  })

  test('a promise that nothing will settle is reported instead of waited for', async () => {
    const time = new VirtualTime()
    await assert.rejects(time.run(new Promise(() => {})), /still waiting/)
  })

  test('many timers fire in order of time, then of asking', async () => {
    const time = new VirtualTime()
    const clock = time.createClock()
    const seen: (readonly [number, number])[] = []
    for (let index = 0; index < 2000; index++) {
      const delayMs = (index * 7919) % 97
      clock.startTimer(delayMs, () => seen.push([delayMs, index]))
    }
    await time.runUntilIdle()
    const sorted = seen.toSorted((left, right) => left[0] - right[0] || left[1] - right[1])
    assert.deepEqual(seen, sorted)
    assert.equal(seen.length, 2000)
  })
})
