// Brings what one log holds behind the last checkpoint into the ledger, when the store opens: replay after a crash, and rebuild of a
// lost index, which is a replay from the log's beginning.
//
// 1. scan: headers and trailers of the segments behind the position; the plan says what is proved (recovery-plan.ts);
// 2. replay: proved entries are applied, from key tables where there are any; checkpoints may happen in between, because
//    the position moves along with what was applied;
// 3. judge: of the last batch each record is read past the page cache and checked alone; good ones are given to the caller, who
//    appends them again before anybody sees them, and the others are reported.
//
// Faults: a header page that is damaged makes its segment unreadable (kept, reported, its records stay readable through
// the index); a damaged batch header is a gap (reported); a file that ends early or is gone is found by the caller.

import { assert } from '../base/assert.ts'
import { fragmentName, decodeHeader } from '../codec/record.ts'
import { verifyRecord } from '../codec/checks.ts'
import type { WorkerId } from '../base/ids.ts'
import type { Compute } from '../ports/compute.ts'
import { alignmentBytes, type Disk, type ReadFile } from '../ports/disk.ts'
import type { Log } from '../ports/log.ts'
import { batchHeaderBytesMax, decodeBatchHeader, roundUp, type LogKind } from './batch-format.ts'
import type { LogPosition } from './index-rows.ts'
import type { Ledger } from './ledger.ts'
import type { LogEntry } from './log-entry.ts'
import type { Loan, ReadMemory } from './read-memory.ts'
import { planRecovery, type RecoveryPlan, type ScannedSegment } from './recovery-plan.ts'
import { isGap, SegmentScan } from './segment-scan.ts'
import type { SegmentFiles } from './segment-files.ts'
import { segmentFileName } from './segment-writer.ts'

export interface RecoveryPorts {
  readonly disk: Disk
  readonly compute: Compute
  readonly log: Log
  readonly worker: WorkerId
  readonly ledger: Ledger
  readonly files: SegmentFiles
  readonly memory: ReadMemory
  /** Resolves when memory has room for the changes of one more batch. */
  room(): Promise<void>
  /** Sequences below are taken. */
  sequenceSeen(next: number): void
}

/** A good record or tombstone of a batch that nothing proved, to be appended again. */
export interface Survivor {
  readonly entry: LogEntry
  /** `undefined` for a tombstone. */
  readonly loan: Loan | undefined
}

interface LastBatch {
  readonly segment: number
  readonly offset: number
  readonly number: number
  readonly entries: readonly LogEntry[]
}

export class LogRecovery {
  readonly #ports: RecoveryPorts
  readonly #kind: LogKind
  /** Up to where everything was applied. */
  #position: LogPosition
  /** The same, but not past the oldest segment of which a batch has to be judged: what the judging finds is not in the ledger yet. */
  #settled: LogPosition
  #settledUpTo = Number.MAX_SAFE_INTEGER
  #scanned: readonly ScannedSegment[] = []
  #plan: RecoveryPlan = { ends: new Map(), judge: [], claims: [] }
  readonly #lastBatches = new Map<number, LastBatch>()
  /** After the highest number seen, proved or not. */
  #nextBatch: number
  /** Entries applied from the log. */
  replayed = 0
  hasUnknownLoss = false
  /** Bytes behind the last batch that are no batch. */
  tornBytes = 0

  constructor(ports: RecoveryPorts, kind: LogKind, position: LogPosition) {
    this.#ports = ports
    this.#kind = kind
    this.#position = position
    this.#settled = position
    this.#nextBatch = position.nextBatch
  }

  /** Up to where the log is in the ledger for good, whatever becomes of this recovery: what a checkpoint may store. */
  get position(): LogPosition {
    return this.#settled
  }

  get claims(): RecoveryPlan['claims'] {
    return this.#plan.claims
  }

  /** Where the log goes on, once everything is done. */
  get nextPosition(): LogPosition {
    return { ...this.#position, nextBatch: this.#nextBatch }
  }

  /** `segments`: numbers of the files of this log, in order. */
  async scan(segments: readonly number[]): Promise<void> {
    const scanned: ScannedSegment[] = []
    let isProved = false
    for (const segment of segments.toReversed()) {
      if (segment < this.#position.segment) break
      const isLast = segment === segments.at(-1)
      const found = await this.#withScan(segment, (scan) => this.#scanOne(segment, scan, { isLast, isProved }))
      if (found === undefined) continue
      isProved ||= found.hasNormalBatch
      scanned.push(found)
    }
    this.#scanned = scanned.reverse()
    this.#plan = planRecovery(scanned)
    this.#settledUpTo = this.#plan.claims.at(-1)?.segment ?? Number.MAX_SAFE_INTEGER
  }

  /** Applies everything that is proved. */
  async replay(): Promise<void> {
    for (const { segment, start, isSealed } of this.#scanned) {
      const end = this.#plan.ends.get(segment) ?? Number.MAX_SAFE_INTEGER
      await this.#withScan(segment, async (scan) => {
        if (scan === undefined) return
        if (start === alignmentBytes) this.#ports.ledger.segments.recount(segment)
        const isWhole = start === alignmentBytes && end === Number.MAX_SAFE_INTEGER
        const fromTable = isSealed && isWhole && (await this.#replayTable(segment, scan))
        if (!fromTable) await this.#replayBatches(segment, scan, { start, end })
      })
    }
  }

  /** Reads what nothing proves. The caller gives every loan back. Keys that did not survive go to `dropped`. */
  async *judge(dropped: (entry: LogEntry) => void): AsyncGenerator<Survivor> {
    const { ledger } = this.#ports
    const survived = new Set<number>()
    for (const { segment, offset } of this.#plan.judge) {
      const last = this.#lastBatches.get(segment)
      assert(last?.offset === offset, 'the last batch was scanned')
      const isHeaderGood = await this.#judgeHeader(last)
      for (const entry of last.entries) {
        // What the index has of an interrupted recovery is no news, but it is in batches that end here: the log alone must have it too.
        if (!ledger.isNews(entry, Number.MAX_SAFE_INTEGER) || survived.has(entry.sequence)) continue
        const loan = entry.kind === 'record' ? await this.#judgeRecord(segment, entry) : undefined
        if (loan === undefined && !(entry.kind !== 'record' && isHeaderGood)) {
          if (ledger.isNews(entry, 0)) dropped(entry)
          continue
        }
        survived.add(entry.sequence)
        yield { entry, loan }
      }
    }
  }

  /** `isProved`: a later segment proves all before it. */
  async #scanOne(
    segment: number,
    scan: SegmentScan | undefined,
    later: { readonly isLast: boolean; readonly isProved: boolean },
  ): Promise<ScannedSegment | undefined> {
    if (scan === undefined) {
      await this.#noteUnreadable(segment, later.isLast)
      return undefined
    }
    const { ledger } = this.#ports
    const { header, trailer, fileBytes } = scan
    if (ledger.segments.find(segment) === undefined) ledger.segments.add(newRow(scan), false)
    const start = segment === this.#position.segment ? this.#position.offset : alignmentBytes
    this.#ports.sequenceSeen(trailer?.nextSequence ?? header.firstSequence)
    this.#nextBatch = Math.max(this.#nextBatch, trailer?.nextBatch ?? header.firstBatch)
    ledger.segments.change(segment, (row) => {
      row.isSealed = trailer !== undefined
      row.fileBytes = fileBytes
    })
    const sealed = { segment, claims: header.claims, isSealed: trailer !== undefined, start }
    if (trailer !== undefined) {
      return { ...sealed, last: undefined, hasNormalBatch: later.isProved || (await listsNormalBatch(scan)) }
    }
    return { ...sealed, ...(await this.#scanBatches(segment, scan, start)) }
  }

  async #scanBatches(
    segment: number,
    scan: SegmentScan,
    start: number,
  ): Promise<Pick<ScannedSegment, 'last' | 'hasNormalBatch'>> {
    let last: LastBatch | undefined
    let hasNormalBatch = false
    for await (const found of scan.batches(start, Number.MAX_SAFE_INTEGER, this.#position.nextBatch)) {
      if (isGap(found)) {
        if (found.isTail) this.tornBytes += found.to - found.from
        continue
      }
      const { offset, batch } = found
      last = { segment, offset, number: batch.number, entries: batch.entries }
      hasNormalBatch ||= !batch.isRecovery
      this.#nextBatch = Math.max(this.#nextBatch, batch.number + 1)
      this.#ports.sequenceSeen(batch.sequence + batch.entries.length)
    }
    if (last !== undefined) this.#lastBatches.set(segment, last)
    return { last, hasNormalBatch }
  }

  /** A file without an intact header page of this worker. */
  async #noteUnreadable(segment: number, isLast: boolean): Promise<void> {
    const { disk, files, ledger, log } = this.#ports
    const name = segmentFileName(this.#kind, segment)
    const fileBytes = await files.use(this.#kind, segment, async (file) => (await file?.sizeBytes()) ?? 0)
    // The header page is synced before the first batch, so a file of at most a page was being made when the power went.
    if (isLast && fileBytes <= alignmentBytes && ledger.segments.find(segment) === undefined) {
      await files.retire(segment)
      await disk.remove(name)
      await disk.syncDirectory(this.#kind)
      return
    }
    this.hasUnknownLoss = true
    log.error('A segment cannot be read: its first page is damaged.', undefined, { name, fileBytes })
    const row =
      ledger.segments.find(segment) ?? ledger.segments.add(unreadableRow(this.#kind, segment, fileBytes), false)
    ledger.segments.change(row.segment, (changed) => {
      changed.isUnreadable = true
    })
  }

  /** False where the table is damaged; what was applied from it is right all the same. */
  async #replayTable(segment: number, scan: SegmentScan): Promise<boolean> {
    const { trailer } = scan
    assert(trailer !== undefined, 'a sealed segment')
    let count = 0
    for await (const entries of scan.table()) {
      if (entries === undefined) return false
      await this.#ports.room()
      for (const entry of entries) this.#apply(entry, segment)
      count += entries.length
    }
    if (count !== trailer.entryCount) return false
    this.#moveTo({ segment, offset: trailer.batchesEnd, nextBatch: trailer.nextBatch })
    return true
  }

  async #replayBatches(
    segment: number,
    scan: SegmentScan,
    range: { readonly start: number; readonly end: number },
  ): Promise<void> {
    this.#moveTo({ segment, offset: range.start, nextBatch: this.#position.nextBatch })
    for await (const found of scan.batches(range.start, range.end, this.#position.nextBatch)) {
      if (isGap(found)) {
        this.hasUnknownLoss = true
        this.#ports.log.error('A part of a log is damaged: what it held is not known.', undefined, {
          name: segmentFileName(this.#kind, segment),
          from: found.from,
          to: found.to,
        })
        continue
      }
      await this.#ports.room()
      const { offset, batch } = found
      for (const entry of batch.entries) this.#apply(entry, segment)
      this.#moveTo({ segment, offset: offset + batch.batchBytes, nextBatch: batch.number + 1 })
    }
  }

  #apply(entry: LogEntry, segment: number): void {
    this.#ports.ledger.apply(entry, segment)
    this.#ports.sequenceSeen(entry.sequence + 1)
    this.replayed++
  }

  #moveTo(position: LogPosition): void {
    this.#position = position
    if (position.segment <= this.#settledUpTo) this.#settled = position
    this.#ports.ledger.segments.change(position.segment, (row) => {
      row.batchesEnd = position.offset
    })
  }

  /** Whether the header is on the medium too, not only in the page cache. */
  async #judgeHeader(last: LastBatch): Promise<boolean> {
    const { compute, memory } = this.#ports
    const loan = await memory.borrow(batchHeaderBytesMax)
    try {
      return await this.#withScan(last.segment, async (scan, file) => {
        if (scan === undefined) return false
        const count = await file.read(loan.bytes, last.offset, { uncached: true }).catch(() => 0)
        const { kind, salt } = scan.header
        const place = { kind, salt, segment: last.segment, offset: last.offset }
        return decodeBatchHeader(compute, loan.bytes.subarray(0, count), place)?.number === last.number
      })
    } finally {
      loan.release()
    }
  }

  /** The record in memory on loan; `undefined` where it is not whole on the medium. */
  async #judgeRecord(segment: number, entry: LogEntry): Promise<Loan | undefined> {
    const { compute, files, memory, log } = this.#ports
    const first = Math.floor(entry.offset / alignmentBytes) * alignmentBytes
    const loan = await memory.borrow(roundUp(entry.offset + entry.bytes) - first)
    try {
      await files.use(this.#kind, segment, async (file) => file?.read(loan.bytes, first, { uncached: true }))
      const start = entry.offset - first
      const bytes = loan.bytes.subarray(start, start + entry.bytes)
      const header = decodeHeader(compute, bytes, 'store-corrupt')
      verifyRecord(compute, header, bytes, 'store-corrupt')
      const { key } = entry
      const isTheOne =
        header.headerCrc === entry.headerCrc &&
        header.group === key.group &&
        header.dataId === key.dataId &&
        header.block === key.block &&
        header.column === key.column
      if (isTheOne) return { bytes, release: () => loan.release() }
    } catch (error) {
      log.debug('A record of the last batch is not whole.', {
        fragment: fragmentName(entry.key),
        reason: error instanceof Error ? error.message : String(error),
      })
    }
    loan.release()
    return undefined
  }

  /** `undefined`: no file, or no intact header page of this worker. */
  #withScan<T>(segment: number, use: (scan: SegmentScan | undefined, file: ReadFile) => Promise<T>): Promise<T> {
    const { compute, files, worker } = this.#ports
    return files.use(this.#kind, segment, async (file) => {
      assert(file !== undefined, `segment ${segment} was listed`)
      const scan = await SegmentScan.open(compute, file, segment)
      const isOurs = scan?.header.worker === worker && scan.header.kind === this.#kind
      return use(isOurs ? scan : undefined, file)
    })
  }
}

/** Whether a sealed segment has a batch that no recovery wrote. Those of a recovery come first, and are few. */
async function listsNormalBatch(scan: SegmentScan): Promise<boolean> {
  for await (const found of scan.batches(alignmentBytes, Number.MAX_SAFE_INTEGER, 0)) {
    if (!isGap(found) && !found.batch.isRecovery) return true
  }
  return false
}

function newRow(scan: SegmentScan): Parameters<Ledger['segments']['add']>[0] {
  const { header, trailer, fileBytes } = scan
  return {
    ...emptyRow(header.kind, header.segment, fileBytes),
    isSealed: trailer !== undefined,
    firstSequence: header.firstSequence,
  }
}

function unreadableRow(kind: LogKind, segment: number, fileBytes: number): Parameters<Ledger['segments']['add']>[0] {
  return { ...emptyRow(kind, segment, fileBytes), isUnreadable: true }
}

function emptyRow(kind: LogKind, segment: number, fileBytes: number): Parameters<Ledger['segments']['add']>[0] {
  return {
    segment,
    kind,
    isSealed: false,
    isUnreadable: false,
    fileBytes,
    batchesEnd: alignmentBytes,
    firstSequence: 0,
    liveBytes: 0,
    liveEntries: 0,
    tombstones: 0,
    ids: undefined,
    droppedIds: undefined,
  }
}
