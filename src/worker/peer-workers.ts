// Connections to other workers, for what fragments are made anew from. They are dialled when needed, shared by everybody who needs the
// same worker, and closed after a minute without use. Who answers at an address must prove to be the worker that was asked for.
//
// Bounds: 64 connections; of one that could not be reached nobody tries again for 5 seconds, so that a dead worker costs one dialling and
// not one for each fragment.

import { FrostError } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import type { Clock, Timer } from '../ports/clock.ts'
import { connectPeer } from '../rpc/connect.ts'
import type { RpcNode } from '../rpc/connect.ts'
import type { WorkerAddress } from '../rpc/messages/rebuild.ts'
import type { RpcPeer } from '../rpc/peer.ts'

const connectionsMax = 64
const connectTimeoutMs = 5 * SECOND_MS
const idleMs = MINUTE_MS
const backOffMs = 5 * SECOND_MS
/** Workers that could not be reached are remembered, so many of them. */
const unreachableMax = 1024

export interface PeerWorkersPorts {
  readonly clock: Clock
  /** The node as it presents itself. */
  readonly node: () => RpcNode
}

interface Shared {
  readonly peer: Promise<RpcPeer>
  users: number
  /** Runs while nobody uses it. */
  idle: Timer | undefined
}

export class PeerWorkers {
  readonly #ports: PeerWorkersPorts
  /** In the order of their last use. */
  readonly #shared = new Map<WorkerId, Shared>()
  /** Until when not to try, by worker and address. */
  readonly #unreachable = new Map<string, number>()
  readonly #stop = new AbortController()

  constructor(ports: PeerWorkersPorts) {
    this.#ports = ports
  }

  /**
   * Calls `use` with a connection to the worker, which stays open meanwhile.
   * @throws FrostError `peer-unreachable` (also: another node answers there), `peer-refused`, `foreign-cluster`, …, `overloaded` (too
   * many connections), and what `use` throws.
   */
  async use<T>(place: WorkerAddress, use: (peer: RpcPeer) => Promise<T>): Promise<T> {
    const shared = this.#take(place)
    try {
      return await use(await shared.peer)
    } finally {
      shared.users--
      if (shared.users === 0 && this.#shared.get(place.worker) === shared) this.#watchIdle(place.worker, shared)
    }
  }

  /** Ends all connections. Can be called twice. */
  async close(): Promise<void> {
    this.#stop.abort(new FrostError('cancelled', 'The worker is being stopped.'))
    await Promise.all([...this.#shared.keys()].map((worker) => this.#close(worker)))
  }

  #take(place: WorkerAddress): Shared {
    const known = this.#shared.get(place.worker)
    const shared = known ?? this.#open(place)
    this.#shared.delete(place.worker)
    this.#shared.set(place.worker, shared)
    shared.users++
    shared.idle?.cancel()
    shared.idle = undefined
    return shared
  }

  #open({ worker, address }: WorkerAddress): Shared {
    const name = `${worker}@${address}`
    const nowMs = this.#ports.clock.monotonicMs()
    if (nowMs < (this.#unreachable.get(name) ?? 0)) {
      throw new FrostError('peer-unreachable', `Worker ${worker} could not be reached at ${address} a moment ago.`)
    }
    this.#makeRoom()
    const shared: Shared = { peer: this.#dial(worker, address), users: 0, idle: undefined }
    const forget = (): void => {
      if (this.#shared.get(worker) === shared) this.#shared.delete(worker)
      shared.idle?.cancel()
    }
    shared.peer.then(
      (peer) => peer.closed.then(forget, forget),
      () => {
        forget()
        this.#noteUnreachable(name)
      },
    )
    return shared
  }

  async #dial(worker: WorkerId, address: string): Promise<RpcPeer> {
    const { signal } = this.#stop
    const peer = await connectPeer(this.#ports.node(), { address, timeoutMs: connectTimeoutMs, signal })
    const { identity } = peer.info
    if (identity.kind === 'worker' && identity.id === worker) return peer
    peer.destroy('It is another node than the one that was asked for.')
    throw new FrostError('peer-unreachable', `At ${address} answers ${identity.kind} ${identity.id}, not ${worker}.`)
  }

  /** Closes the connection that was unused for longest, where there are too many. */
  #makeRoom(): void {
    if (this.#shared.size < connectionsMax) return
    const idle = [...this.#shared].find(([, { users }]) => users === 0)
    if (idle === undefined) throw new FrostError('overloaded', 'There are too many connections to other workers.')
    this.#closeLater(idle[0])
  }

  #watchIdle(worker: WorkerId, shared: Shared): void {
    shared.idle = this.#ports.clock.startTimer(idleMs, () => this.#closeLater(worker), { background: true })
  }

  #closeLater(worker: WorkerId): void {
    // Nobody uses it, so there is nothing to wait for and nothing to fail.
    this.#close(worker).catch(() => undefined)
  }

  async #close(worker: WorkerId): Promise<void> {
    const shared = this.#shared.get(worker)
    this.#shared.delete(worker)
    shared?.idle?.cancel()
    const peer = await shared?.peer.catch(() => undefined)
    await peer?.close(SECOND_MS)
  }

  #noteUnreachable(name: string): void {
    this.#unreachable.delete(name)
    this.#unreachable.set(name, this.#ports.clock.monotonicMs() + backOffMs)
    const [oldest] = this.#unreachable.keys()
    if (oldest !== undefined && this.#unreachable.size > unreachableMax) this.#unreachable.delete(oldest)
  }
}
