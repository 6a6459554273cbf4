// Keeps this process's map of placement groups fresh and hands changes to the workers. As the lease holder, creates the
// groups that are lacking and closes those that are full or of another scheme (cluster/plan-group-changes.ts decides).
// An upload that is writing to a group which closes goes on with a new extent in another one; what it wrote stays where
// it is.

import { parseGroupId } from '../base/ids.ts'
import type { GroupId, WorkerId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import { SECOND_MS } from '../base/units.ts'
import { planGroupChanges } from '../cluster/plan-group-changes.ts'
import type { Clock } from '../ports/clock.ts'
import type { Random } from '../ports/random.ts'
import type { BackgroundTask } from './background-task.ts'
import type { GroupFullness } from './group-fullness.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { Membership, MembershipPorts } from './membership.ts'

export interface GroupTaskPorts extends MembershipPorts {
  readonly clock: Clock
  readonly random: Random
  readonly lease: LeaseKeeper
  readonly membership: Membership
  readonly fullness: GroupFullness
}

export interface GroupTaskOptions {
  readonly scheme: Scheme
  /** Groups that take new data, for each worker. */
  readonly groupsPerWorker: number
  /** A group with so many bytes on a slot is full. */
  readonly bytesPerSlotMax: number
}

const mapEveryMs = SECOND_MS / 2
const reportEveryMs = 30 * SECOND_MS

export class GroupTask implements BackgroundTask {
  readonly name = 'placement groups'
  readonly #ports: GroupTaskPorts
  readonly #options: GroupTaskOptions
  #reportedAtMs = 0
  /** The version of the map that workers were told of. */
  #handedOver = 0
  #lastWorkers: readonly WorkerId[] = []

  constructor(ports: GroupTaskPorts, options: GroupTaskOptions) {
    this.#ports = ports
    this.#options = options
  }

  async step(): Promise<number> {
    const { lease, metadata, membership, clock, history } = this.#ports
    await this.#handOver()
    await membership.refreshMasters()
    if (lease.fence !== undefined && !history.isBehind) await this.#changeGroups()
    const nowMs = clock.monotonicMs()
    if (nowMs - this.#reportedAtMs >= reportEveryMs) {
      this.#reportedAtMs = nowMs
      const reports = membership.reports()
      if (reports.length > 0) await metadata.recordWorkers({ reports })
    }
    return mapEveryMs
  }

  async #changeGroups(): Promise<void> {
    const { map, workers, metadata, random, fullness } = this.#ports
    const connected = workers.connected()
    // Workers that start together shall share groups: wait until nobody has come for a round.
    const isSettled = connected.length === this.#lastWorkers.length
    this.#lastWorkers = connected
    if (!isSettled || connected.length === 0) return
    const rows = (await metadata.listWorkers()).filter((row) => row.state === 'in' && connected.includes(row.worker))
    const plan = planGroupChanges({
      ...this.#options,
      workers: rows.map((row) => ({ id: row.worker, zone: row.zone })),
      writableGroups: map.writable.map((row) => ({
        group: row.group,
        scheme: row.scheme,
        // Who is to hold a slot has it as far as new groups are concerned: else these would be made for workers that are just filled.
        workers: row.slots.map((slot) => slot.pendingWorker ?? slot.worker),
        bytesPerSlot: fullness.bytesPerSlot(row),
      })),
      below: (bound) => random.below(bound),
    })
    // In this order: uploads always find a group that is open.
    if (plan.create.length > 0) await this.#create(plan.create)
    if (plan.close.length > 0) await this.#close(plan.close)
  }

  async #create(groups: readonly (readonly WorkerId[])[]): Promise<void> {
    const { map, metadata, log, lease, history } = this.#ports
    const { scheme } = this.#options
    let highest = history.groupsAbove
    for (const { group } of map.groups) highest = Math.max(highest, group)
    for (const slots of groups) {
      const group = parseGroupId(++highest)
      const { fence } = lease
      if (group === undefined || fence === undefined) return
      await metadata.createGroup({ group, scheme, workers: slots, fence })
    }
    log.info('Placement groups were created.', { count: groups.length })
    await this.#handOver()
  }

  async #close(groups: readonly GroupId[]): Promise<void> {
    const { metadata, log, lease } = this.#ports
    for (const group of groups) {
      const { fence } = lease
      if (fence === undefined) return
      await metadata.setGroupState({ group, state: 'closed', fence })
    }
    log.info('Placement groups take no new data any more.', { count: groups.length })
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
