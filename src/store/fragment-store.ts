// A worker's fragment store. (Public face; the body follows.)

import type { ClusterId, DataId, GroupId } from '../base/ids.ts'
import type {
  ChunkRange,
  FragmentKey,
  FragmentListEntry,
  FragmentPlace,
  FragmentRead,
  FragmentStat,
  OpenReport,
  StoreCounters,
  StoreEvents,
  StoreOptions,
  StorePorts,
  StoreUsage,
} from './contract.ts'

export class FragmentStore {
  constructor(_ports: StorePorts, _options: StoreOptions = {}, _events: StoreEvents = {}) {}

  /**
   * Locks the directory, replays the logs, starts compaction. Called once, before everything else.
   * @throws FrostError `directory-locked`, `directory-foreign`, `format-unsupported`, `store-corrupt`, `disk-failed`.
   */
  open(): Promise<OpenReport> {
    throw new Error('not built yet')
  }

  /** Binds the directory to a cluster, durably; no effect when it is that one's already. @throws FrostError `foreign-cluster`. */
  joinCluster(_clusterId: ClusterId): Promise<void> {
    throw new Error('not built yet')
  }

  /**
   * Stores a whole record, header and payload, after every check of it was verified. **Durable when it resolves.** `exists`: an
   * equal record was there and passed its checks again (a damaged one is replaced: `stored`). The bytes must not change until it
   * settles; a large record (payload ≥ 64 KiB) should lie in memory from `Disk.allocateAligned`, else it is copied.
   * @throws FrostError `fragment-corrupt` (the given record fails its checks), `fragment-conflict`, `insufficient-storage`,
   * `overloaded`, `disk-failed`.
   */
  put(_record: Uint8Array): Promise<'stored' | 'exists'> {
    throw new Error('not built yet')
  }

  /**
   * Reads chunks, all or a range (clipped to the chunks there are), and verifies each. Waits for memory in a bounded queue.
   * @throws FrostError `fragment-missing`, `fragment-corrupt`, `disk-failed`, `overloaded`; `signal.reason`.
   */
  read(_key: FragmentKey, _range?: ChunkRange, _signal?: AbortSignal): Promise<FragmentRead> {
    throw new Error('not built yet')
  }

  /**
   * The record's header with CRC table and manifest, as stored; the caller's to keep.
   * @throws FrostError as `read`.
   */
  readHeader(_key: FragmentKey, _signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    throw new Error('not built yet')
  }

  /** From the index, without a look at the record. `undefined`: not held. */
  stat(_key: FragmentKey): FragmentStat | undefined {
    throw new Error('not built yet')
  }

  /** Where the record lies. `undefined`: not held, or damaged. */
  locate(_key: FragmentKey): FragmentPlace | undefined {
    throw new Error('not built yet')
  }

  /**
   * Removes all fragments of the data ids in the group, also those whose puts are still under way. Durable when it resolves;
   * ids that are not held are no error. At most 4,096 ids a call.
   * @throws FrostError `disk-failed`, `overloaded`.
   */
  drop(_group: GroupId, _dataIds: readonly DataId[]): Promise<void> {
    throw new Error('not built yet')
  }

  /** As `drop`, for single fragments (a slot that moved away). */
  dropFragments(_keys: readonly FragmentKey[]): Promise<void> {
    throw new Error('not built yet')
  }

  /** Fragments of a group in good state, in the order of data id, block, column, after `after`; at most `limit` (≤ 10,000). */
  list(_options: {
    readonly group: GroupId
    readonly after?: FragmentKey
    readonly limit: number
  }): readonly FragmentListEntry[] {
    throw new Error('not built yet')
  }

  /** Data ids of which the group holds anything (good or damaged), in order, after `after`; at most `limit` (≤ 10,000). */
  listDataIds(_options: {
    readonly group: GroupId
    readonly after?: DataId
    readonly limit: number
  }): readonly DataId[] {
    throw new Error('not built yet')
  }

  /** Groups of which anything is held, in order. */
  listGroups(): readonly GroupId[] {
    throw new Error('not built yet')
  }

  /** Fragments known to be damaged, in key order, after `after`; at most `limit` (≤ 10,000). */
  listDamaged(_options: { readonly after?: FragmentKey; readonly limit: number }): readonly FragmentKey[] {
    throw new Error('not built yet')
  }

  usage(): StoreUsage {
    throw new Error('not built yet')
  }

  counters(): StoreCounters {
    throw new Error('not built yet')
  }

  /** Batches made durable, both logs, ever: for the heartbeat. */
  lastBatch(): number {
    throw new Error('not built yet')
  }

  /** Age of the oldest disk operation that has not ended; 0 where there is none. */
  oldestOperationMs(): number {
    throw new Error('not built yet')
  }

  /** Waits for everything admitted, writes a checkpoint, gives up the lock. Can be called twice. */
  close(): Promise<void> {
    throw new Error('not built yet')
  }
}
