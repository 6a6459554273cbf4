// What a process of a master counts of itself, as plain numbers.

import type { Histogram } from '../base/histogram.ts'
import type { RpcPeer } from '../rpc/peer.ts'

/** For metrics. */
export interface MasterCounts {
  readonly damagedFragments: number
  readonly workersConnected: number
  readonly memoryInFlightBytes: number
  readonly memoryBytesMax: number
  readonly memoryWaiting: number
  readonly memoryWaitingMax: number
  readonly uploadsOpen: number
  /** Whether this process does the background work. */
  readonly holdsLease: boolean
  /** The metadata is older than what workers remember. */
  readonly isBehind: boolean
  /** What waits between this process and the workers. */
  readonly calls: CallCounts
  /** Seconds from a full block to its acknowledgement by the workers, and from asking a worker for chunks to having them. */
  readonly blockWriteTimes: Histogram
  readonly fragmentReadTimes: Histogram
  /** Seconds that commits of versions took, whatever the metadata store is. */
  readonly commitTimes: Histogram
}

export interface CallCounts {
  readonly inFlight: number
  readonly waiting: number
  readonly queuedBytes: number
}

export function countCalls(peers: Iterable<RpcPeer>): CallCounts {
  let [inFlight, waiting, queuedBytes] = [0, 0, 0]
  for (const { stats } of peers) {
    inFlight += stats.inFlight
    waiting += stats.waiting
    queuedBytes += stats.queuedBytes
  }
  return { inFlight, waiting, queuedBytes }
}
