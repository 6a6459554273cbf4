// How workers come into the cluster and stay known: registration, heartbeats, and the placement groups they are in.

import { unreachableRejection } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { parseGroupId } from '../base/ids.ts'
import type { ClusterId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import { planGroups } from '../cluster/plan-groups.ts'
import type { WorkerReport } from '../meta/contract/worker-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { Random } from '../ports/random.ts'
import {
  decodeHeartbeat,
  decodeRegister,
  encodeHeartbeatReply,
  encodeRegisterReply,
} from '../rpc/messages/membership.ts'
import type { RegisterRequest, WorkerVitals } from '../rpc/messages/membership.ts'
import type { RpcPeer, RpcReply, RpcRequest } from '../rpc/peer.ts'
import type { BackgroundTask } from './background-task.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { holdsSlot } from './worker-links.ts'
import type { ConnectedWorkers } from './worker-links.ts'

export interface MembershipPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
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
    const { metadata, map, workers, log } = this.#ports
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
      body: [encodeRegisterReply({ clusterId: this.#clusterId, masters: this.#masters, heartbeatMs })],
    }
  }

  heartbeat(request: RpcRequest): Promise<RpcReply> {
    const report = this.#registered.get(request.peer)
    if (report === undefined) throw new FrostError('bad-request', 'A node sends heartbeats without having registered.')
    const vitals = decodeHeartbeat(request.body ?? noHeader)
    this.#ports.workers.heard(report.worker, vitals)
    return Promise.resolve({ header: noHeader, body: [encodeHeartbeatReply({ masters: this.#masters })] })
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

function toReport(request: RegisterRequest, vitals: WorkerVitals): WorkerReport {
  return {
    worker: request.worker,
    address: request.address,
    ...(request.zone === undefined ? {} : { zone: request.zone }),
    capacityBytes: vitals.capacityBytes,
    usedBytes: vitals.usedBytes,
    startCounter: request.startCounter,
    lastBatches: request.lastBatches,
  }
}

const mapEveryMs = SECOND_MS / 2
const reportEveryMs = 30 * SECOND_MS

/** Keeps the map fresh, hands changes to workers; as the lease holder, creates the groups that are lacking. */
export class GroupTask implements BackgroundTask {
  readonly name = 'placement groups'
  readonly #ports: MembershipPorts
  readonly #membership: Membership
  readonly #options: { readonly scheme: Scheme; readonly groupsPerWorker: number }
  #reportedAtMs = 0
  /** The version of the map that workers were told of. */
  #handedOver = 0
  #lastWorkers: readonly WorkerId[] = []

  constructor(
    ports: MembershipPorts,
    membership: Membership,
    options: { readonly scheme: Scheme; readonly groupsPerWorker: number },
  ) {
    this.#ports = ports
    this.#membership = membership
    this.#options = options
  }

  async step(): Promise<number> {
    const { lease, metadata, clock } = this.#ports
    await this.#handOver()
    await this.#membership.refreshMasters()
    if (lease.fence !== undefined) await this.#createGroups()
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#reportedAtMs >= reportEveryMs) {
      this.#reportedAtMs = nowMs
      const reports = this.#membership.reports()
      if (reports.length > 0) await metadata.recordWorkers({ reports })
    }
    return mapEveryMs
  }

  async #createGroups(): Promise<void> {
    const { map, workers, metadata, random, log, lease } = this.#ports
    const connected = workers.connected()
    // Workers that start together shall share groups: wait until nobody has come for a round.
    const isSettled = connected.length === this.#lastWorkers.length
    this.#lastWorkers = connected
    if (!isSettled || connected.length === 0) return
    const rows = (await metadata.listWorkers()).filter((row) => row.state === 'in' && connected.includes(row.worker))
    const { scheme, groupsPerWorker } = this.#options
    const plan = planGroups({
      workers: rows.map((row) => ({ id: row.worker, zone: row.zone })),
      writableGroups: map.writable.map((group) => group.slots.map((slot) => slot.worker)),
      scheme,
      groupsPerWorker,
      below: (bound) => random.below(bound),
    })
    if (plan.length === 0) return
    let highest = Math.max(0, ...map.groups.map((group) => group.group))
    for (const slots of plan) {
      const group = parseGroupId(++highest)
      const { fence } = lease
      if (group === undefined || fence === undefined) return
      await metadata.createGroup({ group, scheme, workers: slots, fence })
    }
    log.info('Placement groups were created.', { count: plan.length })
    await this.#handOver()
  }

  /** Whoever refreshed the map, what has changed is handed over once, here. */
  async #handOver(): Promise<void> {
    const { map, workers } = this.#ports
    await map.refresh()
    const changed = map.changedSince(this.#handedOver)
    this.#handedOver = map.version
    await workers.adopt(changed)
  }
}
