// How workers come into the cluster and stay known: registration and heartbeats.

import { unreachableRejection } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { ClusterId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { WorkerReport } from '../meta/contract/worker-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Log } from '../ports/log.ts'
import {
  decodeHeartbeat,
  decodeRegister,
  encodeHeartbeatReply,
  encodeRegisterReply,
} from '../rpc/messages/membership.ts'
import type { RegisterRequest, ToldHistory, WorkerVitals } from '../rpc/messages/membership.ts'
import type { RpcPeer, RpcReply, RpcRequest } from '../rpc/peer.ts'
import type { ClusterHistory } from './cluster-history.ts'
import type { ClusterMap } from './cluster-map.ts'
import { holdsSlot } from './worker-links.ts'
import type { ConnectedWorkers } from './worker-links.ts'

export interface MembershipPorts {
  readonly metadata: MetadataStore
  readonly log: Log
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly history: ClusterHistory
}

const heartbeatMs = SECOND_MS
const noHeader = new Uint8Array(0)

/** Answers `register` and `heartbeat`. */
export class Membership {
  readonly #ports: MembershipPorts
  readonly #clusterId: ClusterId
  readonly #registered = new Map<RpcPeer, RegisterRequest>()
  #masters: readonly string[] = []

  constructor(ports: MembershipPorts, clusterId: ClusterId) {
    this.#ports = ports
    this.#clusterId = clusterId
  }

  async register(request: RpcRequest): Promise<RpcReply> {
    const { peer } = request
    const report = decodeRegister(request.body ?? noHeader)
    const { identity } = peer.info
    if (identity.kind !== 'worker' || identity.id !== report.worker) {
      throw new FrostError('bad-request', `Worker ${report.worker} registers over the connection of another node.`)
    }
    const { metadata, map, workers, log, history } = this.#ports
    await this.#hear(report)
    const row = await metadata.registerWorker(toReport(report, report.vitals))
    if (row.wentBack)
      log.warn('A worker came back with older state than it had; its groups have to be compared.', {
        worker: report.worker,
      })
    await map.refresh()
    const groups = map.groups.filter((group) => holdsSlot(group, report.worker))
    this.#registered.set(peer, report)
    peer.closed.then((reason) => {
      this.#registered.delete(peer)
      workers.disconnect(peer, report.worker)
      log.info('A worker has left.', { worker: report.worker, address: report.address, reason: reason.message })
    }, unreachableRejection)
    // The groups go over the same connection; the worker answers them while it waits for this reply.
    await workers.connect(peer, report.worker, report.vitals, groups)
    log.info('A worker has joined.', { worker: report.worker, address: report.address, groups: groups.length })
    await this.refreshMasters()
    return {
      header: noHeader,
      body: [
        encodeRegisterReply({ clusterId: this.#clusterId, masters: this.#masters, heartbeatMs, ...toldBy(history) }),
      ],
    }
  }

  /** Before the worker is used: what it has seen of metadata's history may forbid that anything of it is deleted. */
  async #hear({ worker, vitals }: RegisterRequest): Promise<void> {
    const { metadata, history } = this.#ports
    const { historySeen, usedBytes } = vitals
    if (historySeen === undefined && usedBytes > 0 && (await metadata.getWorker(worker)) === undefined)
      await history.hearUnknown(worker)
    await history.hear(worker, historySeen)
  }

  async heartbeat(request: RpcRequest): Promise<RpcReply> {
    const report = this.#registered.get(request.peer)
    if (report === undefined) throw new FrostError('bad-request', 'A node sends heartbeats without having registered.')
    const vitals = decodeHeartbeat(request.body ?? noHeader)
    const { workers, history } = this.#ports
    workers.heard(report.worker, vitals)
    await history.hear(report.worker, vitals.historySeen)
    return { header: noHeader, body: [encodeHeartbeatReply({ masters: this.#masters, ...toldBy(history) })] }
  }

  async refreshMasters(): Promise<void> {
    this.#masters = (await this.#ports.metadata.listProcesses()).map((row) => row.address)
  }

  /** What heartbeats said, for metadata. */
  reports(): readonly WorkerReport[] {
    const reports: WorkerReport[] = []
    for (const report of this.#registered.values()) {
      reports.push(toReport(report, this.#ports.workers.vitals(report.worker) ?? report.vitals))
    }
    return reports
  }
}

function toldBy({ told }: ClusterHistory): { readonly history?: ToldHistory } {
  return told === undefined ? {} : { history: told }
}

function toReport(request: RegisterRequest, vitals: WorkerVitals): WorkerReport {
  return {
    worker: request.worker,
    address: request.address,
    ...(request.zone === undefined ? {} : { zone: request.zone }),
    capacityBytes: vitals.capacityBytes,
    usedBytes: vitals.usedBytes,
    startCounter: request.startCounter,
    lastBatches: request.lastBatches,
    ...(vitals.historySeen === undefined ? {} : { historySeen: vitals.historySeen }),
  }
}
