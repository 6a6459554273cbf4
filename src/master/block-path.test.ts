import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { VirtualTime } from '../../sim/ports/clock.ts'
import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { makeDataId } from '../base/ids.ts'
import type { DataId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { BlockLayout, encodeBlock } from '../codec/block.ts'
import { ErasureCoder } from '../codec/erasure-coder.ts'
import { BlockGeometry, slotOf } from '../codec/geometry.ts'
import { readBlockPart } from './block-reader.ts'
import { writeBlock } from './block-writer.ts'
import type { ColumnRepair } from './block-writer.ts'
import type { FragmentDamage } from './fragment-fetcher.ts'
import { RecentLatency } from './latency.ts'
import { PromptWorkers } from './prompt-workers.ts'
import { MemoryBudget } from './memory-budget.ts'
import { FakeWorkers, nameOf } from './testing/fake-workers.ts'

const scheme = { dataColumns: 3, parityColumns: 2 }
const chunkSizeBytes = 64

class World {
  readonly time = new VirtualTime()
  readonly compute = new SimulatedCompute()
  readonly random: SeededRandom
  readonly workers: FakeWorkers
  readonly coder = new ErasureCoder({ memoryBytes: 4 * 1024 * 1024 })
  readonly budget = new MemoryBudget(this.coder, { waitersMax: 10 })
  readonly damage: FragmentDamage[] = []
  readonly dataId: DataId
  readonly geometry: BlockGeometry
  readonly data: Uint8Array
  readonly readLatency = new RecentLatency(10)
  readonly prompt = new PromptWorkers(this.time.createClock())
  repairs: readonly ColumnRepair[] = []
  releases = 0

  constructor(options: { readonly bytes: number; readonly workers?: number; readonly seed?: number }) {
    this.random = new SeededRandom(options.seed ?? 7)
    this.dataId = makeDataId(1, this.random.bytes(10))
    this.workers = new FakeWorkers({ compute: this.compute, clock: this.time.createClock() }, options.workers ?? 5)
    this.data = this.random.bytes(options.bytes)
    this.geometry = new BlockGeometry(scheme, chunkSizeBytes, options.bytes)
  }

  /** Who is to hold a slot next. */
  pending: { readonly slot: number; readonly worker: number } | undefined

  get group() {
    const group = this.workers.group(scheme)
    const { pending } = this
    if (pending === undefined) return group
    const pendingWorker = defined(this.workers.ids[pending.worker], 'worker')
    const slots = group.slots.map((slot, index) => (index === pending.slot ? { ...slot, pendingWorker } : slot))
    return { ...group, slots }
  }

  /** The worker that holds a column by the map. */
  holderIndex(column: number): number {
    return slotOf(scheme, this.dataId, 0, column)
  }

  async write(): Promise<readonly ColumnRepair[]> {
    const layout = new BlockLayout(scheme, chunkSizeBytes, this.data.length)
    const buffer = defined(this.coder.allocate(layout.bufferBytes), 'memory')
    layout.scatter(buffer.bytes, 0, this.data)
    const { group } = this
    const content = {
      group: group.group,
      dataId: this.dataId,
      block: 0,
      isLastBlock: true,
      manifest: new Uint8Array(3),
      geometry: this.geometry,
    }
    const encoded = encodeBlock(this.compute, content, { coder: this.coder, buffer, layout })
    const columns = encoded.records.map((record) => ({
      column: record.column,
      slot: this.holderIndex(record.column),
      record: record.parts,
    }))
    const ports = {
      clock: this.time.createClock(),
      random: this.random,
      links: this.workers,
      latency: new RecentLatency(10),
    }
    const released = (): void => {
      this.releases++
      buffer.free()
    }
    const writing = writeBlock(ports, { group, columns, needed: this.geometry.dataColumnCount, released })
    const outcome = writing.then(
      (repairs) => ({ repairs }),
      (error: unknown) => ({ error }),
    )
    await this.time.advance(60_000)
    const settled = await outcome
    if ('error' in settled) throw settled.error
    this.repairs = settled.repairs
    return settled.repairs
  }

  async read(from: number, end: number): Promise<Uint8Array> {
    const ports = {
      clock: this.time.createClock(),
      compute: this.compute,
      coder: this.coder,
      budget: this.budget,
      links: this.workers,
      latency: this.readLatency,
      prompt: this.prompt,
      groupNow: () => this.group,
      refreshMap: async () => await Promise.resolve(),
      standIns: async () => {
        await Promise.resolve()
        return this.repairs.flatMap(({ column, standIn }) =>
          standIn === undefined ? [] : [{ column, worker: standIn }],
        )
      },
      onDamage: (damage: FragmentDamage) => this.damage.push(damage),
    }
    const ref = { group: this.group.group, dataId: this.dataId }
    const part = { ref, block: 0, geometry: this.geometry, from, end }
    const slice = await this.time.run(readBlockPart(ports, part, { age: 0 }))
    const copy = slice.bytes.slice()
    slice.release()
    return copy
  }
}

describe('a block on its workers', () => {
  test('is stored on all its slots and read back, whole and in every kind of range', async () => {
    const world = new World({ bytes: 1000 })
    assert.deepEqual(await world.write(), [])
    for (const [from, end] of [
      [0, 1000],
      [0, 1],
      [63, 65],
      [64, 128],
      [100, 900],
      [999, 1000],
      [191, 193],
    ] as const) {
      assert.deepEqual(await world.read(from, end), world.data.slice(from, end), `${from} to ${end}`)
    }
    assert.equal(world.releases, 1)
    assert.equal(world.budget.usedBytes, 0)
  })

  test('is read with any two workers away', async () => {
    for (const bytes of [1000, 100, 64, 20]) {
      for (let first = 0; first < 5; first++) {
        for (let second = first + 1; second < 5; second++) {
          const world = new World({ bytes })
          await world.write()
          world.workers.setMood(first, 'away')
          world.workers.setMood(second, 'failing')
          assert.deepEqual(await world.read(0, bytes), world.data, `${bytes} bytes without ${first} and ${second}`)
          assert.equal(world.budget.usedBytes, 0)
        }
      }
    }
  })

  test('is refused to a reader when too few columns are left', async () => {
    const world = new World({ bytes: 1000 })
    await world.write()
    for (const index of [0, 1, 2]) world.workers.setMood(index, 'away')
    await assert.rejects(world.read(0, 1000), (error) => errorCode(error) === 'data-unavailable')
    assert.equal(world.budget.usedBytes, 0)
  })

  test('is served from other columns when one was changed on disk, and the damage is reported', async () => {
    const world = new World({ bytes: 1000 })
    await world.write()
    const holder = defined(world.workers.ids[world.holderIndex(1)], 'worker')
    const record = defined(
      world.workers.records.get(holder)?.get(nameOf({ dataId: world.dataId, block: 0, column: 1 })),
      'record',
    )
    record[record.length - 30] = (record.at(-30) ?? 0) ^ 1
    assert.deepEqual(await world.read(0, 1000), world.data)
    assert.deepEqual(
      world.damage.map(({ key, code }) => [key.column, code]),
      [[1, 'fragment-corrupt']],
    )
  })

  test('is served at once from others when a worker does not answer, which is not asked again', async () => {
    const world = new World({ bytes: 1000 })
    await world.write()
    const before = world.time.nowMs
    world.workers.setMood(world.holderIndex(1), 'silent')
    for (let count = 1; count <= 200; count++) {
      assert.deepEqual(await world.read(0, 1000), world.data)
      // Once the time after which others are asked, each time: it does not grow with the worker's silence.
      assert.ok(world.time.nowMs - before <= count * 50, `${world.time.nowMs - before} ms for ${count}`)
    }
    assert.deepEqual(world.damage, [])
  })

  test('waits for a slow worker where there is no other', async () => {
    const world = new World({ bytes: 1000 })
    await world.write()
    world.workers.setMood(world.holderIndex(0), 'slow')
    world.workers.setMood(world.holderIndex(1), 'away')
    world.workers.setMood(world.holderIndex(2), 'away')
    assert.deepEqual(await world.read(0, 1000), world.data)
  })

  test('is not served from records of a block of another length', async () => {
    const world = new World({ bytes: 1000 })
    await world.write()
    const other = new World({ bytes: 1010 })
    await other.write()
    for (const [worker, records] of other.workers.records) {
      for (const [name, record] of records) {
        const { column } = { column: Number(name.split(' ')[2]) }
        world.workers.records.get(worker)?.set(nameOf({ dataId: world.dataId, block: 0, column }), record)
      }
    }
    await assert.rejects(world.read(0, 1000), (error) => errorCode(error) === 'data-unavailable')
  })

  test('stands in on the three workers left when two are away, and survives the loss of one more', async () => {
    for (let first = 0; first < 5; first++) {
      for (let second = first + 1; second < 5; second++) {
        const world = new World({ bytes: 1000 })
        world.workers.setMood(first, 'away')
        world.workers.setMood(second, 'away')
        const repairs = await world.write()
        assert.equal(repairs.length, 2)
        assert.ok(repairs.every(({ standIn }) => standIn !== undefined))
        for (let third = 0; third < 5; third++) {
          if (third === first || third === second) continue
          world.workers.setMood(third, 'away')
          assert.deepEqual(await world.read(0, 1000), world.data)
          world.workers.setMood(third, 'up')
        }
      }
    }
  })

  test('is refused when three workers are away: it could not survive one more loss', async () => {
    const world = new World({ bytes: 1000 })
    for (const index of [0, 2, 4]) world.workers.setMood(index, 'away')
    await assert.rejects(world.write(), (error) => errorCode(error) === 'not-enough-workers')
    assert.equal(world.releases, 1)
  })

  test('of one chunk needs three workers and may do with two', async () => {
    const world = new World({ bytes: 30 })
    for (const index of [0, 2, 4]) world.workers.setMood(index, 'away')
    const outcome = await world.write().catch(errorCode)
    // Whether its own slots lie on the two that are up decides where its copies stand; it must never hang on one worker.
    if (outcome === 'not-enough-workers') return
    assert.ok(Array.isArray(outcome))
  })

  test('is acknowledged at the deadline without a worker that stays silent, and the column is repair work', async () => {
    const world = new World({ bytes: 1000 })
    world.workers.setMood(3, 'silent')
    const repairs = await world.write()
    assert.equal(repairs.length, 1)
    world.workers.setMood(3, 'away')
    world.workers.setMood(1, 'away')
    assert.deepEqual(await world.read(0, 1000), world.data)
  })

  test('stands in on workers that answer, when one is away and another stays silent', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const world = new World({ bytes: 1000, seed })
      world.workers.setMood(0, 'silent')
      world.workers.setMood(3, 'away')
      const repairs = await world.write()
      assert.equal(repairs.length, 2)
      const silent = world.workers.ids[0]
      assert.ok(
        repairs.every(({ standIn }) => standIn !== undefined && standIn !== silent),
        `seed ${seed}`,
      )
    }
  })

  test('is sent again to workers that did not know the group, all of them at once', async () => {
    const world = new World({ bytes: 1000 })
    for (const index of [0, 1, 2, 3, 4]) world.workers.setMood(index, 'unaware')
    assert.deepEqual(await world.write(), [])
    assert.equal(world.releases, 1)
    assert.deepEqual(await world.read(0, 1000), world.data)
  })

  test('says that there is too little space when workers are full', async () => {
    const world = new World({ bytes: 1000 })
    for (const index of [0, 1, 2, 3, 4]) world.workers.setMood(index, 'full')
    await assert.rejects(world.write(), (error) => errorCode(error) === 'insufficient-storage')
  })

  test('goes to a sixth worker that stands in', async () => {
    const world = new World({ bytes: 1000, workers: 6 })
    world.workers.setMood(2, 'away')
    const [repair] = await world.write()
    assert.equal(repair?.standIn, world.workers.ids[5])
  })

  test('goes to both workers of a slot that moves, and asks no more of the new one than that', async () => {
    for (const mood of ['up', 'failing', 'away', 'unaware'] as const) {
      const world = new World({ bytes: 1000, workers: 6 })
      world.pending = { slot: 2, worker: 5 }
      world.workers.setMood(5, mood)
      assert.deepEqual(await world.write(), [], mood)
      const copies = world.workers.records.get(defined(world.workers.ids[5], 'worker'))?.size
      assert.equal(copies, mood === 'up' ? 1 : 0, mood)
      assert.equal(world.releases, 1)
    }
  })

  test('goes to the new worker of a slot alone when the old one is away, as a stand-in that reads find', async () => {
    const world = new World({ bytes: 1000, workers: 6 })
    world.pending = { slot: 2, worker: 5 }
    world.workers.setMood(2, 'away')
    const [repair, ...others] = await world.write()
    assert.deepEqual(others, [])
    assert.equal(repair?.standIn, world.workers.ids[5])
    world.repairs = []
    world.workers.setMood(0, 'away')
    world.workers.setMood(1, 'away')
    assert.deepEqual(await world.read(0, 1000), world.data)
  })
})
