import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { SimulatedRandom } from '../../sim/ports/random.ts'
import { defined } from '../base/assert.ts'
import { errorCode, FrostError } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import type { PlacementGroup } from '../cluster/placement-group.ts'
import { ErasureCoder } from '../codec/erasure-coder.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import { Discards } from './discards.ts'
import { fileInfo } from './file-info.ts'
import type { FileInfo, PutRequest } from './file-service.ts'
import { RecentLatency } from './latency.ts'
import { MemoryBudget } from './memory-budget.ts'
import { OpenUploads } from './open-uploads.ts'
import { FakeWorkers } from './testing/fake-workers.ts'
import { openMetadata, scheme } from './testing/metadata.ts'
import type { TestMetadata } from './testing/metadata.ts'
import { UploadStream } from './upload.ts'
import { VersionEnding } from './version-ending.ts'

const chunkSizeBytes = 64
const blockBytes = 100 * 3 * chunkSizeBytes

class World {
  readonly time: VirtualTime
  readonly compute = new SimulatedCompute()
  readonly random = new SimulatedRandom(new SeededRandom(5))
  readonly workers: FakeWorkers
  readonly coder = new ErasureCoder({ memoryBytes: 256 * 1024 })
  readonly budget = new MemoryBudget(this.coder, { waitersMax: 10 })
  readonly metadata: MetadataStore
  readonly discards: Discards
  readonly uploads: OpenUploads
  /** As this process knows it. */
  group: PlacementGroup
  refusal: FrostError | undefined

  private constructor(time: VirtualTime, { metadata, row }: TestMetadata) {
    this.time = time
    this.workers = new FakeWorkers({ compute: this.compute, clock: time.createClock() }, 5)
    this.group = this.workers.group(scheme)
    this.metadata = metadata
    this.uploads = new OpenUploads({ clock: time.createClock(), random: this.random }, row)
    this.discards = new Discards({ metadata, log: new CollectingLog() })
  }

  static async open(): Promise<World> {
    const time = new VirtualTime()
    return new World(time, await openMetadata(time))
  }

  chooseGroup(): PlacementGroup {
    if (this.refusal !== undefined) throw this.refusal
    return this.group
  }

  upload(request: Partial<PutRequest> = {}, extentBytesMax = 1000 * blockBytes): UploadStream<FileInfo> {
    const { metadata, random, compute, coder, budget, discards, workers } = this
    const ports = {
      clock: this.time.createClock(),
      random,
      compute,
      coder,
      budget,
      metadata,
      openUploads: this.uploads,
      discards,
      links: workers,
      latency: new RecentLatency(10),
      chooseGroup: () => this.chooseGroup(),
      smallPlace: () => ({ group: this.chooseGroup(), turn: 2 }),
      groupNow: () => this.group,
      refreshMap: async () => await Promise.resolve(),
    }
    const whole = { bucket: 'default', key: 'file', properties: {}, ...request }
    const seen = { headSequence: 0, seenSequence: 0, isVersioned: false }
    const ending = new VersionEnding(ports, whole, seen, fileInfo)
    return new UploadStream(ports, { chunkSizeBytes, extentBytesMax }, whole, ending)
  }

  /** Data ids of which workers hold anything. */
  get storedIds(): ReadonlySet<string> {
    const names = [...this.workers.records.values()].flatMap((records) => [...records.keys()])
    return new Set(names.map((name) => name.slice(0, 32)))
  }
}

const slice = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(1)

describe('an upload', () => {
  test('gives all memory back, at whatever moment it is aborted', async () => {
    for (let turns = 0; turns < 40; turns++) {
      const world = await World.open()
      const upload = world.upload()
      const writing = (async () => {
        for (let count = 0; count < 3; count++) await upload.write(slice(blockBytes))
        await upload.finish()
      })()
      const outcome = writing.then(
        () => 'stored',
        (error: unknown) => errorCode(error),
      )
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      upload.abort(new Error('gone'))
      upload.abort(new Error('twice'))
      await world.time.advance(60_000)
      assert.ok(['stored', 'upload-aborted'].includes((await outcome) ?? ''), `after ${turns}: ${await outcome}`)
      assert.equal(world.budget.usedBytes, 0, `after ${turns} turns`)
      assert.equal(world.uploads.count, 0)
    }
  })

  test('that was aborted never writes to memory, which may have become somebody else’s', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const world = await World.open()
      const all = await world.budget.acquire(world.budget.capacityBytes, world.budget.nextAge())
      const memory = all.buffer.bytes
      const upload = world.upload()
      const writing = upload.write(slice(1000))
      writing?.catch(() => undefined)
      all.release()
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      upload.abort(new Error('gone'))
      const atAbort = memory.slice()
      await world.time.advance(1000)
      assert.ok(Buffer.compare(memory, atAbort) === 0, `after ${turns} turns`)
    }
  })

  test('that fails makes its data ids dead before anything else happens to them', async () => {
    const world = await World.open()
    const upload = world.upload()
    await upload.write(slice(2 * blockBytes))
    await upload.write(slice(10))
    await world.time.advance(100)
    const [id] = world.storedIds
    upload.abort(new Error('gone'))
    await world.time.advance(100)
    const { group } = world.group
    const rows = await world.metadata.listDataRows({ group, limit: 10 })
    assert.deepEqual(
      rows.map((row) => [row.dataId, row.state]),
      [[id, 'dead']],
    )
    assert.equal(await world.metadata.purgeQueueLength(), 1)
    await assert.rejects(upload.finish(), (error) => errorCode(error) === 'upload-aborted')
  })

  test('whose group cannot be had fails as a whole, also when it is written to once more', async () => {
    const world = await World.open()
    world.refusal = new FrostError('insufficient-storage', 'Full.')
    const upload = world.upload()
    for (let count = 0; count < 2; count++) {
      await assert.rejects(
        async () => await upload.write(slice(1000)),
        (error) => errorCode(error) === 'insufficient-storage',
      )
    }
    assert.equal(world.uploads.count, 0)
  })

  test('that finds no place among those who wait for memory fails as a whole', async () => {
    const world = await World.open()
    const all = await world.budget.acquire(world.budget.capacityBytes, world.budget.nextAge())
    const waiting = Array.from({ length: 10 }, () => world.upload({ sizeBytes: 1000 }))
    const writes = waiting.map(async (upload) => await upload.write(slice(1000)))
    await assert.rejects(
      async () => await world.upload().write(slice(1000)),
      (error) => errorCode(error) === 'overloaded',
    )
    assert.equal(world.uploads.count, 10)
    all.release()
    await Promise.all(writes)
    for (const upload of waiting) upload.abort(new Error('gone'))
    assert.equal(world.budget.usedBytes, 0)
  })

  test('of a body that comes byte by byte holds few slices', async () => {
    const world = await World.open()
    const upload = world.upload()
    for (let count = 0; count < chunkSizeBytes; count++) assert.equal(upload.write(slice(1)), undefined)
    const info = await world.time.run(upload.finish())
    assert.equal(info.sizeBytes, chunkSizeBytes)
    assert.equal(info.crc32, world.compute.crc32(slice(chunkSizeBytes)))
  })

  test('begins a new data id when its group closes, and all of them make one file', async () => {
    const world = await World.open()
    const upload = world.upload()
    await upload.write(slice(blockBytes))
    world.group = { ...world.group, state: 'closed' }
    await upload.write(slice(1))
    const info = await world.time.run(upload.finish())
    assert.equal(info.sizeBytes, blockBytes + 1)
    const row = defined(await world.metadata.getHead('default', 'file'), 'version')
    assert.deepEqual(
      row.extents.map((extent) => extent.length),
      [blockBytes, 1],
    )
  })

  test('records every column that stands in elsewhere as repair work, of every block', async () => {
    const world = await World.open()
    world.workers.setMood(0, 'away')
    world.workers.setMood(1, 'away')
    const upload = world.upload()
    const writing = (async () => {
      for (let count = 0; count < 5; count++) await upload.write(slice(blockBytes))
      return await upload.finish()
    })()
    await world.time.run(writing)
    const repairs = await world.metadata.listRepairs({ group: world.group.group, limit: 100 })
    assert.equal(repairs.length, 10)
  })

  test('succeeds when every worker learns of its group only after the one before', async () => {
    const world = await World.open()
    for (const [index, worker] of world.workers.ids.entries()) world.workers.epochRefusals.set(worker, index + 1)
    const upload = world.upload()
    await upload.write(slice(1000))
    const info = await world.time.run(upload.finish())
    assert.equal(info.sizeBytes, 1000)
    assert.equal((await world.metadata.listRepairs({ group: world.group.group, limit: 100 })).length, 0)
  })
})
