// What the codec's tests share: shapes of blocks to try, and the code written a second time, slowly and plainly.

import fc from 'fast-check'

import { defined } from '../../base/assert.ts'
import { firstDataIdAt, parseDataId, parseGroupId } from '../../base/ids.ts'
import type { DataId, GroupId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import { multiply, parityCoefficient } from '../galois.ts'
import { BlockGeometry, fullBlockBytes } from '../geometry.ts'

export const group: GroupId = defined(parseGroupId(7), 'group')
export const dataId: DataId = defined(parseDataId('019345f2a1b00102030405060708090a'), 'data id')
export const otherDataId: DataId = firstDataIdAt(1)

export const schemes: fc.Arbitrary<Scheme> = fc
  .integer({ min: 1, max: 15 })
  .chain((dataColumns) =>
    fc.integer({ min: 1, max: 16 - dataColumns }).map((parityColumns) => ({ dataColumns, parityColumns })),
  )

/** Mostly small and odd sizes, with the default one and some above a piece among them. */
const chunkSizes: fc.Arbitrary<number> = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 64, max: 200 }) },
  { weight: 1, arbitrary: fc.constantFrom(1024, 10_239, 10_240, 10_241, 25_000) },
)

/** Blocks of any scheme and length, lengths around the borders of chunks, stripes and the block more often. */
export const geometries: fc.Arbitrary<BlockGeometry> = fc
  .tuple(schemes, chunkSizes)
  .chain(([scheme, chunkSizeBytes]) => {
    const full = Math.min(fullBlockBytes(scheme, chunkSizeBytes), 300_000)
    const stripe = scheme.dataColumns * chunkSizeBytes
    const near = (unit: number): fc.Arbitrary<number> =>
      fc
        .tuple(fc.integer({ min: 0, max: Math.floor(full / unit) }), fc.constantFrom(-1, 0, 1))
        .map(([count, shift]) => Math.max(0, Math.min(full, count * unit + shift)))
    const lengths = fc.oneof(fc.integer({ min: 0, max: full }), near(chunkSizeBytes), near(stripe))
    return lengths.map((bytes) => new BlockGeometry(scheme, chunkSizeBytes, bytes))
  })

/** Columns of a block, cut from its data chunk by chunk; parity from the matrix, byte by byte. */
export function plainColumns(geometry: BlockGeometry, data: Uint8Array): readonly (Uint8Array | undefined)[] {
  const { chunkSizeBytes, stripeCount, columnCount } = geometry
  const { dataColumns: k } = geometry.scheme
  const chunks: Uint8Array[] = []
  for (let at = 0; at < data.length; at += chunkSizeBytes) chunks.push(data.subarray(at, at + chunkSizeBytes))
  const columns: Uint8Array[][] = Array.from({ length: columnCount }, () => [])
  for (let stripe = 0; stripe < stripeCount; stripe++) {
    const pieces = chunks.slice(stripe * k, stripe * k + k)
    for (const [column, chunk] of pieces.entries()) columns[column]?.push(chunk)
    for (let column = k; column < columnCount; column++) columns[column]?.push(plainParity(column - k, pieces))
  }
  return columns.map((pieces, column) =>
    geometry.hasColumn(column) ? new Uint8Array(Buffer.concat(pieces)) : undefined,
  )
}

function plainParity(row: number, pieces: readonly Uint8Array[]): Uint8Array {
  const parity = new Uint8Array(Math.max(...pieces.map((piece) => piece.length)))
  for (const [column, piece] of pieces.entries()) {
    const factor = parityCoefficient(row, column)
    for (const [at, byte] of piece.entries()) parity[at] = (parity[at] ?? 0) ^ multiply(factor, byte)
  }
  return parity
}
