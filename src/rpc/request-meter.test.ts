import assert from 'node:assert/strict'
import { test } from 'node:test'

import { RequestMeter } from './request-meter.ts'

test('requests are counted by method, with their times in seconds and their failures', () => {
  const meter = new RequestMeter()
  meter.answered(1, 3, false)
  meter.answered(1, 5000, true)
  meter.answered(2, 1, false)
  const counts = Array.from(meter.methods(), ({ method, times, failed }) => [method, times.count, times.sum, failed])
  assert.deepEqual(counts, [
    [1, 2, 5.003, 1],
    [2, 1, 0.001, 0],
  ])
})
