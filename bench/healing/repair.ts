// How fast a lost worker is replaced and everything is scrubbed, what that costs, and what clients feel of it.

import { rm } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { GIB, MIB } from '../../src/base/units.ts'
import { cpuBetween, cpuOf } from '../../src/cli/bench/process-usage.ts'
import { readStatus, untilStatus, untilWhole } from '../../test/harness/cluster-status.ts'
import type { ClusterStatus } from '../../test/harness/cluster-status.ts'
import type { RealCluster } from '../../test/harness/real-cluster.ts'

export interface WorkFigures {
  readonly bytes: number
  readonly seconds: number
  readonly mibPerSecond: number
  /** User and system time of all processes of the cluster, a GiB of the work; with clients at work theirs is in it. */
  readonly cpuSecondsPerGib: number
}

const maxMs = 600_000

/** Loses the worker, gives the cluster another one, and measures from the first slot that moves until everything is whole. */
export async function measureRebuild(cluster: RealCluster, worker: number): Promise<WorkFigures> {
  const victim = defined(cluster.workers[worker], 'worker')
  await victim.kill()
  await rm(victim.dataDirectory, { recursive: true })
  await cluster.addWorker()
  const { healing: before } = await untilStatus(cluster.url, { what: 'a first move', maxMs }, ({ healing }) => {
    return healing.moves.length > 0
  })
  return await measureWork(cluster, async () => {
    await untilStatus(cluster.url, { what: 'an end of the moves', maxMs }, ({ healing }) => healing.slotsToMove === 0)
    const { healing } = await untilWhole(cluster.url, maxMs)
    return healing.writtenBytes - before.writtenBytes
  })
}

/** Every byte that is stored, read and checked at the pace that an administrator's order gets. */
export async function measureScrub(cluster: RealCluster): Promise<WorkFigures> {
  return await measureWork(cluster, async () => {
    const response = await fetch(`${cluster.url}/api/v1/scrub`, { method: 'POST' })
    if (!response.ok) throw new Error(`scrub: ${response.status} ${await response.text()}`)
    await sleep(3000)
    const status = await untilStatus(cluster.url, { what: 'the end of the scrub', maxMs }, (state) =>
      liveWorkers(state).every(({ scrub }) => scrub !== null && !scrub.runningFull),
    )
    return liveWorkers(status).reduce((sum, { scrub }) => sum + (scrub?.totalBytes ?? 0), 0)
  })
}

function liveWorkers({ workers }: ClusterStatus): ClusterStatus['workers'] {
  return workers.filter(({ state }) => state === 'up')
}

async function measureWork(cluster: RealCluster, work: () => Promise<number>): Promise<WorkFigures> {
  const processes = cluster.nodes.filter(({ isRunning }) => isRunning).map(({ pid, name }) => ({ pid, role: name }))
  const cpuBefore = cpuOf(processes)
  const startMs = performance.now()
  const bytes = await work()
  const seconds = (performance.now() - startMs) / 1000
  const { user, system } = cpuBetween(cpuBefore, cpuOf(processes))
  return { bytes, seconds, mibPerSecond: bytes / MIB / seconds, cpuSecondsPerGib: (user + system) / (bytes / GIB) }
}

/** What is stored, by the workers' own word. */
export async function storedBytes(cluster: RealCluster): Promise<number> {
  return liveWorkers(await readStatus(cluster.url)).reduce((sum, { usedBytes }) => sum + usedBytes, 0)
}
