import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { makeDataId } from '../base/ids.ts'
import { columnCount } from '../base/scheme.ts'
import { expectedBlocks, expectedFragments, expectedOnSlot } from './expected-fragments.ts'
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
        const blocks: unknown[] = []
        for (let block = 0; block < blockCount(data.scheme, data.chunkSizeBytes, data.lengthBytes); block++) {
          const bytes = blockDataBytes(data.scheme, data.chunkSizeBytes, data.lengthBytes, block)
          const geometry = new BlockGeometry(data.scheme, data.chunkSizeBytes, bytes)
          blocks.push({ block, geometry })
          for (const column of geometry.columns())
            expected.push({ block, column, slot: slotOf(data.scheme, data.dataId, block, column) })
        }
        assert.deepEqual([...expectedFragments(data)], expected)
        assert.deepEqual([...expectedBlocks(data)], blocks)
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
        }
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
    }
  })
})
