// Answers where each chunk and parity piece of a file lies, by pages: the map says which worker, and a record header of each block, which
// carries the checks of all its columns, says the CRCs.

import { FrostError } from '../base/errors.ts'
import { joinCrc32, PositionMasks } from '../codec/crc32.ts'
import { BlockGeometry, blockDataBytes, fullBlockBytes, pieceSizeBytes } from '../codec/geometry.ts'
import type { RecordHeader } from '../codec/record.ts'
import type { Extent, VersionRow } from '../meta/contract/version-row.ts'
import { headerOfBlock } from './block-header.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import { fileInfo } from './file-info.ts'
import type { FileLayout, LayoutPiece, LayoutRequest } from './file-service.ts'
import { FragmentFetcher } from './fragment-fetcher.ts'

export async function layoutOf(ports: BlockReaderPorts, request: LayoutRequest, row: VersionRow): Promise<FileLayout> {
  const first = row.extents[0]
  if (first === undefined) throw new FrostError('internal', `The version ${row.version} has no extents.`)
  const page = new LayoutPage(request)
  let chunkStart = 0
  let stripeStart = 0
  for (const extent of row.extents) {
    const { scheme, chunkSizeBytes, dataLengthBytes } = extent
    const full = fullBlockBytes(scheme, chunkSizeBytes)
    // A part of another file's data may begin and end within it.
    const { offset, length } = extent
    const firstBlock = Math.floor(offset / full)
    for (let block = firstBlock; length > 0 && block * full < offset + length; block++) {
      const dataBytes = blockDataBytes(scheme, chunkSizeBytes, dataLengthBytes, block)
      const geometry = new BlockGeometry(scheme, chunkSizeBytes, dataBytes)
      const place = { extent, block, geometry, chunkStart, stripeStart }
      if (page.wants(place)) page.add(place, await blockPieces(ports, place))
      chunkStart += geometry.dataChunkCount
      stripeStart += geometry.stripeCount
    }
  }
  const next = page.lastChunk !== undefined && page.lastChunk + 1 < chunkStart ? page.lastChunk : undefined
  return {
    info: fileInfo(request, row),
    chunkSizeBytes: first.chunkSizeBytes,
    scheme: first.scheme,
    chunkCount: chunkStart,
    pieces: page.pieces,
    next,
  }
}

/** Takes the pieces that belong to the page that was asked for, and knows when it is full. */
class LayoutPage {
  readonly pieces: LayoutPiece[] = []
  /** Index of the last data chunk on the page. */
  lastChunk: number | undefined
  readonly #after: number
  readonly #limit: number
  #chunks = 0

  constructor({ after, limit }: LayoutRequest) {
    this.#after = after
    this.#limit = limit
  }

  wants({ chunkStart, geometry }: BlockPlace): boolean {
    return chunkStart + geometry.dataChunkCount > this.#after + 1 && this.#chunks < this.#limit
  }

  add(place: BlockPlace, pieces: readonly LayoutPiece[]): void {
    for (const piece of pieces) {
      if (piece.kind === 'data') {
        if (piece.index <= this.#after) continue
        if (this.#chunks === this.#limit) return
        this.#chunks++
        this.lastChunk = piece.index
      } else if (lastChunkOfStripe(place, piece.stripe) <= this.#after) continue
      this.pieces.push(piece)
    }
  }
}

function lastChunkOfStripe({ geometry, chunkStart }: BlockPlace, stripe: number): number {
  return chunkStart + stripe * geometry.scheme.dataColumns + geometry.stripeWidth(stripe) - 1
}

interface BlockPlace {
  readonly extent: Extent
  readonly block: number
  readonly geometry: BlockGeometry
  readonly chunkStart: number
  readonly stripeStart: number
}

/** In the order of stripes: data chunks, then parity. */
async function blockPieces(ports: BlockReaderPorts, place: BlockPlace): Promise<readonly LayoutPiece[]> {
  const { extent, block, geometry, chunkStart, stripeStart } = place
  const { group, dataId } = extent
  const known = ports.groupNow(group)
  if (known === undefined)
    throw new FrostError('data-unavailable', `Placement group ${group} is not known yet.`, { retryAfterSeconds: 1 })
  const fetcher = new FragmentFetcher(
    ports,
    { ref: { group, dataId }, block, geometry, from: 0, end: geometry.dataBytes },
    known,
  )
  const standIns = await ports.standIns({ group, dataId }, block)
  const holders = geometry.columns().map((column) => ({ column, worker: fetcher.holderOf(column) }))
  const header = await headerOfBlock(ports, { group, dataId, block, epoch: known.epoch }, [...holders, ...standIns])
  const masks = new PositionMasks(dataId, block)
  const pieces: LayoutPiece[] = []
  for (let stripe = 0; stripe < geometry.stripeCount; stripe++) {
    for (let column = 0; column < geometry.columnCount; column++) {
      const lengthBytes = geometry.chunkLength(stripe, column)
      if (lengthBytes === 0) continue
      const isData = column < geometry.scheme.dataColumns
      pieces.push({
        kind: isData ? 'data' : 'parity',
        index: isData ? chunkStart + stripe * geometry.scheme.dataColumns + column : stripeStart + stripe,
        group,
        block,
        column,
        stripe,
        lengthBytes,
        crc32: header === undefined ? undefined : plainCrc(header, masks, stripe, column),
        worker: standIns.find((standIn) => standIn.column === column)?.worker ?? fetcher.holderOf(column),
      })
    }
  }
  return pieces
}

function plainCrc(header: RecordHeader, masks: PositionMasks, stripe: number, column: number): number {
  const { geometry, checkTable } = header
  const view = new DataView(checkTable.buffer, checkTable.byteOffset, checkTable.byteLength)
  const length = geometry.chunkLength(stripe, column)
  let check = geometry.checkStart(column) + stripe * geometry.piecesPerChunk
  let crc = 0
  for (let at = 0, piece = 0; at < length; at += pieceSizeBytes, piece++, check++) {
    const plain = (view.getUint32(4 * check, true) ^ masks.of(column, stripe, piece)) >>> 0
    crc = joinCrc32(crc, plain, Math.min(pieceSizeBytes, length - at))
  }
  return crc
}
