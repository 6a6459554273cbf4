// One process of a simulated master. The first process of a cluster commits to the metadata, which lies in memory that outlives it, and
// the others send it their commands, over the same connections as in reality. It can be killed, stopped and started again; each start
// is a new process to the cluster.

import { assert, defined } from '../src/base/assert.ts'
import { FrostError } from '../src/base/errors.ts'
import { processIdFromBytes, toHex } from '../src/base/ids.ts'
import type { ClusterId, ProcessId } from '../src/base/ids.ts'
import type { SeededRandom } from '../src/base/random.ts'
import type { Scheme } from '../src/base/scheme.ts'
import { MIB } from '../src/base/units.ts'
import { CommitterLink } from '../src/master/committer-link.ts'
import type { FileService } from '../src/master/file-service.ts'
import type { ObjectService } from '../src/master/object-service.ts'
import type { HealingOptions } from '../src/master/healing/healing.ts'
import type { DetectorTimes } from '../src/cluster/detect-failures.ts'
import { Master } from '../src/master/master.ts'
import { answerCommand, ForwardingRunner } from '../src/meta/forwarding.ts'
import { KeyValueMetadata, LocalRunner } from '../src/meta/key-value-metadata.ts'
import type { MetadataStore } from '../src/meta/metadata-store.ts'
import type { MutationName, MutationRunner } from '../src/meta/mutations.ts'
import { FixedBodyPool } from '../src/rpc/body-pool.ts'
import { methods } from '../src/rpc/messages/methods.ts'
import type { RpcHandler } from '../src/rpc/peer.ts'
import { FatefulRunner } from './metadata-faults.ts'
import type { MutationFate } from './metadata-faults.ts'
import type { SimulatedCluster } from './cluster.ts'
import { Life, MortalKeyValue, MortalNetwork } from './mortal.ts'
import type { VirtualClock, VirtualTime } from './ports/clock.ts'
import { SimulatedCompute } from './ports/compute.ts'
import { MemoryKeyValue } from './ports/key-value.ts'
import type { MemoryMap } from './ports/key-value.ts'
import type { CollectingLog } from './ports/log.ts'
import type { Plant } from './plants/plant.ts'
import type { SimulatedNetwork } from './ports/network.ts'
import { SimulatedRandom } from './ports/random.ts'

export interface MasterNodeWorld {
  readonly time: VirtualTime
  readonly network: SimulatedNetwork
  readonly random: SeededRandom
  readonly log: CollectingLog
  /** The metadata as it lies on the disk of the machine that all processes share. */
  readonly metadataMap: MemoryMap
}

export interface MasterNodeOptions {
  readonly plant: Plant
  readonly cluster: SimulatedCluster
  /** Its name on the network. */
  readonly host: string
  /** Where the committing process answers; absent: it commits itself. */
  readonly committer?: string
  readonly clusterId: ClusterId
  readonly secret: Uint8Array
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly extentBytesMax: number
  readonly memoryBytes: number
  readonly groupsPerWorker: number
  readonly groupBytesPerSlotMax: number
  readonly orphansEveryMs: number
  readonly orphanBytesPerDayMin: number
  readonly intentAfterMs: number
  readonly multipartExpiresMs: number
  readonly changesKept: number
  readonly detector: DetectorTimes
  readonly healing: HealingOptions
  /** How long a commit of metadata takes. */
  readonly commitMs: () => number
}

interface Running {
  readonly master: Master
  readonly metadata: MetadataStore
  readonly process: ProcessId
  readonly life: Life
  readonly clock: VirtualClock
  readonly keyValue: MemoryKeyValue
  isServing: boolean
}

const noHeader = new Uint8Array(0)
/** A frame of the largest size fits. */
const bodyBytes = 2 * MIB
const startMs = Date.UTC(2030, 0, 1)

export class MasterNode {
  readonly host: string
  /** What becomes of the mutations of this process; default: all are committed. */
  fate: (name: MutationName) => MutationFate = () => 'commit'
  /** Why it ended by itself. */
  fatal: Error | undefined
  /** How wrong its machine's calendar is; taken at the next start (`jumpWall` for now and then). */
  wallSkewMs = 0
  readonly #world: MasterNodeWorld
  readonly #options: MasterNodeOptions
  #life: Life | undefined
  #running: Running | undefined

  constructor(world: MasterNodeWorld, options: MasterNodeOptions) {
    this.#world = world
    this.#options = options
    this.host = options.host
  }

  get internalAddress(): string {
    return `${this.host}:7000`
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** It runs, and has started. */
  get isServing(): boolean {
    return this.#running?.isServing === true
  }

  get master(): Master {
    return this.#now.master
  }

  get files(): FileService {
    return this.#now.master.files
  }

  get objects(): ObjectService {
    return this.#now.master.objects
  }

  get metadata(): MetadataStore {
    return this.#now.metadata
  }

  get process(): ProcessId {
    return this.#now.process
  }

  get clock(): VirtualClock {
    return this.#now.clock
  }

  /** Of the process that was started last. */
  get life(): Life {
    return defined(this.#life, `${this.host} was started`)
  }

  /** Somebody sets the machine's calendar. */
  jumpWall(byMs: number): void {
    this.wallSkewMs += byMs
    this.#running?.clock.jumpWall(byMs)
  }

  async start(): Promise<void> {
    assert(this.#running === undefined, `${this.host} does not run`)
    const { time, network, random, log, metadataMap } = this.#world
    const { clusterId, secret, scheme, chunkSizeBytes, plant } = this.#options
    const life = new Life()
    this.#life = life
    const clock = time.createClock({ node: this.host, wallMs: startMs + this.wallSkewMs })
    const process = processIdFromBytes(random.bytes(8))
    const ports = {
      clock,
      random: new SimulatedRandom(random),
      network: new MortalNetwork(life, network, this.host),
      compute: plant.compute?.(new SimulatedCompute()) ?? new SimulatedCompute(),
      log: log.with({ node: this.host }),
    }
    const bodies = new FixedBodyPool({ memory: new Uint8Array(bodyBytes) })
    const commits = time.createClock({ node: this.host, kind: 'commit' })
    const keyValue = new MemoryKeyValue({ map: metadataMap, clock: commits, delayMs: this.#options.commitMs })
    const mortal = new MortalKeyValue(life, metadataMap, keyValue)
    const node = { ports, identity: { kind: 'master', id: process } as const, clusterId, secret, bodies }
    const { metadata, handlers } = await this.#openMetadata(mortal, node)
    if ((await metadata.getCluster()) === undefined) {
      const history = toHex(random.bytes(16))
      const defaults = { defaultScheme: scheme, defaultChunkSizeBytes: chunkSizeBytes }
      await metadata.createCluster({ cluster: clusterId, history, ...defaults, createdMs: clock.wallMs() })
    }
    const master = new Master(
      { ...ports, metadata, bodies },
      {
        ...this.#options,
        process,
        internalAddress: this.internalAddress,
        handlers,
        onFatal: (error) => {
          this.fatal = error
          this.kill()
        },
      },
    )
    const running: Running = { master, metadata, process, life, clock, keyValue, isServing: false }
    this.#running = running
    await master.start()
    running.isServing = true
  }

  /** kill -9. `silent`: and nobody is told, as when a machine goes away. */
  kill(options: { readonly silent?: boolean } = {}): void {
    const running = this.#running
    if (running === undefined) return
    this.#running = undefined
    running.life.end()
    running.clock.stop()
    running.keyValue.crash()
    if (this.#options.committer === undefined) this.#options.plant.onKilled?.(this.#world.metadataMap)
    this.#world.time.resume(this.host)
    this.#world.network.crash(this.host, { silent: options.silent === true })
  }

  /** SIGSTOP, until `resume`; what others send waits with the kernel. */
  pause(): void {
    if (this.#running !== undefined) this.#world.time.pause(this.host)
  }

  resume(): void {
    this.#world.time.resume(this.host)
  }

  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    await running.master.stop()
    await running.metadata.close()
    if (this.#running !== running) return
    this.#running = undefined
    running.life.end()
  }

  get #now(): Running {
    return defined(this.#running, `${this.host} runs`)
  }

  async #openMetadata(
    keyValue: MortalKeyValue,
    node: Omit<ConstructorParameters<typeof CommitterLink>[0], 'handlers'>,
  ): Promise<{ readonly metadata: MetadataStore; readonly handlers: ReadonlyMap<number, RpcHandler> }> {
    const { committer } = this.#options
    const fate = (name: MutationName): MutationFate => this.fate(name)
    if (committer !== undefined) {
      const link = new CommitterLink({ ...node, handlers: new Map() }, committer)
      const forwarding = this.#planted(new FatefulRunner(new ForwardingRunner(link), fate))
      return { metadata: this.#seen(new KeyValueMetadata(keyValue, forwarding)), handlers: new Map() }
    }
    await keyValue.claim()
    const runner = new LocalRunner(keyValue)
    const answer: RpcHandler = async (request) => {
      if (request.peer.info.identity.kind !== 'master') throw new FrostError('bad-request', 'Not a master.')
      return { header: noHeader, body: [await answerCommand(runner, request.body ?? noHeader)] }
    }
    return {
      metadata: this.#seen(new KeyValueMetadata(keyValue, this.#planted(new FatefulRunner(runner, fate)))),
      handlers: new Map([[methods.metadataCommand, answer]]),
    }
  }

  #planted(runner: MutationRunner): MutationRunner {
    return this.#options.plant.runner?.(runner, this.#options.cluster) ?? runner
  }

  #seen(metadata: MetadataStore): MetadataStore {
    return this.#options.plant.metadata?.(metadata, this.host) ?? metadata
  }
}
