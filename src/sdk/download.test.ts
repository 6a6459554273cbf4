import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'

import { FrostByteClient } from './client.ts'
import { FrostByteError } from './errors.ts'
import type { Progress } from './upload-body.ts'
import { FakeRest, problem } from './testing/fake-rest.ts'
import type { Intercept } from './testing/fake-rest.ts'

const noWait = { attemptsMax: 4, delayMs: 0 }
const content = Uint8Array.from({ length: 3_500_000 }, (_, index) => (index * 31 + (index >> 8)) & 0xff)

function hasCode(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostByteError && error.code === code
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Buffer> {
  return Buffer.from(await new Response(stream).arrayBuffer())
}

/** Answers as the server would, but breaks the connection after `lengths[n]` bytes of the nth answer. */
function breakAfter(server: FakeRest, ...lengths: number[]): Intercept {
  return (seen, _request, response) => {
    const length = lengths.shift()
    if (length === undefined || seen.path !== '/download') return false
    const [, first = '0', last = ''] = /^bytes=(\d+)-(\d*)$/.exec(seen.headers.range ?? '') ?? []
    const whole = server.bytesOf(seen.query.get('filename') ?? '') ?? new Uint8Array()
    const part = whole.subarray(Number(first), last === '' ? undefined : Number(last) + 1)
    const isRange = seen.headers.range !== undefined
    const end = Number(first) + part.length - 1
    response.writeHead(isRange ? 206 : 200, {
      'content-length': part.length,
      'etag': '"00000000000000000000000001"',
      ...(isRange ? { 'content-range': `bytes ${first}-${end}/${whole.length}` } : {}),
    })
    response.write(part.subarray(0, length), () => setImmediate(() => response.destroy()))
    return true
  }
}

describe('download', () => {
  test('gives the bytes and what is known of the file', async () => {
    await using server = await FakeRest.start()
    const version = server.store('a b/../c', content)
    const client = new FrostByteClient({ url: server.url })
    const { info, stream, offset, sizeBytes } = await client.download('a b/../c')
    assert.equal(info.name, 'a b/../c')
    assert.equal(info.sizeBytes, content.length)
    assert.equal(info.etag, version)
    assert.equal(info.modifiedAt?.toISOString(), '2026-01-01T00:00:00.000Z')
    assert.deepEqual([offset, sizeBytes], [0, content.length])
    assert.ok((await readAll(stream)).equals(content))
  })

  test('gives an empty file, and any suffix of it', async () => {
    await using server = await FakeRest.start()
    server.store('a', '')
    const client = new FrostByteClient({ url: server.url })
    assert.equal((await readAll((await client.download('a')).stream)).length, 0)
    server.intercept = (seen, _, response) => {
      if (seen.headers.range === undefined) return false
      response.writeHead(200, { 'content-length': 0, 'etag': '"e"' }).end()
      return true
    }
    assert.equal((await readAll((await client.download('a', { range: { suffixBytes: 5 } })).stream)).length, 0)
  })

  const ranges = [
    { range: { first: 0, last: 0 }, from: 0, to: 1 },
    { range: { first: 10_239, last: 10_240 }, from: 10_239, to: 10_241 },
    { range: { first: 3_499_999 }, from: 3_499_999, to: 3_500_000 },
    { range: { first: 3_000_000, last: 9_000_000 }, from: 3_000_000, to: 3_500_000 },
    { range: { suffixBytes: 7 }, from: 3_499_993, to: 3_500_000 },
  ]
  for (const { range, from, to } of ranges) {
    test(`gives the range ${JSON.stringify(range)} and no more`, async () => {
      await using server = await FakeRest.start()
      server.store('a', content)
      const client = new FrostByteClient({ url: server.url })
      const { info, offset, sizeBytes, stream } = await client.download('a', { range })
      assert.equal(info.sizeBytes, content.length)
      assert.deepEqual([offset, sizeBytes], [from, to - from])
      assert.ok((await readAll(stream)).equals(content.subarray(from, to)))
    })
  }

  test('refuses ranges that are none before it asks the server', async () => {
    const client = new FrostByteClient()
    for (const range of [{ first: 5, last: 4 }, { first: -1 }, { first: 0.5 }, { suffixBytes: Number.NaN }]) {
      await assert.rejects(client.download('a', { range }), hasCode('option-invalid'))
    }
  })

  test('says so where no byte of the range lies in the file', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const client = new FrostByteClient({ url: server.url })
    await assert.rejects(client.download('a', { range: { first: 3_500_000 } }), hasCode('range-unsatisfiable'))
  })

  test('says so where there is no such file, without a repeat', async () => {
    await using server = await FakeRest.start()
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.download('a'), hasCode('file-not-found'))
    assert.equal(server.requests.length, 1)
  })

  test('goes on where the connection broke, on the same version', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    server.intercept = breakAfter(server, 1_000_000, 500_000, 1)
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a')
    assert.ok((await readAll(stream)).equals(content))
    const resumed = server.requests.slice(1)
    assert.ok(
      resumed.length === 3 && resumed.every(({ headers }) => headers['if-range'] === '"00000000000000000000000001"'),
    )
    assert.match(resumed.at(-1)?.headers.range ?? '', /^bytes=[1-9]\d*-3499999$/)
  })

  test('goes on within the range that was asked', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    server.intercept = breakAfter(server, 400_000, 200_000)
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a', { range: { first: 1000, last: 2_000_999 } })
    assert.ok((await readAll(stream)).equals(content.subarray(1000, 2_001_000)))
  })

  test('goes on after a server that fell silent', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    let isFirst = true
    server.intercept = (_seen, _request, response) => {
      if (!isFirst) return false
      isFirst = false
      response.writeHead(200, { 'content-length': content.length, 'etag': '"00000000000000000000000001"' })
      response.write(content.subarray(0, 5000))
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait, timeoutMs: 100 })
    const { stream } = await client.download('a')
    assert.ok((await readAll(stream)).equals(content))
  })

  test('gives up where the connection breaks again and again without getting on', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    server.intercept = breakAfter(server, 100_000, 1, 1, 1, 1, 1, 1)
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a')
    await assert.rejects(readAll(stream), hasCode('network-failed'))
    assert.equal(server.requests.length, 4)
  })

  test('counts afresh after a good stretch', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    server.intercept = breakAfter(server, 1_100_000, 1_100_000, 1_100_000)
    const client = new FrostByteClient({ url: server.url, retries: { attemptsMax: 2, delayMs: 0 } })
    const { stream } = await client.download('a')
    assert.ok((await readAll(stream)).equals(content))
  })

  test('never joins parts of two versions', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const breaking = breakAfter(server, 1_000_000)
    server.intercept = async (seen, request, response) => {
      const isBroken = await breaking(seen, request, response)
      if (isBroken) server.store('a', content.toReversed())
      return isBroken
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a')
    await assert.rejects(readAll(stream), hasCode('file-changed'))
  })

  test('says that the file changed where it was deleted meanwhile', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    server.intercept = breakAfter(server, 1_000_000)
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a')
    const reader = stream.getReader()
    await reader.read()
    server.buckets.get('default')?.clear()
    await assert.rejects(async () => {
      while (!(await reader.read()).done);
    }, hasCode('file-changed'))
  })

  test('ends with the signal’s reason', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const controller = new AbortController()
    const { stream } = await client.download('a', { signal: controller.signal })
    const reader = stream.getReader()
    await reader.read()
    const reason = new Error('enough')
    controller.abort(reason)
    await assert.rejects(
      async () => {
        while (!(await reader.read()).done);
      },
      (error) => error === reason,
    )
    assert.equal(server.requests.length, 1)
  })

  test('lets the connection go where its reader cancels', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const closed = Promise.withResolvers<void>()
    server.intercept = (_seen, _request, response) => {
      response.once('close', () => closed.resolve())
      response.writeHead(200, { 'content-length': content.length, 'etag': '"e"' })
      response.write(content.subarray(0, 100_000))
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a')
    const reader = stream.getReader()
    await reader.read()
    await reader.cancel()
    await closed.promise
  })

  test('is patient with a slow reader', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const client = new FrostByteClient({ url: server.url, retries: { attemptsMax: 1 }, timeoutMs: 1500 })
    const { stream } = await client.download('a')
    const reader = stream.getReader()
    let length = (await reader.read()).value?.length ?? 0
    await setTimeout(2000)
    for (let next = await reader.read(); !next.done; next = await reader.read()) length += next.value.length
    assert.equal(length, content.length)
  })

  test('tells its progress within what was asked', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    const client = new FrostByteClient({ url: server.url })
    const seen: Progress[] = []
    const { stream } = await client.download('a', {
      range: { suffixBytes: 300_000 },
      onProgress: (progress) => seen.push(progress),
    })
    await readAll(stream)
    assert.deepEqual(seen.at(-1), { transferredBytes: 300_000, totalBytes: 300_000 })
  })

  test('repeats its first request where the server refuses for the moment', async () => {
    await using server = await FakeRest.start()
    server.store('a', content)
    let refusals = 2
    server.intercept = (_seen, _request, response) => {
      if (refusals-- <= 0) return false
      problem(response, 503, 'data-unavailable')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    assert.ok((await readAll((await client.download('a')).stream)).equals(content))
  })

  test('does not resume without an ETag to hold on to', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, _request, response) => {
      response.writeHead(200, { 'content-length': content.length, 'etag': 'W/"weak"' })
      response.write(content.subarray(0, 1000), () => setImmediate(() => response.destroy()))
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    const { stream } = await client.download('a')
    await assert.rejects(readAll(stream), hasCode('network-failed'))
    assert.equal(server.requests.length, 1)
  })

  test('refuses an answer that does not say its length', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, _request, response) => {
      response.writeHead(200, { etag: '"e"' })
      response.end('something')
      return true
    }
    const client = new FrostByteClient({ url: server.url, retries: noWait })
    await assert.rejects(client.download('a'), hasCode('response-invalid'))
  })
})
