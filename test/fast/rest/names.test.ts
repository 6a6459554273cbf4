// Names come back as they were given: in the listing, in the answers, by path and by query.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { Harness, isRecord } from './harness.ts'

/** Uploads, lists, reads by path and by query, deletes. */
async function roundTrip(rest: Harness, name: string): Promise<void> {
  const encoded = encodeURIComponent(name)
  const stored = await rest.upload(name, `content of ${name}`)
  assert.equal(stored.status, 201)
  assert.ok(isRecord(stored.json))
  assert.equal(stored.json['filename'], name)
  assert.deepEqual((await rest.request('/files')).json, [name])
  const path = encoded.replaceAll('%2F', '/')
  for (const target of [`/download/${path}`, `/download/${encoded}`, `/download?filename=${encoded}`]) {
    const answer = await rest.request(target)
    assert.equal(answer.status, 200, `${target}: ${answer.text}`)
    assert.equal(answer.text, `content of ${name}`)
  }
  const stat = await rest.request(`/api/v1/stat?filename=${encoded}`)
  assert.ok(isRecord(stat.json))
  assert.equal(stat.json['filename'], name)
  assert.equal((await rest.request(`/delete?filename=${encoded}`, { method: 'DELETE' })).status, 200)
  assert.deepEqual((await rest.request('/files')).json, [])
}

describe('a name round-trips unharmed', () => {
  for (const name of [
    'plain',
    'with space',
    'a/b/c',
    '/leading/and/trailing/',
    '//',
    '.',
    '..',
    '../../etc/passwd',
    'a/../b/./c',
    '%',
    '%2F',
    '100%25',
    'a+b c',
    '?query#fragment&x=y;z',
    '<script>alert(1)</script>',
    `'"\\\``,
    'tab\tline\nreturn\rescape\u001b',
    '\u007f\u0080\u009f',
    'ä€😀\u200d\u{1F468}',
    'e\u0301 is not \u00e9',
    '\uFEFFmark',
    '\uFFFD\uFFFF',
    'עברית\u202e',
    'C:\\Windows\\con.',
    '__proto__',
    'constructor',
    'n'.repeat(1024),
    '€'.repeat(341),
  ]) {
    test(JSON.stringify(name).slice(0, 60), async () => {
      await using rest = await Harness.start()
      await roundTrip(rest, name)
    })
  }

  test('whatever it is', async () => {
    await using rest = await Harness.start()
    const names = fc
      .string({
        unit: fc.oneof(
          fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
          fc.constantFrom('/', '.', '%', '+', ' '),
        ),
      })
      .filter((name) => name !== '' && name.isWellFormed() && !name.includes('\0') && Buffer.byteLength(name) <= 1024)
    await fc.assert(
      fc.asyncProperty(names, async (name) => roundTrip(rest, name)),
      { numRuns: 60 },
    )
  })
})

test('bytes that the client did not encode are refused with the remedy', async () => {
  await using rest = await Harness.start()
  const connection = await rest.connect()
  connection.write(Buffer.from('GET /download/ä€ HTTP/1.1\r\nHost: localhost\r\n\r\n'))
  const answer = await connection.response()
  assert.equal(answer.status, 400)
  assert.match(answer.text, /Percent-encode/)
})

test('composed and decomposed letters are different names', async () => {
  await using rest = await Harness.start()
  await rest.upload('\u00e9', '1')
  await rest.upload('e\u0301', '2')
  assert.equal(rest.files.keys().length, 2)
})
