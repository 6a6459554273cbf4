import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { AssertionError } from '../base/assert.ts'
import { defaultChunkSizeBytes, defaultScheme } from '../base/scheme.ts'
import {
  BlockGeometry,
  blockCount,
  blockDataBytes,
  columnOnSlot,
  fullBlockBytes,
  pieceSizeBytes,
  slotOf,
  stripesInFullBlock,
} from './geometry.ts'
import { dataId, geometries, otherDataId, plainColumns, schemes } from './testing/blocks.ts'

const standard = (dataBytes: number): BlockGeometry =>
  new BlockGeometry(defaultScheme, defaultChunkSizeBytes, dataBytes)

describe('a block', () => {
  test('has the shape that cutting it chunk by chunk gives', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const columns = plainColumns(geometry, new Uint8Array(geometry.dataBytes))
        let checks = 0
        for (const [column, bytes] of columns.entries()) {
          assert.equal(geometry.hasColumn(column), bytes !== undefined)
          assert.equal(geometry.columnLength(column), bytes?.length ?? 0)
          assert.equal(geometry.checkStart(column), checks)
          assert.equal(geometry.chunkCount(column), Math.ceil((bytes?.length ?? 0) / geometry.chunkSizeBytes))
          let length = 0
          for (let stripe = 0; stripe < geometry.stripeCount; stripe++) {
            assert.equal(geometry.columnOffset(column, stripe), Math.min(length, bytes?.length ?? 0))
            assert.equal(geometry.checkIndex(column, stripe), checks)
            length += geometry.chunkLength(stripe, column)
            checks += Math.ceil(geometry.chunkLength(stripe, column) / pieceSizeBytes)
          }
          assert.equal(length, bytes?.length ?? 0)
          assert.equal(geometry.checkIndex(column, geometry.stripeCount), checks)
        }
        assert.equal(geometry.checkCount, checks)
        assert.deepEqual(
          geometry.columns(),
          [...columns.keys()].filter((column) => columns[column] !== undefined),
        )
      }),
    )
  })

  test('has d + m pieces in a stripe of d chunks', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        for (let stripe = 0; stripe < geometry.stripeCount; stripe++) {
          let pieces = 0
          for (let column = 0; column < geometry.columnCount; column++) {
            if (geometry.chunkLength(stripe, column) > 0) pieces++
          }
          assert.equal(pieces, geometry.stripeWidth(stripe) + geometry.scheme.parityColumns)
        }
      }),
    )
  })

  test('of the default scheme is 100 stripes of 3 + 2 chunks of 10 KiB', () => {
    assert.equal(fullBlockBytes(defaultScheme, defaultChunkSizeBytes), 3_072_000)
    const geometry = standard(3_072_000)
    assert.equal(geometry.stripeCount, 100)
    assert.equal(geometry.checkCount, 500)
    for (let column = 0; column < 5; column++) assert.equal(geometry.columnLength(column), 1_024_000)
  })

  test('of one chunk has that chunk and parities of its length', () => {
    const geometry = standard(100)
    assert.deepEqual(geometry.columns(), [0, 3, 4])
    assert.deepEqual(
      [0, 1, 2, 3, 4].map((column) => geometry.columnLength(column)),
      [100, 0, 0, 100, 100],
    )
    assert.equal(geometry.stripeWidth(0), 1)
  })

  test('without data has records in column 0 and the parities, and no chunk', () => {
    const geometry = standard(0)
    assert.deepEqual(geometry.columns(), [0, 3, 4])
    assert.equal(geometry.stripeCount, 0)
    assert.equal(geometry.checkCount, 0)
    assert.equal(geometry.columnLength(0), 0)
  })

  test('has fewer stripes where chunks are large, so that a fragment stays within 1,000 KiB', () => {
    assert.equal(stripesInFullBlock(64), 100)
    assert.equal(stripesInFullBlock(10_240), 100)
    assert.equal(stripesInFullBlock(10_241), 99)
    assert.equal(stripesInFullBlock(65_536), 15)
    assert.equal(stripesInFullBlock(1_048_576), 1)
  })

  test('that no scheme, chunk size or length allows is a defect of the caller', () => {
    assert.throws(() => new BlockGeometry({ dataColumns: 15, parityColumns: 2 }, 1024, 1), AssertionError)
    assert.throws(() => new BlockGeometry(defaultScheme, 63, 1), AssertionError)
    assert.throws(() => new BlockGeometry(defaultScheme, 1_048_577, 1), AssertionError)
    assert.throws(() => standard(-1), AssertionError)
    assert.throws(() => standard(3_072_001), AssertionError)
  })
})

test('the stripes of a range are those that hold its chunks, in every column', () => {
  const ranges = geometries.chain((geometry) =>
    fc
      .tuple(fc.nat(geometry.dataBytes), fc.nat(geometry.dataBytes))
      .map(([left, right]) => ({ geometry, from: Math.min(left, right), end: Math.max(left, right) })),
  )
  fc.assert(
    fc.property(ranges, ({ geometry, from, end }) => {
      const k = geometry.scheme.dataColumns
      for (let column = 0; column < k; column++) {
        const wanted: number[] = []
        for (let stripe = 0; stripe < geometry.stripeCount; stripe++) {
          const start = (stripe * k + column) * geometry.chunkSizeBytes
          const chunkEnd = start + geometry.chunkLength(stripe, column)
          if (from < end && start < end && chunkEnd > from) wanted.push(stripe)
        }
        const { firstStripe, endStripe } = geometry.stripesOfRange(column, from, end)
        const named = Array.from({ length: endStripe - firstStripe }, (_, index) => firstStripe + index)
        assert.deepEqual(named, wanted)
      }
    }),
  )
})

describe('an extent', () => {
  test('is cut into blocks that are full but for the last one', () => {
    const full = 3_072_000
    const blocks = (bytes: number): readonly number[] =>
      Array.from({ length: blockCount(defaultScheme, defaultChunkSizeBytes, bytes) }, (_, block) =>
        blockDataBytes(defaultScheme, defaultChunkSizeBytes, bytes, block),
      )
    assert.deepEqual(blocks(0), [0])
    assert.deepEqual(blocks(1), [1])
    assert.deepEqual(blocks(full), [full])
    assert.deepEqual(blocks(full + 1), [full, 1])
    assert.deepEqual(blocks(2 * full), [full, full])
    assert.throws(() => blockDataBytes(defaultScheme, defaultChunkSizeBytes, full, 1), AssertionError)
  })

  test('turns around the group: each block puts its columns on different slots, each next block one further', () => {
    fc.assert(
      fc.property(schemes, fc.nat(1_000_000), fc.constantFrom(dataId, otherDataId), (scheme, block, id) => {
        const slots = scheme.dataColumns + scheme.parityColumns
        const used = new Set<number>()
        for (let column = 0; column < slots; column++) {
          const slot = slotOf(scheme, id, block, column)
          used.add(slot)
          assert.equal(columnOnSlot(scheme, id, block, slot), column)
          assert.equal(slotOf(scheme, id, block + 1, column), (slot + 1) % slots)
        }
        assert.equal(used.size, slots)
        assert.ok(Math.max(...used) < slots)
      }),
    )
  })

  test('starts on the slot that the last byte of its data id says', () => {
    // 0x0a is 10.
    assert.equal(slotOf(defaultScheme, dataId, 0, 0), 0)
    assert.equal(slotOf({ dataColumns: 4, parityColumns: 3 }, dataId, 0, 0), 3)
  })
})
