import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { AssertionError } from '../base/assert.ts'
import { CoderMemory } from './coder-memory.ts'

const page = 4096

test('places never overlap, start on pages, and all of the memory comes back', () => {
  const steps = fc.array(fc.oneof(fc.integer({ min: 1, max: 6 * page }), fc.constant(0)), { maxLength: 200 })
  fc.assert(
    fc.property(steps, fc.infiniteStream(fc.nat(1000)), (sizes, picks) => {
      const memory = new CoderMemory(page, 32 * page)
      const held: { offset: number; bytes: number }[] = []
      const give = (index: number): void => {
        for (const { offset, bytes } of held.splice(index, 1)) memory.give(offset, bytes)
      }
      for (const bytes of sizes) {
        if (bytes === 0) {
          if (held.length > 0) give((picks.next().value ?? 0) % held.length)
          continue
        }
        const offset = memory.take(bytes)
        if (offset === undefined) continue
        assert.equal(offset % page, 0)
        assert.ok(offset >= page && offset + bytes <= 33 * page)
        for (const other of held) assert.ok(offset + bytes <= other.offset || offset >= other.offset + other.bytes)
        held.push({ offset, bytes })
      }
      while (held.length > 0) give(0)
      assert.equal(memory.usedBytes, 0)
      assert.equal(memory.take(32 * page), page)
    }),
  )
})

test('what does not fit is refused, and fits once there is room', () => {
  const memory = new CoderMemory(0, 4 * page)
  const first = memory.take(3 * page)
  assert.equal(memory.take(page + 1), undefined)
  assert.equal(memory.take(1), 3 * page)
  memory.give(first ?? 0, 3 * page)
  assert.equal(memory.take(page + 1), 0)
  assert.equal(memory.usedBytes, 3 * page)
})

test('memory that is given back twice, or of no length, is a defect of the caller', () => {
  const memory = new CoderMemory(0, 4 * page)
  const offset = memory.take(page) ?? 0
  memory.give(offset, page)
  assert.throws(() => memory.give(offset, page), AssertionError)
  assert.throws(() => memory.take(0), AssertionError)
  assert.throws(() => memory.take(1.5), AssertionError)
})
