// Placement groups fill, close to new data and give way to new ones, and nothing of it is seen by whoever reads and writes.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { GroupId } from '../../../src/base/ids.ts'
import { MIB, SECOND_MS } from '../../../src/base/units.ts'
import type { GroupRow } from '../../../src/meta/contract/group-metadata.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'

const bucket = 'default'
const block = 19_200
/** Every slot of a group gets a fragment of each of its blocks, of at least so many bytes. */
const fragmentBytes = block / 3
const groupsPerWorker = 2
const groupBytesPerSlotMax = 8 * fragmentBytes
/** The groups have been measured, and what follows from it is done. */
const roundMs = 12 * SECOND_MS

async function groupsOf(cluster: SimulatedCluster): Promise<readonly GroupRow[]> {
  const { groups } = await cluster.master().metadata.listGroups({ since: 0, limit: 1000 })
  return groups
}

async function closedGroups(cluster: SimulatedCluster): Promise<readonly GroupId[]> {
  return (await groupsOf(cluster)).filter((row) => row.state === 'closed').map((row) => row.group)
}

/** The groups of a file's extents. */
async function placesOf(cluster: SimulatedCluster, key: string): Promise<readonly GroupId[]> {
  const row = await cluster.master().metadata.getHead(bucket, key)
  assert.ok(row !== undefined)
  return row.extents.map((extent) => extent.group)
}

/** Uploads files until so many groups are closed. */
async function fill(cluster: SimulatedCluster, closed: number): Promise<ReadonlyMap<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (let count = 0; (await closedGroups(cluster)).length < closed; count++) {
    assert.ok(count < 200, 'groups close')
    const bytes = cluster.random.bytes(3 * block)
    await cluster.put(`fill-${count}`, bytes)
    files.set(`fill-${count}`, bytes)
    await cluster.advance(2 * SECOND_MS)
  }
  return files
}

describe('a placement group that is full', () => {
  test('closes, others are opened in its place, and everything stays readable', async () => {
    const cluster = await SimulatedCluster.start({ groupsPerWorker, groupBytesPerSlotMax })
    const files = await fill(cluster, 6)
    const groups = await groupsOf(cluster)
    assert.equal(groups.filter((row) => row.state === 'writable').length, groupsPerWorker)
    for (const row of groups) assert.equal(row.state === 'closed', row.bytesPerSlot >= groupBytesPerSlotMax)
    for (const [key, bytes] of files) assert.deepEqual(await cluster.get(key), bytes, key)
    for (const row of await cluster.dataRows()) assert.equal(row.state, 'live')
  })

  test('takes no new extents', async () => {
    const cluster = await SimulatedCluster.start({ groupsPerWorker, groupBytesPerSlotMax })
    await fill(cluster, 2)
    const closed = await closedGroups(cluster)
    for (let count = 0; count < 20; count++) {
      await cluster.put(`new-${count}`, new Uint8Array(10))
      for (const group of await placesOf(cluster, `new-${count}`)) assert.ok(!closed.includes(group))
    }
  })

  test('closes only when another one is open, so that no upload is refused between', async () => {
    // The only group is always the one that fills, and each step of its replacement takes as long as an upload.
    const cluster = await SimulatedCluster.start({ groupsPerWorker: 1, groupBytesPerSlotMax, commitMs: () => 150 })
    const endMs = cluster.time.nowMs + 5 * roundMs
    for (let count = 0; cluster.time.nowMs < endMs; count++) await cluster.put(`${count}`, new Uint8Array(block))
    assert.ok((await closedGroups(cluster)).length >= 3)
  })

  test('is left by an upload in progress, which goes on in another one', async () => {
    const cluster = await SimulatedCluster.start({ groupsPerWorker: 1, groupBytesPerSlotMax, memoryBytes: 4 * MIB })
    const bytes = cluster.random.bytes(14 * block + 5)
    const upload = await cluster.run(cluster.files.put({ bucket, key: 'long' }))
    for (let at = 0; at < bytes.length; at += block) {
      await cluster.run(Promise.resolve(upload.write(bytes.slice(at, at + block))))
      // Half of it fills the group.
      if (at === 9 * block) await cluster.advance(roundMs)
    }
    await cluster.run(upload.finish())
    assert.equal((await placesOf(cluster, 'long')).length, 2)
    assert.deepEqual(await closedGroups(cluster), (await placesOf(cluster, 'long')).slice(0, 1))
    assert.deepEqual(await cluster.get('long'), bytes)
  })

  test('stays open while two of five workers are away, and closes when they are back', async () => {
    const cluster = await SimulatedCluster.start({ groupsPerWorker, groupBytesPerSlotMax })
    const away = [cluster.worker(1), cluster.worker(3)]
    for (const node of away) node.kill()
    await cluster.advance(SECOND_MS)
    for (let count = 0; count < 20; count++) await cluster.put(`degraded-${count}`, cluster.random.bytes(block))
    await cluster.advance(roundMs)
    const full = (await groupsOf(cluster)).filter((row) => row.bytesPerSlot >= groupBytesPerSlotMax)
    assert.ok(full.length > 0)
    assert.deepEqual(await closedGroups(cluster), [])
    await cluster.put('more', new Uint8Array(block))
    for (const node of away) await cluster.run(node.start())
    await cluster.advance(roundMs)
    const closed = await closedGroups(cluster)
    for (const row of full) assert.ok(closed.includes(row.group))
    await cluster.put('again', new Uint8Array(block))
    assert.equal((await cluster.get('degraded-0')).length, block)
  })

  test('is closed by the next holder of the lease, for uploads through every master', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2, groupsPerWorker, groupBytesPerSlotMax })
    const { metadata } = cluster.master()
    const lease = await metadata.getLease('background')
    const holder = cluster.masters.findIndex((node) => node.process === lease?.holder)
    assert.ok(holder >= 0)
    for (let count = 0; count < 20; count++) await cluster.put(`file-${count}`, cluster.random.bytes(block))
    assert.deepEqual(await closedGroups(cluster), [])
    cluster.master(holder).kill()
    if (holder === 0) await cluster.run(cluster.master(0).start())
    await cluster.advance(40 * SECOND_MS)
    const closed = await closedGroups(cluster)
    assert.ok(closed.length > 0)
    const through = cluster.masters.findIndex((node) => node.isRunning)
    await cluster.put('new', new Uint8Array(block), { master: through })
    for (const group of await placesOf(cluster, 'new')) assert.ok(!closed.includes(group))
    assert.equal((await cluster.get('file-7')).length, block)
  })
})
