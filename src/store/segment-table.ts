// What the store knows of each segment: how much of it lives, where its batches end, which data ids it can hold. Compaction
// decides by it (compaction-plan.ts), and every checkpoint stores what changed.

import { assert, defined } from '../base/assert.ts'
import type { DataId } from '../base/ids.ts'
import type { LogKind } from './batch-format.ts'
import type { IdRange, SegmentAccount, SegmentRow } from './index-rows.ts'
import { entryBytes, type LogEntry } from './log-entry.ts'

/** As a `SegmentRow`, while it changes. */
export interface Segment {
  readonly segment: number
  readonly kind: LogKind
  isSealed: boolean
  isUnreadable: boolean
  fileBytes: number
  batchesEnd: number
  readonly firstSequence: number
  liveBytes: number
  liveEntries: number
  tombstones: number
  ids: IdRange | undefined
  droppedIds: IdRange | undefined
  /** Being appended to. Not stored. */
  isActive: boolean
}

export class SegmentTable {
  readonly #segments = new Map<number, Segment>()
  /** Changed since the last cut; a number that is not in the table was removed. */
  #changed = new Set<number>()
  #nextNumber = 1
  #fileBytes = 0
  #version = 0

  /** Moves on with every change. */
  get version(): number {
    return this.#version
  }

  /** Bytes of all files, as of the last `touch` of each. */
  get fileBytes(): number {
    return this.#fileBytes
  }

  get count(): number {
    return this.#segments.size
  }

  get account(): SegmentAccount {
    let numbersSum = 0
    for (const number of this.#segments.keys()) numbersSum += number
    return { count: this.#segments.size, numbersSum }
  }

  get nextNumber(): number {
    return this.#nextNumber
  }

  /** Numbers from `number` on are free. */
  reserveNumbers(number: number): void {
    this.#nextNumber = Math.max(this.#nextNumber, number)
  }

  takeNumber(): number {
    return this.#nextNumber++
  }

  add(row: SegmentRow, isActive: boolean): Segment {
    assert(!this.#segments.has(row.segment), `segment ${row.segment} is new`)
    const segment: Segment = { ...row, isActive }
    this.#segments.set(row.segment, segment)
    this.#fileBytes += row.fileBytes
    this.#noteChange(row.segment)
    this.reserveNumbers(row.segment + 1)
    return segment
  }

  remove(number: number): void {
    this.#fileBytes -= this.get(number).fileBytes
    this.#segments.delete(number)
    this.#noteChange(number)
  }

  find(number: number): Segment | undefined {
    return this.#segments.get(number)
  }

  get(number: number): Segment {
    return defined(this.#segments.get(number), `segment ${number} is known`)
  }

  /** In the order of their numbers. */
  all(): readonly Segment[] {
    return [...this.#segments.values()].toSorted((left, right) => left.segment - right.segment)
  }

  /** Changes a segment; its row goes into the next checkpoint. */
  change(number: number, change: (segment: Segment) => void): void {
    const segment = this.get(number)
    const before = segment.fileBytes
    change(segment)
    this.#fileBytes += segment.fileBytes - before
    this.#noteChange(number)
  }

  /** An entry was appended: it counts as held, whether or not it lives. */
  noteEntry(number: number, entry: LogEntry): void {
    this.change(number, (segment) => {
      const { dataId } = entry.key
      if (entry.kind === 'record') {
        segment.ids = including(segment.ids, dataId)
      } else {
        segment.droppedIds = including(segment.droppedIds, dataId)
        segment.tombstones++
      }
    })
  }

  /** The segment's entries are about to be noted again from its start. */
  recount(number: number): void {
    this.change(number, (segment) => {
      segment.tombstones = 0
    })
  }

  addLive(number: number, recordBytes: number): void {
    this.change(number, (segment) => {
      segment.liveEntries++
      segment.liveBytes += recordBytes + entryBytes
    })
  }

  removeLive(number: number, recordBytes: number): void {
    // A segment whose file was lost has no row any more, while entries still name it.
    if (!this.#segments.has(number)) return
    this.change(number, (segment) => {
      segment.liveEntries--
      segment.liveBytes -= recordBytes + entryBytes
      assert(segment.liveEntries >= 0 && segment.liveBytes >= 0, 'no less than nothing of a segment is alive', number)
    })
  }

  /** The rows to store, `undefined` for those to remove; from here on changes count for the next cut. */
  cut(): readonly (readonly [segment: number, row: SegmentRow | undefined])[] {
    const changed = this.#changed
    this.#changed = new Set()
    return [...changed].map((number) => [number, this.#segments.get(number)])
  }

  /** Takes back a cut that was not stored. */
  uncut(numbers: Iterable<number>): void {
    for (const number of numbers) this.#changed.add(number)
  }

  #noteChange(number: number): void {
    this.#changed.add(number)
    this.#version++
  }
}

function including(range: IdRange | undefined, id: DataId): IdRange {
  if (range === undefined) return { first: id, last: id }
  if (id >= range.first && id <= range.last) return range
  return { first: id < range.first ? id : range.first, last: id > range.last ? id : range.last }
}
