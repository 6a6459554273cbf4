// Input that is wrong, or turns wrong, against real processes: each with its status and a problem document that names the remedy; and
// the faults of the first FrostByte, each as a regression test of its own.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { FileClient, seededBytes } from '../harness/file-client.ts'
import { RealCluster, RealNode } from '../harness/real-cluster.ts'

interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly remedy?: string
}

async function assertProblem(response: Response, status: number, code: string): Promise<void> {
  const text = await response.text()
  assert.equal(response.status, status, text)
  assert.match(response.headers.get('content-type') ?? '', /^application\/problem\+json/)
  const problem = JSON.parse(text) as Problem
  assert.equal(problem.status, status)
  assert.equal(problem.code, code)
  assert.ok(problem.title.length > 0)
}

describe('wrong input', () => {
  let cluster: RealCluster
  let client: FileClient

  before(async () => {
    cluster = await RealCluster.start({ masterArgs: ['--upload-stall-timeout', '2s'] })
    client = new FileClient(cluster.url)
  })

  after(async () => {
    await cluster.remove()
  })

  test('no name, a long name, bad UTF-8, a wrong method, an unknown file, bucket and route', async () => {
    await assertProblem(await fetch(`${client.url}/upload`, { method: 'POST', body: 'x' }), 400, 'name-missing')
    await assertProblem(await client.upload('n'.repeat(5000), seededBytes(1, 10)), 400, 'name-too-long')
    const bad = await fetch(`${client.url}/upload?filename=%ff%fe`, { method: 'POST', body: 'x' })
    await assertProblem(bad, 400, 'name-invalid')
    const method = await fetch(`${client.url}/upload?filename=x`)
    assert.equal(method.headers.get('allow')?.includes('POST'), true)
    await assertProblem(method, 405, 'method-not-allowed')
    await assertProblem(await client.download('nowhere'), 404, 'file-not-found')
    await assertProblem(await client.remove('nowhere'), 404, 'file-not-found')
    await assertProblem(await fetch(`${client.url}/download/x?bucket=nowhere`), 404, 'bucket-not-found')
    await assertProblem(await fetch(`${client.url}/nowhere`), 404, 'route-not-found')
  })

  test('a size that does not match is a 400, and nothing is stored', async () => {
    await assertProblem(await client.upload('sized', seededBytes(1, 10), '&size=11'), 400, 'size-mismatch')
    await assertProblem(await client.upload('sized', seededBytes(1, 50_000), '&size=20'), 400, 'size-mismatch')
    await assertProblem(await client.download('sized'), 404, 'file-not-found')
  })

  test('an aborted upload leaves nothing', async () => {
    const { hostname, port } = new URL(client.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `PUT /upload?filename=aborted HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 5000000\r\n\r\n`,
    )
    socket.write(seededBytes(1, 4_000_000))
    await sleep(300)
    socket.destroy()
    await sleep(300)
    assert.ok(!(await client.names()).includes('aborted'))
  })

  test('a stalled upload ends with a timeout', async () => {
    const { hostname, port } = new URL(client.url)
    const socket = connect(Number(port), hostname)
    socket.write(
      `PUT /upload?filename=stalled HTTP/1.1\r\nHost: ${hostname}:${port}\r\nContent-Length: 50000\r\n\r\nabc`,
    )
    const [answer] = (await once(socket, 'data')) as [Buffer]
    assert.match(answer.toString(), /^HTTP\/1\.1 408 /)
    assert.match(answer.toString(), /upload-stalled/)
    socket.destroy()
    assert.ok(!(await client.names()).includes('stalled'))
  })

  test('bad settings, a port in use and a foreign directory stop the start with one clear message', async () => {
    const bad = async (args: readonly string[], expected: RegExp, env = {}): Promise<void> => {
      await assert.rejects(new RealNode('bad', args, env).start(), expected)
    }
    const worker = defined(cluster.workers[0], 'worker')
    const master = defined(cluster.masters[0], 'master')
    await bad(['worker', '--capasity', '1GiB'], /--capasity[\s\S]*--capacity/)
    const data = join(cluster.directory, 'other')
    await bad(['up', '--data', data, '--chunk-size', 'many'], /chunk-size/)
    const config = join(cluster.directory, 'bad.yaml')
    await writeFile(config, 'worker: 5\n')
    await bad(['up', '--data', data, '--config', config], /worker/)
    const port = new URL(client.url).port
    await bad(['master', '--data', data, '--rest-port', port, '--s3-port', 'off', '--internal-port', '0'], /in use/i)
    const foreign = join(cluster.directory, 'foreign')
    await mkdir(join(foreign, 'store'), { recursive: true })
    await writeFile(join(foreign, 'store', 'thesis.doc'), 'not yours')
    const flags = worker.args.map((arg, index) => (worker.args[index - 1] === '--data' ? foreign : arg))
    await bad(flags, /foreign|not|empty/i)
    await bad(worker.args, /Another process uses the data directory/)
    await bad(master.args, /in use|Another process/i)
  })
})

describe('the faults of the first FrostByte', () => {
  let cluster: RealCluster
  let client: FileClient

  before(async () => {
    cluster = await RealCluster.start()
    client = new FileClient(cluster.url)
  })

  after(async () => {
    await cluster.remove()
  })

  async function content(name: string): Promise<Uint8Array> {
    const response = await client.download(name)
    assert.equal(response.status, 200)
    return new Uint8Array(await response.arrayBuffer())
  }

  test('uploading a name again does not mix old and new chunks', async () => {
    await client.upload('again', seededBytes(1, 500_000))
    await client.upload('again', seededBytes(2, 100_000))
    assert.deepEqual(await content('again'), seededBytes(2, 100_000))
  })

  test('a.b and a_b do not collide', async () => {
    await client.upload('a.b', seededBytes(3, 100))
    await client.upload('a_b', seededBytes(4, 100))
    assert.deepEqual(await content('a.b'), seededBytes(3, 100))
    assert.deepEqual(await content('a_b'), seededBytes(4, 100))
  })

  test('a name containing _chunk_ keeps its order', async () => {
    await client.upload('x_chunk_1_chunk_0', seededBytes(5, 200_000))
    assert.deepEqual(await content('x_chunk_1_chunk_0'), seededBytes(5, 200_000))
  })

  test('a path in a name escapes nowhere', async () => {
    const name = '../../etc/passwd'
    await client.upload(name, seededBytes(6, 100))
    const response = await fetch(`${client.url}/download?filename=${encodeURIComponent(name)}`)
    assert.deepEqual(new Uint8Array(await response.arrayBuffer()), seededBytes(6, 100))
    assert.ok((await client.names()).includes(name))
  })

  test('a failed upload is not listed', async () => {
    await client.upload('failed', seededBytes(7, 100), '&size=101')
    assert.ok(!(await client.names()).includes('failed'))
  })

  test('size is checked', async () => {
    assert.equal((await client.upload('checked', seededBytes(8, 100), '&size=99')).status, 400)
  })

  test('one lost worker loses no files', async () => {
    await client.upload('kept', seededBytes(9, 300_000))
    const worker = defined(cluster.workers[2], 'worker')
    await worker.kill()
    assert.deepEqual(await content('kept'), seededBytes(9, 300_000))
    await worker.start()
    await cluster.untilWorkersUp(5)
  })

  test('a master restart does not forget the workers', async () => {
    const master = defined(cluster.masters[0], 'master')
    await master.kill()
    await master.start()
    await cluster.untilReady()
    client = new FileClient(cluster.url)
    const response = await fetch(`${client.url}/api/v1/cluster`)
    const { workers } = (await response.json()) as { workers: readonly unknown[] }
    assert.equal(workers.length, 5)
    assert.deepEqual(await content('kept'), seededBytes(9, 300_000))
  })

  test('a failure in mid-download appends no error text to a 200', async () => {
    await cluster.untilWorkersUp(5)
    const bytes = seededBytes(10, 60_000_000)
    assert.equal((await client.upload('mid', bytes)).status, 201)
    const response = await client.download('mid')
    const reader = defined(response.body ?? undefined, 'body').getReader()
    let at = 0
    let failed = false
    try {
      for (;;) {
        const { done, value } = await reader.read()
        if (done) break
        if (at === 0) await Promise.all(cluster.workers.slice(0, 3).map(async (worker) => await worker.kill()))
        assert.deepEqual(value, bytes.subarray(at, at + value.length), 'what arrives is the file')
        at += value.length
      }
    } catch {
      failed = true
    }
    assert.ok(failed || at === bytes.length, `${at} bytes and a good end`)
    await Promise.all(cluster.workers.slice(0, 3).map(async (worker) => await worker.start()))
    await cluster.untilWorkersUp(5)
  })

  test('a file name is no script for a browser', async () => {
    const name = '<script>alert(1)</script>'
    await client.upload(name, seededBytes(11, 10))
    const response = await client.download(name)
    assert.equal(response.headers.get('x-content-type-options'), 'nosniff')
    assert.doesNotMatch(response.headers.get('content-type') ?? '', /html/)
    assert.ok((await client.names()).includes(name))
  })

  test('GET /delete deletes nothing', async () => {
    const response = await fetch(`${client.url}/delete?filename=kept`)
    assert.equal(response.status, 405)
    assert.ok((await client.names()).includes('kept'))
  })

  test('an empty list is [], a missing file a 404', async () => {
    const response = await fetch(`${client.url}/files?prefix=nothing-starts-so`)
    assert.equal(await response.text(), '[]')
    assert.equal((await client.download('missing')).status, 404)
  })
})
