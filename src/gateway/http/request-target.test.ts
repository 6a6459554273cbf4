import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { decodeText, splitTarget } from './request-target.ts'

describe('splitTarget', () => {
  test('keeps dots and slashes of the path as they came', () => {
    assert.deepEqual(splitTarget('/download/../a//b/./c?x=1?2'), { path: '/download/../a//b/./c', query: 'x=1?2' })
  })

  test('takes the absolute form and the asterisk form', () => {
    assert.deepEqual(splitTarget('http://host:80/files?a=b'), { path: '/files', query: 'a=b' })
    assert.deepEqual(splitTarget('HTTPS://host?a=b'), { path: '/', query: 'a=b' })
    assert.deepEqual(splitTarget('http://host'), { path: '/', query: '' })
    assert.deepEqual(splitTarget('*'), { path: '*', query: '' })
  })
})

describe('decodeText', () => {
  test('gives back any text that encodeURIComponent encoded', () => {
    const text = fc.string({ unit: 'binary' }).filter((value) => value.isWellFormed())
    fc.assert(fc.property(text, (value) => decodeText(encodeURIComponent(value), true) === value))
  })

  test('takes one character a byte, as Node.js hands targets over', () => {
    assert.equal(decodeText(Buffer.from('ä€😀').toString('latin1'), false), 'ä€😀')
  })

  test('keeps a byte order mark, which is part of the name', () => {
    assert.equal(decodeText('%EF%BB%BFa', false), '\uFEFFa')
  })

  test('takes a plus as a space in a query only', () => {
    assert.equal(decodeText('a+b%2B', true), 'a b+')
    assert.equal(decodeText('a+b', false), 'a+b')
  })

  for (const bad of [
    '%',
    '%4',
    '%zz',
    'a%g0',
    '%C3',
    '%C3%28',
    '%ED%A0%80',
    '%F8%88%80%80%80',
    '%C0%80',
    '%FF',
    '\u0100',
  ]) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      assert.equal(decodeText(bad, false), undefined)
    })
  }

  test('never throws', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.boolean(), (value, plusIsSpace) => {
        const text = decodeText(value, plusIsSpace)
        return text === undefined || text.isWellFormed()
      }),
    )
  })
})
