import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import fc from 'fast-check'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { SeededRandom } from '../base/random.ts'
import { maskedTable, plainChecks, plainOf } from './check-table.ts'
import { firstDamagedStripe } from './checks.ts'
import type { CheckedPart } from './checks.ts'
import { PositionMasks } from './crc32.ts'
import { BlockGeometry, pieceSizeBytes } from './geometry.ts'
import { dataId, geometries, otherDataId, plainColumns } from './testing/blocks.ts'

const compute = new SimulatedCompute()
const random = new SeededRandom(41)

interface Sample {
  readonly geometry: BlockGeometry
  readonly columns: readonly (Uint8Array | undefined)[]
  readonly table: Uint8Array
}

function sampleOf(geometry: BlockGeometry): Sample {
  const columns = plainColumns(geometry, random.bytes(geometry.dataBytes))
  const table = maskedTable(geometry, { dataId, block: 5 }, plainChecks(compute, geometry, columns))
  return { geometry, columns, table }
}

function partOf(
  { geometry, columns, table }: Sample,
  column: number,
  firstStripe: number,
  endStripe: number,
): CheckedPart {
  const start = geometry.columnOffset(column, firstStripe)
  const bytes = columns[column]?.subarray(start, geometry.columnOffset(column, endStripe)) ?? new Uint8Array(0)
  const firstCheck = geometry.checkIndex(column, firstStripe)
  const checks = table.subarray(4 * firstCheck, 4 * geometry.checkIndex(column, endStripe))
  return { geometry, dataId, block: 5, column, stripes: { firstStripe, endStripe }, bytes, checks }
}

const samples = geometries
  .filter((geometry) => geometry.stripeCount > 0)
  .chain((geometry) =>
    fc.record({
      geometry: fc.constant(geometry),
      column: fc.constantFrom(...geometry.columns()),
      first: fc.nat(geometry.stripeCount),
      end: fc.nat(geometry.stripeCount),
      at: fc.nat(2 ** 30),
    }),
  )

describe('the table', () => {
  test('holds the CRC-32 of every piece, also of the first parity, which is not read for it', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const columns = plainColumns(geometry, random.bytes(geometry.dataBytes))
        const expected: number[] = []
        for (const bytes of columns) {
          for (let start = 0; start < (bytes?.length ?? 0); start += geometry.chunkSizeBytes) {
            const chunk = bytes?.subarray(start, start + geometry.chunkSizeBytes) ?? new Uint8Array(0)
            for (let at = 0; at < chunk.length; at += pieceSizeBytes) {
              expected.push(crc32(chunk.subarray(at, at + pieceSizeBytes)))
            }
          }
        }
        assert.deepEqual([...plainChecks(compute, geometry, columns)], expected)
      }),
      { numRuns: 150 },
    )
  })

  test('gives the plain checks back', () => {
    const geometry = new BlockGeometry({ dataColumns: 2, parityColumns: 2 }, 25_000, 190_000)
    const columns = plainColumns(geometry, random.bytes(geometry.dataBytes))
    const plain = plainChecks(compute, geometry, columns)
    const table = maskedTable(geometry, { dataId, block: 5 }, plain)
    const masks = new PositionMasks(dataId, 5)
    const [first, end] = [geometry.checkIndex(3, 1), geometry.checkIndex(3, 4)]
    const place = { geometry, column: 3, firstStripe: 1 }
    assert.deepEqual(plainOf(masks, place, table.subarray(4 * first, 4 * end)), plain.slice(first, end))
  })
})

describe('a part', () => {
  test('that is intact and in its place passes', () => {
    fc.assert(
      fc.property(samples, ({ geometry, column, first, end }) => {
        const part = partOf(sampleOf(geometry), column, Math.min(first, end), Math.max(first, end))
        assert.equal(firstDamagedStripe(compute, part), undefined)
      }),
      { numRuns: 100 },
    )
  })

  test('with one changed byte fails, and its stripe is named', () => {
    fc.assert(
      fc.property(samples, ({ geometry, column, at }) => {
        const sample = sampleOf(geometry)
        const bytes = sample.columns[column] ?? new Uint8Array(0)
        const place = at % bytes.length
        bytes[place] = (bytes[place] ?? 0) ^ 0x10
        const part = partOf(sample, column, 0, geometry.stripeCount)
        assert.equal(firstDamagedStripe(compute, part), Math.floor(place / geometry.chunkSizeBytes))
      }),
      { numRuns: 100 },
    )
  })

  test('in which two chunks of a long run changed places fails, at the first of them', () => {
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 64 * 300)
    const sample = sampleOf(geometry)
    const bytes = sample.columns[1] ?? new Uint8Array(0)
    const moved = bytes.slice(64 * 20, 64 * 21)
    bytes.copyWithin(64 * 20, 64 * 70, 64 * 71)
    bytes.set(moved, 64 * 70)
    assert.equal(firstDamagedStripe(compute, partOf(sample, 1, 0, geometry.stripeCount)), 20)
  })

  test('with a damaged check fails where it belongs', () => {
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 64 * 300)
    const part = partOf(sampleOf(geometry), 2, 0, geometry.stripeCount)
    part.checks[4 * 33] = (part.checks[4 * 33] ?? 0) ^ 1
    assert.equal(firstDamagedStripe(compute, part), 33)
  })

  test('of many chunks that is intact takes one look at its bytes', () => {
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 64 * 300)
    let calls = 0
    const counted = Object.assign(Object.create(compute) as SimulatedCompute, {
      crc32: (bytes: Uint8Array, previous?: number) => {
        calls++
        return compute.crc32(bytes, previous)
      },
    })
    assert.equal(firstDamagedStripe(counted, partOf(sampleOf(geometry), 0, 10, 60)), undefined)
    assert.equal(calls, 1)
  })

  test('that is intact but belongs elsewhere fails', () => {
    // Equal chunks everywhere: only their positions tell them apart.
    const geometry = new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 64 * 9)
    const columns = plainColumns(geometry, new Uint8Array(geometry.dataBytes).fill(7))
    const table = maskedTable(geometry, { dataId, block: 5 }, plainChecks(compute, geometry, columns))
    const sample = { geometry, columns, table }
    const part = partOf(sample, 1, 0, 3)
    assert.equal(firstDamagedStripe(compute, part), undefined)
    assert.equal(firstDamagedStripe(compute, { ...part, column: 2 }), 0)
    assert.equal(firstDamagedStripe(compute, { ...part, block: 4 }), 0)
    assert.equal(firstDamagedStripe(compute, { ...part, dataId: otherDataId }), 0)
    const shifted = { ...partOf(sample, 1, 0, 2), stripes: { firstStripe: 1, endStripe: 3 } }
    assert.equal(firstDamagedStripe(compute, shifted), 1)
  })

  test('of a wrong length, or with too few or too many checks, fails', () => {
    const part = partOf(sampleOf(new BlockGeometry({ dataColumns: 3, parityColumns: 2 }, 64, 64 * 9)), 0, 0, 3)
    assert.equal(firstDamagedStripe(compute, { ...part, bytes: part.bytes.subarray(1) }), 0)
    assert.equal(firstDamagedStripe(compute, { ...part, checks: part.checks.subarray(4) }), 0)
    assert.equal(firstDamagedStripe(compute, { ...part, checks: new Uint8Array(16) }), 0)
  })
})
