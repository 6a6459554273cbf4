// Reads every record of a segment that counts, past the page cache, and proves it: its header, that it is the record that the index says
// lies there, and every chunk. What is not is marked damaged and told, as when a read finds it.
//
// Which records these are the segment itself lists, so they are read in the order in which they lie, many in one operation. Where it
// lists fewer than the index has there (a table or a batch header is damaged, the file is gone), the index is searched for the others.

import { FrostError, errorCode } from '../base/errors.ts'
import { MIB } from '../base/units.ts'
import { fragmentName } from '../codec/record.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import { alignmentBytes } from '../ports/disk.ts'
import type { Log } from '../ports/log.ts'
import { roundUp } from './batch-format.ts'
import { fragmentKeyOf, fragmentText, isFragmentText, rangeOfAll } from './fragment-key.ts'
import { scanSlice } from './fragment-listing.ts'
import type { FragmentLookup } from './fragment-lookup.ts'
import type { FragmentReader, Located } from './fragment-reader.ts'
import type { Ledger } from './ledger.ts'
import { entryBytes } from './log-entry.ts'
import type { OperationTracker } from './operation-tracker.ts'
import type { ReadMemory } from './read-memory.ts'
import type { SegmentFiles } from './segment-files.ts'
import { listSegment } from './segment-listing.ts'
import { segmentFileName } from './segment-writer.ts'

/** Read in one operation, where records lie close to each other. */
const windowBytesMax = MIB
/** Dead bytes between two records that are read with them. */
const gapBytesMax = 64 * 1024
/** Between two slices of the index, when all of it is searched. */
const searchPauseMs = 20

export interface SegmentScrubPorts {
  readonly clock: Clock
  readonly compute: Compute
  readonly log: Log
  readonly ledger: Ledger
  readonly files: SegmentFiles
  readonly reader: FragmentReader
  readonly memory: ReadMemory
  readonly tracker: OperationTracker
  readonly lookup: FragmentLookup
  noteRead(bytes: number): void
}

/** A record that lies in the segment, as the index says. */
interface Held {
  readonly text: string
  readonly offset: number
  readonly bytes: number
}

/** Some records were read. */
export interface ScrubStep {
  /** Of what lives, as the accounts of segments count it. */
  readonly bytes: number
  /** Everything that the segment lists before this offset was read. */
  readonly offset: number
}

export class SegmentScrub {
  readonly #ports: SegmentScrubPorts

  constructor(ports: SegmentScrubPorts) {
    this.#ports = ports
  }

  /** Reads what lies at `from` and behind, a window for each step. @throws FrostError `overloaded`; `signal.reason`. */
  async *run(segment: number, from: number, signal: AbortSignal): AsyncGenerator<ScrubStep> {
    const listed = await this.#listed(segment)
    let offset = from
    for (const window of windowsOf(listed.filter((held) => held.offset >= from))) {
      yield { bytes: await this.#readWindow(segment, window, signal), offset }
      offset = endOf(window)
    }
    const unlisted = await this.#unlisted(segment, listed, signal)
    for (const window of windowsOf(unlisted)) {
      yield { bytes: await this.#readWindow(segment, window, signal), offset }
    }
  }

  /** What the segment lists and the index has there. */
  async #listed(number: number): Promise<readonly Held[]> {
    const { ledger, log, files, compute } = this.#ports
    const segment = ledger.segments.find(number)
    if (segment === undefined) return []
    const { entries, damage } = await listSegment({ files, compute }, segment)
    // What is not there any more was compacted meanwhile.
    if (damage !== undefined && ledger.segments.find(number) !== undefined) {
      log.warn('What a segment says of itself is damaged; what the index knows of it is still there.', {
        name: segmentFileName(segment.kind, number),
        damage,
      })
    }
    const held = new Map<number, Held>()
    for (const { kind, key, offset, bytes } of entries) {
      const one = { text: fragmentText(key), offset, bytes }
      if (kind === 'record' && this.#isHere(number, one)) held.set(offset, one)
    }
    return [...held.values()].toSorted((left, right) => left.offset - right.offset)
  }

  /** What the index has there besides: nothing is searched where the numbers agree. */
  async #unlisted(number: number, listed: readonly Held[], signal: AbortSignal): Promise<readonly Held[]> {
    const { ledger, clock } = this.#ports
    const stillHere = listed.filter((held) => this.#isHere(number, held)).length
    const liveEntries = ledger.segments.find(number)?.liveEntries ?? 0
    if (stillHere >= liveEntries) return []
    const known = new Set(listed.map(({ text }) => text))
    const found: Held[] = []
    const range = rangeOfAll()
    for (let from: string | undefined = range.from; from !== undefined;) {
      from = scanSlice(ledger.table, { ...range, from }, (text, { state, segment, offset, bytes }) => {
        if (state === 'good' && segment === number && isFragmentText(text) && !known.has(text))
          found.push({ text, offset, bytes })
        return 'more'
      })
      if (from !== undefined) await clock.sleep(searchPauseMs, signal)
    }
    return found.toSorted((left, right) => left.offset - right.offset)
  }

  /** Reads the records of the window that are still there; those that fail are read once more, each alone, before they are marked. */
  async #readWindow(segment: number, held: readonly Held[], signal: AbortSignal): Promise<number> {
    const here = held.filter((one) => this.#isHere(segment, one))
    const [first] = here
    if (first === undefined) return 0
    const start = pageOf(first.offset)
    const failed: Held[] = []
    const loan = await this.#ports.memory.borrow(roundUp(endOf(here) - start), signal)
    try {
      const window = { into: loan.bytes, start, isRepeated: true }
      const count = await this.#read(segment, window).catch(ignoreDiskFailure)
      for (const one of here) {
        const located = this.#locate(segment, one)
        if (located === undefined) continue
        const at = one.offset - start
        if (at + one.bytes > count || !this.#isProved(located, loan.bytes.subarray(at, at + one.bytes)))
          failed.push(one)
      }
    } finally {
      loan.release()
    }
    for (const one of failed) await this.#readAgain(segment, one, signal)
    return here.reduce((sum, { bytes }) => sum + bytes + entryBytes, 0)
  }

  async #readAgain(segment: number, held: Held, signal: AbortSignal): Promise<void> {
    const start = pageOf(held.offset)
    const at = held.offset - start
    const loan = await this.#ports.memory.borrow(roundUp(at + held.bytes), signal)
    const located = this.#locate(segment, held)
    try {
      if (located === undefined) return
      const count = await this.#read(segment, { into: loan.bytes, start, isRepeated: false })
      if (at + held.bytes > count) {
        throw new FrostError('fragment-corrupt', `The segment of ${fragmentName(located.key)} ends within it.`)
      }
      this.#ports.reader.proveWhole(located, loan.bytes.subarray(at, at + held.bytes))
    } catch (error) {
      const code = errorCode(error)
      if (code !== 'fragment-corrupt' && code !== 'disk-failed') throw error
      // Where the record does not lie there any more, this changes nothing.
      if (located !== undefined) this.#ports.lookup.noteDamage(held.text, located.entry, error)
    } finally {
      loan.release()
    }
  }

  /** Resolves to the bytes that there are; 0 where the file is gone. */
  async #read(
    number: number,
    { into, start, isRepeated }: { readonly into: Uint8Array; readonly start: number; readonly isRepeated: boolean },
  ): Promise<number> {
    const { files, ledger, tracker } = this.#ports
    const segment = ledger.segments.find(number)
    if (segment === undefined) return 0
    return await files.use(segment.kind, number, async (file) => {
      if (file === undefined) return 0
      const count = await tracker.track(() => file.read(into, start, { uncached: true }), { isRepeated })
      this.#ports.noteRead(count)
      return count
    })
  }

  #isProved(located: Located, bytes: Uint8Array): boolean {
    try {
      this.#ports.reader.proveWhole(located, bytes)
      return true
    } catch (error) {
      if (errorCode(error) !== 'fragment-corrupt') throw error
      return false
    }
  }

  #isHere(segment: number, held: Held): boolean {
    return this.#locate(segment, held) !== undefined
  }

  #locate(segment: number, { text, offset }: Held): Located | undefined {
    const { ledger } = this.#ports
    const entry = ledger.table.get(text)
    const kind = ledger.segments.find(segment)?.kind
    const isHere = entry?.state === 'good' && entry.segment === segment && entry.offset === offset
    return isHere && kind !== undefined ? { key: fragmentKeyOf(text), entry, kind } : undefined
  }
}

/** Records in order, so many together as fit into one read. */
function* windowsOf(held: readonly Held[]): Generator<readonly Held[]> {
  let window: Held[] = []
  for (const one of held) {
    const [first] = window
    const end = endOf(window)
    const isApart =
      first !== undefined &&
      (one.offset - end > gapBytesMax || one.offset + one.bytes - pageOf(first.offset) > windowBytesMax)
    if (isApart) {
      yield window
      window = []
    }
    window.push(one)
  }
  if (window.length > 0) yield window
}

function endOf(window: readonly Held[]): number {
  const last = window.at(-1)
  return last === undefined ? 0 : last.offset + last.bytes
}

function pageOf(offset: number): number {
  return offset - (offset % alignmentBytes)
}

/** A disk that does not give the window may give its records one by one. */
function ignoreDiskFailure(error: unknown): number {
  if (errorCode(error) !== 'disk-failed') throw error
  return 0
}
