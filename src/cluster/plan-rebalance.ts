// The last part of a plan of slot moves: bytes go from the relatively fullest workers to the relatively emptiest ones, and slots that
// weigh next to nothing from workers with many writable groups to those with few, so that what is written from now on spreads too.
// plan-slot-moves.ts calls it when no slot has to move for a better reason.
//
// What keeps it from moving too much: it begins only when a worker is 7 % off and ends when all are within 5 %; whoever is to
// receive bytes gives none in the same plan; a slot goes only where it fits what the receiver lacks, so that over all plans a receiver
// gets at most 1.2 times what it lacked; and a move that would just swap the places of giver and receiver is none.

import type { WorkerId } from '../base/ids.ts'
import type { PlannedGroup, SlotPlan, WorkerLoad } from './slot-plan.ts'

/** Parts of its share that a worker may be off. */
const beginsAt = 0.07
const endsAt = 0.05
/** A slot may overshoot what the giver has too much or the receiver lacks by so much of a share: less than what begins a move back. */
const overshoot = 0.04
/** A receiver gets at most so much more than it lacked. */
const excessFactor = 1.2
/** Slots that weigh less than this part of the mean slot are moved for their number only. */
const lightPart = 1 / 10
/** Numbers of writable slots may differ from their mean by this part (and by one slot) before light ones move. */
const countsBeginAt = 0.15
/** Pairs of workers looked at for one plan, so that one for a big cluster in which nothing fits ends soon. */
const pairsMax = 20_000

interface Candidate {
  readonly planned: PlannedGroup
  readonly slot: number
}

/** The pick of a pair of workers, or of all pairs. */
interface Choice extends Candidate {
  readonly to: WorkerLoad
}

type SlotFilter = (candidate: Candidate, from: WorkerLoad, to: WorkerLoad) => boolean

export function planRebalance(plan: SlotPlan): void {
  const members = [...plan.loads.values()].filter(({ worker }) => worker.state === 'in')
  if (members.length >= 2) new Rebalance(plan, members).run()
}

class Rebalance {
  readonly #plan: SlotPlan
  /** All that are `in`. */
  readonly #loads: readonly WorkerLoad[]
  readonly #candidates = new Map<WorkerId, Candidate[]>()
  readonly #bytesPerShare: number
  readonly #lightBelow: number
  readonly #isUnderWay: boolean
  #pairs = 0

  constructor(plan: SlotPlan, loads: readonly WorkerLoad[]) {
    this.#plan = plan
    this.#loads = loads
    const bytes = loads.reduce((sum, load) => sum + load.bytes, 0)
    this.#bytesPerShare = bytes / loads.reduce((sum, load) => sum + load.share, 0)
    let slots = 0
    for (const planned of plan.groups) slots += this.#addCandidates(planned)
    this.#lightBelow = slots === 0 ? 0 : (bytes / slots) * lightPart
    this.#isUnderWay = plan.groups.some(({ pendingSlots }) => pendingSlots > 0)
  }

  run(): void {
    // Between two plans of one rebalance there are moves under way, and it goes on until it has reached its end.
    if (this.#worstOff() > (this.#isUnderWay ? endsAt : beginsAt)) this.#balanceBytes()
    this.#balanceCounts()
  }

  /** Only whole groups are touched: what is degraded is left to those who repair it. Returns the number of its slots. */
  #addCandidates(planned: PlannedGroup): number {
    const { slots } = planned.row
    const isWhole = slots.every(({ worker }) => this.#plan.isReachable(worker) && this.#plan.stateOf(worker) === 'in')
    if (!isWhole || planned.pendingSlots > 0) return slots.length
    for (const [slot, { worker }] of slots.entries()) {
      const held = this.#candidates.get(worker)
      if (held === undefined) this.#candidates.set(worker, [{ planned, slot }])
      else held.push({ planned, slot })
    }
    return slots.length
  }

  #balanceBytes(): void {
    const off = (load: WorkerLoad): number => this.#off(load)
    const needsMove = (from: WorkerLoad, to: WorkerLoad): boolean => off(from) > endsAt || off(to) < -endsAt
    const isFarApart = (from: WorkerLoad, to: WorkerLoad): boolean =>
      off(from) - off(to) > 2 * (this.#isUnderWay ? endsAt : beginsAt)
    while (!this.#plan.isFull && this.#worstOff() > endsAt) {
      const fullestFirst = this.#loads.toSorted((left, right) => off(right) - off(left))
      const mayGive = fullestFirst.filter((load) => !load.receives)
      const givers = mayGive.filter((load) => off(load) > 0)
      const receivers = fullestFirst.filter((load) => off(load) < 0 && !load.gives).toReversed()
      const choice =
        this.#choose({ givers, receivers, needsMove, allows: (...args) => this.#fitsWell(...args) }) ??
        this.#choose({ givers, receivers, needsMove, allows: (...args) => this.#fitsRoughly(...args) }) ??
        // Zones may keep a worker from what the fullest ones have too much of; then it shares with those of its own zone.
        this.#choose({
          givers: mayGive,
          receivers,
          needsMove: isFarApart,
          allows: (...args) => this.#keepsSides(...args),
        })
      if (choice === undefined) return
      this.#plan.move(choice.planned, choice.slot, choice.to, 'rebalance')
    }
  }

  #balanceCounts(): void {
    const counts = this.#loads.map((load) => load.writableSlots)
    const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length
    const worst = Math.max(...counts.map((count) => Math.abs(count - mean)))
    if (worst <= (this.#isUnderWay ? 1 : Math.max(1, mean * countsBeginAt))) return
    const needsMove = (from: WorkerLoad, to: WorkerLoad): boolean => from.writableSlots - to.writableSlots >= 2
    const allows: SlotFilter = ({ planned }) => planned.row.state === 'writable' && this.#isLight(planned)
    while (!this.#plan.isFull) {
      const givers = this.#loads.toSorted((left, right) => right.writableSlots - left.writableSlots)
      const choice = this.#choose({ givers, receivers: givers.toReversed(), needsMove, allows })
      if (choice === undefined) return
      this.#plan.move(choice.planned, choice.slot, choice.to, 'rebalance')
    }
  }

  /** The first pair, in the order given, that has a slot to move. */
  #choose(search: {
    readonly givers: readonly WorkerLoad[]
    readonly receivers: readonly WorkerLoad[]
    readonly needsMove: (from: WorkerLoad, to: WorkerLoad) => boolean
    readonly allows: SlotFilter
  }): Choice | undefined {
    for (const from of search.givers) {
      for (const to of search.receivers) {
        if (!search.needsMove(from, to)) break
        if (this.#pairs++ > pairsMax) return undefined
        const best = this.#bestSlot(from, to, search.allows)
        if (best !== undefined) return { ...best, to }
      }
    }
    return undefined
  }

  /** Slots that even out the numbers of writable ones come first, then what brings a group into more zones, then heavy ones. */
  #bestSlot(from: WorkerLoad, to: WorkerLoad, allows: SlotFilter): Candidate | undefined {
    const wanted = to.writableSlots < from.writableSlots ? 'writable' : 'closed'
    let best: Candidate | undefined
    let bestRank: readonly number[] = []
    for (const candidate of this.#candidates.get(from.worker.id) ?? []) {
      const { planned, slot } = candidate
      if (planned.pendingSlots > 0 || !this.#plan.canTake(to, planned) || !allows(candidate, from, to)) continue
      const zonesWon = this.#plan.zoneCount(planned, { slot, to: to.worker.id }) - this.#plan.zoneCount(planned)
      if (zonesWon < 0) continue
      const rank = [planned.row.state === wanted ? 1 : 0, zonesWon, planned.weight, this.#plan.chance()]
      if (best !== undefined && compareRanks(rank, bestRank) <= 0) continue
      best = candidate
      bestRank = rank
    }
    return best
  }

  /** Neither end overshoots by more than what is no reason to move anything back. */
  #fitsWell({ planned }: Candidate, from: WorkerLoad, to: WorkerLoad): boolean {
    const spareOfGiver = this.#over(from) + overshoot * this.#shareBytes(from)
    const roomOfReceiver = Math.min(-this.#over(to) * excessFactor, -this.#over(to) + overshoot * this.#shareBytes(to))
    return !this.#isLight(planned) && planned.weight <= Math.min(spareOfGiver, roomOfReceiver)
  }

  /** For few heavy slots, of which none fits well: the giver comes nearer to its share too. */
  #fitsRoughly(candidate: Candidate, from: WorkerLoad, to: WorkerLoad): boolean {
    return candidate.planned.weight <= 2 * this.#over(from) && this.#keepsSides(candidate, from, to)
  }

  /** The receiver gets little more than it lacks, and does not change places with the giver. */
  #keepsSides({ planned }: Candidate, from: WorkerLoad, to: WorkerLoad): boolean {
    const { weight } = planned
    if (this.#isLight(planned) || weight > -this.#over(to) * excessFactor) return false
    return (from.bytes - weight) / from.share >= (to.bytes + weight) / to.share
  }

  #isLight({ weight }: PlannedGroup): boolean {
    return weight < this.#lightBelow
  }

  #shareBytes(load: WorkerLoad): number {
    return load.share * this.#bytesPerShare
  }

  #over(load: WorkerLoad): number {
    return load.bytes - this.#shareBytes(load)
  }

  /** The part of its share by which it is above (or below) it. */
  #off(load: WorkerLoad): number {
    return this.#bytesPerShare === 0 ? 0 : this.#over(load) / this.#shareBytes(load)
  }

  #worstOff(): number {
    return this.#loads.reduce((worst, load) => Math.max(worst, Math.abs(this.#off(load))), 0)
  }
}

/** Above 0: the left one is better. */
function compareRanks(left: readonly number[], right: readonly number[]): number {
  for (const [index, value] of left.entries()) {
    const difference = value - (right[index] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}
