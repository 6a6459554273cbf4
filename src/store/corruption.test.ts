// Damage to what lies on the disk: it must never be served, it must be told, and a put must mend it.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import type { FragmentPlace } from './contract.ts'
import type { FragmentStore } from './fragment-store.ts'
import { fragmentText, idText, textToBytes } from './fragment-key.ts'
import { segmentKey } from './index-rows.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, payloadOf, type RecordOptions } from './testing/records.ts'

function placeOf(store: FragmentStore, options: RecordOptions): FragmentPlace {
  return defined(store.locate(keyOf(options)), 'a place')
}

/** What reading gives: the right bytes, or the code of the error. Wrong bytes fail the test. */
async function outcomeOf(store: FragmentStore, options: RecordOptions): Promise<string> {
  try {
    const read = await store.read(keyOf(options))
    assert.deepEqual(read.bytes.slice(), payloadOf(options))
    read.release()
    return 'right'
  } catch (error) {
    return errorCode(error) ?? String(error)
  }
}

/** A row of the index with a bit flipped. */
function flipped(row: Uint8Array): Uint8Array {
  return row.with(5, (row[5] ?? 0) ^ 4)
}

/** What was found in a look-up is noted afterwards. */
async function endOfTurn(): Promise<void> {
  await new Promise(setImmediate)
}

const small = { dataId: dataIdNumber(1), payloadBytes: 20_000 }
const large = { dataId: dataIdNumber(2), payloadBytes: 100_000 }

describe('Damage on the disk', () => {
  for (const [name, options] of [['small', small] as const, ['large', large] as const]) {
    test(`a flipped bit anywhere in a ${name} record is found, told, and mended by a put`, async () => {
      const machine = new Machine()
      const { store } = await machine.open()
      await store.put(makeRecord(options))
      const random = new SeededRandom(5)
      const used = options.payloadBytes + 64
      for (let round = 0; round < 40; round++) {
        const { fileName, offset, recordBytes } = placeOf(store, options)
        machine.medium.flipBit(fileName, offset + random.below(Math.min(used, recordBytes)), random.below(8))
        assert.equal(await outcomeOf(store, options), 'fragment-corrupt')
        assert.equal(await outcomeOf(store, options), 'fragment-corrupt')
        assert.equal(store.stat(keyOf(options))?.state, 'damaged')
        assert.deepEqual(store.listDamaged({ limit: 10 }), [keyOf(options)])
        assert.deepEqual(store.list({ group: groupId(1), limit: 10 }), [])
        assert.equal(machine.damaged.length, round + 1)
        assert.equal(await store.put(makeRecord(options)), 'stored')
        assert.equal(await outcomeOf(store, options), 'right')
        assert.equal(store.usage().damaged, 0)
      }
      await store.close()
    })
  }

  test('damage outside the chunks that are asked for does not matter to them', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await store.put(makeRecord(large))
    const { fileName, offset } = placeOf(store, large)
    machine.medium.flipBit(fileName, offset + 4096 + 50_000)
    const read = await store.read(keyOf(large), { firstChunk: 0, endChunk: 2 })
    assert.deepEqual(read.bytes.slice(), payloadOf(large).slice(0, 20_480))
    read.release()
    await assert.rejects(store.read(keyOf(large), { firstChunk: 4, endChunk: 5 }), { code: 'fragment-corrupt' })
    await store.close()
  })

  test('a put of what is stored, but damaged, replaces it', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await store.put(makeRecord(small))
    const { fileName, offset } = placeOf(store, small)
    machine.medium.flipBit(fileName, offset + 5000)
    assert.equal(await store.put(makeRecord(small)), 'stored')
    assert.equal(machine.damaged.length, 1)
    assert.equal(await outcomeOf(store, small), 'right')
    await store.close()
  })

  test('records that changed places are not served', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const options = [3, 4].map((id) => ({ dataId: dataIdNumber(id), payloadBytes: 70_000, seed: id }))
    const [first, second] = [defined(options[0], 'first'), defined(options[1], 'second')]
    for (const record of options) await store.put(makeRecord(record))
    const file = defined(machine.medium.find(placeOf(store, first).fileName), 'a file')
    const places = [placeOf(store, first), placeOf(store, second)]
    const bytes = places.map((place) => file.medium.slice(place.offset, place.offset + place.recordBytes))
    for (const [index, place] of places.entries()) {
      machine.medium.overwrite(place.fileName, place.offset, defined(bytes[1 - index], 'the other'))
    }
    for (const record of options) assert.equal(await outcomeOf(store, record), 'fragment-corrupt')
    await store.close()
  })

  test('a segment that was cut off is found at the start; what is left of it is served', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = Array.from({ length: 8 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 8000 }))
    for (const options of records) await store.put(makeRecord(options))
    const cut = placeOf(store, defined(records[5], 'a record'))
    await store.close()
    machine.medium.truncate(cut.fileName, cut.offset + 100)
    const again = await machine.open()
    assert.equal(again.report.lostFragments, 3)
    assert.equal(again.store.usage().fragments, 5)
    assert.equal(again.store.usage().damaged, 3)
    const outcomes: string[] = []
    for (const options of records) outcomes.push(await outcomeOf(again.store, options))
    assert.deepEqual(outcomes, [...Array<string>(5).fill('right'), ...Array<string>(3).fill('fragment-corrupt')])
    for (const options of records) await again.store.put(makeRecord(options))
    for (const options of records) assert.equal(await outcomeOf(again.store, options), 'right')
    await again.store.close()
  })

  test('a segment that is cut off while the store is open is not served', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await store.put(makeRecord(large))
    const { fileName, offset } = placeOf(store, large)
    machine.medium.truncate(fileName, offset + 90_000)
    assert.equal(await outcomeOf(store, large), 'fragment-corrupt')
    await store.close()
  })

  test('a segment that is gone is found at the start', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await store.put(makeRecord(small))
    await store.put(makeRecord(large))
    const { fileName } = placeOf(store, small)
    await store.close()
    machine.medium.lose(fileName)
    const again = await machine.open()
    assert.equal(again.report.lostFragments, 1)
    assert.equal(await outcomeOf(again.store, small), 'fragment-corrupt')
    assert.equal(await outcomeOf(again.store, large), 'right')
    await again.store.close()
    const third = await machine.open()
    assert.equal(third.report.lostFragments, 0)
    assert.deepEqual(third.store.listDamaged({ limit: 5 }), [keyOf(small)])
    assert.deepEqual(third.store.listDamaged({ limit: 5, after: keyOf(small) }), [])
    await third.store.close()
  })

  test('a segment whose row the index hides is kept, and the index is made again', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = Array.from({ length: 20 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 30_000 }))
    for (const options of records) await store.put(makeRecord(options))
    await store.close()
    const segments = machine.segments()
    for (const name of segments) {
      machine.indexes.damageRow('index', segmentKey(Number.parseInt(name.slice(-12), 10)), () => undefined)
      const again = await machine.open()
      assert.deepEqual(machine.segments(), segments)
      assert.equal(again.report.indexRebuilt, true)
      for (const options of records) assert.equal(await outcomeOf(again.store, options), 'right')
      await again.store.close()
    }
  })

  test('a damaged row of the index counts as damage to its fragment, and the next start makes the index again', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    const records = Array.from({ length: 5 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 3000 }))
    for (const options of records) await store.put(makeRecord(options))
    const [first, second, third] = [dataIdNumber(0), dataIdNumber(1), dataIdNumber(2)].map((dataId) =>
      keyOf({ dataId }),
    )
    await store.dropFragments([defined(first, 'a key')])
    await store.close()
    // A tombstone, a fragment that is only read, and one that is put again.
    for (const key of [first, second, third]) {
      machine.indexes.damageRow('index', textToBytes(fragmentText(defined(key, 'a key'))), flipped)
    }
    const again = await machine.open()
    assert.equal(again.report.indexRebuilt, false)
    const outcomes: string[] = []
    for (const options of records) outcomes.push(await outcomeOf(again.store, options))
    assert.deepEqual(outcomes, [...Array<string>(3).fill('fragment-corrupt'), 'right', 'right'])
    await endOfTurn()
    assert.deepEqual(again.store.listDamaged({ limit: 10 }), [first, second, third])
    assert.equal(again.store.usage().damaged, 3)
    await again.store.put(makeRecord(defined(records[2], 'a record')))
    assert.equal(again.store.usage().damaged, 2)
    // Even if it is killed: a checkpoint comes with every start.
    await again.store.checkpoint()
    machine.kill()
    const healed = await machine.open()
    assert.equal(healed.report.indexRebuilt, true)
    assert.equal(await outcomeOf(healed.store, defined(records[0], 'a record')), 'fragment-missing')
    for (const options of records.slice(1)) assert.equal(await outcomeOf(healed.store, options), 'right')
    assert.deepEqual(
      [healed.store.usage().fragments, healed.store.usage().damaged, healed.store.listGroups()[0]?.fragments],
      [4, 0, 4],
    )
    await healed.store.close()
    const last = await machine.open()
    assert.equal(last.report.indexRebuilt, false)
    await last.store.close()
  })

  for (const when of ['when the store opens', 'later'] as const) {
    test(`a damaged row that is found ${when} leaves no count below nothing`, async () => {
      const machine = new Machine()
      const { store } = await machine.open()
      await store.put(makeRecord(small))
      await store.checkpoint()
      if (when === 'when the store opens') await store.drop(groupId(1), [small.dataId])
      machine.kill()
      machine.indexes.damageRow('index', textToBytes(fragmentText(keyOf(small))), flipped)
      const again = await machine.open()
      if (when === 'later') await again.store.drop(groupId(1), [small.dataId])
      assert.equal(again.store.stat(keyOf(small)), undefined)
      const { fragments, damaged } = again.store.usage()
      assert.ok(fragments >= 0 && damaged === 0, `${fragments} fragments, ${damaged} damaged`)
      await again.store.close()
      const healed = await machine.open()
      assert.deepEqual([healed.report.indexRebuilt, healed.store.usage().fragments], [true, 0])
      await healed.store.close()
    })
  }

  test('a data id whose tombstone has a damaged row stays dropped, whatever is compacted before the index is made again', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    // The fragment's segment lives on, with its dead record in it; the tombstone's segment goes.
    const others = Array.from({ length: 40 }, (_, index) => ({
      dataId: dataIdNumber(10 + index),
      payloadBytes: 20_000,
    }))
    await store.put(makeRecord(small))
    for (const options of others.slice(0, 12)) await store.put(makeRecord(options))
    await store.drop(groupId(1), [small.dataId])
    for (const options of others.slice(12)) await store.put(makeRecord(options))
    await store.close()
    machine.indexes.damageRow('index', textToBytes(idText(groupId(1), small.dataId)), flipped)
    const again = await machine.open()
    assert.equal(again.store.stat(keyOf(small)), undefined)
    await again.store.put(makeRecord({ ...small, column: 1 }))
    await again.store.dropFragments([keyOf({ ...small, column: 1 })])
    for (const options of others.slice(12)) await again.store.drop(groupId(1), [options.dataId])
    const before = machine.segments().length
    while (await again.store.compactOnce());
    assert.ok(machine.segments().length < before, 'something was compacted')
    await again.store.close()
    machine.indexes.damaged.add('index')
    const healed = await machine.open()
    assert.equal(healed.report.indexRebuilt, true)
    assert.equal(healed.store.stat(keyOf(small)), undefined)
    await healed.store.close()
  })

  test('a disk that does not give a record back counts as damage to it', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await store.put(makeRecord(small))
    machine.medium.faults = { read: (name) => name.startsWith('small/') }
    assert.equal(await outcomeOf(store, small), 'disk-failed')
    machine.medium.faults = {}
    assert.equal(await outcomeOf(store, small), 'fragment-corrupt')
    assert.equal(await store.put(makeRecord(small)), 'stored')
    assert.equal(await outcomeOf(store, small), 'right')
    await store.close()
  })

  test('a lost or misdirected write is found when it is read', async () => {
    for (const fault of ['lost', { misdirectedBy: -8192 }] as const) {
      const machine = new Machine()
      const { store } = await machine.open()
      for (const id of [1, 2]) await store.put(makeRecord({ ...small, dataId: dataIdNumber(id) }))
      machine.medium.faults = { append: () => fault }
      await store.put(makeRecord({ ...small, dataId: dataIdNumber(3) }))
      machine.medium.faults = {}
      await store.put(makeRecord({ ...small, dataId: dataIdNumber(4) }))
      await store.close()
      machine.losePower()
      const again = await machine.open()
      assert.equal(await outcomeOf(again.store, { ...small, dataId: dataIdNumber(1) }), 'right')
      assert.equal(await outcomeOf(again.store, { ...small, dataId: dataIdNumber(3) }), 'fragment-corrupt')
      assert.equal(await outcomeOf(again.store, { ...small, dataId: dataIdNumber(4) }), 'right')
      await again.store.close()
    }
  })

  test('whatever bit of a store flips, nothing wrong is served', async () => {
    const random = new SeededRandom(11)
    for (let round = 0; round < 60; round++) {
      const machine = new Machine(round + 1)
      const { store } = await machine.open()
      const records = Array.from({ length: 12 }, (_, index) => ({
        dataId: dataIdNumber(index),
        payloadBytes: index % 3 === 0 ? 66_000 : 3000,
        seed: index + 1,
      }))
      for (const options of records) await store.put(makeRecord(options))
      await store.drop(groupId(1), [dataIdNumber(4)])
      if (round % 2 === 0) await store.close()
      else machine.kill()
      const names = machine.segments()
      for (let flips = 0; flips < 3; flips++) {
        const name = defined(names[random.below(names.length)], 'a segment')
        machine.medium.flipBit(name, random.below(defined(machine.medium.find(name), 'a file').medium.length), 1)
      }
      if (round % 3 === 0) machine.indexes.damaged.add('index')
      const again = await machine.open()
      for (const options of records) {
        const outcome = await outcomeOf(again.store, options)
        assert.ok(['right', 'fragment-corrupt', 'fragment-missing'].includes(outcome), outcome)
      }
      for (const options of records) await again.store.put(makeRecord(options))
      for (const options of records) assert.equal(await outcomeOf(again.store, options), 'right')
      await again.store.close()
    }
  })
})
