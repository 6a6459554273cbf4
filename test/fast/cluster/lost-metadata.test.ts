// Metadata that was lost, or that went back in time, destroys nothing: the workers know better, and the cluster serves reads only.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { errorCode } from '../../../src/base/errors.ts'
import { SECOND_MS } from '../../../src/base/units.ts'
import type { ClusterRow } from '../../../src/meta/contract/cluster-metadata.ts'
import type { KeyValueEntry } from '../../../src/ports/key-value.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'

const bucket = 'default'
const block = 19_200
/** Long enough for the lease, the horizon and several rounds of orphan collection. */
const longMs = 60 * SECOND_MS
const orphansEveryMs = 3 * SECOND_MS

async function clusterRow(cluster: SimulatedCluster): Promise<ClusterRow> {
  return defined(await cluster.run(cluster.master().metadata.getCluster()), 'the row of the cluster')
}

/** The master's process ends, and its metadata is something else when it comes back. */
async function exchangeMetadata(cluster: SimulatedCluster, saved: readonly KeyValueEntry[] = []): Promise<void> {
  cluster.master().kill()
  cluster.metadataMap.restore(saved)
  await cluster.run(cluster.master().start())
  await cluster.until(() => cluster.master().master.counts().workersConnected === cluster.workers.length)
}

async function failure(promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(() => undefined, errorCode)
}

describe('metadata that goes on', () => {
  test('is not behind after starts of the master and of workers, and its counter goes up', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2 })
    await cluster.put('file', cluster.random.bytes(block))
    await cluster.advance(35 * SECOND_MS)
    const { counter } = await clusterRow(cluster)
    assert.ok(counter >= 3, `${counter}`)
    cluster.master().kill()
    cluster.worker(0).losePower()
    await cluster.run(cluster.master().start())
    await cluster.run(cluster.worker(0).start())
    await cluster.advance(longMs)
    const row = await clusterRow(cluster)
    assert.equal(row.behind, false)
    assert.ok(row.counter > counter)
    const seen = (await cluster.run(cluster.master().metadata.listWorkers())).map((worker) => worker.historySeen)
    for (const { history, counter: told } of seen.map((one) => defined(one, 'what a worker has seen'))) {
      assert.equal(history, row.history)
      assert.ok(told > counter)
    }
  })

  test('raises no counter while less than half of its workers have told theirs', async () => {
    const cluster = await SimulatedCluster.start()
    await cluster.advance(20 * SECOND_MS)
    for (const index of [0, 1, 2]) cluster.worker(index).kill()
    cluster.master().kill()
    await cluster.run(cluster.master().start())
    const { counter } = await clusterRow(cluster)
    await cluster.advance(longMs)
    assert.equal((await clusterRow(cluster)).counter, counter)
    await cluster.run(cluster.worker(0).start())
    await cluster.advance(longMs)
    assert.ok((await clusterRow(cluster)).counter > counter)
  })
})

describe('lost metadata', () => {
  test('does not make orphans of the data, and says what to do', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    for (let index = 0; index < 5; index++) await cluster.put(`file-${index}`, cluster.random.bytes(2 * block))
    await cluster.advance(15 * SECOND_MS)
    const stored = cluster.fragments()
    await exchangeMetadata(cluster)
    await cluster.advance(longMs)
    assert.equal(cluster.fragments(), stored)
    const { files } = cluster
    const { behind, redundancy } = await cluster.run(files.cluster())
    assert.equal(behind, true)
    // Nothing of the redundancy is known while metadata does not know what must exist.
    assert.deepEqual(
      [redundancy.fragmentsMissing, redundancy.filesLost, redundancy.comparedAtMs],
      [undefined, undefined, undefined],
    )
    assert.equal(files.readiness().canWrite, false)
    assert.equal(await failure(cluster.put('new', new Uint8Array(10))), 'read-only')
    assert.equal(await failure(cluster.remove('file-0')), 'read-only')
    assert.equal(await failure(cluster.run(files.createBucket('new'))), 'read-only')
    assert.equal(await failure(cluster.run(files.removeBucket('default'))), 'read-only')
    // That there is no such file would be a lie.
    assert.equal(await failure(cluster.get('file-0')), 'metadata-unavailable')
    assert.equal(await failure(cluster.run(files.head({ bucket, key: 'file-0' }))), 'metadata-unavailable')
    assert.deepEqual(await cluster.dataRows(), [])
    assert.deepEqual((await cluster.run(cluster.master().metadata.listGroups({ since: 0, limit: 10 }))).groups, [])
  })

  test('is noticed also where all that one worker remembers is its data', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    await cluster.put('file', cluster.random.bytes(2 * block))
    await cluster.advance(15 * SECOND_MS)
    for (const worker of cluster.workers) await cluster.run(worker.stop())
    cluster.master().kill()
    cluster.metadataMap.restore()
    await cluster.run(cluster.master().start())
    const worker = cluster.worker(0)
    const fragments = (): number => worker.worker.store.usage().fragments
    for (const name of worker.mapMedium.names()) worker.mapMedium.remove(name)
    await cluster.run(worker.start())
    const stored = fragments()
    assert.ok(stored > 0)
    await cluster.advance(longMs)
    assert.equal(fragments(), stored)
    assert.equal((await clusterRow(cluster)).behind, true)
  })

  test('is not what new and empty workers mean', async () => {
    const cluster = await SimulatedCluster.start({ workers: 6 })
    await cluster.advance(longMs)
    assert.equal((await clusterRow(cluster)).behind, false)
  })
})

describe('metadata from a backup', () => {
  test('deletes nothing that came after it, and serves what it knows', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    const before = cluster.random.bytes(2 * block)
    await cluster.put('before', before)
    await cluster.advance(15 * SECOND_MS)
    const saved = cluster.metadataMap.save()
    await cluster.put('after', cluster.random.bytes(2 * block))
    await cluster.advance(15 * SECOND_MS)
    const stored = cluster.fragments()
    await exchangeMetadata(cluster, saved)
    await cluster.advance(longMs)
    assert.equal((await clusterRow(cluster)).behind, true)
    assert.equal(cluster.fragments(), stored)
    assert.deepEqual(await cluster.get('before'), before)
    assert.equal(await failure(cluster.put('new', new Uint8Array(10))), 'read-only')
    assert.equal(await failure(cluster.remove('before')), 'read-only')
  })

  test('ends the uploads that were under way when a worker told better', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    await cluster.advance(15 * SECOND_MS)
    const saved = cluster.metadataMap.save()
    await cluster.advance(25 * SECOND_MS)
    cluster.worker(0).kill()
    // Nobody else was there in the meantime: only the worker that comes last knows better.
    for (const worker of cluster.workers.slice(1)) {
      await cluster.run(worker.stop())
      worker.mapMedium.remove('history')
      await cluster.run(worker.start())
    }
    cluster.master().kill()
    cluster.metadataMap.restore(saved)
    await cluster.run(cluster.master().start())
    await cluster.until(() => cluster.master().master.counts().workersConnected === 4)
    await cluster.until(() => cluster.files.readiness().canWrite)
    const upload = await cluster.run(cluster.files.put({ bucket, key: 'file' }))
    await cluster.run(Promise.resolve(upload.write(new Uint8Array(2 * block))))
    await cluster.run(cluster.worker(0).start())
    await cluster.until(() => cluster.master().master.counts().workersConnected === 5)
    assert.equal(await failure(cluster.run(upload.finish())), 'read-only')
  })
})
