// The state of the cluster as clients are told it: who its workers are, what is known of the redundancy, and what is being done.

import type { ClusterId, WorkerId } from '../base/ids.ts'
import type { WorkerRow } from '../meta/contract/worker-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { HealingState } from '../rpc/messages/healing-state.ts'
import type { ScrubVitals } from '../rpc/messages/membership.ts'
import type { ClusterHistory } from './cluster-history.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { ClusterState, HealingInfo, Redundancy, ScrubInfo, WorkerInfo, WorkerState } from './file-service.ts'
import { LostNames } from './lost-names.ts'
import type { ConnectedWorkers } from './worker-links.ts'

export interface ClusterStatePorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly history: Pick<ClusterHistory, 'isBehind'>
  /** As the lease holder knows it; `undefined`: it cannot be asked. */
  readonly healing: () => Promise<HealingState | undefined>
}

export class ClusterStateReader {
  readonly #ports: ClusterStatePorts
  readonly #clusterId: ClusterId
  readonly #lostNames: LostNames

  constructor(ports: ClusterStatePorts, clusterId: ClusterId) {
    this.#ports = ports
    this.#clusterId = clusterId
    this.#lostNames = new LostNames(ports.metadata)
  }

  async read(): Promise<ClusterState> {
    const { metadata, map, healing, clock, history } = this.#ports
    // Before the answers: what they say of ages may look older by the time that they took, and never younger.
    const askedAtMs = clock.wallMs()
    const [rows, repairs, state] = await Promise.all([metadata.listWorkers(), metadata.countRepairs(), healing()])
    const workers = rows.map((row) => this.#describeWorker(row))
    return {
      id: this.#clusterId,
      behind: history.isBehind,
      workers,
      groups: map.groups.map((group) => ({
        id: group.group,
        epoch: group.epoch,
        scheme: group.scheme,
        state: group.state,
        workers: group.slots.map((slot) => slot.worker),
      })),
      redundancy: await this.#describeRedundancy(state, workers, askedAtMs),
      healing: this.#describeHealing(
        rows,
        state,
        repairs.reduce((sum, { count }) => sum + count, 0),
      ),
    }
  }

  #describeWorker(row: WorkerRow): WorkerInfo {
    const { workers } = this.#ports
    const vitals = workers.vitals(row.worker)
    const silenceMs = workers.silenceMs(row.worker) ?? 0
    const oldestMs = vitals?.oldestDiskOperationMs ?? 0
    return {
      id: row.worker,
      address: row.address,
      zone: row.zone,
      state: this.#stateOf(row),
      usedBytes: vitals?.usedBytes ?? row.usedBytes,
      capacityBytes: vitals?.capacityBytes ?? row.capacityBytes,
      slots: this.#slotsOf(row.worker),
      failing: vitals?.failing ?? false,
      oldestDiskOperationMs: oldestMs === 0 ? 0 : oldestMs + silenceMs,
      diskLatencyMs: vitals?.diskLatencyMs ?? 0,
      damagedFragments: vitals?.damagedFragments ?? 0,
      asksToDelete: row.orphans?.asks ?? false,
      scrub: vitals === undefined ? undefined : this.#describeScrub(vitals.scrub, silenceMs),
    }
  }

  #describeScrub({ lastFinishedAgoMs, ...scrub }: ScrubVitals, silenceMs: number): ScrubInfo {
    const isFinished = lastFinishedAgoMs !== undefined
    const ageMs = Math.ceil((lastFinishedAgoMs ?? 0) + silenceMs)
    return { ...scrub, lastFinishedAtMs: isFinished ? this.#ports.clock.wallMs() - ageMs : undefined }
  }

  #stateOf(row: WorkerRow): WorkerState {
    const seen = this.#ports.workers.stateOf(row.worker)
    if (row.state === 'out') return 'out'
    return row.state === 'draining' && seen === 'up' ? 'draining' : seen
  }

  #slotsOf(worker: WorkerId): number {
    let slots = 0
    for (const group of this.#ports.map.groups)
      slots += group.slots.filter((slot) => slot.worker === worker || slot.pendingWorker === worker).length
    return slots
  }

  async #describeRedundancy(
    state: HealingState | undefined,
    workers: readonly WorkerInfo[],
    askedAtMs: number,
  ): Promise<Redundancy> {
    const { map, history } = this.#ports
    // A worker that is out and holds nothing any more has nothing to scrub.
    const scrubs = workers.filter(({ slots }) => slots > 0).map(({ scrub }) => scrub?.lastFinishedAtMs)
    const scrubbedAtMs = scrubs.reduce<number | undefined>(
      (oldest, at) => (oldest === undefined || at === undefined ? undefined : Math.min(oldest, at)),
      scrubs.length === 0 ? undefined : Number.MAX_SAFE_INTEGER,
    )
    // Metadata that is behind does not know what must exist.
    if (state === undefined || history.isBehind) {
      const unknown = map.groups.reduce((sum, group) => sum + group.slots.length, 0)
      const nothing = { fragmentsMissing: undefined, filesAtRisk: undefined, filesLost: undefined, lostFiles: [] }
      return { ...nothing, unknown, comparedAtMs: undefined, scrubbedAtMs }
    }
    const { fragmentsMissing, filesAtRisk, filesLost, lost, unknown, comparedAgeMs } = state.health
    return {
      fragmentsMissing,
      filesAtRisk,
      filesLost,
      lostFiles: await this.#lostNames.find(lost),
      unknown,
      comparedAtMs: comparedAgeMs === undefined ? undefined : askedAtMs - comparedAgeMs,
      scrubbedAtMs,
    }
  }

  #describeHealing(rows: readonly WorkerRow[], state: HealingState | undefined, queued: number): HealingInfo {
    const leaving = new Set(rows.filter((row) => row.state !== 'in').map((row) => row.worker))
    const present = rows.filter((row) => row.state === 'in' && this.#ports.workers.isReadable(row.worker))
    let slotsToMove = 0
    let slotsWithoutSpare = 0
    for (const group of this.#ports.map.groups) {
      const held = new Set(group.slots.flatMap((slot) => [slot.worker, slot.pendingWorker]))
      for (const { worker, pendingWorker } of group.slots) {
        if (!leaving.has(worker)) continue
        slotsToMove++
        if (pendingWorker === undefined && present.every((row) => held.has(row.worker))) slotsWithoutSpare++
      }
    }
    return {
      moves: state?.moves ?? [],
      queued,
      rebuiltFragments: state?.rebuilt.fragments ?? 0,
      writtenBytes: state?.rebuilt.writtenBytes ?? 0,
      readBytes: state?.rebuilt.readBytes ?? 0,
      bytesPerSecond: state?.bytesPerSecond ?? 0,
      slotsToMove,
      slotsWithoutSpare,
    }
  }
}
