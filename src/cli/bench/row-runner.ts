// Runs rows against one server: sees to the files that a row needs, warms up, measures, and samples the server's processes.

import { availableParallelism } from 'node:os'

import { GIB, KIB, MIB } from '../../base/units.ts'
import { FilesOnServer, newestFiles } from './files-on-server.ts'
import type { LoadGenerator, TotalOutcome } from './load-generator.ts'
import type { Job, Operation, Progress } from './job.ts'
import { cpuBetween, cpuOf, isUsageKnown, listTree, machineCpuSeconds, MemorySampler } from './process-usage.ts'
import type { CpuSeconds, ServerProcess } from './process-usage.ts'
import type { Target } from './requests.ts'
import { rowId } from './row.ts'
import type { Row, RowResult } from './row.ts'

export interface Server {
  readonly name: string
  readonly target: Target
  /** Looked up anew for each row; empty where they cannot be seen. */
  readonly processes: () => readonly ServerProcess[]
}

export interface RowRunnerOptions {
  readonly server: Server
  readonly load: LoadGenerator
  /** Listings go over the names below this, where something else than the benchmark's own files is to be listed. */
  readonly listPrefix?: string
  readonly onProgress: (label: string, row: Row, progress: Progress) => void
  /** Awaited right before a row's measured part. */
  readonly onStart?: (row: Row) => Promise<void> | void
  /** Awaited right after it. */
  readonly onEnd?: (row: Row) => Promise<void> | void
}

/** Files that downloads go over: as many as fit here, so that the page cache holds them; at most so many. */
const readBytesMax = 2 * GIB
const readFilesMax = 4096
const listLimit = 1000
/** So many small requests until the functions that serve them are compiled for good. */
const warmUpOperations = 6000
const warmUpSecondsMax = 6

export class RowRunner {
  readonly #options: RowRunnerOptions
  readonly #files: FilesOnServer
  readonly #readOnce = new Set<number>()
  readonly #warmedUp = new Set<string>()

  constructor(options: RowRunnerOptions) {
    this.#options = options
    this.#files = new FilesOnServer(`bench/${options.server.name}/${Date.now().toString(36)}`)
  }

  async measure(row: Row): Promise<RowResult> {
    await this.#prepare(row)
    await this.#options.onStart?.(row)
    const processes = this.#options.server.processes()
    const sampler = new MemorySampler(processes)
    const ours = [...listTree(process.pid).map(({ pid }) => ({ pid, role: 'bench' })), ...processes]
    const unique = [...new Map(ours.map((one) => [one.pid, one])).values()]
    const [machineBefore, oursBefore] = [machineCpuSeconds(), sumOf(cpuOf(unique))]
    const before = cpuOf(processes)
    const outcome = await this.#run(row, 'measuring').finally(() => sampler.stop())
    const cpu = cpuBetween(before, cpuOf(processes))
    const memory = sampler.stop()
    const others = machineCpuSeconds() - machineBefore - (sumOf(cpuOf(unique)) - oursBefore)
    await this.#options.onEnd?.(row)
    return {
      server: this.#options.server.name,
      id: rowId(row),
      operation: row.operation,
      sizeBytes: row.sizeBytes,
      clients: row.clients,
      operations: outcome.operations,
      bytes: outcome.bytes,
      names: outcome.names,
      seconds: outcome.seconds,
      p50Ms: outcome.latencies.quantileMs(0.5),
      p99Ms: outcome.latencies.quantileMs(0.99),
      failures: outcome.failures,
      firstFailure: outcome.firstFailure,
      cpu: processes.length > 0 ? cpu : undefined,
      memory: processes.length > 0 ? memory : undefined,
      othersShare: isUsageKnown() ? Math.max(0, others / (outcome.seconds * availableParallelism())) : undefined,
    }
  }

  /** Everything that this runner uploaded and did not delete. */
  async deleteAll(sizes: readonly number[]): Promise<void> {
    for (const sizeBytes of new Set(sizes)) {
      if (this.#files.count(sizeBytes, this.#options.load.processCount) === 0) continue
      const row: Row = { operation: 'delete', sizeBytes, clients: 16, secondsMax: 60, operationsMax: Infinity }
      await this.#run(row, 'clearing up')
    }
  }

  async #prepare(row: Row): Promise<void> {
    const { operation, sizeBytes } = row
    if (operation === 'list') {
      if (this.#options.listPrefix === undefined) await this.#ensureFiles(KIB, 2000)
    } else if (operation !== 'upload') {
      await this.#ensureFiles(sizeBytes, wantedFiles(row))
    }
    if (operation === 'download' || operation === 'range') await this.#readAllOnce(sizeBytes)
    await this.#warmUp(row)
  }

  /** The first requests of a kind pay for compiling what serves them; that is measured nowhere. */
  async #warmUp(row: Row): Promise<void> {
    const { operation, sizeBytes } = row
    const kind = `${operation} ${sizeBytes}`
    if (this.#warmedUp.has(kind) || operation === 'delete' || operation === 'first-download') return
    this.#warmedUp.add(kind)
    const isLarge = sizeBytes >= 64 * MIB && operation !== 'range'
    const bounds = isLarge ? { clients: 1, operationsMax: 4 } : { clients: 16, operationsMax: warmUpOperations }
    await this.#run({ ...row, ...bounds, secondsMax: warmUpSecondsMax }, 'warming up')
  }

  async #ensureFiles(sizeBytes: number, wanted: number): Promise<void> {
    const missing = wanted - this.#files.count(sizeBytes, this.#options.load.processCount)
    if (missing <= 0) return
    const clients = sizeBytes >= 64 * MIB ? 2 : 16
    await this.#run({ operation: 'upload', sizeBytes, clients, secondsMax: 60, operationsMax: missing }, 'uploading')
  }

  /** The bars ask for downloads of what was just read once. */
  async #readAllOnce(sizeBytes: number): Promise<void> {
    if (this.#readOnce.has(sizeBytes)) return
    const row: Row = { operation: 'first-download', sizeBytes, clients: 4, secondsMax: 60, operationsMax: Infinity }
    await this.#run(row, 'reading once')
    this.#readOnce.add(sizeBytes)
  }

  async #run(row: Row, label: string): Promise<TotalOutcome> {
    const { load, server, onProgress } = this.#options
    const outcome = await load.run(
      { clients: row.clients, operationsMax: row.operationsMax, jobOf: (index) => this.#job(row, index) },
      (progress) => onProgress(`${server.name}: ${label}`, row, progress),
    )
    this.#keepAccount(row.operation, row.sizeBytes, outcome.operationsOfProcess)
    if (label !== 'measuring' && outcome.firstFailure !== undefined) {
      throw new Error(`${server.name}: ${label} for ${rowId(row)} failed: ${outcome.firstFailure}`)
    }
    return outcome
  }

  #keepAccount(operation: Operation, sizeBytes: number, counts: readonly number[]): void {
    for (const [index, count] of counts.entries()) {
      if (operation === 'upload') this.#files.uploaded(sizeBytes, index, count)
      if (operation === 'delete') this.#files.deleted(sizeBytes, index, count)
    }
    if (operation === 'upload') this.#readOnce.delete(sizeBytes)
  }

  #job(row: Row, processIndex: number): Omit<Job, 'clients' | 'operationsMax'> {
    const { operation, sizeBytes, secondsMax } = row
    const span = this.#files.span(sizeBytes, processIndex)
    const readable = newestFiles(span, Math.ceil(readFiles(sizeBytes) / this.#options.load.processCount))
    const files =
      operation === 'upload'
        ? { firstFile: span.endFile, endFile: Number.MAX_SAFE_INTEGER }
        : operation === 'delete'
          ? span
          : readable
    return {
      ...files,
      target: this.#options.server.target,
      operation,
      sizeBytes,
      prefix: this.#files.prefixOf(sizeBytes, processIndex),
      secondsMax,
      rangeBytes: rangeBytes(sizeBytes),
      listPrefix: this.#options.listPrefix ?? this.#files.prefix,
      listLimit,
    }
  }
}

function readFiles(sizeBytes: number): number {
  return Math.max(1, Math.min(readFilesMax, Math.floor(readBytesMax / Math.max(1, sizeBytes))))
}

function wantedFiles(row: Row): number {
  if (row.operation === 'delete') return row.sizeBytes >= 64 * MIB ? 4 : 4096
  return row.sizeBytes >= 64 * MIB ? 4 : Math.min(1024, readFiles(row.sizeBytes))
}

/** What a range read asks for: a tenth of a small file, 64 KiB of a large one. */
function rangeBytes(sizeBytes: number): number {
  return Math.max(1, Math.min(64 * KIB, Math.floor(sizeBytes / 10)))
}

function sumOf({ user, system }: CpuSeconds): number {
  return user + system
}
