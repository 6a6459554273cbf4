// The bars that the project holds itself to, and the aims beyond them. A bar holds where either of its two figures
// holds: an absolute one, or a ratio to a yardstick measured in the same run, because machines differ.

import type { RowResult } from '../../src/cli/bench/row.ts'
import { cpuMsPerOperation, cpuPerGib, namesPerCpuSecond } from '../../src/cli/bench/row.ts'
import { number } from '../../src/cli/bench/table.ts'
import type { Cells } from '../../src/cli/bench/table.ts'
import type { CommitFigures } from './metadata-commits.ts'
import type { IdleMemory } from './cluster.ts'
import { barRows } from './selection.ts'

export interface Measured {
  readonly rows: readonly RowResult[]
  /** CPU-seconds per GiB: the lower of the floor's ways of writing, averaged over the run. */
  readonly floorUpload: number | undefined
  readonly floorDownload: number | undefined
  readonly commits: CommitFigures | undefined
  readonly idle: IdleMemory | undefined
}

export interface Bar {
  readonly what: string
  readonly unit: string
  readonly measured: number | undefined
  /** Measured ÷ yardstick. */
  readonly ratio: number | undefined
  readonly bar: string
  readonly aim: string
  /** `undefined`: not measured. */
  readonly holds: boolean | undefined
  readonly aimHolds: boolean | undefined
}

interface CostBar {
  readonly what: string
  readonly unit: string
  readonly yardstickName: string
  readonly measured: number | undefined
  readonly yardstick: number | undefined
  readonly bar: { readonly absolute: number; readonly ratio: number }
  readonly aim: { readonly absolute?: number; readonly ratio: number }
}

/** A cost: the lower the better. */
function costBar(cost: CostBar): Bar {
  const { measured, yardstick, yardstickName } = cost
  const ratio = measured === undefined || yardstick === undefined ? undefined : measured / yardstick
  const holds = (limit: { readonly absolute?: number; readonly ratio: number }): boolean | undefined =>
    measured === undefined
      ? undefined
      : measured <= (limit.absolute ?? 0) || (ratio !== undefined && ratio <= limit.ratio)
  const text = (limit: { readonly absolute?: number; readonly ratio: number }): string =>
    [limit.absolute === undefined ? '' : `${limit.absolute} or `, `${limit.ratio} × ${yardstickName}`].join('')
  return {
    what: cost.what,
    unit: cost.unit,
    measured,
    ratio,
    bar: text(cost.bar),
    aim: text(cost.aim),
    holds: holds(cost.bar),
    aimHolds: holds(cost.aim),
  }
}

interface LimitBar {
  readonly what: string
  readonly unit: string
  readonly measured: number | undefined
  readonly bar: number
  readonly aim?: number
}

function limitBar(limit: LimitBar, isAtMost: boolean): Bar {
  const { measured } = limit
  const holds = (value: number | undefined): boolean | undefined => {
    if (measured === undefined || value === undefined) return undefined
    return isAtMost ? measured <= value : measured >= value
  }
  const sign = isAtMost ? '≤' : '≥'
  return {
    what: limit.what,
    unit: limit.unit,
    measured,
    ratio: undefined,
    bar: `${sign} ${number(limit.bar)}`,
    aim: limit.aim === undefined ? '' : `${sign} ${number(limit.aim)}`,
    holds: holds(limit.bar),
    aimHolds: holds(limit.aim),
  }
}

export function evaluateBars(measured: Measured): readonly Bar[] {
  return [...costBars(measured), ...commitBars(measured.commits), listBar(measured), ...memoryBars(measured)]
}

function rowOf(measured: Measured, server: string, id: string): RowResult | undefined {
  return measured.rows.find((row) => row.server === server && row.id === id)
}

function costBars(measured: Measured): readonly Bar[] {
  const cost = (server: string, id: string, of: (row: RowResult) => number | undefined): number | undefined => {
    const row = rowOf(measured, server, id)
    return row === undefined ? undefined : of(row)
  }
  return [
    costBar({
      what: 'upload, 256 MiB files',
      unit: 'CPU-s per GiB',
      yardstickName: 'floor',
      measured: cost('frostbyte', barRows.uploadLarge, cpuPerGib),
      yardstick: measured.floorUpload,
      bar: { absolute: 3.2, ratio: 2.2 },
      aim: { ratio: 1.7 },
    }),
    costBar({
      what: 'download, 256 MiB files',
      unit: 'CPU-s per GiB',
      yardstickName: 'floor',
      measured: cost('frostbyte', barRows.downloadLarge, cpuPerGib),
      yardstick: measured.floorDownload,
      bar: { absolute: 1.8, ratio: 1.6 },
      aim: { ratio: 1.25 },
    }),
    costBar({
      what: 'upload, 10 KiB, 64 clients',
      unit: 'CPU-ms',
      yardstickName: 'nginx',
      measured: cost('frostbyte', barRows.uploadSmall, cpuMsPerOperation),
      yardstick: cost('nginx', barRows.uploadSmall, cpuMsPerOperation),
      bar: { absolute: 0.4, ratio: 4 },
      aim: { absolute: 0.25, ratio: 2.5 },
    }),
    costBar({
      what: 'download, 10 KiB, 64 clients',
      unit: 'CPU-ms',
      yardstickName: 'nginx',
      measured: cost('frostbyte', barRows.downloadSmall, cpuMsPerOperation),
      yardstick: cost('nginx', barRows.downloadSmall, cpuMsPerOperation),
      bar: { absolute: 0.14, ratio: 6 },
      aim: { absolute: 0.085, ratio: 4 },
    }),
  ]
}

function commitBars(commits: CommitFigures | undefined): readonly Bar[] {
  // A lone client waits for one sync after another: no more of them than the disk can do.
  const oneClientMin = commits === undefined ? 1000 : Math.min(1000, 0.35 / commits.syncSeconds)
  const bars = [
    { clients: 1, bar: oneClientMin },
    { clients: 16, bar: 5000 },
    { clients: 64, bar: 8000 },
  ]
  return bars.map(({ clients, bar }) => {
    const figure = commits?.rows.find((row) => row.clients === clients)
    const what = `durable commits, ${clients} client${clients > 1 ? 's' : ''}`
    return limitBar({ what, unit: 'per s', measured: figure?.commitsPerSecond, bar }, false)
  })
}

function listBar(measured: Measured): Bar {
  const row = rowOf(measured, 'frostbyte', barRows.list)
  const names = row === undefined ? undefined : namesPerCpuSecond(row)
  return limitBar({ what: 'listing', unit: 'names per CPU-s', measured: names, bar: 200_000, aim: 400_000 }, false)
}

function memoryBars(measured: Measured): readonly Bar[] {
  const { idle } = measured
  const unit = 'MiB'
  const peaks = measured.rows.filter((row) => row.server === 'frostbyte').flatMap((row) => row.memory ?? [])
  const anon = (role: string): number | undefined =>
    highest(peaks.flatMap((peak) => peak.processes.filter((one) => one.role === role).map((one) => one.rssAnon)))
  const sum = highest(peaks.map((peak) => peak.sumRssAnon))
  return [
    limitBar({ what: 'memory idle, master RSS', unit, measured: idle?.masterRss, bar: 95, aim: 75 }, true),
    limitBar({ what: 'memory idle, worker RSS', unit, measured: idle?.workerRss, bar: 65, aim: 50 }, true),
    limitBar({ what: 'memory idle, PSS of all', unit, measured: idle?.sumPss, bar: 250, aim: 150 }, true),
    limitBar({ what: 'memory under load, master RssAnon', unit, measured: anon('master'), bar: 250, aim: 120 }, true),
    limitBar({ what: 'memory under load, worker RssAnon', unit, measured: anon('worker'), bar: 60, aim: 40 }, true),
    limitBar({ what: 'memory under load, sum of RssAnon', unit, measured: sum, bar: 550, aim: 250 }, true),
  ]
}

function highest(values: readonly number[]): number | undefined {
  return values.length === 0 ? undefined : Math.max(...values)
}

export const barHeadings: Cells = ['what', 'measured', 'unit', '× yardstick', 'bar', 'bar holds', 'aim', 'aim holds']

export function barCells(bar: Bar): Cells {
  const { what, unit, measured, ratio } = bar
  return [what, number(measured), unit, number(ratio), bar.bar, verdict(bar.holds), bar.aim, verdict(bar.aimHolds)]
}

function verdict(holds: boolean | undefined): string {
  if (holds === undefined) return ''
  return holds ? 'yes' : 'MISSED'
}
