// Disks that lose bytes, and disks that fail: what is lost is found by reading everything, made again, and what fails gets nothing new.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SimulatedCluster } from '../../../sim/cluster.ts'
import { defined } from '../../../src/base/assert.ts'
import { MINUTE_MS, SECOND_MS } from '../../../src/base/units.ts'
import type { DataId } from '../../../src/base/ids.ts'
import type { ClusterState, WorkerInfo } from '../../../src/master/file-service.ts'

const block = 19_200
const healing = { outAfterMs: 40 * SECOND_MS, compareEveryMs: 20 * SECOND_MS }

/** The simulated metadata answers at once: no time needs to pass. */
async function stateOf(cluster: SimulatedCluster): Promise<ClusterState> {
  return await cluster.files.cluster()
}

async function workerInfo(cluster: SimulatedCluster, index: number): Promise<WorkerInfo> {
  const { id } = cluster.worker(index)
  const { workers } = await stateOf(cluster)
  return defined(
    workers.find((worker) => worker.id === id),
    'the worker is known',
  )
}

/** Flips a byte of every record of the worker; how many there are. */
function damageAll(cluster: SimulatedCluster, index: number): number {
  const node = cluster.worker(index)
  const { store } = node.worker
  let count = 0
  for (const { group } of store.listGroups()) {
    for (const { key } of store.list({ group, limit: 10_000 })) {
      const { fileName, offset } = defined(store.locate(key), 'a place')
      node.medium.flipBit(fileName, offset + 70)
      count++
    }
  }
  return count
}

/** Data ids of which the worker holds something. */
function idsOn(cluster: SimulatedCluster, index: number): readonly DataId[] {
  const { store } = cluster.worker(index).worker
  return store.listGroups().flatMap(({ group }) => store.listDataIds({ group, limit: 10_000 }))
}

describe('what a disk has lost without a word', () => {
  test('is found by a scrub that is asked for, and made again', async () => {
    const cluster = await SimulatedCluster.start({ healing })
    const files = new Map<string, Uint8Array>()
    for (const [index, length] of [10, 65, 1000, block, 2 * block + 5].entries()) {
      files.set(`file-${index}`, cluster.random.bytes(length))
      await cluster.put(`file-${index}`, defined(files.get(`file-${index}`), 'bytes'))
    }
    const count = damageAll(cluster, 2)
    assert.ok(count >= 4)
    assert.equal((await workerInfo(cluster, 2)).damagedFragments, 0)
    assert.equal((await cluster.run(cluster.files.scrub())).length, 5)
    await cluster.until(async () => {
      const { redundancy, workers } = await stateOf(cluster)
      const { fragmentsMissing, unknown, scrubbedAtMs } = redundancy
      const areScrubbed = workers.every(({ scrub, damagedFragments }) => {
        assert.ok(scrub !== undefined)
        return !scrub.runningFull && scrub.lastFinishedAtMs !== undefined && damagedFragments === 0
      })
      return areScrubbed && scrubbedAtMs !== undefined && fragmentsMissing === 0 && unknown === 0
    }, 10 * MINUTE_MS)
    const { store } = cluster.worker(2).worker
    assert.equal(store.counters().damageFound, count)
    assert.equal(store.usage().damaged, 0)
    // Whoever reads everything again finds nothing.
    await cluster.run(cluster.files.scrub())
    await cluster.advance(MINUTE_MS)
    assert.equal(store.counters().damageFound, count)
    for (const [key, bytes] of files) assert.deepEqual(await cluster.get(key), bytes)
  })

  test('is found without being asked, within a cycle', async () => {
    const cluster = await SimulatedCluster.start({ healing, store: { scrubCycleMs: 4 * MINUTE_MS } })
    await cluster.put('file', new Uint8Array(block))
    const count = damageAll(cluster, 1)
    await cluster.advance(12 * MINUTE_MS)
    const { store } = cluster.worker(1).worker
    assert.equal(store.counters().damageFound, count)
    assert.equal(store.usage().damaged, 0)
    const { scrub } = await workerInfo(cluster, 1)
    const ageMs = cluster.master().clock.wallMs() - defined(scrub?.lastFinishedAtMs, 'it was read')
    assert.ok(ageMs >= 0 && ageMs <= 9 * MINUTE_MS)
  })
})

describe('a disk that fails again and again', () => {
  test('gets nothing new, and is named, until it has been well for a while', async () => {
    const cluster = await SimulatedCluster.start({ workers: 6 })
    for (let number = 0; number < 12; number++) await cluster.put(`before-${number}`, new Uint8Array(block))
    const node = cluster.worker(3)
    node.medium.faults.read = (name) => name.endsWith('.seg')
    const scrubbed = await cluster.run(cluster.files.scrub())
    assert.equal(scrubbed.length, 6)
    await cluster.until(async () => (await workerInfo(cluster, 3)).failing)
    assert.equal((await workerInfo(cluster, 3)).state, 'up')
    delete node.medium.faults.read
    const held = idsOn(cluster, 3)
    for (let number = 0; number < 20; number++) await cluster.put(`during-${number}`, new Uint8Array(100))
    assert.deepEqual(idsOn(cluster, 3), held)
    await cluster.advance(11 * MINUTE_MS)
    assert.equal((await workerInfo(cluster, 3)).failing, false)
    for (let number = 0; number < 20; number++) await cluster.put(`after-${number}`, new Uint8Array(block))
    assert.ok(idsOn(cluster, 3).length > held.length)
  })
})
