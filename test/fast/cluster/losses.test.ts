// Workers that die, come back, or hold damaged bytes, under reads and writes that go on.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { errorCode } from '../../../src/base/errors.ts'
import { SECOND_MS } from '../../../src/base/units.ts'
import type { FragmentRepair } from '../../../src/meta/contract/repair-metadata.ts'
import { SimulatedCluster } from '../../../sim/cluster.ts'

const block = 19_200
const pairs = [0, 1, 2, 3, 4].flatMap((first) =>
  [0, 1, 2, 3, 4].filter((second) => second > first).map((second) => [first, second]),
)

async function repairs(cluster: SimulatedCluster): Promise<readonly FragmentRepair[]> {
  const { metadata } = cluster.master()
  const counts = await metadata.countRepairs()
  const entries = await Promise.all(counts.map(({ group }) => metadata.listRepairs({ group, limit: 1000 })))
  return entries.flat().filter((entry): entry is FragmentRepair => entry.kind === 'fragment')
}

describe('with two of five workers dead', () => {
  for (const [first = 0, second = 0] of pairs) {
    test(`(${first + 1} and ${second + 1}) reads and writes go on, and what is written survives a third`, async () => {
      const cluster = await SimulatedCluster.start({ seed: first * 5 + second + 1 })
      const sizes = [0, 10, 100, block + 100, 3 * block]
      const bodies = sizes.map((size) => cluster.random.bytes(size))
      for (const [index, body] of bodies.entries()) await cluster.put(`before-${index}`, body)
      cluster.worker(first).kill()
      // One with a sign to the others, one without.
      cluster.worker(second).kill({ silent: true })
      for (const [index, body] of bodies.entries()) {
        assert.deepEqual(await cluster.get(`before-${index}`), body, `size ${body.length} read`)
        await cluster.put(`after-${index}`, body)
        assert.deepEqual(await cluster.get(`after-${index}`), body, `size ${body.length} written`)
      }
      const third = defined(
        [0, 1, 2, 3, 4].find((index) => index !== first && index !== second),
        'a third worker',
      )
      cluster.worker(third).kill()
      for (const [index, body] of bodies.entries()) assert.deepEqual(await cluster.get(`after-${index}`), body)
    })
  }
})

describe('with three of five workers dead', () => {
  test('reads that lack pieces and writes that would not be safe are refused, and nothing of them stays', async () => {
    const cluster = await SimulatedCluster.start()
    const body = cluster.random.bytes(2 * block)
    await cluster.put('file', body)
    for (const index of [0, 2, 4]) cluster.worker(index).kill()
    await assert.rejects(cluster.get('file'), (error) => errorCode(error) === 'data-unavailable')
    await assert.rejects(cluster.put('other', body), (error) => errorCode(error) === 'not-enough-workers')
    assert.deepEqual(await cluster.names(), ['file'])
    assert.equal(cluster.files.readiness().canRead, false)
    for (const index of [0, 2, 4]) await cluster.run(cluster.worker(index).start())
    await cluster.until(() => cluster.files.readiness().canWrite)
    assert.deepEqual(await cluster.get('file'), body)
    await cluster.advance(40 * SECOND_MS)
    assert.equal(cluster.fragments(), 10)
  })
})

describe('a worker that comes back', () => {
  test('serves again what it has, and takes new data', async () => {
    const cluster = await SimulatedCluster.start()
    const body = cluster.random.bytes(2 * block)
    await cluster.put('file', body)
    cluster.worker(1).losePower()
    await cluster.put('meanwhile', body)
    assert.ok((await repairs(cluster)).length > 0)
    await cluster.run(cluster.worker(1).start())
    await cluster.advance(3 * SECOND_MS)
    await cluster.put('after', body)
    // What was written without it survives one more loss, all else two.
    cluster.worker(0).kill()
    assert.deepEqual(await cluster.get('meanwhile'), body)
    cluster.worker(2).kill()
    for (const key of ['file', 'after']) assert.deepEqual(await cluster.get(key), body, key)
  })

  test('after all of them lost their power has everything that was acknowledged', async () => {
    for (let seed = 1; seed <= 5; seed++) {
      const cluster = await SimulatedCluster.start({ seed, diskStepMs: () => 1 })
      const stored = new Map<string, Uint8Array>()
      const writing = Array.from({ length: 8 }, async (_, index) => {
        for (let round = 0; ; round++) {
          const key = `${index}-${round}`
          const body = cluster.random.bytes(cluster.random.below(2 * block))
          const upload = await cluster.files.put({ bucket: 'default', key })
          await upload.write(body.slice())
          await upload.finish()
          stored.set(key, body)
        }
      })
      for (const writer of writing) writer.catch(() => undefined)
      await cluster.advance(40 + cluster.random.below(40))
      for (const worker of cluster.workers) worker.losePower()
      cluster.master().kill()
      const acknowledged = new Map(stored)
      assert.ok(acknowledged.size > 0)
      await cluster.run(cluster.master().start())
      await cluster.run(Promise.all(cluster.workers.map(async (worker) => await worker.start())))
      await cluster.until(() => cluster.files.readiness().canWrite)
      for (const [key, body] of acknowledged) assert.deepEqual(await cluster.get(key), body, `${key}, seed ${seed}`)
    }
  })
})

describe('a stand-in', () => {
  test('is found when the slot’s worker is away for good, and when others die too', async () => {
    const cluster = await SimulatedCluster.start({ workers: 7 })
    const body = cluster.random.bytes(3 * block + 50)
    cluster.worker(0).kill()
    await cluster.put('file', body)
    const recorded = await repairs(cluster)
    for (const { standIn } of recorded) assert.ok(standIn !== undefined)
    // Its group is whole but for worker 1, or whole: any two more may die.
    for (const second of [1, 2, 3, 4, 5]) {
      cluster.worker(second).kill()
      cluster.worker(second + 1).kill()
      assert.deepEqual(await cluster.get('file'), body)
      await cluster.run(cluster.worker(second).start())
      await cluster.run(cluster.worker(second + 1).start())
      await cluster.until(() => cluster.master().master.counts().workersConnected === 6)
    }
  })
})

describe('damage on a worker’s disk', () => {
  test('is never served, found by whoever reads it, and repaired', async () => {
    const cluster = await SimulatedCluster.start()
    const body = cluster.random.bytes(block)
    await cluster.put('file', body)
    const node = cluster.worker(2)
    for (const name of node.medium.names().filter((found) => found.endsWith('.seg'))) {
      const size = node.medium.find(name)?.cache.length ?? 0
      for (let at = 200; at < size; at += 64) node.medium.flipBit(name, at)
    }
    const problems = async (): Promise<readonly string[]> => {
      const page = await cluster.run(cluster.files.verify({ bucket: 'default', key: 'file', after: -1, limit: 1000 }))
      return defined(page, 'page').problems.map(({ worker, state }) => `${worker} ${state}`)
    }
    for (let count = 0; count < 3; count++) assert.deepEqual(await cluster.get('file'), body)
    const layout = await cluster.run(cluster.files.layout({ bucket: 'default', key: 'file', after: -1, limit: 1000 }))
    const column = defined(layout, 'layout').pieces.find((piece) => piece.worker === node.id)?.column ?? -1
    // Data or parity; only the first is met by a read of all.
    assert.equal(cluster.master().master.counts().damagedFragments, column < 3 ? 1 : 0)
    if (column >= 3) assert.deepEqual(await problems(), [`${node.id} damaged`])
    await cluster.advance(20 * SECOND_MS)
    assert.deepEqual(await problems(), [])
  })

  test('beyond what can be decoded is an error, never wrong bytes', async () => {
    const cluster = await SimulatedCluster.start()
    await cluster.put('file', cluster.random.bytes(block))
    for (const node of cluster.workers.slice(0, 3)) {
      for (const name of node.medium.names().filter((found) => found.endsWith('.seg'))) {
        const size = node.medium.find(name)?.cache.length ?? 0
        for (let at = 200; at < size; at += 64) node.medium.flipBit(name, at)
      }
    }
    await assert.rejects(cluster.get('file'), (error) => errorCode(error) === 'data-unavailable')
  })
})
