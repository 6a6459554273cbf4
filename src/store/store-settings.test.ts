import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { KIB, MIB } from '../base/units.ts'
import { settingsOf } from './store-settings.ts'

describe('store settings', () => {
  test('a segment always fits the room that the reserve leaves to compaction', () => {
    assert.equal(settingsOf({}).segmentBytesMax, 256 * MIB)
    assert.equal(settingsOf({ reserveBytes: 32 * MIB }).segmentBytesMax, 16 * MIB)
    assert.equal(settingsOf({ reserveBytes: 256 * MIB }).segmentBytesMax, 128 * MIB)
    assert.equal(settingsOf({ reserveBytes: 4096 * MIB }).segmentBytesMax, 256 * MIB)
  })

  test('a segment is never too small to hold a few records, nor larger than it was asked to be', () => {
    assert.equal(settingsOf({ reserveBytes: 0 }).segmentBytesMax, 4 * MIB)
    assert.equal(settingsOf({ reserveBytes: 0, segmentBytesMax: 64 * KIB }).segmentBytesMax, 64 * KIB)
  })

  test('an option outside its range is refused', () => {
    assert.throws(() => settingsOf({ segmentBytesMax: 1 }), /segmentBytesMax is 1/)
  })
})
