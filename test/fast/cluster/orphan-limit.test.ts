// Orphan collection takes no more than a little in a day of what metadata does not know, and asks.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { SECOND_MS } from '../../../src/base/units.ts'
import type { WorkerInfo } from '../../../src/master/file-service.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'

const bucket = 'default'
const block = 19_200
/** The lease has changed hands, and everything was walked over. */
const roundsMs = 60 * SECOND_MS

async function asking(cluster: SimulatedCluster): Promise<readonly WorkerInfo[]> {
  return (await cluster.run(cluster.files.cluster())).workers.filter((worker) => worker.asksToDelete)
}

/** An upload whose master dies: metadata has never heard of it. */
async function leaveOrphans(cluster: SimulatedCluster, blocks: number): Promise<void> {
  const upload = await cluster.run(cluster.files.put({ bucket, key: 'file' }))
  await cluster.run(Promise.resolve(upload.write(new Uint8Array(blocks * block + 1))))
  await cluster.advance(SECOND_MS)
  cluster.master().kill()
  await cluster.run(cluster.master().start())
}

describe('orphan collection', () => {
  test('asks before it takes much of what metadata does not know, and goes on where it may', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs: 3 * SECOND_MS, orphanBytesPerDayMin: 10_000 })
    await leaveOrphans(cluster, 6)
    const stored = cluster.fragments()
    assert.ok(stored > 0)
    await cluster.advance(roundsMs)
    assert.equal(cluster.fragments(), stored)
    const workers = await asking(cluster)
    assert.equal(workers.length, 5)
    // What it was told survives the master.
    for (const worker of workers) await cluster.run(cluster.files.allowOrphans(worker.id))
    assert.deepEqual(await asking(cluster), [])
    cluster.master().kill()
    await cluster.run(cluster.master().start())
    await cluster.advance(roundsMs)
    assert.equal(cluster.fragments(), 0)
  })

  test('counts what it has taken before', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs: 3 * SECOND_MS, orphanBytesPerDayMin: 20_000 })
    await leaveOrphans(cluster, 1)
    await cluster.advance(roundsMs)
    assert.equal(cluster.fragments(), 0)
    await leaveOrphans(cluster, 2)
    await cluster.advance(roundsMs)
    assert.ok(cluster.fragments() > 0)
    assert.ok((await asking(cluster)).length > 0)
  })

  test('does not count what is known to have been an upload, or a file', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs: 3 * SECOND_MS, orphanBytesPerDayMin: 1 })
    await cluster.put('file', cluster.random.bytes(5 * block))
    cluster.worker(0).kill()
    await cluster.remove('file')
    const upload = await cluster.run(cluster.files.put({ bucket, key: 'file' }))
    await cluster.run(Promise.resolve(upload.write(new Uint8Array(3 * block))))
    upload.abort(new Error('gone'))
    await cluster.advance(roundsMs)
    await cluster.run(cluster.worker(0).start())
    await cluster.advance(roundsMs)
    assert.equal(cluster.fragments(), 0)
    assert.deepEqual(await asking(cluster), [])
  })
})
