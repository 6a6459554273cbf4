// Two processes of one master over the embedded metadata store: what one has acknowledged the other one shows at once; and when the
// committing one stops or dies, the watchdog and the supervisor put another in its place.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { FileClient, seededBytes, seededSha256 } from '../harness/file-client.ts'
import { RealCluster, RealNode } from '../harness/real-cluster.ts'
import { RealUp } from '../harness/real-up.ts'

describe('two master processes', () => {
  let cluster: RealCluster
  let clients: readonly FileClient[]

  before(async () => {
    cluster = await RealCluster.start({ masters: 2 })
    clients = [new FileClient(cluster.urlOf(0)), new FileClient(cluster.urlOf(1))]
  })

  after(async () => {
    await cluster.remove()
  })

  test('read and list after write, whoever wrote and whoever is asked', async () => {
    for (let round = 0; round < 200; round++) {
      const writer = defined(clients[round % 2], 'client')
      const reader = defined(clients[(round + 1) % 2], 'client')
      const bytes = seededBytes(round + 1, 1000 + round)
      assert.equal((await writer.upload('same-name', bytes)).status, 201)
      const response = await reader.download('same-name')
      assert.deepEqual(new Uint8Array(await response.arrayBuffer()), bytes, `round ${round}`)
      assert.equal((await writer.upload(`name-${round}`, bytes)).status, 201)
      assert.ok((await reader.names()).includes(`name-${round}`), `round ${round}`)
      assert.equal((await reader.remove(`name-${round}`)).status, 200)
      assert.equal((await writer.download(`name-${round}`)).status, 404)
    }
  })

  test('of a hundred racers through both exactly one makes a name', async () => {
    for (let round = 0; round < 10; round++) {
      const statuses = await Promise.all(
        Array.from({ length: 100 }, async (_, index) => {
          const { url } = defined(clients[index % 2], 'client')
          const response = await fetch(`${url}/upload?filename=race-${round}`, {
            method: 'PUT',
            headers: { 'if-none-match': '*' },
            body: `racer ${index}`,
          })
          await response.arrayBuffer()
          return response.status
        }),
      )
      assert.equal(statuses.filter((status) => status === 201).length, 1)
      assert.equal(statuses.filter((status) => status === 412).length, 99)
    }
  })
})

describe('the committing process', () => {
  for (const signal of ['SIGSTOP', 'SIGKILL'] as const) {
    test(`is replaced after ${signal}, and nothing acknowledged is lost`, async () => {
      const up = await RealUp.start({ processes: 2 })
      try {
        const client = new FileClient(up.url)
        for (let index = 0; index < 20; index++) {
          assert.equal((await client.upload(`before-${index}`, seededBytes(index + 1, 20_000))).status, 201)
        }
        const committer = await up.pidOf((args) => args.includes('master') && !args.includes('--committer'))
        process.kill(committer, signal)
        const deadline = Date.now() + 60_000
        let status = 0
        while (status !== 201 && Date.now() < deadline) {
          status = await fetch(`${up.url}/upload?filename=after`, {
            method: 'PUT',
            body: seededBytes(99, 50_000),
            signal: AbortSignal.timeout(5000),
          }).then(
            (response) => response.status,
            () => 0,
          )
          await sleep(200)
        }
        assert.equal(status, 201)
        await assert.rejects(readFile(`/proc/${committer}/cmdline`), 'the stopped process was ended')
        for (let index = 0; index < 20; index++) {
          assert.equal(await client.sha256(`before-${index}`), seededSha256(index + 1, 20_000))
        }
        assert.equal(await client.sha256('after'), seededSha256(99, 50_000))
      } finally {
        await up.remove()
      }
    })
  }
})

describe('a worker that is alone with its directory', () => {
  test('refuses a second process on it', async () => {
    const cluster = await RealCluster.start()
    try {
      const worker = defined(cluster.workers[0], 'worker')
      const second = new RealNode('second', worker.args, {})
      await assert.rejects(second.start(), /Another process uses the data directory/)
    } finally {
      await cluster.remove()
    }
  })
})
