// Metadata that was lost is brought back from what the workers hold: every acknowledged file, its newest version first.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { errorCode } from '../../../src/base/errors.ts'
import { SECOND_MS } from '../../../src/base/units.ts'
import type { RebuildOptions, RebuildState } from '../../../src/master/file-service.ts'
import { readBackup, restoreRows } from '../../../src/meta/backup-rows.ts'
import type { ClusterRow } from '../../../src/meta/contract/cluster-metadata.ts'
import type { KeyValueEntry } from '../../../src/ports/key-value.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'
import type { MasterNode } from '../../../sim/master-node.ts'

const bucket = 'default'
const block = 19_200
const longMs = 60 * SECOND_MS
const orphansEveryMs = 3 * SECOND_MS
const plainly: RebuildOptions = { merge: false, force: false }

type Files = Map<string, Uint8Array>

async function clusterRow(cluster: SimulatedCluster): Promise<ClusterRow> {
  return defined(await cluster.run(cluster.master().metadata.getCluster()), 'the row of the cluster')
}

async function exchangeMetadata(cluster: SimulatedCluster, saved: readonly KeyValueEntry[] = []): Promise<void> {
  cluster.master().kill()
  cluster.metadataMap.restore(saved)
  await cluster.run(cluster.master().start())
  const running = cluster.workers.filter((worker) => worker.isRunning).length
  await cluster.until(() => cluster.master().master.counts().workersConnected === running)
}

async function rebuild(cluster: SimulatedCluster, options = plainly): Promise<RebuildState> {
  await cluster.run(cluster.files.startRebuild(options))
  return await ended(cluster)
}

async function ended(cluster: SimulatedCluster): Promise<RebuildState> {
  const state = async (): Promise<RebuildState> => defined(await cluster.files.rebuild(), 'a rebuild')
  await cluster.until(async () => (await state()).state !== 'running', 5 * longMs)
  return await state()
}

const steps: ReadonlySet<string> = new Set(['recoverGroup', 'recoverVersion', 'recordRebuild', 'finishRebuild'])

/** After so many commands of a rebuild the process dies, and whether the last one happened nobody knows. */
function killAfter(master: MasterNode, count: number): void {
  let left = count
  master.fate = (name) => {
    if (!steps.has(name) || left-- !== 0) return 'commit'
    queueMicrotask(() => master.kill())
    return count % 2 === 0 ? 'unknown-committed' : 'unknown-not-committed'
  }
}

async function failure(promise: Promise<unknown>): Promise<string | undefined> {
  return await promise.then(() => undefined, errorCode)
}

/** Uploads of all kinds; resolves to what must be there afterwards. */
async function fill(cluster: SimulatedCluster): Promise<Files> {
  const files: Files = new Map()
  const put = async (key: string, length: number): Promise<void> => {
    const bytes = cluster.random.bytes(length)
    await cluster.put(key, bytes)
    files.set(key, bytes)
  }
  for (const length of [0, 1, 63, 64, 65, 192, 193, block - 1, block, block + 1, 3 * block + 7])
    await put(`of ${length} bytes`, length)
  await put('of several extents', 25 * block)
  for (const length of [10, block, 0, 2 * block]) await put('overwritten', length)
  await put('deleted and written again', 3 * block)
  await put('deleted and written again', 2 * block)
  await put('deleted and written again', block)
  await cluster.remove('deleted and written again')
  await put('deleted and written again', 77)
  await put('names/with ä, 雪 and ?&%', 100)
  await put('deleted', block)
  await cluster.remove('deleted')
  files.delete('deleted')
  return files
}

async function assertHolds(cluster: SimulatedCluster, files: Files): Promise<void> {
  for (const [key, bytes] of files) assert.deepEqual(await cluster.get(key), bytes, key)
}

describe('a rebuild of lost metadata', () => {
  test('brings every file back, byte by byte, and the newest version wins', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, extentBytesMax: 10 * block })
    // Nothing of what was overwritten and deleted is gone from the workers yet.
    const files = await fill(cluster)
    const before = new Map<string, number>()
    for (const key of files.keys())
      before.set(key, defined(await cluster.run(cluster.files.head({ bucket, key })), key).crc32)
    await exchangeMetadata(cluster)
    const state = await rebuild(cluster)
    assert.equal(state.state, 'done')
    assert.equal(state.filesIncomplete, 0)
    assert.equal(state.repairs, 0)
    await assertHolds(cluster, files)
    for (const [key, crc32] of before)
      assert.equal((await cluster.run(cluster.files.head({ bucket, key })))?.crc32, crc32, key)
    const { behind, predecessors, history } = await clusterRow(cluster)
    assert.equal(behind, false)
    assert.equal(history, state.id)
    assert.equal(predecessors?.length, 2)
  })

  test('leaves a cluster that goes on: nothing is lost later, and it is not behind again', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, extentBytesMax: 10 * block })
    const files = await fill(cluster)
    await cluster.advance(longMs)
    await exchangeMetadata(cluster)
    await rebuild(cluster)
    await cluster.advance(longMs)
    for (const key of ['overwritten', 'new']) {
      const bytes = cluster.random.bytes(2 * block)
      await cluster.put(key, bytes)
      files.set(key, bytes)
    }
    for (const worker of cluster.workers) {
      worker.kill()
      await cluster.run(worker.start())
    }
    await cluster.advance(longMs)
    assert.equal((await clusterRow(cluster)).behind, false)
    await assertHolds(cluster, files)
    // And the same once more, over what was recovered and what came afterwards.
    await exchangeMetadata(cluster)
    assert.equal((await rebuild(cluster)).state, 'done')
    await assertHolds(cluster, files)
    assert.deepEqual(
      (await cluster.names()).filter((name) => !files.has(name) && name !== 'deleted'),
      [],
    )
  })

  test('needs no more workers than reading does, and says of the others what it does not know', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, extentBytesMax: 10 * block })
    const files = await fill(cluster)
    await cluster.advance(15 * SECOND_MS)
    cluster.worker(1).kill()
    cluster.worker(3).kill()
    await exchangeMetadata(cluster)
    const state = await rebuild(cluster)
    assert.equal(state.state, 'done')
    assert.deepEqual(new Set(state.missing), new Set([cluster.worker(1).id, cluster.worker(3).id]))
    await assertHolds(cluster, files)
    assert.ok((await cluster.run(cluster.master().metadata.countRepairs())).length > 0)
    await cluster.run(cluster.worker(1).start())
    await cluster.run(cluster.worker(3).start())
    await cluster.advance(longMs)
    assert.equal((await clusterRow(cluster)).behind, false)
    await assertHolds(cluster, files)
    const bytes = cluster.random.bytes(3 * block)
    await cluster.put('after', bytes)
    assert.deepEqual(await cluster.get('after'), bytes)
  })

  test('finds what lies on stand-ins, and reads it there', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    cluster.worker(0).kill()
    cluster.worker(1).kill()
    await cluster.advance(SECOND_MS)
    const files = await fill(cluster)
    // Before anything is repaired.
    cluster.master().kill()
    await cluster.run(cluster.worker(0).start())
    await cluster.run(cluster.worker(1).start())
    await exchangeMetadata(cluster)
    const state = await rebuild(cluster)
    assert.equal(state.state, 'done')
    assert.ok(state.repairs > 0)
    // Now the stand-ins are needed.
    cluster.worker(2).kill()
    await cluster.advance(SECOND_MS)
    await assertHolds(cluster, files)
  })

  test('refuses while too many workers are missing, unless it is forced, and what it lacks is not collected', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    const files = await fill(cluster)
    await cluster.advance(15 * SECOND_MS)
    const gone = cluster.workers.slice(0, 3)
    for (const worker of gone) worker.kill()
    await exchangeMetadata(cluster)
    const refused = await rebuild(cluster)
    assert.equal(refused.state, 'failed')
    assert.match(refused.reason ?? '', /3 workers are missing/)
    assert.equal((await clusterRow(cluster)).behind, true)
    const forced = await rebuild(cluster, { merge: false, force: true })
    assert.equal(forced.state, 'done')
    assert.ok(forced.filesIncomplete > 0)
    assert.ok(forced.examples.length > 0)
    for (const worker of gone) await cluster.run(worker.start())
    await cluster.advance(2 * longMs)
    const merged = await rebuild(cluster, { merge: true, force: false })
    assert.equal(merged.state, 'done')
    assert.ok(merged.filesRecovered > 0)
    await assertHolds(cluster, files)
    assert.equal((await clusterRow(cluster)).unsettledBelowMs, 0)
  })

  test('goes on where the master was killed, at whatever step', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, groupsPerWorker: 3 })
    const files = await fill(cluster)
    for (let index = 0; index < 400; index++) {
      const bytes = cluster.random.bytes(10)
      await cluster.put(`small-${index}`, bytes)
      files.set(`small-${index}`, bytes)
    }
    await cluster.advance(15 * SECOND_MS)
    await exchangeMetadata(cluster)
    await cluster.run(cluster.files.startRebuild(plainly))
    let kills = 0
    for (const count of [0, 1, 2, 7, 20, 60, 100, 150, 200, 300]) {
      const master = cluster.master()
      killAfter(master, count)
      const isOver = async (): Promise<boolean> => !master.isRunning || (await master.files.rebuild())?.state === 'done'
      await cluster.until(isOver, longMs)
      if (master.isRunning) break
      kills++
      await cluster.run(master.start())
      await cluster.until(() => master.master.counts().workersConnected === 5)
    }
    assert.ok(kills > 5, `${kills} kills`)
    const state = await ended(cluster)
    assert.equal(state.state, 'done')
    await assertHolds(cluster, files)
  })

  test('settles with a second run what the first could not know, and then garbage is collected', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    const files = await fill(cluster)
    const upload = await cluster.run(cluster.files.put({ bucket, key: 'never finished' }))
    await cluster.run(Promise.resolve(upload.write(new Uint8Array(5 * block))))
    await cluster.advance(15 * SECOND_MS)
    await exchangeMetadata(cluster)
    const state = await rebuild(cluster)
    assert.ok(state.idsUnnamed > 0)
    await cluster.advance(longMs)
    const kept = cluster.fragments()
    assert.equal((await rebuild(cluster, { merge: true, force: false })).filesRecovered, 0)
    await cluster.advance(longMs)
    assert.ok(cluster.fragments() < kept)
    await assertHolds(cluster, files)
  })
})

describe('a rebuild that another process of the master was asked for', () => {
  test('is done by the one that holds the lease, and both serve what it found', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2, orphansEveryMs })
    const files = await fill(cluster)
    await cluster.advance(15 * SECOND_MS)
    for (const master of cluster.masters) master.kill()
    cluster.metadataMap.restore()
    for (const master of cluster.masters) await cluster.run(master.start())
    await cluster.until(() => cluster.masters.every(({ master }) => master.counts().workersConnected === 5))
    await cluster.advance(2 * SECOND_MS)
    assert.equal(await failure(cluster.put('new', new Uint8Array(10), { master: 1 })), 'read-only')
    await cluster.run(cluster.master(1).files.startRebuild(plainly))
    assert.equal((await ended(cluster)).state, 'done')
    await cluster.advance(2 * SECOND_MS)
    for (const [key, bytes] of files) assert.deepEqual(await cluster.get(key, { master: 1 }), bytes, key)
    await assertHolds(cluster, files)
    await cluster.put('new', new Uint8Array(10), { master: 1 })
  })
})

describe('a rebuild of metadata from a backup', () => {
  test('adds what came after it, and nothing that it knew to be deleted', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, extentBytesMax: 10 * block })
    const files = await fill(cluster)
    await cluster.advance(30 * SECOND_MS)
    const saved = cluster.metadataMap.save()
    for (const key of ['overwritten', 'later', 'of 64 bytes', 'of several extents']) {
      const bytes = cluster.random.bytes(12 * block)
      await cluster.put(key, bytes)
      files.set(key, bytes)
    }
    await cluster.advance(25 * SECOND_MS)
    await exchangeMetadata(cluster, saved)
    await cluster.advance(5 * SECOND_MS)
    assert.equal(await failure(cluster.run(cluster.files.startRebuild(plainly))), 'precondition-failed')
    const state = await rebuild(cluster, { merge: true, force: false })
    assert.equal(state.state, 'done')
    assert.equal(state.filesRecovered, 4)
    await assertHolds(cluster, files)
    await cluster.advance(longMs)
    await assertHolds(cluster, files)
    assert.deepEqual(new Set(await cluster.names()), new Set(files.keys()))
  })
})

describe('a rebuild', () => {
  test('from a backup waits for workers that come after it was asked for, and then brings back every file', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, extentBytesMax: 10 * block })
    const backup = readBackup(cluster.metadataMap)
    const files = await fill(cluster)
    for (const worker of cluster.workers) worker.kill()
    cluster.master().kill()
    const { changes } = restoreRows(backup)
    cluster.metadataMap.restore(changes.map(([key, row]) => [key, defined(row, 'a row')]))
    await cluster.run(cluster.master().start())
    await cluster.run(cluster.files.startRebuild(plainly))
    await cluster.advance(5 * SECOND_MS)
    assert.equal((await cluster.files.rebuild())?.state, 'running')
    for (const worker of cluster.workers) await cluster.run(worker.start())
    const { state, filesIncomplete } = await ended(cluster)
    assert.deepEqual([state, filesIncomplete], ['done', 0])
    await assertHolds(cluster, files)
  })

  test('is refused where there is nothing to rebuild, and one at a time', async () => {
    const cluster = await SimulatedCluster.start()
    await cluster.put('file', cluster.random.bytes(block))
    assert.equal(await failure(cluster.run(cluster.files.startRebuild(plainly))), 'precondition-failed')
    await cluster.advance(15 * SECOND_MS)
    await exchangeMetadata(cluster)
    await cluster.run(cluster.files.startRebuild(plainly))
    assert.equal(await failure(cluster.run(cluster.files.startRebuild(plainly))), 'precondition-failed')
    assert.equal((await ended(cluster)).state, 'done')
  })
})
