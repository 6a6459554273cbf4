// A master's questions about what a worker holds, over the wire: digests, listings, and dropping what is meant.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { bucketOf, FragmentDigest } from '../../../src/codec/fragment-digest.ts'
import { slotOf } from '../../../src/codec/geometry.ts'
import type { HeldFragment } from '../../../src/rpc/messages/fragment-sets.ts'
import { callOptions, scheme, WorkerWorld } from './worker-world.ts'

async function storeMany(world: WorkerWorld, count: number): Promise<void> {
  for (let number = 0; number < count; number++) await world.putBlock(world.makeBlock(1 + number * 20, number % 4))
}

describe('what a worker holds of a slot', () => {
  test('is equal to what should be there, by its digest', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const { group } = world.group()
    const expected = [0, 1, 2, 3, 4].map(() => new FragmentDigest())
    for (let number = 0; number < 30; number++) {
      const stored = world.makeBlock(number * 30, number)
      await world.putBlock(stored)
      for (const column of stored.records.keys()) {
        expected[world.holderOf(stored, column)]?.add(stored.dataId, stored.block, column)
      }
    }
    for (const [slot, digest] of expected.entries()) {
      const held = await world.run(world.link(slot).digest(group, scheme, slot, callOptions))
      assert.deepEqual(held.differences(digest), [])
      assert.equal(held.total, digest.total)
      const others = await world.run(world.link(slot).digest(group, scheme, (slot + 1) % 5, callOptions))
      assert.equal(others.total, 0)
    }
  })

  test('differs in the bucket of what went missing, which a listing of the bucket names', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const { group, epoch } = world.group()
    await storeMany(world, 40)
    const link = world.link(3)
    const before = await world.run(link.digest(group, scheme, 3, callOptions))
    const all = await world.run(link.listFragments({ group, place: { scheme, slot: 3 }, limit: 10_000 }, callOptions))
    assert.equal(all.next, undefined)
    assert.equal(all.fragments.length, before.total)
    const meant = defined(all.fragments[7], 'a fragment')
    const wrong = { ...defined(all.fragments[8], 'a fragment'), headerCrc: 1 }
    assert.equal(await world.run(link.dropFragments(group, epoch, [meant, wrong], callOptions)), 1)
    const after = await world.run(link.digest(group, scheme, 3, callOptions))
    const buckets = after.differences(before)
    assert.deepEqual(buckets, [bucketOf(meant.dataId)])
    const rest = await world.run(
      link.listFragments({ group, place: { scheme, slot: 3 }, buckets, limit: 100 }, callOptions),
    )
    assert.ok(!rest.fragments.some(({ dataId }) => dataId === meant.dataId))
  })

  test('is listed page by page', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const { group } = world.group()
    await storeMany(world, 25)
    const link = world.link(1)
    const listed: HeldFragment[] = []
    for (let page = await world.run(link.listFragments({ group, limit: 4 }, callOptions)); ;) {
      listed.push(...page.fragments)
      assert.ok(page.fragments.length <= 4)
      if (page.next === undefined) break
      page = await world.run(link.listFragments({ group, after: page.next, limit: 4 }, callOptions))
    }
    const { store } = world.node(1).worker
    assert.equal(listed.length, store.usage().fragments)
    for (const { dataId, block, column, headerCrc } of listed) {
      assert.equal(slotOf(scheme, dataId, block, column), 1)
      assert.equal(store.stat({ group, dataId, block, column })?.headerCrc, headerCrc)
    }
  })
})
