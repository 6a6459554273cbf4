import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostByteClient } from './client.ts'
import { FrostByteError } from './errors.ts'
import { changedCluster, healthyCluster } from './testing/cluster-json.ts'
import { FakeRest, problem } from './testing/fake-rest.ts'

const noWait = { attemptsMax: 4, delayMs: 0 }

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostByteError && error.code === code
}

async function collect<T>(items: AsyncIterable<T>): Promise<readonly T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

describe('list', () => {
  test('gives every name once and in order, whatever the size of the pages', async () => {
    await using server = await FakeRest.start()
    const names = Array.from({ length: 25 }, (_, index) => `p/${String(index).padStart(3, '0')}`)
    for (const name of [...names, 'other']) server.store(name, 'x')
    const client = new FrostByteClient({ url: server.url })
    for (const pageSize of [1, 5, 7, 25, 26, 1000]) {
      assert.deepEqual(await collect(client.listNames('p/', { pageSize })), names)
      assert.deepEqual(
        (await collect(client.list('p/', { pageSize }))).map(({ name }) => name),
        names,
      )
    }
  })

  test('stops at its limit and starts after a name', async () => {
    await using server = await FakeRest.start()
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.store(name, 'x')
    const client = new FrostByteClient({ url: server.url })
    assert.deepEqual(await collect(client.listNames('', { after: 'a', limit: 3, pageSize: 2 })), ['b', 'c', 'd'])
    assert.deepEqual(await collect(client.listNames('', { limit: 0 })), [])
  })

  test('asks for no further page than is read', async () => {
    await using server = await FakeRest.start()
    for (const name of ['a', 'b', 'c', 'd', 'e']) server.store(name, 'x')
    const client = new FrostByteClient({ url: server.url })
    for await (const name of client.listNames('', { pageSize: 2 })) if (name === 'b') break
    assert.equal(server.requests.length, 1)
  })

  test('describes files', async () => {
    await using server = await FakeRest.start()
    const version = server.store('a', 'xyz')
    const client = new FrostByteClient({ url: server.url })
    const [file] = await collect(client.list())
    assert.equal(file?.sizeBytes, 3)
    assert.equal(file?.etag, version)
    assert.equal(file?.modifiedAt?.getTime(), Date.UTC(2026, 0, 1))
  })

  test('is empty where there is nothing, and fails where there is no bucket', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    assert.deepEqual(await collect(client.list()), [])
    await assert.rejects(collect(client.list('', { bucket: 'none' })), hasCode('bucket-not-found'))
  })

  test('goes on with the same page after a broken connection', async () => {
    await using server = await FakeRest.start()
    for (const name of ['a', 'b', 'c']) server.store(name, 'x')
    let requests = 0
    server.intercept = (_seen, request) => {
      if (++requests !== 2) return false
      request.socket.destroy()
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    assert.deepEqual(await collect(client.listNames('', { pageSize: 2 })), ['a', 'b', 'c'])
  })
})

describe('stat', () => {
  test('tells what is known of a file', async () => {
    await using server = await FakeRest.start()
    const version = server.store('a', '123456789')
    const client = new FrostByteClient({ url: server.url })
    const info = await client.stat('a')
    assert.equal(info.sizeBytes, 9)
    assert.equal(info.version, version)
    assert.equal(info.crc32, 'cbf43926')
    assert.equal(info.modifiedAt?.getTime(), Date.UTC(2026, 0, 1))
  })

  test('tells a missing file from a missing bucket', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    await assert.rejects(client.stat('a'), hasCode('file-not-found'))
    await assert.rejects(client.stat('a', { bucket: 'none' }), hasCode('bucket-not-found'))
  })
})

describe('layout', () => {
  test('tells by pages where the pieces lie', async () => {
    await using server = await FakeRest.start()
    server.store('a', new Uint8Array(25_000))
    const client = new FrostByteClient({ url: server.url })
    const first = await client.layout('a', { limit: 2 })
    assert.equal(first.chunkCount, 3)
    assert.deepEqual(
      first.pieces.map(({ lengthBytes }) => lengthBytes),
      [10_240, 10_240],
    )
    const second = await client.layout('a', { limit: 2, after: first.next })
    assert.deepEqual(
      second.pieces.map(({ index, lengthBytes }) => [index, lengthBytes]),
      [[2, 4520]],
    )
    assert.equal(second.next, undefined)
  })
})

describe('verify', () => {
  test('tells by pages what is good and what is not', async () => {
    await using server = await FakeRest.start()
    const version = server.store('a', new Uint8Array(3_072_000 * 2 + 1))
    server.damage = [{ block: 2, column: 4, worker: '00000000000000a1', state: 'unknown' }]
    const client = new FrostByteClient({ url: server.url })
    const first = await client.verify('a', { limit: 2 })
    assert.deepEqual([first.version, first.blocks, first.good, first.problems], [version, 2, 10, []])
    const second = await client.verify('a', { limit: 2, after: first.next })
    assert.deepEqual([second.blocks, second.good, second.next], [1, 4, undefined])
    assert.deepEqual(second.problems, server.damage)
    await assert.rejects(client.verify('none'), hasCode('file-not-found'))
  })
})

describe('the state of the healing', () => {
  test('is told with undefined, never zero, for what is unknown', async () => {
    await using server = await FakeRest.start()
    server.cluster = () =>
      changedCluster({
        redundancy: { fragmentsMissing: null, comparedAt: null, lostFiles: [{ filename: 'a', bucket: 'b' }] },
        worker: { scrub: null, oldestDiskOperationMs: 7 },
        healing: { moves: [{ group: 1, slot: 0, from: 'x', to: 'y', copied: 3 }], slotsToMove: 2 },
      })
    const status = await new FrostByteClient({ url: server.url }).cluster()
    assert.equal(status.time.getTime(), Date.UTC(2026, 10, 23, 10, 5))
    assert.deepEqual([status.redundancy.fragmentsMissing, status.redundancy.comparedAt], [undefined, undefined])
    assert.deepEqual(status.redundancy.lostFiles, [{ name: 'a', bucket: 'b' }])
    assert.deepEqual([status.workers[0]?.scrub, status.workers[0]?.oldestDiskOperationMs], [undefined, 7])
    assert.deepEqual(status.workers[1]?.scrub?.lastFinishedAt, undefined)
    assert.deepEqual(status.healing.moves, [{ group: 1, slot: 0, from: 'x', to: 'y', copied: 3 }])
    assert.equal(status.healing.slotsToMove, 2)
  })

  test('is not guessed where the answer lacks something', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    const healthy = healthyCluster()
    const broken: readonly unknown[] = [
      [],
      'x',
      { ...healthy, healing: undefined },
      { ...healthy, time: 'soon' },
      { ...healthy, time: undefined },
      { ...healthy, redundancy: { ...healthy.redundancy, fragmentsMissing: '0' } },
      { ...healthy, redundancy: { ...healthy.redundancy, lostFiles: [7] } },
      { ...healthy, workers: [{ ...healthy.workers[0], failing: 'no' }] },
      { ...healthy, workers: [{ ...healthy.workers[0], slots: undefined }] },
      { ...healthy, workers: [{ ...healthy.workers[0], scrub: [] }] },
    ]
    for (const answer of broken) {
      server.cluster = () => answer
      await assert.rejects(client.cluster(), hasCode('response-invalid'), JSON.stringify(answer))
    }
  })

  test('drains, compares and scrubs, also where an answer is lost on the way', async () => {
    await using server = await FakeRest.start()
    let requests = 0
    server.intercept = (_seen, request) => {
      if (++requests % 2 === 0) return false
      request.socket.destroy()
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await client.drain('00000000000000a1')
    await client.cancelDrain('00000000000000a1')
    await client.forgetWorker('00000000000000a1')
    await client.repair()
    assert.equal((await client.scrub()).length, 5)
    const seen = server.requests.filter((_, index) => index % 2 === 1).map(({ method, path }) => `${method} ${path}`)
    assert.deepEqual(seen, [
      'POST /api/v1/workers/00000000000000a1/drain',
      'DELETE /api/v1/workers/00000000000000a1/drain',
      'DELETE /api/v1/workers/00000000000000a1',
      'POST /api/v1/repair',
      'POST /api/v1/scrub',
    ])
    await assert.rejects(client.drain('../x'), hasCode('worker-not-found'))
  })
})

describe('remove', () => {
  test('deletes, and says so where there is nothing to delete', async () => {
    await using server = await FakeRest.start()
    server.store('a', 'x')
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await client.remove('a')
    assert.equal(server.bytesOf('a'), undefined)
    await assert.rejects(client.remove('a'), hasCode('file-not-found'))
  })

  test('succeeds where the answer to a deletion was lost', async () => {
    await using server = await FakeRest.start()
    server.store('a', 'x')
    let losses = 1
    server.intercept = (_seen, request) => {
      if (losses-- <= 0) return false
      server.buckets.get('default')?.delete('a')
      request.socket.destroy()
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await client.remove('a')
  })

  test('does not repeat a conditional deletion whose outcome is unknown', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, request) => {
      request.socket.destroy()
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.remove('a', { ifVersion: 'v' }), hasCode('network-failed'))
    assert.equal(server.requests.length, 1)
  })
})

describe('the cluster', () => {
  test('is told with what is not known left open', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    const cluster = await client.cluster()
    assert.equal(cluster.workers.length, 5)
    assert.equal(cluster.workers[0]?.zone, 'north')
    assert.equal(cluster.workers[1]?.zone, undefined)
    assert.equal(cluster.redundancy.fragmentsMissing, 0)
    assert.equal(cluster.redundancy.scrubbedAt, undefined)
  })

  test('makes, lists and removes buckets', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    await client.createBucket('photos')
    await assert.rejects(client.createBucket('photos'), hasCode('bucket-exists'))
    assert.deepEqual(
      (await client.listBuckets()).map(({ name }) => name),
      ['default', 'photos'],
    )
    await client.removeBucket('photos')
    await assert.rejects(client.removeBucket('photos'), hasCode('bucket-not-found'))
  })

  test('does not make a bucket twice where the first answer was lost', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, request) => {
      request.socket.destroy()
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.createBucket('photos'), hasCode('network-failed'))
    assert.equal(server.requests.length, 1)
  })

  test('is not confused by an answer that lacks what it needs', async () => {
    await using server = await FakeRest.start()
    server.cluster = () => ({ id: 'x', workers: {}, groups: [], redundancy: {} })
    const client = new FrostByteClient({ url: server.url })
    await assert.rejects(client.cluster(), hasCode('response-invalid'))
  })
})

describe('a client', () => {
  for (const url of ['8080', 'ftp://host', 'http://user:pass@host', 'http://host/?a=1', 'http://host:99999']) {
    test(`refuses the address ${url}`, () => {
      assert.throws(() => new FrostByteClient({ url }), hasCode('option-invalid'))
    })
  }

  test('refuses options out of their range', () => {
    assert.throws(() => new FrostByteClient({ retries: { attemptsMax: 0 } }), hasCode('option-invalid'))
    assert.throws(() => new FrostByteClient({ timeoutMs: Number.POSITIVE_INFINITY }), hasCode('option-invalid'))
  })

  test('finds a server below a path', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: `${server.url}/storage` })
    await assert.rejects(client.stat('a'))
    assert.equal(server.requests[0]?.path, '/storage/api/v1/stat')
  })

  test('says who does not answer', async () => {
    const server = await FakeRest.start()
    const { url } = server
    await server[Symbol.asyncDispose]()
    const client = new FrostByteClient({ url, retries: { attemptsMax: 1 } })
    await assert.rejects(client.cluster(), (error: unknown) => {
      assert.ok(error instanceof FrostByteError)
      assert.equal(error.code, 'network-failed')
      assert.match(error.message, /nothing listens/)
      assert.ok(error.unsent && error.retryable)
      return true
    })
  })

  test('waits as long as Retry-After asks, but not for ever', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, _request, response) => {
      response.setHeader('retry-after', '3600')
      problem(response, 503, 'overloaded')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(
      client.cluster(),
      (error: unknown) => error instanceof FrostByteError && error.retryAfterSeconds === 3600,
    )
    assert.equal(server.requests.length, 1)
  })

  test('ends a wait between two attempts with the signal', async () => {
    await using server = await FakeRest.start()
    const controller = new AbortController()
    const reason = new Error('enough')
    server.intercept = (_seen, _request, response) => {
      problem(response, 503, 'overloaded')
      setImmediate(() => controller.abort(reason))
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: { delayMs: 60_000, delayMaxMs: 60_000 } })
    await assert.rejects(client.cluster({ signal: controller.signal }), (error) => error === reason)
  })

  test('takes the status for the error of a server in between that speaks no problem documents', async () => {
    await using server = await FakeRest.start()
    let answers = 0
    server.intercept = (_seen, _request, response) => {
      response.writeHead(answers++ === 0 ? 502 : 403, { 'content-type': 'text/html' }).end('<h1>Bad Gateway</h1>')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.cluster(), hasCode('http-403'))
    assert.equal(server.requests.length, 2)
  })
})
