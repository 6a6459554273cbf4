import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { FrostByteClient } from './client.ts'
import { FrostByteError } from './errors.ts'
import type { UploadSource } from './source.ts'
import { FakeRest, problem } from './testing/fake-rest.ts'

const noWait = { attemptsMax: 4, delayMs: 0 }
const bytes = (length: number): Uint8Array<ArrayBuffer> =>
  Uint8Array.from({ length }, (_, index) => (index * 31) & 0xff)

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostByteError && error.code === code
}

async function* slicesOf(whole: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let start = 0; start < whole.length; start += length) yield whole.subarray(start, start + length)
}

describe('upload', () => {
  const content = bytes(700_001)
  const sources: Readonly<Record<string, () => UploadSource>> = {
    'bytes': () => content,
    'bytes in the middle of other memory': () => {
      const memory = new Uint8Array(content.length + 20)
      memory.set(content, 10)
      return memory.subarray(10, 10 + content.length)
    },
    'a Blob': () => new Blob([content], { type: 'image/png' }),
    'a stream': () => new Blob([content]).stream(),
    'an async iterable': () => slicesOf(content, 65_537),
    'a source that opens anew': () => ({ sizeBytes: content.length, open: () => slicesOf(content, 300_000) }),
  }
  for (const [name, make] of Object.entries(sources)) {
    test(`stores ${name} byte for byte`, async () => {
      await using server = await FakeRest.start()
      const client = new FrostByteClient({ url: server.url })
      const info = await client.upload('a', make())
      assert.equal(info.sizeBytes, content.length)
      assert.deepEqual(Buffer.from(server.bytesOf('a') ?? []), Buffer.from(content))
    })
  }

  test('stores a text as UTF-8 and an empty one as an empty file', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    await client.upload('a', 'snö')
    assert.equal((await client.upload('b', '')).sizeBytes, 0)
    assert.equal(new TextDecoder().decode(server.bytesOf('a')), 'snö')
  })

  test('sends names of any kind as they are', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    for (const name of ['../up', 'a/b c', '%41', '<script>', 'ä+&=?#', 'x\ny']) {
      assert.equal((await client.upload(name, 'x')).name, name)
    }
  })

  test('refuses half of a surrogate pair instead of storing another name', async () => {
    const client = new FrostByteClient()
    await assert.rejects(client.upload('a\ud800', 'x'), hasCode('name-invalid'))
  })

  test('tells its progress up to the whole', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url })
    const seen: number[] = []
    await client.upload('a', content, { onProgress: ({ transferredBytes }) => seen.push(transferredBytes) })
    assert.ok(seen.length > 2)
    assert.equal(seen.at(-1), content.length)
    assert.deepEqual(
      seen,
      seen.toSorted((left, right) => left - right),
    )
  })

  test('announces the size and carries token, bucket and type', async () => {
    await using server = await FakeRest.start()
    server.buckets.set('b', new Map())
    const client = new FrostByteClient({ url: server.url, token: 'secret', bucket: 'b' })
    await client.upload('a', new Blob(['x'], { type: 'text/plain' }))
    const seen = server.requests[0]
    assert.equal(seen?.query.get('size'), '1')
    assert.equal(seen?.query.get('bucket'), 'b')
    assert.equal(seen?.headers.authorization, 'Bearer secret')
    assert.equal(seen?.headers['content-type'], 'text/plain')
  })

  test('repeats after a refusal that says so, and waits as told', async () => {
    await using server = await FakeRest.start()
    let refusals = 2
    server.intercept = (_, request, response) => {
      if (refusals-- <= 0) return false
      request.resume()
      response.setHeader('retry-after', '0')
      problem(response, 503, 'overloaded')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await client.upload('a', content)
    assert.deepEqual(Buffer.from(server.bytesOf('a') ?? []), Buffer.from(content))
    assert.equal(server.requests.length, 3)
  })

  test('gives up after the attempts that are allowed', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_, request, response) => {
      request.resume()
      problem(response, 503, 'not-enough-workers', {
        detail: 'Two of five answer.',
        remedy: 'Start a worker.',
      })
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.upload('a', 'x'), (error: unknown) => {
      assert.ok(error instanceof FrostByteError)
      assert.equal(error.code, 'not-enough-workers')
      assert.equal(error.status, 503)
      assert.equal(error.message, 'Two of five answer.')
      assert.equal(error.remedy, 'Start a worker.')
      assert.equal(error.requestId, 'r1')
      return true
    })
    assert.equal(server.requests.length, 4)
  })

  test('does not repeat a refusal that would be the same again', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_, request, response) => {
      request.resume()
      problem(response, 507, 'insufficient-storage')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.upload('a', content), hasCode('insufficient-storage'))
    assert.equal(server.requests.length, 1)
  })

  test('sends a source that opens anew again after a broken connection', async () => {
    await using server = await FakeRest.start()
    let breaks = 1
    server.intercept = (_, request) => {
      if (breaks-- <= 0) return false
      request.once('data', () => request.socket.destroy())
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await client.upload('a', content)
    assert.deepEqual(Buffer.from(server.bytesOf('a') ?? []), Buffer.from(content))
  })

  test('does not send the rest of a stream as if it were the whole', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_, request) => {
      request.once('data', () => request.socket.destroy())
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.upload('a', slicesOf(content, 65_536)), hasCode('network-failed'))
    assert.equal(server.requests.length, 1)
  })

  test('sends a stream again of which nothing was taken', async () => {
    await using server = await FakeRest.start()
    let failures = 1
    const unreachableAtFirst: typeof fetch = async (input, init) => {
      if (failures-- > 0)
        throw new TypeError('fetch failed', { cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }) })
      return fetch(input, init)
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait, fetch: unreachableAtFirst })
    await client.upload('a', slicesOf(content, 65_536), { ifAbsent: true })
    assert.deepEqual(Buffer.from(server.bytesOf('a') ?? []), Buffer.from(content))
  })

  test('does not repeat a conditional upload whose outcome is unknown', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_, request) => {
      request.on('data', () => undefined).on('end', () => request.socket.destroy())
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.upload('a', 'x', { ifAbsent: true }), hasCode('network-failed'))
    assert.equal(server.requests.length, 1)
  })

  test('holds to the conditions that it is given', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const first = await client.upload('a', 'x', { ifAbsent: true })
    await assert.rejects(client.upload('a', 'y', { ifAbsent: true }), hasCode('precondition-failed'))
    await client.upload('a', 'y', { ifVersion: first.version })
    await assert.rejects(client.upload('a', 'z', { ifVersion: first.version }), hasCode('precondition-failed'))
    await assert.rejects(client.upload('a', 'z', { ifVersion: 'v', ifAbsent: true }), hasCode('option-invalid'))
  })

  for (const announced of [content.length - 1, content.length + 1]) {
    test(`notices a source of another length than the ${announced} announced`, async () => {
      await using server = await FakeRest.start()
      const client = new FrostByteClient({ url: server.url, retries: noWait })
      for (const source of [content, slicesOf(content, 100_000)]) {
        await assert.rejects(client.upload('a', source, { sizeBytes: announced }), hasCode('length-mismatch'))
      }
      assert.equal(server.bytesOf('a'), undefined)
    })
  }

  test('passes on the failure of its source', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    async function* failing(): AsyncGenerator<Uint8Array> {
      yield content
      throw new Error('the disk is gone')
    }
    await assert.rejects(client.upload('a', failing()), (error: unknown) => {
      assert.ok(error instanceof FrostByteError)
      assert.equal(error.code, 'local-failed')
      assert.match(error.message, /the disk is gone/)
      return true
    })
    assert.equal(server.bytesOf('a'), undefined)
  })

  test('refuses a source that gives texts', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const texts = new ReadableStream({ start: (controller) => controller.enqueue('x') })
    await assert.rejects(client.upload('a', texts), hasCode('option-invalid'))
  })

  test('ends with the signal’s reason, closes its source and stores nothing', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const controller = new AbortController()
    const reason = new Error('enough')
    const closed = Promise.withResolvers<void>()
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (let count = 0; ; count++) {
          if (count === 3) controller.abort(reason)
          yield bytes(1000)
        }
      } finally {
        closed.resolve()
      }
    }
    await assert.rejects(client.upload('a', endless(), { signal: controller.signal }), (error) => error === reason)
    await closed.promise
    assert.equal(server.bytesOf('a'), undefined)
  })

  test('is over at once where the signal has been aborted before', async () => {
    const client = new FrostByteClient()
    const reason = new Error('enough')
    await assert.rejects(client.upload('a', 'x', { signal: AbortSignal.abort(reason) }), (error) => error === reason)
  })

  test('gives up on a server that takes nothing', async () => {
    await using server = await FakeRest.start()
    server.intercept = () => true
    const client = new FrostByteClient({ url: server.url, retries: { attemptsMax: 1 }, timeoutMs: 100 })
    await assert.rejects(client.upload('a', content), hasCode('timed-out'))
  })

  test('is patient with a slow source', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, retries: { attemptsMax: 1 }, timeoutMs: 1500 })
    async function* slow(): AsyncGenerator<Uint8Array> {
      yield bytes(10)
      await setTimeout(2000)
      yield bytes(10)
    }
    assert.equal((await client.upload('a', slow())).sizeBytes, 20)
  })

  test('does not believe a server that stored another length', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_, request, response) => {
      request.resume()
      response
        .writeHead(201, { 'content-type': 'application/json' })
        .end('{"filename":"a","size":1,"etag":"e","version":"v"}')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.upload('a', 'xyz'), hasCode('length-mismatch'))
  })

  test('knows a server that is none of ours', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_, request, response) => {
      request.resume()
      response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome</h1>')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.upload('a', 'xyz'), hasCode('response-invalid'))
  })
})
