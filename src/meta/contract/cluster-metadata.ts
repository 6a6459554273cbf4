// The one row about the cluster itself, and how metadata knows that it is not the newest of its kind any more. Metadata has a history
// with a counter that only goes up; workers remember the furthest that they have seen of it, outside of metadata. So metadata that was
// lost, or restored from a backup, is told so by the first worker that knows better, and is `behind` until it was rebuilt.

import type { ClusterId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { Fence, HorizonMs } from './conventions.ts'

/** The one row about the cluster itself. */
export interface ClusterRow {
  readonly cluster: ClusterId
  /** 32 lower-case hex digits; a new one each time that metadata was rebuilt. */
  readonly history: string
  /** The histories that this one took the place of, newest first; at most `predecessorsMax`. Absent: none. */
  readonly predecessors?: readonly string[]
  /** Raised every 10 s by the lease holder; workers remember the highest, so metadata that went back in time is noticed. */
  readonly counter: number
  /** The horizon when the counter was last raised: what had no row below it then is settled for good. Absent: 0. */
  readonly settledMs?: HorizonMs
  /** Whether a worker knows better: a higher counter of this history, or a history that this one does not know. */
  readonly behind: boolean
  /** Histories that workers know and this one does not, from before a rebuild; at most `predecessorsMax`. Absent: none. */
  readonly foreign?: readonly string[]
  /**
   * Data ids below this time without a row may still belong to files, because not every worker was there when metadata was
   * rebuilt: orphan collection leaves them. Absent: 0.
   */
  readonly unsettledBelowMs?: HorizonMs
  /** New placement groups get numbers above this one: workers that were away may know groups up to it. Absent: 0. */
  readonly groupsAbove?: number
  /** Of the stored rows; a store that holds a newer one is refused on opening with `format-unsupported`. */
  readonly formatVersion: number
  readonly defaultScheme: Scheme
  readonly defaultChunkSizeBytes: number
  readonly createdMs: number
}

/** What a worker has stored of metadata's history. */
export interface HistorySeen {
  readonly history: string
  readonly counter: number
}

export interface ClusterReads {
  /** `undefined` in an empty store. */
  getCluster(): Promise<ClusterRow | undefined>
}

export interface ClusterMutations {
  /**
   * Makes the cluster row and the bucket `default` in an empty store. Resolves to the row that is stored, which is another one
   * where a cluster exists already: compare the ids. A repeat finds its own row.
   */
  createCluster(command: CreateCluster): Promise<ClusterRow>
  /**
   * Adds one to the counter; resolves to the row. Where `behind` is set it stays as it is. A repeat may raise it twice,
   * which harms nothing.
   * @throws FrostError `precondition-failed` where the history is another one, or the fence is stale.
   */
  raiseCounter(command: RaiseCounter): Promise<ClusterRow>
  /**
   * Sets `behind` where what a worker has seen is a higher counter of this history, or a history that is not among its predecessors;
   * resolves to the row. From then on every mutation that changes files, buckets or placement groups, or makes data `dead` that was not
   * an upload of now, fails with `read-only`, until `finishRebuild`. A repeat finds it set.
   */
  markBehind(command: MarkBehind): Promise<ClusterRow>
}

export interface CreateCluster {
  readonly cluster: ClusterId
  readonly history: string
  readonly defaultScheme: Scheme
  readonly defaultChunkSizeBytes: number
  readonly createdMs: number
}

export interface RaiseCounter {
  readonly history: string
  readonly fence?: Fence
}

export interface MarkBehind {
  readonly history: string
  /** Absent: the worker holds data of this cluster and metadata does not know it, which says enough. */
  readonly seen?: HistorySeen
}

export const predecessorsMax = 64
