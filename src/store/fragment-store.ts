// A worker's fragment store: immutable records in append-only segments, found through an ordered index, with group commit.
//
// The log is the truth. A put is acknowledged when its batch is synced; the index follows by checkpoints and can be lost. What
// holds under which faults is in docs/design/store.md, every byte in docs/design/store-format.md. This file is the
// face: it decides what a call means; the parts do it (store-parts.ts puts them together):
//
//     put, drop → append-log → segment-writer → Disk        durable → ledger → entry-table → checkpoints → Index
//     read → fragment-lookup → fragment-reader → segment-files → Disk
//     compactor: segments → append-log → checkpoint → removal
//
// Faults: a record that fails a check or a read is marked damaged, told to `events.damaged`, and never served; a put replaces
// it. A failed sync gives its segment up. A full disk refuses puts, while reads, drops and compaction go on.

import { assert } from '../base/assert.ts'
import { errorCode, FrostError } from '../base/errors.ts'
import type { ClusterId, DataId, GroupId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import { verifyRecord } from '../codec/checks.ts'
import type { FragmentDigest } from '../codec/fragment-digest.ts'
import { decodeHeader, recordBytesMax } from '../codec/record.ts'
import { Compactor } from './compactor.ts'
import type {
  ChunkRange,
  FragmentKey,
  FragmentListEntry,
  FragmentPage,
  FragmentPlace,
  FragmentRead,
  FragmentStat,
  GroupUsage,
  LogFigures,
  OpenReport,
  ScrubStatus,
  StoreCounters,
  StoreEvents,
  StoreOptions,
  StorePorts,
  StoreUsage,
} from './contract.ts'
import { Drops } from './drops.ts'
import { boundAfter, fragmentText } from './fragment-key.ts'
import {
  listDataIds,
  listFragments,
  listLimitMax,
  listSlice,
  pageOf,
  passesFilter,
  type FragmentFilter,
} from './fragment-listing.ts'
import { FragmentLookup } from './fragment-lookup.ts'
import { openIdentity, writeIdentity, type Identity } from './identity.ts'
import { Puts } from './puts.ts'
import { Scrubber } from './scrubber.ts'
import { SegmentScrub } from './segment-scrub.ts'
import { segmentFileName } from './segment-writer.ts'
import { SlotDigests } from './slot-digests.ts'
import { ballastName, SpaceGuard } from './space-guard.ts'
import { openParts, type StoreHooks, type StoreParts } from './store-parts.ts'
import { settingsOf, type StoreSettings } from './store-settings.ts'

const dropsMax = 4096
/** Slices of the index that one page of a listing looks at. */
const slicesPerPage = 16

interface OpenStore extends StoreParts {
  readonly lookup: FragmentLookup
  readonly compactor: Compactor
  readonly digests: SlotDigests
  readonly puts: Puts
  readonly drops: Drops
  readonly scrubber: Scrubber
}

export class FragmentStore {
  readonly #ports: StorePorts
  readonly #settings: StoreSettings
  readonly #events: StoreEvents
  readonly #space: SpaceGuard
  #state: 'new' | 'open' | 'closing' | 'closed' = 'new'
  #store: OpenStore | undefined
  #identity: Identity | undefined
  /** Calls that change something and have not ended. */
  readonly #changing = new Set<Promise<unknown>>()
  readonly #counts = { reads: 0, failedSyncs: 0, appendedBytes: 0, readBytes: 0 }
  #firstBatches = 0
  #hasFailed = false

  constructor(ports: StorePorts, options: StoreOptions = {}, events: StoreEvents = {}) {
    this.#settings = settingsOf(options)
    this.#ports = ports
    this.#events = events
    const { clock, disk, log } = ports
    const segmentBytes = (): number => this.#store?.ledger.segments.fileBytes ?? 0
    const fullChanged = (full: boolean): void => events.full?.(full)
    this.#space = new SpaceGuard({ clock, disk, log, segmentBytes, fullChanged }, this.#settings)
  }

  /**
   * Locks the directory, replays the logs, starts compaction. Called once, before everything else.
   * @throws FrostError `directory-locked`, `directory-foreign`, `format-unsupported`, `store-corrupt`, `disk-failed`.
   */
  async open(): Promise<OpenReport> {
    assert(this.#state === 'new', 'a store is opened once')
    const { disk } = this.#ports
    await disk.lock()
    try {
      const who = await this.#openIdentity()
      await this.#space.open()
      const parts = await openParts(this.#ports, this.#settings, this.#hooks(), who)
      const lookup = new FragmentLookup(parts.ledger, this.#events)
      this.#identity = who.identity
      const digests = new SlotDigests(this.#ports.clock, parts.ledger)
      const putting = new Map<string, Promise<unknown>>()
      const drops = new Drops(parts, putting)
      const { queueBytesMax } = this.#settings
      const puts = new Puts({ ...parts, lookup, drops, space: this.#space, queueBytesMax }, putting)
      const scrubber = this.#makeScrubber(parts, lookup)
      await scrubber.open()
      this.#store = { ...parts, lookup, digests, puts, drops, scrubber, compactor: this.#makeCompactor(parts, lookup) }
      this.#firstBatches = sumOf(parts.report.lastBatches)
    } catch (error) {
      await disk.close()
      throw error
    }
    this.#state = 'open'
    if (this.#settings.compaction) this.#store.compactor.start()
    if (this.#settings.scrub) this.#store.scrubber.start()
    return this.#store.report
  }

  /** Binds the directory to a cluster, durably; no effect when it is that one's already. @throws FrostError `foreign-cluster`. */
  async joinCluster(clusterId: ClusterId): Promise<void> {
    const identity = this.#identity
    assert(identity !== undefined, 'the store is open')
    if (identity.clusterId === clusterId) return
    if (identity.clusterId !== undefined) {
      throw new FrostError('foreign-cluster', `The data directory belongs to cluster ${identity.clusterId}.`, {
        remedy: `Start this worker in that cluster, or give it an empty directory for cluster ${clusterId}.`,
      })
    }
    this.#identity = { ...identity, clusterId }
    await this.#change(writeIdentity(this.#ports, this.#identity))
  }

  /**
   * Stores a whole record, header and payload, after every check of it was verified. **Durable when it resolves.** `exists`: an
   * equal record was there and passed its checks again (a damaged one is replaced: `stored`). The bytes must not change until it
   * settles; a large record (payload ≥ 64 KiB) should lie in memory from `Disk.allocateAligned`, else it is copied.
   * @throws FrostError `protocol-error` (the given record fails its checks), `fragment-conflict`, `insufficient-storage`,
   * `overloaded`, `disk-failed`.
   */
  async put(record: Uint8Array): Promise<'stored' | 'exists'> {
    const { puts } = this.#opened()
    const header = decodeHeader(this.#ports.compute, record, 'protocol-error')
    verifyRecord(this.#ports.compute, header, record, 'protocol-error')
    return await this.#change(puts.put(header, record))
  }

  /**
   * Reads chunks, all or a range (clipped to the chunks there are), and verifies each. Waits for memory in a bounded queue.
   * @throws FrostError `fragment-missing`, `fragment-corrupt`, `disk-failed`, `overloaded`; `signal.reason`.
   */
  async read(key: FragmentKey, range?: ChunkRange, signal?: AbortSignal): Promise<FragmentRead> {
    const { lookup, reader } = this.#opened()
    this.#counts.reads++
    return lookup.read(key, (located) => reader.readChunks(located, range, signal))
  }

  /**
   * The record's header with CRC table and manifest, as stored; the caller's to keep.
   * @throws FrostError as `read`.
   */
  async readHeader(key: FragmentKey, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const { lookup, reader } = this.#opened()
    return lookup.read(key, (located) => reader.readHeader(located, signal))
  }

  /** From the index, without a look at the record. `undefined`: not held. */
  stat(key: FragmentKey): FragmentStat | undefined {
    const entry = this.#opened().ledger.table.get(fragmentText(key))
    if (entry === undefined || entry.state === 'dropped') return undefined
    return { state: entry.state, recordBytes: entry.bytes, headerCrc: entry.headerCrc }
  }

  /** Where the record lies. `undefined`: not held, or damaged. */
  locate(key: FragmentKey): FragmentPlace | undefined {
    const { ledger } = this.#opened()
    const entry = ledger.table.get(fragmentText(key))
    const kind = entry?.state === 'good' ? ledger.segments.find(entry.segment)?.kind : undefined
    if (entry === undefined || kind === undefined) return undefined
    return { fileName: segmentFileName(kind, entry.segment), offset: entry.offset, recordBytes: entry.bytes }
  }

  /**
   * Removes all fragments of the data ids in the group, also those whose puts are still under way. Durable when it resolves;
   * ids that are not held are no error. A put that comes before it resolves waits for it, and stays. At most 4,096 ids a call.
   * @throws FrostError `disk-failed`, `insufficient-storage`.
   */
  async drop(group: GroupId, dataIds: readonly DataId[]): Promise<void> {
    assert(dataIds.length <= dropsMax, `${dataIds.length} data ids to drop`)
    await this.#change(this.#opened().drops.dropIds(group, dataIds))
  }

  /**
   * As `drop`, for single fragments (a slot that moved away). With a header checksum, only where the record held has it. Resolves to
   * how many went.
   */
  async dropFragments(
    fragments: readonly (FragmentKey & { readonly headerCrc?: number | undefined })[],
  ): Promise<number> {
    assert(fragments.length <= dropsMax, `${fragments.length} fragments to drop`)
    return await this.#change(this.#opened().drops.dropFragments(fragments))
  }

  /** Fragments of a group in good state, in the order of data id, block, column, after `after`; at most `limit` (≤ 10,000). */
  list(options: {
    readonly group: GroupId
    readonly after?: FragmentKey
    readonly limit: number
  }): readonly FragmentListEntry[] {
    return listFragments(this.#opened().ledger.table, options)
  }

  /**
   * As `list`, of those that pass the filter. Looks at a part of a large index only, so a page can be short, or empty, and not the last.
   * @throws FrostError `cancelled` (the store is being closed).
   */
  async listFragments(
    options: FragmentFilter & {
      readonly group: GroupId
      readonly after?: FragmentKey | undefined
      readonly limit: number
    },
  ): Promise<FragmentPage> {
    const { group, after, limit } = options
    assert(Number.isInteger(limit) && limit >= 1 && limit <= listLimitMax, `a page of ${limit}`)
    const passes = passesFilter(options)
    const found: FragmentListEntry[] = []
    let from = after === undefined ? undefined : boundAfter(fragmentText(after))
    for (let slices = 0; slices < slicesPerPage; slices++) {
      if (slices > 0) await this.#endOfTurn()
      if (this.#state !== 'open') throw new FrostError('cancelled', 'The store is being closed.')
      const { table } = this.#opened().ledger
      const { fragments, next } = listSlice(table, { group, from, limit: limit - found.length }, passes)
      found.push(...fragments)
      from = next
      if (next === undefined || found.length === limit) break
    }
    return pageOf(found, from)
  }

  /**
   * The digest of the fragments in good state that belong to a slot of the group (`slotOf`). The first one of a slot takes a walk over
   * the group, later ones are there at once.
   * @throws FrostError `cancelled` (the store is being closed), `overloaded`.
   */
  async digest(group: GroupId, scheme: Scheme, slot: number): Promise<FragmentDigest> {
    return this.#opened().digests.get(group, scheme, slot)
  }

  /** Data ids of which the group holds anything (good or damaged), in order, after `after`; at most `limit` (≤ 10,000). */
  listDataIds(options: {
    readonly group: GroupId
    readonly after?: DataId
    readonly limit: number
  }): readonly DataId[] {
    return listDataIds(this.#opened().ledger.table, options)
  }

  /** Groups of which fragments in good state are held, with how much, in order. */
  listGroups(): readonly GroupUsage[] {
    const { ledger } = this.#opened()
    return ledger.groups().map((group) => ledger.groupRow(group))
  }

  /** Fragments known to be damaged, in key order, after `after`; at most `limit` (≤ 10,000). */
  listDamaged(options: { readonly after?: FragmentKey; readonly limit: number }): readonly FragmentKey[] {
    assert(options.limit >= 1 && options.limit <= listLimitMax, `a page of ${options.limit}`)
    return this.#opened().ledger.listDamaged(options.after, options.limit)
  }

  usage(): StoreUsage {
    const { ledger } = this.#opened()
    this.#space.refresh()
    return {
      fragments: ledger.fragments,
      damaged: ledger.damagedCount,
      liveBytes: ledger.liveBytes,
      segmentBytes: ledger.segments.fileBytes,
      segments: ledger.segments.count,
      capacityBytes: this.#space.capacityBytes,
      freeBytes: this.#space.freeBytes,
      fileSystem: this.#space.fileSystem,
      full: this.#space.freeBytes === 0,
    }
  }

  counters(): StoreCounters {
    const { checkpoints, compactor, drops, lookup, puts } = this.#opened()
    const { segments, bytes } = compactor.counters
    return {
      ...this.#counts,
      ...puts.counts,
      drops: drops.count,
      batches: sumOf(this.lastBatches()) - this.#firstBatches,
      checkpoints: checkpoints.count,
      damageFound: lookup.damageFound,
      segmentsCompacted: segments,
      compactedBytes: bytes,
    }
  }

  /** Of each log: what waits for the disk, the bound of that, and how many entries its batches had. */
  logFigures(): readonly LogFigures[] {
    const { queueBytesMax } = this.#settings
    return Object.entries(this.#opened().logs).map(([log, { queueBytes, batchEntries }]) => {
      return { log, queueBytes, queueBytesMax, batchEntries }
    })
  }

  /** Batches ever made durable in each log, as `OpenReport` has them. */
  lastBatches(): readonly [small: number, large: number] {
    const { small, large } = this.#opened().logs
    return [small.position.nextBatch - 1, large.position.nextBatch - 1]
  }

  /** Age of the oldest disk operation that has not ended; 0 where there is none. */
  oldestOperationMs(): number {
    return this.#opened().tracker.oldestMs
  }

  /** How long disk operations take, of late. */
  diskLatencyMs(): number {
    return this.#opened().tracker.latencyMs
  }

  /** The disk fails again and again, or the store can make nothing durable any more: no place for new data. */
  isFailing(): boolean {
    return this.#hasFailed || this.#opened().tracker.isFailing
  }

  scrubStatus(): ScrubStatus {
    return this.#opened().scrubber.status()
  }

  /** Reads everything that is stored once, from now on and at full pace; what is under way by itself is given up for it. */
  startScrub(): void {
    this.#opened().scrubber.startFull()
  }

  /** A whole cycle of the scrubber, for tests and tools. Not while it runs by itself. */
  async scrubOnce(): Promise<void> {
    assert(!this.#settings.scrub, 'the scrubber does not run by itself')
    await this.#change(this.#opened().scrubber.cycleOnce())
  }

  /** Stores what memory holds of the index, as a crash right afterwards would need it least. */
  async checkpoint(): Promise<void> {
    await this.#change(this.#opened().checkpoints.store())
  }

  /** One step of compaction, for tests and tools; false where there was nothing to do. Not while it runs by itself. */
  async compactOnce(): Promise<boolean> {
    assert(!this.#settings.compaction, 'compaction does not run by itself')
    return await this.#change(this.#opened().compactor.step())
  }

  /** Waits for everything admitted, seals the segments, writes a checkpoint, gives up the lock. Can be called twice. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return
    const store = this.#opened()
    this.#state = 'closing'
    const { log, disk } = this.#ports
    try {
      await store.compactor.stop()
      await store.scrubber.stop()
      await store.digests.close()
      await Promise.allSettled(this.#changing)
      await store.logs.small.seal()
      await store.logs.large.seal()
      await store.checkpoints.store()
    } catch (error) {
      log.error('The store was closed without its last checkpoint; the next start replays the logs.', error)
    }
    this.#state = 'closed'
    await this.#space.idle()
    await store.checkpoints.close()
    await store.files.close()
    await disk.close()
  }

  /** On a full disk the ballast makes room for the few bytes of a start. */
  async #openIdentity(): Promise<{ readonly identity: Identity; readonly isNew: boolean }> {
    try {
      return await openIdentity(this.#ports)
    } catch (error) {
      if (errorCode(error) !== 'insufficient-storage') throw error
      await this.#ports.disk.reserve(ballastName, 0)
      return openIdentity(this.#ports)
    }
  }

  #hooks(): StoreHooks {
    const { clock, log } = this.#ports
    return {
      noSpace: () => this.#space.noSpace(),
      syncFailed: (error) => {
        this.#counts.failedSyncs++
        log.error('An append failed: its segment is given up.', error)
      },
      failed: (error) => {
        if (this.#hasFailed) return
        this.#hasFailed = true
        this.#events.failed?.(error)
      },
      // Found in the middle of a look-up or a scan, which nothing may change.
      rowDamaged: (text) => {
        this.#store?.digests.entryLost(text)
        clock.endOfTurn(() => (this.#state === 'open' ? this.#opened().lookup.noteRowDamage(text) : undefined))
      },
      appended: (bytes) => {
        this.#counts.appendedBytes += bytes
      },
      appendedBytes: () => this.#counts.appendedBytes,
      noteRead: (bytes) => {
        this.#counts.readBytes += bytes
      },
    }
  }

  #makeCompactor(parts: StoreParts, lookup: FragmentLookup): Compactor {
    const { clock, compute, disk, log } = this.#ports
    return new Compactor({
      ...parts,
      clock,
      compute,
      disk,
      log,
      bytesPerSecond: this.#settings.compactionBytesPerSecond,
      segmentBytesMax: this.#settings.segmentBytesMax,
      isFull: () => this.#space.isFull || this.#space.freeBytes < recordBytesMax,
      askCopyRoom: () => this.#space.askCopyRoom(),
      damaged: (text, entry, error) => lookup.noteDamage(text, entry, error),
    })
  }

  #makeScrubber(parts: StoreParts, lookup: FragmentLookup): Scrubber {
    const { clock, compute, disk, log } = this.#ports
    const noteRead = (bytes: number): void => {
      this.#counts.readBytes += bytes
    }
    const segmentScrub = new SegmentScrub({ ...parts, clock, compute, log, lookup, noteRead })
    return new Scrubber({ clock, disk, log, ledger: parts.ledger, segmentScrub }, this.#settings)
  }

  #endOfTurn(): Promise<void> {
    return new Promise((resolve) => {
      this.#ports.clock.endOfTurn(resolve)
    })
  }

  #opened(): OpenStore {
    assert(this.#state === 'open' && this.#store !== undefined, 'the store is open')
    return this.#store
  }

  /** Counts a change as under way until it settles, for `close`. */
  async #change<T>(change: Promise<T>): Promise<T> {
    this.#changing.add(change)
    try {
      return await change
    } finally {
      this.#changing.delete(change)
    }
  }
}

function sumOf([small, large]: readonly [number, number]): number {
  return small + large
}
