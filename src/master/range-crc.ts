// The CRC-32 of a range of a version without moving its bytes: whole blocks have theirs in the headers of their records; only where the
// range begins or ends within a block are bytes read, less than two blocks of each extent.

import { blockDataBytes, BlockGeometry, fullBlockBytes, slotOf } from '../codec/geometry.ts'
import { dataCrcOfTable } from '../codec/check-table.ts'
import { joinCrc32 } from '../codec/crc32.ts'
import type { Checksum, Extent } from '../meta/contract/version-row.ts'
import { headerOfBlock } from './block-header.ts'
import type { BlockReaderPorts } from './block-reader.ts'
import type { FileReader } from './file-service.ts'

/** Blocks that are looked at at once. */
const blocksAtOnce = 16

interface Piece {
  readonly extent: Extent
  readonly block: number
  /** In the version's bytes. */
  readonly offset: number
  readonly length: number
  /** Of the block, where the piece is all of it. */
  readonly geometry: BlockGeometry | undefined
}

/** As one of the checksums that are stored with a version or part: big-endian. */
export function crc32Checksum(crc32: number): Checksum {
  const value = new Uint8Array(4)
  new DataView(value.buffer).setUint32(0, crc32)
  return { algorithm: 'crc32', value }
}

/** `extents`: those of the range. `reader`: of the version, whose byte `offset` is the first. */
export async function crcOfRange(
  ports: BlockReaderPorts,
  reader: Pick<FileReader, 'read'>,
  range: { readonly offset: number; readonly extents: readonly Extent[] },
): Promise<number> {
  const pieces = [...piecesOf(range)]
  let crc = 0
  for (let at = 0; at < pieces.length; at += blocksAtOnce) {
    const some = pieces.slice(at, at + blocksAtOnce)
    const crcs = await Promise.all(some.map(async (piece) => await crcOfPiece(ports, reader, piece)))
    for (const [index, { length }] of some.entries()) crc = joinCrc32(crc, crcs[index] ?? 0, length)
  }
  return crc
}

function* piecesOf(range: { readonly offset: number; readonly extents: readonly Extent[] }): Generator<Piece> {
  let { offset } = range
  for (const extent of range.extents) {
    const { scheme, chunkSizeBytes, dataLengthBytes } = extent
    const full = fullBlockBytes(scheme, chunkSizeBytes)
    const end = extent.offset + extent.length
    for (let from = extent.offset; from < end;) {
      const block = Math.floor(from / full)
      const dataBytes = blockDataBytes(scheme, chunkSizeBytes, dataLengthBytes, block)
      const length = Math.min(end, (block + 1) * full) - from
      const geometry = length === dataBytes ? new BlockGeometry(scheme, chunkSizeBytes, dataBytes) : undefined
      yield { extent, block, offset, length, geometry }
      from += length
      offset += length
    }
  }
}

async function crcOfPiece(
  ports: BlockReaderPorts,
  reader: Pick<FileReader, 'read'>,
  { extent, block, offset, length, geometry }: Piece,
): Promise<number> {
  const { group, dataId, scheme } = extent
  const known = ports.groupNow(group)
  if (geometry !== undefined && known !== undefined) {
    const sources = geometry.columns().flatMap((column) => {
      const slot = known.slots[slotOf(scheme, dataId, block, column)]
      return slot === undefined ? [] : [{ column, worker: slot.worker }]
    })
    const header = await headerOfBlock(ports, { group, dataId, block, epoch: known.epoch }, sources)
    if (header !== undefined) return dataCrcOfTable(header.geometry, { dataId, block }, header.checkTable)
  }
  const body = reader.read(offset, length)
  let crc = 0
  for (let slice = await body.next(); slice !== undefined; slice = await body.next()) {
    crc = ports.compute.crc32(slice.bytes, crc)
    slice.release()
  }
  return crc
}
