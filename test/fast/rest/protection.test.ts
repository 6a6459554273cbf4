// What keeps the server safe from pages of other sites, from requests that are none, and from too many of them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import { RestGateway } from '../../../src/gateway/rest/rest-gateway.ts'
import { NodeClock } from '../../../src/node/clock.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { FakeFileService } from './fake-file-service.ts'
import { codeOf, eventually, Harness, sampleBytes } from './harness.ts'

describe('methods and routes', () => {
  for (const [method, target, allow] of [
    ['GET', '/upload?filename=a', 'POST, PUT, OPTIONS'],
    ['DELETE', '/download/a', 'GET, HEAD, OPTIONS'],
    ['POST', '/files', 'GET, HEAD, OPTIONS'],
    ['GET', '/delete?filename=a', 'DELETE, OPTIONS'],
    ['TRACE', '/files', 'GET, HEAD, OPTIONS'],
    ['PATCH', '/api/v1/grants', 'GET, PUT, DELETE, HEAD, OPTIONS'],
  ] as const) {
    test(`${method} ${target} is a 405 that names the methods`, async () => {
      await using rest = await Harness.start()
      const answer = await rest.request(target, { method })
      assert.equal(answer.status, 405)
      assert.equal(answer.headers.allow, allow)
      assert.equal(codeOf(answer), 'method-not-allowed')
    })
  }

  for (const target of [
    '/',
    '/nothing',
    '/files/',
    '/Files',
    '/%66iles',
    '/api/v1',
    '/download2',
    '//files',
    '/../files',
  ]) {
    test(`${target} is a 404`, async () => {
      await using rest = await Harness.start()
      const answer = await rest.request(target)
      assert.equal(answer.status, 404)
      assert.equal(codeOf(answer), 'route-not-found')
    })
  }

  test('GET and HEAD change nothing, whatever the target', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', 'x')
    for (const method of ['GET', 'HEAD']) {
      for (const target of ['/delete?filename=a', '/upload?filename=b', '/api/v1/buckets?bucket=new', '/download/a']) {
        await rest.request(target, { method })
      }
    }
    assert.deepEqual(rest.files.keys(), ['a'])
    assert.equal((await rest.files.listBuckets()).length, 1)
  })

  test('OPTIONS names the methods and allows no other site anything', async () => {
    await using rest = await Harness.start()
    const headers = { 'Origin': 'https://evil.example', 'Access-Control-Request-Method': 'PUT' }
    for (const target of ['/upload', '*']) {
      const answer = await rest.request(target, { method: 'OPTIONS', headers })
      assert.equal(answer.status, 204)
      assert.match(String(answer.headers.allow), /PUT/)
      assert.ok(Object.keys(answer.headers).every((name) => !name.startsWith('access-control')))
    }
  })
})

describe('a page of another site', () => {
  test('that had its name pointed at this machine is not answered', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', 'x')
    const answer = await rest.request('/download/a', { headers: { Host: 'evil.example:8080' } })
    assert.equal(answer.status, 421)
    assert.equal(codeOf(answer), 'host-not-allowed')
  })

  for (const [what, headers] of [
    ['a form', { 'Origin': 'https://evil.example', 'Content-Type': 'text/plain' }],
    ['a sandboxed page', { Origin: 'null' }],
    ['a request without an origin', { 'Sec-Fetch-Site': 'cross-site' }],
  ] as const) {
    test(`can change nothing by ${what}`, async () => {
      await using rest = await Harness.start()
      rest.files.store('kept', 'x')
      for (const [method, target] of [
        ['POST', '/upload?filename=a'],
        ['DELETE', '/delete?filename=kept'],
        ['PUT', '/api/v1/buckets?bucket=new'],
      ] as const) {
        const answer = await rest.request(target, { method, headers })
        assert.equal(answer.status, 403)
        assert.equal(codeOf(answer), 'cross-site-refused')
      }
      assert.deepEqual(rest.files.keys(), ['kept'])
    })
  }

  test('cannot load a file as a script or an image of its own', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', 'x')
    for (const target of ['/download/a', '/files', '/nowhere']) {
      assert.equal((await rest.request(target)).headers['cross-origin-resource-policy'], 'same-origin')
    }
  })

  test('may change things where its origin is configured', async () => {
    await using rest = await Harness.start({ origins: ['https://console.example'], hosts: ['frost.example'] })
    const headers = { Origin: 'https://console.example', Host: 'frost.example' }
    assert.equal((await rest.upload('a', 'x', headers)).status, 201)
  })
})

describe('what is not a request', () => {
  for (const [what, bytes, status] of [
    ['rubbish', 'rubbish\r\n\r\n', 400],
    ['a request without a host', 'GET /files HTTP/1.1\r\n\r\n', 400],
    [
      'Content-Length beside Transfer-Encoding',
      'POST /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    [
      'two different Content-Lengths',
      'POST /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab',
      400,
    ],
    [
      'a Transfer-Encoding that is not chunked',
      'POST /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['a space before the colon', 'GET /files HTTP/1.1\r\nHost : localhost\r\n\r\n', 400],
    ['a folded header', 'GET /files HTTP/1.1\r\nHost: localhost\r\nX: a\r\n b\r\n\r\n', 400],
    [
      'a header cut by a bare line feed',
      'GET /files HTTP/1.1\r\nHost: localhost\r\nX: a\nTransfer-Encoding: chunked\r\n\r\n',
      400,
    ],
    [
      'a negative Content-Length',
      'POST /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n',
      400,
    ],
    ['a head that is too large', `GET /files HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
    ['a target that is too large', `GET /download/${'x'.repeat(20_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`, 431],
  ] as const) {
    test(`${what} is a ${status} with a problem document, and the connection ends`, async () => {
      await using rest = await Harness.start()
      const connection = await rest.connect()
      connection.write(bytes)
      const answer = await connection.response()
      assert.equal(answer.status, status)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
      assert.equal(typeof codeOf(answer), 'string')
      if (what !== 'a request without a host') await connection.end()
      assert.deepEqual(rest.files.keys(), [])
    })
  }

  test('a chunk that is none ends the upload, and nothing stays', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(
      'PUT /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\nzz\r\n',
    )
    assert.match(await connection.end(), /^HTTP\/1\.1 400 /)
    await eventually(() => rest.files.uploadsOpen === 0)
    assert.deepEqual(rest.files.keys(), [])
  })

  test('rubbish behind a download never gets into its body', async () => {
    await using rest = await Harness.start()
    rest.files.store('big', sampleBytes(5_000_000))
    const connection = await rest.connect()
    connection.socket.pause()
    connection.write('GET /download/big HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => rest.files.slicesOut > 2)
    connection.write('rubbish\r\n\r\n')
    await eventually(() => rest.files.slicesOut === 0)
    connection.socket.resume()
    const received = await connection.end()
    assert.doesNotMatch(received, /problem|bad-request/)
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })

  test('a request to tunnel or to speak another protocol gets no tunnel', async () => {
    await using rest = await Harness.start()
    const tunnel = await rest.connect()
    tunnel.write('CONNECT example.org:443 HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal(await tunnel.end(), '')
    const upgrade = await rest.connect()
    upgrade.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    assert.equal((await upgrade.response()).status, 200)
  })
})

describe('a body that nobody wants', () => {
  const put = 'PUT /upload HTTP/1.1\r\nHost: localhost\r\n'

  test('is read to its end when it is short, and the connection stays', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(`${put}Content-Length: 5\r\n\r\nabc`)
    assert.equal((await connection.response()).status, 400)
    connection.write('deGET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await connection.response()).status, 200)
  })

  test('is read up to a bound when it is long, so that the client sees the answer', async () => {
    await using rest = await Harness.start({ limits: { drainBytesMax: 10_000_000 } })
    const connection = await rest.connect()
    connection.write(`${put}Content-Length: 8000000\r\n\r\n`)
    connection.write(Buffer.alloc(8_000_000))
    assert.match(await connection.end(), /^HTTP\/1\.1 400 .*name-missing/s)
  })

  test('is not read beyond the bound', async () => {
    await using rest = await Harness.start({ limits: { drainBytesMax: 100_000 } })
    const connection = await rest.connect()
    connection.write(`${put}Content-Length: 800000000\r\n\r\n`)
    const flood = setInterval(() => {
      if (!connection.hasEnded && connection.socket.writableLength < 1_000_000) connection.write(Buffer.alloc(100_000))
    }, 1)
    await connection.end()
    clearInterval(flood)
  })

  test('of unknown length ends its connection', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(`${put}Transfer-Encoding: chunked\r\n\r\n5\r\nabcde\r\n0\r\n\r\n`)
    const answer = await connection.response()
    assert.equal(answer.status, 400)
    assert.equal(answer.headers.connection, 'close')
    await connection.end()
  })

  test('is not waited for beyond a time', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    const connection = await rest.connect()
    connection.write(`${put}Content-Length: 8000000\r\n\r\n`)
    assert.equal((await connection.response()).status, 400)
    assert.equal(connection.hasEnded, false)
    await time.advance(5_001)
    await connection.end()
  })

  test('of a GET is not read without end', async () => {
    await using rest = await Harness.start({ limits: { drainTimeoutMs: 20 } })
    const connection = await rest.connect()
    connection.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 8000000\r\n\r\n')
    assert.match(await connection.end(), /^HTTP\/1\.1 200 .*Connection: close/s)
  })
})

describe('too many connections', () => {
  test('are answered with 503, and room is made again when others end', async () => {
    await using rest = await Harness.start({ limits: { connectionsMax: 2 } })
    const gate = Promise.withResolvers<void>()
    rest.files.finishGate = gate.promise
    const busy = [await rest.connect(), await rest.connect()]
    for (const connection of busy) {
      connection.write('PUT /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx')
    }
    await eventually(() => rest.files.uploadsOpen === 2)
    const answer = await rest.request('/healthz')
    assert.equal(answer.status, 503)
    assert.equal(codeOf(answer), 'overloaded')
    assert.ok(answer.headers['retry-after'])
    gate.resolve()
    for (const connection of busy) assert.equal((await connection.response()).status, 201)
    busy[0]?.destroy()
    await eventually(() => rest.gateway.connectionCount < 2)
    assert.equal((await rest.request('/healthz')).status, 200)
  })

  test('make idle ones give way', async () => {
    await using rest = await Harness.start({ limits: { connectionsMax: 1 } })
    const idle = await rest.connect()
    idle.write('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await idle.response()).status, 200)
    assert.equal((await rest.request('/healthz')).status, 200)
    await idle.end()
  })
})

describe('the end', () => {
  test('lets what is under way end, and tells clients that the connection does', async () => {
    await using rest = await Harness.start()
    const gate = Promise.withResolvers<void>()
    rest.files.finishGate = gate.promise
    const connection = await rest.connect()
    connection.write('PUT /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx')
    const idle = await rest.connect()
    await eventually(() => rest.files.uploadsOpen === 1)
    const closed = rest.gateway.close(10_000)
    await idle.end()
    gate.resolve()
    const answer = await connection.response()
    assert.equal(answer.status, 201)
    assert.equal(answer.headers.connection, 'close')
    await closed
    await rest.gateway.close(10_000)
    await assert.rejects(rest.request('/healthz'))
  })

  test('cuts off what does not end in time', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    rest.files.finishGate = Promise.withResolvers<void>().promise
    const connection = await rest.connect()
    connection.write('PUT /upload?filename=a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx')
    await eventually(() => rest.files.uploadsOpen === 1)
    const closed = rest.gateway.close(3000)
    await time.advance(3001)
    assert.equal(await connection.end(), '')
    await closed
  })

  test('several processes may share a port where they are told to', async () => {
    await using rest = await Harness.start({ sharePort: true })
    const parts = { files: new FakeFileService(), clock: new NodeClock(), log: new CollectingLog() }
    const second = new RestGateway(parts, { sharePort: true })
    assert.equal((await second.listen('127.0.0.1', rest.port)).port, rest.port)
    await second.close(0)
  })

  test('a port in use is an error that names the remedy', async () => {
    await using rest = await Harness.start()
    const second = new RestGateway({ files: new FakeFileService(), clock: new NodeClock(), log: new CollectingLog() })
    await assert.rejects(second.listen('127.0.0.1', rest.port), (error) => {
      assert.ok(error instanceof FrostError)
      assert.equal(error.code, 'address-in-use')
      assert.ok(error.remedy)
      return true
    })
  })
})
