// Decides where slots are to lie, as the lease holder: declares workers out that have been silent for too long, and
// makes slots pending on other workers: those of workers that are out first, then those of draining ones, then for
// balance (cluster/plan-slot-moves.ts). A slot whose new worker goes away before it has it is taken back. A holder that
// hears fewer than half of the workers gives up the lease: it is itself what is cut off.

import type { WorkerId } from '../../base/ids.ts'
import { SECOND_MS } from '../../base/units.ts'
import { holdsMajority, planOut } from '../../cluster/detect-out.ts'
import type { HeardWorker } from '../../cluster/detect-out.ts'
import { planSlotMoves, strandedMoves } from '../../cluster/plan-slot-moves.ts'
import type { SlotMove } from '../../cluster/slot-move.ts'
import type { GroupRow } from '../../meta/contract/group-metadata.ts'
import type { MetadataStore } from '../../meta/metadata-store.ts'
import type { Clock } from '../../ports/clock.ts'
import type { Log } from '../../ports/log.ts'
import type { Random } from '../../ports/random.ts'
import type { BackgroundTask } from '../background-task.ts'
import type { ClusterMap } from '../cluster-map.ts'
import type { GroupFullness } from '../group-fullness.ts'
import type { LeaseKeeper } from '../lease-keeper.ts'
import type { ConnectedWorkers } from '../worker-links.ts'
import { placementNow } from './placement-now.ts'
import type { PlacementNow } from './placement-now.ts'

export interface PlacementTaskPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly fullness: GroupFullness
}

export interface PlacementTaskOptions {
  /** A worker that has been silent for so long is out. */
  readonly outAfterMs: number
  /** A holder of the lease that has not heard from half of the workers for so long gives it up. */
  readonly downAfterMs: number
  /** Slots that are pending at once. */
  readonly movesAtOnce: number
}

const everyMs = SECOND_MS

export class PlacementTask implements BackgroundTask {
  readonly name = 'placement'
  readonly #ports: PlacementTaskPorts
  readonly #options: PlacementTaskOptions
  readonly #startedMs: number
  /** Since when this process holds the lease. */
  #heldSinceMs: number | undefined

  constructor(ports: PlacementTaskPorts, options: PlacementTaskOptions) {
    this.#ports = ports
    this.#options = options
    this.#startedMs = ports.clock.monotonicMs()
  }

  async step(): Promise<number> {
    const { lease, clock, metadata, map, workers, random } = this.#ports
    const rows = await metadata.listWorkers()
    const holders = holdersOf(map.groups)
    const heard = rows.map(({ worker, state }) => ({
      id: worker,
      state,
      silenceMs: workers.silenceMs(worker),
      holdsSlots: holders.has(worker),
    }))
    workers.distrust(new Set(rows.filter((row) => row.wentBack).map((row) => row.worker)))
    const nowMs = clock.monotonicMs()
    this.#heldSinceMs = lease.fence === undefined ? undefined : (this.#heldSinceMs ?? nowMs)
    const heldMs = nowMs - (this.#heldSinceMs ?? this.#startedMs)
    await lease.abstain(!holdsMajority({ workers: heard, heldMs, unheardAfterMs: this.#options.downAfterMs }))
    if (lease.fence === undefined || this.#heldSinceMs === undefined) return everyMs
    await this.#declareOut(heard, heldMs)
    await this.#takeBackIn(heard)
    const input = placementNow(this.#ports, await metadata.listWorkers())
    await this.#takeBack(input)
    const moves = planSlotMoves({
      ...input,
      movesAtOnceMax: this.#options.movesAtOnce,
      below: (bound) => random.below(bound),
    })
    for (const move of moves) await this.#makePending(move)
    if (moves.length > 0) await map.refresh()
    return everyMs
  }

  async #declareOut(heard: readonly HeardWorker[], heldMs: number): Promise<void> {
    const { metadata, lease, log } = this.#ports
    for (const worker of planOut({ workers: heard, heldMs, outAfterMs: this.#options.outAfterMs })) {
      const { fence } = lease
      if (fence === undefined) return
      await metadata.setWorkerState({ worker, state: 'out', fence })
      log.warn('A worker has been silent for too long and is out: what it held is rebuilt elsewhere.', { worker })
    }
  }

  /**
   * Who is out and answers: it registered just when it was declared out, after its silence was looked at, and will not register again.
   */
  async #takeBackIn(heard: readonly HeardWorker[]): Promise<void> {
    const { metadata, lease, log, workers } = this.#ports
    for (const { id: worker, state } of heard) {
      const { fence } = lease
      if (state !== 'out' || !workers.isReadable(worker)) continue
      if (fence === undefined) return
      await metadata.setWorkerState({ worker, state: 'back', fence })
      log.info('A worker that was out is back.', { worker })
    }
  }

  /** Slots whose new worker is leaving or does not answer any more. */
  async #takeBack(input: PlacementNow): Promise<void> {
    const { map, workers, log } = this.#ports
    const stranded = [...strandedMoves(input)]
    for (const { group, slots } of map.groups) {
      for (const [slot, { pendingWorker }] of slots.entries())
        if (pendingWorker !== undefined && workers.stateOf(pendingWorker) === 'down') stranded.push({ group, slot })
    }
    for (const { group: id, slot } of stranded) {
      const group = map.group(id)
      if (group?.slots[slot]?.pendingWorker === undefined) continue
      await this.#change(group, slot, undefined)
      log.info('A slot stays where it is: its new worker went away.', { group: id, slot })
    }
  }

  async #makePending({ group: id, slot, from, to, reason }: SlotMove): Promise<void> {
    const { map, log } = this.#ports
    const group = map.group(id)
    if (group === undefined) return
    await this.#change(group, slot, to)
    log.info('A slot of a placement group is to move.', { group: id, slot, from, to, reason })
  }

  async #change(group: GroupRow, changed: number, pending: WorkerId | undefined): Promise<void> {
    const { metadata, map, workers, lease } = this.#ports
    const { fence } = lease
    if (fence === undefined) return
    const slots = group.slots.map(({ worker, pendingWorker }, index) => {
      const next = index === changed ? pending : pendingWorker
      return next === undefined ? { worker } : { worker, pendingWorker: next }
    })
    const row = await metadata.changeGroup({ group: group.group, epoch: group.epoch, slots, fence })
    await map.refresh()
    await workers.adopt([row])
  }
}

/** Who holds slots, or is to. */
function holdersOf(groups: readonly GroupRow[]): ReadonlySet<WorkerId> {
  const holders = new Set<WorkerId>()
  for (const { slots } of groups) {
    for (const { worker, pendingWorker } of slots) {
      holders.add(worker)
      if (pendingWorker !== undefined) holders.add(pendingWorker)
    }
  }
  return holders
}
