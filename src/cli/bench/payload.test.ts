import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { Payload } from './payload.ts'

describe('Payload', () => {
  test('is the same in every process', () => {
    assert.deepEqual(new Payload().slice(7, 100, 64), new Payload().slice(7, 100, 64))
  })

  test('recognises its own bytes at any offset, across its period too', () => {
    const payload = new Payload()
    const offset = 8 * 1024 * 1024 - 1000
    const bytes = Buffer.concat([payload.slice(3, offset, 700_000), payload.slice(3, offset + 700_000, 700_000)])
    assert.ok(payload.matches(3, offset, bytes))
  })

  test('notices one changed byte', () => {
    const payload = new Payload()
    const bytes = Buffer.from(payload.slice(3, 0, 10_240))
    bytes[9000] = (bytes[9000] ?? 0) ^ 1
    assert.ok(!payload.matches(3, 0, bytes))
  })

  test('notices the bytes of another file', () => {
    const payload = new Payload()
    assert.ok(!payload.matches(4, 0, payload.slice(3, 0, 1024)))
  })
})
