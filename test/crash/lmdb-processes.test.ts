// Several processes on one LMDB map: nobody misses an acknowledged write, whoever takes over has the last word, and a kill at
// any moment loses nothing that was acknowledged.

import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { errorCode } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { LmdbKeyValue } from '../../src/node/lmdb-key-value.ts'
import { LmdbProcess } from './lmdb-process.ts'

async function withFile(body: (file: string) => Promise<void>): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), 'frostbyte-'))
  try {
    await body(join(directory, 'map.mdb'))
  } finally {
    await rm(directory, { recursive: true })
  }
}

const openMap = (file: string): Promise<LmdbKeyValue> =>
  LmdbKeyValue.open({ file, onFailure: (error) => assert.fail(String(error)) })

const read = (map: LmdbKeyValue, key: string): string => Buffer.from(map.view().get(key) ?? 'nothing').toString()

const put = (map: LmdbKeyValue, key: string, value: string): Promise<void> =>
  map.decide(() => ({ changes: [[key, Buffer.from(value)]], result: undefined }))

test('another process reads every acknowledged write at once, also while the map grows', async () => {
  await withFile(async (file) => {
    const map = await openMap(file)
    await map.claim()
    const other = new LmdbProcess(file)
    assert.equal(await other.hear(), 'ready')
    for (let index = 0; index < 500; index++) {
      await put(map, 'key', String(index))
      if (index % 50 === 0) await put(map, `large-${index}`, 'x'.repeat(2_000_000))
      assert.equal(await other.ask('get key'), `got ${index}`)
    }
    await other.end()
    await map.close()
  })
})

test('a process that was stopped, and continues after another took over, changes nothing', async () => {
  await withFile(async (file) => {
    const stopped = new LmdbProcess(file)
    assert.equal(await stopped.hear(), 'ready')
    assert.equal(await stopped.ask('claim'), 'done')
    assert.equal(await stopped.ask('put key first'), 'done')
    stopped.signal('SIGSTOP')
    const map = await openMap(file)
    await map.claim()
    await put(map, 'key', 'second')
    stopped.say('put key late')
    stopped.signal('SIGCONT')
    assert.equal(await stopped.hear(), 'failed metadata-unavailable')
    assert.equal(await stopped.ask('get key'), 'got second')
    assert.equal(await stopped.ask('claim'), 'done')
    await assert.rejects(put(map, 'key', 'mine'), (error) => errorCode(error) === 'metadata-unavailable')
    assert.equal(await stopped.ask('put key back'), 'done')
    assert.equal(read(map, 'key'), 'back')
    await stopped.end()
    await map.close()
  })
})

test('killed at thirty random moments, a process has lost nothing that it acknowledged', async () => {
  await withFile(async (file) => {
    const random = new SeededRandom(11)
    for (let round = 0; round < 30; round++) {
      const writer = new LmdbProcess(file)
      assert.equal(await writer.hear(), 'ready')
      assert.equal(await writer.ask('claim'), 'done')
      await writer.ask('put count 0')
      writer.say('count 100000')
      await sleep(random.below(60))
      await writer.kill()
      let acknowledged = 0
      for (let line = await writer.hear(); line !== undefined; line = await writer.hear())
        acknowledged = Number(line.split(' ')[1])
      const map = await openMap(file)
      const found = Number(read(map, 'count'))
      assert.ok(found === acknowledged || found === acknowledged + 1, `${acknowledged} acknowledged, ${found} found`)
      await map.claim()
      await put(map, 'after', String(round))
      await map.close()
    }
  })
})
