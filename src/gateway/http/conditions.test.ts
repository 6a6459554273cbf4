import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../base/errors.ts'
import { evaluateConditions, hasConditions, rangeApplies } from './conditions.ts'
import type { ConditionHeaders } from './conditions.ts'
import { formatHttpDate } from './http-date.ts'

const modifiedMs = Date.UTC(2026, 0, 1, 12, 0, 0, 500)
const nowMs = modifiedMs + 60_000
const current = { etag: 'v1', modifiedMs }
const same = formatHttpDate(modifiedMs)
const earlier = formatHttpDate(modifiedMs - 1000)
const later = formatHttpDate(modifiedMs + 1000)

function read(headers: ConditionHeaders): string {
  return evaluateConditions(headers, current, { kind: 'read', nowMs })
}

function write(headers: ConditionHeaders, file: typeof current | undefined = current): string {
  return evaluateConditions(headers, file, { kind: 'write', nowMs })
}

function writeNew(headers: ConditionHeaders): string {
  return evaluateConditions(headers, undefined, { kind: 'write', nowMs })
}

describe('a read', () => {
  test('is not modified where If-None-Match holds the ETag, weak or not, or *', () => {
    assert.equal(read({ 'if-none-match': '"v0", W/"v1"' }), 'not-modified')
    assert.equal(read({ 'if-none-match': '*' }), 'not-modified')
    assert.equal(read({ 'if-none-match': '"v0"' }), 'proceed')
  })

  test('is not modified where the file is not newer than If-Modified-Since', () => {
    assert.equal(read({ 'if-modified-since': same }), 'not-modified')
    assert.equal(read({ 'if-modified-since': later }), 'not-modified')
    assert.equal(read({ 'if-modified-since': earlier }), 'proceed')
    assert.equal(read({ 'if-modified-since': 'rubbish' }), 'proceed')
  })

  test('looks at If-None-Match before If-Modified-Since', () => {
    assert.equal(read({ 'if-none-match': '"v0"', 'if-modified-since': later }), 'proceed')
  })

  test('fails where If-Match or If-Unmodified-Since does not hold, in that order', () => {
    assert.equal(read({ 'if-match': '"v0"' }), 'failed')
    assert.equal(read({ 'if-match': 'W/"v1"' }), 'failed')
    assert.equal(read({ 'if-match': '"v1"', 'if-unmodified-since': earlier }), 'proceed')
    assert.equal(read({ 'if-unmodified-since': earlier }), 'failed')
    assert.equal(read({ 'if-unmodified-since': same }), 'proceed')
    assert.equal(read({ 'if-unmodified-since': 'rubbish' }), 'proceed')
  })
})

describe('a write', () => {
  test('fails where the file is there and If-None-Match says it must not be', () => {
    assert.equal(write({ 'if-none-match': '*' }), 'failed')
    assert.equal(write({ 'if-none-match': '"v1"' }), 'failed')
    assert.equal(write({ 'if-none-match': '"v0"' }), 'proceed')
    assert.equal(writeNew({ 'if-none-match': '*' }), 'proceed')
  })

  test('fails where the file is not there and If-Match says it must be', () => {
    assert.equal(writeNew({ 'if-match': '*' }), 'failed')
    assert.equal(writeNew({ 'if-match': '"v1"' }), 'failed')
    assert.equal(write({ 'if-match': '*' }), 'proceed')
  })

  test('knows no If-Modified-Since', () => {
    assert.equal(write({ 'if-modified-since': later }), 'proceed')
  })
})

test('a malformed list of tags is refused, not ignored', () => {
  assert.throws(
    () => write({ 'if-match': '"v1' }),
    (error) => errorCode(error) === 'bad-request',
  )
})

test('hasConditions knows all four headers', () => {
  assert.equal(hasConditions({}), false)
  for (const name of ['if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since']) {
    assert.equal(hasConditions({ [name]: 'x' }), true)
  }
})

describe('If-Range', () => {
  test('lets the range count only for the same file', () => {
    assert.equal(rangeApplies(undefined, current, nowMs), true)
    assert.equal(rangeApplies('"v1"', current, nowMs), true)
    assert.equal(rangeApplies('W/"v1"', current, nowMs), false)
    assert.equal(rangeApplies('"v1", "v2"', current, nowMs), false)
    assert.equal(rangeApplies('*', current, nowMs), false)
    assert.equal(rangeApplies('"', current, nowMs), false)
  })

  test('takes a date only where it is exact and old enough to be strong', () => {
    assert.equal(rangeApplies(same, current, nowMs), true)
    assert.equal(rangeApplies(later, current, nowMs), false)
    assert.equal(rangeApplies(earlier, current, nowMs), false)
    assert.equal(rangeApplies(same, current, modifiedMs + 100), false)
  })
})
