// The cluster finds what it has lost, makes it again, and grows and shrinks, while files are read and written; what it says of its health
// is compared with a count of its own.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SimulatedCluster } from '../../../sim/cluster.ts'
import type { SimulatedMedium } from '../../../sim/ports/medium.ts'
import { checkFragments } from '../../../sim/checkers/fragments.ts'
import type { FragmentVerdict } from '../../../sim/checkers/fragments.ts'
import { takeInventory } from '../../../sim/checkers/inventory.ts'
import { defined } from '../../../src/base/assert.ts'
import { MINUTE_MS, SECOND_MS } from '../../../src/base/units.ts'
import type { Redundancy } from '../../../src/master/file-service.ts'

const bucket = 'default'
const block = 19_200
const healing = { outAfterMs: 40 * SECOND_MS, compareEveryMs: 20 * SECOND_MS }
const options = { healing, groupsPerWorker: 4 }

/** Files of many sizes; what must be read back. */
async function fill(cluster: SimulatedCluster, count: number, prefix = 'file'): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (let index = 0; index < count; index++) {
    const bytes = cluster.random.bytes([0, 1, 64, 65, 1000, block, block + 1, 3 * block + 7][index % 8] ?? 0)
    files.set(`${prefix}-${index}`, bytes)
    await cluster.put(`${prefix}-${index}`, bytes)
  }
  return files
}

async function assertReadable(cluster: SimulatedCluster, files: ReadonlyMap<string, Uint8Array>): Promise<void> {
  for (const [key, bytes] of files) assert.deepEqual(await cluster.get(key), bytes, key)
}

async function redundancy(cluster: SimulatedCluster): Promise<Redundancy> {
  return (await cluster.files.cluster()).redundancy
}

/** Without a word of the cluster about itself. */
async function countAll(cluster: SimulatedCluster): Promise<FragmentVerdict> {
  return checkFragments(await takeInventory(cluster, cluster.master().metadata))
}

/** Until it says so; then it is counted. */
async function untilWhole(cluster: SimulatedCluster, timeMaxMs = 10 * MINUTE_MS): Promise<void> {
  await cluster.until(async () => {
    const { fragmentsMissing, filesAtRisk, filesLost, unknown } = await redundancy(cluster)
    const saysWhole = fragmentsMissing === 0 && filesAtRisk === 0 && filesLost === 0 && unknown === 0
    if (saysWhole) assert.deepEqual((await countAll(cluster)).missing, [])
    return saysWhole
  }, timeMaxMs)
}

/** Nothing lies where it does not belong: stand-ins and what former holders had. */
async function assertInPlace(cluster: SimulatedCluster): Promise<void> {
  await cluster.until(async () => {
    const { expected } = await countAll(cluster)
    return cluster.fragments() === expected
  }, 20 * MINUTE_MS)
}

/** Flips bits all over the records that are there, but not in the header pages. */
function damageSegments(medium: SimulatedMedium): void {
  const lengthOf = (name: string): number => defined(medium.find(name), name).cache.length
  const segments = medium.names().filter((name) => name.endsWith('.seg') && lengthOf(name) > 8192)
  assert.ok(segments.length > 0)
  for (const name of segments) {
    for (let offset = 4500; offset < lengthOf(name); offset += 501) medium.flipBit(name, offset)
  }
}

describe('a cluster', () => {
  test('is whole at rest, and says so once it has compared', async () => {
    const cluster = await SimulatedCluster.start(options)
    const first = await cluster.run(redundancy(cluster))
    assert.ok(first.unknown > 0 || first.comparedAtMs !== undefined)
    await fill(cluster, 16)
    await untilWhole(cluster)
    assert.ok((await cluster.run(redundancy(cluster))).comparedAtMs !== undefined)
  })

  test('repairs what was written while two workers were away, once they are back', async () => {
    const cluster = await SimulatedCluster.start(options)
    const before = await fill(cluster, 8)
    cluster.worker(0).kill()
    cluster.worker(3).kill()
    await cluster.advance(6 * SECOND_MS)
    const during = await fill(cluster, 16, 'degraded')
    const said = await cluster.run(redundancy(cluster))
    assert.ok((said.fragmentsMissing ?? 0) > 0 && said.unknown > 0)
    await cluster.run(cluster.worker(0).start())
    await cluster.run(cluster.worker(3).start())
    await untilWhole(cluster)
    await assertInPlace(cluster)
    await assertReadable(cluster, new Map([...before, ...during]))
  })

  test('rebuilds a lost worker on a new one', async () => {
    const cluster = await SimulatedCluster.start(options)
    const files = await fill(cluster, 24)
    cluster.worker(2).kill({ silent: true })
    await cluster.advance(SECOND_MS)
    await cluster.addWorker()
    await cluster.until(async () => (await redundancy(cluster)).unknown > 0)
    const later = await fill(cluster, 8, 'later')
    await untilWhole(cluster)
    await assertReadable(cluster, new Map([...files, ...later]))
    const { workers, groups } = await cluster.run(cluster.files.cluster())
    const lost = cluster.worker(2).id
    assert.equal(workers.find(({ id }) => id === lost)?.state, 'out')
    assert.ok(groups.every((group) => !group.workers.includes(lost)))
  })

  test('takes a worker back in that was declared out just when it came back', async () => {
    const cluster = await SimulatedCluster.start(options)
    const { metadata } = cluster.master()
    const worker = cluster.worker(3).id
    await cluster.run(metadata.setWorkerState({ worker, state: 'out' }))
    await cluster.until(async () => (await metadata.getWorker(worker))?.state === 'in', MINUTE_MS)
    await untilWhole(cluster)
  })

  test('replaces one disk after the other, however many there have been', async () => {
    const cluster = await SimulatedCluster.start({ ...options, groupsPerWorker: 1 })
    const files = await fill(cluster, 8)
    for (let index = 0; index < 4; index++) {
      cluster.worker(index).kill()
      await cluster.addWorker()
      const lost = cluster.worker(index).id
      await cluster.until(async () => {
        const { groups } = await cluster.files.cluster()
        return groups.every(({ workers }) => !workers.includes(lost))
      }, 5 * MINUTE_MS)
      await untilWhole(cluster)
    }
    await assertReadable(cluster, files)
  })

  test('is whole again after one of two dead workers came back with an empty disk', async () => {
    const cluster = await SimulatedCluster.start(options)
    const files = await fill(cluster, 24)
    cluster.worker(1).kill()
    cluster.worker(4).kill()
    await cluster.advance(6 * SECOND_MS)
    const later = await fill(cluster, 8, 'later')
    await cluster.run(cluster.worker(1).start())
    await cluster.addWorker()
    await untilWhole(cluster)
    await assertReadable(cluster, new Map([...files, ...later]))
  })

  test('has a file whole whose upload lasted through the loss of a worker and the rebuilding of its slots', async () => {
    const cluster = await SimulatedCluster.start({ ...options, groupsPerWorker: 1 })
    const files = await fill(cluster, 8)
    const bytes = cluster.random.bytes(6 * block)
    const upload = await cluster.run(cluster.files.put({ bucket, key: 'slow' }))
    const send = async (from: number): Promise<void> => {
      for (let at = from; at < from + 2 * block; at += 1000)
        await cluster.run(Promise.resolve(upload.write(bytes.slice(at, Math.min(at + 1000, from + 2 * block)))))
    }
    await send(0)
    cluster.worker(0).kill({ silent: true })
    await cluster.addWorker()
    await send(2 * block)
    await cluster.until(async () => {
      const { groups } = await cluster.files.cluster()
      return groups.every((group) => !group.workers.includes(cluster.worker(0).id))
    }, 5 * MINUTE_MS)
    await send(4 * block)
    await cluster.run(upload.finish())
    files.set('slow', bytes)
    await untilWhole(cluster)
    cluster.worker(1).kill()
    cluster.worker(2).kill()
    await cluster.advance(6 * SECOND_MS)
    await assertReadable(cluster, files)
  })

  test('repairs damage that a read has met, on disk', async () => {
    const cluster = await SimulatedCluster.start(options)
    const files = await fill(cluster, 16)
    await untilWhole(cluster)
    const { medium } = cluster.worker(1)
    damageSegments(medium)
    await assertReadable(cluster, files)
    await cluster.advance(MINUTE_MS)
    await untilWhole(cluster)
    cluster.worker(0).kill()
    cluster.worker(2).kill()
    await cluster.advance(6 * SECOND_MS)
    await assertReadable(cluster, files)
  })

  test('moves a share to new workers and empties drained ones', async () => {
    const cluster = await SimulatedCluster.start({ ...options, groupsPerWorker: 8 })
    const files = await fill(cluster, 64)
    for (let count = 0; count < 3; count++) await cluster.addWorker()
    await cluster.advance(2 * MINUTE_MS)
    await untilWhole(cluster)
    await assertInPlace(cluster)
    const used = cluster.workers.map((node) => node.worker.store.usage().liveBytes)
    const mean = used.reduce((sum, bytes) => sum + bytes, 0) / used.length
    for (const bytes of used) assert.ok(bytes > 0.5 * mean && bytes < 1.5 * mean, `${used.join(' ')}`)
    for (const index of [0, 1, 2]) await cluster.run(cluster.files.drain(cluster.worker(index).id))
    await assert.rejects(cluster.run(cluster.files.drain(cluster.worker(3).id)), { code: 'drain-refused' })
    await cluster.until(async () => {
      const { workers } = await cluster.files.cluster()
      return [0, 1, 2].every((index) => workers.find(({ id }) => id === cluster.worker(index).id)?.slots === 0)
    }, 20 * MINUTE_MS)
    await untilWhole(cluster)
    await assertInPlace(cluster)
    for (const index of [0, 1, 2]) {
      assert.equal(cluster.worker(index).worker.store.usage().fragments, 0)
      cluster.worker(index).kill()
    }
    await cluster.advance(6 * SECOND_MS)
    await assertReadable(cluster, files)
  })

  test('forgets a worker that was drained and stopped, and takes it for a new one should it come back', async () => {
    const cluster = await SimulatedCluster.start({ ...options, groupsPerWorker: 1 })
    const files = await fill(cluster, 8)
    await cluster.addWorker()
    await cluster.until(async () => (await cluster.files.cluster()).workers.length === 6)
    const worker = cluster.worker(2).id
    await cluster.run(cluster.files.drain(worker))
    await assert.rejects(cluster.run(cluster.files.forgetWorker(worker)), { code: 'worker-in-use' })
    cluster.worker(2).kill()
    await cluster.advance(SECOND_MS)
    await assert.rejects(cluster.run(cluster.files.forgetWorker(worker)), { code: 'worker-in-use' })
    await cluster.run(cluster.worker(2).start())
    await cluster.until(async () => {
      const { workers } = await cluster.files.cluster()
      const drained = workers.find(({ id }) => id === worker)
      return drained?.state === 'draining' && drained.slots === 0
    }, 5 * MINUTE_MS)
    cluster.worker(2).kill()
    await cluster.until(async () => {
      const { workers } = await cluster.files.cluster()
      return workers.find(({ id }) => id === worker)?.state !== 'draining'
    })
    await cluster.run(cluster.files.forgetWorker(worker))
    const { workers } = await cluster.run(cluster.files.cluster())
    assert.ok(workers.length === 5 && !workers.some(({ id }) => id === worker))
    await assert.rejects(cluster.run(cluster.files.forgetWorker(worker)), { code: 'worker-not-found' })
    await untilWhole(cluster)
    await cluster.run(cluster.worker(2).start())
    await cluster.until(async () => {
      const back = await cluster.files.cluster()
      return back.workers.some(({ id, state }) => id === worker && state === 'up')
    })
    await untilWhole(cluster)
    await assertReadable(cluster, files)
  })

  test('gives a worker that came back with less than it had nothing new before it was compared', async () => {
    const cluster = await SimulatedCluster.start(options)
    await fill(cluster, 8)
    const { metadata } = cluster.master()
    const id = cluster.worker(0).id
    const wentBack = async (): Promise<boolean | undefined> => (await metadata.getWorker(id))?.wentBack
    const row = defined(await metadata.getWorker(id), 'row')
    // As if it had been restored from a copy that is older than this.
    await cluster.run(metadata.registerWorker({ ...row, startCounter: 1000 }))
    cluster.worker(0).kill()
    await cluster.run(cluster.worker(0).start())
    await cluster.until(async () => (await wentBack()) === true)
    await cluster.until(async () => (await wentBack()) === false)
    await untilWhole(cluster)
  })

  test('says the same of its health through every process of its masters, and takes orders through each', async () => {
    const cluster = await SimulatedCluster.start({ ...options, masters: 3 })
    await fill(cluster, 8)
    await untilWhole(cluster)
    for (const master of cluster.masters) {
      const { redundancy: said } = await cluster.run(master.files.cluster())
      assert.equal(said.fragmentsMissing, 0)
      assert.equal(said.unknown, 0)
      assert.ok(said.comparedAtMs !== undefined)
    }
    await cluster.advance(7 * SECOND_MS)
    const lastAskedMs = cluster.master().clock.wallMs()
    for (const master of cluster.masters) {
      await cluster.run(master.files.repair())
      await cluster.advance(7 * SECOND_MS)
    }
    const { redundancy: said } = await cluster.run(cluster.master(2).files.cluster())
    assert.ok(defined(said.comparedAtMs, 'compared') >= lastAskedMs)
  })

  test('says nothing hopeful while two workers are away', async () => {
    const cluster = await SimulatedCluster.start({ ...options, groupsPerWorker: 1 })
    await fill(cluster, 8)
    await untilWhole(cluster)
    for (const index of [0, 1]) cluster.worker(index).kill({ silent: true })
    await cluster.advance(35 * SECOND_MS)
    const said = await cluster.run(redundancy(cluster))
    assert.ok(said.unknown > 0 && (said.fragmentsMissing ?? 0) > 0)
    assert.ok((said.filesAtRisk ?? 0) > 0)
    assert.equal(said.filesLost, 0)
  })

  test('names the files that are lost', async () => {
    const cluster = await SimulatedCluster.start(options)
    await cluster.put('victim', cluster.random.bytes(2 * block))
    await untilWhole(cluster)
    for (const index of [0, 1, 2]) damageSegments(cluster.worker(index).medium)
    const page = await cluster.run(cluster.files.verify({ bucket, key: 'victim', after: -1, limit: 10 }))
    assert.ok(page !== undefined && page.problems.length >= 3)
    await cluster.put('survivor', cluster.random.bytes(block))
    await cluster.advance(MINUTE_MS)
    const said = await cluster.run(redundancy(cluster))
    assert.equal(said.filesLost, 1)
    assert.deepEqual(said.lostFiles, [{ bucket, key: 'victim' }])
    await cluster.remove('victim')
    await cluster.advance(MINUTE_MS)
    await untilWhole(cluster)
  })
})
