// What every Random must do. Run against the real one and the seeded one.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { AssertionError } from '../../src/base/assert.ts'
import type { Random } from '../../src/ports/random.ts'

export function randomConformance(name: string, create: () => Random): void {
  describe(`${name} as a Random`, () => {
    test('bytes are fresh, as many as asked for, and owned by the caller', () => {
      const random = create()
      for (const count of [0, 1, 10, 1024, 1025, 65_536]) {
        const bytes = random.bytes(count)
        assert.equal(bytes.length, count)
        assert.equal(bytes.buffer.byteLength, count)
      }
      const first = random.bytes(16)
      const kept = first.slice()
      assert.notDeepEqual(random.bytes(16), first)
      assert.deepEqual(first, kept)
    })

    test('every byte value comes up', () => {
      const seen = new Set(create().bytes(65_536))
      assert.equal(seen.size, 256)
    })

    test('numbers below a bound take every value and no other', () => {
      const random = create()
      for (const bound of [1, 2, 3, 10]) {
        const seen = new Set(Array.from({ length: 1000 }, () => random.below(bound)))
        assert.deepEqual(
          [...seen].toSorted((left, right) => left - right),
          Array.from({ length: bound }, (_, index) => index),
        )
      }
      assert.ok(random.below(2 ** 32) < 2 ** 32)
    })

    test('fractions lie from 0 up to 1 and spread evenly', () => {
      const random = create()
      const counts = new Uint32Array(10)
      for (let index = 0; index < 10_000; index++) {
        const value = random.float()
        assert.ok(value >= 0 && value < 1)
        const bucket = Math.floor(value * 10)
        counts[bucket] = (counts[bucket] ?? 0) + 1
      }
      // 1,000 expected, standard deviation 30: ten of them away would be a defect.
      for (const count of counts) assert.ok(Math.abs(count - 1000) < 300, String(counts))
    })

    test('a count or bound outside its range is a defect of the caller', () => {
      const random = create()
      for (const count of [-1, 1.5, 65_537]) assert.throws(() => random.bytes(count), AssertionError)
      for (const bound of [0, -1, 1.5, 2 ** 32 + 1]) assert.throws(() => random.below(bound), AssertionError)
    })
  })
}
