// Compaction: copies what lives of a segment to the end of its log and deletes the segment. Begun by garbage
// (compaction-plan.ts), paced, and safe at every moment, because each step only follows what is durable:
//
// 1. live records are read, checked and appended anew, with their sequences; what fails its checks is listed as damaged;
// 2. tombstones are appended anew as long as another segment can hold what they are there for;
// 3. a checkpoint stores the new places, and that the segment is gone;
// 4. the file is removed, and the directory synced.
//
// A crash before 3 leaves both copies, of which the newer counts; the segment is then compacted again, and what moved already is
// found dead in it. A crash between 3 and 4 leaves a file that no row names: it is removed when the store opens.

import { assert } from '../base/assert.ts'
import { errorCode, FrostError } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { Log } from '../ports/log.ts'
import type { AppendLog, LogItem } from './append-log.ts'
import { roundUp, type LogKind } from './batch-format.ts'
import type { Checkpoints } from './checkpoints.ts'
import { copiesMax, copyBytesMax, planCompaction } from './compaction-plan.ts'
import { fragmentKeyOf, fragmentText, idText, isFragmentText, rangeOfAll } from './fragment-key.ts'
import type { FragmentReader } from './fragment-reader.ts'
import type { Entry } from './index-rows.ts'
import type { Ledger } from './ledger.ts'
import type { LogEntry } from './log-entry.ts'
import type { Loan, ReadMemory } from './read-memory.ts'
import type { SegmentFiles } from './segment-files.ts'
import { listSegment } from './segment-listing.ts'
import { SegmentScan } from './segment-scan.ts'
import type { Segment } from './segment-table.ts'
import { segmentFileName } from './segment-writer.ts'

/** Stores that may copy at once to one file system, when each sees this many times the room that it needs. */
const sharersMax = 16

export interface CompactorPorts {
  readonly clock: Clock
  readonly compute: Compute
  readonly disk: Disk
  readonly log: Log
  readonly ledger: Ledger
  readonly files: SegmentFiles
  readonly reader: FragmentReader
  readonly memory: ReadMemory
  readonly checkpoints: Checkpoints
  readonly logs: Readonly<Record<LogKind, AppendLog>>
  readonly bytesPerSecond: number
  readonly segmentBytesMax: number
  /** Puts are refused: what can be had back is worth any pace. */
  isFull(): boolean
  /** Asks the file system. */
  askCopyRoom(): Promise<number>
  /** The fragment failed a check or a read. */
  damaged(text: string, entry: Entry, error: unknown): void
}

export class Compactor {
  readonly #ports: CompactorPorts
  readonly #stop = new AbortController()
  #running: Promise<void> | undefined
  #isUnderWay = false
  /** Segments that hold what the index has lost, and those that claim of one that stays: not to be compacted before the next start. */
  readonly #kept = new Set<number>()
  /** Segments that nothing needs any more: their files go once a checkpoint without them is stored. */
  readonly #emptied = new Map<number, Pick<Segment, 'kind' | 'fileBytes'>>()
  /** The version of the segments for which there was nothing to do. */
  #idleVersion = -1
  #segments = 0
  #bytes = 0
  /** Copied since the pace was last kept. */
  #unpacedBytes = 0

  constructor(ports: CompactorPorts) {
    this.#ports = ports
  }

  /** Segments deleted and bytes copied since the start. */
  get counters(): { readonly segments: number; readonly bytes: number } {
    return { segments: this.#segments, bytes: this.#bytes }
  }

  /** Goes on in the background until `stop`. */
  start(): void {
    assert(this.#running === undefined, 'started once')
    this.#running = this.#run()
  }

  async stop(): Promise<void> {
    this.#stop.abort()
    await this.#running
  }

  /** Does one step, if there is one to do; false where there is none. */
  async step(): Promise<boolean> {
    const { ledger, logs } = this.#ports
    const { segmentBytesMax } = this.#ports
    await this.#removeEmptied()
    const isFull = this.#ports.isFull()
    const { version } = ledger.segments
    if (version === this.#idleVersion && !isFull) return false
    const roomBytes = await this.#ports.askCopyRoom()
    const plan = planCompaction(ledger.segments.all(), {
      segmentBytesMax,
      isUnderWay: this.#isUnderWay,
      isFull,
      roomBytes,
      kept: this.#kept,
    })
    this.#idleVersion = plan === undefined ? version : -1
    this.#isUnderWay = plan !== undefined
    if (plan === undefined) return false
    if (plan.action === 'seal') await logs[plan.kind].seal()
    else return await this.#compactWithin(roomBytes, ledger.segments.get(plan.segment))
    return true
  }

  /**
   * Where there is little room, one store of the file system copies at a time. If all did, they could use it up before any of
   * them has deleted a segment, and none would ever have room to go on. False where another one is at it.
   */
  async #compactWithin(roomBytes: number, victim: Segment): Promise<boolean> {
    if (victim.liveBytes * sharersMax <= roomBytes) {
      await this.#compact(victim)
      return true
    }
    const release = await this.#ports.disk.claimSpace()
    if (release === undefined) return false
    try {
      if (victim.liveBytes > (await this.#ports.askCopyRoom())) return false
      await this.#compact(victim)
      return true
    } finally {
      release()
    }
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#ports
    const { signal } = this.#stop
    while (!signal.aborted) {
      let hasMore = false
      try {
        hasMore = await this.step()
      } catch (error) {
        if (signal.aborted) return
        if (errorCode(error) === undefined) throw error
        log.warn('A compaction was given up for now.', { code: errorCode(error) })
      }
      if (!hasMore) await clock.sleep(SECOND_MS, signal).catch(() => undefined)
    }
  }

  async #compact(victim: Segment): Promise<void> {
    const { ledger } = this.#ports
    const { segment, kind, fileBytes } = victim
    if (!(await this.#compactClaimed(victim))) return
    const group = new CopyGroup()
    try {
      for (const entry of await this.#entries(victim)) await this.#copy(entry, victim, group)
      await this.#write(group, kind)
      if (victim.liveEntries > 0) {
        // Entries that the segment does not list any more, because the place where it did is damaged; or a tombstone that was
        // to remove them was not written.
        for (const entry of this.#unlisted(segment)) await this.#copy(entry, victim, group)
        await this.#write(group, kind)
        if (this.#unlisted(segment).length > 0) return
      }
    } finally {
      group.clear()
    }
    this.#stop.signal.throwIfAborted()
    if (ledger.table.hasLostEntry && (await this.#holdsLost(victim))) {
      this.#kept.add(segment)
      return
    }
    ledger.segments.remove(segment)
    this.#emptied.set(segment, { kind, fileBytes })
    await this.#removeEmptied()
  }

  /** Those of a checkpoint that failed are left to the next step. */
  async #removeEmptied(): Promise<void> {
    if (this.#emptied.size === 0) return
    const { checkpoints, files, disk, log } = this.#ports
    const emptied = [...this.#emptied]
    await checkpoints.store()
    for (const [segment, { kind, fileBytes }] of emptied) {
      await files.retire(segment)
      await disk.remove(segmentFileName(kind, segment))
      await disk.syncDirectory(kind)
      this.#emptied.delete(segment)
      this.#segments++
      log.info('A segment was compacted.', { segment, kind, fileBytes })
    }
  }

  /**
   * A segment's header may be the only place that says where an older segment ends whose last batch was torn. Without it, a rebuild of
   * the index would take what was torn for good: so the older one goes first. False where it cannot.
   */
  async #compactClaimed(victim: Segment): Promise<boolean> {
    const { files, compute, ledger } = this.#ports
    const claims = await files.use(victim.kind, victim.segment, async (file) => {
      if (file === undefined) return []
      return (await SegmentScan.open(compute, file, victim.segment))?.header.claims ?? []
    })
    for (const { segment } of claims) {
      const claimed = ledger.segments.find(segment)
      if (claimed === undefined || segment === victim.segment) continue
      const stays = (): boolean => claimed.isUnreadable || this.#kept.has(segment)
      if (!stays() && !claimed.isActive) await this.#compact(claimed)
      if (ledger.segments.find(segment) === undefined) continue
      if (stays()) this.#kept.add(victim.segment)
      return false
    }
    return true
  }

  async #copy(entry: LogEntry, victim: Segment, group: CopyGroup): Promise<void> {
    this.#stop.signal.throwIfAborted()
    if (entry.kind === 'record') await this.#copyRecord(entry, victim, group)
    else this.#copyTombstone(entry, victim, group)
    if (group.isFull) await this.#write(group, victim.kind)
  }

  /** Appends the copies of the group, all in one go, so that they share a batch. */
  async #write(group: CopyGroup, kind: LogKind): Promise<void> {
    const log = this.#ports.logs[kind]
    const results = await Promise.allSettled(group.items.map((item) => log.submit(item)))
    this.#bytes += group.bytes
    this.#unpacedBytes += group.bytes
    group.clear()
    for (const result of results) {
      if (result.status === 'rejected') throw result.reason
    }
    await this.#keepPace()
  }

  /** Reads the record into the group, unless it is dead or damaged. */
  async #copyRecord(entry: LogEntry, victim: Segment, group: CopyGroup): Promise<void> {
    const { ledger, reader, memory } = this.#ports
    const { key, offset } = entry
    const text = fragmentText(key)
    const isWanted = (): boolean => {
      const known = ledger.table.get(text)
      const isHere = known?.segment === victim.segment && known.offset === offset
      return isHere && known.state === 'good' && !ledger.isBeingDropped(text)
    }
    const known = ledger.table.get(text)
    if (known === undefined || !isWanted()) return
    if (!group.hasRoom(known.bytes)) await this.#write(group, victim.kind)
    // One loan for the group: nobody holds a loan while waiting for another one.
    group.loan ??= await memory.borrow(Math.max(copyBytesMax, roundUp(known.bytes)), this.#stop.signal)
    const record = group.reserve(known.bytes)
    try {
      const isThere = await reader.readWholeInto({ key, entry: known, kind: victim.kind }, record)
      if (!isThere) throw new FrostError('fragment-corrupt', 'Its segment is gone.')
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'fragment-corrupt' && code !== 'disk-failed') throw error
      this.#ports.damaged(text, known, error)
      return
    }
    const { sequence, headerCrc, bytes } = known
    const copy: LogEntry = { kind: 'record', key, offset: 0, bytes, headerCrc, sequence }
    group.add({ entry: copy, record, isPut: false, isWanted })
  }

  /** Puts the tombstone into the group, unless it is not needed any more: then it is forgotten. */
  #copyTombstone(entry: LogEntry, victim: Segment, group: CopyGroup): void {
    const { ledger } = this.#ports
    const { key, kind } = entry
    const text = kind === 'drop-id' ? idText(key.group, key.dataId) : fragmentText(key)
    const isWanted = (): boolean => {
      const known = ledger.table.get(text)
      return known?.state === 'dropped' && known.sequence === entry.sequence && known.segment === victim.segment
    }
    if (!isWanted()) return
    if (this.#isTombstoneNeeded(entry, victim)) group.add({ entry, record: undefined, isPut: false, isWanted })
    else ledger.forgetTombstone(entry)
  }

  /** Whether another segment, or a batch that is being written, can hold a record that is older than the tombstone. */
  #isTombstoneNeeded(entry: LogEntry, victim: Segment): boolean {
    const { ledger, logs } = this.#ports
    const { dataId } = entry.key
    const isInFlight = [logs.small, logs.large].some((log) => (log.inFlightSequence ?? Infinity) <= entry.sequence)
    if (isInFlight) return true
    return ledger.segments.all().some(({ segment, isUnreadable, ids, firstSequence }) => {
      if (segment === victim.segment) return false
      if (isUnreadable) return true
      return ids !== undefined && ids.first <= dataId && dataId <= ids.last && firstSequence <= entry.sequence
    })
  }

  async #entries(victim: Segment): Promise<readonly LogEntry[]> {
    const { files, compute } = this.#ports
    // The file stays open by being read: segments are few, and this one is retired at the end.
    return (await listSegment({ files, compute }, victim)).entries
  }

  /** Whether the segment lists an entry of whose key the index does not know any more what counts. */
  async #holdsLost(victim: Segment): Promise<boolean> {
    for (const entry of await this.#entries(victim)) if (this.#ports.ledger.isLost(entry)) return true
    return false
  }

  /** Live entries of the segment, from the whole index. */
  #unlisted(segment: number): readonly LogEntry[] {
    const { table } = this.#ports.ledger
    const found: LogEntry[] = []
    for (const [text, entry] of table.scan(rangeOfAll())) {
      if (entry.segment !== segment || entry.state !== 'good' || !isFragmentText(text)) continue
      const { offset, bytes, headerCrc, sequence } = entry
      found.push({ kind: 'record', key: fragmentKeyOf(text), offset, bytes, headerCrc, sequence })
    }
    return found
  }

  async #keepPace(): Promise<void> {
    const { clock, bytesPerSecond } = this.#ports
    if (this.#ports.isFull() || this.#unpacedBytes < bytesPerSecond / 20) return
    const delayMs = (this.#unpacedBytes / bytesPerSecond) * SECOND_MS
    this.#unpacedBytes = 0
    await clock.sleep(delayMs, this.#stop.signal)
  }
}

/** Copies that were read and will be written together, their records in one piece of memory on loan. */
class CopyGroup {
  loan: Loan | undefined
  #items: LogItem[] = []
  #bytes = 0
  #reservedBytes = 0

  get items(): readonly LogItem[] {
    return this.#items
  }

  /** Of the records. */
  get bytes(): number {
    return this.#bytes
  }

  get isFull(): boolean {
    return this.#items.length >= copiesMax
  }

  hasRoom(recordBytes: number): boolean {
    return this.loan === undefined || this.#reservedBytes + roundUp(recordBytes) <= this.loan.bytes.length
  }

  /** Memory for a record, aligned. */
  reserve(recordBytes: number): Uint8Array {
    assert(this.loan !== undefined && this.hasRoom(recordBytes), 'the group has room')
    const start = this.#reservedBytes
    this.#reservedBytes += roundUp(recordBytes)
    return this.loan.bytes.subarray(start, start + recordBytes)
  }

  add(item: LogItem): void {
    this.#items.push(item)
    this.#bytes += item.entry.bytes
  }

  /** Gives the memory back, and starts anew. */
  clear(): void {
    this.loan?.release()
    this.loan = undefined
    this.#items = []
    this.#bytes = 0
    this.#reservedBytes = 0
  }
}
