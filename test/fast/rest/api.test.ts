// /api/v1/…, health and deletion.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { codeOf, Harness, isRecord, sampleBytes } from './harness.ts'
import type { Answer } from './harness.ts'

describe('DELETE /delete', () => {
  test('removes the file and tells what it was', async () => {
    await using rest = await Harness.start()
    const { etag, version } = rest.files.store('a', 'four')
    const answer = await rest.request('/delete?filename=a', { method: 'DELETE' })
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, { filename: 'a', size: 4, etag, version })
    assert.deepEqual(rest.files.keys(), [])
  })

  test('of a file that is not there is a 404, and without a name a 400', async () => {
    await using rest = await Harness.start()
    assert.equal(codeOf(await rest.request('/delete?filename=a', { method: 'DELETE' })), 'file-not-found')
    assert.equal(codeOf(await rest.request('/delete', { method: 'DELETE' })), 'name-missing')
  })

  test('obeys its condition', async () => {
    await using rest = await Harness.start()
    const { etag } = rest.files.store('a', '1')
    const remove = async (ifMatch: string): Promise<number> =>
      (await rest.request('/delete?filename=a', { method: 'DELETE', headers: { 'If-Match': ifMatch } })).status
    assert.equal(await remove('"other"'), 412)
    assert.equal(await remove(`"${etag}"`), 200)
    assert.equal(await remove('*'), 412)
  })
})

describe('GET /api/v1/layout', () => {
  test('tells the place of every piece, by pages', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', sampleBytes(10_240 * 7 + 1))
    const first = (await rest.request('/api/v1/layout?filename=a&limit=4')).json
    assert.ok(isRecord(first))
    assert.equal(first['scheme'], '3+2')
    assert.equal(first['chunkSize'], 10_240)
    assert.equal(first['chunks'], 8)
    assert.equal(first['next'], 3)
    const rest2 = (await rest.request(`/api/v1/layout?filename=a&after=${String(first['next'])}`)).json
    assert.ok(isRecord(rest2))
    assert.equal(rest2['next'], null)
    const pieces = [first['pieces'], rest2['pieces']].flat()
    const indexes = pieces.flatMap((piece) => (isRecord(piece) && piece['kind'] === 'data' ? [piece['index']] : []))
    assert.deepEqual(indexes, [0, 1, 2, 3, 4, 5, 6, 7])
    assert.ok(isRecord(pieces[0]))
    assert.equal(pieces[0]['crc32'], '00000abc')
  })

  for (const query of ['limit=0', 'limit=1001', 'after=-2', 'after=x']) {
    test(`with ${query} is a 400`, async () => {
      await using rest = await Harness.start()
      rest.files.store('a', 'x')
      assert.equal((await rest.request(`/api/v1/layout?filename=a&${query}`)).status, 400)
    })
  }
})

describe('/api/v1/buckets', () => {
  test('creates, lists and removes buckets', async () => {
    await using rest = await Harness.start()
    assert.equal((await rest.request('/api/v1/buckets?bucket=photos', { method: 'PUT' })).status, 201)
    assert.equal((await rest.request('/api/v1/buckets?bucket=music', { method: 'POST' })).status, 201)
    const list = (await rest.request('/api/v1/buckets')).json
    assert.ok(Array.isArray(list))
    assert.deepEqual(
      list.map((bucket: unknown) => (isRecord(bucket) ? bucket['name'] : bucket)),
      ['default', 'photos', 'music'],
    )
    assert.equal((await rest.request('/api/v1/buckets?bucket=photos', { method: 'DELETE' })).status, 200)
    assert.equal((await rest.request('/files?bucket=photos')).status, 404)
  })

  test('changes versioning and quota, and tells what a bucket holds', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', 'abc')
    const patch = async (body: unknown): Promise<Answer> =>
      await rest.request('/api/v1/buckets?bucket=default', {
        method: 'PATCH',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      })
    const plain = {
      name: 'default',
      created: '1970-01-01T00:00:00.000Z',
      owner: null,
      ownerId: null,
      objectLock: false,
    }
    const used = { files: 1, usedBytes: 3 }
    const changed = { ...plain, versioning: 'enabled', quotaBytes: 10, ...used }
    assert.deepEqual((await patch({ versioning: 'enabled', quotaBytes: 10 })).json, changed)
    assert.deepEqual((await rest.request('/api/v1/buckets?usage=true')).json, [changed])
    assert.deepEqual((await rest.request('/api/v1/buckets')).json, [{ ...changed, files: null, usedBytes: null }])
    assert.deepEqual((await patch({ quotaBytes: 0 })).json, { ...changed, quotaBytes: null })
    for (const wrong of [{ quotaBytes: -1 }, { quotaBytes: 1.5 }, { versioning: 'off' }, { other: 1 }])
      assert.equal((await patch(wrong)).status, 400)
  })

  for (const [method, query, status, code] of [
    ['PUT', '', 400, 'bucket-invalid'],
    ['PUT', '?bucket=', 400, 'bucket-invalid'],
    ['PUT', '?bucket=..%2Fx', 400, 'bucket-invalid'],
    ['PUT', `?bucket=${'b'.repeat(300)}`, 400, 'bucket-invalid'],
    ['PUT', '?bucket=default', 409, 'bucket-exists'],
    ['DELETE', '', 400, 'bucket-invalid'],
    ['DELETE', '?bucket=none', 404, 'bucket-not-found'],
    ['DELETE', '?bucket=default', 409, 'bucket-not-empty'],
  ] as const) {
    test(`${method} ${query.slice(0, 20)} is a ${status} with the code ${code}`, async () => {
      await using rest = await Harness.start()
      rest.files.store('a', 'x')
      const answer = await rest.request(`/api/v1/buckets${query}`, { method })
      assert.equal(answer.status, status)
      assert.equal(codeOf(answer), code)
    })
  }
})

describe('health', () => {
  test('/healthz answers as long as the process does', async () => {
    await using rest = await Harness.start()
    rest.files.readinessNow = { canRead: false, canWrite: false, reason: 'starting' }
    assert.deepEqual((await rest.request('/healthz')).json, { status: 'ok' })
  })

  test('/readyz tells reads and writes apart', async () => {
    await using rest = await Harness.start()
    assert.equal((await rest.request('/readyz')).status, 200)
    rest.files.readinessNow = { canRead: true, canWrite: false, reason: 'too few workers' }
    const answer = await rest.request('/readyz')
    assert.equal(answer.status, 503)
    assert.deepEqual(answer.json, { canRead: true, canWrite: false, reason: 'too few workers' })
    assert.equal((await rest.request('/readyz?need=read')).status, 200)
    assert.equal((await rest.request('/readyz?need=all')).status, 400)
    rest.files.readinessNow = { canRead: false, canWrite: false, reason: 'no metadata' }
    assert.equal((await rest.request('/readyz?need=read')).status, 503)
  })

  test('/metrics is the text that it was given, or a 404', async () => {
    await using without = await Harness.start()
    assert.equal((await without.request('/metrics')).status, 404)
    await using rest = await Harness.start({
      metricsText: async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    })
    const answer = await rest.request('/metrics')
    assert.equal(answer.headers['content-type'], 'text/plain; version=0.0.4')
    assert.equal(answer.text, 'up 1\n')
  })
})

test('the counters count requests by route, method and status, and bytes both ways', async () => {
  await using rest = await Harness.start()
  await rest.upload('a', sampleBytes(100_000))
  await rest.request('/download/a')
  await rest.request('/download/none')
  await rest.request('/nowhere')
  const counts = [...rest.counters.requests()].map(
    ({ route, method, status, count }) => `${route} ${method} ${status} ${count}`,
  )
  assert.deepEqual(counts.toSorted(), [
    'download GET 200 1',
    'download GET 404 1',
    'unknown GET 404 1',
    'upload PUT 201 1',
  ])
  assert.equal(rest.counters.bytesReceived, 100_000)
  assert.ok(rest.counters.bytesSent >= 100_000)
})
