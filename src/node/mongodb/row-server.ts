// What MongoKeyValue needs of a server: reading rows at a point of time, and committing changes where nothing else has changed since.
// The driver is behind it (driver-row-server.ts); tests of the logic put a server in memory in its place.
//
// One document, the **guard**, is written by every commit of every master, each under the next number. A commit is conditional on the
// guard that its decisions started from: where that still stands, no row has changed since, so what was read before is what is there.

import type { ByteString, KeyRange, KeyValueEntry } from '../../ports/key-value.ts'

/** What a store is for; masters work only on an open one. `importing`: rows are being copied in. `moved`: they were copied out. */
export type StoreState = 'open' | 'importing' | 'moved'

/** The last commit of one master process, and the session of its transactions. */
export interface InstanceMark {
  readonly number: number
  /** 32 hex digits. */
  readonly session: string
}

export interface Guard {
  /** Of the last commit; goes up by one with each. */
  readonly number: number
  /** Names the last commit: no two have the same, also where a failover took one back. */
  readonly commit: string
  readonly state: StoreState
  /** By instance, at most `instancesMax`. */
  readonly instances: ReadonlyMap<string, InstanceMark>
}

export const instancesMax = 64

/** By instance, the number of the guard when it began to wait for its turn; over once its mark has a higher one. */
export type Queue = ReadonlyMap<string, number>

/** A point of the cluster's time, as the server gave it. */
export interface ClusterTime {
  readonly time: unknown
}

export interface Commit {
  /** The guard that the decisions started from. */
  readonly from: Guard
  readonly to: Guard
  readonly changes: ReadonlyMap<ByteString, Uint8Array | undefined>
}

/**
 * - `committed`: durable on a majority; `time` is not older
 * - `conflict`: certainly not: something was committed in between, or another commit is under way
 * - `ended`: the transaction is over for certain; the guard tells which way
 */
export type CommitOutcome =
  | { readonly kind: 'committed'; readonly time: ClusterTime }
  | { readonly kind: 'conflict' | 'ended' }

export interface RangeQuery extends KeyRange {
  /** Values are left out (empty). */
  readonly keysOnly: boolean
}

/**
 * All methods may reject with whatever the driver rejects with: the server was not reached, or did not do it, and reads and
 * the steps of a commit before its last one have no effect then.
 */
export interface RowServer {
  /** A linearizable read: it sees every commit acknowledged before the call. A read at its time does too. */
  barrier(): Promise<{ readonly guard: Guard; readonly time: ClusterTime }>
  /** One round trip for each thousand keys, one state: the newest that is on a majority, as far as the server knows. */
  getWithGuard(
    keys: readonly ByteString[],
  ): Promise<{ readonly guard: Guard; readonly queue: Queue; readonly time: ClusterTime; readonly rows: Rows }>
  /** Puts an instance into the queue, and takes out those that are `gone`. */
  enqueue(instance: string, number: number, gone: readonly string[]): Promise<void>
  /** The state of exactly that time, a few minutes ago at most. As many round trips; rows that are not there are not in it. */
  get(keys: readonly ByteString[], at: ClusterTime): Promise<Rows>
  range(query: RangeQuery, at: ClusterTime): Promise<readonly KeyValueEntry[]>
  /**
   * All of it in one transaction, or nothing. One commit at a time.
   * @throws FrostError `outcome-unknown`: the server could not be asked what became of it. Anything else: it did not happen.
   */
  commit(commit: Commit): Promise<CommitOutcome>
  /** Ends the transactions that these sessions have open. */
  endTransactions(sessions: readonly string[]): Promise<void>
  /** Can be called twice. */
  close(): Promise<void>
}

export type Rows = ReadonlyMap<ByteString, Uint8Array>
