import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedRandom } from '../../sim/ports/random.ts'
import { SeededRandom } from '../base/random.ts'
import { defined } from '../base/assert.ts'
import { dataIdTimeMs, parseGroupId, parseProcessId } from '../base/ids.ts'
import { HOUR_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import { OpenUploads } from './open-uploads.ts'
import { ReadGenerations } from './read-generations.ts'

const startMs = Date.UTC(2030, 0, 1)
const group = defined(parseGroupId(1), 'group')

function makeUploads(time: VirtualTime, row: { publishedMs: number; ceilingMs: number }): OpenUploads {
  const process = defined(parseProcessId('0'.repeat(16)), 'process')
  const random = new SimulatedRandom(new SeededRandom(1))
  return new OpenUploads(
    { clock: time.createClock({ wallMs: startMs }), random },
    { process, address: '', purgeSequence: 0, heartbeat: 0, ...row },
  )
}

/** Of one cluster: each publishes as metadata has it, one after the other. */
class PublishingProcesses {
  readonly #all: readonly OpenUploads[]
  #ceilingMs: number

  constructor(clock: Clock, { processes, ceilingMs }: { readonly processes: number; readonly ceilingMs: number }) {
    this.#ceilingMs = ceilingMs
    this.#all = Array.from({ length: processes }, (_, index) => {
      const process = defined(parseProcessId(String(index).repeat(16)), 'process')
      const random = new SimulatedRandom(new SeededRandom(index))
      const row = { process, address: '', purgeSequence: 0, heartbeat: 0, publishedMs: ceilingMs, ceilingMs }
      return new OpenUploads({ clock, random }, row)
    })
  }

  /** Spread over `withinMs`. The latest published time. */
  async publishAll(time: VirtualTime, withinMs: number): Promise<number> {
    let latestMs = 0
    for (const uploads of this.#all) {
      const plan = uploads.plan(options)
      const idFloorMs = this.#ceilingMs
      this.#ceilingMs = Math.max(idFloorMs, plan.ceilingMs)
      plan.done({ idFloorMs, ceilingMs: this.#ceilingMs, horizonMs: 0 })
      latestMs = Math.max(latestMs, plan.publishedMs)
      await time.advance(withinMs / this.#all.length)
    }
    return latestMs
  }
}

const options = { intentAfterMs: 600_000, ceilingAheadMs: 30_000 }

describe('open uploads', () => {
  test('never make an id above the ceiling or below what was published', async () => {
    const time = new VirtualTime()
    const uploads = makeUploads(time, { publishedMs: startMs + 5_000, ceilingMs: startMs + 5_000 })
    assert.equal(dataIdTimeMs(uploads.open().add(group)), startMs + 5_000)
    const plan = uploads.plan(options)
    plan.done({ idFloorMs: startMs + 6_000, ceilingMs: startMs + 30_000, horizonMs: 0 })
    assert.equal(uploads.nextTimeMs(), startMs + 6_000)
    await time.advance(100_000)
    assert.equal(uploads.nextTimeMs(), startMs + 30_000)
  })

  for (const processes of [1, 4]) {
    test(`keep to the wall clock, of ${processes} processes that publish in turn`, async () => {
      const time = new VirtualTime()
      const clock = time.createClock({ wallMs: startMs })
      const cluster = new PublishingProcesses(clock, { processes, ceilingMs: startMs })
      for (let seconds = 0; seconds < 600; seconds += 2) {
        const aheadMs = (await cluster.publishAll(time, 2000)) - clock.wallMs()
        assert.ok(aheadMs >= -2000 && aheadMs <= options.ceilingAheadMs, `${aheadMs} ms after ${seconds} s`)
      }
    })

    test(`go on after the calendar was set back, slower, until it has caught up, of ${processes} processes`, async () => {
      const time = new VirtualTime()
      const clock = time.createClock({ wallMs: startMs })
      const cluster = new PublishingProcesses(clock, { processes, ceilingMs: startMs + HOUR_MS })
      const beganMs = await cluster.publishAll(time, 2000)
      let lastMs = beganMs
      for (let seconds = 2; seconds <= 600; seconds += 2) lastMs = await cluster.publishAll(time, 2000)
      const passedMs = lastMs - beganMs
      assert.ok(passedMs >= 290_000 && passedMs <= 300_000, `${passedMs} ms in 600 s`)
      await time.advance(2 * HOUR_MS)
      await cluster.publishAll(time, 2000)
      const aheadMs = (await cluster.publishAll(time, 2000)) - clock.wallMs()
      assert.ok(aheadMs >= -2000 && aheadMs <= options.ceilingAheadMs, `${aheadMs} ms`)
    })
  }

  test('hold the published time at the oldest open id, and at open commands', async () => {
    const time = new VirtualTime()
    const uploads = makeUploads(time, { publishedMs: startMs, ceilingMs: startMs + 1_000_000 })
    const first = uploads.open()
    first.add(group)
    await time.advance(1000)
    uploads.open().add(group)
    assert.equal(uploads.plan(options).publishedMs, startMs)
    first.close()
    assert.equal(uploads.plan(options).publishedMs, startMs + 1000)
    const other = makeUploads(time, { publishedMs: startMs, ceilingMs: startMs + 1_000_000 })
    const settled = Promise.withResolvers<void>()
    const running = other.command(async () => await settled.promise)
    const heldMs = other.plan(options).publishedMs
    await time.advance(5000)
    assert.equal(other.plan(options).publishedMs, heldMs)
    settled.resolve()
    await running
    assert.ok(other.plan(options).publishedMs > heldMs)
  })

  test('that last long get intent rows before the published time passes them', async () => {
    const time = new VirtualTime()
    const uploads = makeUploads(time, { publishedMs: startMs, ceilingMs: startMs + 10_000_000 })
    const upload = uploads.open()
    upload.add(group)
    await time.advance(600_000)
    const plan = uploads.plan(options)
    assert.deepEqual(plan.intents, upload.refs)
    assert.equal(plan.publishedMs, startMs + 600_000)
    plan.done({ idFloorMs: startMs, ceilingMs: startMs + 10_000_000, horizonMs: 0 })
    assert.deepEqual(uploads.plan(options).intents, [])
    upload.add(group)
    assert.equal(uploads.plan(options).intents.length, 1)
    const [first, second] = upload.refs
    const started = uploads.plan(options)
    upload.close()
    upload.close()
    assert.deepEqual(started.ended, [])
    const last = uploads.plan(options)
    // The second was about to get one when the upload ended.
    assert.deepEqual(last.ended, [first, second])
    assert.deepEqual(last.intents, [])
    assert.deepEqual(uploads.plan(options).ended, [first, second])
    last.removed()
    assert.deepEqual(uploads.plan(options).ended, [])
  })
})

describe('read generations', () => {
  test('tell a number only when every read from before it has ended', () => {
    const reads = new ReadGenerations(new VirtualTime().createClock())
    const old = reads.begin()
    reads.advance(5)
    const newer = reads.begin()
    assert.equal(reads.endedBefore(), 0)
    old()
    old()
    assert.equal(reads.endedBefore(), 5)
    reads.advance(9)
    assert.equal(reads.endedBefore(), 5)
    newer()
    assert.equal(reads.endedBefore(), 9)
  })

  test('do not wait for a read that is open for more than a day', async () => {
    const time = new VirtualTime()
    const reads = new ReadGenerations(time.createClock())
    reads.begin()
    reads.advance(5)
    await time.advance(24 * HOUR_MS - 1)
    assert.equal(reads.endedBefore(), 0)
    reads.begin()
    reads.advance(9)
    await time.advance(1)
    assert.equal(reads.endedBefore(), 5)
  })
})
