// Keeps the findings of all placement groups fresh: compares a group when it was never compared, when who holds it or
// how they answer has changed, soon again where something is missing, and every few minutes anyway. The most endangered
// come first. What a comparison finds missing is rebuilt at once.

import type { GroupId, WorkerId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { BackgroundTask } from '../background-task.ts'
import type { ClusterMap } from '../cluster-map.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { ConnectedWorkers } from '../worker-links.ts'
import { compareGroup } from './group-comparison.ts'
import type { Heal } from './group-comparison.ts'
import type { HealthBoard } from './health.ts'
import type { Rebuilder } from './rebuilder.ts'

export interface HealthTaskPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly log: Log
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly board: HealthBoard
  readonly rebuilder: Rebuilder
  /** Who held a slot before and may have what its holder lacks. */
  readonly formerHolders: (group: GroupId, slot: number) => readonly WorkerId[]
}

/** A group is not compared more often than so, whatever happens. */
const againMs = 5 * SECOND_MS
const idleMs = SECOND_MS

interface Patience {
  readonly missing: number
  readonly waitMs: number
}

export class HealthTask implements BackgroundTask {
  readonly name = 'comparison'
  readonly #ports: HealthTaskPorts
  readonly #everyMs: number
  readonly #comparedAtMs = new Map<GroupId, number>()
  /** How long what could not be mended is left alone: longer each time that nothing has come of it. */
  readonly #patience = new Map<GroupId, Patience>()
  /** Everything is compared again that was last compared before. */
  #allSinceMs = -Infinity

  constructor(ports: HealthTaskPorts, options: { readonly everyMs: number }) {
    this.#ports = ports
    this.#everyMs = options.everyMs
  }

  /** Compares everything again, now. */
  compareAll(): void {
    this.#allSinceMs = this.#ports.clock.monotonicMs()
    this.#comparedAtMs.clear()
  }

  async step(signal: AbortSignal): Promise<number> {
    const { lease, board, map } = this.#ports
    if (lease.fence === undefined) {
      board.forget()
      this.#comparedAtMs.clear()
      this.#patience.clear()
      return idleMs
    }
    const due = map.groups.filter((group) => this.#isDue(group))
    const next = due.sort((left, right) => this.#awayIn(right) - this.#awayIn(left))[0]
    if (next === undefined) {
      await this.#trustAgain()
      return idleMs
    }
    await this.#compare(next, signal)
    return due.length > 1 ? 0 : idleMs
  }

  async #compare(group: GroupRow, signal: AbortSignal): Promise<void> {
    const { board, clock, workers } = this.#ports
    const begun = { atMs: clock.monotonicMs(), basis: board.basisOf(group) }
    this.#comparedAtMs.set(group.group, begun.atMs)
    const finding = await compareGroup(this.#ports, group, this.#heal, signal)
    board.record(finding, begun)
    const missing = finding.slots.reduce((sum, slot) => sum + slot.missing, 0)
    const before = this.#patience.get(group.group)
    const waitMs = before?.missing === missing ? Math.min(2 * before.waitMs, this.#everyMs) : againMs
    if (missing === 0) this.#patience.delete(group.group)
    else this.#patience.set(group.group, { missing, waitMs })
    if (missing > 0) {
      const away = group.slots.filter(({ worker }) => !workers.isReadable(worker)).length
      this.#ports.log.warn('Fragments are missing.', { group: group.group, missing, workersAway: away })
    }
    if (finding.lost.length > 0)
      this.#ports.log.error('Files are lost: too few pieces of them exist.', undefined, {
        group: group.group,
        files: finding.lost.length,
      })
  }

  /** A worker that came back with less than it had is one like the others once all its slots were compared. */
  async #trustAgain(): Promise<void> {
    const { metadata, map, board, lease, log } = this.#ports
    const distrusted = (await metadata.listWorkers()).filter((row) => row.wentBack)
    for (const { worker } of distrusted) {
      const held = map.groups.filter((group) => group.slots.some((slot) => slot.worker === worker))
      const isCompared = held.every((group) => {
        const slots = board.ageOf(group) === undefined ? [] : (board.findingOf(group.group)?.slots ?? [])
        return slots.some((slot) => slot.worker === worker && slot.state === 'compared')
      })
      const { fence } = lease
      if (!isCompared || fence === undefined) continue
      await metadata.setWorkerState({ worker, compared: true, fence })
      log.info('A worker that came back with older state was compared, and takes new data again.', { worker })
    }
  }

  readonly #heal: Heal = async ({ group, slot, fragments }, signal) => {
    const { rebuilder, formerHolders } = this.#ports
    const worker = group.slots[slot]?.worker
    if (worker === undefined) return fragments
    return await rebuilder.rebuild(
      { group, worker, fragments, formerHolders: formerHolders(group.group, slot) },
      signal,
    )
  }

  #isDue(group: GroupRow): boolean {
    const { board, clock } = this.#ports
    const nowMs = clock.monotonicMs()
    const lastMs = this.#comparedAtMs.get(group.group)
    if (lastMs === undefined) return true
    if (nowMs - lastMs < againMs) return false
    const ageMs = board.ageOf(group)
    if (ageMs === undefined || ageMs >= this.#everyMs || lastMs < this.#allSinceMs) return true
    // What was missing may be there now, or can be made now; and a worker that did not answer is asked again.
    const { slots = [] } = board.findingOf(group.group) ?? {}
    const { waitMs } = this.#patience.get(group.group) ?? { waitMs: Number.POSITIVE_INFINITY }
    return nowMs - lastMs >= waitMs || slots.some((slot) => this.#isAskable(slot))
  }

  #isAskable(slot: { readonly state: string; readonly worker: WorkerId }): boolean {
    return slot.state === 'unknown' && this.#ports.workers.isReadable(slot.worker)
  }

  #awayIn(group: GroupRow): number {
    const { workers } = this.#ports
    const away = group.slots.filter(({ worker }) => !workers.isReadable(worker)).length
    return group.scheme.parityColumns === 0 ? away : away / group.scheme.parityColumns
  }
}
