// A row of the table: what is measured, and what came out.

import { KIB, MIB } from '../../base/units.ts'
import type { Operation } from './job.ts'
import type { CpuSeconds, MemoryPeaks } from './process-usage.ts'

export interface Row {
  readonly operation: Operation
  /** Of the files; 0 for listings. */
  readonly sizeBytes: number
  readonly clients: number
  readonly secondsMax: number
  readonly operationsMax: number
}

export interface RowResult {
  /** Whose row: `frostbyte`, `nginx`, … */
  readonly server: string
  readonly id: string
  readonly operation: Operation
  readonly sizeBytes: number
  readonly clients: number
  readonly operations: number
  readonly bytes: number
  readonly names: number
  readonly seconds: number
  readonly p50Ms: number | undefined
  readonly p99Ms: number | undefined
  readonly failures: number
  readonly firstFailure: string | undefined
  /** Of all the server's processes; `undefined` where they cannot be seen. */
  readonly cpu: CpuSeconds | undefined
  readonly memory: MemoryPeaks | undefined
  /** Part of the machine that neither the server nor the clients used, 0 to 1: above a tenth the row is disturbed. */
  readonly othersShare: number | undefined
}

function sizeLabel(bytes: number): string {
  if (bytes >= MIB) return `${bytes / MIB}MiB`
  return bytes >= KIB ? `${bytes / KIB}KiB` : `${bytes}B`
}

/** `upload-256MiB-1`: operation, size, clients. */
export function rowId(row: Pick<Row, 'operation' | 'sizeBytes' | 'clients'>): string {
  const size = row.operation === 'list' ? '' : `-${sizeLabel(row.sizeBytes)}`
  return `${row.operation}${size}-${row.clients}`
}

/** Rows of files from this size on are judged by the GiB, smaller ones by the operation. */
export const largeBytes = MIB

function cpuSecondsOf(result: RowResult): number | undefined {
  return result.cpu === undefined ? undefined : result.cpu.user + result.cpu.system
}

/** CPU-seconds per GiB. */
export function cpuPerGib(result: RowResult): number | undefined {
  const seconds = cpuSecondsOf(result)
  return seconds === undefined || result.bytes === 0 ? undefined : (seconds * 1024 * MIB) / result.bytes
}

/** CPU-milliseconds per operation, which is CPU-seconds per 1,000. */
export function cpuMsPerOperation(result: RowResult): number | undefined {
  const seconds = cpuSecondsOf(result)
  return seconds === undefined || result.operations === 0 ? undefined : (seconds * 1000) / result.operations
}

export function namesPerCpuSecond(result: RowResult): number | undefined {
  const seconds = cpuSecondsOf(result)
  return seconds === undefined || seconds === 0 ? undefined : result.names / seconds
}

interface RowSet {
  readonly sizes: readonly number[]
  readonly clients: readonly number[]
  /** Scales every row's time; 1 is the full run's. */
  readonly pace: number
}

/** The order matters: uploads make the files that the others read, deletions take them away. */
const operations: readonly Operation[] = ['upload', 'first-download', 'download', 'range', 'delete']

export const fullRows: RowSet = { sizes: [256 * MIB, MIB, 10 * KIB, KIB], clients: [1, 16, 64], pace: 1 }
export const quickRows: RowSet = { sizes: [256 * MIB, MIB, 10 * KIB], clients: [1, 64], pace: 0.5 }

export function planRows(set: RowSet): readonly Row[] {
  const rows: Row[] = []
  for (const sizeBytes of set.sizes) {
    for (const operation of operations) {
      const clientCounts = operation === 'first-download' ? [1] : set.clients
      for (const clients of clientCounts) {
        // Uploads of 64 files of 256 MiB at a time are 27 GB on the disks: only where nobody is in a hurry.
        if (sizeBytes >= 64 * MIB && clients > 16 && set.pace < 1) continue
        rows.push(planRow({ operation, sizeBytes, clients }, set.pace))
      }
    }
  }
  for (const clients of set.clients) rows.push(planRow({ operation: 'list', sizeBytes: 0, clients }, set.pace))
  return rows
}

/**
 * The rows that the names mean, in the order of `all`: a name is a row's id or the beginning of ids.
 * @throws Error for a name that means none.
 */
export function selectRows(all: readonly Row[], names: readonly string[]): readonly Row[] {
  const chosen = new Set<Row>()
  for (const name of names) {
    const exact = all.filter((row) => rowId(row) === name)
    const found = exact.length > 0 ? exact : all.filter((row) => rowId(row).startsWith(name))
    if (found.length === 0) throw new Error(`"${name}" names no row; there are ${all.map(rowId).join(', ')}`)
    for (const row of found) chosen.add(row)
  }
  return all.filter((row) => chosen.has(row))
}

function planRow(row: Pick<Row, 'operation' | 'sizeBytes' | 'clients'>, pace: number): Row {
  const seconds = row.sizeBytes >= 64 * MIB ? { upload: 8, download: 6 } : { upload: 5, download: 4 }
  const secondsMax =
    (row.operation === 'upload' ? seconds.upload : row.operation === 'download' ? seconds.download : 3) * pace
  // One file a client where there are many large ones: each takes long enough.
  const operationsMax =
    row.sizeBytes >= 64 * MIB && row.clients > 1 && row.operation !== 'range' ? row.clients : Infinity
  return { ...row, secondsMax, operationsMax }
}
