// What `frostbyte bench` does: the rows against a server that runs already, without yardsticks. CPU and memory are known only
// where the server runs on this machine and its root process is named.

import { availableParallelism } from 'node:os'

import { LoadGenerator } from './load-generator.ts'
import { ProgressLine } from './progress-line.ts'
import { listTree } from './process-usage.ts'
import { fullRows, planRows, quickRows, selectRows } from './row.ts'
import type { RowResult } from './row.ts'
import { RowRunner } from './row-runner.ts'
import type { Server } from './row-runner.ts'

export interface BenchRequest {
  readonly url: URL
  /** Value of the header by which a client signs in. */
  readonly authorization?: string | undefined
  /** The server's root process, whose children are counted too. */
  readonly pid?: number
  /** Fewer rows, each for half the time. */
  readonly quick: boolean
  /** Ids of rows, or beginnings of ids; empty: all. */
  readonly only: readonly string[]
  /** For each row. Default: a few seconds, by its kind. */
  readonly secondsMax?: number
  readonly clientProcesses?: number
  readonly onRow: (result: RowResult) => void
}

/**
 * The files that it makes are deleted again.
 * @throws Error for a name that selects no row, or where the server does not answer.
 */
export async function benchRunningServer(request: BenchRequest): Promise<readonly RowResult[]> {
  const { only, quick, secondsMax, onRow } = request
  const all = planRows(quick ? quickRows : fullRows)
  const rows = (only.length === 0 ? all : selectRows(planRows(fullRows), only)).map((row) =>
    secondsMax === undefined ? row : { ...row, secondsMax },
  )
  const progress = new ProgressLine()
  const load = new LoadGenerator()
  const results: RowResult[] = []
  try {
    await load.start(request.clientProcesses ?? defaultClientProcesses())
    const runner = new RowRunner({
      server: runningServer(request.url, request.pid, request.authorization),
      load,
      onProgress: progress.onProgress,
    })
    for (const [index, row] of rows.entries()) {
      const result = await runner.measure(row)
      progress.clear()
      results.push(result)
      onRow(result)
      if (rows[index + 1]?.sizeBytes !== row.sizeBytes) await runner.deleteAll([row.sizeBytes])
    }
  } finally {
    progress.clear()
    load.close()
  }
  return results
}

/** One keeps up with two cores of servers; more machines' worth of servers want more of them. */
export function defaultClientProcesses(): number {
  return Math.max(1, Math.min(4, availableParallelism() >> 2))
}

export function runningServer(url: URL, pid: number | undefined, authorization?: string): Server {
  const port = Number(url.port === '' ? 80 : url.port)
  const roots = pid === undefined ? [] : [pid]
  return {
    name: 'frostbyte',
    target: { host: url.hostname.replace(/^\[(.*)\]$/, '$1'), port, dialect: 'frostbyte', authorization },
    processes: () => roots.flatMap((root) => listTree(root)).map((one) => ({ pid: one.pid, role: 'server' })),
  }
}
