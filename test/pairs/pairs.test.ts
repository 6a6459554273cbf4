// Any two of five workers are lost: each of the ten pairs, on a fresh cluster. Reads and writes go on, byte for byte. With a third one
// gone there is a clear refusal and nothing half-written; after restart everything acknowledged is there.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../src/base/assert.ts'
import { FileClient, problemCode, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'

const files = [
  ['empty', 0],
  ['one', 1],
  ['chunk', 10_240],
  ['stripe', 30_721],
  ['blocks', 7_000_000],
] as const

async function verify(client: FileClient, names: ReadonlyMap<string, { seed: number; bytes: number }>): Promise<void> {
  for (const [name, { seed, bytes }] of names) {
    assert.equal(await client.sha256(name), seededSha256(seed, bytes), name)
  }
}

async function store(
  client: FileClient,
  prefix: string,
  stored: Map<string, { seed: number; bytes: number }>,
): Promise<void> {
  for (const [name, bytes] of files) {
    const seed = stored.size + 1
    const response = await client.upload(`${prefix}/${name}`, seededBytes(seed, bytes))
    assert.equal(response.status, 201, await response.text())
    stored.set(`${prefix}/${name}`, { seed, bytes })
  }
}

describe('two of five workers lost', () => {
  for (let first = 0; first < 5; first++) {
    for (let second = first + 1; second < 5; second++) {
      test(`workers ${first + 1} and ${second + 1}`, async () => {
        const cluster = await RealCluster.start()
        try {
          const client = new FileClient(cluster.url)
          const stored = new Map<string, { seed: number; bytes: number }>()
          await store(client, 'before', stored)
          const lost = [first, second].map((index) => defined(cluster.workers[index], 'worker'))
          await Promise.all(lost.map(async (worker) => await worker.kill()))
          await verify(client, stored)
          await store(client, 'degraded', stored)
          await verify(client, stored)
          const gone = await client.remove('before/one')
          assert.equal(gone.status, 200)
          stored.delete('before/one')

          const third = defined(
            cluster.workers[[0, 1, 2, 3, 4].find((index) => index !== first && index !== second) ?? 0],
            'w',
          )
          await third.kill()
          const read = await client.download('before/blocks')
          assert.equal(read.status, 503)
          assert.equal(await problemCode(read), 'data-unavailable')
          const write = await client.upload('refused', seededBytes(1, 7_000_000))
          assert.equal(write.status, 503)
          assert.equal(await problemCode(write), 'not-enough-workers')
          assert.ok(!(await client.names()).includes('refused'))

          await Promise.all([...lost, third].map(async (worker) => await worker.start()))
          await cluster.untilWorkersUp(5)
          await verify(client, stored)
          assert.deepEqual(await client.names(), [...stored.keys()].toSorted())
        } finally {
          await cluster.remove()
        }
      })
    }
  }
})
