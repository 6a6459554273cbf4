// A block between bytes and records: where its columns lie in the coder's memory while it is gathered, and how it becomes
// one record per column, ready to be sent without copying the payload.

import { assert, defined } from '../base/assert.ts'
import type { DataId, GroupId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import type { Compute } from '../ports/compute.ts'
import { dataCrcOf, maskedTable, plainChecks, plainChecksOfOneChunk } from './check-table.ts'
import type { CoderBuffer, ErasureCoder } from './erasure-coder.ts'
import { BlockGeometry, type StripeRange } from './geometry.ts'
import { encodeHeaders, recordLengths } from './record.ts'

/**
 * Where the columns of a block of at most `capacityBytes` lie in one buffer: data columns first, then parity, each from a
 * multiple of whole chunks on. Made for the most that the block can hold, before its final length is known.
 */
export class BlockLayout {
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly capacityBytes: number
  /** Bytes of the buffer: data and parity. */
  readonly bufferBytes: number
  readonly #columnBytes: number
  readonly #dataColumns: number

  constructor(scheme: Scheme, chunkSizeBytes: number, capacityBytes: number) {
    const largest = new BlockGeometry(scheme, chunkSizeBytes, capacityBytes)
    this.scheme = scheme
    this.chunkSizeBytes = chunkSizeBytes
    this.capacityBytes = capacityBytes
    this.#columnBytes = Math.max(1, largest.stripeCount) * chunkSizeBytes
    this.#dataColumns = largest.dataColumnCount
    this.bufferBytes = this.#columnBytes * (this.#dataColumns + scheme.parityColumns)
  }

  /** Offset in the buffer of a column's first byte. */
  columnOffset(column: number): number {
    const k = this.scheme.dataColumns
    assert(column < this.#dataColumns || column >= k, 'the column lies in the layout', column)
    return this.#columnBytes * (column < k ? column : this.#dataColumns + column - k)
  }

  /** A view of the whole of a column as it is in `geometry`, which may be shorter than the capacity. */
  column(buffer: Uint8Array, geometry: BlockGeometry, column: number): Uint8Array {
    const offset = this.columnOffset(column)
    return buffer.subarray(offset, offset + geometry.columnLength(column))
  }

  /** A view of some stripes of a column. */
  part(buffer: Uint8Array, geometry: BlockGeometry, place: StripeRange & { readonly column: number }): Uint8Array {
    const offset = this.columnOffset(place.column)
    const start = geometry.columnOffset(place.column, place.firstStripe)
    return buffer.subarray(offset + start, offset + geometry.columnOffset(place.column, place.endStripe))
  }

  /** Copies data into its columns, as bytes `at` and following of the block. */
  scatter(buffer: Uint8Array, at: number, bytes: Uint8Array): void {
    assert(at + bytes.length <= this.capacityBytes, 'the data fits the layout')
    let from = 0
    while (from < bytes.length) {
      const position = at + from
      const run = this.#runFrom(position, bytes.length - from)
      const isAll = from === 0 && run === bytes.length
      buffer.set(isAll ? bytes : bytes.subarray(from, from + run), this.offsetOf(position))
      from += run
    }
  }

  /** Copies data bytes `at` and following of the block out of its columns, as many as `target` takes. */
  gather(buffer: Uint8Array, at: number, target: Uint8Array): void {
    assert(at + target.length <= this.capacityBytes, 'the data lies in the layout')
    let to = 0
    while (to < target.length) {
      const position = at + to
      const run = this.#runFrom(position, target.length - to)
      const offset = this.offsetOf(position)
      target.set(buffer.subarray(offset, offset + run), to)
      to += run
    }
  }

  /** Offset in the buffer of the block's data byte `position`. */
  offsetOf(position: number): number {
    const chunk = Math.floor(position / this.chunkSizeBytes)
    const k = this.scheme.dataColumns
    const stripe = Math.floor(chunk / k)
    const inChunk = position - chunk * this.chunkSizeBytes
    return this.#columnBytes * (chunk - stripe * k) + stripe * this.chunkSizeBytes + inChunk
  }

  #runFrom(position: number, limit: number): number {
    return Math.min(limit, this.chunkSizeBytes - (position % this.chunkSizeBytes))
  }
}

export interface BlockContent {
  readonly group: GroupId
  readonly dataId: DataId
  readonly block: number
  readonly isLastBlock: boolean
  /** Encoded (manifest.ts); empty unless `isLastBlock`. */
  readonly manifest: Uint8Array
  readonly geometry: BlockGeometry
}

/** One column's record in parts. The views stay valid as long as the memory that the payload was given in. */
export interface ColumnRecord {
  readonly column: number
  /** Memory of the records alone, not of the payload. */
  readonly header: Uint8Array<ArrayBuffer>
  /** A view of what was encoded. */
  readonly payload: Uint8Array
  /** The whole record. */
  readonly recordBytes: number
  /** Header, payload and padding in order, without empty ones: for one `writev`. */
  readonly parts: readonly Uint8Array[]
}

export interface EncodedBlock {
  /** One for each column that exists, in order. */
  readonly records: readonly ColumnRecord[]
  /** The plain CRC-32 of the block's data bytes. */
  readonly dataCrc: number
}

export interface BlockMemory {
  readonly coder: ErasureCoder
  readonly buffer: CoderBuffer
  readonly layout: BlockLayout
}

const emptyBytes = new Uint8Array(0)
const zeros = new Uint8Array(4096)

/** Makes parity, checks and records of a block whose data columns lie in the coder's memory. */
export function encodeBlock(compute: Compute, content: BlockContent, memory: BlockMemory): EncodedBlock {
  const { geometry } = content
  const columns: (Uint8Array | undefined)[] = []
  for (let column = 0; column < geometry.columnCount; column++) {
    columns.push(geometry.hasColumn(column) ? memory.layout.column(memory.buffer.bytes, geometry, column) : undefined)
  }
  memory.coder.encode(geometry, columns)
  const plain = plainChecks(compute, geometry, columns)
  return { records: recordsOf(compute, content, columns, plain), dataCrc: dataCrcOf(geometry, plain) }
}

/**
 * A block of at most one chunk needs no coding and no coder memory: column 0 and all parities are that chunk. `chunk`, in
 * any memory, is the payload of all of them; its CRC is computed once.
 */
export function encodeOneChunkBlock(compute: Compute, content: BlockContent, chunk: Uint8Array): EncodedBlock {
  const { geometry } = content
  assert(geometry.dataChunkCount <= 1 && chunk.length === geometry.dataBytes, 'a block of one chunk')
  const columns: (Uint8Array | undefined)[] = []
  for (let column = 0; column < geometry.columnCount; column++) {
    columns.push(geometry.hasColumn(column) ? chunk : undefined)
  }
  const plain = plainChecksOfOneChunk(compute, geometry, chunk)
  return { records: recordsOf(compute, content, columns, plain), dataCrc: dataCrcOf(geometry, plain) }
}

function recordsOf(
  compute: Compute,
  content: BlockContent,
  columns: readonly (Uint8Array | undefined)[],
  plain: Uint32Array,
): readonly ColumnRecord[] {
  const { geometry, manifest } = content
  const existing = geometry.columns()
  const headers = encodeHeaders(compute, { ...content, checkTable: maskedTable(geometry, content, plain) }, existing)
  return existing.map((column, index) => {
    const header = defined(headers[index], 'header')
    const payload = columns[column] ?? emptyBytes
    const { recordBytes, paddingBytes } = recordLengths(geometry, column, manifest.length)
    const parts: Uint8Array[] = [header]
    if (payload.length > 0) parts.push(payload)
    if (paddingBytes > 0) parts.push(zeros.subarray(0, paddingBytes))
    return { column, header, payload, recordBytes, parts }
  })
}
