import assert from 'node:assert/strict'
import { test } from 'node:test'
import { getHeapStatistics } from 'node:v8'

import { collectStartGarbage } from './start-garbage.ts'

test('a collection of what the start left frees it', () => {
  const before = getHeapStatistics().used_heap_size
  let garbage: unknown[] | undefined = Array.from({ length: 100_000 }, (_, index) => ({ index }))
  assert.equal(garbage.length, 100_000)
  assert.ok(getHeapStatistics().used_heap_size > before)
  garbage = undefined
  collectStartGarbage()
  assert.ok(getHeapStatistics().used_heap_size < before)
  assert.ok(!('gc' in globalThis))
})
