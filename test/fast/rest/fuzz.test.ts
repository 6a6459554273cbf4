// Requests that nobody would write, against a live face: it neither fails nor hangs, and nothing stays open.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import fc from 'fast-check'

import { eventually, Harness, sampleBytes } from './harness.ts'

const header = fc.string({
  unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
  maxLength: 80,
})
const targetCharacter = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code))
const targetText = fc.string({
  unit: fc.oneof(targetCharacter, fc.constantFrom('%', '/', '&', '=', '?', '%2', '..')),
  maxLength: 60,
})

describe('whatever is asked', () => {
  let rest: Harness

  before(async () => {
    rest = await Harness.start({ limits: { drainTimeoutMs: 50 } })
    rest.files.store('a', sampleBytes(1000), { contentType: 'text/plain' })
  })

  after(async () => {
    await eventually(() => rest.files.uploadsOpen === 0, 'the end of all uploads')
    await eventually(() => rest.files.readersOpen === 0 && rest.files.slicesOut === 0, 'the end of all reads')
    assert.deepEqual(
      rest.log.entries.filter(({ level }) => level === 'error'),
      [],
    )
    await rest[Symbol.asyncDispose]()
  })

  async function statusOf(bytes: string | Uint8Array): Promise<number> {
    const connection = await rest.connect()
    connection.write(bytes)
    const received = await connection.end()
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(received)?.[1])
    assert.ok(Number.isInteger(status), `no answer to ${JSON.stringify(bytes)}: ${received}`)
    return status
  }

  const head = 'Host: localhost\r\nConnection: close\r\n'

  test('the target and the method decide a status, never a 500', async () => {
    const method = fc.constantFrom('GET', 'HEAD', 'DELETE', 'OPTIONS', 'PUT')
    const start = fc.constantFrom(
      '/',
      '/download/',
      '/download?filename=',
      '/files?',
      '/upload?filename=',
      '/api/v1/layout?',
      '/api/v1/verify?filename=a&',
      '/api/v1/workers/',
      '/api/v1/workers/0123456789abcdef/drain',
      '/delete?',
    )
    await fc.assert(
      fc.asyncProperty(method, start, targetText, async (verb, prefix, text) => {
        const status = await statusOf(`${verb} ${prefix}${text} HTTP/1.1\r\n${head}Content-Length: 0\r\n\r\n`)
        assert.ok(status < 500, `${verb} ${prefix}${text}: ${status}`)
      }),
      { numRuns: 200 },
    )
  })

  test('ranges and conditions decide a status, never a 500', async () => {
    const name = fc.constantFrom(
      'Range',
      'If-Range',
      'If-Match',
      'If-None-Match',
      'If-Modified-Since',
      'If-Unmodified-Since',
    )
    const value = fc.oneof(
      header,
      fc.string({ unit: fc.constantFrom('bytes=', '0', '-', ',', '9', '"', 'W/', '*', ' '), maxLength: 20 }),
    )
    const headers = fc.uniqueArray(fc.tuple(name, value), { maxLength: 4, selector: ([key]) => key })
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('GET', 'HEAD'), headers, async (verb, lines) => {
        const text = lines.map(([key, content]) => `${key}: ${content}\r\n`).join('')
        const status = await statusOf(`${verb} /download/a HTTP/1.1\r\n${head}${text}\r\n`)
        assert.ok([200, 206, 304, 400, 412, 416].includes(status), `${text}: ${status}`)
      }),
      { numRuns: 200 },
    )
  })

  test('a form of any bytes decides a status, never a 500', async () => {
    const piece = fc.constantFrom(
      '--b\r\n',
      '--b--\r\n',
      '\r\n',
      '\r\n--b',
      '--',
      'Content-Disposition: form-data; name="file"; filename="f"\r\n',
      "Content-Disposition: form-data; name=file; filename*=UTF-8''%FF%\r\n",
      'Content-Disposition: form-data; name="file"\r\n',
      'Content-Disposition: attachment\r\n',
      'Content-Type: text/plain; charset=utf-16\r\n',
      'Content-Transfer-Encoding: base64\r\n',
      'content',
      ': \r\n',
      '\0',
    )
    const body = fc.array(fc.oneof(piece, header), { maxLength: 15 }).map((pieces) => pieces.join(''))
    const type = fc.oneof(
      { weight: 5, arbitrary: fc.constant('multipart/form-data; boundary=b') },
      header.map((text) => `multipart/form-data;${text}`),
    )
    await fc.assert(
      fc.asyncProperty(body, type, async (content, contentType) => {
        const text = `POST /upload HTTP/1.1\r\n${head}Content-Type: ${contentType}\r\nContent-Length: ${content.length}\r\n\r\n`
        const status = await statusOf(text + content)
        assert.ok([201, 400].includes(status), `${contentType} ${content}: ${status}`)
      }),
      { numRuns: 300 },
    )
  })

  test('other headers of an upload decide a status, never a 500', async () => {
    const name = fc.constantFrom(
      'Content-Type',
      'Content-Encoding',
      'Content-Range',
      'If-Match',
      'Origin',
      'Sec-Fetch-Site',
      'Expect',
    )
    const headers = fc.uniqueArray(fc.tuple(name, header), { maxLength: 3, selector: ([key]) => key })
    await fc.assert(
      fc.asyncProperty(headers, async (lines) => {
        const text = lines.map(([key, content]) => `${key}: ${content}\r\n`).join('')
        const status = await statusOf(`PUT /upload?filename=f HTTP/1.1\r\n${head}${text}Content-Length: 1\r\n\r\nx`)
        assert.ok(status < 500, `${text}: ${status}`)
      }),
      { numRuns: 150 },
    )
  })
})
