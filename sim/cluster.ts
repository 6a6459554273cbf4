// A whole cluster in one process and in virtual time: the real Master and Worker classes over simulated ports. One seed gives one run,
// event by event. Nodes can be killed, lose their power, be cut off and come back; metadata can lose its answers; media can be damaged.

import { crc32 } from 'node:zlib'

import { assert, defined } from '../src/base/assert.ts'
import { clusterIdFromBytes } from '../src/base/ids.ts'
import { defaultDetectorTimes } from '../src/cluster/detect-failures.ts'
import { SeededRandom } from '../src/base/random.ts'
import { defaultScheme } from '../src/base/scheme.ts'
import type { Scheme } from '../src/base/scheme.ts'
import { MIB, MINUTE_MS, SECOND_MS } from '../src/base/units.ts'
import { defaultOrphanBytesPerDay } from '../src/master/orphan-limit.ts'
import { defaultGroupBytesPerSlotMax } from '../src/master/master.ts'
import type { HealingOptions } from '../src/master/healing/healing.ts'
import type { FileInfo, FileService, PutRequest } from '../src/master/file-service.ts'
import type { ObjectService } from '../src/master/object-service.ts'
import type { DataRow } from '../src/meta/contract/data-metadata.ts'
import type { StoreOptions } from '../src/store/contract.ts'
import { downloadBytes, uploadBytes } from './file-transfer.ts'
import { defaultMultipartExpiresMs } from '../src/master/multipart-expiry-task.ts'
import { defaultIntentAfterMs } from '../src/master/publisher.ts'
import { MasterNode } from './master-node.ts'
import { VirtualTime } from './ports/clock.ts'
import type { VirtualClock } from './ports/clock.ts'
import { MemoryMap } from './ports/key-value.ts'
import { CollectingLog } from './ports/log.ts'
import { SimulatedNetwork } from './ports/network.ts'
import { SimulatedRandom } from './ports/random.ts'
import { noPlant } from './plants/plant.ts'
import type { Plant } from './plants/plant.ts'
import { WorkerNode } from './worker-node.ts'

export interface SimulatedClusterOptions {
  /** Default 1. */
  readonly seed?: number
  /** Default 5. */
  readonly workers?: number
  /** Processes of the master. Default 1. */
  readonly masters?: number
  /** Default 3+2. */
  readonly scheme?: Scheme
  /** Default 64: a block is then 19,200 bytes. */
  readonly chunkSizeBytes?: number
  /** Default 10 blocks. */
  readonly extentBytesMax?: number
  /** Default 1 MiB. */
  readonly memoryBytes?: number
  /** Default 2. */
  readonly groupsPerWorker?: number
  /** Default 32 GiB: no group is ever full. */
  readonly groupBytesPerSlotMax?: number
  /** Default 10 s. */
  readonly orphansEveryMs?: number
  /** Default 16 GiB. */
  readonly orphanBytesPerDayMin?: number
  /** Default 10 minutes. */
  readonly intentAfterMs?: number
  /** Default 7 days. */
  readonly multipartExpiresMs?: number
  /** Default: compared every 5 minutes, and out after 60 s. */
  readonly healing?: Partial<HealingOptions>
  readonly store?: StoreOptions
  /** Default: 1 ms. */
  readonly commitMs?: () => number
  /** Of each step of a worker's disk. Default: no time. */
  readonly diskStepMs?: () => number
  readonly plant?: Plant
}

const bucket = 'default'
const defaultHealing: HealingOptions = {
  outAfterMs: 60 * SECOND_MS,
  compareEveryMs: 5 * MINUTE_MS,
  repair: { floor: 16 * MIB, ceiling: 512 * MIB },
}
const startMaxMs = 30 * SECOND_MS

/** Records of the change log that stay. */
export const changesKept = 200

export class SimulatedCluster {
  readonly time = new VirtualTime()
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly log = new CollectingLog()
  readonly metadataMap: MemoryMap
  readonly masters: readonly MasterNode[]
  readonly workers: WorkerNode[] = []
  readonly #makeWorker: () => WorkerNode

  constructor(options: SimulatedClusterOptions = {}) {
    this.random = new SeededRandom(options.seed ?? 1)
    const { plant = noPlant } = options
    this.metadataMap = plant.map?.() ?? new MemoryMap()
    const { time, log, metadataMap } = this
    const clocks = new Map<string, VirtualClock>()
    const clockOf = (node: string): VirtualClock => {
      const known = clocks.get(node) ?? time.createClock({ node, kind: 'message' })
      clocks.set(node, known)
      return known
    }
    this.network = new SimulatedNetwork({
      clock: time.createClock(),
      clockOf,
      onPiece: (bytes) => time.trace.mix(crc32(bytes)),
      random: new SimulatedRandom(this.random),
    })
    const secret = this.random.bytes(32)
    const clusterId = clusterIdFromBytes(this.random.bytes(16))
    const { network, random } = this
    const chunkSizeBytes = options.chunkSizeBytes ?? 64
    const scheme = options.scheme ?? defaultScheme
    this.masters = Array.from({ length: options.masters ?? 1 }, (_, index) => {
      const world = { time, network, log, metadataMap, random: random.fork() }
      return new MasterNode(world, {
        plant,
        cluster: this,
        host: `master-${index + 1}`,
        ...(index === 0 ? {} : { committer: 'master-1:7000' }),
        clusterId,
        secret,
        scheme,
        chunkSizeBytes,
        extentBytesMax: options.extentBytesMax ?? 1000 * scheme.dataColumns * chunkSizeBytes,
        memoryBytes: options.memoryBytes ?? MIB,
        groupsPerWorker: options.groupsPerWorker ?? 2,
        groupBytesPerSlotMax: options.groupBytesPerSlotMax ?? defaultGroupBytesPerSlotMax,
        orphansEveryMs: options.orphansEveryMs ?? 10 * SECOND_MS,
        orphanBytesPerDayMin: options.orphanBytesPerDayMin ?? defaultOrphanBytesPerDay,
        changesKept,
        multipartExpiresMs: options.multipartExpiresMs ?? defaultMultipartExpiresMs,
        intentAfterMs: options.intentAfterMs ?? defaultIntentAfterMs,
        detector: defaultDetectorTimes,
        healing: { ...defaultHealing, ...options.healing },
        commitMs: options.commitMs ?? (() => 1),
      })
    })
    const masters = this.masters.map((master) => master.internalAddress)
    this.#makeWorker = () => {
      const { store = {}, diskStepMs } = options
      const paced = diskStepMs === undefined ? {} : { diskStepMs }
      return new WorkerNode(
        { time, network, log, random: random.fork() },
        { host: `worker-${this.workers.length + 1}`, masters, secret, store, plant, ...paced },
      )
    }
    for (let count = 0; count < (options.workers ?? 5); count++) this.addMachine()
  }

  /** One more machine, which does not run yet. */
  addMachine(): WorkerNode {
    const node = this.#makeWorker()
    this.workers.push(node)
    return node
  }

  /** A cluster that can read and write. */
  static async start(options: SimulatedClusterOptions = {}): Promise<SimulatedCluster> {
    const cluster = new SimulatedCluster(options)
    for (const master of cluster.masters) await cluster.run(master.start())
    await cluster.run(Promise.all(cluster.workers.map(async (worker) => await worker.start())))
    await cluster.until(() => cluster.masters.every((master) => isReady(master.files)))
    return cluster
  }

  /** Another one with an empty disk. */
  async addWorker(): Promise<WorkerNode> {
    const worker = this.addMachine()
    await this.run(worker.start())
    return worker
  }

  get files(): FileService {
    return this.master().files
  }

  get objects(): ObjectService {
    return this.master().objects
  }

  master(index = 0): MasterNode {
    return defined(this.masters[index], 'a master')
  }

  worker(index: number): WorkerNode {
    return defined(this.workers[index], 'a worker')
  }

  /** Runs the cluster until the promise settles. */
  async run<T>(promise: Promise<T>): Promise<T> {
    return await this.time.run(promise)
  }

  /** Lets time pass. */
  async advance(durationMs: number): Promise<void> {
    await this.time.advance(durationMs)
  }

  /** Lets time pass until it holds. */
  async until(holds: () => boolean | Promise<boolean>, timeMaxMs = startMaxMs): Promise<void> {
    const endMs = this.time.nowMs + timeMaxMs
    while (!(await this.run(Promise.resolve(holds())))) {
      assert(this.time.nowMs < endMs, `it did not become true in ${timeMaxMs} ms`)
      await this.advance(100)
    }
  }

  /** Stores a file through the first master. */
  async put(
    key: string,
    bytes: Uint8Array,
    options: { readonly sliceBytes?: number; readonly request?: Partial<PutRequest>; readonly master?: number } = {},
  ): Promise<FileInfo> {
    const { files } = this.master(options.master)
    return await this.run(uploadBytes(files, { bucket, key, ...options.request }, bytes, options))
  }

  /** Reads a file, or a range of it, through the first master. */
  async get(
    key: string,
    options: { readonly offset?: number; readonly length?: number; readonly master?: number } = {},
  ): Promise<Uint8Array> {
    const { offset, length } = options
    const range = offset === undefined || length === undefined ? undefined : { offset, length }
    return await this.run(downloadBytes(this.master(options.master).files, { bucket, key }, range))
  }

  async remove(key: string, master = 0): Promise<FileInfo | undefined> {
    return await this.run(this.master(master).files.remove({ bucket, key }))
  }

  /** Fragments that the running workers hold, all together. */
  fragments(): number {
    let count = 0
    for (const node of this.workers) if (node.isRunning) count += node.worker.store.usage().fragments
    return count
  }

  /** Rows of data ids in metadata, of every group. */
  async dataRows(master = 0): Promise<readonly DataRow[]> {
    const { metadata } = this.master(master)
    const { groups } = await metadata.listGroups({ since: 0, limit: 1000 })
    const rows = await Promise.all(groups.map(async ({ group }) => await metadata.listDataRows({ group, limit: 1000 })))
    return rows.flat()
  }

  /** All names. */
  async names(master = 0): Promise<readonly string[]> {
    return (await this.run(this.master(master).files.listNames({ bucket, limit: 1000 }))).names
  }
}

function isReady(files: FileService): boolean {
  const { canRead, canWrite } = files.readiness()
  return canRead && canWrite
}
