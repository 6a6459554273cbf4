import type { ClusterId } from '../../base/ids.ts'
import type { Scheme } from '../../base/scheme.ts'
import type { Fence } from './conventions.ts'

/** The one row about the cluster itself. */
export interface ClusterRow {
  readonly cluster: ClusterId
  /** 32 lower-case hex digits; a new one each time that metadata was rebuilt. */
  readonly history: string
  /** Raised every 10 s by the lease holder; workers remember the highest, so metadata that went back in time is noticed. */
  readonly counter: number
  /** Whether somebody met a higher counter of this history. Then the counter is not raised any more. */
  readonly behind: boolean
  /** Of the stored rows; a store that holds a newer one is refused on opening with `format-unsupported`. */
  readonly formatVersion: number
  readonly defaultScheme: Scheme
  readonly defaultChunkSizeBytes: number
  readonly createdMs: number
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
  /** Sets `behind` where `counterSeen` of this history is above the stored one; resolves to the row. A repeat finds it set. */
  markBehind(command: { readonly history: string; readonly counterSeen: number }): Promise<ClusterRow>
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
