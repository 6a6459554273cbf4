// The listing: order, pages, filters, and that it streams.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import { codeOf, eventually, Harness, isRecord } from './harness.ts'

async function startWith(...names: readonly string[]): Promise<Harness> {
  const rest = await Harness.start()
  for (const name of names) rest.files.store(name, name)
  return rest
}

async function list(rest: Harness, target: string): Promise<unknown> {
  const answer = await rest.request(target)
  assert.equal(answer.status, 200)
  assert.equal(answer.headers['content-type'], 'application/json')
  return answer.json
}

describe('a listing', () => {
  test('is all names in byte order', async () => {
    await using rest = await startWith('b', 'a/b', 'a', 'Z', '\u{1F600}', '\uFFFD')
    assert.deepEqual(await list(rest, '/files'), ['Z', 'a', 'a/b', 'b', '\uFFFD', '\u{1F600}'])
  })

  test('can be cut to a prefix, to what follows a name, and to a length', async () => {
    await using rest = await startWith('a', 'b1', 'b2', 'b3', 'c')
    assert.deepEqual(await list(rest, '/files?prefix=b'), ['b1', 'b2', 'b3'])
    assert.deepEqual(await list(rest, '/files?prefix=b&after=b1'), ['b2', 'b3'])
    assert.deepEqual(await list(rest, '/files?after=b15'), ['b2', 'b3', 'c'])
    assert.deepEqual(await list(rest, '/files?after=zzz'), [])
    assert.deepEqual(await list(rest, '/files?limit=2'), ['a', 'b1'])
    assert.deepEqual(await list(rest, '/files?prefix=&after='), ['a', 'b1', 'b2', 'b3', 'c'])
  })

  test('with details tells size, ETag and time', async () => {
    await using rest = await startWith()
    const info = rest.files.store('a', 'four', { modifiedMs: Date.UTC(2026, 0, 2, 3, 4, 5, 6) })
    assert.deepEqual(await list(rest, '/files?details=true'), [
      { filename: 'a', size: 4, etag: info.etag, time: '2026-01-02T03:04:05.006Z' },
    ])
  })

  test('that a limit cuts names the rest in a Link, which can be followed to the end', async () => {
    const all = ['a b', 'b&c=d', 'c"d', 'ä/%', 'ö?']
    for (const details of ['', '&details=true']) {
      await using rest = await startWith(...all)
      const seen: unknown[] = []
      let target: string | undefined = `/files?limit=2&bucket=default${details}`
      while (target !== undefined) {
        const answer = await rest.request(target)
        assert.ok(Array.isArray(answer.json))
        seen.push(...answer.json.map((entry: unknown) => (isRecord(entry) ? entry['filename'] : entry)))
        target = /^<(\/files\?[^>]*)>; rel="next"$/.exec(String(answer.headers['link']))?.[1]
      }
      assert.deepEqual(seen, all)
    }
  })

  for (const [query, code] of [
    ['limit=0', 'bad-request'],
    ['limit=1001', 'bad-request'],
    ['limit=x', 'bad-request'],
    ['details=maybe', 'bad-request'],
    ['prefix=%FF', 'name-invalid'],
    [`prefix=${'p'.repeat(1025)}`, 'name-too-long'],
    [`after=${'p'.repeat(1025)}`, 'name-too-long'],
  ] as const) {
    test(`with ${query.slice(0, 30)} is a 400 with the code ${code}`, async () => {
      await using rest = await startWith()
      const answer = await rest.request(`/files?${query}`)
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), code)
    })
  }

  test('of an unknown bucket is a 404', async () => {
    await using rest = await startWith()
    const answer = await rest.request('/files?bucket=none')
    assert.equal(answer.status, 404)
    assert.equal(codeOf(answer), 'bucket-not-found')
  })

  test('by HEAD reads one page and has no body', async () => {
    await using rest = await startWith(...manyNames(3000))
    const answer = await rest.request('/files', { method: 'HEAD' })
    assert.equal(answer.status, 200)
    assert.equal(answer.body.length, 0)
  })
})

function manyNames(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `folder/${String(index).padStart(6, '0')}`)
}

describe('a long listing', () => {
  for (const count of [999, 1000, 1001, 2000, 5555]) {
    test(`of ${count} names comes whole, with and without details`, async () => {
      const all = manyNames(count)
      await using rest = await startWith(...all)
      assert.deepEqual(await list(rest, '/files'), all)
      const details = await list(rest, '/files?details=true')
      assert.ok(Array.isArray(details))
      assert.deepEqual(
        details.map((entry: unknown) => (isRecord(entry) ? entry['filename'] : entry)),
        all,
      )
    })
  }

  test('that fails on the way never looks whole', async () => {
    await using rest = await startWith(...manyNames(5000))
    let pages = 0
    rest.files.onList = () => {
      if (++pages === 3) throw new FrostError('metadata-unavailable', 'Gone.')
    }
    const connection = await rest.connect()
    connection.write('GET /files HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const received = await connection.end()
    assert.doesNotMatch(received, /0\r\n\r\n$/)
    assert.doesNotMatch(received, /\]|metadata-unavailable/)
  })

  test('that fails at its first page is a problem document', async () => {
    await using rest = await startWith()
    rest.files.onList = () => {
      throw new FrostError('metadata-unavailable', 'Gone.')
    }
    assert.equal((await rest.request('/files')).status, 503)
  })

  test('waits for a client that reads slowly, and stops for one that goes away', async () => {
    await using rest = await startWith(...manyNames(50_000).map((name) => name + 'x'.repeat(200)))
    let pages = 0
    rest.files.onList = () => {
      pages++
    }
    const connection = await rest.connect()
    connection.socket.pause()
    connection.write('GET /files HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => pages > 2)
    await new Promise((resolve) => {
      setTimeout(resolve, 100)
    })
    const pagesHeld = pages
    assert.ok(pagesHeld < 45, `${pagesHeld} pages of 51`)
    connection.destroy()
    await eventually(() => rest.gateway.connectionCount === 0)
    assert.ok(pages <= pagesHeld + 1)
  })
})
