// Downloads: headers, ranges, conditions, and what happens when a read or the client fails in the middle.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { codeOf, eventually, Harness, sampleBytes } from './harness.ts'

const content = sampleBytes(100_000)
const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)

async function startWithFile(): Promise<Harness> {
  const rest = await Harness.start()
  rest.files.store('a', content, { modifiedMs, contentType: 'image/png' })
  return rest
}

function assertNothingOpen(rest: Harness): void {
  assert.equal(rest.files.readersOpen, 0)
  assert.equal(rest.files.slicesOut, 0)
}

describe('a download', () => {
  test('carries the bytes and the headers of the file', async () => {
    await using rest = await startWithFile()
    const answer = await rest.request('/download/a')
    const etag = `"${rest.files.infoOf('a')?.etag}"`
    assert.equal(answer.status, 200)
    assert.deepEqual(answer.body, content)
    const { headers } = answer
    assert.equal(headers['content-length'], '100000')
    assert.equal(headers.etag, etag)
    assert.equal(headers['last-modified'], 'Fri, 02 Jan 2026 03:04:05 GMT')
    assert.equal(headers['accept-ranges'], 'bytes')
    assert.equal(headers['content-type'], 'image/png')
    assert.equal(headers['content-disposition'], 'attachment; filename="a"')
    assert.equal(headers['x-content-type-options'], 'nosniff')
    assert.match(String(headers['content-security-policy']), /sandbox/)
    await eventually(() => rest.files.slicesOut === 0)
    assertNothingOpen(rest)
  })

  for (const length of [0, 1, 10_240, 65_536, 65_537, 1_000_000]) {
    test(`of ${length} bytes is exact, by path and by query`, async () => {
      await using rest = await Harness.start()
      rest.files.store('n', sampleBytes(length))
      for (const target of ['/download/n', '/download?filename=n']) {
        const answer = await rest.request(target)
        assert.deepEqual(answer.body, sampleBytes(length))
        assert.equal(answer.headers['content-length'], String(length))
      }
      await eventually(() => rest.files.slicesOut === 0)
      assertNothingOpen(rest)
    })
  }

  test('by HEAD has the same headers, no body, and reads nothing', async () => {
    await using rest = await startWithFile()
    const [get, head] = [await rest.request('/download/a'), await rest.request('/download/a', { method: 'HEAD' })]
    for (const { headers } of [get, head]) {
      delete headers.date
      delete headers['x-request-id']
    }
    assert.deepEqual(head.headers, get.headers)
    assert.equal(head.status, 200)
    assert.equal(head.body.length, 0)
    assert.equal(rest.files.reads.length, 1)
  })

  test('of an empty file reads nothing', async () => {
    await using rest = await Harness.start()
    rest.files.store('e', '')
    assert.equal((await rest.request('/download/e')).status, 200)
    assert.equal(rest.files.reads.length, 0)
    assertNothingOpen(rest)
  })

  test('of a file that is not there is a 404, by HEAD too', async () => {
    await using rest = await Harness.start()
    for (const method of ['GET', 'HEAD']) {
      const answer = await rest.request('/download/none', { method })
      assert.equal(answer.status, 404)
      assert.equal(answer.headers['content-type'], 'application/problem+json')
    }
    assert.equal(codeOf(await rest.request('/download/none')), 'file-not-found')
    assert.equal(codeOf(await rest.request('/download/none?bucket=nowhere')), 'bucket-not-found')
  })

  for (const [target, code] of [
    ['/download', 'name-missing'],
    ['/download/', 'name-missing'],
    ['/download/%FF', 'name-invalid'],
    ['/download/%zz', 'name-invalid'],
    ['/download/%00', 'name-invalid'],
    [`/download/${'n'.repeat(1025)}`, 'name-too-long'],
    [`/download/${'n'.repeat(5000)}`, 'name-too-long'],
    ['/download/a?filename=b', 'bad-request'],
  ] as const) {
    test(`of ${target.slice(0, 30)} is a 400 with the code ${code}`, async () => {
      await using rest = await startWithFile()
      const answer = await rest.request(target)
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), code)
    })
  }
})

describe('a range', () => {
  for (const [range, first, last] of [
    ['bytes=0-0', 0, 0],
    ['bytes=99999-99999', 99_999, 99_999],
    ['bytes=10239-10240', 10_239, 10_240],
    ['bytes=65530-65540', 65_530, 65_540],
    ['bytes=-1', 99_999, 99_999],
    ['bytes=50000-', 50_000, 99_999],
    ['bytes=99990-200000', 99_990, 99_999],
    ['bytes=0-9,5-20', 0, 20],
  ] as const) {
    test(`${range} is the bytes ${first} to ${last}, and no others are read`, async () => {
      await using rest = await startWithFile()
      const answer = await rest.request('/download/a', { headers: { Range: range } })
      assert.equal(answer.status, 206)
      assert.deepEqual(answer.body, content.subarray(first, last + 1))
      assert.equal(answer.headers['content-range'], `bytes ${first}-${last}/100000`)
      assert.equal(answer.headers['content-length'], String(last - first + 1))
      assert.equal(answer.headers['content-type'], 'image/png')
      assert.deepEqual(rest.files.reads, [{ offset: first, length: last - first + 1 }])
      await eventually(() => rest.files.slicesOut === 0)
      assertNothingOpen(rest)
    })
  }

  test('of several parts is multipart/byteranges, its length known before', async () => {
    await using rest = await startWithFile()
    const answer = await rest.request('/download/a', { headers: { Range: 'bytes=90000-90009,0-1,-2' } })
    assert.equal(answer.status, 206)
    assert.equal(answer.headers['content-length'], String(answer.body.length))
    const boundary = /^multipart\/byteranges; boundary=([\w-]+)$/.exec(answer.headers['content-type'] ?? '')?.[1]
    assert.ok(boundary !== undefined && boundary.length <= 70)
    const text = answer.body.toString('latin1')
    const parts = text.split(`\r\n--${boundary}`)
    assert.equal(parts[0], '')
    assert.equal(parts.at(-1), '--\r\n')
    const expected = [
      [90_000, 90_009],
      [0, 1],
      [99_998, 99_999],
    ] as const
    assert.equal(parts.length, expected.length + 2)
    for (const [index, [first, last]] of expected.entries()) {
      const bytes = content.subarray(first, last + 1).toString('latin1')
      const head = `\r\nContent-Type: image/png\r\nContent-Range: bytes ${first}-${last}/100000\r\n\r\n`
      assert.equal(parts[index + 1], head + bytes)
    }
    await eventually(() => rest.files.slicesOut === 0)
    assertNothingOpen(rest)
  })

  test('that lies outside is a 416 that names the length', async () => {
    await using rest = await startWithFile()
    const answer = await rest.request('/download/a', { headers: { Range: 'bytes=100000-' } })
    assert.equal(answer.status, 416)
    assert.equal(answer.headers['content-range'], 'bytes */100000')
    assert.equal(codeOf(answer), 'range-unsatisfiable')
    assertNothingOpen(rest)
  })

  test('that is malformed, or comes with HEAD, is ignored', async () => {
    await using rest = await startWithFile()
    assert.equal((await rest.request('/download/a', { headers: { Range: 'bytes=2-1' } })).status, 200)
    const head = await rest.request('/download/a', { method: 'HEAD', headers: { Range: 'bytes=0-0' } })
    assert.equal(head.status, 200)
    assert.equal(head.headers['content-length'], '100000')
  })

  test('counts only where If-Range still names the file', async () => {
    await using rest = await startWithFile()
    const etag = (await rest.request('/download/a')).headers.etag ?? ''
    const status = async (ifRange: string): Promise<number> =>
      (await rest.request('/download/a', { headers: { 'Range': 'bytes=0-0', 'If-Range': ifRange } })).status
    assert.equal(await status(etag), 206)
    assert.equal(await status('"other"'), 200)
    assert.equal(await status(`W/${etag}`), 200)
    assert.equal(await status('Fri, 02 Jan 2026 03:04:05 GMT'), 206)
    assert.equal(await status('Fri, 02 Jan 2026 03:04:04 GMT'), 200)
    assert.equal(await status('rubbish"'), 200)
  })
})

describe('a condition', () => {
  test('that the client’s copy meets is a 304 with the validators and no body', async () => {
    await using rest = await startWithFile()
    const etag = (await rest.request('/download/a')).headers.etag ?? ''
    for (const headers of [
      { 'If-None-Match': etag },
      { 'If-None-Match': `"x", W/${etag}` },
      { 'If-None-Match': '*' },
      { 'If-Modified-Since': 'Fri, 02 Jan 2026 03:04:05 GMT' },
    ]) {
      for (const method of ['GET', 'HEAD']) {
        const answer = await rest.request('/download/a', { method, headers })
        assert.equal(answer.status, 304)
        assert.equal(answer.headers.etag, etag)
        assert.equal(answer.headers['last-modified'], 'Fri, 02 Jan 2026 03:04:05 GMT')
        assert.equal(answer.body.length, 0)
      }
    }
    assert.equal(rest.files.readersOpen, 0)
  })

  test('that the file does not meet is a 412', async () => {
    await using rest = await startWithFile()
    for (const headers of [{ 'If-Match': '"x"' }, { 'If-Unmodified-Since': 'Thu, 01 Jan 2026 00:00:00 GMT' }]) {
      const answer = await rest.request('/download/a', { headers })
      assert.equal(answer.status, 412)
      assert.equal(codeOf(answer), 'precondition-failed')
    }
    assert.equal(rest.files.readersOpen, 0)
  })
})

describe('a read that fails', () => {
  test('before its first byte is a problem document with its status', async () => {
    await using rest = await startWithFile()
    rest.files.onRead = () => {
      throw new FrostError('data-unavailable', 'Three workers do not answer.')
    }
    const answer = await rest.request('/download/a')
    assert.equal(answer.status, 503)
    assert.equal(codeOf(answer), 'data-unavailable')
    assert.ok(answer.headers['retry-after'])
    assertNothingOpen(rest)
  })

  for (const range of [undefined, 'bytes=0-80000', 'bytes=0-70000,80000-90000']) {
    test(`after it (${range ?? 'whole file'}) ends the connection short, and writes nothing into the body`, async () => {
      await using rest = await startWithFile()
      rest.files.sliceBytes = 10_000
      const connection = await rest.connect()
      rest.files.onRead = async (readBytes) => {
        if (readBytes < 20_000) return
        await eventually(() => connection.receivedBytes > 0)
        throw new FrostError('data-unavailable', 'A secret.')
      }
      const rangeLine = range === undefined ? '' : `Range: ${range}\r\n`
      connection.write(`GET /download/a HTTP/1.1\r\nHost: localhost\r\n${rangeLine}\r\n`)
      const received = await connection.end()
      assert.match(received, /^HTTP\/1\.1 20[06] /)
      assert.doesNotMatch(received, /problem|secret|urn:frostbyte/i)
      const length = Number(/Content-Length: (\d+)/.exec(received)?.[1])
      assert.ok(received.length - received.indexOf('\r\n\r\n') - 4 < length)
      await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
    })
  }

  test('by giving too few bytes ends the connection short', async () => {
    await using rest = await Harness.start()
    rest.files.store('short', content, { sizeBytes: 100_000 })
    rest.files.onRead = (readBytes) => {
      if (readBytes > 0) throw new FrostError('internal', 'the rest is missing')
    }
    const connection = await rest.connect()
    connection.write('GET /download/short HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.ok((await connection.end()).length < 100_000)
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })
})

describe('a client', () => {
  test('that goes away in the middle stops the reading, and all slices are given back once', async () => {
    await using rest = await Harness.start()
    rest.files.store('big', sampleBytes(10_000_000))
    const connection = await rest.connect()
    connection.write('GET /download/big HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await connection.untilBytes(1_000_000)
    connection.destroy()
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })

  test('that goes away while a slice is awaited gives up the read', async () => {
    await using rest = await startWithFile()
    rest.files.onRead = async () => Promise.withResolvers<void>().promise
    const connection = await rest.connect()
    connection.write('GET /download/a HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => rest.files.readersOpen === 1)
    connection.destroy()
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })

  test('that reads slowly holds only a small window of slices', async () => {
    await using rest = await Harness.start()
    rest.files.store('big', sampleBytes(10_000_000))
    const connection = await rest.connect()
    connection.socket.pause()
    connection.write('GET /download/big HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => rest.files.slicesOut > 2)
    await new Promise((resolve) => {
      setTimeout(resolve, 100)
    })
    assert.ok(rest.files.slicesOut <= 10, `${rest.files.slicesOut} slices of 64 KiB`)
    connection.socket.resume()
    const answer = await connection.response()
    assert.deepEqual(answer.body, sampleBytes(10_000_000))
    await eventually(() => rest.files.slicesOut === 0)
  })

  test('that stops reading is cut off after a time, and everything is given back', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    rest.files.store('big', sampleBytes(10_000_000))
    const connection = await rest.connect()
    connection.socket.pause()
    connection.write('GET /download/big HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await eventually(() => rest.files.slicesOut > 2)
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    await time.advance(55_000)
    assert.ok(rest.files.slicesOut > 0)
    await time.advance(20_000)
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })

  test('that sends its requests one behind the other gets the answers in their order', async () => {
    await using rest = await Harness.start()
    const names = ['x', 'y', 'z']
    for (const [index, name] of names.entries()) rest.files.store(name, name.repeat((3 - index) * 50_000))
    const connection = await rest.connect()
    connection.write(names.map((name) => `GET /download/${name} HTTP/1.1\r\nHost: localhost\r\n\r\n`).join(''))
    for (const [index, name] of names.entries()) {
      assert.equal((await connection.response()).text, name.repeat((3 - index) * 50_000))
    }
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })

  test('that goes away with such requests open leaves nothing behind', async () => {
    await using rest = await Harness.start()
    rest.files.store('big', sampleBytes(5_000_000))
    const connection = await rest.connect()
    connection.socket.pause()
    connection.write('GET /download/big HTTP/1.1\r\nHost: localhost\r\n\r\n'.repeat(8))
    await eventually(() => rest.files.slicesOut > 2)
    connection.destroy()
    await eventually(() => rest.files.slicesOut === 0 && rest.files.readersOpen === 0)
  })
})
