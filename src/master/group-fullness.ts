// Asks the workers how many bytes they hold of each placement group: for the lease holder, which closes full groups (group-task.ts), and
// for metadata, from which the next holder starts. A task of its own, so that a worker that does not answer holds nothing else
// up; while one is missing, a group never looks emptier than before (cluster/group-fullness.ts).

import { FrostError } from '../base/errors.ts'
import type { GroupId, WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { FullestSlots, isWorthRecording } from '../cluster/group-fullness.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { GroupBytes, GroupRow } from '../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import { groupsPerUsagePage } from '../rpc/messages/group-usage.ts'
import type { BackgroundTask } from './background-task.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { WorkerLink } from './worker-link.ts'

/** A group takes minutes to fill: what comes in between two rounds is a small part of it. */
const everyMs = 10 * SECOND_MS
/** While this process does not hold the lease. */
const idleMs = 2 * SECOND_MS
const usageDeadlineMs = 5 * SECOND_MS
/** Workers asked at once. */
const workersAtOnce = 16

export interface GroupFullnessPorts {
  readonly metadata: MetadataStore
  readonly map: ClusterMap
  readonly workers: {
    connected(): readonly WorkerId[]
    link(worker: WorkerId): Pick<WorkerLink, 'groupUsage'> | undefined
  }
  readonly lease: Pick<LeaseKeeper, 'fence'>
}

export class GroupFullness implements BackgroundTask {
  readonly name = 'group fullness'
  readonly #ports: GroupFullnessPorts
  readonly #bytesPerSlotMax: number
  /** On the fullest slot of each group, by the last rounds under this lease. */
  readonly #measured = new Map<GroupId, number>()
  /** What metadata says; read when the lease is taken, since the map learns nothing of it. */
  #recorded: Map<GroupId, number> | undefined

  constructor(ports: GroupFullnessPorts, options: { readonly bytesPerSlotMax: number }) {
    this.#ports = ports
    this.#bytesPerSlotMax = options.bytesPerSlotMax
  }

  /** Bytes on the group's fullest slot, as last known. */
  bytesPerSlot({ group, bytesPerSlot }: GroupRow): number {
    return this.#measured.get(group) ?? bytesPerSlot
  }

  async step(signal: AbortSignal): Promise<number> {
    const { lease, map } = this.#ports
    if (lease.fence === undefined) {
      this.#measured.clear()
      this.#recorded = undefined
      return idleMs
    }
    this.#recorded ??= await this.#readRecorded()
    const fullest = await this.#ask(signal)
    const changed: GroupBytes[] = []
    for (const row of map.groups) {
      const { group } = row
      const recorded = this.#recorded.get(group) ?? row.bytesPerSlot
      const bytesPerSlot = fullest.bytesPerSlot(row, this.#measured.get(group) ?? recorded)
      this.#measured.set(group, bytesPerSlot)
      if (isWorthRecording(bytesPerSlot, { recorded, bytesPerSlotMax: this.#bytesPerSlotMax }))
        changed.push({ group, bytesPerSlot })
    }
    await this.#record(this.#recorded, changed)
    return everyMs
  }

  async #readRecorded(): Promise<Map<GroupId, number>> {
    const recorded = new Map<GroupId, number>()
    for (let since = 0; ;) {
      const page = await this.#ports.metadata.listGroups({ since, limit: pageLimitMax })
      for (const { group, bytesPerSlot } of page.groups) recorded.set(group, bytesPerSlot)
      if (!page.truncated) return recorded
      since = page.version
    }
  }

  async #ask(signal: AbortSignal): Promise<FullestSlots> {
    const { map, workers } = this.#ports
    const fullest = new FullestSlots((group) => map.group(group))
    const connected = workers.connected()
    for (let at = 0; at < connected.length; at += workersAtOnce) {
      const asked = connected.slice(at, at + workersAtOnce)
      await Promise.all(asked.map(async (worker) => await this.#askOne(worker, fullest, signal)))
    }
    return fullest
  }

  async #askOne(worker: WorkerId, fullest: FullestSlots, signal: AbortSignal): Promise<void> {
    let after: GroupId | undefined
    try {
      for (;;) {
        const link = this.#ports.workers.link(worker)
        if (link === undefined) return
        const page = await link.groupUsage(after, groupsPerUsagePage, { deadlineMs: usageDeadlineMs, signal })
        fullest.add(worker, page)
        after = page.at(-1)?.group
        if (page.length < groupsPerUsagePage) break
      }
      fullest.end(worker)
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      // Whoever watches workers says that one does not answer.
    }
  }

  async #record(recorded: Map<GroupId, number>, changed: readonly GroupBytes[]): Promise<void> {
    for (let at = 0; at < changed.length; at += pageLimitMax) {
      const groups = changed.slice(at, at + pageLimitMax)
      await this.#ports.metadata.recordGroupBytes({ groups })
      for (const { group, bytesPerSlot } of groups) recorded.set(group, bytesPerSlot)
    }
  }
}
