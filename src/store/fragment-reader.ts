// Reads records from segments into memory on loan, and proves what it gives: the header by its checksum, that it is the
// record that was asked for, and every chunk by its own check. One disk operation for a small record and for most of a
// large one; two for a few chunks of a large one (its header, then the chunks).

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { firstDamagedStripe, verifyRecord } from '../codec/checks.ts'
import {
  checksOf,
  decodeHeader,
  decodePrefix,
  fragmentName,
  recordPrefixBytes,
  type RecordHeader,
} from '../codec/record.ts'
import type { Compute } from '../ports/compute.ts'
import type { ReadFile } from '../ports/disk.ts'
import type { ChunkRange, FragmentKey, FragmentRead } from './contract.ts'
import type { LogKind } from './batch-format.ts'
import type { Entry } from './index-rows.ts'
import type { OperationTracker } from './operation-tracker.ts'
import type { Loan, ReadMemory } from './read-memory.ts'
import type { SegmentFiles } from './segment-files.ts'

/** Holds the header of a large record without a long manifest. */
const firstReadBytes = 8 * 1024
/** A range of at least half of the record is cut out of the whole. */
const wholeShare = 2

export interface ReaderPorts {
  readonly compute: Compute
  readonly files: SegmentFiles
  readonly memory: ReadMemory
  readonly tracker: OperationTracker
  noteRead(bytes: number): void
}

/** A record and where it is said to lie. */
export interface Located {
  readonly key: FragmentKey
  readonly entry: Entry
  readonly kind: LogKind
}

/** A whole record that passed all its checks. */
export interface WholeRecord {
  readonly bytes: Uint8Array<ArrayBuffer>
  release(): void
}

/**
 * All methods throw FrostError: `fragment-corrupt` (what lies there is not the record, or damaged), `disk-failed`, `overloaded`;
 * `signal.reason`. `undefined`: the segment's file is gone, the record must be looked up again.
 */
export class FragmentReader {
  readonly #ports: ReaderPorts

  constructor(ports: ReaderPorts) {
    this.#ports = ports
  }

  async readWhole(located: Located, signal?: AbortSignal): Promise<WholeRecord | undefined> {
    const loan = await this.#borrow(located.entry.bytes, signal)
    return this.#orRelease(loan, async () => {
      const isThere = await this.readWholeInto(located, loan.bytes)
      return isThere ? { bytes: loan.bytes, release: () => loan.release() } : undefined
    })
  }

  /** Reads the whole record into memory of its length, and proves it. False where the segment's file is gone. */
  async readWholeInto(located: Located, into: Uint8Array): Promise<boolean> {
    assert(into.length === located.entry.bytes, 'memory for the record')
    if (!(await this.#read(located, into, 0))) return false
    this.proveWhole(located, into)
    return true
  }

  /** Proves that `bytes` are the whole record. */
  proveWhole(located: Located, bytes: Uint8Array): void {
    const header = this.#checkHeader(located, bytes)
    corruptUnless(() => verifyRecord(this.#ports.compute, header, bytes, 'store-corrupt'))
  }

  async readChunks(
    located: Located,
    range: ChunkRange | undefined,
    signal?: AbortSignal,
  ): Promise<FragmentRead | undefined> {
    const part = range === undefined ? undefined : await this.#readPart(located, range, signal)
    if (part !== undefined) return part
    const loan = await this.#borrow(located.entry.bytes, signal)
    return this.#orRelease(loan, async () => {
      if (!(await this.#read(located, loan.bytes, 0))) return undefined
      const header = this.#checkHeader(located, loan.bytes)
      const clipped = clip(header, range)
      return this.#prove(header, clipped, { loan, start: header.headerBytes + payloadOffset(header, clipped) })
    })
  }

  /** The header as stored, in memory of its own. */
  async readHeader(located: Located, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let wanted = Math.min(firstReadBytes, located.entry.bytes)
    // At most twice: the first read tells the length.
    for (;;) {
      const bytes = await this.#readStart(located, wanted, signal)
      if (bytes === undefined) return undefined
      const { headerBytes } = corruptUnless(() => decodePrefix(bytes, 'store-corrupt'))
      if (headerBytes > located.entry.bytes) throw corrupt(located, 'its header is longer than the record')
      if (headerBytes <= bytes.length) {
        this.#checkHeader(located, bytes)
        return bytes.slice(0, headerBytes)
      }
      wanted = headerBytes
    }
  }

  /** A few chunks of a large record; `undefined` where it is better read whole, or its file is gone. */
  async #readPart(located: Located, range: ChunkRange, signal?: AbortSignal): Promise<FragmentRead | undefined> {
    const { entry } = located
    if (located.kind === 'small' || entry.bytes <= 2 * firstReadBytes) return undefined
    // The header is a copy: nobody holds a loan while waiting for another one.
    const headerBytes = await this.readHeader(located, signal)
    if (headerBytes === undefined) return undefined
    const header = this.#checkHeader(located, headerBytes)
    const clipped = clip(header, range)
    const start = payloadOffset(header, clipped)
    const bytes = payloadOffset(header, { ...clipped, firstChunk: clipped.endChunk }) - start
    if (bytes * wholeShare >= entry.bytes) return undefined
    const loan = await this.#borrow(bytes, signal)
    return this.#orRelease(loan, async () => {
      if (!(await this.#read(located, loan.bytes.subarray(0, bytes), header.headerBytes + start))) return undefined
      return this.#prove(header, clipped, { loan, start: 0 })
    })
  }

  /** A copy of the first `bytes` of the record; `undefined` where the file is gone. */
  async #readStart(
    located: Located,
    bytes: number,
    signal: AbortSignal | undefined,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const loan = await this.#borrow(bytes, signal)
    try {
      return (await this.#read(located, loan.bytes, 0)) ? loan.bytes.slice() : undefined
    } finally {
      loan.release()
    }
  }

  /** False where the file is gone. */
  #read(located: Located, into: Uint8Array, offset: number): Promise<boolean> {
    const { files, tracker } = this.#ports
    const { entry, kind } = located
    return files.use(kind, entry.segment, async (file: ReadFile | undefined) => {
      if (file === undefined) return false
      const count = await tracker.track(() => file.read(into, entry.offset + offset))
      this.#ports.noteRead(count)
      if (count < into.length) throw corrupt(located, 'its segment ends within it')
      return true
    })
  }

  #checkHeader(located: Located, bytes: Uint8Array): RecordHeader {
    const header = corruptUnless(() => decodeHeader(this.#ports.compute, bytes, 'store-corrupt'))
    const { key, entry } = located
    const isTheOne =
      header.headerCrc === entry.headerCrc &&
      header.recordBytes === entry.bytes &&
      header.group === key.group &&
      header.dataId === key.dataId &&
      header.block === key.block &&
      header.column === key.column
    if (!isTheOne) throw corrupt(located, `${fragmentName(header)} lies in its place`)
    return header
  }

  /** Proves the chunks of `range`, which start at `start` of the loan. */
  #prove(
    header: RecordHeader,
    range: ChunkRange,
    place: { readonly loan: Loan; readonly start: number },
  ): FragmentRead {
    const { geometry, column, dataId, block } = header
    const stripes = { firstStripe: range.firstChunk, endStripe: range.endChunk }
    const length = payloadOffset(header, { ...range, firstChunk: range.endChunk }) - payloadOffset(header, range)
    const bytes = place.loan.bytes.subarray(place.start, place.start + length)
    const checks = checksOf(header, column, stripes)
    const part = { geometry, dataId, block, column, stripes, bytes, checks }
    const damaged = firstDamagedStripe(this.#ports.compute, part)
    if (damaged !== undefined) {
      throw new FrostError('fragment-corrupt', `Chunk ${damaged} of ${fragmentName(header)} fails its checksum.`)
    }
    return {
      scheme: geometry.scheme,
      chunkSizeBytes: geometry.chunkSizeBytes,
      blockDataBytes: geometry.dataBytes,
      range,
      checks: toNumbers(checks),
      bytes,
      release: () => place.loan.release(),
    }
  }

  #borrow(bytes: number, signal: AbortSignal | undefined): Promise<Loan> {
    // A record that is only a header has no payload, and no loan is empty.
    return this.#ports.memory.borrow(Math.max(bytes, recordPrefixBytes), signal)
  }

  /** Does `work` with the loan, and gives it back where nothing comes of it. */
  async #orRelease<T>(loan: Loan, work: () => Promise<T | undefined>): Promise<T | undefined> {
    let result: T | undefined
    try {
      result = await work()
    } catch (error) {
      loan.release()
      throw error
    }
    if (result === undefined) loan.release()
    return result
  }
}

function clip(header: RecordHeader, range: ChunkRange | undefined): ChunkRange {
  const chunks = header.geometry.chunkCount(header.column)
  if (range === undefined) return { firstChunk: 0, endChunk: chunks }
  const firstChunk = Math.min(range.firstChunk, chunks)
  return { firstChunk, endChunk: Math.max(firstChunk, Math.min(range.endChunk, chunks)) }
}

/** Where the range starts in the payload. */
function payloadOffset(header: RecordHeader, range: ChunkRange): number {
  return header.geometry.columnOffset(header.column, range.firstChunk)
}

function toNumbers(checks: Uint8Array): Uint32Array<ArrayBuffer> {
  const view = new DataView(checks.buffer, checks.byteOffset, checks.byteLength)
  return Uint32Array.from({ length: checks.length / 4 }, (_, index) => view.getUint32(4 * index, true))
}

function corrupt(located: Located, reason: string): FrostError {
  return new FrostError('fragment-corrupt', `${fragmentName(located.key)} is damaged: ${reason}.`)
}

/** What the codec finds damaged in stored bytes is a corrupt fragment. */
function corruptUnless<T>(check: () => T): T {
  try {
    return check()
  } catch (error) {
    if (!(error instanceof FrostError)) throw error
    throw new FrostError('fragment-corrupt', error.message, { cause: error })
  }
}
