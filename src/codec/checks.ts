// The checks of chunks: made when a block is encoded, proved before a record is stored and whenever bytes are read.
//
// A stored check is CRC-32(piece) XOR the mask of its position (crc32.ts), so bytes pass only where they belong. A chunk
// is one piece, or one for each started 10,240 bytes.

import { FrostError } from '../base/errors.ts'
import type { DataId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { PositionMasks } from './crc32.ts'
import { pieceSizeBytes, type BlockGeometry, type StripeRange } from './geometry.ts'
import { fragmentName, type DamageCode, type RecordHeader } from './record.ts'

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
