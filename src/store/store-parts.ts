// The parts of an open store, and how they are put together when it opens:
//
// identity → index (or an empty one, to be rebuilt) → ledger as of the last checkpoint → scan and replay of both logs →
// survivors of the last batches appended again → checkpoint.
//
// Nothing is served before all of it is done.

import { assert } from '../base/assert.ts'
import type { Index, IndexFactory } from '../ports/index-store.ts'
import { MIB } from '../base/units.ts'
import { AppendLog, type LogHost } from './append-log.ts'
import type { LogKind } from './batch-format.ts'
import { Checkpoints, indexName, type CheckpointHost } from './checkpoints.ts'
import type { FragmentKey, OpenReport, StorePorts } from './contract.ts'
import { dataIdUnknown, EntryTable } from './entry-table.ts'
import { isFragmentText, rangeOfAll } from './fragment-key.ts'
import { FragmentReader } from './fragment-reader.ts'
import type { Identity } from './identity.ts'
import {
  checkpointKey,
  decodeCheckpoint,
  decodeGroupRow,
  decodeSegmentRow,
  rowBounds,
  type CheckpointState,
  type Entry,
  type GroupRow,
  type LogPosition,
  type SegmentRow,
} from './index-rows.ts'
import { Ledger } from './ledger.ts'
import type { LogEntry } from './log-entry.ts'
import { LogRecovery, type Survivor } from './log-recovery.ts'
import { OperationTracker } from './operation-tracker.ts'
import { ReadMemory } from './read-memory.ts'
import { SegmentFiles } from './segment-files.ts'
import { SegmentTable } from './segment-table.ts'
import { segmentFileName } from './segment-writer.ts'
import type { StoreSettings } from './store-settings.ts'

const logKinds: readonly LogKind[] = ['small', 'large']

/** What the parts tell the store. */
export interface StoreHooks {
  noSpace(): Promise<void>
  syncFailed(error: Error): void
  failed(error: Error): void
  rowDamaged(text: string): void
  appended(bytes: number): void
  appendedBytes(): number
  noteRead(bytes: number): void
}

export interface StoreParts {
  readonly identity: Identity
  readonly ledger: Ledger
  readonly files: SegmentFiles
  readonly memory: ReadMemory
  readonly tracker: OperationTracker
  readonly reader: FragmentReader
  readonly checkpoints: Checkpoints
  readonly logs: Readonly<Record<LogKind, AppendLog>>
  readonly report: OpenReport
}

/** After a crash the sequences of the lost batches are skipped, whoever saw them: more than a batch has. */
const sequenceGap = 1024 * 1024
/** Entries marked damaged between two looks at the memory's room. */
const lostPerRound = 4096
/** Survivors in memory at once. */
const survivorBytesMax = MIB / 2

/** The sequence counter of the store. */
class SequenceCounter {
  #next = 1

  get next(): number {
    return this.#next
  }

  take(): number {
    return this.#next++
  }

  /** Sequences below `next` are taken. */
  see(next: number): void {
    this.#next = Math.max(this.#next, next)
  }
}

interface LoadedIndex {
  readonly index: Index
  readonly state: CheckpointState | undefined
  readonly segments: readonly SegmentRow[]
  readonly groups: readonly GroupRow[]
}

/** @throws FrostError `disk-failed`, `insufficient-storage`. */
export async function openParts(
  ports: StorePorts,
  settings: StoreSettings,
  hooks: StoreHooks,
  who: { readonly identity: Identity; readonly isNew: boolean },
): Promise<StoreParts> {
  const loaded = await loadIndex(ports.indexes, who.identity)
  const opening = new Opening(ports, settings, hooks, { ...who, loaded })
  try {
    return await opening.run()
  } catch (error) {
    await opening.abandon()
    throw error
  }
}

/** The index, whole or empty. */
async function loadIndex(indexes: IndexFactory, identity: Identity): Promise<LoadedIndex> {
  let index = await indexes.open(indexName)
  if (index !== 'damaged') {
    const loaded = readIndex(index)
    if (loaded?.state?.worker === identity.workerId) return loaded
    if (loaded !== undefined && loaded.state === undefined && index.count() === 0) return loaded
    await index.close()
  }
  await indexes.remove(indexName)
  index = await indexes.open(indexName)
  assert(index !== 'damaged', 'an index that was just made')
  return { index, state: undefined, segments: [], groups: [] }
}

/**
 * `undefined`: a row of the store's own is damaged, an entry was found to be, or a segment's row is hidden: its file would be taken
 * for a leftover.
 */
function readIndex(index: Index): LoadedIndex | undefined {
  const row = index.get(checkpointKey)
  const state = row === undefined ? undefined : decodeCheckpoint(row)
  if (row !== undefined && (state === undefined || state.hasLostEntry)) return undefined
  const segments = readRows(index, [rowBounds.segments, rowBounds.groups], decodeSegmentRow)
  const groups = readRows(index, [rowBounds.groups, rowBounds.end], decodeGroupRow)
  if (segments === undefined || groups === undefined) return undefined
  const numbersSum = segments.reduce((sum, { segment }) => sum + segment, 0)
  const isComplete = segments.length === state?.segments.count && numbersSum === state.segments.numbersSum
  return state === undefined || isComplete ? { index, state, segments, groups } : undefined
}

function readRows<T>(
  index: Index,
  [from, to]: readonly [Uint8Array, Uint8Array],
  decode: (key: Uint8Array, value: Uint8Array) => T | undefined,
): readonly T[] | undefined {
  const rows: T[] = []
  for (const [key, value] of index.range({ from, to, limit: Number.MAX_SAFE_INTEGER })) {
    const row = decode(key, value)
    if (row === undefined) return undefined
    rows.push(row)
  }
  return rows
}

/** The highest data id that the index can hold: every one lies in the range of a segment, but for what is damaged. */
function indexedUpTo({ state, segments }: LoadedIndex): string {
  if (state !== undefined && state.damagedCount > 0) return dataIdUnknown
  let highest = ''
  for (const { ids, droppedIds, isUnreadable } of segments) {
    if (isUnreadable) return dataIdUnknown
    for (const range of [ids, droppedIds]) if (range !== undefined && range.last > highest) highest = range.last
  }
  return highest
}

class Opening {
  readonly #ports: StorePorts
  readonly #settings: StoreSettings
  readonly #hooks: StoreHooks
  readonly #identity: Identity
  readonly #isNew: boolean
  readonly #state: CheckpointState | undefined
  readonly #segmentRows: readonly SegmentRow[]
  readonly #sequence = new SequenceCounter()
  readonly #tracker: OperationTracker
  readonly #files: SegmentFiles
  readonly #memory: ReadMemory
  readonly #ledger: Ledger
  readonly #checkpoints: Checkpoints
  #positions: () => Readonly<Record<LogKind, LogPosition>>
  readonly #dropped: LogEntry[] = []
  #lostFragments = 0

  constructor(
    ports: StorePorts,
    settings: StoreSettings,
    hooks: StoreHooks,
    start: { readonly identity: Identity; readonly isNew: boolean; readonly loaded: LoadedIndex },
  ) {
    const { index, state, segments, groups } = start.loaded
    this.#ports = ports
    this.#settings = settings
    this.#hooks = hooks
    this.#identity = start.identity
    this.#isNew = start.isNew
    this.#state = state
    this.#segmentRows = segments
    this.#tracker = new OperationTracker(ports.clock)
    this.#files = new SegmentFiles(ports.disk, settings.openFilesMax)
    this.#memory = new ReadMemory(ports.disk.allocateAligned(settings.readMemoryBytes))
    const table = new EntryTable(index, (text) => hooks.rowDamaged(text), indexedUpTo(start.loaded))
    this.#ledger = new Ledger(table, new SegmentTable())
    this.#ledger.load(groups, state?.damagedCount ?? 0, state?.nextSequence ?? 1)
    this.#sequence.see(state?.nextSequence ?? 1)
    this.#ledger.segments.reserveNumbers(state?.nextSegment ?? 1)
    const start0: LogPosition = { segment: 0, offset: 0, nextBatch: 1 }
    const positions = state?.positions ?? { small: start0, large: start0 }
    this.#positions = () => positions
    this.#checkpoints = new Checkpoints(this.#checkpointHost(), index)
  }

  async run(): Promise<StoreParts> {
    const { disk } = this.#ports
    const files = { small: await disk.list('small'), large: await disk.list('large') }
    const missing = await this.#matchFiles(files)
    const recoveries = { small: this.#recovery('small'), large: this.#recovery('large') }
    for (const kind of logKinds) await recoveries[kind].scan(await this.#removeLeftovers(kind, files[kind]))
    this.#positions = () => ({ small: recoveries.small.position, large: recoveries.large.position })
    for (const kind of logKinds) await recoveries[kind].replay()
    await this.#markLost(missing)
    const logs = { small: this.#log('small', recoveries.small), large: this.#log('large', recoveries.large) }
    for (const kind of logKinds) await this.#appendSurvivors(logs[kind], recoveries[kind])
    this.#positions = () => ({ small: logs.small.position, large: logs.large.position })
    await this.#checkpoints.store()
    return {
      identity: this.#identity,
      ledger: this.#ledger,
      files: this.#files,
      memory: this.#memory,
      tracker: this.#tracker,
      reader: new FragmentReader({
        compute: this.#ports.compute,
        files: this.#files,
        memory: this.#memory,
        tracker: this.#tracker,
        noteRead: (bytes) => this.#hooks.noteRead(bytes),
      }),
      checkpoints: this.#checkpoints,
      logs,
      report: this.#report(recoveries, files),
    }
  }

  async abandon(): Promise<void> {
    await this.#checkpoints.close()
    await this.#files.close()
  }

  /**
   * Loads the accounts of the segments that have files. Returns those whose files are gone (0) or cut off (their length).
   */
  async #matchFiles(files: Readonly<Record<LogKind, readonly string[]>>): Promise<ReadonlyMap<number, number>> {
    const missing = new Map<number, number>()
    const names = new Set(logKinds.flatMap((kind) => files[kind].map((name) => `${kind}/${name}`)))
    for (const row of this.#segmentRows) {
      this.#ledger.segments.add(row, false)
      const isThere = names.has(segmentFileName(row.kind, row.segment))
      const bytes = isThere
        ? await this.#files.use(row.kind, row.segment, async (file) => (await file?.sizeBytes()) ?? 0)
        : 0
      if (bytes >= row.batchesEnd && isThere) continue
      missing.set(row.segment, bytes)
      this.#ports.log.error(isThere ? 'A segment is cut off.' : 'A segment is gone.', undefined, {
        name: segmentFileName(row.kind, row.segment),
        bytes,
        expectedBytes: row.batchesEnd,
      })
    }
    // Nothing of this is a change: the rows are stored as they are.
    this.#ledger.segments.cut()
    return missing
  }

  /** Removes files that compaction gave up before a crash: no row names them, and none is hidden. Returns the others' numbers, in order. */
  async #removeLeftovers(kind: LogKind, names: readonly string[]): Promise<readonly number[]> {
    const { disk, log } = this.#ports
    const numbers: number[] = []
    let hasRemoved = false
    for (const name of names) {
      const number = /^\d{8,10}\.seg$/.test(name) ? Number.parseInt(name, 10) : undefined
      if (number === undefined) {
        log.warn('A file that is no segment lies among the segments.', { name: `${kind}/${name}` })
        continue
      }
      const isLeftover = number <= this.#positions()[kind].segment && this.#ledger.segments.find(number) === undefined
      if (isLeftover) {
        await disk.remove(segmentFileName(kind, number))
        hasRemoved = true
      } else {
        this.#ledger.segments.reserveNumbers(number + 1)
        numbers.push(number)
      }
    }
    if (hasRemoved) await disk.syncDirectory(kind)
    return numbers.toSorted((left, right) => left - right)
  }

  #recovery(kind: LogKind): LogRecovery {
    const { disk, compute, log } = this.#ports
    const ports = {
      disk,
      compute,
      log,
      worker: this.#identity.workerId,
      ledger: this.#ledger,
      files: this.#files,
      memory: this.#memory,
      room: () => this.#checkpoints.room(),
      sequenceSeen: (next: number) => this.#sequence.see(next),
    }
    return new LogRecovery(ports, kind, this.#positions()[kind])
  }

  /** What the index says of segments that are gone or cut off is damaged. */
  async #markLost(missing: ReadonlyMap<number, number>): Promise<void> {
    const { table, segments } = this.#ledger
    if (missing.size === 0) return
    for (;;) {
      const lost: (readonly [string, Entry])[] = []
      for (const [text, entry] of table.scan(rangeOfAll())) {
        const bytes = entry.state === 'good' && isFragmentText(text) ? missing.get(entry.segment) : undefined
        if (bytes !== undefined && entry.offset + entry.bytes > bytes) lost.push([text, entry])
        if (lost.length === lostPerRound) break
      }
      if (lost.length === 0) break
      for (const [text, entry] of lost) this.#ledger.markDamaged(text, entry)
      this.#lostFragments += lost.length
      await this.#checkpoints.room()
    }
    for (const [segment, bytes] of missing) {
      if (bytes === 0) {
        segments.remove(segment)
        continue
      }
      segments.change(segment, (row) => {
        row.fileBytes = bytes
      })
    }
  }

  #log(kind: LogKind, recovery: LogRecovery): AppendLog {
    // Nobody knows which sequences a lost batch had.
    if (recovery.replayed > 0 || recovery.claims.length > 0) this.#sequence.see(this.#sequence.next + sequenceGap)
    return new AppendLog(this.#logHost(), kind, { position: recovery.nextPosition, claims: recovery.claims })
  }

  async #appendSurvivors(log: AppendLog, recovery: LogRecovery): Promise<void> {
    let pending: { readonly survivor: Survivor; readonly stored: Promise<boolean> }[] = []
    const settle = async (): Promise<void> => {
      const stored = pending
      pending = []
      await Promise.all(stored.map((item) => item.stored))
      for (const { survivor } of stored) survivor.loan?.release()
    }
    log.isRecovery = true
    for await (const survivor of recovery.judge((entry) => this.#dropped.push(entry))) {
      const { entry, loan } = survivor
      const stored = log.submit({ entry, record: loan?.bytes, isPut: false })
      // It can fail (the disk is full) while the next survivors are still being read: `settle` says so then.
      stored.catch(() => undefined)
      pending.push({ survivor, stored })
      if (pending.reduce((sum, item) => sum + (item.survivor.loan?.bytes.length ?? 0), 0) > survivorBytesMax)
        await settle()
    }
    await settle()
    log.isRecovery = false
  }

  #report(
    recoveries: Readonly<Record<LogKind, LogRecovery>>,
    files: Readonly<Record<LogKind, readonly string[]>>,
  ): OpenReport {
    const hasSegments = files.small.length + files.large.length > 0
    const droppedKeys: FragmentKey[] = this.#dropped.map(({ key }) => key)
    const all = logKinds.map((kind) => recoveries[kind])
    return {
      workerId: this.#identity.workerId,
      clusterId: this.#identity.clusterId,
      created: this.#isNew,
      startCount: this.#identity.startCount,
      lastBatches: [recoveries.small.nextPosition.nextBatch - 1, recoveries.large.nextPosition.nextBatch - 1],
      replayedEntries: all.reduce((sum, { replayed }) => sum + replayed, 0),
      indexRebuilt: this.#state === undefined && hasSegments,
      droppedKeys,
      lostFragments: this.#lostFragments,
      unknownLoss: all.some(({ hasUnknownLoss }) => hasUnknownLoss),
      tornBytes: all.reduce((sum, { tornBytes }) => sum + tornBytes, 0),
    }
  }

  #checkpointHost(): CheckpointHost {
    return {
      indexes: this.#ports.indexes,
      ledger: this.#ledger,
      worker: this.#identity.workerId,
      entriesMax: this.#settings.memoryEntriesMax,
      positions: () => this.#positions(),
      sequence: () => this.#sequence.next,
      appendedBytes: () => this.#hooks.appendedBytes(),
      freeBytes: async () => (await this.#ports.disk.space()).freeBytes,
      noSpace: () => this.#hooks.noSpace(),
      failed: (error) => this.#hooks.failed(error),
    }
  }

  #logHost(): LogHost {
    const { disk, compute, random } = this.#ports
    return {
      disk,
      compute,
      random,
      segments: this.#ledger.segments,
      tracker: this.#tracker,
      segmentBytesMax: this.#settings.segmentBytesMax,
      worker: this.#identity.workerId,
      sequence: () => this.#sequence.next,
      takeSequence: () => this.#sequence.take(),
      room: () => this.#checkpoints.room(),
      formed: (entry) => this.#ledger.formed(entry),
      withdrawn: (entry) => this.#ledger.withdrawn(entry),
      applied: (entry, segment) => {
        this.#ledger.apply(entry, segment)
        this.#hooks.appended(entry.bytes)
      },
      noSpace: () => this.#hooks.noSpace(),
      syncFailed: (error) => this.#hooks.syncFailed(error),
      failed: (error) => this.#hooks.failed(error),
    }
  }
}
