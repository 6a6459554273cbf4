import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { makeDataId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import {
  blockRisk,
  expectedCountOnSlot,
  expectedFragmentCount,
  expectedFragments,
  expectedOnSlot,
  isExpected,
  neededFragments,
} from './expected-fragments.ts'
import type { DataShape } from './expected-fragments.ts'
import { BlockGeometry, blockCount, blockDataBytes, fullBlockBytes, slotOf } from './geometry.ts'

const scheme = fc.record({ dataColumns: fc.integer({ min: 1, max: 8 }), parityColumns: fc.integer({ min: 1, max: 4 }) })
const shape: fc.Arbitrary<DataShape> = fc
  .record({
    scheme,
    chunkSizeBytes: fc.constantFrom(64, 100, 10_240, 1024 * 1024),
    random: fc.uint8Array({ minLength: 10, maxLength: 10 }),
    blocks: fc.double({ min: 0, max: 5, noNaN: true }),
    isWhole: fc.boolean(),
  })
  .map(({ random, blocks, isWhole, ...rest }) => {
    const full = fullBlockBytes(rest.scheme, rest.chunkSizeBytes)
    const lengthBytes = Math.floor((isWhole ? Math.floor(blocks) : blocks) * full)
    return { ...rest, lengthBytes, dataId: makeDataId(1, random) }
  })

describe('the fragments expected of a data row', () => {
  test('are the columns that each block has, on their slots', () => {
    fc.assert(
      fc.property(shape, (data) => {
        const expected: unknown[] = []
        for (let block = 0; block < blockCount(data.scheme, data.chunkSizeBytes, data.lengthBytes); block++) {
          const bytes = blockDataBytes(data.scheme, data.chunkSizeBytes, data.lengthBytes, block)
          const geometry = new BlockGeometry(data.scheme, data.chunkSizeBytes, bytes)
          assert.equal(neededFragments(data, block), geometry.dataColumnCount)
          for (const column of geometry.columns())
            expected.push({ block, column, slot: slotOf(data.scheme, data.dataId, block, column) })
        }
        assert.deepEqual([...expectedFragments(data)], expected)
        assert.equal(expectedFragmentCount(data), expected.length)
      }),
    )
  })

  test('fall into those of each slot', () => {
    fc.assert(
      fc.property(shape, (data) => {
        const all = [...expectedFragments(data)]
        for (let slot = 0; slot < columnCount(data.scheme); slot++) {
          const onSlot = [...expectedOnSlot(data, slot)]
          assert.deepEqual(
            onSlot,
            all.filter((fragment) => fragment.slot === slot),
          )
          assert.equal(expectedCountOnSlot(data, slot), onSlot.length)
        }
      }),
    )
  })

  test('are recognised, and nothing else is', () => {
    fc.assert(
      fc.property(shape, (data) => {
        const all = [...expectedFragments(data)]
        for (let block = -1; block <= 6; block++) {
          for (let column = -1; column <= columnCount(data.scheme); column++) {
            const isListed = all.some((fragment) => fragment.block === block && fragment.column === column)
            assert.equal(isExpected(data, { block, column }), isListed)
          }
        }
        assert.equal(isExpected(data, { block: 0.5, column: 0 }), false)
        assert.equal(isExpected(data, { block: 0, column: Number.NaN }), false)
      }),
    )
  })

  test('of a file of one chunk are its copies, of an empty one the records of its manifest', () => {
    const dataId = makeDataId(1, new Uint8Array(10))
    for (const lengthBytes of [0, 1, 10_240]) {
      const data = { dataId, scheme: { dataColumns: 3, parityColumns: 2 }, chunkSizeBytes: 10_240, lengthBytes }
      assert.deepEqual(
        [...expectedFragments(data)].map(({ column }) => column),
        [0, 3, 4],
      )
      assert.equal(neededFragments(data, 0), 1)
    }
  })
})

test('the risk of a block is that of a further loss', () => {
  const of = (left: number, needed = 3, expected = 5): string => blockRisk({ expected, left, needed })
  assert.deepEqual(
    [5, 4, 3, 2, 0].map((left) => of(left)),
    ['whole', 'degraded', 'at-risk', 'lost', 'lost'],
  )
  // One parity column: whole, and then at once at risk.
  assert.deepEqual(
    [2, 1, 0].map((left) => of(left, 1, 2)),
    ['whole', 'at-risk', 'lost'],
  )
  assert.throws(() => of(6))
})
