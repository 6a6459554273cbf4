// Self-healing and growth, put together: what must be is compared with what is (health-task.ts), what is missing is
// made again (repair-task.ts, rebuilder.ts), slots move away from workers that are gone or leaving and towards new ones
// (placement-task.ts, slot-move-task.ts), and what is superfluous goes (sweep-task.ts). Everything is done by the
// holder of the lease, whose decisions are in metadata before it acts.

import type { DetectorTimes } from '../../cluster/detect-failures.ts'
import type { HealingState } from '../../rpc/messages/healing-state.ts'
import type { BackgroundTask } from '../background-task.ts'
import { FormerHolders } from './former-holders.ts'
import { HealthBoard } from './health.ts'
import { HealthTask } from './health-task.ts'
import { PlacementTask } from './placement-task.ts'
import type { PlacementTaskPorts } from './placement-task.ts'
import { Rebuilder } from './rebuilder.ts'
import { RepairPace } from './repair-pace.ts'
import type { Foreground, RepairRates } from './repair-pace.ts'
import { RepairTask } from './repair-task.ts'
import { MovesUnderWay, SlotMoveTask } from './slot-move-task.ts'
import { SweepTask } from './sweep-task.ts'

export interface HealingPorts extends PlacementTaskPorts {
  readonly foreground: () => Foreground
}

export interface HealingOptions {
  readonly outAfterMs: number
  readonly compareEveryMs: number
  readonly repair: RepairRates
}

/** Slots that move at once. */
const lanes = 4

export class Healing {
  readonly tasks: readonly BackgroundTask[]
  readonly #ports: HealingPorts
  readonly #board: HealthBoard
  readonly #comparison: HealthTask
  readonly #rebuilder: Rebuilder
  readonly #pace: RepairPace
  readonly #moves = new MovesUnderWay()

  constructor(ports: HealingPorts, options: HealingOptions & Pick<DetectorTimes, 'downAfterMs'>) {
    const { workers, map, clock } = ports
    this.#ports = ports
    this.#pace = new RepairPace(ports, options.repair)
    this.#rebuilder = new Rebuilder({ ...ports, pace: this.#pace })
    const former = new FormerHolders()
    this.#board = new HealthBoard({ clock, groups: () => map.groups, stampOf: (worker) => workers.stampOf(worker) })
    const shared = { ...ports, rebuilder: this.#rebuilder, board: this.#board, former, moves: this.#moves }
    const sweep = new SweepTask(shared)
    const formerHolders = former.of.bind(former)
    this.#comparison = new HealthTask({ ...shared, formerHolders }, { everyMs: options.compareEveryMs })
    this.tasks = [
      this.#comparison,
      new RepairTask({ ...shared, formerHolders, onRepaired: (group) => sweep.flag(group) }),
      new PlacementTask(ports, { ...options, movesAtOnce: lanes }),
      ...Array.from({ length: lanes }, () => new SlotMoveTask({ ...shared, onMoved: (group) => sweep.flag(group) })),
      sweep,
    ]
  }

  /** `undefined` where another process does this work. */
  async state(): Promise<HealingState | undefined> {
    const { lease, metadata } = this.#ports
    if (lease.fence === undefined) return undefined
    const counts = await metadata.countRepairs()
    return {
      health: this.#board.summary(new Map(counts.map(({ group, count }) => [group, count]))),
      moves: this.#moves.all.map(({ group, slot, from, to, copied }) => ({ group, slot, from, to, copied })),
      rebuilt: this.#rebuilder.counts,
      bytesPerSecond: Math.round(this.#pace.bytesPerSecond),
    }
  }

  /** Compares everything again, and repairs what is missing; false where another process does this work. */
  compareAll(): boolean {
    if (this.#ports.lease.fence === undefined) return false
    this.#comparison.compareAll()
    return true
  }
}
