// A run as text for the terminal, and as JSON and Markdown for bench/results/.

import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { Machine } from '../../src/cli/bench/machine.ts'
import { alignedTable, markdownTable, number, rowCells } from '../../src/cli/bench/table.ts'
import type { Cells } from '../../src/cli/bench/table.ts'
import type { RowResult } from '../../src/cli/bench/row.ts'
import { floorCpuPerGib } from '../yardsticks/floor.ts'
import type { FloorFigure } from '../yardsticks/floor.ts'
import { compareFaces, faceCells, faceHeadings } from './faces.ts'
import type { LoopDelay } from './faces.ts'
import { barCells, barHeadings } from './bars.ts'
import type { Bar } from './bars.ts'
import type { IdleMemory } from './cluster.ts'
import type { CommitFigures } from './metadata-commits.ts'

export interface Run {
  readonly machine: Machine
  readonly commit: string
  readonly date: string
  readonly command: string
  readonly keys: number
  readonly seconds: number
  readonly rows: readonly RowResult[]
  readonly floor: readonly FloorFigure[]
  readonly commits: CommitFigures | undefined
  readonly idle: IdleMemory | undefined
  readonly bars: readonly Bar[]
  /** Of the master, by `server row`; where S3 was measured. */
  readonly loopDelays: Readonly<Record<string, LoopDelay>>
  /** CPU-seconds for one body, by `digest size`. */
  readonly digests: Readonly<Record<string, number>>
  /** What was left out, and why. */
  readonly notes: readonly string[]
}

const floorHeadings: Cells = ['floor', 'writes', 'MiB/s', 'CPU user s', 'CPU system s', 'CPU s/GiB']

function floorCells(figure: FloorFigure): Cells {
  const { row, mode, bytes, seconds, user, system } = figure
  const rate = bytes / 1024 ** 2 / seconds
  return [row, mode, number(rate), number(user), number(system), number(floorCpuPerGib(figure))]
}

type TableOf = (rows: readonly Cells[], head?: Cells) => string

function sections(run: Run, table: TableOf): readonly string[] {
  const parts: string[] = []
  if (run.rows.length > 0) parts.push(table(run.rows.map(rowCells)))
  const faces = compareFaces(run)
  if (faces.length > 0) parts.push(table(faces.map(faceCells), faceHeadings))
  if (run.floor.length > 0) parts.push(table(run.floor.map(floorCells), floorHeadings))
  const { commits, idle } = run
  if (commits !== undefined) {
    const cells = commits.rows.map(({ clients, commitsPerSecond, p50Ms, p99Ms, cpuMsPerCommit }): Cells =>
      [clients, commitsPerSecond, p50Ms, p99Ms, cpuMsPerCommit].map(number),
    )
    parts.push(table(cells, ['clients', 'durable commits/s', 'p50 ms', 'p99 ms', 'CPU-ms']))
    parts.push(
      `One fdatasync after 4 KiB: ${number(commits.syncSeconds * 1000)} ms. Keys in the store: ${number(commits.keys)}.`,
    )
  }
  if (idle !== undefined) {
    const { masterRss, workerRss, sumPss, processes } = idle
    const rss = `master RSS ${number(masterRss)} MiB, largest worker RSS ${number(workerRss)} MiB`
    parts.push(`Idle: ${rss}, PSS of all ${processes} processes ${number(sumPss)} MiB.`)
  }
  const bars = run.bars.filter((bar) => bar.measured !== undefined)
  if (bars.length > 0) parts.push(table(bars.map(barCells), barHeadings))
  parts.push(...run.notes)
  return parts
}

export function terminalReport(run: Run): string {
  return sections(run, alignedTable).join('\n\n')
}

function markdownReport(run: Run): string {
  const { machine } = run
  return [
    `# FrostByte benchmark, ${run.date.slice(0, 10)}, commit ${run.commit}`,
    [
      `- command: \`${run.command}\` (${number(run.seconds)} s)`,
      `- machine: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB memory`,
      `- system: ${machine.kernel}, ${machine.fileSystem}, Node.js ${machine.nodeVersion}`,
      `- ${number(run.keys)} keys were in the metadata before the start; one master process, five workers, 3+2, every write durable`,
      '- CPU is user and system time of all the processes of a server together; the clients are not counted',
    ].join('\n'),
    ...sections(run, markdownTable),
    '',
  ].join('\n\n')
}

/** Where the Markdown lies, relative to the repository. */
export function saveRun(run: Run, kind: string): string {
  return saveResult(run, kind, markdownReport(run))
}

/** The same for any run: its JSON and its Markdown, named by when and of what it was. */
export function saveResult(
  run: { readonly date: string; readonly commit: string },
  kind: string,
  markdown: string,
): string {
  const name = `${run.date.slice(0, 16).replaceAll(':', '')}-${run.commit.split(' ')[0]}-${kind}`
  const folder = join(import.meta.dirname, '../results')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(run, undefined, 1)}\n`)
  writeFileSync(join(folder, `${name}.md`), markdown)
  return `bench/results/${name}.md`
}
