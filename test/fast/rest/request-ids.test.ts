import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Harness } from './harness.ts'

test('every answer names its request: by the id that came with it, or by one of its own', async () => {
  await using rest = await Harness.start()
  rest.files.store('a', 'x')
  const given = { 'X-Request-Id': 'from-a-proxy:1' }
  for (const target of ['/files', '/download/a', '/download/none', '/healthz', '/nothing'])
    assert.equal((await rest.request(target, { headers: given })).headers['x-request-id'], 'from-a-proxy:1', target)
  const ids = new Set<unknown>()
  for (let count = 0; count < 5; count++) ids.add((await rest.request('/files')).headers['x-request-id'])
  assert.equal(ids.size, 5)
  for (const id of ids) assert.match(String(id), /^[a-z0-9]+-[a-z0-9]+$/)
})

test('the file service is told the id', async () => {
  await using rest = await Harness.start()
  await rest.request('/upload?filename=b', { method: 'PUT', body: 'x', headers: { 'X-Request-Id': 'one' } })
  assert.deepEqual(rest.files.requestIds, ['one'])
})

test('whatever comes as an id, the one in the answer is safe in a header, a log line and a page', async () => {
  await using rest = await Harness.start()
  const sent = fc.stringMatching(/^[\u0021-\u007e\u0080-\u00ff]{1,100}$/)
  await fc.assert(
    fc.asyncProperty(sent, async (id) => {
      const { headers } = await rest.request('/files', { headers: { 'X-Request-Id': id } })
      assert.match(String(headers['x-request-id']), /^[A-Za-z0-9._:/+=@~-]{1,64}$/)
    }),
    { numRuns: 30 },
  )
})

test('the access log has a line for each request, its level by the status, without the query and without probes', async () => {
  await using rest = await Harness.start({ accessLog: true })
  rest.files.store('a', 'xyz')
  await rest.request('/download/a?token=secret', { headers: { 'X-Request-Id': 'r1' } })
  await rest.request('/readyz')
  const lines = rest.log.entries.filter(({ message }) => message === 'A request has ended.')
  assert.deepEqual(
    lines.map(({ level, fields: { requestId, route, method, path, status, sentBytes } }) => {
      return [level, requestId, route, method, path, status, sentBytes]
    }),
    [['info', 'r1', 'download', 'GET', '/download/a', 200, 3]],
  )
})

test('without the option nothing is logged of requests that went well', async () => {
  await using rest = await Harness.start()
  await rest.request('/files')
  assert.deepEqual(rest.log.entries, [])
})
