// Durable commits per second through MetadataStore, from several clients at a time, and how long one sync takes.

import { closeSync, fdatasyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'

import { LatencyHistogram } from '../../src/cli/bench/latency.ts'
import { openMetadata } from './open-metadata.ts'
import { SyntheticCommits } from './synthetic-commits.ts'

export interface CommitFigures {
  /** Of one `fdatasync` after 4 KiB, the median. */
  readonly syncSeconds: number
  readonly keys: number
  readonly rows: readonly CommitRow[]
}

export interface CommitRow {
  readonly clients: number
  readonly commitsPerSecond: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  /** Of this process, the sync of the store included. */
  readonly cpuMsPerCommit: number
}

/** `folder` is the data folder of a cluster that has run and does not run now; the store in it is changed. */
export async function measureCommits(
  folder: string,
  options: { readonly keys: number; readonly secondsEach: number },
): Promise<CommitFigures> {
  const store = await openMetadata(folder)
  try {
    const commits = await SyntheticCommits.open(store)
    await measureClients(commits, 64, 0.5) // compiles it
    const rows: CommitRow[] = []
    for (const clients of [1, 16, 64]) rows.push(await measureClients(commits, clients, options.secondsEach))
    return { syncSeconds: measureSync(folder), keys: options.keys, rows }
  } finally {
    await store.close()
  }
}

async function measureClients(commits: SyntheticCommits, clients: number, seconds: number): Promise<CommitRow> {
  const latencies = new LatencyHistogram()
  const cpuBefore = process.cpuUsage()
  const startMs = performance.now()
  const endMs = startMs + seconds * 1000
  let count = 0
  const drive = async (client: number): Promise<void> => {
    for (let index = 0; performance.now() < endMs; index++) {
      const beganMs = performance.now()
      await commits.commit(`commits/${client}/${beganMs.toString(36)}-${index}`)
      latencies.record(performance.now() - beganMs)
      count++
    }
  }
  await Promise.all(Array.from({ length: clients }, async (_, client) => await drive(client)))
  const elapsedSeconds = (performance.now() - startMs) / 1000
  const { user, system } = process.cpuUsage(cpuBefore)
  return {
    clients,
    commitsPerSecond: count / elapsedSeconds,
    p50Ms: latencies.quantileMs(0.5),
    p99Ms: latencies.quantileMs(0.99),
    cpuMsPerCommit: (user + system) / 1000 / count,
  }
}

function measureSync(folder: string): number {
  const path = join(folder, 'bench-sync')
  const file = openSync(path, 'w')
  const bytes = Buffer.alloc(4096, 1)
  const times: number[] = []
  for (let index = 0; index < 200; index++) {
    writeSync(file, bytes)
    const startMs = performance.now()
    fdatasyncSync(file)
    times.push((performance.now() - startMs) / 1000)
  }
  closeSync(file)
  rmSync(path)
  return times.sort((a, b) => a - b)[times.length >> 1] ?? 0
}
