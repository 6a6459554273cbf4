// Disks that fail, fill and get stuck while the store works.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import type { FragmentStore } from './fragment-store.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, payloadOf, type RecordOptions } from './testing/records.ts'

async function assertStored(store: FragmentStore, options: RecordOptions): Promise<void> {
  const read = await store.read(keyOf(options))
  assert.deepEqual(read.bytes.slice(), payloadOf(options))
  read.release()
}

function numbered(count: number, payloadBytes = 3000): readonly RecordOptions[] {
  return Array.from({ length: count }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes, seed: index + 1 }))
}

/** The code of the error, or `done`. */
async function outcomeOf(work: Promise<unknown>): Promise<string> {
  try {
    await work
    return 'done'
  } catch (error) {
    return errorCode(error) ?? String(error)
  }
}

describe('A disk that fails', () => {
  for (const fault of ['write-fails', 'sync-fails'] as const) {
    for (const end of ['close', 'kill', 'power loss'] as const) {
      test(`${fault}: the segment is given up, the batch goes to a new one, and all is there after ${end}`, async () => {
        const machine = new Machine()
        const { store } = await machine.open()
        const records = numbered(20)
        for (const options of records.slice(0, 10)) await store.put(makeRecord(options))
        let failures = 1
        machine.medium.faults = { append: () => (failures-- > 0 ? fault : undefined) }
        await Promise.all(records.slice(10).map((options) => store.put(makeRecord(options))))
        assert.equal(store.counters().failedSyncs, 1)
        for (const options of records) await assertStored(store, options)
        if (end === 'close') await store.close()
        else if (end === 'kill') machine.kill()
        else machine.losePower()
        const again = await machine.open()
        for (const options of records) await assertStored(again.store, options)
        assert.equal(again.store.usage().fragments, 20)
        await again.store.close()
        machine.indexes.damaged.add('index')
        const rebuilt = await machine.open()
        assert.equal(rebuilt.report.indexRebuilt, true)
        for (const options of records) await assertStored(rebuilt.store, options)
        await rebuilt.store.close()
      })
    }
  }

  test('a put that failed twice is refused, and others go on', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    let failures = 2
    machine.medium.faults = { append: () => (failures-- > 0 ? 'sync-fails' : undefined) }
    const [first, second] = numbered(2)
    assert.ok(first !== undefined && second !== undefined)
    assert.equal(await outcomeOf(store.put(makeRecord(first))), 'disk-failed')
    assert.equal(await outcomeOf(store.put(makeRecord(second))), 'done')
    assert.equal(store.stat(keyOf(first)), undefined)
    assert.equal(machine.failures.length, 0)
    assert.equal(await store.put(makeRecord(first)), 'stored')
    await store.close()
  })

  test('a put after a drop that was refused is there after a kill, though the tombstone may lie on the disk', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const machine = new Machine(seed)
      const { store } = await machine.open()
      const [options] = numbered(1)
      assert.ok(options !== undefined)
      await store.put(makeRecord(options))
      let failures = 2
      machine.medium.faults = { append: () => (failures-- > 0 ? 'sync-fails' : undefined) }
      assert.equal(await outcomeOf(store.drop(groupId(1), [options.dataId])), 'disk-failed')
      await store.put(makeRecord(options))
      // Settled by now: nothing is written twice.
      assert.equal(await store.put(makeRecord(options)), 'exists')
      machine.kill()
      const again = await machine.open()
      await assertStored(again.store, options)
      await again.store.close()
    }
  })

  test('a disk that fails every write is told once, and refuses puts and drops while reads go on', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = numbered(8)
    const [kept] = records
    assert.ok(kept !== undefined)
    await store.put(makeRecord(kept))
    machine.medium.faults = { append: () => 'write-fails' }
    for (const options of records.slice(1)) assert.equal(await outcomeOf(store.put(makeRecord(options))), 'disk-failed')
    assert.equal(await outcomeOf(store.drop(groupId(1), [kept.dataId])), 'disk-failed')
    // The other log and a checkpoint fail too.
    for (const options of records.slice(1)) {
      assert.equal(await outcomeOf(store.put(makeRecord({ ...options, payloadBytes: 70_000 }))), 'disk-failed')
    }
    machine.indexes.failCheckpoint = () => true
    assert.equal(await outcomeOf(store.checkpoint()), 'disk-failed')
    machine.indexes.failCheckpoint = undefined
    assert.equal(machine.failures.length, 1)
    await assertStored(store, kept)
    machine.medium.faults = {}
    await store.close()
    const again = await machine.open()
    await assertStored(again.store, kept)
    await again.store.close()
  })

  test('after a failed sync and a kill, what the page cache shows is judged by what the disk has', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const machine = new Machine(seed)
      const { store } = await machine.open()
      const records = numbered(12)
      for (const options of records.slice(0, 6)) await store.put(makeRecord(options))
      // The sync fails, and the process is killed at its next step.
      machine.medium.faults = {
        append: () => {
          machine.power.cutIn(2)
          return 'sync-fails'
        },
      }
      const puts = records.slice(6).map((options) => outcomeOf(store.put(makeRecord(options))))
      await Promise.race([Promise.all(puts), machine.power.off])
      machine.medium.faults = {}
      machine.kill()
      const again = await machine.open()
      for (const options of records.slice(0, 6)) await assertStored(again.store, options)
      // Whatever is said to be there now must survive the power loss that shows what the disk has.
      const held = records.filter((options) => again.store.stat(keyOf(options)) !== undefined)
      for (const options of held) await assertStored(again.store, options)
      machine.losePower()
      const last = await machine.open()
      for (const options of held) await assertStored(last.store, options)
      await last.store.close()
    }
  })

  test('a checkpoint that fails once is tried again, twice ends the store, and the logs lose nothing', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    let failures = 1
    machine.indexes.failCheckpoint = () => failures-- > 0
    const records = numbered(200, 100)
    for (const options of records.slice(0, 100)) await store.put(makeRecord(options))
    assert.equal(machine.failures.length, 0)
    failures = 2
    assert.equal(await outcomeOf(store.checkpoint()), 'disk-failed')
    assert.equal(machine.failures.length, 1)
    assert.equal(await outcomeOf(store.put(makeRecord({ dataId: dataIdNumber(999) }))), 'disk-failed')
    for (const options of records.slice(0, 100)) await assertStored(store, options)
    await store.close()
    const again = await machine.open()
    for (const options of records.slice(0, 100)) await assertStored(again.store, options)
    await again.store.close()
  })

  test('an operation that does not end is seen', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    assert.equal(store.oldestOperationMs(), 0)
    machine.power.cut()
    const put = store.put(makeRecord({ dataId: dataIdNumber(1) }))
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    assert.ok(store.oldestOperationMs() > 0)
    assert.ok(put instanceof Promise)
  })
})

describe('A disk that is full', () => {
  test('refuses puts and says so, while reads, drops and compaction go on, and recovers by itself', async () => {
    const machine = new Machine()
    machine.medium.capacityBytes = 2_000_000
    const { store } = await machine.open()
    const records = numbered(2000)
    const stored: RecordOptions[] = []
    let outcome = 'done'
    for (const options of records) {
      outcome = await outcomeOf(store.put(makeRecord(options)))
      if (outcome !== 'done') break
      stored.push(options)
    }
    assert.equal(outcome, 'insufficient-storage')
    assert.ok(stored.length > 400, `${stored.length} were stored`)
    assert.equal(store.usage().full, true)
    for (const options of stored) await assertStored(store, options)
    const gone = stored.filter((_, index) => index % 4 !== 0)
    await store.drop(
      groupId(1),
      gone.map(({ dataId }) => dataId),
    )
    while (await store.compactOnce());
    assert.ok(store.usage().segmentBytes < 1.5 * store.usage().liveBytes + 32_768, JSON.stringify(store.usage()))
    for (let tries = 0; tries < 50 && store.usage().full; tries++) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      for (let ticks = 0; ticks < 200; ticks++) store.usage()
    }
    assert.equal(store.usage().full, false)
    assert.equal(await store.put(makeRecord({ dataId: dataIdNumber(5000) })), 'stored')
    for (const options of stored.filter((_, index) => index % 4 === 0)) await assertStored(store, options)
    await store.close()
  })

  test('does not end the store where not even a checkpoint finds space, and what was emptied goes later', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = numbered(300)
    for (const options of records) await store.put(makeRecord(options))
    const kept = records[0] ?? { dataId: dataIdNumber(0) }
    const gone = records.slice(1)
    await store.drop(
      groupId(1),
      gone.map(({ dataId }) => dataId),
    )
    let checkpoints = 0
    machine.indexes.failCheckpoint = () => (checkpoints++, 'no-space')
    const files = machine.medium.names().filter((name) => name.endsWith('.seg')).length
    let outcome = 'done'
    while (outcome === 'done' && checkpoints === 0) outcome = await outcomeOf(store.compactOnce())
    assert.equal(outcome, 'insufficient-storage')
    assert.equal(await outcomeOf(store.compactOnce()), 'insufficient-storage')
    const more = numbered(1000).slice(300)
    const outcomes = new Set<string>()
    for (const options of more) outcomes.add(await outcomeOf(store.put(makeRecord(options))))
    assert.ok(outcomes.has('insufficient-storage'), [...outcomes].join(', '))
    await assertStored(store, kept)
    assert.deepEqual(machine.failures, [])
    machine.indexes.failCheckpoint = undefined
    while (await store.compactOnce());
    assert.ok(machine.medium.names().filter((name) => name.endsWith('.seg')).length < files)
    await store.checkpoint()
    await assertStored(store, kept)
    await store.close()
    const again = await machine.open()
    await assertStored(again.store, kept)
    await again.store.close()
  })

  test('ENOSPC in the middle gives the ballast up, and it is taken back', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    assert.ok(machine.medium.names().includes('ballast'))
    const records = numbered(20)
    for (const options of records.slice(0, 10)) await store.put(makeRecord(options))
    machine.faults.plant('disk.full')
    const [last] = records.slice(10)
    assert.ok(last !== undefined)
    assert.equal(await outcomeOf(store.put(makeRecord(last))), 'insufficient-storage')
    machine.faults.remove('disk.full')
    assert.equal(store.usage().freeBytes === 0, store.usage().full)
    for (let tries = 0; tries < 50 && store.usage().full; tries++) {
      await new Promise((resolve) => {
        setImmediate(resolve)
      })
      for (let ticks = 0; ticks < 200; ticks++) store.usage()
    }
    assert.equal(store.usage().full, false)
    assert.ok(machine.medium.names().includes('ballast'))
    assert.equal(await store.put(makeRecord(last)), 'stored')
    for (const options of records.slice(0, 11)) await assertStored(store, options)
    await store.close()
  })

  test('a drop on a full disk finds room in the ballast', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = numbered(10)
    for (const options of records) await store.put(makeRecord(options))
    machine.medium.capacityBytes = machine.medium.usedBytes
    await store.drop(
      groupId(1),
      records.slice(5).map(({ dataId }) => dataId),
    )
    assert.deepEqual(machine.full, [true])
    assert.equal(machine.medium.names().includes('ballast'), false)
    assert.equal(store.usage().fragments, 5)
    machine.kill()
    const again = await machine.open()
    assert.equal(again.store.usage().fragments, 5)
    await again.store.close()
  })

  test('a store opens on a full disk', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = numbered(30)
    for (const options of records) await store.put(makeRecord(options))
    machine.losePower()
    machine.medium.capacityBytes = machine.medium.usedBytes
    const again = await machine.open()
    for (const options of records) await assertStored(again.store, options)
    assert.equal(await outcomeOf(again.store.put(makeRecord({ dataId: dataIdNumber(99) }))), 'insufficient-storage')
    await again.store.close()
  })

  test('a capacity is kept', async () => {
    const machine = new Machine()
    const { store } = await machine.open({ capacityBytes: 300_000 })
    let stored = 0
    while ((await outcomeOf(store.put(makeRecord({ dataId: dataIdNumber(stored) })))) === 'done') stored++
    assert.ok(store.usage().segmentBytes <= 300_000 + 20_000)
    assert.equal(store.usage().capacityBytes, 300_000)
    assert.ok(stored > 50)
    await store.drop(
      groupId(1),
      Array.from({ length: stored }, (_, index) => dataIdNumber(index)),
    )
    while (await store.compactOnce());
    assert.equal(await outcomeOf(store.put(makeRecord({ dataId: dataIdNumber(stored) }))), 'done')
    await store.close()
  })

  test('more records than may wait are refused', async () => {
    const machine = new Machine()
    const { store } = await machine.open({ queueBytesMax: 2 * 1024 * 1024 })
    const puts = numbered(40, 100_000).map((options) => outcomeOf(store.put(makeRecord(options))))
    const outcomes = await Promise.all(puts)
    assert.ok(outcomes.includes('overloaded') && outcomes.includes('done'))
    assert.equal(outcomes.filter((outcome) => outcome === 'done').length, store.usage().fragments)
    await store.close()
  })
})
