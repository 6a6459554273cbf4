import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { parseClusterId } from '../base/ids.ts'
import { defined } from '../base/assert.ts'
import { crc32Short } from '../codec/crc32.ts'
import type { FragmentStore } from './fragment-store.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, payloadOf, type RecordOptions } from './testing/records.ts'

async function readAll(store: FragmentStore, options: RecordOptions): Promise<Uint8Array> {
  const read = await store.read(keyOf(options))
  const bytes = read.bytes.slice()
  read.release()
  return bytes
}

async function assertStored(store: FragmentStore, options: RecordOptions): Promise<void> {
  assert.deepEqual(await readAll(store, options), payloadOf(options))
}

function sizes(): readonly RecordOptions[] {
  return [0, 1, 10_239, 10_240, 10_241, 65_535, 65_536, 70_000, 1_024_000].map((payloadBytes, index) => ({
    dataId: dataIdNumber(index),
    payloadBytes,
    seed: index + 1,
  }))
}

describe('FragmentStore', () => {
  test('records of all sizes are read back, before and after closing', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    for (const options of sizes()) assert.equal(await store.put(makeRecord(options)), 'stored')
    for (const options of sizes()) await assertStored(store, options)
    await store.close()
    await store.close()
    const again = await machine.open()
    for (const options of sizes()) await assertStored(again.store, options)
    assert.equal(again.report.replayedEntries, 0)
    assert.equal(again.store.usage().fragments, sizes().length)
    await again.store.close()
  })

  test('a range gives its chunks with their checks, clipped to what is there', async () => {
    const { store } = await new Machine().open()
    for (const chunkSizeBytes of [1000, 10_240, 25_000]) {
      const options = { dataId: dataIdNumber(chunkSizeBytes), payloadBytes: 99_500, chunkSizeBytes }
      await store.put(makeRecord(options))
      const chunks = Math.ceil(99_500 / chunkSizeBytes)
      const ranges = [
        [0, 1],
        [chunks - 1, chunks],
        [1, 3],
        [0, chunks],
        [2, 1000],
        [chunks, chunks + 5],
      ]
      for (const [firstChunk = 0, endChunk = 0] of ranges) {
        const read = await store.read(keyOf(options), { firstChunk, endChunk })
        const expected = payloadOf(options).slice(firstChunk * chunkSizeBytes, endChunk * chunkSizeBytes)
        assert.deepEqual(read.bytes.slice(), expected)
        assert.deepEqual(read.range, { firstChunk, endChunk: Math.min(endChunk, chunks) })
        const pieces = Math.ceil(chunkSizeBytes / 10_240)
        assert.ok(read.checks.length >= read.range.endChunk - firstChunk && read.checks.length <= pieces * chunks)
        assert.equal(read.blockDataBytes, 99_500)
        assert.equal(read.chunkSizeBytes, chunkSizeBytes)
        read.release()
      }
    }
    await store.close()
  })

  test('a few chunks of a large record move little', async () => {
    const { store } = await new Machine().open()
    const options = { dataId: dataIdNumber(1), payloadBytes: 1_024_000 }
    await store.put(makeRecord(options))
    const before = store.counters().readBytes
    const read = await store.read(keyOf(options), { firstChunk: 50, endChunk: 51 })
    assert.deepEqual(read.bytes.slice(), payloadOf(options).slice(512_000, 522_240))
    read.release()
    assert.ok(store.counters().readBytes - before <= 24 * 1024)
    await store.close()
  })

  test('a header is given as it was stored, also with a long manifest', async () => {
    const { store } = await new Machine().open()
    for (const manifestBytes of [10, 5000, 300_000]) {
      const options = { dataId: dataIdNumber(manifestBytes), payloadBytes: 70_000, manifestBytes }
      const record = makeRecord(options)
      await store.put(record)
      const header = await store.readHeader(keyOf(options))
      assert.deepEqual(header, record.slice(0, header.length))
      await assertStored(store, options)
      const part = await store.read(keyOf(options), { firstChunk: 1, endChunk: 2 })
      assert.deepEqual(part.bytes.slice(), payloadOf(options).slice(10_240, 20_480))
      part.release()
    }
    await store.close()
  })

  test('an equal record exists, a different one is a conflict, and neither is written', async () => {
    const { store } = await new Machine().open()
    const options = { dataId: dataIdNumber(1) }
    await store.put(makeRecord(options))
    assert.equal(await store.put(makeRecord(options)), 'exists')
    await assert.rejects(store.put(makeRecord({ ...options, seed: 2 })), { code: 'fragment-conflict' })
    await assertStored(store, options)
    assert.equal(store.counters().puts, 1)
    assert.equal(store.counters().putsExisting, 1)
    await store.close()
  })

  test('of many puts of one fragment at once one is stored and the others find it', async () => {
    const { store } = await new Machine().open()
    const options = { dataId: dataIdNumber(1) }
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => store.put(makeRecord(options))))
    assert.deepEqual(outcomes.toSorted(), [...Array.from({ length: 19 }, () => 'exists'), 'stored'])
    await store.close()
  })

  test('a record that fails a check is refused, wherever it is damaged', async () => {
    const { store } = await new Machine().open()
    const record = makeRecord({ dataId: dataIdNumber(1), payloadBytes: 12_000 })
    for (const at of [0, 5, 20, 40, 61, 70, 100, 5000, record.length - 1]) {
      const damaged = record.slice()
      damaged[at] = (damaged[at] ?? 0) ^ 4
      await assert.rejects(store.put(damaged), { code: 'protocol-error' })
    }
    for (const part of [record.subarray(0, 10), record.subarray(0, record.length - 8), new Uint8Array(0)]) {
      await assert.rejects(store.put(part), { code: 'protocol-error' })
    }
    assert.equal(store.usage().fragments, 0)
    await store.close()
  })

  test('what is not held is missing', async () => {
    const { store } = await new Machine().open()
    const key = keyOf({ dataId: dataIdNumber(1) })
    await assert.rejects(store.read(key), { code: 'fragment-missing' })
    await assert.rejects(store.readHeader(key), { code: 'fragment-missing' })
    assert.equal(store.stat(key), undefined)
    assert.equal(store.locate(key), undefined)
    await store.close()
  })

  test('puts that arrive together share a sync', async () => {
    const { store } = await new Machine().open()
    const records = Array.from({ length: 100 }, (_, index) => makeRecord({ dataId: dataIdNumber(index) }))
    await Promise.all(records.map((record) => store.put(record)))
    assert.ok(store.counters().batches <= 4, `${store.counters().batches} batches`)
    await store.close()
  })

  test('the place of a record is where its bytes are', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    for (const payloadBytes of [500, 70_000]) {
      const options = { dataId: dataIdNumber(payloadBytes), payloadBytes }
      const record = makeRecord(options)
      await store.put(record)
      const place = defined(store.locate(keyOf(options)), 'a place')
      const file = defined(machine.medium.find(place.fileName), 'a file')
      assert.deepEqual(file.medium.slice(place.offset, place.offset + place.recordBytes), record)
    }
    await store.close()
  })

  test('dropped ids are gone, at once and after a crash, and can be put again', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const kept = { dataId: dataIdNumber(1) }
    const blocks = [0, 1, 2].map((block) => ({ dataId: dataIdNumber(2), block }))
    for (const options of [kept, ...blocks, { ...kept, group: 2 }]) await store.put(makeRecord(options))
    await store.drop(groupId(1), [dataIdNumber(2), dataIdNumber(3), dataIdNumber(2)])
    machine.kill()
    const again = await machine.open()
    for (const options of blocks) await assert.rejects(again.store.read(keyOf(options)), { code: 'fragment-missing' })
    await assertStored(again.store, kept)
    await assertStored(again.store, { ...kept, group: 2 })
    assert.equal(again.store.usage().fragments, 2)
    assert.equal(await again.store.put(makeRecord(blocks[0] ?? kept)), 'stored')
    await assertStored(again.store, blocks[0] ?? kept)
    await again.store.close()
  })

  test('a drop also removes what was being put when it came', async () => {
    const { store } = await new Machine().open()
    const options = { dataId: dataIdNumber(1), payloadBytes: 100_000 }
    const put = store.put(makeRecord(options))
    await store.drop(groupId(1), [options.dataId])
    assert.equal(await put, 'stored')
    assert.equal(store.stat(keyOf(options)), undefined)
    await store.close()
  })

  for (const what of ['the fragment', 'its data id'] as const) {
    test(`a put that comes while ${what} is being dropped is stored after it, and stays`, async () => {
      // Of both logs, and at several moments of the drop.
      for (const payloadBytes of [1000, 70_000]) {
        for (let turns = 0; turns < 12; turns++) {
          const machine = new Machine()
          const { store } = await machine.open()
          const options = { dataId: dataIdNumber(1), payloadBytes }
          await store.put(makeRecord(options))
          const isForId = what === 'its data id'
          const drop = isForId ? store.drop(groupId(1), [options.dataId]) : store.dropFragments([keyOf(options)])
          for (let turn = 0; turn < turns; turn++) await Promise.resolve()
          assert.equal(await store.put(makeRecord(options)), 'stored')
          await drop
          assert.equal(store.stat(keyOf(options))?.state, 'good')
          machine.kill()
          const again = await machine.open()
          assert.equal(again.store.stat(keyOf(options))?.state, 'good')
          await again.store.close()
        }
      }
    })
  }

  test('single fragments can be dropped, the others of their id stay', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const blocks = [0, 1, 2].map((block) => ({ dataId: dataIdNumber(2), block }))
    for (const options of blocks) await store.put(makeRecord(options))
    await store.dropFragments([keyOf(blocks[1] ?? { dataId: dataIdNumber(2) })])
    machine.kill()
    const again = await machine.open()
    assert.deepEqual(
      again.store.list({ group: groupId(1), limit: 10 }).map(({ key }) => key.block),
      [0, 2],
    )
    await again.store.put(makeRecord({ dataId: dataIdNumber(2), block: 1 }))
    assert.equal(again.store.usage().fragments, 3)
    await again.store.close()
  })

  test('lists are in order, by pages, over memory and index alike', async () => {
    const { store } = await new Machine().open()
    const expected: string[] = []
    for (let index = 0; index < 300; index++) {
      const options = { dataId: dataIdNumber((index * 7) % 100), block: index % 3, group: 1 + (index % 2) }
      await store.put(makeRecord({ ...options, payloadBytes: 10 }))
      if (options.group === 1) expected.push(`${options.dataId}/${options.block}`)
    }
    await store.drop(groupId(1), [dataIdNumber(4), dataIdNumber(50)])
    const listed: string[] = []
    let after = store.list({ group: groupId(1), limit: 7 })
    while (after.length > 0) {
      listed.push(...after.map(({ key }) => `${key.dataId}/${key.block}`))
      const last = defined(after.at(-1), 'a last one').key
      after = store.list({ group: groupId(1), after: last, limit: 7 })
    }
    const dropped = new Set<string>([dataIdNumber(4), dataIdNumber(50)])
    const left = [...new Set(expected)].filter((name) => !dropped.has(name.slice(0, 32))).toSorted()
    assert.deepEqual(listed, left)
    const ids = [...new Set(left.map((name) => name.slice(0, 32)))]
    assert.deepEqual(store.listDataIds({ group: groupId(1), limit: 1000 }), ids)
    const someIds = store.listDataIds({ group: groupId(1), limit: 10 })
    assert.deepEqual(someIds, ids.slice(0, 10))
    assert.deepEqual(
      store.listDataIds({ group: groupId(1), after: defined(someIds.at(-1), 'an id'), limit: 5 }),
      ids.slice(10, 15),
    )
    assert.deepEqual(
      store.listGroups().map(({ group, fragments }) => [group, fragments]),
      [
        [1, left.length],
        [2, 150],
      ],
    )
    await store.close()
  })

  test('ids with many fragments are listed once', async () => {
    const { store } = await new Machine().open()
    for (let block = 0; block < 60; block++) {
      for (const id of [1, 2]) await store.put(makeRecord({ dataId: dataIdNumber(id), block, payloadBytes: 5 }))
    }
    assert.deepEqual(store.listDataIds({ group: groupId(1), limit: 9 }), [dataIdNumber(1), dataIdNumber(2)])
    await store.close()
  })

  test('starts are counted, batches never go back', async () => {
    const machine = new Machine()
    let last: readonly [number, number] = [0, 0]
    for (let start = 1; start <= 4; start++) {
      const { store, report } = await machine.open()
      assert.equal(report.startCount, start)
      assert.equal(report.created, start === 1)
      const [small, large] = report.lastBatches
      assert.ok(small >= last[0] && large >= last[1])
      // Each log has its own number.
      await store.put(makeRecord({ dataId: dataIdNumber(start), payloadBytes: start < 3 ? 1000 : 70_000 }))
      last = store.lastBatches()
      assert.ok(start < 3 ? last[0] > small && last[1] === large : last[0] === small && last[1] > large)
      if (start % 2 === 0) await store.close()
      else machine.losePower()
    }
  })

  test('a directory belongs to one cluster for good', async () => {
    const machine = new Machine()
    const { store, report } = await machine.open()
    assert.equal(report.clusterId, undefined)
    const cluster = defined(parseClusterId('a'.repeat(32)), 'a cluster')
    await store.joinCluster(cluster)
    await store.joinCluster(cluster)
    const other = defined(parseClusterId('b'.repeat(32)), 'a cluster')
    await assert.rejects(store.joinCluster(other), { code: 'foreign-cluster' })
    machine.losePower()
    const again = await machine.open()
    assert.equal(again.report.clusterId, cluster)
    assert.equal(again.report.workerId, report.workerId)
    await again.store.close()
  })

  test('a directory with something else in it is refused, and left as it is', async () => {
    const machine = new Machine()
    machine.medium.create('holiday.jpg')
    await assert.rejects(machine.make().open(), { code: 'directory-foreign', message: /holiday.jpg/, remedy: /--data/ })
    assert.deepEqual(machine.medium.names(), ['holiday.jpg'])
    await assert.rejects(machine.make().open(), { code: 'directory-foreign' })
  })

  test('closing waits for puts and drops that wait for each other', async () => {
    for (let turns = 0; turns < 12; turns++) {
      const machine = new Machine()
      const { store } = await machine.open()
      const options = { dataId: dataIdNumber(1), payloadBytes: 70_000 }
      const calls = Promise.all([
        store.put(makeRecord(options)),
        store.put(makeRecord(options)),
        store.drop(groupId(1), [options.dataId]),
        store.put(makeRecord(options)),
      ])
      for (let turn = 0; turn < turns; turn++) await Promise.resolve()
      await Promise.all([calls, store.close()])
      assert.deepEqual(await calls, ['stored', 'exists', undefined, 'stored'])
      const again = await machine.open()
      await assertStored(again.store, options)
      await again.store.close()
    }
  })

  test('a second store on the directory is refused', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await assert.rejects(machine.make().open(), { code: 'directory-locked' })
    await store.close()
  })

  test('damage to one identity file is mended, to both it is told', async () => {
    const machine = new Machine()
    const { store, report } = await machine.open()
    await store.close()
    machine.medium.flipBit('identity-1', 10)
    const again = await machine.open()
    assert.equal(again.report.workerId, report.workerId)
    assert.equal(again.report.startCount, 2)
    await again.store.close()
    machine.medium.flipBit('identity-1', 10)
    machine.medium.flipBit('identity-2', 10)
    await assert.rejects(machine.make().open(), { code: 'store-corrupt' })
  })

  test('a version that one identity file has by damage does not refuse the directory', async () => {
    for (const name of ['identity-1', 'identity-2']) {
      const machine = new Machine()
      const { store, report } = await machine.open()
      await store.close()
      machine.medium.flipBit(name, 4, 3)
      const again = await machine.open()
      assert.equal(again.report.workerId, report.workerId)
      await again.store.close()
    }
  })

  test('a directory of a newer version is refused', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await store.close()
    const newer = defined(machine.medium.find('identity-1'), 'a file').medium.slice(0, 60)
    newer[4] = 2
    machine.medium.overwrite('identity-1', 0, newer)
    machine.medium.overwrite('identity-1', 60, new Uint8Array(Uint32Array.of(crc32Short(newer, 0, 60)).buffer))
    await assert.rejects(machine.make().open(), { code: 'format-unsupported' })
  })
})
