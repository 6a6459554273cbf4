// Space runs out: by the configured capacity, by the file system that everything shares, and because somebody else fills the disk to the
// last byte. Writes get a 507 that says what to do; reads and deletes go on; when there is room again, writes do too.

import assert from 'node:assert/strict'
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { TestContext } from 'node:test'

import { MIB } from '../../src/base/units.ts'
import { eventually } from '../harness/eventually.ts'
import { FileClient, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import { fillUp, SmallFileSystem } from '../harness/small-file-system.ts'

const fileBytes = 3_000_000
const filesMax = 400
const roomAgainMaxMs = 90_000

/** Uploads until it is refused; the names of what was stored. */
async function fill(client: FileClient, prefix: string): Promise<readonly string[]> {
  const names: string[] = []
  while (names.length < filesMax) {
    const name = `${prefix}-${names.length}`
    const response = await client.upload(name, seededBytes(seedOf(name), fileBytes))
    if (response.status !== 201) {
      await assertFull(response)
      return names
    }
    await response.arrayBuffer()
    names.push(name)
  }
  throw new Error(`${filesMax} files, and the disk is not full`)
}

async function assertFull(response: Response): Promise<void> {
  const text = await response.text()
  assert.equal(response.status, 507, text)
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const problem = JSON.parse(text) as { readonly code: string; readonly remedy?: string }
  assert.equal(problem.code, 'insufficient-storage')
  assert.match(problem.remedy ?? '', /delete|space|worker/i)
}

async function assertExact(client: FileClient, names: readonly string[]): Promise<void> {
  for (const name of names) assert.equal(await client.sha256(name), seededSha256(seedOf(name), fileBytes), name)
}

function seedOf(name: string): number {
  let seed = 1
  for (const character of name) seed = Math.imul(seed, 31) + (character.codePointAt(0) ?? 0)
  return seed >>> 0
}

/** Purging and compaction take their time; until then uploads are refused in the same clear way. */
async function untilStored(client: FileClient, name: string): Promise<void> {
  await eventually(`${name} is stored`, roomAgainMaxMs, async () => {
    const response = await client.upload(name, seededBytes(seedOf(name), fileBytes))
    if (response.status !== 201) {
      await assertFull(response)
      return undefined
    }
    await response.arrayBuffer()
    return true
  })
}

/** A full cluster reads and deletes, and takes again what was freed; twice, because what compaction leaves must not pile up. */
async function fillAndFreeTwice(cluster: RealCluster): Promise<void> {
  await cluster.untilWorkersUp(5)
  const client = new FileClient(cluster.url)
  let kept: readonly string[] = []
  for (const round of ['first', 'second']) {
    const names = [...kept, ...(await fill(client, round))]
    assert.ok(names.length >= 10, `only ${names.length} files fitted`)
    assert.deepEqual([...(await client.names())].toSorted(), [...names].toSorted())
    await assertExact(client, names)
    const removed = names.slice(0, Math.ceil(names.length * 0.7))
    for (const name of removed) assert.equal((await client.remove(name)).status, 200)
    kept = names.slice(removed.length)
    await assertExact(client, kept)
    for (let file = 0; file < Math.floor(removed.length / 2); file++) {
      const name = `${round}-again-${file}`
      await untilStored(client, name)
      kept = [...kept, name]
    }
    await assertExact(client, kept)
  }
}

/** Calls `work` with the folder of a small file system; skips the test where none can be mounted. */
async function onSmallFileSystem(
  context: TestContext,
  bytes: number,
  work: (directory: string) => Promise<void>,
): Promise<void> {
  const small = await SmallFileSystem.make(bytes)
  if (small === undefined) return context.skip('no file system of its own can be mounted here')
  try {
    await work(small.directory)
  } finally {
    await small.remove()
  }
}

describe('no space', () => {
  test('workers at their capacity', async () => {
    await RealCluster.use({ workerArgs: ['--capacity', '64MiB'] }, fillAndFreeTwice)
  })

  test('one small file system for the master and all workers', async (context) => {
    await onSmallFileSystem(context, 700 * MIB, async (parent) => {
      await RealCluster.use({ parent, workerArgs: ['--reserve', '32MiB'] }, fillAndFreeTwice)
    })
  })

  test('somebody else fills the workers’ disk to the last byte, and gives it back', async (context) => {
    await onSmallFileSystem(context, 500 * MIB, async (workerParent) => {
      await RealCluster.use({ workerParent, workerArgs: ['--reserve', '1MiB'] }, async (cluster) => {
        await cluster.untilWorkersUp(5)
        await fillFromOutside(cluster, workerParent)
      })
    })
  })
})

async function fillFromOutside(cluster: RealCluster, directory: string): Promise<void> {
  const client = new FileClient(cluster.url)
  const names = Array.from({ length: 20 }, (_, index) => `before-${index}`)
  for (const name of names) await untilStored(client, name)
  const filler = join(directory, 'filler')
  await fillToTheLast(filler, directory)
  // What the store asks the disk for now fails; a few bytes may still be in a block that it has.
  await eventually('the first refusal', 30_000, async () => {
    const response = await client.upload('refused', seededBytes(1, fileBytes))
    if (response.status === 201) return undefined
    await assertFull(response)
    return true
  })
  await fillToTheLast(filler, directory)
  await assertExact(client, names)
  for (const name of names.slice(0, 10)) assert.equal((await client.remove(name)).status, 200, name)
  await assertExact(client, names.slice(10))
  await rm(filler)
  await untilStored(client, 'after')
  await assertExact(client, [...names.slice(10), 'after'])
  assert.deepEqual(
    cluster.nodes.filter(({ isRunning }) => !isRunning),
    [],
  )
}

async function fillToTheLast(path: string, directory: string): Promise<void> {
  await fillUp(path)
  const { bavail, bsize } = await statfs(directory)
  assert.ok(bavail * bsize < MIB, `${bavail * bsize} bytes are left`)
}
