// What the cluster says of itself at GET /api/v1/cluster, and waiting for it to be whole.

import { setTimeout as sleep } from 'node:timers/promises'

export interface WorkerStatus {
  readonly id: string
  readonly address: string
  readonly state: 'up' | 'suspect' | 'down' | 'draining' | 'out'
  readonly usedBytes: number
  readonly capacityBytes: number
  readonly slots: number
  readonly failing: boolean
  readonly oldestDiskOperationMs: number
  readonly scrub: { readonly runningFull: boolean; readonly doneBytes: number; readonly totalBytes: number } | null
}

export interface ClusterStatus {
  readonly workers: readonly WorkerStatus[]
  readonly groups: readonly { readonly id: number; readonly workers: readonly string[] }[]
  readonly redundancy: {
    readonly fragmentsMissing: number | null
    readonly filesAtRisk: number | null
    readonly filesLost: number | null
    readonly unknown: number
    readonly comparedAt: string | null
  }
  readonly healing: {
    readonly moves: readonly unknown[]
    readonly queued: number
    readonly rebuiltFragments: number
    readonly writtenBytes: number
    readonly readBytes: number
    readonly slotsToMove: number
    readonly slotsWithoutSpare: number
  }
}

export async function readStatus(url: string): Promise<ClusterStatus> {
  const response = await fetch(`${url}/api/v1/cluster`, { signal: AbortSignal.timeout(10_000) })
  if (!response.ok) throw new Error(`the state of the cluster: ${response.status} ${await response.text()}`)
  return (await response.json()) as ClusterStatus
}

/** Nothing is missing, and nothing is unknown. */
export function saysWhole({ redundancy }: ClusterStatus): boolean {
  const { fragmentsMissing, filesAtRisk, filesLost, unknown } = redundancy
  return fragmentsMissing === 0 && filesAtRisk === 0 && filesLost === 0 && unknown === 0
}

/** Asks until the answer pleases; when it never does, the error shows the last one. */
export async function untilStatus(
  url: string,
  wait: { readonly what: string; readonly maxMs: number },
  pleases: (status: ClusterStatus) => boolean,
): Promise<ClusterStatus> {
  const deadline = performance.now() + wait.maxMs
  let last = ''
  while (performance.now() < deadline) {
    try {
      const status = await readStatus(url)
      if (pleases(status)) return status
      const workers = status.workers.map(({ id, state, slots }) => `${id} ${state} ${slots}`).join(', ')
      last = `${JSON.stringify(status.redundancy)} ${JSON.stringify(status.healing)} ${workers}`
    } catch (error) {
      last = String(error)
    }
    await sleep(200)
  }
  throw new Error(`${wait.what}: not within ${wait.maxMs / 1000} s: ${last}`)
}

export async function untilWhole(url: string, maxMs: number): Promise<ClusterStatus> {
  return await untilStatus(url, { what: 'whole', maxMs }, saysWhole)
}
