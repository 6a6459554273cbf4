// Uploads as multipart/form-data, however the form is cut into slices.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { FrostError } from '../../../src/base/errors.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { codeOf, eventually, Harness, isRecord, sampleBytes } from './harness.ts'
import type { Answer } from './harness.ts'

const boundary = 'XyZ-boundary'

interface Part {
  readonly head: string
  readonly body: Uint8Array | string
}

function filePart(body: Uint8Array | string, fileName: string | undefined = 'from-part', partName = 'file'): Part {
  const name = fileName === undefined ? '' : `; filename="${fileName}"`
  return { head: `Content-Disposition: form-data; name="${partName}"${name}\r\nContent-Type: image/gif`, body }
}

function field(name: string, value: string): Part {
  return { head: `Content-Disposition: form-data; name="${name}"`, body: value }
}

function form(...parts: readonly Part[]): Buffer {
  const slices = parts.flatMap(({ head, body }) => [
    Buffer.from(`--${boundary}\r\n${head}\r\n\r\n`),
    Buffer.from(body),
    Buffer.from('\r\n'),
  ])
  return Buffer.concat([...slices, Buffer.from(`--${boundary}--\r\n`)])
}

async function post(
  rest: Harness,
  body: Uint8Array,
  target = '/upload',
  type = `multipart/form-data; boundary=${boundary}`,
): Promise<Answer> {
  return rest.request(target, { method: 'POST', body, headers: { 'Content-Type': type } })
}

describe('a form', () => {
  for (const length of [0, 1, 100, 70_000, 1_000_000]) {
    test(`with a file of ${length} bytes is stored under the part's name`, async () => {
      await using rest = await Harness.start()
      const answer = await post(rest, form(filePart(sampleBytes(length))))
      assert.equal(answer.status, 201)
      assert.ok(isRecord(answer.json))
      assert.equal(answer.json['filename'], 'from-part')
      assert.equal(answer.json['size'], length)
      assert.deepEqual(Buffer.from(rest.files.bytesOf('from-part') ?? []), sampleBytes(length))
      assert.equal((await rest.request('/download/from-part')).headers['content-type'], 'image/gif')
    })
  }

  test('is stored under the name of the query, where it has one', async () => {
    await using rest = await Harness.start()
    assert.equal((await post(rest, form(filePart('x')), '/upload?filename=q/%C3%A4')).status, 201)
    assert.deepEqual(rest.files.keys(), ['q/ä'])
  })

  test('keeps a path and any Unicode in the part’s name', async () => {
    await using rest = await Harness.start()
    await post(rest, form(filePart('x', '../dir/ä€😀 b.txt')))
    assert.deepEqual(rest.files.keys(), ['../dir/ä€😀 b.txt'])
  })

  test('from a browser’s FormData is stored', async () => {
    await using rest = await Harness.start()
    const data = new FormData()
    data.append('comment', 'before')
    data.append('file', new Blob([new Uint8Array(sampleBytes(100_000))], { type: 'image/png' }), 'a b.png')
    data.append('comment', 'after')
    const response = await fetch(`http://127.0.0.1:${rest.port}/upload`, { method: 'POST', body: data })
    assert.equal(response.status, 201)
    await response.text()
    assert.deepEqual(Buffer.from(rest.files.bytesOf('a b.png') ?? []), sampleBytes(100_000))
  })

  test('with bytes that look like its delimiter is stored exactly', async () => {
    await using rest = await Harness.start()
    const body = `\r\n--${boundary.slice(0, -1)}\r\n--\r\n\r--${boundary}\r\n-\r\n--XyZ${'\r\n--XyZ-boundar'.repeat(5000)}`
    await post(rest, form(filePart(body)))
    assert.equal(rest.files.textOf('from-part'), body)
  })

  test('with other parts is stored without them', async () => {
    await using rest = await Harness.start()
    const other = filePart('not this', 'other', 'attachment')
    const body = form(field('a', 'b'.repeat(200_000)), other, filePart('this'), field('size', '99'))
    assert.equal((await post(rest, body)).status, 201)
    assert.deepEqual(rest.files.keys(), ['from-part'])
    assert.equal(rest.files.textOf('from-part'), 'this')
  })

  test('whose part "file" names no file is stored under the name of the query', async () => {
    await using rest = await Harness.start()
    assert.equal((await post(rest, form(field('file', 'text')), '/upload?filename=t')).status, 201)
    assert.equal(rest.files.textOf('t'), 'text')
  })

  test('with a condition obeys it', async () => {
    await using rest = await Harness.start()
    const conditional = async (target: string): Promise<Answer> =>
      rest.request(target, {
        method: 'POST',
        body: form(filePart('x')),
        headers: { 'Content-Type': `multipart/form-data; boundary=${boundary}`, 'If-None-Match': '*' },
      })
    assert.equal((await conditional('/upload?filename=c')).status, 201)
    assert.equal((await conditional('/upload?filename=c')).status, 412)
    assert.equal((await conditional('/upload')).status, 400)
  })
})

describe('a size', () => {
  test('is held against the part, not against the form', async () => {
    await using rest = await Harness.start()
    assert.equal((await post(rest, form(filePart('12345')), '/upload?size=5')).status, 201)
    for (const size of [4, 6]) {
      const answer = await post(rest, form(filePart('12345')), `/upload?filename=b&size=${size}`)
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), 'size-mismatch')
    }
    assert.deepEqual(rest.files.keys(), ['from-part'])
    assert.equal(rest.files.uploadsOpen, 0)
  })
})

describe('a form that is wrong', () => {
  const whole = form(filePart('some bytes'))
  const type = `multipart/form-data; boundary=${boundary}`
  for (const [what, body, contentType, code] of [
    ['has no part "file"', form(field('a', 'b')), type, 'bad-request'],
    ['has no parts', form(), type, 'bad-request'],
    ['is empty', Buffer.alloc(0), type, 'bad-request'],
    ['has two parts "file"', form(filePart('1'), filePart('2')), type, 'bad-request'],
    ['has no boundary', whole, 'multipart/form-data', 'bad-request'],
    ['has an empty boundary', whole, 'multipart/form-data; boundary=', 'bad-request'],
    ['has an endless boundary', whole, `multipart/form-data; boundary=${'b'.repeat(400)}`, 'bad-request'],
    ['has another boundary', whole, 'multipart/form-data; boundary=other', 'bad-request'],
    ['ends within the file', whole.subarray(0, -20), type, 'bad-request'],
    ['ends within the closing delimiter', whole.subarray(0, -5), type, 'bad-request'],
    [
      'has too many parts',
      form(...Array.from({ length: 40 }, () => field('a', 'b')), filePart('x')),
      type,
      'bad-request',
    ],
    ['names no file', form(field('file', 'x')), type, 'name-missing'],
    [
      'names a file that is not UTF-8',
      Buffer.from(whole.toString().replace('from-part', '\u00ff'), 'latin1'),
      type,
      'name-invalid',
    ],
    ['names a file too long', form(filePart('x', 'n'.repeat(1025))), type, 'name-too-long'],
  ] as const) {
    test(`because it ${what} is refused, and nothing stays`, async () => {
      await using rest = await Harness.start()
      const answer = await post(rest, body, '/upload', contentType)
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), code)
      assert.deepEqual(rest.files.keys(), [])
      await eventually(() => rest.files.uploadsOpen === 0)
    })
  }

  test('at its first byte is answered while its client still sends', async () => {
    await using rest = await Harness.start()
    rest.files.putError = new FrostError('insufficient-storage', 'Full.')
    const answer = await post(rest, form(filePart(sampleBytes(5_000_000))))
    assert.equal(answer.status, 507)
  })
})

describe('a client of a form', () => {
  const head =
    `POST /upload HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n` +
    `Content-Type: multipart/form-data; boundary=${boundary}\r\n\r\n`

  test('that goes away leaves nothing behind', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(head)
    connection.write(form(filePart(sampleBytes(50_000))).subarray(0, 30_000))
    await eventually(() => rest.files.uploadsOpen === 1)
    connection.destroy()
    await eventually(() => rest.files.uploadsAborted === 1 && rest.files.uploadsOpen === 0)
  })

  test('that goes away after the closing delimiter but before the body’s end leaves nothing behind', async () => {
    await using rest = await Harness.start()
    const connection = await rest.connect()
    connection.write(head)
    connection.write(form(filePart('x')))
    await eventually(() => rest.files.uploadsOpen === 1)
    connection.destroy()
    await eventually(() => rest.files.uploadsAborted === 1)
    assert.deepEqual(rest.files.keys(), [])
  })

  test('that stalls is told so after the timeout', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    const connection = await rest.connect()
    connection.write(head)
    connection.write(form(filePart(sampleBytes(50_000))).subarray(0, 30_000))
    await eventually(() => rest.files.uploadsOpen === 1)
    await time.advance(35_000)
    const answer = await connection.response()
    assert.equal(answer.status, 408)
    assert.equal(rest.files.uploadsAborted, 1)
  })

  test('whose upload is not ready is held back, and not told that it stalled', async () => {
    const time = new VirtualTime()
    await using rest = await Harness.start({ clock: time.createClock() })
    const gate = Promise.withResolvers<void>()
    rest.files.writeGate = () => gate.promise
    const body = form(filePart(sampleBytes(5_000_000)))
    const connection = await rest.connect()
    connection.write(head.replace('100000', String(body.length)))
    connection.write(body)
    await eventually(() => rest.files.uploadsOpen === 1)
    await new Promise((resolve) => {
      setTimeout(resolve, 50)
    })
    await time.advance(600_000)
    assert.equal(rest.files.uploadsOpen, 1)
    assert.ok(connection.socket.writableLength > 0)
    rest.files.writeGate = undefined
    gate.resolve()
    assert.equal((await connection.response()).status, 201)
    assert.deepEqual(Buffer.from(rest.files.bytesOf('from-part') ?? []), sampleBytes(5_000_000))
  })
})

test('however a form is cut into slices, the file is exact', async () => {
  await using rest = await Harness.start()
  const delimiterLike = fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\r\n-',
    '\r\n--',
    `\r\n--${boundary.slice(0, -1)}`,
    '-',
    'x',
  )
  const content = fc.array(delimiterLike, { maxLength: 30 }).map((pieces) => pieces.join(''))
  const cuts = fc.array(fc.nat(400), { maxLength: 12 })
  await fc.assert(
    fc.asyncProperty(content, cuts, fc.boolean(), async (text, positions, isSlow) => {
      rest.files.writeGate = isSlow ? async () => Promise.resolve() : undefined
      const body = form(field('before', 'x'), filePart(text), field('after', 'y'))
      const connection = await rest.connect()
      connection.write(
        `POST /upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n` +
          `Content-Type: multipart/form-data; boundary=${boundary}\r\n\r\n`,
      )
      const sorted = [...new Set([0, ...positions, body.length])].filter((at) => at <= body.length)
      sorted.sort((left, right) => left - right)
      for (const [index, start] of sorted.slice(0, -1).entries()) {
        const slice = body.subarray(start, sorted[index + 1])
        connection.write(`${slice.length.toString(16)}\r\n${slice.toString('latin1')}\r\n`)
      }
      connection.write('0\r\n\r\n')
      assert.match(await connection.end(), /^HTTP\/1\.1 201 /)
      assert.equal(rest.files.textOf('from-part'), text)
    }),
    { numRuns: 150 },
  )
  assert.equal(rest.files.uploadsOpen, 0)
})
