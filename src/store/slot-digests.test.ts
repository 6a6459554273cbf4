// The digests of slots say exactly what a full listing says, whatever happened to the fragments, before and while they were made.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SimulatedIndexFactory, SimulatedIndexMedium } from '../../sim/ports/index-store.ts'
import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { bucketOf, FragmentDigest } from '../codec/fragment-digest.ts'
import { slotOf } from '../codec/geometry.ts'
import type { FragmentKey, FragmentListEntry } from './contract.ts'
import type { FragmentStore } from './fragment-store.ts'
import { EntryTable } from './entry-table.ts'
import { boundAfter, fragmentText, idText } from './fragment-key.ts'
import { listSlice, pageOf, passesFilter } from './fragment-listing.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, type RecordOptions } from './testing/records.ts'

const scheme = { dataColumns: 1, parityColumns: 1 }
const groups = [groupId(1), groupId(2)]
const slots = [0, 1]

function digestOf(keys: readonly FragmentKey[]): FragmentDigest {
  const digest = new FragmentDigest()
  for (const { dataId, block, column } of keys) digest.add(dataId, block, column)
  return digest
}

function listed(store: FragmentStore, group: number, slot?: number): readonly FragmentKey[] {
  const keys = store.list({ group: groupId(group), limit: 10_000 }).map(({ key }) => key)
  if (slot === undefined) return keys
  return keys.filter(({ dataId, block, column }) => slotOf(scheme, dataId, block, column) === slot)
}

async function assertExact(store: FragmentStore): Promise<void> {
  for (const group of groups) {
    for (const slot of slots) {
      const digest = await store.digest(group, scheme, slot)
      const expected = digestOf(listed(store, group, slot))
      assert.deepEqual(digest.differences(expected), [])
      assert.equal(digest.total, expected.total)
    }
  }
}

function randomFragment(random: SeededRandom): RecordOptions {
  return {
    group: 1 + random.below(2),
    dataId: dataIdNumber(random.below(60)),
    block: random.below(3),
    column: random.below(2),
    payloadBytes: [10, 900, 70_000][random.below(3)] ?? 0,
  }
}

/** Flips a bit of a stored fragment, and has it read. */
async function damageOne(machine: Machine, store: FragmentStore, random: SeededRandom): Promise<void> {
  const keys = listed(store, 1 + random.below(2))
  const key = keys[random.below(Math.max(1, keys.length))]
  const place = key === undefined ? undefined : store.locate(key)
  if (key === undefined || place === undefined) return
  machine.medium.flipBit(place.fileName, place.offset + random.below(place.recordBytes), random.below(8))
  await store.read(key).then(
    (read) => read.release(),
    () => undefined,
  )
}

describe('the digest of a slot', () => {
  test('equals a full listing after random puts, drops, damage, compaction and starts', async () => {
    for (let seed = 1; seed <= 12; seed++) {
      const machine = new Machine(seed)
      const random = new SeededRandom(seed)
      let { store } = await machine.open()
      for (let step = 0; step < 60; step++) {
        const chance = random.below(100)
        if (chance < 60) {
          const puts = Array.from({ length: 1 + random.below(8) }, () => store.put(makeRecord(randomFragment(random))))
          // Of two sizes of one fragment the second is refused.
          await Promise.allSettled(puts)
        } else if (chance < 70) await store.drop(groupId(1 + random.below(2)), [dataIdNumber(random.below(60))])
        else if (chance < 75) await store.dropFragments([keyOf(randomFragment(random))])
        else if (chance < 85) await damageOne(machine, store, random)
        else if (chance < 92) await store.compactOnce()
        else if (chance < 95) await store.checkpoint()
        else if (chance < 98) {
          await store.close()
          if (random.below(3) === 0) machine.indexes.damaged.add('index')
          store = (await machine.open()).store
        }
        if (random.below(3) === 0) await assertExact(store)
      }
      await assertExact(store)
      await store.close()
    }
  })

  test('is exact when fragments come and go while it is made', async () => {
    const machine = new Machine()
    const { store } = await machine.open({ memoryEntriesMax: 4096 })
    const random = new SeededRandom(4)
    const many = Array.from({ length: 9000 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 1 }))
    await Promise.all(many.map((options) => store.put(makeRecord(options))))
    const digesting = store.digest(groupId(1), scheme, 0)
    // Before, within, and behind where the walk is.
    const changes: Promise<unknown>[] = []
    for (let change = 0; change < 300; change++) {
      const dataId = dataIdNumber(random.below(12_000))
      changes.push(
        change % 2 === 0
          ? store.drop(groupId(1), [dataId])
          : store.put(makeRecord({ dataId, payloadBytes: 1, block: 1 + random.below(2) })),
      )
      if (change % 10 === 0) await Promise.all(changes)
    }
    const digest = await digesting
    const before = listed(store, 1, 0)
    await Promise.all(changes)
    assert.ok(Math.abs(digest.total - before.length) < 300)
    await assertExact(store)
    await store.close()
  })

  test("is the caller's own copy", async () => {
    const { store } = await new Machine().open()
    await store.put(makeRecord({ dataId: dataIdNumber(1) }))
    const first = await store.digest(groupId(1), scheme, slotOf(scheme, dataIdNumber(1), 0, 0))
    await store.drop(groupId(1), [dataIdNumber(1)])
    assert.equal(first.total, 1)
    await assertExact(store)
    await store.close()
  })

  test('is made anew where the index has lost an entry', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    for (let number = 0; number < 50; number++) await store.put(makeRecord({ dataId: dataIdNumber(number) }))
    await store.checkpoint()
    await assertExact(store)
    let lost = 0
    for (const [, row] of defined(machine.indexes.indexes.get('index'), 'the index')) {
      // What an entry's row is long.
      if (row.length === 24 && ++lost % 5 === 0) row[5] = (row[5] ?? 0) ^ 1
    }
    const held = listed(store, 1)
    assert.ok(held.length < 50)
    await assertExact(store)
    await store.close()
  })

  test('is refused, and not waited for, when the store is closed meanwhile', async () => {
    const { store } = await new Machine().open({ memoryEntriesMax: 4096 })
    const many = Array.from({ length: 9000 }, (_, index) => ({ dataId: dataIdNumber(index), payloadBytes: 1 }))
    await Promise.all(many.map((options) => store.put(makeRecord(options))))
    const refused = assert.rejects(store.digest(groupId(1), scheme, 0), (error) => errorCode(error) === 'cancelled')
    await store.close()
    await refused
  })
})

async function listAll(
  store: FragmentStore,
  options: Omit<Parameters<FragmentStore['listFragments']>[0], 'after'>,
): Promise<{ readonly entries: readonly FragmentListEntry[] }> {
  const entries: FragmentListEntry[] = []
  let after: FragmentKey | undefined
  for (let pages = 1; ; pages++) {
    const page = await store.listFragments({ ...options, after })
    entries.push(...page.fragments)
    if (page.next === undefined) return { entries }
    assert.ok(pages < 1000)
    after = page.next
  }
}

describe('listing the fragments of a slot', () => {
  test('gives those of the slot and the buckets asked for, in order, whatever the size of the pages', async () => {
    const { store } = await new Machine(3).open()
    const random = new SeededRandom(3)
    const puts = Array.from({ length: 300 }, () =>
      store.put(makeRecord({ ...randomFragment(random), payloadBytes: 5 })),
    )
    await Promise.all(puts)
    const first = defined(listed(store, 1)[0], 'a fragment')
    const buckets = [bucketOf(first.dataId), bucketOf(dataIdNumber(7)), 1023]
    for (const limit of [1, 7, 10_000]) {
      for (const slot of [undefined, 0, 1]) {
        for (const wanted of [undefined, buckets]) {
          const { entries } = await listAll(store, {
            group: groupId(1),
            place: slot === undefined ? undefined : { scheme, slot },
            buckets: wanted,
            limit,
          })
          const expected = store
            .list({ group: groupId(1), limit: 10_000 })
            .filter(({ key }) => slot === undefined || slotOf(scheme, key.dataId, key.block, key.column) === slot)
            .filter(({ key }) => wanted === undefined || wanted.includes(bucketOf(key.dataId)))
          assert.deepEqual(entries, expected)
        }
      }
    }
    await store.close()
  })

  test('goes on behind many tombstones', async () => {
    const { store } = await new Machine().open({ memoryEntriesMax: 65_536, segmentBytesMax: 16 * 1024 * 1024 })
    const ids = Array.from({ length: 6000 }, (_, index) => dataIdNumber(index))
    await Promise.all(ids.map((dataId) => store.put(makeRecord({ dataId, payloadBytes: 1, chunkSizeBytes: 64 }))))
    await store.drop(groupId(1), ids.slice(500, 4500))
    await store.drop(groupId(1), ids.slice(4500, 5500))
    await store.put(makeRecord({ dataId: dataIdNumber(4000), payloadBytes: 1, chunkSizeBytes: 64 }))
    const { entries } = await listAll(store, { group: groupId(1), limit: 400 })
    const held = [...ids.slice(0, 500), dataIdNumber(4000), ...ids.slice(5500)]
    assert.deepEqual(
      entries.map(({ key }) => key.dataId),
      held,
    )
    await assertExact(store)
    await store.close()
  })

  test('looks at a bounded part of the index at a time', async () => {
    const factory = new SimulatedIndexFactory(new SimulatedIndexMedium())
    const index = await factory.open('index')
    assert.ok(index !== 'damaged')
    const table = new EntryTable(index, assert.fail)
    const entry = { segment: 1, offset: 0, bytes: 80, sequence: 1, headerCrc: 1 }
    // Only the last one has a fragment; before it lie tombstones of data ids, which no page could name.
    const ids = Array.from({ length: 10_000 }, (_, number) => dataIdNumber(number))
    for (const dataId of ids) table.set(idText(groupId(1), dataId), { ...entry, state: 'dropped' })
    const last = { ...keyOf({ dataId: dataIdNumber(9999) }) }
    table.set(fragmentText(last), { ...entry, state: 'good' })
    const passes = passesFilter({})
    let from: string | undefined
    const nexts: (FragmentKey | undefined)[] = []
    for (;;) {
      const slice = listSlice(table, { group: groupId(1), from, limit: 10 }, passes)
      const page = pageOf(slice.fragments, slice.next)
      nexts.push(page.next)
      if (page.next === undefined) {
        assert.deepEqual(page.fragments[0]?.key, last)
        break
      }
      assert.deepEqual(page.fragments, [])
      from = boundAfter(fragmentText(page.next))
    }
    assert.equal(nexts.length, 3)
    assert.ok(nexts.slice(0, 2).every((next) => next !== undefined && next.column === 15))
  })
})

describe('dropping the fragments that are meant', () => {
  test('leaves those with another header checksum, and says how many went', async () => {
    const { store } = await new Machine().open()
    const fragments = [1, 2, 3].map((number) => ({ dataId: dataIdNumber(number), seed: number }))
    for (const options of fragments) await store.put(makeRecord(options))
    const [first, second, third] = fragments.map((options) => {
      const key = keyOf(options)
      return { ...key, headerCrc: defined(store.stat(key), 'a fragment').headerCrc }
    })
    const notHeld = { ...keyOf({ dataId: dataIdNumber(9) }), headerCrc: 1 }
    const meant = [
      defined(first, 'first'),
      { ...defined(second, 'second'), headerCrc: defined(third, 'third').headerCrc },
      notHeld,
    ]
    assert.equal(await store.dropFragments(meant), 1)
    assert.deepEqual(
      store.list({ group: groupId(1), limit: 10 }).map(({ key }) => key.dataId),
      [dataIdNumber(2), dataIdNumber(3)],
    )
    assert.equal(await store.dropFragments(meant), 0)
    await store.close()
  })
})
