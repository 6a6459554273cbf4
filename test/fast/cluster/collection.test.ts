// What is deleted, given up or left behind by a crash goes away from the workers and from metadata, and nothing else does.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import { HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../src/base/units.ts'
import { changesKept, SimulatedCluster } from '../../../sim/cluster.ts'

const bucket = 'default'
const block = 19_200
/** Purge, horizon and orphan collection have all come round. */
const allRoundsMs = 14 * SECOND_MS
const orphansEveryMs = 3 * SECOND_MS

async function assertEmpty(cluster: SimulatedCluster): Promise<void> {
  assert.equal(cluster.fragments(), 0)
  assert.deepEqual(await cluster.dataRows(), [])
  assert.equal(await cluster.master().metadata.purgeQueueLength(), 0)
}

describe('what is not wanted any more', () => {
  test('goes from the workers soon after its file, and then its rows', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    await cluster.put('kept', new Uint8Array(block + 1))
    const kept = cluster.fragments()
    await cluster.put('file', new Uint8Array(3 * block))
    await cluster.put('file', new Uint8Array(2 * block))
    await cluster.put('small', new Uint8Array(10))
    await cluster.remove('file')
    await cluster.remove('small')
    await cluster.advance(10 * SECOND_MS)
    assert.equal(cluster.fragments(), kept)
    await cluster.advance(allRoundsMs)
    assert.equal((await cluster.dataRows()).length, 1)
    assert.equal((await cluster.get('kept')).length, block + 1)
  })

  test('leaves a change log that is bounded', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    const { metadata } = cluster.master()
    for (let index = 0; index < changesKept; index++) await cluster.put(`file-${index}`, new Uint8Array(10))
    await cluster.advance(2 * MINUTE_MS)
    const oldest = (await metadata.listChanges({ after: 0, limit: 1 }))[0]?.sequence
    const next = await metadata.visibleSequence()
    assert.ok(oldest !== undefined && oldest > 1 && next - oldest < 2 * changesKept, `${oldest} to ${next}`)
    assert.equal((await cluster.get('file-0')).length, 10)
  })

  test('is readable to the end for whoever opened it before', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    const bytes = cluster.random.bytes(3 * block)
    await cluster.put('file', bytes)
    const stored = cluster.fragments()
    const reader = await cluster.run(cluster.files.open({ bucket, key: 'file' }))
    assert.ok(reader !== undefined)
    await cluster.remove('file')
    await cluster.advance(allRoundsMs)
    assert.equal(cluster.fragments(), stored)
    const body = reader.read(0, bytes.length)
    const read: number[] = []
    for (let slice = await cluster.run(body.next()); slice !== undefined; slice = await cluster.run(body.next())) {
      read.push(...slice.bytes)
      slice.release()
    }
    assert.deepEqual(Uint8Array.from(read), bytes)
    reader.close()
    await cluster.advance(allRoundsMs)
    await assertEmpty(cluster)
  })

  test('is nothing of an upload that was aborted, at whatever moment', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, diskStepMs: () => 1 })
    for (let delayMs = 0; delayMs < 24; delayMs += 2) {
      const upload = await cluster.run(cluster.files.put({ bucket, key: 'file' }))
      const writing = (async () => {
        for (let count = 0; count < 6; count++) await upload.write(new Uint8Array(block))
        return await upload.finish()
      })().catch(errorCode)
      await cluster.advance(delayMs)
      upload.abort(new Error('gone'))
      if (typeof (await cluster.run(writing)) !== 'string') await cluster.remove('file')
    }
    await cluster.advance(allRoundsMs)
    await assertEmpty(cluster)
    assert.equal(cluster.master().master.counts().memoryInFlightBytes, 0)
  })

  test('goes from a worker that was away when it comes back, also while other deletions wait', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    await cluster.put('file', new Uint8Array(2 * block))
    await cluster.put('read', new Uint8Array(2 * block))
    cluster.worker(0).kill()
    await cluster.advance(SECOND_MS)
    await cluster.remove('file')
    await cluster.advance(allRoundsMs)
    // Its row stays: the worker that is away may hold something of it.
    assert.equal((await cluster.dataRows()).filter((row) => row.state === 'dead').length, 1)
    const reader = await cluster.run(cluster.files.open({ bucket, key: 'read' }))
    await cluster.remove('read')
    await cluster.run(cluster.worker(0).start())
    assert.ok(cluster.worker(0).worker.store.usage().fragments > 2)
    await cluster.advance(allRoundsMs)
    assert.equal(await cluster.master().metadata.purgeQueueLength(), 1)
    assert.equal(cluster.worker(0).worker.store.usage().fragments, 2)
    reader?.close()
    await cluster.advance(allRoundsMs)
    await assertEmpty(cluster)
  })

  test('goes soon from a worker that was away, however seldom everything is walked over', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs: HOUR_MS })
    await cluster.advance(allRoundsMs)
    await cluster.put('file', new Uint8Array(2 * block))
    cluster.worker(0).kill()
    await cluster.advance(SECOND_MS)
    await cluster.remove('file')
    await cluster.advance(allRoundsMs)
    await cluster.run(cluster.worker(0).start())
    assert.ok(cluster.worker(0).worker.store.usage().fragments > 0)
    await cluster.advance(allRoundsMs)
    await assertEmpty(cluster)
  })

  test('goes from workers that answer though another one does not', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    await cluster.put('file', new Uint8Array(2 * block))
    const stuck = cluster.worker(0)
    stuck.medium.faults = { append: () => 'sync-fails' }
    await cluster.remove('file')
    await cluster.advance(allRoundsMs)
    assert.equal(await cluster.master().metadata.purgeQueueLength(), 0)
    for (const node of cluster.workers) {
      if (node !== stuck) assert.equal(node.worker.store.usage().fragments, 0)
    }
    stuck.medium.faults = {}
    stuck.kill()
    await cluster.run(stuck.start())
    await cluster.advance(allRoundsMs)
    await assertEmpty(cluster)
  })

  test('of a master that was killed stays until its registration has expired, and goes then', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2, orphansEveryMs })
    const bytes = cluster.random.bytes(block)
    await cluster.put('file', bytes)
    const kept = cluster.fragments()
    const second = cluster.master(1)
    const upload = await cluster.run(second.files.put({ bucket, key: 'crashed' }))
    await cluster.run(upload.write(new Uint8Array(3 * block)) ?? Promise.resolve())
    await cluster.advance(100)
    const left = cluster.fragments()
    assert.ok(left > kept)
    second.kill()
    const killedMs = cluster.time.nowMs
    await cluster.until(() => cluster.fragments() === kept, 120 * SECOND_MS)
    const processes = await cluster.master().metadata.listProcesses()
    assert.equal(processes.length, 1)
    assert.ok(cluster.time.nowMs - killedMs >= 28 * SECOND_MS, `${cluster.time.nowMs - killedMs} ms`)
    assert.deepEqual(await cluster.get('file'), bytes)
    await cluster.until(async () => (await cluster.dataRows()).length === 1)
  })

  test('of the only master, killed in the middle of uploads, goes after it has come back', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs })
    const uploads = await cluster.run(
      Promise.all(Array.from({ length: 5 }, async (_, index) => await cluster.files.put({ bucket, key: `${index}` }))),
    )
    for (const upload of uploads) await cluster.run(Promise.resolve(upload.write(new Uint8Array(2 * block))))
    await cluster.advance(50)
    cluster.master().kill()
    assert.ok(cluster.fragments() > 0)
    await cluster.advance(SECOND_MS)
    await cluster.run(cluster.master().start())
    await cluster.until(() => cluster.files.readiness().canWrite)
    await cluster.put('kept', new Uint8Array(block))
    await cluster.until(() => cluster.fragments() === 5, 120 * SECOND_MS)
    await cluster.until(async () => (await cluster.dataRows()).length === 1)
  })

  test('never is an upload that lasts long, though everything around it is collected', async () => {
    const cluster = await SimulatedCluster.start({ orphansEveryMs, intentAfterMs: 10 * SECOND_MS })
    const bytes = cluster.random.bytes(2 * block + 1)
    const upload = await cluster.run(cluster.files.put({ bucket, key: 'long' }))
    await cluster.run(Promise.resolve(upload.write(bytes.slice(0, block + 1))))
    // After a while it is known by an intent row.
    await cluster.advance(60 * SECOND_MS)
    const { metadata } = cluster.master()
    assert.equal((await metadata.listIntents({ limit: 10 })).length, 1)
    await cluster.run(Promise.resolve(upload.write(bytes.slice(block + 1))))
    await cluster.run(upload.finish())
    const endedMs = cluster.master().clock.wallMs()
    await cluster.advance(allRoundsMs)
    assert.deepEqual(await cluster.get('long'), bytes)
    // And does not hold the horizon any longer.
    assert.ok((await metadata.horizon()) > endedMs)
    assert.equal((await metadata.listIntents({ limit: 10 })).length, 0)
  })
})
