// Holds a trace of system calls to the promise of a 201: before the first byte of the answer was written, every piece of the file was
// written and synced on its worker, then what the metadata says of the file was written, synced and made valid. What is missing
// is told as sentences, none where all is well.

import { dirname } from 'node:path'

import { dataIdFromBytes } from '../../src/base/ids.ts'
import type { DataId } from '../../src/base/ids.ts'
import type { SystemCall } from '../harness/system-calls.ts'

/** One fragment of a file, and the segment files of the worker that must hold it. */
export interface ExpectedPiece {
  readonly dataId: DataId
  readonly block: number
  readonly column: number
  /** The worker's data directory. */
  readonly directory: string
}

export interface AcknowledgedUpload {
  readonly name: string
  readonly pieces: readonly ExpectedPiece[]
}

export interface TracedFiles {
  readonly metadataFile: string
  /** Descriptors of the metadata file on which a write is durable when it ends (O_DSYNC). */
  readonly syncingDescriptors: ReadonlySet<number>
  /** Segment files that were there before the trace began. */
  readonly oldSegments: ReadonlySet<string>
}

const batchMagic = 0x3142_4246
const batchHeaderBytes = 64
const entryBytes = 48

export class DurabilityCheck {
  readonly #files: TracedFiles
  readonly #writes: readonly SystemCall[]
  readonly #syncs: readonly SystemCall[]
  /** Batches that hold a fragment, by its name. */
  readonly #batches: ReadonlyMap<string, readonly Batch[]>
  readonly #answers: readonly SystemCall[]

  constructor(trace: readonly SystemCall[], files: TracedFiles) {
    this.#files = files
    this.#writes = trace.filter(({ name, result }) => name.includes('write') && result > 0)
    this.#syncs = trace.filter(({ name, result }) => /^(?:fdatasync|fsync|msync)$/.test(name) && result === 0)
    this.#answers = trace.filter(({ buffers }) => buffers.some((bytes) => bytes.includes('HTTP/1.1 201 ')))
    this.#batches = indexBatches(this.#writes)
  }

  /** What was not durable, in sentences. */
  missing(upload: AcknowledgedUpload): readonly string[] {
    const { name, pieces } = upload
    const answer = this.#answers.find(({ buffers }) => Buffer.concat(buffers).includes(`"filename":"${name}"`))
    if (answer === undefined) return [`no 201 for ${name} was traced`]
    const faults: string[] = []
    let piecesDurableAt = 0
    for (const piece of pieces) {
      const durableAt = this.#durableAt(piece)
      if (typeof durableAt === 'string') faults.push(`${name}: ${durableAt}`)
      else if (durableAt >= answer.start) faults.push(`${name}: ${describe(piece)} was synced after the answer`)
      else piecesDurableAt = Math.max(piecesDurableAt, durableAt)
    }
    const committedAt = this.#committedAt(name, piecesDurableAt)
    if (typeof committedAt === 'string') faults.push(`${name}: ${committedAt}`)
    else if (committedAt >= answer.start) faults.push(`${name}: the metadata was synced after the answer`)
    return faults
  }

  /** When the whole batch of the fragment was written and then synced, and the name of a new segment file too. */
  #durableAt(piece: ExpectedPiece): number | string {
    const batches = (this.#batches.get(fragmentName(piece)) ?? []).filter(({ path }) =>
      path.startsWith(`${piece.directory}/`),
    )
    const [first] = batches
    if (first === undefined) return `${describe(piece)} was not written below ${piece.directory}`
    const ends = batches.map((batch) => this.#batchDurableAt(batch)).filter((end) => end !== undefined)
    if (ends.length === 0) return `${describe(piece)} was written to ${first.path} and not synced`
    return Math.min(...ends)
  }

  #batchDurableAt(batch: Batch): number | undefined {
    const written = writtenAt(batch, this.#writes)
    if (written === undefined) return undefined
    const synced = this.#syncAfter(batch.path, written)
    if (synced === undefined) return undefined
    if (this.#files.oldSegments.has(batch.path)) return synced
    const named = this.#syncAfter(dirname(batch.path), 0)
    return named === undefined ? undefined : Math.max(synced, named)
  }

  /** When the first sync of `path` that began after `place` ended. */
  #syncAfter(path: string, place: number): number | undefined {
    const ends = this.#syncs.filter((call) => call.path === path && call.start > place).map(({ end }) => end)
    return ends.length === 0 ? undefined : Math.min(...ends)
  }

  /**
   * LMDB writes new pages, syncs them, and makes them valid by one write to one of the two first pages, through a descriptor that
   * makes each write durable. The key stands in a page written after the data was durable.
   */
  #committedAt(name: string, piecesDurableAt: number): number | string {
    const { metadataFile, syncingDescriptors } = this.#files
    const writes = this.#writes.filter(({ path }) => path === metadataFile)
    const page = writes.find(({ buffers }) => buffers.some((bytes) => bytes.includes(name)))
    if (page === undefined) return 'no page of the metadata with its name was written'
    if (page.start < piecesDurableAt) return 'the metadata was written before all its pieces were synced'
    const synced = this.#syncAfter(metadataFile, page.end)
    if (synced === undefined) return 'the metadata was not synced'
    const valid = writes.find(({ descriptor, start }) => start > synced && syncingDescriptors.has(descriptor))
    return valid?.end ?? 'the metadata was not made valid'
  }
}

interface Batch {
  readonly path: string
  readonly offset: number
  readonly bytes: number
}

/** When the last byte of the batch had been written; `undefined`: not all was. */
function writtenAt(batch: Batch, writes: readonly SystemCall[]): number | undefined {
  const end = batch.offset + batch.bytes
  let written = 0
  for (const call of writes) {
    const { path, offset } = call
    if (path !== batch.path || offset === undefined || offset < batch.offset || offset >= end) continue
    written += call.result
    if (written >= batch.bytes) return call.end
  }
  return undefined
}

/** docs/design/store-format.md has the batch's header, and its entries. */
function indexBatches(writes: readonly SystemCall[]): ReadonlyMap<string, readonly Batch[]> {
  const index = new Map<string, Batch[]>()
  for (const { path, offset, buffers } of writes) {
    const [header] = buffers
    if (!path.endsWith('.seg') || offset === undefined) continue
    if (header === undefined || header.length < batchHeaderBytes) continue
    if (header.readUInt32LE(0) !== batchMagic) continue
    const batch = { path, offset, bytes: header.readUInt32LE(48) }
    const count = header.readUInt32LE(40)
    for (
      let at = batchHeaderBytes, left = count;
      left > 0 && at + entryBytes <= header.length;
      at += entryBytes, left--
    ) {
      const dataId = dataIdFromBytes(header.subarray(at + 8, at + 24))
      const name = fragmentName({ dataId, block: header.readUInt32LE(at + 24), column: header.readUInt8(at + 1) })
      const others = index.get(name)
      if (others === undefined) index.set(name, [batch])
      else others.push(batch)
    }
  }
  return index
}

function fragmentName({ dataId, block, column }: Omit<ExpectedPiece, 'directory'>): string {
  return `${dataId} ${block} ${column}`
}

function describe({ block, column }: ExpectedPiece): string {
  return `column ${column} of block ${block}`
}
