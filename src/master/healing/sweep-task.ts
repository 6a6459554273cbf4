// Looks for fragments that lie on a worker which does not hold their slot, and clears them once they are superfluous
// (misplaced.ts): soon in groups where something was repaired or has moved, and everywhere now and then, because a
// process that ends forgets what it was about to clear.

import { FrostError } from '../../base/errors.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../../base/units.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import { groupsPerUsagePage } from '../../rpc/messages/group-usage.ts'
import type { BackgroundTask } from '../background-task.ts'
import type { ClusterMap } from '../cluster-map.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { ConnectedWorkers } from '../worker-links.ts'
import type { FormerHolders } from './former-holders.ts'
import { clearMisplaced } from './misplaced.ts'
import type { MisplacedPorts } from './misplaced.ts'

export interface SweepTaskPorts extends MisplacedPorts {
  readonly clock: Clock
  readonly log: Log
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly former: FormerHolders
}

const allEveryMs = 10 * MINUTE_MS
/** What has to stay, with its holder away perhaps. */
const keptAgainMs = 30 * SECOND_MS
const idleMs = 2 * SECOND_MS
const deadlineMs = 30 * SECOND_MS

export class SweepTask implements BackgroundTask {
  readonly name = 'sweep'
  readonly #ports: SweepTaskPorts
  /** Groups to look at, and not before when. */
  readonly #flagged = new Map<GroupId, number>()
  #nextAllMs = 0

  constructor(ports: SweepTaskPorts) {
    this.#ports = ports
  }

  /** Something may lie in a wrong place in this group. */
  flag(group: GroupId, inMs = 0): void {
    this.#flagged.set(group, this.#ports.clock.monotonicMs() + inMs)
  }

  async step(signal: AbortSignal): Promise<number> {
    const { lease, clock, workers } = this.#ports
    if (lease.fence === undefined) return idleMs
    const nowMs = clock.monotonicMs()
    const isAll = nowMs >= this.#nextAllMs
    const due = new Set([...this.#flagged].filter(([, atMs]) => isAll || atMs <= nowMs).map(([group]) => group))
    if (!isAll && due.size === 0) return idleMs
    for (const group of due) this.#flagged.delete(group)
    if (isAll) this.#nextAllMs = nowMs + allEveryMs
    for (const worker of workers.connected()) await this.#sweep(worker, isAll ? undefined : due, signal)
    return idleMs
  }

  async #sweep(worker: WorkerId, wanted: ReadonlySet<GroupId> | undefined, signal: AbortSignal): Promise<void> {
    const { map, log } = this.#ports
    try {
      for (const id of await this.#groupsHeld(worker, signal)) {
        const group = wanted?.has(id) === false ? undefined : map.group(id)
        if (group !== undefined) await this.#sweepGroup(worker, group, signal)
      }
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      const reason = `${error.code}: ${error.message}`
      log.warn('A worker could not be swept; it is tried again later.', { worker, reason })
    }
  }

  async #sweepGroup(worker: WorkerId, group: GroupRow, signal: AbortSignal): Promise<void> {
    const { workers, former } = this.#ports
    for (const [slot, holder] of group.slots.entries()) {
      if (holder.worker === worker || holder.pendingWorker === worker) continue
      const link = workers.link(worker)
      if (link === undefined || this.#ports.lease.fence === undefined) return
      const digest = await link.digest(group.group, group.scheme, slot, { deadlineMs, signal })
      if (digest.total === 0) continue
      const kept = await clearMisplaced(this.#ports, { group, slot, worker }, signal)
      if (kept > 0) this.flag(group.group, keptAgainMs)
      else former.remove(group.group, slot)
    }
  }

  async #groupsHeld(worker: WorkerId, signal: AbortSignal): Promise<readonly GroupId[]> {
    const held: GroupId[] = []
    for (;;) {
      const link = this.#ports.workers.link(worker)
      if (link === undefined) return held
      const page = await link.groupUsage(held.at(-1), groupsPerUsagePage, { deadlineMs, signal })
      held.push(...page.map(({ group }) => group))
      if (page.length < groupsPerUsagePage) return held
    }
  }
}
