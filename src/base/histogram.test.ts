import assert from 'node:assert/strict'
import { test } from 'node:test'

import { Histogram } from './histogram.ts'

test('a value counts in the first bucket whose bound it does not exceed', () => {
  const histogram = new Histogram([1, 2.5, 10])
  for (const value of [0, 1, 1.01, 2.5, 10, 10.5, 1000]) histogram.observe(value)
  assert.deepEqual(histogram.counts, [2, 2, 1, 2])
  assert.equal(histogram.count, 7)
  assert.equal(histogram.sum, 0 + 1 + 1.01 + 2.5 + 10 + 10.5 + 1000)
})

test('bounds that do not ascend are a defect', () => {
  assert.throws(() => new Histogram([1, 1]), /bounds ascend/)
})
