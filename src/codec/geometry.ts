// Where the bytes of an extent lie: chunks, stripes, columns, blocks, slots. Pure arithmetic, shared by the master (scatter,
// gather, ranges), the worker (checks of a record) and repair.
//
// Chunk i of an extent is chunk i of its blocks in order; within a block, chunk i lies in stripe `i div k`, column
// `i mod k`. Only the last stripe of a block can be short: it then has d < k chunks or a short last chunk (or both). Parity
// exists for every stripe, in all m parity columns, and is as long as the stripe's longest chunk. A block without data (an
// empty file) has no stripes, yet column 0 and the m parity columns each have a record, because their manifests must
// survive like any other data (docs/design/record-format.md).

import { assert } from '../base/assert.ts'
import type { DataId } from '../base/ids.ts'
import {
  assertScheme,
  chunkSizeBytesMax,
  chunkSizeBytesMin,
  columnCount,
  stripesPerBlock,
  type Scheme,
} from '../base/scheme.ts'

/** CRC-32 has Hamming distance 4 up to 11,454 bytes, so a longer chunk has one check per started piece of this length. */
export const pieceSizeBytes = 10_240
/** A fragment's payload ends here (100 chunks of 10 KiB), unless a single chunk is larger. */
const fragmentSizeBytesMax = 1_024_000

/** Stripes `firstStripe` to `endStripe - 1` of one column. */
export interface StripeRange {
  readonly firstStripe: number
  readonly endStripe: number
}

/** Stripes in a full block: 100, fewer where 100 chunks would pass the largest fragment (1,000 KiB). */
export function stripesInFullBlock(chunkSizeBytes: number): number {
  return Math.max(1, Math.min(stripesPerBlock, Math.floor(fragmentSizeBytesMax / chunkSizeBytes)))
}

/** Data bytes in a full block: 3,072,000 at 3+2 and 10 KiB. */
export function fullBlockBytes(scheme: Scheme, chunkSizeBytes: number): number {
  return scheme.dataColumns * chunkSizeBytes * stripesInFullBlock(chunkSizeBytes)
}

/** Blocks of an extent of `extentBytes`; an empty one has one block, which carries the manifest. */
export function blockCount(scheme: Scheme, chunkSizeBytes: number, extentBytes: number): number {
  return Math.max(1, Math.ceil(extentBytes / fullBlockBytes(scheme, chunkSizeBytes)))
}

/** Data bytes in block `block` of an extent of `extentBytes`. */
export function blockDataBytes(scheme: Scheme, chunkSizeBytes: number, extentBytes: number, block: number): number {
  const full = fullBlockBytes(scheme, chunkSizeBytes)
  const bytes = Math.min(full, extentBytes - block * full)
  assert(bytes > 0 || (block === 0 && extentBytes === 0), `block ${block} of an extent of ${extentBytes} bytes`)
  return bytes
}

/** The part of a data id that turns its blocks around the group. */
function turnOf(dataId: DataId, slots: number): number {
  return Number.parseInt(dataId.slice(30), 16) % slots
}

/** The slot of the placement group on which a column of a block lies. */
export function slotOf(scheme: Scheme, dataId: DataId, block: number, column: number): number {
  const slots = columnCount(scheme)
  return (column + block + turnOf(dataId, slots)) % slots
}

/** The inverse of `slotOf`: the column of a block that lies on `slot`. */
export function columnOnSlot(scheme: Scheme, dataId: DataId, block: number, slot: number): number {
  const slots = columnCount(scheme)
  const shift = (block + turnOf(dataId, slots)) % slots
  return (slot + slots - shift) % slots
}

/** The shape of one block. Immutable; everything is computed in constant time. */
export class BlockGeometry {
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  /** Data bytes in the block, all columns together. */
  readonly dataBytes: number
  /** 0 for a block without data. */
  readonly stripeCount: number
  readonly dataChunkCount: number
  /** Stripes of k chunks that are all of full length. At most the last stripe of the block is not among them. */
  readonly wholeStripeCount: number
  /** k + m. */
  readonly columnCount: number
  /** Data columns that exist: k, or fewer where the block's only stripe is short. 1 for a block without data. */
  readonly dataColumnCount: number
  /** Checks in the CRC table of the block, all columns. */
  readonly checkCount: number
  /** Checks of a chunk of full length. */
  readonly piecesPerChunk: number

  constructor(scheme: Scheme, chunkSizeBytes: number, dataBytes: number) {
    assertScheme(scheme)
    assert(
      Number.isInteger(chunkSizeBytes) && chunkSizeBytes >= chunkSizeBytesMin && chunkSizeBytes <= chunkSizeBytesMax,
      'a chunk size',
      chunkSizeBytes,
    )
    const full = fullBlockBytes(scheme, chunkSizeBytes)
    assert(Number.isInteger(dataBytes) && dataBytes >= 0 && dataBytes <= full, 'bytes of a block', dataBytes)
    const k = scheme.dataColumns
    this.scheme = scheme
    this.chunkSizeBytes = chunkSizeBytes
    this.dataBytes = dataBytes
    this.dataChunkCount = Math.ceil(dataBytes / chunkSizeBytes)
    this.stripeCount = Math.ceil(this.dataChunkCount / k)
    this.wholeStripeCount = Math.floor(dataBytes / (k * chunkSizeBytes))
    this.columnCount = columnCount(scheme)
    this.dataColumnCount = Math.max(1, Math.min(k, this.dataChunkCount))
    this.piecesPerChunk = Math.ceil(chunkSizeBytes / pieceSizeBytes)
    this.checkCount = this.checkStart(this.columnCount)
  }

  /** Chunks of data in a stripe: d. Any d of its d + m pieces decode it. */
  stripeWidth(stripe: number): number {
    assert(stripe >= 0 && stripe < this.stripeCount, 'a stripe of the block', stripe)
    return Math.min(this.scheme.dataColumns, this.dataChunkCount - stripe * this.scheme.dataColumns)
  }

  /** Bytes of the piece of `stripe` in `column`; 0 where there is none. */
  chunkLength(stripe: number, column: number): number {
    if (stripe < 0 || stripe >= this.stripeCount) return 0
    // A stripe's first chunk is its longest, and parity is as long as that.
    const k = this.scheme.dataColumns
    const chunk = stripe * k + (column < k ? column : 0)
    return Math.max(0, Math.min(this.chunkSizeBytes, this.dataBytes - chunk * this.chunkSizeBytes))
  }

  /** Chunks in a column; all of them full, the last one perhaps not. */
  chunkCount(column: number): number {
    const k = this.scheme.dataColumns
    if (column >= k) return this.stripeCount
    return Math.max(0, Math.ceil((this.dataChunkCount - column) / k))
  }

  /** Payload bytes of a column. */
  columnLength(column: number): number {
    const chunks = this.chunkCount(column)
    if (chunks === 0) return 0
    return (chunks - 1) * this.chunkSizeBytes + this.chunkLength(chunks - 1, column)
  }

  /** Payload bytes of a column from its first to before its `stripe`-th chunk. */
  columnOffset(column: number, stripe: number): number {
    return Math.min(stripe * this.chunkSizeBytes, this.columnLength(column))
  }

  /** Whether the column has a record. */
  hasColumn(column: number): boolean {
    return column < this.dataColumnCount || (column >= this.scheme.dataColumns && column < this.columnCount)
  }

  /** Columns that have a record, in order. */
  columns(): readonly number[] {
    const columns: number[] = []
    for (let column = 0; column < this.columnCount; column++) {
      if (this.hasColumn(column)) columns.push(column)
    }
    return columns
  }

  /** Index in the CRC table of a column's first check; of `columnCount`: the table's length. */
  checkStart(column: number): number {
    const k = this.scheme.dataColumns
    const pieces = this.piecesPerChunk
    // Every chunk has `pieces` checks, but for the block's last chunk and, in a stripe of one chunk, its parity.
    const last = this.dataBytes === 0 ? 0 : this.dataBytes - (this.dataChunkCount - 1) * this.chunkSizeBytes
    const lacking = this.dataBytes === 0 ? 0 : pieces - Math.ceil(last / pieceSizeBytes)
    if (column <= k) {
      const fullStripes = Math.floor(this.dataChunkCount / k)
      const chunks = column * fullStripes + Math.min(column, this.dataChunkCount % k)
      const lastColumn = (this.dataChunkCount - 1) % k
      return chunks * pieces - (column > lastColumn ? lacking : 0)
    }
    const perParity = this.stripeCount * pieces - (this.dataChunkCount % k === 1 || k === 1 ? lacking : 0)
    return this.checkStart(k) + (column - k) * perParity
  }

  /** Index in the CRC table of the first check of a column's `stripe`-th chunk, or after its last one. */
  checkIndex(column: number, stripe: number): number {
    const index = this.checkStart(column) + stripe * this.piecesPerChunk
    return Math.min(index, this.checkStart(column + 1))
  }

  /** The parts of each column that hold the data bytes from `from` to before `end` of the block: one per data column. */
  stripesOfRange(column: number, from: number, end: number): StripeRange {
    assert(from >= 0 && from <= end && end <= this.dataBytes, 'a range of the block', end)
    const k = this.scheme.dataColumns
    if (from === end) return { firstStripe: 0, endStripe: 0 }
    const firstChunk = Math.floor(from / this.chunkSizeBytes)
    const lastChunk = Math.floor((end - 1) / this.chunkSizeBytes)
    const firstStripe = Math.max(0, Math.ceil((firstChunk - column) / k))
    const endStripe = Math.max(0, Math.floor((lastChunk - column) / k) + 1)
    return endStripe > firstStripe ? { firstStripe, endStripe } : { firstStripe: 0, endStripe: 0 }
  }
}
