import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { RequestListener, Server } from 'node:http'
import { afterEach, beforeEach, describe, test } from 'node:test'

import { Load } from './load.ts'
import type { Job } from './job.ts'
import { Payload } from './payload.ts'

const payload = new Payload()
const job = {
  sizeBytes: 2000,
  clients: 3,
  prefix: 'series/',
  firstFile: 0,
  endFile: 10,
  secondsMax: 20,
  operationsMax: 10,
  rangeBytes: 200,
  listPrefix: '',
  listLimit: 1000,
} as const

/** Keeps what is put and answers with it. */
describe('Load', () => {
  const files = new Map<string, Buffer>()
  let server: Server
  let target: Job['target']
  let answer: RequestListener

  beforeEach(async () => {
    files.clear()
    answer = (request, response) => {
      const key = request.url ?? ''
      const parts: Buffer[] = []
      request.on('data', (part: Buffer) => parts.push(part))
      request.on('end', () => {
        if (request.method === 'PUT') files.set(key, Buffer.concat(parts))
        const body = request.method === 'GET' ? files.get(key) : Buffer.alloc(0)
        if (request.method === 'DELETE' ? !files.delete(key) : body === undefined) response.writeHead(404)
        const [, first, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? []
        const part = first === undefined ? body : body?.subarray(Number(first), Number(last) + 1)
        if (first !== undefined) response.writeHead(206, { 'Content-Length': part?.length ?? 0 })
        response.end(part)
      })
    }
    server = createServer(answer)
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve)
    })
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    target = { host: '127.0.0.1', port, dialect: 'paths' }
  })

  afterEach(() => {
    server.closeAllConnections()
    server.close()
  })

  test('uploads each file of the series once', async () => {
    const outcome = await new Load({ ...job, target, operation: 'upload' }, payload).run()
    assert.equal(outcome.operations, 10)
    assert.equal(outcome.bytes, 20_000)
    assert.equal(outcome.failures, 0)
    assert.deepEqual(
      [...files.keys()].sort(),
      Array.from({ length: 10 }, (_, index) => `/series/00000000${index}`),
    )
  })

  test('reads back, whole and by range, what it uploaded', async () => {
    await new Load({ ...job, target, operation: 'upload' }, payload).run()
    for (const operation of ['download', 'range'] as const) {
      const outcome = await new Load({ ...job, target, operation, operationsMax: 30 }, payload).run()
      assert.deepEqual([outcome.operations, outcome.failures], [30, 0])
    }
  })

  for (const sizeBytes of [2000, 3_000_000]) {
    test(`signs what it sends to S3: ${sizeBytes} bytes, with the digest of the body where that is asked for`, async () => {
      for (const signsBodies of [false, true]) {
        const s3 = { bucket: 'b', signsBodies, accessKey: 'key', secretKey: 'secret', region: 'us-east-1' }
        const signed = {
          ...job,
          sizeBytes,
          operationsMax: 4,
          endFile: 4,
          target: { ...target, dialect: 's3', s3 },
        } as const
        const seen: string[] = []
        server.on('request', ({ headers }) => {
          assert.match(
            headers.authorization ?? '',
            /^AWS4-HMAC-SHA256 Credential=key\/\d{8}\/us-east-1\/s3\/aws4_request,/,
          )
          seen.push(String(headers['x-amz-content-sha256']))
        })
        assert.equal((await new Load({ ...signed, operation: 'upload' }, payload).run()).failures, 0)
        const bodies = [...files.values()].map((body) => createHash('sha256').update(body).digest('hex'))
        assert.deepEqual([...seen].sort(), signsBodies ? bodies.sort() : bodies.map(() => 'UNSIGNED-PAYLOAD'))
        const read = await new Load({ ...signed, operation: 'first-download' }, payload).run()
        assert.deepEqual([read.operations, read.failures], [4, 0])
        assert.ok(files.has('/b/series/000000003'))
        server.removeAllListeners('request')
        server.on('request', answer)
      }
    })
  }

  test('sends large files as a stream and reads them back', async () => {
    const large = { ...job, sizeBytes: 3_000_000, endFile: 2, operationsMax: 2, target }
    await new Load({ ...large, operation: 'upload' }, payload).run()
    const outcome = await new Load({ ...large, operation: 'first-download' }, payload).run()
    assert.deepEqual([outcome.operations, outcome.bytes, outcome.failures], [2, 6_000_000, 0])
  })

  test('counts a wrong byte as a failure', async () => {
    await new Load({ ...job, target, operation: 'upload' }, payload).run()
    const damaged = files.get('/series/000000003')
    assert.ok(damaged !== undefined)
    damaged[1999] = (damaged[1999] ?? 0) ^ 1
    const outcome = await new Load({ ...job, target, operation: 'first-download' }, payload).run()
    assert.deepEqual([outcome.operations, outcome.failures], [9, 1])
    assert.match(outcome.firstFailure ?? '', /does not hold the bytes/)
  })

  test('counts a missing file as a failure, and gives up after many', async () => {
    const outcome = await new Load({ ...job, target, operation: 'download', operationsMax: 1000 }, payload).run()
    assert.equal(outcome.operations, 0)
    assert.ok(outcome.failures >= 20 && outcome.failures < 30)
    assert.match(outcome.firstFailure ?? '', /404/)
  })

  test('deletes each file once and then ends', async () => {
    await new Load({ ...job, target, operation: 'upload' }, payload).run()
    const outcome = await new Load({ ...job, target, operation: 'delete', operationsMax: 1000 }, payload).run()
    assert.deepEqual([outcome.operations, outcome.failures, files.size], [10, 0, 0])
  })
})
