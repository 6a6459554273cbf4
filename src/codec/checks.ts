// The checks of chunks: made when a block is encoded, proved before a record is stored and whenever bytes are read.
//
// A stored check is CRC-32(piece) XOR the mask of its position (crc32.ts), so bytes pass only where they belong. A chunk
// is one piece, or one for each started 10,240 bytes.
//
// A run of pieces is first checked as a whole: one CRC over all its bytes against the join of the pieces' own, which is one call into
// native code instead of hundreds. Nothing is lost by that. Damage inside one piece changes the whole by its own difference
// times a power of x, which is never zero because x has an inverse modulo the generator; two pieces that changed places are
// seen because the generator is primitive, so no two places have the same factor. Damage in several pieces at once goes
// unseen with a chance of 2^-32, as a piece's own check would miss it. What is not intact is then looked for piece by piece.

import { FrostError } from '../base/errors.ts'
import type { DataId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { joinCrc32, joinerFor, PositionMasks, type Crc32Joiner } from './crc32.ts'
import { pieceSizeBytes, type BlockGeometry, type StripeRange } from './geometry.ts'
import { fragmentName, type DamageCode, type RecordHeader } from './record.ts'

/** Fewer pieces are checked one by one at once. */
const runPiecesMin = 4

/** Some stripes of one column with the checks that were stored for them. */
export interface CheckedPart {
  readonly geometry: BlockGeometry
  readonly dataId: DataId
  readonly block: number
  readonly column: number
  readonly stripes: StripeRange
  /** The column's chunks in `stripes`, contiguous. */
  readonly bytes: Uint8Array
  /** Their stored checks, 4 bytes each, as in a record's table. */
  readonly checks: Uint8Array
}

/** The first stripe whose chunk is not what was stored at this place; `undefined` where all are intact. */
export function firstDamagedStripe(compute: Compute, part: CheckedPart): number | undefined {
  const { geometry, column, stripes, bytes, checks } = part
  const expected = geometry.columnOffset(column, stripes.endStripe) - geometry.columnOffset(column, stripes.firstStripe)
  const count = geometry.checkIndex(column, stripes.endStripe) - geometry.checkIndex(column, stripes.firstStripe)
  if (bytes.length !== expected || checks.length !== 4 * count) return stripes.firstStripe
  const masks = new PositionMasks(part.dataId, part.block)
  const view = new DataView(checks.buffer, checks.byteOffset, checks.byteLength)
  if (count >= runPiecesMin && isIntactRun(compute, part, masks, view)) return undefined
  let at = 0
  let check = 0
  for (let stripe = stripes.firstStripe; stripe < stripes.endStripe; stripe++) {
    const chunkEnd = at + geometry.chunkLength(stripe, column)
    for (let piece = 0; at < chunkEnd; piece++) {
      const end = Math.min(at + pieceSizeBytes, chunkEnd)
      const stored = (compute.crc32(bytes.subarray(at, end)) ^ masks.of(column, stripe, piece)) >>> 0
      if (stored !== view.getUint32(check, true)) return stripe
      at = end
      check += 4
    }
  }
  return undefined
}

/** Joins the stored checks of chunks that follow one another to the plain CRC-32 that their bytes together should have. */
export class CheckRun {
  readonly #geometry: BlockGeometry
  readonly #fullPiece: Crc32Joiner
  #crc = 0
  #bytes = 0

  constructor(geometry: BlockGeometry) {
    this.#geometry = geometry
    this.#fullPiece = joinerFor(Math.min(pieceSizeBytes, geometry.chunkSizeBytes))
  }

  get crc(): number {
    return this.#crc
  }

  /** Of the chunks so far. */
  get bytes(): number {
    return this.#bytes
  }

  /** Adds a chunk. `checks`: those of its column from stripe `first` on. False where they do not reach it. */
  add(
    checks: DataView,
    chunk: { readonly column: number; readonly stripe: number; readonly first: number; readonly masks: PositionMasks },
  ): boolean {
    const { column, stripe, first, masks } = chunk
    const fullPiece = this.#fullPiece
    const length = this.#geometry.chunkLength(stripe, column)
    let check = 4 * (stripe - first) * this.#geometry.piecesPerChunk
    for (let at = 0, piece = 0; at < length; at += pieceSizeBytes, piece++) {
      if (check + 4 > checks.byteLength) return false
      const pieceBytes = Math.min(pieceSizeBytes, length - at)
      const plain = (checks.getUint32(check, true) ^ masks.of(column, stripe, piece)) >>> 0
      this.#crc =
        pieceBytes === fullPiece.rightBytes ? fullPiece.join(this.#crc, plain) : joinCrc32(this.#crc, plain, pieceBytes)
      check += 4
    }
    this.#bytes += length
    return true
  }
}

function isIntactRun(compute: Compute, part: CheckedPart, masks: PositionMasks, checks: DataView): boolean {
  const { geometry, column, stripes } = part
  const run = new CheckRun(geometry)
  for (let stripe = stripes.firstStripe; stripe < stripes.endStripe; stripe++) {
    if (!run.add(checks, { column, stripe, first: stripes.firstStripe, masks })) return false
  }
  return run.crc === compute.crc32(part.bytes)
}

/**
 * Proves a whole record whose header was decoded from its start: every chunk of the payload, and zeros after it.
 * @throws FrostError `code`
 */
export function verifyRecord(compute: Compute, header: RecordHeader, record: Uint8Array, code: DamageCode): void {
  const { geometry, column, headerBytes, payloadBytes } = header
  if (record.length !== header.recordBytes) {
    throw new FrostError(code, `${fragmentName(header)} has ${record.length} bytes instead of ${header.recordBytes}`)
  }
  const payloadEnd = headerBytes + payloadBytes
  const stripes = { firstStripe: 0, endStripe: geometry.chunkCount(column) }
  const damaged = firstDamagedStripe(compute, {
    geometry,
    dataId: header.dataId,
    block: header.block,
    column,
    stripes,
    bytes: record.subarray(headerBytes, payloadEnd),
    checks: columnChecks(header),
  })
  if (damaged !== undefined)
    throw new FrostError(code, `stripe ${damaged} of ${fragmentName(header)} fails its checksum`)
  for (let at = payloadEnd; at < record.length; at++) {
    if (record[at] !== 0) throw new FrostError(code, `${fragmentName(header)} does not end in zeros`)
  }
}

function columnChecks(header: RecordHeader): Uint8Array {
  const { geometry, column } = header
  return header.checkTable.subarray(4 * geometry.checkStart(column), 4 * geometry.checkStart(column + 1))
}
