// A worker's connections to the masters: one to each process that it knows of, kept up for ever. It registers over each,
// sends heartbeats, and learns from the answers which other masters there are. A process can have several addresses (a
// name, what it is bound to): who answers at one as the same process that is connected already is let go again, because
// a master keeps one connection to a worker.

import { unreachableRejection } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import type { ClusterId, WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import { connectPeer } from '../rpc/connect.ts'
import type { RpcNode } from '../rpc/connect.ts'
import {
  decodeHeartbeatReply,
  decodeRegisterReply,
  encodeHeartbeat,
  encodeRegister,
} from '../rpc/messages/membership.ts'
import type { RegisterRequest, ToldHistory, WorkerVitals } from '../rpc/messages/membership.ts'
import { methods } from '../rpc/messages/methods.ts'
import type { RpcPeer } from '../rpc/peer.ts'

const connectTimeoutMs = 5 * SECOND_MS
const requestDeadlineMs = 30 * SECOND_MS
const retryFirstMs = 100
const retryMaxMs = 5 * SECOND_MS
const mastersMax = 256
const noHeader = new Uint8Array(0)

export interface MasterConnectionsPorts {
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly vitals: () => WorkerVitals
  /** What a master says of metadata's history; durable when it resolves. */
  readonly told: (history: ToldHistory | undefined) => Promise<void>
  /** Called after each handshake, before anything is stored for that cluster; durable when it resolves. */
  readonly joined: (clusterId: ClusterId) => Promise<void>
  /** The node as it presents itself; its cluster may become known meanwhile. */
  readonly node: () => RpcNode
}

export class MasterConnections {
  readonly #ports: MasterConnectionsPorts
  readonly #registration: Omit<RegisterRequest, 'vitals'>
  /** Given by the configuration: tried for ever. Others are given up when no master names them any more. */
  readonly #configured: ReadonlySet<string>
  readonly #loops = new Map<string, AbortController>()
  readonly #running = new Set<Promise<void>>()
  readonly #peers = new Set<RpcPeer>()
  /** Those registered at, by the master process. */
  readonly #registered = new Map<string, RpcPeer>()
  #isStopped = false

  constructor(
    ports: MasterConnectionsPorts,
    registration: Omit<RegisterRequest, 'vitals'>,
    masters: readonly string[],
  ) {
    this.#ports = ports
    this.#registration = registration
    this.#configured = new Set(masters)
  }

  /** Those that are connected. */
  get peers(): Iterable<RpcPeer> {
    return this.#peers
  }

  get worker(): WorkerId {
    return this.#registration.worker
  }

  start(): void {
    this.#follow([...this.#configured])
  }

  async stop(): Promise<void> {
    this.#isStopped = true
    for (const loop of this.#loops.values()) loop.abort()
    await Promise.all([...this.#peers].map(async (peer) => await peer.close(SECOND_MS)))
    await Promise.all(this.#running)
  }

  /** Connects to masters that are new and lets go of those that are gone. */
  #follow(masters: readonly string[]): void {
    if (this.#isStopped) return
    for (const address of [...this.#configured, ...masters].slice(0, mastersMax)) {
      if (this.#loops.has(address)) continue
      const controller = new AbortController()
      this.#loops.set(address, controller)
      const running = this.#loop(address, controller.signal).finally(() => this.#running.delete(running))
      this.#running.add(running)
    }
    for (const [address, controller] of this.#loops) {
      if (this.#configured.has(address) || masters.includes(address)) continue
      this.#loops.delete(address)
      controller.abort()
    }
  }

  async #loop(address: string, signal: AbortSignal): Promise<void> {
    const { clock, log, random } = this.#ports
    let failures = 0
    const onRegistered = (): void => {
      failures = 0
    }
    while (!signal.aborted) {
      try {
        await this.#serve(address, signal, onRegistered)
      } catch (error) {
        if (signal.aborted) return
        if (failures === 0 || errorCode(error) === 'peer-refused' || errorCode(error) === 'foreign-cluster') {
          log.warn('The connection to a master is down; it is tried again.', {
            master: address,
            reason: error instanceof Error ? error.message : String(error),
          })
        }
        failures++
      }
      const waitMs = Math.min(retryFirstMs * 2 ** failures, retryMaxMs) * (0.5 + random.float() / 2)
      try {
        await clock.sleep(waitMs, signal)
      } catch {
        return
      }
    }
  }

  /** Until the connection ends. */
  async #serve(address: string, signal: AbortSignal, onRegistered: () => void): Promise<void> {
    const { clock, vitals, told, node } = this.#ports
    const peer = await connectPeer(node(), { address, timeoutMs: connectTimeoutMs, signal })
    const { id } = peer.info.identity
    const other = this.#registered.get(id)
    if (other !== undefined) {
      peer.destroy('The worker is connected to this master at another address.')
      await Promise.race([other.closed, aborted(signal)])
      return
    }
    this.#peers.add(peer)
    this.#registered.set(id, peer)
    const ended = new AbortController()
    peer.closed.then((reason) => ended.abort(reason), unreachableRejection)
    const either = AbortSignal.any([signal, ended.signal])
    try {
      const heartbeatMs = await this.#register(peer, address, signal)
      onRegistered()
      for (;;) {
        await clock.sleep(heartbeatMs, either)
        const body = [encodeHeartbeat(vitals())]
        const beat = await peer.request(methods.heartbeat, noHeader, { deadlineMs: requestDeadlineMs, body, signal })
        const { masters, history } = decodeHeartbeatReply(beat.body ?? noHeader)
        beat.release()
        this.#follow(masters)
        await told(history)
      }
    } finally {
      this.#peers.delete(peer)
      this.#registered.delete(id)
      peer.destroy('The worker has let go of the connection.')
    }
  }

  /** Resolves to the time between heartbeats. */
  async #register(peer: RpcPeer, address: string, signal: AbortSignal): Promise<number> {
    const { log, vitals, told, joined } = this.#ports
    if (peer.info.clusterId !== undefined) await joined(peer.info.clusterId)
    const body = [encodeRegister({ ...this.#registration, vitals: vitals() })]
    const response = await peer.request(methods.register, noHeader, { deadlineMs: requestDeadlineMs, body, signal })
    const { masters, heartbeatMs, history } = decodeRegisterReply(response.body ?? noHeader)
    response.release()
    await told(history)
    log.info('Registered with a master.', { master: address })
    this.#follow(masters)
    return heartbeatMs
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
