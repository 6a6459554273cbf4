import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { formatTimestamp, parseTimestamp } from './timestamps.ts'

test('times are written with milliseconds and read back', () => {
  assert.equal(formatTimestamp(Date.UTC(2026, 0, 31, 12)), '2026-01-31T12:00:00.000Z')
  fc.assert(
    fc.property(
      fc.date({ min: new Date(0), max: new Date('9999-12-31T23:59:59.999Z'), noInvalidDate: true }),
      (date) => {
        assert.equal(formatTimestamp(date.getTime()), date.toISOString())
        assert.equal(parseTimestamp(date.toISOString()), date.getTime())
      },
    ),
  )
})

test('dates, zones and fractions of a second are read', () => {
  const noon = Date.UTC(2026, 0, 31, 12)
  assert.equal(parseTimestamp('2026-01-31T12:00:00Z'), noon)
  assert.equal(parseTimestamp('2026-01-31T12:00:00'), noon)
  assert.equal(parseTimestamp('2026-01-31T14:00:00+02:00'), noon)
  assert.equal(parseTimestamp('2026-01-31T08:30:00-0330'), noon)
  assert.equal(parseTimestamp('2026-01-31T12:00:00.123456Z'), noon + 123)
  assert.equal(parseTimestamp('2026-01-31'), Date.UTC(2026, 0, 31))
})

test('what is no time is none', () => {
  for (const bad of [
    '',
    'now',
    '2026',
    '2026-13-01',
    '2026-02-29',
    '2026-01-31T24:00:00Z',
    '2026-01-31T12:60:00Z',
    '20260131',
  ]) {
    assert.equal(parseTimestamp(bad), undefined, bad)
  }
  assert.equal(parseTimestamp('0000-01-01T00:00:00+10:00'), undefined)
})
