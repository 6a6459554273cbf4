// Three masters, processes of their own with data directories of their own, over one MongoDB. Any of them serves any request; one that is
// killed or stopped costs its own requests, and nothing else.

import assert from 'node:assert/strict'
import { after, afterEach, before, describe, test } from 'node:test'

import { defined } from '../../src/base/assert.ts'
import { errorCode } from '../../src/base/errors.ts'
import { SeededRandom } from '../../src/base/random.ts'
import { leaseName } from '../../src/master/lease-keeper.ts'
import type { LeaseRow } from '../../src/meta/contract/lease-metadata.ts'
import { KeyValueMetadata, LocalRunner } from '../../src/meta/key-value-metadata.ts'
import { eventually } from '../harness/eventually.ts'
import { FileClient, seededBytes } from '../harness/file-client.ts'
import { FileManifest } from '../harness/file-manifest.ts'
import { MixedLoad } from '../harness/mixed-load.ts'
import { RealCluster, untilOk } from '../harness/real-cluster.ts'
import type { RealNode } from '../harness/real-cluster.ts'
import { anyServer, openMap, withDatabase, withoutServer } from './stand-in.ts'
import type { TestServer } from './stand-in.ts'

/** The promise: background work goes on within so long. */
const takeoverMaxMs = 30_000
const settleMaxMs = 120_000
const mastersCount = 3

describe('three masters over one MongoDB', { skip: withoutServer }, () => {
  let server: TestServer
  let cluster: RealCluster
  let metadata: KeyValueMetadata

  before(async () => {
    server = await anyServer()
    const url = withDatabase(server.url)
    cluster = await RealCluster.start({ masters: mastersCount, metadataUrl: () => url })
    const map = await openMap(url)
    metadata = new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false }))
  })

  after(async () => {
    await metadata.close()
    await cluster.remove()
    await server.remove()
  })

  async function lease(): Promise<LeaseRow> {
    return defined(await metadata.getLease(leaseName), 'a lease')
  }

  /** The master that does the background work. */
  async function holder(): Promise<{ readonly node: RealNode; readonly index: number; readonly lease: LeaseRow }> {
    return await eventually('a holder that is registered', settleMaxMs, async () => {
      const row = await lease()
      const processes = await metadata.listProcesses()
      const { address } = defined(
        processes.find(({ process }) => process === row.holder),
        'the holder is registered',
      )
      const index = cluster.masters.findIndex((node) => node.addresses['internal'] === address)
      return { node: defined(cluster.masters[index], 'a master'), index, lease: row }
    })
  }

  const loads: MixedLoad[] = []

  afterEach(async () => {
    for (const load of loads.splice(0)) await load.stop()
  })

  function loadOn(indexes: readonly number[], manifest: FileManifest, prefix: string): MixedLoad {
    const load = new MixedLoad(manifest, {
      urls: indexes.map((index) => cluster.urlOf(index)),
      random: new SeededRandom(indexes.length),
      clients: 2,
      pauseMs: 20,
      namesPerClient: 8,
      uploadBytes: (random) => 1 + random.below(60_000),
      prefix,
    })
    loads.push(load)
    return load
  }

  async function untilTaken(former: LeaseRow): Promise<LeaseRow> {
    const endMs = Date.now() + takeoverMaxMs
    for (;;) {
      const row = await lease()
      if (row.holder !== undefined && row.token > former.token) return row
      assert.ok(Date.now() < endMs, 'the background work is taken over in time')
      await new Promise((resolve) => {
        setTimeout(resolve, 100)
      })
    }
  }

  test('read and list after write, whoever wrote and whoever is asked', async () => {
    const clients = cluster.masters.map((_, index) => new FileClient(cluster.urlOf(index)))
    for (let round = 0; round < 15; round++) {
      const writer = defined(clients[round % mastersCount], 'client')
      const reader = defined(clients[(round + 1) % mastersCount], 'client')
      const bytes = seededBytes(round + 1, 1_000 + round)
      assert.equal((await writer.upload('same-name', bytes)).status, 201)
      assert.deepEqual(new Uint8Array(await (await reader.download('same-name')).arrayBuffer()), bytes)
      assert.equal((await writer.upload(`name-${round}`, bytes)).status, 201)
      assert.ok((await reader.names()).includes(`name-${round}`))
      assert.equal((await writer.remove(`name-${round}`)).status, 200)
      assert.equal((await reader.download(`name-${round}`)).status, 404)
    }
    await defined(clients[0], 'client').remove('same-name')
  })

  test('of thirty racers through all exactly one makes a name', async () => {
    const statuses = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const url = `${cluster.urlOf(index % mastersCount)}/upload?filename=race`
        const response = await fetch(url, { method: 'PUT', headers: { 'if-none-match': '*' }, body: `racer ${index}` })
        await response.arrayBuffer()
        return response.status
      }),
    )
    assert.equal(statuses.filter((status) => status === 201).length, 1)
    assert.equal(statuses.filter((status) => status === 412).length, 29)
    await new FileClient(cluster.url).remove('race')
  })

  test('the one with the background work is stopped, replaced, and changes nothing when it wakes', async () => {
    const stopped = await holder()
    const others = [0, 1, 2].filter((index) => index !== stopped.index)
    const manifest = new FileManifest()
    const load = loadOn(others, manifest, 'stopped')
    stopped.node.signal('SIGSTOP')
    const taken = await untilTaken(stopped.lease)
    stopped.node.signal('SIGCONT')
    const awake = new FileClient(cluster.urlOf(stopped.index))
    await eventually(
      'the one that woke serves again',
      settleMaxMs,
      async () => (await awake.upload('awake', seededBytes(1, 100))).status === 201 || undefined,
    )
    assert.equal((await awake.remove('awake')).status, 200)
    for (let looks = 0; looks < 5; looks++) {
      const row = await lease()
      assert.deepEqual([row.token, row.holder], [taken.token, taken.holder])
      await new Promise((resolve) => {
        setTimeout(resolve, 1_000)
      })
    }
    const late = { lease: leaseName, token: stopped.lease.token }
    await assert.rejects(
      metadata.removePurged({ entries: [], fence: late }),
      (error) => errorCode(error) === 'precondition-failed',
    )
    await load.stop()
    assert.ok(load.acknowledged > 5, 'the others have worked meanwhile')
    assert.deepEqual(load.failures, [])
    assert.deepEqual(load.corruptions, [])
    await manifest.verify(awake)
    for (const name of manifest.names) await awake.remove(name)
  })

  test('the one with the background work is killed under load: the clients of the others see no error', async () => {
    const killed = await holder()
    const others = [0, 1, 2].filter((index) => index !== killed.index)
    const manifest = new FileManifest()
    const load = loadOn(others, manifest, 'others')
    const lost = loadOn([killed.index], manifest, 'killed')
    const isLoaded = (): true | undefined => (load.acknowledged > 10 && lost.acknowledged > 3) || undefined
    await eventually('load', settleMaxMs, isLoaded)
    const dead = defined(killed.lease.holder, 'a holder')
    await killed.node.kill()
    await lost.stop()
    await untilTaken(killed.lease)
    // Which is work of the background: the dead process is taken off the list.
    await eventually('the dead process is expired', settleMaxMs, async () => {
      const processes = await metadata.listProcesses()
      return processes.every(({ process }) => process !== dead) || undefined
    })
    const acknowledged = load.acknowledged
    await eventually('the others go on', settleMaxMs, () => load.acknowledged > acknowledged + 10 || undefined)
    await load.stop()
    assert.deepEqual(load.failures, [])
    assert.deepEqual([...load.corruptions, ...lost.corruptions], [])
    const client = new FileClient(cluster.urlOf(defined(others[0], 'another master')))
    await manifest.verify(client)
    await killed.node.start()
    await untilOk(`${cluster.urlOf(killed.index)}/readyz`)
    await manifest.verify(new FileClient(cluster.urlOf(killed.index)))
  })
})
