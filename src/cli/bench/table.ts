// The rows as text: aligned for a terminal, or as a Markdown table.

import { GIB, MIB } from '../../base/units.ts'
import { cpuMsPerOperation, cpuPerGib, largeBytes, namesPerCpuSecond } from './row.ts'
import type { RowResult } from './row.ts'

export type Cells = readonly string[]

const headings: Cells = [
  'server',
  'row',
  'ops/s',
  'MiB/s',
  'p50 ms',
  'p99 ms',
  'CPU user s',
  'CPU system s',
  'CPU',
  'peak RSS MiB',
  'RssAnon MiB',
  'others',
  'failed',
]

export function rowCells(result: RowResult): Cells {
  return [
    result.server,
    result.id,
    number(result.operations / result.seconds),
    number(result.bytes / MIB / result.seconds),
    number(result.p50Ms),
    number(result.p99Ms),
    number(result.cpu?.user),
    number(result.cpu?.system),
    cost(result),
    peaks(result),
    number(result.memory?.sumRssAnon),
    result.othersShare === undefined ? '' : `${Math.round(result.othersShare * 100)} %`,
    result.failures === 0 ? '' : String(result.failures),
  ]
}

/** What a reader compares: by the GiB, by the operation, or by the name. */
function cost(result: RowResult): string {
  if (result.cpu === undefined) return ''
  if (result.operation === 'list') return `${number(namesPerCpuSecond(result))} names/CPU-s`
  if (result.operation === 'delete' || result.operation === 'range' || result.sizeBytes < largeBytes) {
    return `${number(cpuMsPerOperation(result))} ms/op`
  }
  return `${number(cpuPerGib(result))} s/GiB`
}

/** The highest peak of each role: `master 95, worker 60`. */
function peaks(result: RowResult): string {
  const highest = new Map<string, number>()
  for (const { role, peakRss } of result.memory?.processes ?? []) {
    highest.set(role, Math.max(highest.get(role) ?? 0, peakRss))
  }
  return [...highest].map(([role, mib]) => `${role} ${Math.round(mib)}`).join(', ')
}

/** Three significant digits, thousands apart. */
export function number(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return ''
  if (value >= 100) return Math.round(value).toLocaleString('en-US')
  return String(Number(value.toPrecision(3)))
}

/** In a unit that keeps it short. */
export function bytesLabel(bytes: number): string {
  return bytes >= GIB ? `${number(bytes / GIB)} GiB` : `${number(bytes / MIB)} MiB`
}

export function alignedTable(rows: readonly Cells[], head: Cells = headings): string {
  const all = [head, ...rows]
  const widths = head.map((_, column) => Math.max(...all.map((cells) => cells[column]?.length ?? 0)))
  return all
    .map((cells) =>
      cells
        .map((cell, column) => pad(cell, widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

const liveWidths = [14, 26, 8, 8, 8, 8, 11, 13, 18, 33, 11, 6, 0]

/** One row at a time, as it comes, below `liveHeading`. */
export function liveRow(cells: Cells): string {
  return cells
    .map((cell, column) => pad(cell, liveWidths[column] ?? 0))
    .join('  ')
    .trimEnd()
}

export function liveHeading(): string {
  return liveRow(headings)
}

function pad(cell: string, width: number): string {
  return /^[\d.,]*$/.test(cell) ? cell.padStart(width) : cell.padEnd(width)
}

export function markdownTable(rows: readonly Cells[], head: Cells = headings): string {
  const line = (cells: Cells): string => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
