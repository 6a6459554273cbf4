// One run of the benchmark: starts what is compared, measures row by row with the yardsticks' rows next to it in time (the
// machine's speed drifts), and ends everything again whatever happens.

import { existsSync, mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

import { defaultClientProcesses, runningServer } from '../../src/cli/bench/bench-running-server.ts'
import { LoadGenerator } from '../../src/cli/bench/load-generator.ts'
import { ProgressLine } from '../../src/cli/bench/progress-line.ts'
import { isUsageKnown, machineCpuSeconds } from '../../src/cli/bench/process-usage.ts'
import { RowRunner } from '../../src/cli/bench/row-runner.ts'
import type { RowRunnerOptions, Server } from '../../src/cli/bench/row-runner.ts'
import { rowId } from '../../src/cli/bench/row.ts'
import type { Row, RowResult } from '../../src/cli/bench/row.ts'
import { liveHeading, liveRow, rowCells } from '../../src/cli/bench/table.ts'
import { MIB } from '../../src/base/units.ts'
import { startBareServer } from '../yardsticks/bare.ts'
import { Floor, floorCpuPerGib } from '../yardsticks/floor.ts'
import type { FloorFigure, FloorMode } from '../yardsticks/floor.ts'
import { startNginx } from '../yardsticks/nginx.ts'
import type { Yardstick } from '../yardsticks/yardstick.ts'
import { measureDigest } from './digest-cost.ts'
import { faceNames } from './faces.ts'
import type { FaceName, LoopDelay } from './faces.ts'
import { Cluster, removeFolder } from './cluster.ts'
import type { IdleMemory } from './cluster.ts'
import { filledPrefix } from './synthetic-commits.ts'
import { prepareMetadata } from './prepared-metadata.ts'
import { measureCommits } from './metadata-commits.ts'
import type { CommitFigures } from './metadata-commits.ts'
import type { BenchOptions } from './options.ts'
import type { ProfileWindow } from './profile-summary.ts'
import { perfNodeOptions, PerfRecording } from './perf-recording.ts'
import { addTurn } from './turns.ts'
import { isForFace, isForYardstick } from './selection.ts'
import type { Selection, YardstickName } from './selection.ts'

type ServerName = YardstickName | FaceName | 'frostbyte'

export class Session {
  readonly rows: RowResult[] = []
  readonly floor: FloorFigure[] = []
  readonly notes: string[] = []
  /** Of the master, by `server row`. */
  readonly loopDelays: Record<string, LoopDelay> = {}
  /** CPU-seconds for one body, by `digest size`; where S3 is measured. */
  readonly digests: Record<string, number> = {}
  /** When FrostByte's own rows ran. */
  readonly windows: ProfileWindow[] = []
  commits: CommitFigures | undefined
  idle: IdleMemory | undefined
  readonly #options: BenchOptions
  readonly #selection: Selection
  readonly #folder: string
  readonly #load = new LoadGenerator()
  readonly #progress = new ProgressLine()
  readonly #runners: { readonly name: ServerName; readonly runner: RowRunner }[] = []
  readonly #yardsticks: Yardstick[] = []
  #cluster: Cluster | undefined
  #floorProgram: Floor | undefined
  #floorModes: readonly FloorMode[] = ['direct', 'buffered']
  #perf: PerfRecording | undefined

  constructor(options: BenchOptions, selection: Selection) {
    this.#options = options
    this.#selection = selection
    this.#folder = join(options.folder, `run-${process.pid}`)
  }

  /** Where a profile of each process lies after `close`. */
  get profileFolder(): string {
    return join(this.#options.folder, `profiles-${process.pid}`)
  }

  /** Filled in before the start. Large files do not mind how many there are. */
  get keys(): number {
    if (this.#options.url !== undefined || !this.#options.cluster) return 0
    const isAllLarge = this.#selection.extras.size === 0 && this.#selection.rows.every((row) => row.sizeBytes >= MIB)
    return this.#options.keys ?? (isAllLarge ? 0 : 1_000_000)
  }

  get perf(): PerfRecording | undefined {
    return this.#perf
  }

  async run(): Promise<void> {
    mkdirSync(this.#folder, { recursive: true })
    if (!isUsageKnown()) this.notes.push('CPU and memory: not known on this system (no /proc).')
    await this.#load.start(this.#options.clientProcesses ?? defaultClientProcesses())
    const { url, pid, cluster } = this.#options
    if (url !== undefined) this.#add('frostbyte', runningServer(url, pid), undefined)
    else if (cluster) await this.#startCluster()
    await this.#startYardsticks()
    let sizeBytes = 0
    for (const row of this.#selection.rows) {
      if (sizeBytes !== 0 && row.sizeBytes !== sizeBytes) await this.#clearUp(sizeBytes)
      sizeBytes = row.sizeBytes
      await this.#measure(row)
    }
    await this.#clearUp(sizeBytes)
  }

  async close(): Promise<void> {
    this.#progress.clear()
    this.#load.close()
    await Promise.all(
      [...this.#yardsticks, ...(this.#cluster === undefined ? [] : [this.#cluster])].map(
        async (one) => await one.stop(),
      ),
    )
    if (!this.#options.keep) removeFolder(this.#folder)
  }

  /** CPU-seconds per GiB, the cheaper way of writing. */
  floorCost(row: FloorFigure['row']): number | undefined {
    const costs = (['direct', 'buffered'] as const).flatMap((mode) => {
      const figures = this.floor.filter((figure) => figure.row === row && figure.mode === mode)
      return figures.length === 0
        ? []
        : [figures.reduce((sum, figure) => sum + floorCpuPerGib(figure), 0) / figures.length]
    })
    return costs.length === 0 ? undefined : Math.min(...costs)
  }

  async #startCluster(): Promise<void> {
    const { profile } = this.#options
    const keys = this.keys
    const { extras } = this.#selection
    const folder = join(this.#folder, 'cluster')
    const needsMetadata = keys > 0 || extras.has('commits')
    if (needsMetadata) {
      await prepareMetadata({
        folder,
        keys,
        cache: this.#options.folder,
        onProgress: (text) => this.#progress.show(text),
      })
      if (extras.has('commits')) {
        this.commits = await measureCommits(folder, { keys, secondsEach: 2 })
        removeFolder(folder)
        await prepareMetadata({
          folder,
          keys,
          cache: this.#options.folder,
          onProgress: (text) => this.#progress.show(text),
        })
      }
    }
    const isRowless = this.#selection.rows.length === 0 && !extras.has('idle')
    if (isRowless) return
    const nodeOptions = [
      ...(profile ? [`--cpu-prof --cpu-prof-dir=${this.profileFolder}`] : []),
      ...(this.#options.perf ? [perfNodeOptions] : []),
    ].join(' ')
    const cluster = await Cluster.start({
      folder,
      hasS3: this.#selection.faces.size > 0,
      ...(nodeOptions === '' ? {} : { nodeOptions }),
    })
    this.#cluster = cluster
    if (extras.has('idle')) {
      this.#progress.show('frostbyte: idle')
      this.idle = await cluster.measureIdle()
    }
    if (this.#options.perf) this.#perf = new PerfRecording(join(this.#folder, 'perf.data'))
    this.#add('frostbyte', cluster, keys > 0 ? filledPrefix : undefined)
    for (const name of this.#selection.faces) this.#add(name, cluster.face(name), keys > 0 ? filledPrefix : undefined)
  }

  #add(name: ServerName, server: Server, listPrefix: string | undefined): void {
    const runner = new RowRunner({
      server,
      load: this.#load,
      ...(listPrefix === undefined ? {} : { listPrefix }),
      onProgress: this.#progress.onProgress,
      ...(name === 'frostbyte' || isFace(name) ? this.#watch(name) : {}),
    })
    this.#runners.push({ name, runner })
  }

  /** What is done around each row of our own. */
  #watch(name: ServerName): Pick<RowRunnerOptions, 'onStart' | 'onEnd'> {
    const label = (row: Row): string => (name === 'frostbyte' ? rowId(row) : `${name} ${rowId(row)}`)
    const onStart = async (row: Row): Promise<void> => {
      this.windows.push({ label: label(row), startMs: monotonicMs(), endMs: Infinity })
      this.#perf?.start(this.#cluster?.processes() ?? [])
      if (this.#selection.faces.size > 0) await this.#cluster?.loopDelay()
    }
    const onEnd = async (row: Row): Promise<void> => {
      const delay = this.#selection.faces.size > 0 ? await this.#cluster?.loopDelay() : undefined
      if (delay !== undefined) this.loopDelays[`${name} ${rowId(row)}`] = delay // of the last turn
      const window = this.windows.pop()
      if (window !== undefined) this.windows.push({ ...window, endMs: monotonicMs() })
      await this.#perf?.stop(label(row))
    }
    return { onStart, onEnd }
  }

  async #startYardsticks(): Promise<void> {
    const { yardsticks } = this.#selection
    if (yardsticks.has('floor')) {
      const floor = Floor.compile(this.#folder)
      if (floor instanceof Floor) this.#floorProgram = floor
      else this.notes.push(`The floor was left out: ${floor.skipped}.`)
    }
    const starts = { nginx: startNginx, bare: startBareServer }
    for (const name of ['nginx', 'bare'] as const) {
      if (!yardsticks.has(name)) continue
      const folder = join(this.#folder, name)
      if (!existsSync(folder)) mkdirSync(folder, { recursive: true })
      const yardstick = await starts[name](join(process.cwd(), folder))
      if ('skipped' in yardstick) {
        this.notes.push(`${name} was left out: ${yardstick.skipped}.`)
      } else {
        this.#yardsticks.push(yardstick)
        this.#add(name, yardstick, undefined)
      }
    }
  }

  /** Until the machine has been nearly idle for a second. The servers of this run wait for requests and use next to nothing. */
  async #waitForQuiet(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      const before = machineCpuSeconds()
      await sleep(1000)
      if (machineCpuSeconds() - before < 0.1 * availableParallelism()) return
      this.#progress.show(`waiting for others: ${tries} s`)
    }
    this.notes.push('The machine did not get quiet.')
  }

  async #measure(row: Row): Promise<void> {
    if (this.#options.quiet) await this.#waitForQuiet()
    const isFloorRow = isForYardstick(row, 'floor', this.#selection)
    if (isFloorRow) await this.#measureFloor(row.secondsMax / 2)
    const runners = this.#runners.filter(({ name }) => this.#isFor(row, name))
    const sums = new Map<ServerName, RowResult>()
    const { turns } = this.#options
    // Before turns that are added up there is one that only warms up, whatever time that takes on a busy machine.
    for (let turn = turns === 1 ? 1 : 0; turn <= turns; turn++) {
      // Back and forth, so that no server always comes after the same other one.
      for (const { name, runner } of turn % 2 === 1 ? runners : runners.toReversed()) {
        if (isFace(name) && row.operation === 'upload') this.#measureDigests(row.sizeBytes)
        const result = await runner.measure(row)
        if (turn > 0) sums.set(name, addTurn(sums.get(name), result))
      }
    }
    for (const { name } of runners) {
      const result = sums.get(name)
      if (result === undefined) continue
      this.rows.push(result)
      this.#progress.clear()
      if (this.rows.length === 1) process.stderr.write(`${liveHeading()}\n`)
      process.stderr.write(`${liveRow(rowCells(result))}\n`)
      if (result.firstFailure !== undefined) process.stderr.write(`  first failure: ${result.firstFailure}\n`)
    }
    if (isFloorRow) await this.#measureFloor(row.secondsMax / 2)
  }

  #isFor(row: Row, name: ServerName): boolean {
    if (name === 'frostbyte') return true
    return isFace(name) ? isForFace(row, name, this.#selection) : isForYardstick(row, name, this.#selection)
  }

  #measureDigests(sizeBytes: number): void {
    for (const digest of ['md5', 'sha256'] as const)
      this.digests[`${digest} ${sizeBytes}`] ??= measureDigest(digest, sizeBytes)
  }

  /** Both ways of writing once; after that the cheaper one alone. */
  async #measureFloor(seconds: number): Promise<void> {
    for (const mode of this.#floorModes) {
      this.#progress.show(`floor: ${mode} writes`)
      const figures = await this.#floorProgram?.measure(mode, Math.max(1, seconds), 256 * MIB)
      if (figures === undefined) return
      if ('skipped' in figures) this.notes.push(`${figures.skipped}.`)
      else this.floor.push(...figures)
    }
    const cheapest = this.floorCost('upload')
    const best = this.floor.find((figure) => figure.row === 'upload' && floorCpuPerGib(figure) === cheapest)
    if (best !== undefined) this.#floorModes = [best.mode]
  }

  async #clearUp(sizeBytes: number): Promise<void> {
    for (const { runner } of this.#runners) await runner.deleteAll([sizeBytes])
  }
}

function isFace(name: ServerName): name is FaceName {
  return faceNames.some((face) => face === name)
}

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000
}
