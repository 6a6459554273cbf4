import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../../sim/ports/clock.ts'
import { RepairPace } from './repair-pace.ts'

const floor = 1000
const ceiling = 64_000

class World {
  readonly time = new VirtualTime()
  readonly pace: RepairPace
  samples = 0
  recentP95Ms = 10

  constructor() {
    const clock = this.time.createClock()
    const foreground = () => ({ samples: this.samples, recentP95Ms: this.recentP95Ms })
    this.pace = new RepairPace({ clock, foreground }, { floor, ceiling })
  }

  /** Works for so long, in pieces of so many bytes; resolves to the bytes that were moved. */
  async work(durationMs: number, pieceBytes: number, clients = false): Promise<number> {
    const endMs = this.time.nowMs + durationMs
    const { signal } = new AbortController()
    let bytes = 0
    while (this.time.nowMs < endMs) {
      await this.time.run(this.pace.ready(signal))
      this.pace.spend(pieceBytes)
      bytes += pieceBytes
      if (clients) this.samples++
    }
    return bytes
  }
}

describe('the pace of repair', () => {
  test('rises to the ceiling while nobody else wants anything, and stays below it', async () => {
    const world = new World()
    await world.work(60_000, 500)
    assert.equal(world.pace.bytesPerSecond, ceiling)
    const bytes = await world.work(100_000, 500)
    assert.ok(bytes <= 100 * ceiling * 1.02 && bytes > 100 * ceiling * 0.9, `${bytes}`)
  })

  test('falls to the floor while clients wait markedly longer, and no further', async () => {
    const world = new World()
    await world.work(60_000, 500, true)
    world.recentP95Ms = 100
    await world.work(30_000, 500, true)
    assert.equal(world.pace.bytesPerSecond, floor)
    const bytes = await world.work(100_000, 500, true)
    assert.ok(bytes <= 100 * floor * 1.05 && bytes > 100 * floor * 0.9, `${bytes}`)
    world.recentP95Ms = 12
    await world.work(60_000, 500, true)
    assert.equal(world.pace.bytesPerSecond, ceiling)
  })

  test('is not held down by what clients waited for before they went away', async () => {
    const world = new World()
    world.recentP95Ms = 10_000
    await world.work(60_000, 500, false)
    assert.equal(world.pace.bytesPerSecond, ceiling)
  })

  test('ends a wait that is given up', async () => {
    const world = new World()
    world.pace.spend(1_000_000)
    const controller = new AbortController()
    const waiting = world.pace.ready(controller.signal)
    controller.abort(new Error('stopped'))
    await assert.rejects(world.time.run(waiting), /stopped/)
  })
})
