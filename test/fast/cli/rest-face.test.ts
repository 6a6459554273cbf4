// The client library and the command line against the real REST face, over files in memory: what their tests with the fake surface
// assume, the server does.

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import { defined } from '../../../src/base/assert.ts'
import { FrostError } from '../../../src/base/errors.ts'
import { runCli } from '../../../src/cli/run.ts'
import { FakeEnvironment } from '../../../src/cli/testing/fake-environment.ts'
import { downloadFile, FrostByteClient, FrostByteError } from '../../../src/sdk/node.ts'
import { Harness, isRecord, sampleBytes } from '../rest/harness.ts'
import { makeDirectory } from './run-frostbyte.ts'

const content = sampleBytes(3_500_000)
const noWait = { attemptsMax: 4, delayMs: 0 }

function clientOf(server: Harness): FrostByteClient {
  return new FrostByteClient({ url: `http://127.0.0.1:${server.port}`, retries: noWait })
}

function hasCode(code: string, status?: number): (error: unknown) => boolean {
  return (error) =>
    error instanceof FrostByteError && error.code === code && (status === undefined || error.status === status)
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  return Buffer.from(await new Response(stream).arrayBuffer())
}

describe('the client library at the REST face', () => {
  test('stores, tells, lists, reads and deletes files of every size', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    for (const size of [0, 1, 10_239, 10_240, 10_241, 65_536, 65_537, 3_072_001]) {
      const name = `sizes/${String(size).padStart(8, '0')}`
      const stored = await client.upload(name, content.subarray(0, size))
      const info = await client.stat(name)
      assert.deepEqual([info.sizeBytes, info.version, info.etag], [size, stored.version, stored.etag])
      const { stream } = await client.download(name)
      assert.ok((await readAll(stream)).equals(content.subarray(0, size)))
    }
    const names: string[] = []
    for await (const file of client.list('sizes/', { pageSize: 3 })) names.push(file.name)
    assert.equal(names.length, 8)
    for (const name of names) await client.remove(name)
    await assert.rejects(client.stat(names[0] ?? ''), hasCode('file-not-found', 404))
  })

  test('carries names of any kind', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    const names = [
      '..',
      '../x',
      'a//b',
      'a/',
      '%2e',
      '<script>alert(1)</script>',
      'ä ö+ü&=?#',
      'x\ny',
      '日本語',
      '\ufeffbom',
      'a\\b',
    ]
    for (const name of names) await client.upload(name, name)
    for (const name of names) {
      const { stream } = await client.download(name)
      assert.equal((await readAll(stream)).toString(), name)
    }
    const listed: string[] = []
    for await (const name of client.listNames('', { pageSize: 2 })) listed.push(name)
    assert.deepEqual(new Set(listed), new Set(names))
    await assert.rejects(client.upload('n'.repeat(5000), 'x'), hasCode('name-too-long', 400))
    await assert.rejects(client.upload('', 'x'), hasCode('name-missing', 400))
  })

  test('reads ranges, and hears of those that lie outside', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    server.files.store('a', content)
    server.files.store('empty', '')
    for (const [range, from, to] of [
      [{ first: 0, last: 0 }, 0, 1],
      [{ first: 3_499_999 }, 3_499_999, 3_500_000],
      [{ suffixBytes: 5 }, 3_499_995, 3_500_000],
    ] as const) {
      const { stream, offset } = await client.download('a', { range })
      assert.equal(offset, from)
      assert.ok((await readAll(stream)).equals(content.subarray(from, to)))
    }
    await assert.rejects(client.download('a', { range: { first: 3_500_000 } }), hasCode('range-unsatisfiable', 416))
    assert.equal((await readAll((await client.download('empty', { range: { suffixBytes: 3 } })).stream)).length, 0)
  })

  test('goes on with a download that broke, and notices that the file was replaced', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    server.files.store('a', content)
    let breaks = 1
    server.files.onRead = (readBytes) => {
      if (readBytes > 1_000_000 && breaks-- > 0) throw new FrostError('data-unavailable', 'gone for now')
    }
    assert.ok((await readAll((await client.download('a')).stream)).equals(content))
    breaks = 1
    const { stream } = await client.download('a')
    const reader = stream.getReader()
    await reader.read()
    server.files.store('a', content.toReversed())
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    }, hasCode('file-changed'))
  })

  test('holds to conditions', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    const first = await client.upload('a', '1', { ifAbsent: true })
    await assert.rejects(client.upload('a', '2', { ifAbsent: true }), hasCode('precondition-failed', 412))
    const second = await client.upload('a', '2', { ifVersion: first.version })
    await assert.rejects(client.remove('a', { ifVersion: first.version }), hasCode('precondition-failed', 412))
    await client.remove('a', { ifVersion: second.version })
  })

  test('hears why a large upload is refused, though most of it was never read', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    server.files.putError = new FrostError('insufficient-storage', 'There is no room.')
    await assert.rejects(client.upload('a', Buffer.concat([content, content, content, content])), (error: unknown) => {
      assert.ok(error instanceof FrostByteError)
      assert.deepEqual([error.code, error.status, error.message], ['insufficient-storage', 507, 'There is no room.'])
      assert.ok(error.requestId !== undefined && error.remedy !== undefined)
      return true
    })
  })

  test('repeats an upload that was refused for the moment', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    server.files.putError = new FrostError('overloaded', 'Too much at once.', { retryAfterSeconds: 0 })
    let refusals = 0
    const upload = client.upload('a', {
      async *open() {
        if (++refusals === 3) server.files.putError = undefined
        yield content
      },
    })
    assert.equal((await upload).sizeBytes, content.length)
    assert.equal(server.files.uploadsOpen, 0)
  })

  test('leaves nothing of an upload that is aborted', async () => {
    await using server = await Harness.start()
    const controller = new AbortController()
    const upload = clientOf(server).upload('a', content, {
      signal: controller.signal,
      onProgress: ({ transferredBytes }) => {
        if (transferredBytes > 1_000_000) controller.abort(new Error('enough'))
      },
    })
    await assert.rejects(upload, /enough/)
    assert.equal(server.files.bytesOf('a'), undefined)
  })

  test('makes and removes buckets, and tells the layout and the cluster', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    await client.createBucket('photos')
    await client.upload('a', content, { bucket: 'photos' })
    assert.deepEqual((await client.listBuckets()).map(({ name }) => name).toSorted(), ['default', 'photos'])
    await assert.rejects(client.removeBucket('photos'), hasCode('bucket-not-empty', 409))
    await assert.rejects(client.upload('a', 'x', { bucket: 'none' }), hasCode('bucket-not-found', 404))
    const page = await client.layout('a', { bucket: 'photos', limit: 10 })
    assert.equal(page.chunkSizeBytes, 10_240)
    assert.equal(page.pieces.filter(({ kind }) => kind === 'data').length, 10)
    assert.ok((await client.cluster()).workers.length > 0)
  })

  test('drains workers, asks for comparisons and scrubs, and verifies by pages', async () => {
    await using server = await Harness.start()
    const client = clientOf(server)
    const worker = '3'.repeat(16)
    await client.drain(worker)
    assert.equal((await client.cluster()).workers[2]?.state, 'draining')
    assert.equal((await client.scrub()).length, 4)
    await client.cancelDrain(worker)
    assert.equal((await client.cluster()).workers[2]?.state, 'up')
    await assert.rejects(client.drain('../../upload'), hasCode('worker-not-found', 404))
    await client.repair()
    assert.equal(server.files.repairs, 1)
    server.files.store('a', content)
    const first = await client.verify('a', { limit: 10 })
    assert.deepEqual([first.blocks, first.good, first.next], [10, 50, 9])
    const second = await client.verify('a', { after: first.next })
    assert.deepEqual([second.blocks, second.next, second.version], [2, undefined, first.version])
    await assert.rejects(client.verify('none'), hasCode('file-not-found', 404))
  })

  test('compares checksums of local files', async () => {
    await using server = await Harness.start()
    await using directory = await makeDirectory()
    const path = join(directory.path, 'a')
    server.files.store('a', content, { crc32: crc32(content) })
    await downloadFile(clientOf(server), 'a', path, { verify: true })
    assert.ok((await readFile(path)).equals(content))
    server.files.store('a', content, { crc32: 0x1234 })
    await assert.rejects(downloadFile(clientOf(server), 'a', path, { verify: true }), hasCode('checksum-mismatch'))
  })
})

function withoutTime(cluster: unknown): unknown {
  assert.ok(isRecord(cluster) && typeof cluster['time'] === 'string')
  return { ...cluster, time: undefined }
}

describe('the command line at the REST face', () => {
  test('shows the state of the cluster as the server gives it', async () => {
    await using server = await Harness.start()
    const world = new FakeEnvironment({ url: `http://127.0.0.1:${server.port}` })
    const nothing = async (): Promise<void> => undefined
    const options = {
      handlers: { up: nothing, master: nothing, worker: nothing, migrate: nothing },
      version: '',
      environment: world,
    }
    assert.equal(await runCli(['status', '--json'], options), 0)
    const { json } = await server.request('/api/v1/cluster')
    assert.deepEqual(withoutTime(JSON.parse(world.stdout.text)), withoutTime(json))
    assert.equal(await runCli(['status'], options), 0)
    assert.match(world.stdout.text, /Redundancy: /)
  })

  test('drains, scrubs and verifies', async () => {
    await using server = await Harness.start()
    const world = new FakeEnvironment({ url: `http://127.0.0.1:${server.port}` })
    const nothing = async (): Promise<void> => undefined
    const options = {
      handlers: { up: nothing, master: nothing, worker: nothing, migrate: nothing },
      version: '',
      environment: world,
    }
    assert.equal(await runCli(['drain', '22'], options), 0)
    assert.equal(server.files.clusterNow.workers[1]?.state, 'draining')
    assert.equal(await runCli(['drain', '22', '--cancel'], options), 0)
    assert.equal(server.files.clusterNow.workers[1]?.state, 'up')
    assert.equal(await runCli(['forget', '22'], options), 0)
    assert.equal(server.files.clusterNow.workers.length, 4)
    assert.notEqual(await runCli(['forget', '22'], options), 0)
    assert.equal(await runCli(['scrub'], options), 0)
    assert.equal(await runCli(['repair'], options), 0)
    assert.equal(server.files.repairs, 1)
    server.files.store('a', content)
    const worker = defined(server.files.clusterNow.workers[3], 'a worker').id
    server.files.damage = [{ block: 11, column: 4, worker, state: 'damaged' }]
    assert.equal(await runCli(['verify', '--all'], options), 7)
    assert.match(world.stdout.text, /^damaged: block 11 column 4 on worker 5{16} of a\n1 file: 1 problem, 59 pieces/m)
  })
})
