import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { matchesStrongly, matchesWeakly, parseEntityTags } from './entity-tags.ts'

describe('parseEntityTags', () => {
  test('reads lists with empty elements, weak tags, commas inside quotes and tags without quotes', () => {
    assert.deepEqual(parseEntityTags('"a", W/"b,c" ,, d ,""'), [
      { value: 'a', weak: false },
      { value: 'b,c', weak: true },
      { value: 'd', weak: false },
      { value: '', weak: false },
    ])
    assert.equal(parseEntityTags(' * '), '*')
  })

  for (const bad of ['', ' , ', '"a', 'a"', '"a" "b"', '*, "a"', 'W/', 'W/a"', '"a\u0001"']) {
    test(`refuses ${JSON.stringify(bad)}`, () => {
      // A bare W/ is a word like any other.
      if (bad === 'W/') assert.deepEqual(parseEntityTags(bad), [{ value: 'W/', weak: false }])
      else assert.equal(parseEntityTags(bad), undefined)
    })
  }

  test('refuses lists without end, and takes no time for long headers', () => {
    assert.equal(parseEntityTags(Array.from({ length: 257 }, () => '"a"').join()), undefined)
    assert.equal(parseEntityTags(`"a",${' '.repeat(60_000)}"b`), undefined)
  })

  test('never throws and never hangs', () => {
    fc.assert(fc.property(fc.string({ unit: 'binary-ascii' }), (text) => parseEntityTags(text) !== null))
  })
})

describe('comparison', () => {
  test('only the weak one takes weak tags', () => {
    assert.equal(matchesStrongly([{ value: 'a', weak: true }], 'a'), false)
    assert.equal(matchesWeakly([{ value: 'a', weak: true }], 'a'), true)
    assert.equal(matchesStrongly([{ value: 'a', weak: false }], 'a'), true)
  })
})
