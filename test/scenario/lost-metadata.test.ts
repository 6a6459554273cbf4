// The metadata directory is deleted under real processes: the cluster deletes nothing, refuses writes and says what to do, and
// `frostbyte rebuild-metadata` brings back every file that was acknowledged, byte by byte.

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

import { defined } from '../../src/base/assert.ts'
import { FileClient, seededSha256 } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'

const run = promisify(execFile)
const launcher = fileURLToPath(new URL('../../bin/frostbyte.js', import.meta.url))

/** Name to the seed and length of its bytes. */
type Manifest = Map<string, { readonly seed: number; readonly bytes: number }>

async function fill(client: FileClient): Promise<Manifest> {
  const manifest: Manifest = new Map()
  let seed = 0
  const put = async (name: string, bytes: number): Promise<void> => {
    seed++
    const response = await client.uploadSeeded(name, seed, bytes)
    assert.equal(response.status, 201, await response.text())
    manifest.set(name, { seed, bytes })
  }
  for (const bytes of [0, 1, 10_240, 10_241, 30_720, 3_072_000, 3_072_001, 20_000_003]) await put(`of ${bytes}`, bytes)
  for (let index = 0; index < 300; index++) await put(`small/${index % 250}`, 100 + index)
  for (const bytes of [4_000_000, 17, 4_000_001]) await put('overwritten', bytes)
  await put('written again', 500_000)
  assert.equal((await client.remove('written again')).status, 200)
  await put('written again', 70_000)
  await put('names/雪 & %', 12_345)
  await put('deleted', 50_000)
  assert.equal((await client.remove('deleted')).status, 200)
  manifest.delete('deleted')
  return manifest
}

async function frostbyte(cluster: RealCluster, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(process.execPath, [launcher, ...args, '--json', '--url', cluster.url])
  return JSON.parse(stdout)
}

async function assertHolds(client: FileClient, manifest: Manifest): Promise<void> {
  for (const [name, { seed, bytes }] of manifest)
    assert.equal(await client.sha256(name), seededSha256(seed, bytes), `${name} of ${bytes} bytes`)
}

describe('the metadata directory, deleted', () => {
  test('is rebuilt from the workers, and every acknowledged file is there', async () => {
    await RealCluster.use({}, async (cluster) => {
      const client = new FileClient(cluster.url)
      const manifest = await fill(client)
      const master = defined(cluster.masters[0], 'the master')
      await master.kill()
      await rm(join(cluster.directory, 'metadata'), { recursive: true })
      await master.start()
      await cluster.untilWorkersUp(5)

      assert.equal((await fetch(`${cluster.url}/readyz`)).status, 503)
      const refused = await client.uploadSeeded('new', 1, 100)
      assert.equal(refused.status, 503)
      const problem: unknown = await refused.json()
      assert.ok(typeof problem === 'object' && problem !== null && 'code' in problem && 'remedy' in problem)
      assert.equal(problem.code, 'read-only')
      assert.match(String(problem.remedy), /frostbyte rebuild-metadata/)
      assert.equal((await client.download('overwritten')).status, 503)

      const status = await frostbyte(cluster, 'rebuild-metadata')
      assert.ok(
        typeof status === 'object' && status !== null && 'filesIncomplete' in status && 'workersMissing' in status,
      )
      assert.equal(status.filesIncomplete, 0)
      assert.deepEqual(status.workersMissing, [])
      await cluster.untilReady()
      await assertHolds(client, manifest)
      const names = new Set(await client.names())
      for (const name of manifest.keys()) assert.ok(names.has(name), name)
      assert.equal((await client.uploadSeeded('after', 7, 4_000_000)).status, 201)

      // Everything again after a restart of all, with what came afterwards.
      manifest.set('after', { seed: 7, bytes: 4_000_000 })
      await cluster.stop()
      await master.start()
      await Promise.all(cluster.workers.map(async (worker) => await worker.start()))
      await cluster.untilReady()
      await assertHolds(new FileClient(cluster.url), manifest)
    })
  })
})
