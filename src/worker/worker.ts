// A worker: a fragment store, the groups it has adopted, and its connections to the masters. Put together here from its parts.

import { unreachableRejection } from '../base/assert.ts'
import type { ClusterId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Compute } from '../ports/compute.ts'
import type { Disk } from '../ports/disk.ts'
import type { IndexFactory } from '../ports/index-store.ts'
import type { Log } from '../ports/log.ts'
import type { Tracer } from '../ports/tracing.ts'
import type { Network } from '../ports/network.ts'
import type { Random } from '../ports/random.ts'
import type { BodyPool } from '../rpc/body-pool.ts'
import { listenForPeers } from '../rpc/connect.ts'
import type { RpcListener, RpcNode } from '../rpc/connect.ts'
import type { HistoryCount, ScrubVitals, WorkerVitals } from '../rpc/messages/membership.ts'
import type { RequestMeter } from '../rpc/request-meter.ts'
import type { RpcHandler, RpcPeer } from '../rpc/peer.ts'
import type { OpenReport, ScrubStatus, StoreOptions } from '../store/contract.ts'
import { FragmentStore } from '../store/fragment-store.ts'
import { AdoptedGroups } from './adopted-groups.ts'
import { fragmentHandlers } from './fragment-handlers.ts'
import { MasterConnections } from './master-connections.ts'
import { PeerWorkers } from './peer-workers.ts'
import { Rebuilder } from './rebuilder.ts'
import { SeenHistory } from './seen-history.ts'

export interface WorkerPorts {
  readonly clock: Clock
  readonly random: Random
  readonly network: Network
  readonly compute: Compute
  readonly log: Log
  /** Absent: nothing is traced. */
  readonly tracer?: Tracer | undefined
  /** The store's directory. */
  readonly disk: Disk
  /** A directory beside it, for the adopted placement groups. */
  readonly mapDisk: Disk
  readonly indexes: IndexFactory
  /** For bodies of frames; best in memory from `disk.allocateAligned`. */
  readonly bodies: BodyPool
}

export interface WorkerOptions {
  /** Internal addresses of masters. */
  readonly masters: readonly string[]
  readonly secret: Uint8Array
  /** Where other workers connect: `host:port`. */
  readonly internalAddress: string
  /** What others are told of it; absent: as bound. */
  readonly advertisedAddress?: string
  readonly zone: string | undefined
  readonly store: StoreOptions
  /** Told of each request that was answered. */
  readonly meter?: RequestMeter
  /** The store can make nothing durable any more: the process must end. */
  readonly onFatal: (error: Error) => void
}

export interface WorkerReadiness {
  readonly canRead: boolean
  readonly canWrite: boolean
  /** Why not, where one of them is false. */
  readonly reason: string | undefined
}

export class Worker {
  readonly #ports: WorkerPorts
  readonly #options: WorkerOptions
  readonly #store: FragmentStore
  #handlers: ReadonlyMap<number, RpcHandler> = new Map()
  #opened: OpenReport | undefined
  #clusterId: ClusterId | undefined
  #listener: RpcListener | undefined
  #masters: MasterConnections | undefined
  #rebuilder: Rebuilder | undefined
  readonly #peers: PeerWorkers
  /** Those that dialled this worker. */
  readonly #dialled = new Set<RpcPeer>()

  constructor(ports: WorkerPorts, options: WorkerOptions) {
    this.#ports = ports
    this.#options = options
    this.#peers = new PeerWorkers({ clock: ports.clock, node: () => this.#node() })
    this.#store = new FragmentStore(ports, options.store, {
      damaged: ({ key, code, reason }) =>
        ports.log.warn('A stored fragment is damaged.', {
          code,
          reason,
          group: key.group,
          dataId: key.dataId,
          block: key.block,
          column: key.column,
        }),
      full: (full) => ports.log.warn(full ? 'The disk is full: writes are refused.' : 'The disk has room again.'),
      failed: options.onFatal,
    })
  }

  get store(): FragmentStore {
    return this.#store
  }

  get internalAddress(): string {
    return this.#listener?.address ?? this.#options.internalAddress
  }

  /** What it can serve now, as far as it knows by itself. */
  readiness(): WorkerReadiness {
    if (this.#masters === undefined) return { canRead: false, canWrite: false, reason: 'The worker is starting.' }
    const isConnected = !this.#masters.peers[Symbol.iterator]().next().done
    if (!isConnected) return { canRead: false, canWrite: false, reason: 'No master is connected.' }
    if (this.#store.isFailing()) return { canRead: true, canWrite: false, reason: 'The disk makes nothing durable.' }
    if (this.#store.usage().full) return { canRead: true, canWrite: false, reason: 'The disk is full.' }
    return { canRead: true, canWrite: true, reason: undefined }
  }

  /** All that are connected, whoever dialled. */
  *peers(): Generator<RpcPeer> {
    yield* this.#dialled
    if (this.#masters !== undefined) yield* this.#masters.peers
  }

  async start(): Promise<OpenReport> {
    const { log, mapDisk, clock, random, compute } = this.#ports
    const opened = await this.#store.open()
    this.#opened = opened
    this.#clusterId = opened.clusterId
    const groups = new AdoptedGroups(mapDisk)
    await groups.open()
    const history = new SeenHistory(mapDisk)
    await history.open()
    const store = this.#store
    const rebuilder = new Rebuilder({ clock, compute, store, peers: this.#peers, worker: opened.workerId })
    this.#rebuilder = rebuilder
    this.#handlers = fragmentHandlers({ store, groups, rebuilder, tracer: this.#ports.tracer })
    this.#listener = await listenForPeers(this.#node(), {
      address: this.#options.internalAddress,
      onPeer: (peer) => {
        this.#dialled.add(peer)
        peer.closed.then(() => this.#dialled.delete(peer), unreachableRejection)
      },
    })
    this.#masters = new MasterConnections(
      {
        clock,
        random,
        log,
        vitals: () => this.#vitals(history.seen),
        told: async (told) => await history.remember(told),
        joined: async (clusterId) => {
          await this.#store.joinCluster(clusterId)
          this.#clusterId = clusterId
        },
        node: () => this.#node(),
      },
      {
        worker: opened.workerId,
        address: this.#options.advertisedAddress ?? this.internalAddress,
        zone: this.#options.zone,
        startCounter: opened.startCount,
        lastBatches: opened.lastBatches,
      },
      this.#options.masters,
    )
    this.#masters.start()
    return opened
  }

  async stop(): Promise<void> {
    await this.#masters?.stop()
    await this.#listener?.close()
    await this.#rebuilder?.close()
    await this.#peers.close()
    await Promise.all([...this.#dialled].map(async (peer) => await peer.close(SECOND_MS)))
    await this.#store.close()
  }

  #node(): RpcNode {
    const { bodies, clock, random, network, compute, log } = this.#ports
    const id = this.#opened?.workerId
    if (id === undefined) throw new Error('the store is opened first')
    const clusterId = (): ClusterId | undefined => this.#clusterId
    return {
      ports: { clock, random, network, compute, log },
      identity: { kind: 'worker', id },
      // The listener's node outlives the moment in which the cluster becomes known.
      get clusterId(): ClusterId | undefined {
        return clusterId()
      },
      secret: this.#options.secret,
      handlers: this.#handlers,
      bodies,
      ...(this.#options.meter === undefined ? {} : { meter: this.#options.meter }),
    }
  }

  #vitals(historySeen: HistoryCount | undefined): WorkerVitals {
    return {
      ...toVitals(this.#store),
      oldestDiskOperationMs: Math.round(this.#store.oldestOperationMs()),
      diskLatencyMs: Math.round(this.#store.diskLatencyMs()),
      corruptFragments: this.#store.counters().damageFound,
      failing: this.#store.isFailing(),
      scrub: toScrubVitals(this.#store.scrubStatus()),
      ...(historySeen === undefined ? {} : { historySeen }),
    }
  }
}

/** Ages are rounded so that nothing looks newer than it is. */
function toScrubVitals({ lastFinishedAgoMs, ...status }: ScrubStatus): ScrubVitals {
  return lastFinishedAgoMs === undefined ? status : { ...status, lastFinishedAgoMs: Math.ceil(lastFinishedAgoMs) }
}

function toVitals(store: FragmentStore): {
  readonly usedBytes: number
  readonly capacityBytes: number
  readonly freeBytes: number
  readonly damagedFragments: number
} {
  const { segmentBytes, capacityBytes, freeBytes, full, damaged } = store.usage()
  return {
    usedBytes: segmentBytes,
    capacityBytes,
    freeBytes: full ? 0 : Math.max(0, freeBytes),
    damagedFragments: damaged,
  }
}
