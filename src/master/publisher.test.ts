import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedRandom } from '../../sim/ports/random.ts'
import type { FrostError } from '../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { OpenUploads } from './open-uploads.ts'
import { ProcessExpiry, Publisher } from './publisher.ts'
import { ReadGenerations } from './read-generations.ts'
import { openMetadata, processNumber } from './testing/metadata.ts'
import type { TestMetadata } from './testing/metadata.ts'

class World {
  readonly time: VirtualTime
  readonly metadata: MetadataStore
  readonly test: TestMetadata
  readonly uploads: OpenUploads
  readonly publisher: Publisher
  readonly reads: ReadGenerations
  expired: FrostError | undefined

  private constructor(time: VirtualTime, opened: TestMetadata) {
    this.time = time
    this.test = opened
    this.metadata = opened.metadata
    const clock = time.createClock()
    this.uploads = new OpenUploads({ clock, random: new SimulatedRandom(1) }, opened.row)
    this.reads = new ReadGenerations(clock)
    this.publisher = new Publisher(
      {
        metadata: opened.metadata,
        clock,
        uploads: this.uploads,
        reads: this.reads,
        onExpired: (error) => {
          this.expired = error
        },
      },
      opened,
    )
  }

  static async open(): Promise<World> {
    const time = new VirtualTime()
    const world = new World(time, await openMetadata(time))
    await world.publisher.step()
    return world
  }

  async step(): Promise<void> {
    await this.time.run(this.publisher.step())
  }

  async intents(): Promise<number> {
    return (await this.metadata.listIntents({ limit: 10 })).length
  }
}

describe('the publisher', () => {
  test('gives an upload that lasts long an intent row, holds the horizon at it, and takes the row away when it ends', async () => {
    const world = await World.open()
    const upload = world.uploads.open()
    upload.add(world.test.group)
    const startMs = await world.metadata.horizon()
    await world.time.advance(10 * MINUTE_MS)
    await world.step()
    assert.equal(await world.intents(), 1)
    assert.equal(await world.metadata.horizon(), startMs)
    upload.close()
    await world.step()
    assert.equal(await world.intents(), 0)
    await world.step()
    assert.ok((await world.metadata.horizon()) > startMs + 9 * MINUTE_MS)
  })

  test('leaves no intent row of an upload that ends while it gets one', async () => {
    const world = await World.open()
    const upload = world.uploads.open()
    upload.add(world.test.group)
    await world.time.advance(10 * MINUTE_MS)
    const step = world.publisher.step()
    upload.close()
    await world.time.run(step)
    await world.step()
    assert.equal(await world.intents(), 0)
  })

  test('says when its process was expired', async () => {
    const world = await World.open()
    const [row] = await world.metadata.listProcesses()
    assert.ok(row !== undefined)
    await world.metadata.expireProcess({ process: row.process, heartbeat: row.heartbeat })
    await world.step()
    assert.equal(world.expired?.code, 'metadata-unavailable')
  })

  test('publishes that reads have ended only when they have', async () => {
    const world = await World.open()
    const ended = world.reads.begin()
    const before = (await world.metadata.listProcesses())[0]?.purgeSequence ?? 0
    await world.step()
    await world.step()
    assert.equal((await world.metadata.listProcesses())[0]?.purgeSequence, before)
    ended()
    await world.step()
    assert.ok(((await world.metadata.listProcesses())[0]?.purgeSequence ?? 0) > before)
  })
})

describe('process expiry', () => {
  async function open(): Promise<{
    readonly world: World
    readonly expiry: ProcessExpiry
    readonly lease: LeaseKeeper
  }> {
    const world = await World.open()
    const clock = world.time.createClock()
    const { metadata } = world
    await metadata.registerProcess({ process: processNumber(2), address: 'm:2', wallMs: world.test.nowMs })
    const lease = new LeaseKeeper({ metadata, clock }, world.test.process)
    await lease.step()
    return { world, lease, expiry: new ProcessExpiry({ metadata, clock, lease }, world.test.process) }
  }

  async function processes(world: World): Promise<number> {
    return (await world.metadata.listProcesses()).length
  }

  test('takes off the list who stands still for half a minute, but never itself', async () => {
    const { world, expiry, lease } = await open()
    for (let passedMs = 0; passedMs <= 30 * SECOND_MS; passedMs += 2 * SECOND_MS) {
      assert.equal(await processes(world), 2, `after ${passedMs}`)
      await lease.step()
      await expiry.step()
      await world.time.advance(2 * SECOND_MS)
    }
    assert.deepEqual(
      (await world.metadata.listProcesses()).map((row) => row.process),
      [world.test.process],
    )
  })

  test('does not count the time in which it could not look itself', async () => {
    const { world, expiry, lease } = await open()
    await expiry.step()
    await world.time.advance(5 * MINUTE_MS)
    await lease.step()
    await expiry.step()
    assert.equal(await processes(world), 2)
  })

  test('does nothing without the lease', async () => {
    const { world, expiry } = await open()
    for (let count = 0; count < 30; count++) {
      await world.time.advance(2 * SECOND_MS)
      await expiry.step()
    }
    assert.equal(await processes(world), 2)
  })
})
