// The first FrostByte was a Go program with faults that users met. Each one that concerns this face is a regression test, under
// the words in which it was known.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import { codeOf, eventually, Harness, sampleBytes } from './harness.ts'

describe('the faults of the first FrostByte', () => {
  test('uploading a name again mixes old and new chunks', async () => {
    await using rest = await Harness.start()
    await rest.upload('a', Buffer.alloc(100_000, 1))
    await rest.upload('a', Buffer.alloc(30_000, 2))
    assert.deepEqual((await rest.request('/download/a')).body, Buffer.alloc(30_000, 2))
    assert.deepEqual((await rest.request('/files')).json, ['a'])
  })

  test('a.b and a_b collide', async () => {
    await using rest = await Harness.start()
    for (const name of ['a.b', 'a_b', 'a-b', 'a b', 'A.B']) await rest.upload(name, name)
    for (const name of ['a.b', 'a_b', 'a-b', 'a b', 'A.B']) {
      assert.equal((await rest.request(`/download/${encodeURIComponent(name)}`)).text, name)
    }
  })

  test('a name containing _chunk_ breaks the order', async () => {
    await using rest = await Harness.start()
    const body = sampleBytes(200_000)
    await rest.upload('x_chunk_3_chunk_1', body)
    assert.deepEqual((await rest.request('/download/x_chunk_3_chunk_1')).body, body)
    assert.deepEqual((await rest.request('/files')).json, ['x_chunk_3_chunk_1'])
  })

  test('a path in a chunk id escapes the folder', async () => {
    await using rest = await Harness.start()
    const names = ['../../etc/passwd', '/etc/passwd', '..', 'C:\\x', 'a/../../b']
    for (const name of names) assert.equal((await rest.upload(name, name)).status, 201)
    for (const name of names) {
      assert.equal((await rest.request(`/download?filename=${encodeURIComponent(name)}`)).text, name)
    }
    assert.equal((await rest.request('/download/etc/passwd')).status, 404)
  })

  test('a failed upload stays listed', async () => {
    await using rest = await Harness.start()
    rest.files.finishError = new FrostError('not-enough-workers', 'Two of five.')
    assert.equal((await rest.upload('a', sampleBytes(100_000))).status, 503)
    const connection = await rest.connect()
    connection.write('PUT /upload?filename=b HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nabc')
    await eventually(() => rest.files.uploadsOpen === 1)
    connection.destroy()
    await eventually(() => rest.files.uploadsOpen === 0)
    assert.deepEqual((await rest.request('/files')).json, [])
    assert.equal((await rest.request('/download/a')).status, 404)
  })

  test('size is never checked', async () => {
    await using rest = await Harness.start()
    for (const size of [0, 4, 6]) {
      const answer = await rest.request(`/upload?filename=a&size=${size}`, { method: 'POST', body: '12345' })
      assert.equal(answer.status, 400)
      assert.equal(codeOf(answer), 'size-mismatch')
    }
    assert.deepEqual((await rest.request('/files')).json, [])
    assert.equal((await rest.request('/upload?filename=a&size=5', { method: 'POST', body: '12345' })).status, 201)
  })

  test('a failure in mid-download appends error text to a 200', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', Buffer.alloc(100_000, 'x'))
    rest.files.sliceBytes = 10_000
    const connection = await rest.connect()
    rest.files.onRead = async (readBytes) => {
      if (readBytes < 50_000) return
      await eventually(() => connection.receivedBytes > 0)
      throw new FrostError('data-unavailable', 'Three workers are gone.')
    }
    connection.write('GET /download/a HTTP/1.1\r\nHost: localhost\r\n\r\n')
    const received = await connection.end()
    assert.match(received, /^HTTP\/1\.1 200 OK\r\n.*Content-Length: 100000\r\n.*\r\n\r\nx*$/s)
  })

  test('file names are a stored XSS in its web page', async () => {
    await using rest = await Harness.start()
    const name = '<img src=x onerror=alert(1)>.html'
    await rest.upload(name, '<script>alert(1)</script>', { 'Content-Type': 'text/html' })
    const file = await rest.request(`/download/${encodeURIComponent(name)}`)
    assert.match(String(file.headers['content-disposition']), /^attachment; filename="[^"<>]*"/)
    assert.match(String(file.headers['content-security-policy']), /sandbox/)
    assert.equal(file.headers['x-content-type-options'], 'nosniff')
    for (const target of ['/files', '/files?details=true', `/download/${encodeURIComponent('<script>')}`]) {
      const answer = await rest.request(target)
      assert.match(String(answer.headers['content-type']), /^application\/(problem\+)?json$/)
      assert.equal(answer.headers['x-content-type-options'], 'nosniff')
    }
  })

  test('GET /delete deletes', async () => {
    await using rest = await Harness.start()
    rest.files.store('a', 'x')
    for (const method of ['GET', 'HEAD', 'POST', 'PUT']) {
      assert.equal((await rest.request('/delete?filename=a', { method })).status, 405)
    }
    assert.equal((await rest.request('/download/a')).status, 200)
  })

  test('an empty list is null', async () => {
    await using rest = await Harness.start()
    for (const query of ['', '?details=true', '?limit=5', '?prefix=x']) {
      assert.equal((await rest.request(`/files${query}`)).text, '[]')
    }
  })

  test('a missing file is a 500', async () => {
    await using rest = await Harness.start()
    for (const [method, target] of [
      ['GET', '/download/none'],
      ['HEAD', '/download/none'],
      ['DELETE', '/delete?filename=none'],
      ['GET', '/api/v1/stat?filename=none'],
      ['GET', '/api/v1/layout?filename=none'],
    ] as const) {
      assert.equal((await rest.request(target, { method })).status, 404)
    }
  })
})
