// One process of a master: registers with metadata, listens for workers, serves files, and, as the lease holder, does the background
// work. Put together here from its parts; it decides nothing itself.

import { unreachableRejection } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { Histogram } from '../base/histogram.ts'
import type { ClusterId, ProcessId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import { GIB, MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { DetectorTimes } from '../cluster/detect-failures.ts'
import { ErasureCoder } from '../codec/erasure-coder.ts'
import type { Fence } from '../meta/contract/conventions.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Log } from '../ports/log.ts'
import type { Network } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import type { BodyPool } from '../rpc/body-pool.ts'
import { listenForPeers } from '../rpc/connect.ts'
import type { RpcListener } from '../rpc/connect.ts'
import { methods } from '../rpc/messages/methods.ts'
import type { RequestMeter } from '../rpc/request-meter.ts'
import type { RpcHandler, RpcPeer } from '../rpc/peer.ts'
import { TaskRunner } from './background-task.ts'
import type { BackgroundTask } from './background-task.ts'
import { ChangeTrimTask } from './change-trim-task.ts'
import { ClusterHistory, pausedWhileBehind } from './cluster-history.ts'
import { ClusterMap } from './cluster-map.ts'
import { countCalls } from './master-counts.ts'
import type { MasterCounts } from './master-counts.ts'
import { DamageReports } from './damage-reports.ts'
import { Discards } from './discards.ts'
import type { FileService } from './file-service.ts'
import { DataPath } from './data-path.ts'
import { MasterFiles } from './files.ts'
import { GroupFullness } from './group-fullness.ts'
import { GroupTask } from './group-task.ts'
import { Healing } from './healing/healing.ts'
import type { HealingOptions } from './healing/healing.ts'
import { healingHandlers, healingStateOf } from './healing/healing-messages.ts'
import { HolderLink } from './healing/holder-link.ts'
import type { Foreground } from './healing/repair-pace.ts'
import { RecentLatency } from './latency.ts'
import { LeaseKeeper } from './lease-keeper.ts'
import { Membership } from './membership.ts'
import { MemoryBudget } from './memory-budget.ts'
import { MultipartExpiryTask } from './multipart-expiry-task.ts'
import type { ObjectService } from './object-service.ts'
import { MasterObjects } from './objects.ts'
import { OpenUploads } from './open-uploads.ts'
import { defaultOrphanBytesPerDay } from './orphan-limit.ts'
import { OrphanTask } from './orphans.ts'
import { ProcessExpiry, Publisher } from './publisher.ts'
import { PromptWorkers } from './prompt-workers.ts'
import { PurgeTask } from './purge.ts'
import { ReadGenerations } from './read-generations.ts'
import { RebuildTask } from './rebuild/rebuild-task.ts'
import { ConnectedWorkers } from './worker-links.ts'

export interface MasterPorts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly compute: Compute
  readonly log: Log
  readonly metadata: MetadataStore
  /** For the bodies of frames; responses of 64 KiB and more that are not taken as they arrive. */
  readonly bodies: BodyPool
}

export interface MasterOptions {
  readonly process: ProcessId
  readonly clusterId: ClusterId
  readonly secret: Uint8Array
  /** Where workers connect: `host:port`. */
  readonly internalAddress: string
  /** What workers and other masters are told; default: where it listens. */
  readonly advertisedAddress?: string
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly extentBytesMax: number
  /** The budget for bytes in flight. */
  readonly memoryBytes: number
  /** Groups that take new data, for each worker. */
  readonly groupsPerWorker: number
  /** A placement group with so many bytes on a slot takes no new data. */
  readonly groupBytesPerSlotMax: number
  readonly orphansEveryMs: number
  /** Orphan collection asks before it takes more from a worker in a day (or 1 % of it); default 16 GiB. */
  readonly orphanBytesPerDayMin?: number
  /** Records of the change log that are kept, about; default 1,000,000. */
  readonly changesKept?: number
  /** Multipart uploads that are unfinished for so long are ended; default 7 days. */
  readonly multipartExpiresMs?: number
  /** An upload that is open for so long gets an intent row; default 10 minutes. */
  readonly intentAfterMs?: number
  readonly detector: DetectorTimes
  readonly healing: HealingOptions
  /** Further methods of the internal protocol, for the other processes of this master. */
  readonly handlers?: ReadonlyMap<number, RpcHandler>
  /** Told of each request of a worker that was answered. */
  readonly meter?: RequestMeter
  /** This process must end and start anew. */
  readonly onFatal: (error: Error) => void
}

/** What the services and their counts are made of. */
interface ServiceParts {
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly history: ClusterHistory
  readonly uploads: OpenUploads
  readonly reads: ReadGenerations
  readonly discards: Discards
  readonly damage: DamageReports
  readonly fullness: GroupFullness
  readonly healing: Healing
}

export const defaultGroupsPerWorker = 50
export const defaultGroupBytesPerSlotMax = 32 * GIB
export const defaultOrphansEveryMs = 10 * MINUTE_MS
/** Requests that wait for memory; each holds a connection and at most what one read from it brought. */
const memoryWaitersMax = 4096
const latencyAssumedMs = 250
/** Seconds. */
const commitTimeBounds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10]
export class Master {
  readonly #ports: MasterPorts
  readonly #options: MasterOptions
  readonly #tasks: TaskRunner
  readonly #peers = new Set<RpcPeer>()
  #listener: RpcListener | undefined
  #lease: LeaseKeeper | undefined
  #files: FileService | undefined
  #objects: ObjectService | undefined
  #holderLink: HolderLink | undefined
  #counts: (() => MasterCounts) | undefined
  readonly #latency = new RecentLatency(latencyAssumedMs)
  readonly #readLatency = new RecentLatency(latencyAssumedMs)
  readonly #commitTimes = new Histogram(commitTimeBounds)

  constructor(ports: MasterPorts, options: MasterOptions) {
    this.#ports = ports
    this.#options = options
    this.#tasks = new TaskRunner(ports)
  }

  get files(): FileService {
    if (this.#files === undefined) throw new FrostError('metadata-unavailable', 'The master has not started yet.')
    return this.#files
  }

  get objects(): ObjectService {
    if (this.#objects === undefined) throw new FrostError('metadata-unavailable', 'The master has not started yet.')
    return this.#objects
  }

  /** Those that are connected: workers, and other masters that dialled. */
  get peers(): Iterable<RpcPeer> {
    return this.#peers
  }

  /** While this process holds the lease of the background work: what is done under it carries this. */
  get fence(): Fence | undefined {
    return this.#lease?.fence
  }

  /** Runs a task of a face until `stop`. */
  startTask(task: BackgroundTask): void {
    this.#tasks.start(task)
  }

  counts(): MasterCounts {
    if (this.#counts === undefined) throw new FrostError('metadata-unavailable', 'The master has not started yet.')
    return this.#counts()
  }

  /** `host:port` where workers connect. */
  get internalAddress(): string {
    return this.#listener?.address ?? this.#options.internalAddress
  }

  async start(): Promise<void> {
    const { metadata, clock, random, log } = this.#ports
    const { process, scheme, groupsPerWorker, groupBytesPerSlotMax: bytesPerSlotMax } = this.#options
    const map = new ClusterMap(metadata)
    const workers = new ConnectedWorkers({
      clock,
      times: this.#options.detector,
      groupNow: (group) => map.group(group),
    })
    const lease = new LeaseKeeper({ metadata, clock }, process)
    this.#lease = lease
    const history = new ClusterHistory({ metadata, clock, log, lease })
    const memberPorts = { metadata, log, map, workers, history }
    const membership = new Membership(memberPorts, this.#options.clusterId)
    // Nobody is served before the process is registered, whose address is known only once it listens.
    const started = Promise.withResolvers<void>()
    started.promise.catch(() => undefined)
    const fullness = new GroupFullness({ metadata, map, workers, lease }, { bytesPerSlotMax })
    const foreground = (): Foreground => ({
      samples: this.#latency.count + this.#readLatency.count,
      recentP95Ms: Math.max(this.#latency.p95Ms, this.#readLatency.p95Ms),
    })
    const healing = new Healing(
      { ...memberPorts, clock, random, lease, fullness, foreground },
      { ...this.#options.healing, ...this.#options.detector },
    )
    try {
      this.#listener = await this.#listen({ membership, healing }, started.promise)
      const { advertisedAddress: address = this.internalAddress } = this.#options
      const row = await metadata.registerProcess({ process, address, wallMs: clock.wallMs() })
      const uploads = new OpenUploads({ clock, random }, row)
      const reads = new ReadGenerations(clock)
      const publishing = { metadata, clock, uploads, reads, onExpired: this.#options.onFatal }
      const publisher = new Publisher(publishing, this.#options)
      await publisher.step()
      await map.refresh()
      await history.look()
      const discards = new Discards({ metadata, log })
      const damage = new DamageReports({ metadata, clock, log })
      this.#makeServices({ map, workers, history, uploads, reads, discards, damage, fullness, healing })
      const groupPorts = { ...memberPorts, clock, random, lease, membership, fullness }
      const { orphanBytesPerDayMin: bytesPerDayMin = defaultOrphanBytesPerDay } = this.#options
      const purgePorts = { metadata, map, workers, lease, history, log, clock }
      for (const task of [
        lease,
        history,
        publisher,
        new ProcessExpiry({ metadata, clock, lease }, process),
        fullness,
        new GroupTask(groupPorts, { scheme, groupsPerWorker, bytesPerSlotMax }),
        discards,
        damage,
        new PurgeTask(purgePorts),
        new OrphanTask(purgePorts, { everyMs: this.#options.orphansEveryMs, bytesPerDayMin }),
        new ChangeTrimTask(purgePorts, this.#options.changesKept),
        pausedWhileBehind(new MultipartExpiryTask(purgePorts, this.#options.multipartExpiresMs), history),
        new RebuildTask({ ...purgePorts, compute: this.#ports.compute, links: workers }),
        ...healing.tasks.map((healer) => pausedWhileBehind(healer, history)),
      ]) {
        this.#tasks.start(task)
      }
      started.resolve()
    } catch (error) {
      started.reject(error)
      throw error
    }
  }

  #makeServices(parts: ServiceParts): void {
    const { metadata, clock, random, compute, bodies, ...others } = this.#ports
    const { chunkSizeBytes, extentBytesMax, memoryBytes, clusterId } = this.#options
    const coder = new ErasureCoder({ memoryBytes })
    const budget = new MemoryBudget(coder, { waitersMax: memoryWaitersMax })
    this.#counts = () => this.#countAll(parts, budget)
    const { process, secret } = this.#options
    const holder = new HolderLink(metadata, {
      ports: { clock, random, compute, ...others },
      identity: { kind: 'master', id: process },
      clusterId,
      secret,
      handlers: new Map(),
      bodies,
    })
    this.#holderLink = holder
    const ports = {
      clock,
      random,
      compute,
      metadata,
      coder,
      budget,
      openUploads: parts.uploads,
      discards: parts.discards,
      reads: parts.reads,
      map: parts.map,
      workers: parts.workers,
      history: parts.history,
      latency: this.#latency,
      commitTimes: this.#commitTimes,
      readLatency: this.#readLatency,
      prompt: new PromptWorkers(clock),
      healing: async () => await healingStateOf(parts.healing, holder),
      repair: async () => {
        if (!parts.healing.compareAll()) await holder.ask(methods.compareAll)
      },
      fullness: parts.fullness,
      scheme: this.#options.scheme,
      groupNow: parts.map.group.bind(parts.map),
      standIns: parts.damage.standIns.bind(parts.damage),
      onDamage: parts.damage.add.bind(parts.damage),
    }
    const path = new DataPath(ports, { chunkSizeBytes, extentBytesMax })
    this.#files = new MasterFiles(ports, path, clusterId)
    this.#objects = new MasterObjects(path)
  }

  #countAll(
    parts: Pick<ServiceParts, 'damage' | 'workers' | 'uploads' | 'history'>,
    budget: MemoryBudget,
  ): MasterCounts {
    return {
      damagedFragments: parts.damage.count,
      workersConnected: parts.workers.connected().length,
      memoryInFlightBytes: budget.usedBytes,
      memoryBytesMax: budget.capacityBytes,
      memoryWaiting: budget.waiting,
      memoryWaitingMax: memoryWaitersMax,
      uploadsOpen: parts.uploads.count,
      holdsLease: this.#lease?.fence !== undefined,
      isBehind: parts.history.isBehind,
      calls: countCalls(this.#peers),
      blockWriteTimes: this.#latency.times,
      fragmentReadTimes: this.#readLatency.times,
      commitTimes: this.#commitTimes,
    }
  }

  async #listen(
    { membership, healing }: { readonly membership: Membership; readonly healing: Healing },
    started: Promise<void>,
  ): Promise<RpcListener> {
    const { bodies, ...ports } = this.#ports
    const { process, clusterId, secret, internalAddress } = this.#options
    const whenStarted =
      (handler: RpcHandler): RpcHandler =>
      async (request) => {
        await started
        return await handler(request)
      }
    const handlers = new Map<number, RpcHandler>([
      [methods.register, whenStarted(membership.register.bind(membership))],
      [methods.heartbeat, whenStarted(membership.heartbeat.bind(membership))],
      ...healingHandlers(healing),
      ...(this.#options.handlers ?? []),
    ])
    return await listenForPeers(
      {
        ports,
        identity: { kind: 'master', id: process },
        clusterId,
        secret,
        handlers,
        bodies,
        ...(this.#options.meter === undefined ? {} : { meter: this.#options.meter }),
      },
      {
        address: internalAddress,
        onPeer: (peer) => {
          this.#peers.add(peer)
          peer.closed.then(() => this.#peers.delete(peer), unreachableRejection)
        },
      },
    )
  }

  /** Ends in good order: the lease is released, the registration expired. Open uploads are lost to their clients. */
  async stop(): Promise<void> {
    await this.#tasks.stop()
    const { metadata, log } = this.#ports
    try {
      await this.#lease?.release()
      const own = (await metadata.listProcesses()).find((row) => row.process === this.#options.process)
      if (own !== undefined) await metadata.expireProcess({ process: own.process, heartbeat: own.heartbeat })
    } catch (error) {
      log.warn('The master could not sign off; others will notice by themselves.', { reason: String(error) })
    }
    await this.#holderLink?.close()
    await this.#listener?.close()
    await Promise.all([...this.#peers].map(async (peer) => await peer.close(SECOND_MS)))
  }
}
