// One segment while it is appended to: its header page, its batches, and the key table and trailer that seal it.
//
// Every append is durable when it resolves (AppendFile). After a failed one the segment takes nothing more: what was synced before
// stays valid, what was in the failed batch counts as not written, and whoever opens the next segment claims so in its
// header (append-log.ts).

import { assert } from '../base/assert.ts'
import type { WorkerId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { alignmentBytes, type AppendFile, type Disk } from '../ports/disk.ts'
import { batchHeaderBytesMax, encodeBatchHeader, roundUp, type BatchPlace, type LogKind } from './batch-format.ts'
import type { LogEntry } from './log-entry.ts'
import type { OperationTracker } from './operation-tracker.ts'
import { encodeSegmentHeader, encodeTrailer, tableBytes, TableBuilder, type Claim } from './segment-format.ts'
import type { Segment, SegmentTable } from './segment-table.ts'

/** A sealed segment's table is read and kept in memory page by page only while it is built: 3 MiB. */
const entriesMax = 65_536

const zeroPage = new Uint8Array(alignmentBytes)

export interface WriterPorts {
  readonly disk: Disk
  readonly compute: Compute
  readonly segments: SegmentTable
  readonly tracker: OperationTracker
  readonly segmentBytesMax: number
}

export interface NewSegment {
  readonly kind: LogKind
  readonly salt: Uint8Array<ArrayBuffer>
  readonly worker: WorkerId
  readonly firstBatch: number
  readonly firstSequence: number
  readonly claims: readonly Claim[]
}

/** The name of a segment's file. */
export function segmentFileName(kind: LogKind, segment: number): string {
  return `${kind}/${segment.toString().padStart(8, '0')}.seg`
}

export class SegmentWriter {
  readonly #ports: WriterPorts
  readonly #new: NewSegment
  readonly #number: number
  readonly #file: AppendFile
  readonly #table = new TableBuilder()
  #end = alignmentBytes
  #nextBatch: number
  /** A batch that was no recovery: it proves that what the claims say was settled before. */
  #provesClaims = false

  private constructor(
    ports: WriterPorts,
    segment: NewSegment,
    file: { readonly number: number; readonly file: AppendFile },
  ) {
    this.#ports = ports
    this.#new = segment
    this.#number = file.number
    this.#file = file.file
    this.#nextBatch = segment.firstBatch
  }

  /**
   * Makes a segment: durable, its name too, when it resolves.
   * @throws FrostError; then a file without batches may be left, which is known to `segments`.
   */
  static async create(ports: WriterPorts, segment: NewSegment): Promise<SegmentWriter> {
    const { disk, segments, tracker, compute } = ports
    const number = segments.takeNumber()
    const isDirect = segment.kind === 'large'
    const file = await tracker.track(() => disk.create(segmentFileName(segment.kind, number), { direct: isDirect }))
    segments.add(emptyRow(segment, number), true)
    try {
      const header = encodeSegmentHeader(compute, { ...segment, segment: number })
      await tracker.track(() => file.append([header]))
      await tracker.track(() => disk.syncDirectory(segment.kind))
      segments.change(number, (row) => {
        row.fileBytes = alignmentBytes
      })
      return new SegmentWriter(ports, segment, { number, file })
    } catch (error) {
      segments.change(number, (row) => {
        row.isActive = false
      })
      await file.close()
      throw error
    }
  }

  get segment(): Segment {
    return this.#ports.segments.get(this.#number)
  }

  /** Where the next batch begins. */
  get end(): number {
    return this.#end
  }

  get nextBatch(): number {
    return this.#nextBatch
  }

  get provesClaims(): boolean {
    return this.#provesClaims
  }

  /** Whether a batch still fits beside the table. One that fits no segment gets one of its own. */
  hasRoom(batchBytes: number, entryCount: number): boolean {
    if (this.#table.count === 0) return true
    const count = this.#table.count + entryCount
    const bytes = this.#end + batchBytes + tableBytes(count) + alignmentBytes
    return count <= entriesMax && bytes <= this.#ports.segmentBytesMax
  }

  /**
   * Appends a batch; durable when it resolves. Returns the entries with their places.
   * `header`: memory of `batchHeaderBytesMax`, aligned for the large log, used until then.
   */
  async append(
    batch: { readonly entries: readonly LogEntry[]; readonly sequence: number; readonly isRecovery: boolean },
    records: readonly Uint8Array[],
    header: Uint8Array,
  ): Promise<readonly LogEntry[]> {
    const { compute, segments, tracker } = this.#ports
    assert(header.length === batchHeaderBytesMax, 'memory for a batch header')
    const offset = this.#end
    const place: BatchPlace = { kind: this.#new.kind, salt: this.#new.salt, segment: this.#number, offset }
    const bytes = encodeBatchHeader(compute, header, place, { ...batch, number: this.#nextBatch })
    const recordBytes = records.reduce((sum, record) => sum + record.length, 0)
    const padding = zeroPage.subarray(0, roundUp(bytes) - bytes)
    const buffers = [header.subarray(0, bytes - recordBytes), ...records]
    await tracker.track(() => this.#file.append(padding.length === 0 ? buffers : [...buffers, padding]))
    this.#nextBatch++
    this.#end = offset + roundUp(bytes)
    this.#provesClaims ||= !batch.isRecovery
    segments.change(this.#number, (row) => {
      row.fileBytes = this.#end
      row.batchesEnd = this.#end
    })
    return this.#place(batch.entries, offset + bytes - recordBytes)
  }

  /** Ends the segment with its table. A failure is no loss: it is then read batch by batch. */
  async seal(nextSequence: number): Promise<void> {
    const { compute, segments, tracker } = this.#ports
    const pages = this.#table.finish(compute, this.#new.salt)
    const trailer = encodeTrailer(compute, {
      kind: this.#new.kind,
      salt: this.#new.salt,
      segment: this.#number,
      entryCount: this.#table.count,
      tableOffset: this.#end,
      batchesEnd: this.#end,
      firstBatch: this.#new.firstBatch,
      nextBatch: this.#nextBatch,
      firstSequence: this.#new.firstSequence,
      nextSequence,
    })
    try {
      await tracker.track(() => this.#file.append([...pages, trailer]))
      segments.change(this.#number, (row) => {
        row.isSealed = true
        row.fileBytes = this.#file.sizeBytes
      })
    } finally {
      await this.close()
    }
  }

  /** No more appends. Can be called twice. */
  async close(): Promise<void> {
    this.#ports.segments.change(this.#number, (row) => {
      row.isActive = false
    })
    await this.#file.close()
  }

  #place(entries: readonly LogEntry[], recordsStart: number): readonly LogEntry[] {
    let at = recordsStart
    return entries.map((entry) => {
      const placed = entry.kind === 'record' ? { ...entry, offset: at } : entry
      at += entry.bytes
      this.#table.add(placed, placed.offset)
      return placed
    })
  }
}

function emptyRow(segment: NewSegment, number: number): Omit<Segment, 'isActive'> {
  return {
    segment: number,
    kind: segment.kind,
    isSealed: false,
    isUnreadable: false,
    fileBytes: 0,
    batchesEnd: alignmentBytes,
    firstSequence: segment.firstSequence,
    liveBytes: 0,
    liveEntries: 0,
    tombstones: 0,
    ids: undefined,
    droppedIds: undefined,
  }
}
