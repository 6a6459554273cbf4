// A simulated machine with one worker on it. The media outlive the worker, which can be killed (the page cache stays), lose its power
// (what was not synced is left to chance), be stopped in good order, and started again.

import { assert, defined } from '../src/base/assert.ts'
import type { WorkerId } from '../src/base/ids.ts'
import type { SeededRandom } from '../src/base/random.ts'
import { MIB } from '../src/base/units.ts'
import { FixedBodyPool } from '../src/rpc/body-pool.ts'
import type { StoreOptions } from '../src/store/contract.ts'
import { Worker } from '../src/worker/worker.ts'
import { Life, MortalNetwork } from './mortal.ts'
import type { VirtualClock, VirtualTime } from './ports/clock.ts'
import { SimulatedCompute } from './ports/compute.ts'
import { SimulatedDisk } from './ports/disk.ts'
import { SimulatedFaults } from './ports/faults.ts'
import { SimulatedIndexFactory, SimulatedIndexMedium } from './ports/index-store.ts'
import type { CollectingLog } from './ports/log.ts'
import { SimulatedMedium } from './ports/medium.ts'
import type { Plant } from './plants/plant.ts'
import type { SimulatedNetwork } from './ports/network.ts'
import { PowerSwitch } from './ports/power.ts'
import { SimulatedRandom } from './ports/random.ts'

export interface WorkerNodeWorld {
  readonly time: VirtualTime
  readonly network: SimulatedNetwork
  readonly random: SeededRandom
  readonly log: CollectingLog
}

export interface WorkerNodeOptions {
  /** Its name on the network. */
  readonly host: string
  readonly masters: readonly string[]
  readonly secret: Uint8Array
  readonly zone?: string
  readonly store?: StoreOptions
  /** Default: none. */
  readonly plant?: Plant
  /** How long each step of its disks takes. Default: no time. */
  readonly diskStepMs?: () => number
}

/** Small, so that segments are filled, sealed and compacted also by little data. */
const smallStore: StoreOptions = {
  segmentBytesMax: 64 * 1024,
  memoryEntriesMax: 64,
  readMemoryBytes: 3 * MIB,
  queueBytesMax: 2 * MIB,
  reserveBytes: 0,
  ballastBytes: 0,
  openFilesMax: 4,
  compactionBytesPerSecond: 1024 ** 4,
}

/** A frame of the largest size fits. */
const bodyBytes = 2 * MIB
const startMs = Date.UTC(2030, 0, 1)

interface Running {
  readonly worker: Worker
  readonly life: Life
  readonly clock: VirtualClock
  readonly power: PowerSwitch
  isServing: boolean
}

export class WorkerNode {
  readonly host: string
  /** Of the store. */
  medium: SimulatedMedium
  mapMedium: SimulatedMedium
  indexMedium = new SimulatedIndexMedium()
  readonly faults = new SimulatedFaults()
  /** How wrong its machine's calendar is; taken at the next start. */
  wallSkewMs = 0
  /** What each step of its disks takes besides. */
  diskSlowMs = 0
  /** What it said when it could make nothing durable any more; the process has ended then. */
  fatal: Error | undefined
  readonly #world: WorkerNodeWorld
  readonly #options: WorkerNodeOptions
  #running: Running | undefined
  #id: WorkerId | undefined

  constructor(world: WorkerNodeWorld, options: WorkerNodeOptions) {
    this.#world = world
    this.#options = options
    this.host = options.host
    this.medium = new SimulatedMedium({ fileSystem: options.host })
    this.mapMedium = new SimulatedMedium({ fileSystem: options.host })
    for (const name of options.plant?.diskFaults ?? []) this.faults.plant(name)
  }

  /** Known once it has started for the first time. */
  get id(): WorkerId {
    return defined(this.#id, `${this.host} has started`)
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** It runs, and has started. */
  get isServing(): boolean {
    return this.#running?.isServing === true
  }

  /** Of the process that runs now. */
  get life(): Life {
    return defined(this.#running, `${this.host} runs`).life
  }

  jumpWall(byMs: number): void {
    this.wallSkewMs += byMs
    this.#running?.clock.jumpWall(byMs)
  }

  /** SIGSTOP, until `resume`. */
  pause(): void {
    if (this.#running !== undefined) this.#world.time.pause(this.host)
  }

  resume(): void {
    this.#world.time.resume(this.host)
  }

  get worker(): Worker {
    return defined(this.#running, `${this.host} runs`).worker
  }

  async start(): Promise<void> {
    assert(this.#running === undefined, `${this.host} does not run`)
    const { time, network, random, log } = this.#world
    const { masters, secret, zone, store, diskStepMs, plant } = this.#options
    const life = new Life()
    const clock = time.createClock({ node: this.host, wallMs: startMs + this.wallSkewMs })
    const disks = time.createClock({ node: this.host, kind: 'disk' })
    const power = new PowerSwitch(
      diskStepMs === undefined ? {} : { delay: () => disks.sleep(diskStepMs() + this.diskSlowMs) },
    )
    const { faults } = this
    const diskOf = (medium: SimulatedMedium): SimulatedDisk =>
      new SimulatedDisk({ medium, power, faults, random: random.fork() })
    const worker = new Worker(
      {
        clock,
        random: new SimulatedRandom(random),
        network: new MortalNetwork(life, network, this.host),
        compute: plant?.compute?.(new SimulatedCompute()) ?? new SimulatedCompute(),
        log: log.with({ node: this.host }),
        disk: diskOf(this.medium),
        mapDisk: diskOf(this.mapMedium),
        indexes: new SimulatedIndexFactory(this.indexMedium, power),
        bodies: new FixedBodyPool({ memory: new Uint8Array(bodyBytes) }),
      },
      {
        masters,
        secret,
        internalAddress: `${this.host}:7001`,
        zone,
        store: { ...smallStore, ...store },
        onFatal: (error) => {
          this.fatal = error
          this.kill()
        },
      },
    )
    const running: Running = { worker, life, clock, power, isServing: false }
    this.#running = running
    this.#id = (await worker.start()).workerId
    running.isServing = true
  }

  /** kill -9. `silent`: and nobody is told, as when a machine goes away. */
  kill(options: { readonly silent?: boolean } = {}): void {
    if (!this.#end(options.silent === true)) return
    this.medium.killProcess()
    this.mapMedium.killProcess()
  }

  losePower(): void {
    if (!this.#end(true)) return
    this.medium.losePower(this.#world.random.fork())
    this.mapMedium.losePower(this.#world.random.fork())
  }

  /** The machine gets new, empty disks: what starts on it is a worker that nobody knows yet. */
  wipe(): void {
    assert(this.#running === undefined, `${this.host} does not run`)
    this.medium = new SimulatedMedium({ fileSystem: this.host })
    this.mapMedium = new SimulatedMedium({ fileSystem: this.host })
    this.indexMedium = new SimulatedIndexMedium()
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    await running.worker.stop()
    if (this.#running !== running) return
    this.#end(false)
    this.medium.killProcess()
    this.mapMedium.killProcess()
  }

  #end(silent: boolean): boolean {
    const running = this.#running
    if (running === undefined) return false
    this.#running = undefined
    running.life.end()
    running.clock.stop()
    running.power.cut()
    this.#world.time.resume(this.host)
    this.#world.network.crash(this.host, { silent })
    return true
  }
}
