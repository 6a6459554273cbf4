// One ordered log and its group commit: one batch is being written, and what arrives meanwhile forms the next one. No timers,
// no fixed batch size; a batch is written only after the one before was synced.
//
// Faults. When an append fails, its segment is given up: never written again, its failed batch counts as not written (the next
// segment claims so in its header), and the batch's items are written again, from memory, to a new segment, and
// acknowledged only when that one is synced. An item that failed twice is refused. On ENOSPC puts are refused at once,
// while tombstones and compaction's copies are tried again after the ballast was given up. After `failuresMax` failed
// appends in a row the store is told that it has failed.

import { assert } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { Histogram } from '../base/histogram.ts'
import type { WorkerId } from '../base/ids.ts'
import { MIB } from '../base/units.ts'
import type { Random } from '../ports/random.ts'
import { batchEntriesMax, batchHeaderBytesMax, batchRecordsOffset, roundUp, type LogKind } from './batch-format.ts'
import type { LogEntry } from './log-entry.ts'
import type { LogPosition } from './index-rows.ts'
import { saltBytes, type Claim } from './segment-format.ts'
import { SegmentWriter, type WriterPorts } from './segment-writer.ts'

const batchEntriesBounds: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
const attemptsMax = 2
const failuresMax = 5
/** A batch longer than this starts the next one: bounds how long the first of a batch waits for the last. */
const batchBytesMax: Readonly<Record<LogKind, number>> = { small: 4 * MIB, large: 8 * MIB }

/** What the log asks of and tells to the store around it. */
export interface LogHost extends WriterPorts {
  readonly random: Random
  readonly worker: WorkerId
  /** The sequence counter: its value, and its value before it moves on. */
  sequence(): number
  takeSequence(): number
  /** Resolves when there is room in memory for what a batch will change. */
  room(): Promise<void>
  /** The entry has its sequence, and its batch is being written. */
  formed(entry: LogEntry): void
  /** The entry is durable at its place in `segment`. Called in the log's order, before the item's promise resolves. */
  applied(entry: LogEntry, segment: number): void
  /** The batch of an entry that was formed could not be written. */
  withdrawn(entry: LogEntry): void
  /** The file system is full; resolves when what can be given up was. */
  noSpace(): Promise<void>
  syncFailed(error: Error): void
  failed(error: Error): void
}

export interface LogItem {
  /** Without its place; its sequence where it keeps one (copies), else 0. */
  readonly entry: LogEntry
  /** Of a record: unchanged until the item settles. */
  readonly record: Uint8Array | undefined
  /** A put of a client: refused on a full disk. */
  readonly isPut: boolean
  /** Asked when the batch is formed; false leaves the item out. */
  readonly isWanted?: () => boolean
}

interface QueuedItem extends LogItem {
  attempts: number
  readonly resolve: (stored: boolean) => void
  readonly reject: (error: Error) => void
}

export class AppendLog {
  readonly #host: LogHost
  readonly #kind: LogKind
  readonly #header: Uint8Array<ArrayBuffer>
  readonly #bytesMax: number
  #queue: QueuedItem[] = []
  #queueBytes = 0
  #writer: SegmentWriter | undefined
  /** The newest segment and where it ends. */
  #last: LogPosition
  #claims: readonly Claim[]
  /** What is written now was found by the recovery. */
  #isRecovery = false
  #running: Promise<void> | undefined
  #sealWanted = false
  #failures = 0
  #batches = 0
  #inFlightSequence: number | undefined

  constructor(
    host: LogHost,
    kind: LogKind,
    start: { readonly position: LogPosition; readonly claims: readonly Claim[] },
  ) {
    this.#host = host
    this.#kind = kind
    this.#header =
      kind === 'large' ? host.disk.allocateAligned(batchHeaderBytesMax) : new Uint8Array(batchHeaderBytesMax)
    this.#bytesMax = Math.min(batchBytesMax[kind], host.segmentBytesMax / 4)
    this.#last = start.position
    this.#claims = start.claims
  }

  /** Entries of each batch that was made durable. */
  readonly batchEntries = new Histogram(batchEntriesBounds)

  /** Bytes of records that wait or are being written. */
  get queueBytes(): number {
    return this.#queueBytes
  }

  /** Batches written since the start. */
  get batches(): number {
    return this.#batches
  }

  /** No entry of the batch that is being written, but for copies, has a lower sequence; `undefined` where none is written. */
  get inFlightSequence(): number | undefined {
    return this.#inFlightSequence
  }

  /** Up to where everything is durable and applied. */
  get position(): LogPosition {
    return this.#last
  }

  /**
   * What was refused, or never answered, may lie in a segment of which nothing proves yet that it ended before: a recovery could still
   * find it there, and take it for good.
   */
  get hasUnprovedEnd(): boolean {
    return this.#claims.length > 0
  }

  set isRecovery(value: boolean) {
    this.#isRecovery = value
  }

  /** Resolves to true when the entry is durable and applied, to false when it was not wanted any more. */
  submit(item: LogItem): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ ...item, attempts: 0, resolve, reject })
      this.#queueBytes += item.entry.bytes
      this.#start()
    })
  }

  /** Seals the segment that is being written, so that it can be compacted. Resolves when done. */
  async seal(): Promise<void> {
    this.#sealWanted = true
    this.#start()
    await this.idle()
  }

  /** Resolves when nothing waits and nothing is being written. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running
  }

  #start(): void {
    this.#running ??= this.#run().finally(() => {
      this.#running = undefined
      if (this.#queue.length > 0) this.#start()
    })
  }

  async #run(): Promise<void> {
    // What arrives in this turn of the event loop joins the first batch.
    await Promise.resolve()
    while (this.#queue.length > 0 || this.#sealWanted) {
      try {
        await this.#host.room()
      } catch (error) {
        this.#refuseAll(error)
        return
      }
      const items = this.#take()
      if (items.length > 0) await this.#write(items)
      if (this.#sealWanted) await this.#sealNow()
    }
  }

  /** The store has failed: nothing can be made durable any more. */
  #refuseAll(error: unknown): void {
    if (errorCode(error) === undefined || !(error instanceof Error)) throw error
    const items = this.#queue
    this.#queue = []
    this.#sealWanted = false
    for (const item of items) {
      this.#settle(item)
      item.reject(error)
    }
  }

  /** The items of the next batch. */
  #take(): readonly QueuedItem[] {
    const items: QueuedItem[] = []
    const entriesMax = batchEntriesMax(this.#kind)
    let bytes = 0
    let taken = 0
    for (const item of this.#queue) {
      if (items.length === entriesMax || (items.length > 0 && bytes + item.entry.bytes > this.#bytesMax)) break
      taken++
      if (item.isWanted?.() === false) {
        this.#settle(item)
        item.resolve(false)
        continue
      }
      items.push(item)
      bytes += item.entry.bytes
    }
    this.#queue = this.#queue.slice(taken)
    return items
  }

  async #write(items: readonly QueuedItem[]): Promise<void> {
    const sequence = this.#host.sequence()
    this.#inFlightSequence = sequence
    const entries = items.map(({ entry }) => {
      const formed = entry.sequence > 0 ? entry : { ...entry, sequence: this.#host.takeSequence() }
      this.#host.formed(formed)
      return formed
    })
    const records = items.flatMap(({ record }) => (record === undefined ? [] : [record]))
    let placed: readonly LogEntry[]
    let writer: SegmentWriter
    try {
      writer = await this.#writerFor(entries)
      placed = await writer.append({ entries, sequence, isRecovery: this.#isRecovery }, records, this.#header)
    } catch (error) {
      this.#inFlightSequence = undefined
      for (const entry of entries) this.#host.withdrawn(entry)
      await this.#fail(items, error)
      return
    }
    this.#inFlightSequence = undefined
    this.#batches++
    this.batchEntries.observe(items.length)
    this.#failures = 0
    if (writer.provesClaims) this.#claims = []
    this.#last = { segment: writer.segment.segment, offset: writer.end, nextBatch: writer.nextBatch }
    for (const [index, entry] of placed.entries()) {
      this.#host.applied(entry, writer.segment.segment)
      const item = items[index]
      assert(item !== undefined, 'an entry for each item')
      this.#settle(item)
      item.resolve(true)
    }
  }

  async #writerFor(entries: readonly LogEntry[]): Promise<SegmentWriter> {
    const recordBytes = entries.reduce((sum, entry) => sum + entry.bytes, 0)
    const bytes = roundUp(batchRecordsOffset(this.#kind, entries.length) + recordBytes)
    if (this.#writer?.hasRoom(bytes, entries.length) === false) await this.#sealNow()
    if (this.#writer === undefined) {
      const { host, kind, claims } = { host: this.#host, kind: this.#kind, claims: this.#claims }
      this.#writer = await SegmentWriter.create(host, {
        kind,
        salt: host.random.bytes(saltBytes),
        worker: host.worker,
        firstBatch: this.#last.nextBatch,
        firstSequence: host.sequence(),
        claims,
      })
    }
    return this.#writer
  }

  async #sealNow(): Promise<void> {
    this.#sealWanted = false
    const writer = this.#writer
    if (writer === undefined) return
    this.#writer = undefined
    try {
      // Proves the segment, but not what it claims: a recovery whose batches fill a segment seals it on the way.
      await writer.seal(this.#host.sequence())
    } catch (error) {
      this.#giveUp(writer)
      await this.#tell(error)
    }
  }

  /** The batch could not be written: gives its segment up, refuses what must be refused, and puts the rest back in front. */
  async #fail(items: readonly QueuedItem[], error: unknown): Promise<void> {
    const writer = this.#writer
    this.#writer = undefined
    if (writer !== undefined) {
      this.#giveUp(writer)
      await writer.close().catch(() => undefined)
    }
    const isFull = errorCode(error) === 'insufficient-storage'
    const reason = await this.#tell(error)
    const again: QueuedItem[] = []
    for (const item of items) {
      item.attempts++
      if (item.attempts >= attemptsMax || (isFull && item.isPut)) {
        this.#settle(item)
        item.reject(reason)
      } else again.push(item)
    }
    this.#queue = [...again, ...this.#queue]
  }

  #giveUp(writer: SegmentWriter): void {
    const { segment } = writer.segment
    this.#claims = [...this.#claims.filter((claim) => claim.segment !== segment), { segment, end: writer.end }]
    this.#last = { segment, offset: writer.end, nextBatch: writer.nextBatch }
  }

  /** Tells the host, and returns what the items' owners are told. A defect ends everything. */
  async #tell(error: unknown): Promise<Error> {
    const code = errorCode(error)
    if (code === undefined || !(error instanceof Error)) throw error
    if (code === 'insufficient-storage') {
      await this.#host.noSpace()
      return error
    }
    this.#failures++
    this.#host.syncFailed(error)
    if (this.#failures === failuresMax) this.#host.failed(error)
    return error
  }

  #settle(item: QueuedItem): void {
    this.#queueBytes -= item.entry.bytes
  }
}
