import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { isMultipartForm, storedMediaType } from './media-type.ts'

describe('storedMediaType', () => {
  for (const good of ['text/html', 'text/plain; charset=utf-8', 'a/b;c="d e";f=g ; ', 'image/svg+xml']) {
    test(`keeps ${good}`, () => {
      assert.equal(storedMediaType(good), good)
    })
  }

  for (const bad of [
    undefined,
    '',
    'text',
    'text/',
    'text/html; charset="utf',
    'text/html; =x',
    'text/\u00e4',
    `text/${'x'.repeat(300)}`,
    'application/x-www-form-urlencoded',
    'application/x-www-form-urlencoded; charset=utf-8',
  ]) {
    test(`leaves out ${JSON.stringify(bad)}`, () => {
      assert.equal(storedMediaType(bad), undefined)
    })
  }

  test('takes no time for a header made to make patterns backtrack', () => {
    assert.equal(storedMediaType(`a/b${'   ;   '.repeat(35)}x`), undefined)
  })
})

test('isMultipartForm knows forms and nothing else', () => {
  assert.equal(isMultipartForm('multipart/form-data; boundary=x'), true)
  assert.equal(isMultipartForm('Multipart/Form-Data;boundary=x'), true)
  assert.equal(isMultipartForm('multipart/form-data'), true)
  assert.equal(isMultipartForm('multipart/form-database'), false)
  assert.equal(isMultipartForm('multipart/mixed'), false)
  assert.equal(isMultipartForm(undefined), false)
})
