import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { formatHttpDate, parseHttpDate } from './http-date.ts'

const nowMs = Date.UTC(2026, 10, 23)
const exampleMs = Date.UTC(1994, 10, 6, 8, 49, 37)

describe('parseHttpDate', () => {
  test('reads the three forms of RFC 9110', () => {
    assert.equal(parseHttpDate('Sun, 06 Nov 1994 08:49:37 GMT', nowMs), exampleMs)
    assert.equal(parseHttpDate('Sunday, 06-Nov-94 08:49:37 GMT', nowMs), exampleMs)
    assert.equal(parseHttpDate('Sun Nov  6 08:49:37 1994', nowMs), exampleMs)
  })

  test('takes a year of two digits that is more than 50 years ahead for the century before', () => {
    assert.equal(parseHttpDate('Sunday, 06-Nov-76 08:49:37 GMT', nowMs), Date.UTC(2076, 10, 6, 8, 49, 37))
    assert.equal(parseHttpDate('Sunday, 06-Nov-77 08:49:37 GMT', nowMs), Date.UTC(1977, 10, 6, 8, 49, 37))
  })

  for (const bad of [
    '',
    'yesterday',
    '1994-11-06T08:49:37Z',
    'Sun, 06 Nov 1994 08:49:37 CET',
    'Sun, 31 Feb 1994 08:49:37 GMT',
    'Sun, 06 Foo 1994 08:49:37 GMT',
    'Sun, 06 Nov 1994 24:49:37 GMT',
    'Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT',
  ]) {
    test(`finds no date in ${JSON.stringify(bad)}`, () => {
      assert.equal(parseHttpDate(bad, nowMs), undefined)
    })
  }

  test('reads what formatHttpDate writes, to the second', () => {
    const times = fc.integer({ min: 0, max: Date.UTC(9999, 11, 31) })
    fc.assert(
      fc.property(times, (timeMs) => parseHttpDate(formatHttpDate(timeMs), nowMs) === Math.floor(timeMs / 1000) * 1000),
    )
  })
})
