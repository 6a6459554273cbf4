// Uploads as a raw body: what is stored, what is refused, and that nothing stays of what did not end well.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import { parseVersionId } from '../../../src/base/ids.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { codeOf, eventually, Harness, isRecord, sampleBytes } from './harness.ts'

function putHead(target: string, ...headers: readonly string[]): string {
  return `PUT ${target} HTTP/1.1\r\nHost: localhost\r\n${headers.map((line) => `${line}\r\n`).join('')}\r\n`
}

describe('an upload', () => {
  for (const method of ['PUT', 'POST']) {
    for (const length of [0, 1, 10_239, 10_240, 10_241, 30_720, 3_072_001]) {
      test(`by ${method} of ${length} bytes is stored and answered with 201`, async () => {
        await using rest = await Harness.start()
        const body = sampleBytes(length)
        const answer = await rest.request('/upload?filename=a&size=' + length, { method, body })
        assert.equal(answer.status, 201)
        assert.ok(isRecord(answer.json))
        assert.deepEqual(Object.keys(answer.json), ['filename', 'size', 'etag', 'version'])
        assert.equal(answer.json['size'], length)
        assert.equal(answer.headers.etag, `"${String(answer.json['etag'])}"`)
        assert.ok(parseVersionId(String(answer.json['version'])))
        assert.deepEqual(Buffer.from(rest.files.bytesOf('a') ?? []), body)
        assert.equal(rest.files.uploadsOpen, 0)
      })
    }
  }

  test('without a length (chunked) is stored', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a&size=5', 'Transfer-Encoding: chunked'))
    connection.write('2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n')
    assert.equal((await connection.response()).status, 201)
    assert.equal(rest.files.textOf('a'), 'abcde')
  })

  test('without any body is an empty file, unless a size or a form promises more', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a'))
    assert.equal((await connection.response()).status, 201)
    assert.equal(rest.files.textOf('a'), '')
    connection.write(putHead('/upload?filename=b&size=1'))
    assert.equal(codeOf(await connection.response()), 'size-mismatch')
    connection.write(putHead('/upload?filename=b', 'Content-Type: multipart/form-data; boundary=x'))
    assert.equal(codeOf(await connection.response()), 'bad-request')
    assert.deepEqual(rest.files.keys(), ['a'])
    assert.equal(rest.files.uploadsOpen, 0)
  })

  test('keeps its connection for the next one', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    for (const name of ['a', 'b']) {
      connection.write(`${putHead(`/upload?filename=${name}`, 'Content-Length: 1')}x`)
      assert.equal((await connection.response()).status, 201)
    }
    assert.deepEqual(rest.files.keys(), ['a', 'b'])
  })

  test('keeps its media type, but not the one that curl claims of every body', async () => {
    await using rest = await Harness.start()
    await rest.upload('page', 'x', { 'Content-Type': 'text/html; charset=utf-8' })
    await rest.upload('form', 'x', { 'Content-Type': 'application/x-www-form-urlencoded' })
    assert.equal((await rest.request('/download/page')).headers['content-type'], 'text/html; charset=utf-8')
    assert.equal((await rest.request('/download/form')).headers['content-type'], 'application/octet-stream')
  })

  test('into another bucket stays there', async () => {
    await using rest = await Harness.start()
    await rest.files.createBucket('other')
    assert.equal((await rest.request('/upload?filename=a&bucket=other', { method: 'PUT', body: 'x' })).status, 201)
    assert.deepEqual(rest.files.keys(), [])
    assert.deepEqual(rest.files.keys('other'), ['a'])
  })
})

describe('a size', () => {
  test('that differs from Content-Length is refused before a byte is read', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a&size=5', 'Content-Length: 6'))
    const answer = await connection.response()
    assert.equal(answer.status, 400)
    assert.equal(codeOf(answer), 'size-mismatch')
    assert.equal(rest.files.uploadsOpen + rest.files.uploadsAborted, 0)
  })

  for (const [what, body] of [
    ['longer', '6\r\nabcdef\r\n0\r\n\r\n'],
    ['shorter', '4\r\nabcd\r\n0\r\n\r\n'],
  ] as const) {
    test(`of a chunked body that is ${what} is refused, and nothing stays`, async () => {
      await using rest = await Harness.start()
      const connection = await rest.connect()
      connection.write(putHead('/upload?filename=a&size=5', 'Transfer-Encoding: chunked') + body)
      const answer = await connection.response()
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), 'size-mismatch')
      assert.deepEqual(rest.files.keys(), [])
      assert.equal(rest.files.uploadsAborted, 1)
    })
  }
})

describe('wrong input', () => {
  for (const [target, code] of [
    ['/upload', 'name-missing'],
    ['/upload?filename=', 'name-missing'],
    ['/upload?filename=%FF', 'name-invalid'],
    ['/upload?filename=a%00b', 'name-invalid'],
    [`/upload?filename=${'n'.repeat(1025)}`, 'name-too-long'],
    [`/upload?filename=${'n'.repeat(5000)}`, 'name-too-long'],
    [`/upload?filename=${'%E2%82%AC'.repeat(342)}`, 'name-too-long'],
    ['/upload?filename=a&size=x', 'bad-request'],
    ['/upload?filename=a&size=-1', 'bad-request'],
    ['/upload?filename=a&filename=b', 'bad-request'],
    ['/upload?filename=a&bucket=', 'bucket-invalid'],
  ] as const) {
    test(`${target.slice(0, 40)} is a 400 with the code ${code} and a remedy`, async () => {
      await using rest = await Harness.start()
      const answer = await rest.request(target, { method: 'PUT', body: 'x' })
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), code)
      assert.ok(isRecord(answer.json) && String(answer.json['remedy']).length > 10)
      assert.equal(rest.files.uploadsOpen, 0)
      assert.deepEqual(rest.files.keys(), [])
    })
  }

  test('an unknown bucket is a 404', async () => {
    await using rest = await Harness.start()
    const answer = await rest.request('/upload?filename=a&bucket=none', { method: 'PUT', body: 'x' })
    assert.equal(answer.status, 404)
    assert.equal(codeOf(answer), 'bucket-not-found')
  })

  test('a body under a Content-Encoding is a 415, a part of a file a 400', async () => {
    await using rest = await Harness.start()
    const encoded = await rest.upload('a', 'x', { 'Content-Encoding': 'gzip' })
    assert.equal(encoded.status, 415)
    const part = await rest.upload('a', 'x', { 'Content-Range': 'bytes 0-0/5' })
    assert.equal(part.status, 400)
    assert.deepEqual(rest.files.keys(), [])
  })

  test('a body longer than can be counted is a 413', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a', 'Content-Length: 9999999999999999'))
    assert.equal((await connection.response()).status, 413)
  })
})

describe('a refusal by the service', () => {
  for (const [code, status] of [
    ['insufficient-storage', 507],
    ['not-enough-workers', 503],
    ['overloaded', 503],
    ['read-only', 503],
    ['precondition-failed', 412],
  ] as const) {
    test(`${code} at the start or at the end is a ${status}, and nothing stays`, async () => {
      await using rest = await Harness.start()
      const error = new FrostError(code, 'No.', { retryAfterSeconds: 7 })
      rest.files.putError = error
      const refused = await rest.upload('a', sampleBytes(100_000))
      rest.files.putError = undefined
      rest.files.finishError = error
      const failed = await rest.upload('a', sampleBytes(100_000))
      for (const answer of [refused, failed]) {
        assert.equal(answer.status, status)
        assert.equal(codeOf(answer), code)
        assert.equal(answer.headers['retry-after'], status === 503 ? '7' : undefined)
      }
      assert.equal(rest.files.uploadsOpen, 0)
      assert.deepEqual(rest.files.keys(), [])
    })
  }

  test('in the middle of the body reaches a client that sends on regardless, and then its connection ends', async () => {
    await using rest = await Harness.start()
    rest.files.writeGate = () => {
      throw new FrostError('insufficient-storage', 'Full.')
    }
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a', 'Content-Length: 3000000'))
    for (let sent = 0; sent < 30; sent++) connection.write(Buffer.alloc(100_000))
    assert.match(await connection.end(), /^HTTP\/1\.1 507 .*\r\nConnection: close\r\n/s)
    assert.equal(rest.files.uploadsOpen, 0)
  })

  test('that is a defect tells nothing of it, and is logged', async () => {
    await using rest = await Harness.start()
    rest.files.finishError = new TypeError('secret path /etc/passwd')
    const answer = await rest.upload('a', 'x')
    assert.equal(answer.status, 500)
    assert.equal(codeOf(answer), 'internal')
    assert.doesNotMatch(answer.text, /secret|passwd/)
    const requestId = answer.headers['x-request-id']
    assert.ok(rest.log.entries.some(({ level, fields }) => level === 'error' && fields['requestId'] === requestId))
  })
})

describe('a client that does not go on', () => {
  test('and closes the connection leaves nothing behind', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(`${putHead('/upload?filename=a', 'Content-Length: 100')}some bytes`)
    await eventually(() => rest.files.uploadsOpen === 1)
    connection.destroy()
    await eventually(() => rest.files.uploadsAborted === 1)
    assert.equal(rest.files.uploadsOpen, 0)
    assert.deepEqual(rest.files.keys(), [])
    await eventually(() => [...rest.counters.requests()].some(({ status }) => status === 499))
  })

  test('and closes the connection while the put is being accepted leaves nothing behind', async () => {
    await using rest = await Harness.start()
    const gate = Promise.withResolvers<void>()
    rest.files.putGate = gate.promise
    const connection = await rest.connect()
    connection.write(`${putHead('/upload?filename=a', 'Content-Length: 4')}some`)
    await eventually(() => rest.gateway.connectionCount === 1)
    connection.destroy()
    await eventually(() => rest.gateway.connectionCount === 0)
    gate.resolve()
    await eventually(() => rest.files.uploadsAborted === 1)
    assert.deepEqual(rest.files.keys(), [])
  })

  test('but stalls is told so after the timeout, with 408', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    const connection = await rest.connect()
    connection.write(`${putHead('/upload?filename=a', 'Content-Length: 100')}some bytes`)
    await eventually(() => rest.files.uploadsOpen === 1)
    await time.advance(29_000)
    assert.equal(connection.received, '')
    await time.advance(6_000)
    const answer = await connection.response()
    assert.equal(answer.status, 408)
    assert.equal(codeOf(answer), 'upload-stalled')
    assert.equal(answer.headers.connection, 'close')
    assert.equal(rest.files.uploadsAborted, 1)
    await time.advance(5_000)
    await connection.end()
  })

  test('because the server holds it back is not told that it stalled', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    const gate = Promise.withResolvers<void>()
    rest.files.writeGate = () => gate.promise
    const connection = await rest.connect()
    connection.write(`${putHead('/upload?filename=a', 'Content-Length: 10')}some bytes`)
    await eventually(() => rest.files.uploadsOpen === 1)
    await time.advance(600_000)
    assert.equal(rest.files.uploadsOpen, 1)
    gate.resolve()
    assert.equal((await connection.response()).status, 201)
  })
})

describe('back-pressure', () => {
  test('an upload that is not ready stops the client, and nothing is lost', async () => {
    await using rest = await Harness.start()
    const body = sampleBytes(8_000_000)
    let gate = Promise.withResolvers<void>()
    let writes = 0
    rest.files.writeGate = () => {
      writes++
      return gate.promise
    }
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a', `Content-Length: ${body.length}`))
    connection.write(body)
    await eventually(() => writes === 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    assert.equal(writes, 1)
    assert.ok(connection.socket.writableLength > 0, 'the client waits with most of the body')
    const release = setInterval(() => {
      gate.resolve()
      gate = Promise.withResolvers<void>()
    }, 1)
    assert.equal((await connection.response()).status, 201)
    clearInterval(release)
    assert.deepEqual(Buffer.from(rest.files.bytesOf('a') ?? []), body)
  })
})

describe('Expect: 100-continue', () => {
  test('is answered only when the put was accepted', async () => {
    await using rest = await Harness.start()
    const gate = Promise.withResolvers<void>()
    rest.files.putGate = gate.promise
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a', 'Content-Length: 1', 'Expect: 100-continue'))
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
    assert.equal(connection.received, '')
    gate.resolve()
    await connection.until((text) => text === 'HTTP/1.1 100 Continue\r\n\r\n')
    connection.write('x')
    await connection.until((text) => text.includes('HTTP/1.1 201 Created'))
  })

  test('of a refused put is answered with the refusal, and the connection ends', async () => {
    await using rest = await Harness.start({ limits: { drainTimeoutMs: 20 } })
    rest.files.putError = new FrostError('insufficient-storage', 'Full.')
    const connection = await rest.connect()
    connection.write(putHead('/upload?filename=a', 'Content-Length: 10', 'Expect: 100-continue'))
    const received = await connection.end()
    assert.match(received, /^HTTP\/1\.1 507 /)
  })

  test('of anything else is a 417', async () => {
    await using rest = await Harness.start()
    assert.equal((await rest.upload('a', 'x', { Expect: 'miracles' })).status, 417)
  })
})

describe('a conditional upload', () => {
  test('If-None-Match: * stores only a new file', async () => {
    await using rest = await Harness.start()
    assert.equal((await rest.upload('a', '1', { 'If-None-Match': '*' })).status, 201)
    const again = await rest.upload('a', '2', { 'If-None-Match': '*' })
    assert.equal(again.status, 412)
    assert.equal(codeOf(again), 'precondition-failed')
    assert.equal(rest.files.textOf('a'), '1')
  })

  test('of a hundred racers with If-None-Match: * exactly one wins', async () => {
    await using rest = await Harness.start()
    const racers = Array.from({ length: 100 }, async (_, index) =>
      rest.upload('a', `${index}`, { 'If-None-Match': '*' }),
    )
    const answers = await Promise.all(racers)
    assert.equal(answers.filter(({ status }) => status === 201).length, 1)
    assert.equal(answers.filter(({ status }) => status === 412).length, 99)
  })

  test('If-Match replaces only the version that it names', async () => {
    await using rest = await Harness.start()
    const first = (await rest.upload('a', '1')).headers.etag
    assert.equal((await rest.upload('a', '2', { 'If-Match': first })).status, 201)
    assert.equal((await rest.upload('a', '3', { 'If-Match': first })).status, 412)
    assert.equal((await rest.upload('b', '3', { 'If-Match': '"nothing"' })).status, 412)
    assert.equal((await rest.upload('b', '3', { 'If-Match': '*' })).status, 412)
    assert.equal((await rest.upload('a', '4', { 'If-Match': '*' })).status, 201)
    assert.equal((await rest.upload('a', '5', { 'If-Match': '"x", "y"' })).status, 412)
  })

  test('If-Match: * fails where the file changes before the commit', async () => {
    await using rest = await Harness.start()
    await rest.upload('a', '1')
    const gate = Promise.withResolvers<void>()
    rest.files.finishGate = gate.promise
    const pending = rest.upload('a', '2', { 'If-Match': '*' })
    await eventually(() => rest.files.uploadsOpen === 1)
    rest.files.store('a', '3')
    gate.resolve()
    assert.equal((await pending).status, 412)
  })

  test('If-Unmodified-Since and a list in If-None-Match are held against the present file', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', '1', { modifiedMs: Date.UTC(2026, 0, 1) })
    const before = 'Wed, 31 Dec 2025 00:00:00 GMT'
    assert.equal((await rest.upload('a', '2', { 'If-Unmodified-Since': before })).status, 412)
    assert.equal((await rest.upload('a', '2', { 'If-None-Match': '"x", "y"' })).status, 201)
  })

  test('with a malformed condition is a 400', async () => {
    await using rest = await Harness.start()
    assert.equal((await rest.upload('a', '1', { 'If-Match': '"unfinished' })).status, 400)
  })
})
