// Several processes of a master over one metadata store: one commits, the others send it their commands.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import { SECOND_MS } from '../../../src/base/units.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'

const bucket = 'default'
const block = 19_200

describe('several master processes', () => {
  test('see what each of them wrote, removed and listed, at once', async () => {
    const cluster = await SimulatedCluster.start({ masters: 3 })
    for (let writer = 0; writer < 3; writer++) {
      const body = cluster.random.bytes(block + writer)
      await cluster.put(`file-${writer}`, body, { master: writer })
      for (let reader = 0; reader < 3; reader++) {
        assert.deepEqual(await cluster.get(`file-${writer}`, { master: reader }), body)
        assert.equal((await cluster.names(reader)).length, writer + 1)
      }
    }
    assert.ok((await cluster.remove('file-1', 2)) !== undefined)
    for (let reader = 0; reader < 3; reader++) assert.deepEqual(await cluster.names(reader), ['file-0', 'file-2'])
  })

  test('let exactly one of many conditional writers win', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2 })
    const condition = { kind: 'if-absent' } as const
    const racers = Array.from({ length: 12 }, async (_, index) => {
      const upload = await cluster.master(index % 2).files.put({ bucket, key: 'raced', condition })
      await upload.write(new Uint8Array(10).fill(index))
      await upload.finish()
    })
    const outcomes = await cluster.run(Promise.allSettled(racers))
    assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
  })

  test('keep a file readable for a reader of one while another removes it', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2, orphansEveryMs: 3 * SECOND_MS })
    const body = cluster.random.bytes(2 * block)
    await cluster.put('file', body)
    const reader = await cluster.run(cluster.master(1).files.open({ bucket, key: 'file' }))
    assert.ok(reader !== undefined)
    await cluster.remove('file', 0)
    await cluster.advance(20 * SECOND_MS)
    const slice = await cluster.run(reader.read(block, block).next())
    assert.deepEqual(slice?.bytes.slice(), body.slice(block, block + (slice?.bytes.length ?? 0)))
    slice?.release()
    reader.close()
    await cluster.advance(20 * SECOND_MS)
    assert.equal(cluster.fragments(), 0)
  })

  test('hand the background work over when its holder dies', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2, orphansEveryMs: 3 * SECOND_MS })
    await cluster.put('file', new Uint8Array(block))
    const lease = await cluster.master().metadata.getLease('background')
    const holder = cluster.masters.find((master) => master.process === lease?.holder)
    assert.equal(holder, cluster.master(0))
    // The second holds it from here on.
    await cluster.run(cluster.master(0).stop())
    await cluster.run(cluster.master(0).start())
    await cluster.until(() => cluster.files.readiness().canWrite)
    await cluster.until(async () => (await cluster.master().metadata.getLease('background'))?.holder !== undefined)
    await cluster.remove('file')
    await cluster.until(() => cluster.fragments() === 0, 60 * SECOND_MS)
  })

  test('go on when the committing one was killed and comes back, and what it acknowledged is there', async () => {
    const cluster = await SimulatedCluster.start({ masters: 2 })
    const body = cluster.random.bytes(block)
    await cluster.put('before', body)
    cluster.master(0).kill()
    assert.deepEqual(await cluster.get('before', { master: 1 }), body)
    const refused = cluster.put('meanwhile', body, { master: 1 })
    await assert.rejects(refused, (error) => errorCode(error) === 'metadata-unavailable')
    await cluster.run(cluster.master(0).start())
    await cluster.until(() => cluster.files.readiness().canWrite)
    await cluster.put('after', body, { master: 1 })
    assert.deepEqual(await cluster.names(0), ['after', 'before'])
    await cluster.advance(60 * SECOND_MS)
    assert.ok(cluster.master(1).isRunning, 'nobody took it for dead')
    assert.equal((await cluster.master().metadata.listProcesses()).length, 2)
  })

  test('finish a commit whose committing process dies under it: it is stored, or refused and not there', async () => {
    for (let delayMs = 0; delayMs < 12; delayMs++) {
      const cluster = await SimulatedCluster.start({ masters: 2, seed: delayMs + 1, commitMs: () => 3 })
      const writing = (async () => {
        const upload = await cluster.master(1).files.put({ bucket, key: 'file' })
        await upload.write(new Uint8Array(10))
        return await upload.finish()
      })().catch(errorCode)
      await cluster.advance(delayMs)
      cluster.master(0).kill()
      await cluster.advance(500)
      await cluster.run(cluster.master(0).start())
      const outcome = await cluster.run(writing)
      const names = await cluster.names(1)
      if (typeof outcome === 'object') assert.deepEqual(names, ['file'])
      else if (outcome !== 'outcome-unknown') assert.deepEqual(names, [], `${outcome} after ${delayMs} ms`)
    }
  })
})
