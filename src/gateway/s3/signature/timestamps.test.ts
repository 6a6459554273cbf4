import assert from 'node:assert/strict'
import test from 'node:test'

import fc from 'fast-check'

import { formatTimestamp, isScopeDate, parseTimestamp } from './timestamps.ts'

test('timestamps are read back as they are written', () => {
  const time = fc.integer({ min: 0, max: 7_000_000_000 })
  fc.assert(
    fc.property(time, (seconds) => assert.equal(parseTimestamp(formatTimestamp(seconds * 1_000)), seconds * 1_000)),
  )
  assert.equal(formatTimestamp(Date.UTC(2013, 4, 24, 1, 2, 3, 999)), '20130524T010203Z')
})

test('what is no time is none', () => {
  for (const text of [
    '',
    '20130524',
    '20130532T000000Z',
    '20130230T000000Z',
    '20131301T000000Z',
    '20130524T240000Z',
    '20130524T006000Z',
    '00130524T000000Z',
    '20130524T000000',
    ' 20130524T000000Z',
  ])
    assert.equal(parseTimestamp(text), undefined, text)
  for (const text of ['2013052', '20130500', '20131324', '2013-5-4', 'today']) assert(!isScopeDate(text), text)
  assert(isScopeDate('20130524'))
})
