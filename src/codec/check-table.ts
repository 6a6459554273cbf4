// The CRC table of a block as it is made: the plain CRC-32 of every piece, then each XOR its position.
//
// The first parity is the XOR of the data, and CRC-32 is linear, so its checks are the XOR of the data's checks: computed
// without reading it. That saves a pass, and it is an independent witness: a first parity that was not what it should
// be is refused by the worker that receives it.

import type { DataId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { joinCrc32, joinerFor, PositionMasks } from './crc32.ts'
import { pieceSizeBytes } from './geometry.ts'
import type { BlockGeometry } from './geometry.ts'

const zeroPiece = new Uint8Array(pieceSizeBytes)

/**
 * The plain CRC-32 of every piece of the block, in the table's order. `columns`: at index c the whole of column c;
 * `undefined` where a data column is absent.
 */
export function plainChecks(
  compute: Compute,
  geometry: BlockGeometry,
  columns: readonly (Uint8Array | undefined)[],
): Uint32Array<ArrayBuffer> {
  const plain = new Uint32Array(geometry.checkCount)
  const firstParity = geometry.scheme.dataColumns
  for (const [column, bytes] of columns.entries()) {
    if (bytes !== undefined && column !== firstParity) checkColumn(compute, geometry, column, { bytes, plain })
  }
  checkFirstParity(compute, geometry, plain)
  return plain
}

/** The table of a block of one chunk: every column's check is that of `chunk`. */
export function plainChecksOfOneChunk(
  compute: Compute,
  geometry: BlockGeometry,
  chunk: Uint8Array,
): Uint32Array<ArrayBuffer> {
  const plain = new Uint32Array(geometry.checkCount)
  const perColumn = geometry.checkStart(1)
  checkColumn(compute, geometry, 0, { bytes: chunk, plain })
  for (let check = perColumn; check < plain.length; check++) plain[check] = plain[check - perColumn] ?? 0
  return plain
}

function checkColumn(
  compute: Compute,
  geometry: BlockGeometry,
  column: number,
  { bytes, plain }: { readonly bytes: Uint8Array; readonly plain: Uint32Array },
): void {
  let check = geometry.checkStart(column)
  const { chunkSizeBytes } = geometry
  for (let start = 0; start < bytes.length; start += chunkSizeBytes) {
    const chunkEnd = Math.min(start + chunkSizeBytes, bytes.length)
    for (let at = start; at < chunkEnd; at += pieceSizeBytes) {
      plain[check++] = compute.crc32(bytes.subarray(at, Math.min(at + pieceSizeBytes, chunkEnd)))
    }
  }
}

/**
 * With z the check of so many zeros, crc(x) XOR z is linear in x. So the check of a sum of d pieces is the sum of their
 * checks, and of z once more where d is even. A piece that is shorter than the sum counts as filled up with zeros.
 */
function checkFirstParity(compute: Compute, geometry: BlockGeometry, plain: Uint32Array): void {
  const k = geometry.scheme.dataColumns
  const starts = Array.from({ length: k }, (_, column) => geometry.checkStart(column))
  let check = geometry.checkStart(k)
  for (let stripe = 0; stripe < geometry.stripeCount; stripe++) {
    const width = stripe < geometry.wholeStripeCount ? k : geometry.stripeWidth(stripe)
    const length = geometry.chunkLength(stripe, k)
    const lastLength = geometry.chunkLength(stripe, width - 1)
    for (let at = 0; at < length; at += pieceSizeBytes) {
      const pieceBytes = Math.min(pieceSizeBytes, length - at)
      const index = stripe * geometry.piecesPerChunk + at / pieceSizeBytes
      // Only the stripe's last chunk can be short: here by a part of the piece, or by all of it.
      const lastBytes = Math.min(pieceBytes, Math.max(0, lastLength - at))
      const last = lastBytes === 0 ? 0 : (plain[(starts[width - 1] ?? 0) + index] ?? 0)
      const lacking = pieceBytes - lastBytes
      let sum = lacking === 0 ? last : joinCrc32(last, zerosCheck(compute, lacking), lacking)
      for (let column = 0; column < width - 1; column++) sum ^= plain[(starts[column] ?? 0) + index] ?? 0
      if (width % 2 === 0) sum ^= zerosCheck(compute, pieceBytes)
      plain[check++] = sum >>> 0
    }
  }
}

let zerosBytes = 0
let zerosCrc = 0

/** The check of a run of zeros, remembered for the length that was asked last: it seldom changes. */
function zerosCheck(compute: Compute, bytes: number): number {
  if (bytes !== zerosBytes) {
    zerosBytes = bytes
    zerosCrc = compute.crc32(zeroPiece.subarray(0, bytes))
  }
  return zerosCrc
}

/** The table as it is stored: every check XOR its position. */
export function maskedTable(
  geometry: BlockGeometry,
  place: { readonly dataId: DataId; readonly block: number },
  plain: Uint32Array,
): Uint8Array<ArrayBuffer> {
  const masks = new PositionMasks(place.dataId, place.block)
  const table = new Uint8Array(4 * plain.length)
  const view = new DataView(table.buffer)
  const pieces = geometry.piecesPerChunk
  let check = 0
  for (let column = 0; column < geometry.columnCount; column++) {
    const start = check
    const end = geometry.checkStart(column + 1)
    for (; check < end; check++) {
      const stripe = Math.floor((check - start) / pieces)
      const mask = masks.of(column, stripe, check - start - stripe * pieces)
      view.setUint32(4 * check, ((plain[check] ?? 0) ^ mask) >>> 0, true)
    }
  }
  return table
}

/** The plain CRC-32 of a block's data from the plain checks of its pieces. */
export function dataCrcOf(geometry: BlockGeometry, plain: Uint32Array): number {
  const { chunkSizeBytes, piecesPerChunk, dataChunkCount } = geometry
  if (dataChunkCount === 1 && piecesPerChunk === 1) return plain[0] ?? 0
  const k = geometry.scheme.dataColumns
  const starts = Array.from({ length: k }, (_, column) => geometry.checkStart(column))
  const fullPiece = joinerFor(Math.min(pieceSizeBytes, chunkSizeBytes))
  let crc = 0
  for (let chunk = 0; chunk < dataChunkCount; chunk++) {
    const stripe = Math.floor(chunk / k)
    const column = chunk - stripe * k
    const length = geometry.chunkLength(stripe, column)
    let check = (starts[column] ?? 0) + stripe * piecesPerChunk
    for (let at = 0; at < length; at += pieceSizeBytes) {
      const pieceBytes = Math.min(pieceSizeBytes, length - at)
      const right = plain[check++] ?? 0
      crc = pieceBytes === fullPiece.rightBytes ? fullPiece.join(crc, right) : joinCrc32(crc, right, pieceBytes)
    }
  }
  return crc
}

/** The plain CRC-32 of a block's data from its table as it is stored. */
export function dataCrcOfTable(
  geometry: BlockGeometry,
  place: { readonly dataId: DataId; readonly block: number },
  table: Uint8Array,
): number {
  const view = new DataView(table.buffer, table.byteOffset, table.byteLength)
  const stored = Uint32Array.from({ length: geometry.checkCount }, (_, check) => view.getUint32(4 * check, true))
  // Masking is its own inverse.
  const plain = maskedTable(geometry, place, stored)
  const plainView = new DataView(plain.buffer)
  const checks = Uint32Array.from({ length: geometry.checkCount }, (_, check) => plainView.getUint32(4 * check, true))
  return dataCrcOf(geometry, checks)
}

/** The plain CRC-32s of stored checks, which are of some stripes of one column. */
export function plainOf(
  masks: PositionMasks,
  place: { readonly geometry: BlockGeometry; readonly column: number; readonly firstStripe: number },
  checks: Uint8Array,
): Uint32Array<ArrayBuffer> {
  const view = new DataView(checks.buffer, checks.byteOffset, checks.byteLength)
  const plain = new Uint32Array(checks.length / 4)
  const pieces = place.geometry.piecesPerChunk
  for (let index = 0; index < plain.length; index++) {
    const stripe = place.firstStripe + Math.floor(index / pieces)
    plain[index] = view.getUint32(4 * index, true) ^ masks.of(place.column, stripe, index % pieces)
  }
  return plain
}
