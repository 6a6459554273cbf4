// Two nodes on a simulated network in virtual time, for the tests of this folder.

import { SimulatedCompute } from '../../../sim/ports/compute.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { SimulatedNetwork } from '../../../sim/ports/network.ts'
import { SimulatedRandom } from '../../../sim/ports/random.ts'
import { defined } from '../../base/assert.ts'
import { parseClusterId, parseProcessId, parseWorkerId } from '../../base/ids.ts'
import { MIB } from '../../base/units.ts'
import { FixedBodyPool } from '../body-pool.ts'
import { connectPeer, listenForPeers } from '../connect.ts'
import type { RpcLimits, RpcListener, RpcNode } from '../connect.ts'
import type { NodeIdentity, PeerInfo, RpcHandler, RpcPeer } from '../peer.ts'

export const secret = new Uint8Array(32).fill(7)
export const clusterId = defined(parseClusterId('c'.repeat(32)), 'a cluster id')
export const masterId: NodeIdentity = { kind: 'master', id: defined(parseProcessId('a'.repeat(16)), 'a process id') }
export const workerId: NodeIdentity = { kind: 'worker', id: defined(parseWorkerId('b'.repeat(16)), 'a worker id') }

export interface WorldOptions {
  readonly seed?: number
  readonly masterHandlers?: Readonly<Record<number, RpcHandler>>
  readonly workerHandlers?: Readonly<Record<number, RpcHandler>>
  readonly masterLimits?: Partial<RpcLimits>
  readonly workerLimits?: Partial<RpcLimits>
  readonly poolBytes?: number
  readonly capacityBytes?: number
}

/** The master listens, the worker dials. */
export class RpcWorld {
  readonly time = new VirtualTime()
  readonly network: SimulatedNetwork
  readonly masterLog = new CollectingLog()
  readonly workerLog = new CollectingLog()
  readonly masterPool: FixedBodyPool
  readonly workerPool: FixedBodyPool
  readonly master: RpcNode
  readonly worker: RpcNode
  readonly accepted: RpcPeer[] = []
  readonly #random: SimulatedRandom
  #listener: RpcListener | undefined

  constructor(options: WorldOptions = {}) {
    this.#random = new SimulatedRandom(options.seed ?? 1)
    const clock = this.time.createClock()
    const { capacityBytes } = options
    const networkOptions = { clock, random: new SimulatedRandom((options.seed ?? 1) + 1) }
    this.network = new SimulatedNetwork(
      capacityBytes === undefined ? networkOptions : { ...networkOptions, capacityBytes },
    )
    const poolBytes = options.poolBytes ?? 16 * MIB
    this.masterPool = new FixedBodyPool({ memory: new Uint8Array(poolBytes) })
    this.workerPool = new FixedBodyPool({ memory: new Uint8Array(poolBytes) })
    const common = { clusterId, secret }
    this.master = {
      ...common,
      identity: masterId,
      ports: this.#ports('m', this.masterLog),
      handlers: handlerMap(options.masterHandlers),
      bodies: this.masterPool,
      limits: options.masterLimits ?? {},
    }
    this.worker = {
      ...common,
      identity: workerId,
      ports: this.#ports('w', this.workerLog),
      handlers: handlerMap(options.workerHandlers),
      bodies: this.workerPool,
      limits: options.workerLimits ?? {},
    }
  }

  async listen(admit?: (info: PeerInfo) => void): Promise<void> {
    this.#listener = await listenForPeers(this.master, {
      address: 'm:7000',
      onPeer: (peer) => this.accepted.push(peer),
      ...(admit === undefined ? {} : { admit }),
    })
  }

  dial(node: RpcNode = this.worker): Promise<RpcPeer> {
    return this.time.run(connectPeer(node, { address: 'm:7000', timeoutMs: 1000 }))
  }

  /** Both ends of a connection: what the worker sees of the master, and the master of the worker. */
  async connect(): Promise<{ readonly master: RpcPeer; readonly worker: RpcPeer }> {
    if (this.#listener === undefined) await this.listen()
    const master = await this.dial()
    return { master, worker: defined(this.accepted.at(-1), 'an accepted peer') }
  }

  /** Runs until it settles. */
  run<T>(promise: Promise<T>): Promise<T> {
    return this.time.run(promise)
  }

  #ports(host: string, log: CollectingLog): RpcNode['ports'] {
    return {
      clock: this.time.createClock(),
      random: new SimulatedRandom(this.#random.below(2 ** 32)),
      network: this.network.host(host),
      compute: new SimulatedCompute(),
      log,
    }
  }
}

export function handlerMap(handlers: Readonly<Record<number, RpcHandler>> = {}): ReadonlyMap<number, RpcHandler> {
  return new Map(Object.entries(handlers).map(([method, handler]) => [Number(method), handler]))
}

export const noHeader = new Uint8Array(0)

export function text(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes)
}

export function bytesOf(content: string): Uint8Array {
  return new TextEncoder().encode(content)
}
