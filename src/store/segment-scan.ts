// Reads what a segment says of itself: its header page, its trailer and key table where it is sealed, or its batch headers one
// by one. Only headers are read, never payloads. Where a header is damaged, the scan looks for the next intact one
// of the segment, page by page, and reports the gap.

import { errorCode } from '../base/errors.ts'
import type { Compute } from '../ports/compute.ts'
import { alignmentBytes, type ReadFile } from '../ports/disk.ts'
import { batchHeaderBytesMax, decodeBatchHeader, looksLikeBatch, type BatchHeader } from './batch-format.ts'
import type { LogEntry } from './log-entry.ts'
import {
  decodeSegmentHeader,
  decodeTablePage,
  decodeTrailer,
  type SegmentHeader,
  type SegmentTrailer,
} from './segment-format.ts'

export interface ScannedBatch {
  readonly offset: number
  readonly batch: BatchHeader
}

/** Bytes between two batches, or behind the last one, that are no batch. */
export interface Gap {
  readonly from: number
  readonly to: number
  /** No batch follows: a torn write, or damage. */
  readonly isTail: boolean
}

const windowBytes = 64 * 1024

/** Reads small pieces of a file through a window, forwards. */
class Window {
  readonly #file: ReadFile
  readonly #bytes = new Uint8Array(windowBytes)
  #start = 0
  #length = 0

  constructor(file: ReadFile) {
    this.#file = file
  }

  /** Up to `length` bytes from `offset`, fewer only at the end of the file; valid until the next call. */
  async read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    const isInside = offset >= this.#start && offset + length <= this.#start + this.#length
    if (!isInside) {
      this.#start = offset
      this.#length = await readTolerantly(this.#file, this.#bytes, offset)
    }
    const from = offset - this.#start
    return this.#bytes.subarray(from, Math.min(from + length, this.#length))
  }
}

export class SegmentScan {
  readonly #compute: Compute
  readonly #file: ReadFile
  readonly #window: Window
  readonly header: SegmentHeader
  readonly fileBytes: number
  /** `undefined`: not sealed, or its trailer is damaged. */
  readonly trailer: SegmentTrailer | undefined

  private constructor(
    parts: { readonly compute: Compute; readonly file: ReadFile; readonly fileBytes: number },
    header: SegmentHeader,
    trailer: SegmentTrailer | undefined,
  ) {
    this.#compute = parts.compute
    this.#file = parts.file
    this.#window = new Window(parts.file)
    this.fileBytes = parts.fileBytes
    this.header = header
    this.trailer = trailer
  }

  /** `undefined`: the header page of segment `segment` is not there or damaged. */
  static async open(compute: Compute, file: ReadFile, segment: number): Promise<SegmentScan | undefined> {
    const fileBytes = await file.sizeBytes()
    const page = new Uint8Array(alignmentBytes)
    await readTolerantly(file, page, 0)
    const header = decodeSegmentHeader(compute, page)
    if (header?.segment !== segment) return undefined
    let trailer: SegmentTrailer | undefined
    if (fileBytes >= 2 * alignmentBytes && fileBytes % alignmentBytes === 0) {
      await readTolerantly(file, page, fileBytes - alignmentBytes)
      trailer = decodeTrailer(compute, page, segment)
      // Only the salt tells a trailer from a user's bytes.
      if (trailer !== undefined && !sameBytes(trailer.salt, header.salt)) trailer = undefined
    }
    return new SegmentScan({ compute, file, fileBytes }, header, trailer)
  }

  /** The key table, page by page. A damaged page ends it with `undefined`. */
  async *table(): AsyncGenerator<readonly LogEntry[] | undefined> {
    const { trailer } = this
    if (trailer === undefined) return
    const page = new Uint8Array(alignmentBytes)
    let count = 0
    for (let index = 0; count < trailer.entryCount; index++) {
      await readTolerantly(this.#file, page, trailer.tableOffset + index * alignmentBytes)
      const entries = decodeTablePage(this.#compute, page, { salt: this.header.salt, index })
      yield entries
      if (entries === undefined || entries.length === 0) return
      count += entries.length
    }
  }

  /**
   * The batches from `from` (a batch's start) to before `to`, in order, with the gaps between and behind them.
   * `nextBatch`: the lowest number that is still one of these.
   */
  async *batches(from: number, to: number, nextBatch: number): AsyncGenerator<ScannedBatch | Gap> {
    const end = Math.min(to, this.trailer?.batchesEnd ?? this.fileBytes)
    let number = nextBatch
    for (let offset = from; offset < end;) {
      const batch = await this.#batchAt(offset, number)
      if (batch !== undefined) {
        yield { offset, batch }
        offset += batch.batchBytes
        number = batch.number + 1
        continue
      }
      const next = await this.#findBatch(offset + alignmentBytes, end, number)
      if (next === undefined) {
        if (await this.#hasContent(offset, end)) yield { from: offset, to: end, isTail: true }
        return
      }
      yield { from: offset, to: next, isTail: false }
      offset = next
    }
  }

  async #batchAt(offset: number, nextBatch: number): Promise<BatchHeader | undefined> {
    const bytes = await this.#window.read(offset, batchHeaderBytesMax)
    const { kind, salt, segment } = this.header
    const batch = decodeBatchHeader(this.#compute, bytes, { kind, salt, segment, offset })
    return batch !== undefined && batch.number >= nextBatch ? batch : undefined
  }

  async #findBatch(from: number, end: number, nextBatch: number): Promise<number | undefined> {
    for (let offset = from; offset < end; offset += alignmentBytes) {
      const bytes = await this.#window.read(offset, alignmentBytes)
      if (!looksLikeBatch(bytes, this.header.salt)) continue
      if ((await this.#batchAt(offset, nextBatch)) !== undefined) return offset
    }
    return undefined
  }

  async #hasContent(from: number, end: number): Promise<boolean> {
    for (let offset = from; offset < end; offset += alignmentBytes) {
      const bytes = await this.#window.read(offset, alignmentBytes)
      if (bytes.some((byte) => byte !== 0)) return true
    }
    return false
  }
}

/** A page that the disk does not give is as good as a damaged one: it comes as bytes that are nothing. */
async function readTolerantly(file: ReadFile, into: Uint8Array, offset: number): Promise<number> {
  try {
    return await file.read(into, offset)
  } catch (error) {
    if (errorCode(error) !== 'disk-failed') throw error
  }
  const size = await file.sizeBytes()
  for (let at = 0; at < into.length; at += alignmentBytes) {
    const page = into.subarray(at, at + alignmentBytes)
    await file.read(page, offset + at).catch(() => page.fill(0xff))
  }
  return Math.max(0, Math.min(into.length, size - offset))
}

export function isGap(found: ScannedBatch | Gap): found is Gap {
  return 'isTail' in found
}

function sameBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.length === right.length && left.every((byte, index) => byte === right[index])
}
