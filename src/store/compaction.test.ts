import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../base/assert.ts'
import { SeededRandom } from '../base/random.ts'
import { PowerSwitch } from '../../sim/ports/power.ts'
import type { StoreOptions } from './contract.ts'
import type { FragmentStore } from './fragment-store.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, payloadOf, type RecordOptions } from './testing/records.ts'

const options: StoreOptions = { segmentBytesMax: 512 * 1024 }

/** Small and large records, a megabyte or two in all. */
function records(count: number): readonly RecordOptions[] {
  return Array.from({ length: count }, (_, index) => ({
    dataId: dataIdNumber(index),
    payloadBytes: index % 5 === 0 ? 70_000 : 4000,
    seed: index + 1,
  }))
}

async function fill(store: FragmentStore, all: readonly RecordOptions[]): Promise<void> {
  for (let first = 0; first < all.length; first += 10) {
    await Promise.all(all.slice(first, first + 10).map((record) => store.put(makeRecord(record))))
  }
}

async function assertHolds(
  store: FragmentStore,
  held: readonly RecordOptions[],
  gone: readonly RecordOptions[],
): Promise<void> {
  for (const record of held) {
    const read = await store.read(keyOf(record))
    assert.deepEqual(read.bytes.slice(), payloadOf(record))
    read.release()
  }
  for (const record of gone) assert.equal(store.stat(keyOf(record)), undefined)
  assert.equal(store.usage().fragments, held.length)
}

async function drop(store: FragmentStore, gone: readonly RecordOptions[]): Promise<void> {
  await store.drop(
    groupId(1),
    gone.map(({ dataId }) => dataId),
  )
}

/** Lets what waits for the clock go on. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}

async function compactAll(store: FragmentStore): Promise<void> {
  while (await store.compactOnce());
}

describe('Compaction', () => {
  test('brings disk use below 1.5 times what lives, and every record stays', async () => {
    const machine = new Machine()
    const { store } = await machine.open(options)
    const all = records(200)
    await fill(store, all)
    const held = all.filter((_, index) => index % 10 === 5 || index % 10 === 1)
    const gone = all.filter((record) => !held.includes(record))
    await drop(store, gone)
    await compactAll(store)
    const { segmentBytes, liveBytes } = store.usage()
    assert.ok(segmentBytes < 1.5 * liveBytes, `${segmentBytes} bytes for ${liveBytes}`)
    await assertHolds(store, held, gone)
    machine.losePower()
    const again = await machine.open(options)
    await assertHolds(again.store, held, gone)
    await again.store.close()
    machine.indexes.damaged.add('index')
    const rebuilt = await machine.open(options)
    await assertHolds(rebuilt.store, held, gone)
    await rebuilt.store.close()
  })

  test('leaves nothing of a store from which all was dropped', async () => {
    const machine = new Machine()
    const { store } = await machine.open(options)
    const all = records(100)
    await fill(store, all)
    await drop(store, all)
    await compactAll(store)
    await store.close()
    const again = await machine.open(options)
    await compactAll(again.store)
    assert.equal(again.store.usage().segmentBytes, 0)
    assert.deepEqual(machine.segments(), [])
    assert.equal(machine.indexes.indexes.get('index')?.length, 1, 'only the row of the checkpoint is left')
    await again.store.close()
  })

  test('can be cut short by a power loss at any of its steps', async () => {
    for (let cutAfter = 1; cutAfter <= 160; cutAfter += 6) {
      const machine = new Machine(cutAfter)
      const { store } = await machine.open(options)
      const all = records(60)
      await fill(store, all)
      const held = all.filter((_, index) => index % 4 === 0)
      const gone = all.filter((record) => !held.includes(record))
      await drop(store, gone)
      machine.losePower(new PowerSwitch())
      const dry = machine.power
      const first = await machine.open(options)
      const opened = dry.steps
      machine.losePower(new PowerSwitch({ cutAtStep: opened + cutAfter }))
      const work = async (): Promise<void> => {
        const { store: second } = await machine.open(options)
        await compactAll(second)
      }
      await Promise.race([work(), machine.power.off])
      assert.equal(typeof first.report.startCount, 'number')
      machine.losePower()
      const { store: last } = await machine.open(options)
      await assertHolds(last, held, gone)
      await compactAll(last)
      await assertHolds(last, held, gone)
      const { segmentBytes, liveBytes } = last.usage()
      assert.ok(segmentBytes < 1.5 * liveBytes, `${segmentBytes} bytes for ${liveBytes}`)
      await last.close()
    }
  })

  test('goes on by itself, beside puts, reads and drops', async () => {
    const machine = new Machine()
    const { store } = await machine.open({ ...options, compaction: true })
    const random = new SeededRandom(3)
    const held = new Map<number, RecordOptions>()
    for (let round = 0; round < 400; round++) {
      await nextTurn()
      const id = random.below(80)
      const record = held.get(id)
      if (record === undefined) {
        const added = { dataId: dataIdNumber(id), payloadBytes: 1 + random.below(80_000), seed: round + 1 }
        await store.put(makeRecord(added))
        held.set(id, added)
      } else if (random.below(3) === 0) {
        const read = await store.read(keyOf(record))
        assert.deepEqual(read.bytes.slice(), payloadOf(record))
        read.release()
      } else {
        await store.drop(groupId(1), [record.dataId])
        held.delete(id)
      }
    }
    assert.ok(store.counters().segmentsCompacted > 3)
    await assertHolds(store, [...held.values()], [])
    await store.close()
    const again = await machine.open(options)
    await assertHolds(again.store, [...held.values()], [])
    await again.store.close()
  })

  test('lists what it finds damaged before the segment goes', async () => {
    const machine = new Machine()
    const { store } = await machine.open(options)
    const all = records(40)
    await fill(store, all)
    const damaged = defined(all[6], 'a record')
    const { fileName, offset } = defined(store.locate(keyOf(damaged)), 'a place')
    machine.medium.flipBit(fileName, offset + 200)
    await drop(
      store,
      all.filter((_, index) => index % 2 === 1),
    )
    await compactAll(store)
    assert.equal(machine.segments().includes(fileName), false)
    assert.deepEqual(store.listDamaged({ limit: 10 }), [keyOf(damaged)])
    machine.losePower()
    const again = await machine.open(options)
    assert.deepEqual(again.store.listDamaged({ limit: 10 }), [keyOf(damaged)])
    await assert.rejects(again.store.read(keyOf(damaged)), { code: 'fragment-corrupt' })
    assert.equal(await again.store.put(makeRecord(damaged)), 'stored')
    await assertHolds(
      again.store,
      all.filter((_, index) => index % 2 === 0),
      [],
    )
    await again.store.close()
  })

  test('moves what a damaged part of the segment no longer lists', async () => {
    const machine = new Machine()
    const { store } = await machine.open(options)
    const all = records(40)
    await fill(store, all)
    await store.close()
    const again = await machine.open(options)
    for (const name of machine.segments()) {
      // The last page is the trailer, the one before the last of the table; the second is the first batch's header.
      const length = defined(machine.medium.find(name), 'a file').medium.length
      machine.medium.flipBit(name, length - 5000)
      machine.medium.flipBit(name, 4096 + 70)
    }
    await drop(
      again.store,
      all.filter((_, index) => index % 2 === 1),
    )
    await compactAll(again.store)
    await assertHolds(
      again.store,
      all.filter((_, index) => index % 2 === 0),
      all.filter((_, index) => index % 2 === 1),
    )
    await again.store.close()
  })

  test('joins the small segments that many starts leave', async () => {
    const machine = new Machine()
    const all = records(60)
    for (const record of all) {
      const { store } = await machine.open(options)
      await store.put(makeRecord(record))
      await store.close()
    }
    const { store } = await machine.open(options)
    await compactAll(store)
    assert.ok(store.usage().segments <= 40, `${store.usage().segments} segments`)
    await assertHolds(store, all, [])
    await store.close()
  })

  test('keeps a tombstone as long as an older segment can hold what it removed', async () => {
    const machine = new Machine()
    const { store } = await machine.open(options)
    const victim = { dataId: dataIdNumber(500), payloadBytes: 70_000 }
    const all = records(10)
    await fill(store, all)
    // The large record's segment stays, because most of it lives; the tombstone's segment is compacted again and again.
    await store.put(makeRecord(victim))
    await store.put(makeRecord({ dataId: dataIdNumber(999), payloadBytes: 70_000 }))
    await drop(store, [victim])
    for (let round = 0; round < 6; round++) {
      const filler = Array.from({ length: 120 }, (_, index) => ({
        dataId: dataIdNumber(1000 + round * 200 + index),
        payloadBytes: 4000,
      }))
      await fill(store, filler)
      await drop(store, filler)
      await compactAll(store)
    }
    await store.close()
    machine.indexes.damaged.add('index')
    const rebuilt = await machine.open(options)
    assert.equal(rebuilt.store.stat(keyOf(victim)), undefined)
    await assertHolds(rebuilt.store, [...all, { dataId: dataIdNumber(999), payloadBytes: 70_000 }], [victim])
    await rebuilt.store.close()
  })
})
