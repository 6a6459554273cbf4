// The state of a cluster as the REST surface gives it, for tests that show its readers one state after the other.

export interface WorkerJson {
  readonly id: string
  readonly address: string
  readonly zone: string | null
  readonly state: string
  readonly usedBytes: number
  readonly capacityBytes: number
  readonly slots: number
  readonly failing: boolean
  readonly oldestDiskOperationMs: number
  readonly diskLatencyMs: number
  readonly damagedFragments: number
  readonly asksToDelete: boolean
  readonly scrub: ScrubJson | null
}

export interface ScrubJson {
  readonly runningFull: boolean
  readonly doneBytes: number
  readonly totalBytes: number
  readonly lastFinishedAt: string | null
}

export interface ClusterJson {
  readonly id: string
  readonly time: string
  readonly behind: boolean
  readonly workers: readonly WorkerJson[]
  readonly groups: readonly object[]
  readonly redundancy: {
    readonly fragmentsMissing: number | null
    readonly filesAtRisk: number | null
    readonly filesLost: number | null
    readonly lostFiles: readonly { readonly filename: string; readonly bucket: string }[]
    readonly unknown: number
    readonly comparedAt: string | null
    readonly scrubbedAt: string | null
  }
  readonly healing: {
    readonly moves: readonly object[]
    readonly queued: number
    readonly rebuiltFragments: number
    readonly writtenBytes: number
    readonly readBytes: number
    readonly bytesPerSecond: number
    readonly slotsToMove: number
    readonly slotsWithoutSpare: number
  }
}

const ids = ['00000000000000a1', '00000000000000a2', '00000000000000a3', '00000000000000a4', '00000000000000a5']

/** Nothing is wrong, as of a comparison that began five minutes before. */
export function healthyCluster(): ClusterJson {
  return {
    id: '000102030405060708090a0b0c0d0e0f',
    time: '2026-11-23T10:05:00.000Z',
    behind: false,
    workers: ids.map((id, index) => ({
      id,
      address: `127.0.0.1:${7001 + index}`,
      zone: index === 0 ? 'north' : null,
      state: 'up',
      usedBytes: 5 * 1024 * 1024 * index,
      capacityBytes: 100 * 1024 * 1024,
      slots: 1,
      failing: false,
      oldestDiskOperationMs: 0,
      diskLatencyMs: 1,
      damagedFragments: 0,
      asksToDelete: false,
      scrub: { runningFull: false, doneBytes: 0, totalBytes: 0, lastFinishedAt: null },
    })),
    groups: [{ id: 1, epoch: 1, scheme: '3+2', state: 'writable', workers: ids }],
    redundancy: {
      fragmentsMissing: 0,
      filesAtRisk: 0,
      filesLost: 0,
      lostFiles: [],
      unknown: 0,
      comparedAt: '2026-11-23T10:00:00.000Z',
      scrubbedAt: null,
    },
    healing: {
      moves: [],
      queued: 0,
      rebuiltFragments: 0,
      writtenBytes: 0,
      readBytes: 0,
      bytesPerSecond: 0,
      slotsToMove: 0,
      slotsWithoutSpare: 0,
    },
  }
}

export interface ClusterChange {
  readonly time?: string
  readonly redundancy?: Partial<ClusterJson['redundancy']>
  readonly healing?: Partial<ClusterJson['healing']>
  /** Of the first worker. */
  readonly worker?: Partial<WorkerJson>
}

/** `healthyCluster` with something else about it. */
export function changedCluster(change: ClusterChange): ClusterJson {
  const healthy = healthyCluster()
  return {
    ...healthy,
    time: change.time ?? healthy.time,
    workers: healthy.workers.map((worker, index) => (index === 0 ? { ...worker, ...change.worker } : worker)),
    redundancy: { ...healthy.redundancy, ...change.redundancy },
    healing: { ...healthy.healing, ...change.healing },
  }
}
