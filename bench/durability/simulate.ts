// A cluster that loses workers, event by event, over a placement that the planner has made: which checks the chain of
// model.ts, because here groups share workers, losses overlap as they come, and the rebuild takes the slots of the most
// endangered groups first, one after the other. It counts until data is lost and begins anew, so failure rates have to
// be high to see anything at all.

import { SeededRandom } from '../../src/base/random.ts'
import { columnCount } from '../../src/base/scheme.ts'
import { rebuildTimes, secondsPerYear } from './model.ts'
import type { DurabilityAssumptions, RebuildTimes } from './model.ts'
import type { Placement } from './placement.ts'

export interface SimulatedLosses {
  readonly years: number
  readonly workersLost: number
  /** Moments at which data was lost. */
  readonly losses: number
  readonly groupsLost: number
}

/** Runs until so many losses of data have come, or so many of workers. */
export function simulateLosses(
  placement: Placement,
  assumed: DurabilityAssumptions,
  options: { readonly seed: number; readonly lossesMax: number; readonly workersLostMax: number },
): SimulatedLosses {
  const random = new SeededRandom(options.seed)
  const times = rebuildTimes(placement, assumed)
  const sum = { years: 0, workersLost: 0, losses: 0, groupsLost: 0 }
  while (sum.losses < options.lossesMax && sum.workersLost < options.workersLostMax) {
    const cluster = new LosingCluster(placement, assumed, { times, random })
    const groupsLost = cluster.runUntilLoss(options.workersLostMax - sum.workersLost)
    sum.years += cluster.years
    sum.workersLost += cluster.workersLost
    sum.groupsLost += groupsLost
    if (groupsLost > 0) sum.losses++
  }
  return sum
}

interface SimulatedGroup {
  /** Undefined where the slot is lost. */
  readonly holders: (number | undefined)[]
  /** Lost slots whose loss was noticed, so that they can be rebuilt. */
  readonly ready: number[]
  lostCount: number
}

interface Loss {
  readonly worker: number
  readonly atYears: number
  readonly slots: readonly { readonly group: SimulatedGroup; readonly slot: number }[]
}

interface Rebuild {
  readonly group: SimulatedGroup
  readonly slot: number
  readonly to: number
  readonly endsYears: number
}

class LosingCluster {
  years = 0
  workersLost = 0
  readonly #placement: Placement
  readonly #lossesPerYear: number
  readonly #replacementYears: number
  readonly #times: RebuildTimes
  readonly #random: SeededRandom
  readonly #isUp: boolean[]
  readonly #groupsOf: Set<SimulatedGroup>[]
  /** Losses that nothing is done about yet, and those whose worker is not replaced yet; both in the order of time. */
  readonly #unnoticed: Loss[] = []
  readonly #unreplaced: Loss[] = []
  /** Groups with slots that can be rebuilt, by their number of lost ones. */
  readonly #urgency: Set<SimulatedGroup>[]
  #rebuild: Rebuild | undefined

  constructor(
    placement: Placement,
    assumed: Pick<DurabilityAssumptions, 'lossesPerYear' | 'replacementSeconds'>,
    options: { readonly times: RebuildTimes; readonly random: SeededRandom },
  ) {
    this.#placement = placement
    this.#lossesPerYear = assumed.lossesPerYear
    this.#replacementYears = assumed.replacementSeconds / secondsPerYear
    this.#times = options.times
    this.#random = options.random
    this.#isUp = Array<boolean>(placement.workers).fill(true)
    this.#groupsOf = Array.from({ length: placement.workers }, () => new Set())
    this.#urgency = Array.from({ length: columnCount(placement.scheme) + 1 }, () => new Set())
    for (const slots of placement.groups) {
      const group: SimulatedGroup = { holders: [...slots], ready: [], lostCount: 0 }
      for (const worker of slots) this.#groupsOf[worker]?.add(group)
    }
  }

  /** Returns how many groups were lost; 0 when so many workers were lost without. */
  runUntilLoss(workersLostMax: number): number {
    let nextLoss = this.#drawLoss()
    while (this.workersLost < workersLostMax) {
      const noticed = (this.#unnoticed[0]?.atYears ?? Number.POSITIVE_INFINITY) + this.#times.waitYears
      const replaced = (this.#unreplaced[0]?.atYears ?? Number.POSITIVE_INFINITY) + this.#replacementYears
      const rebuilt = this.#rebuild?.endsYears ?? Number.POSITIVE_INFINITY
      this.years = Math.min(nextLoss, noticed, replaced, rebuilt)
      if (this.years === rebuilt) this.#endRebuild()
      else if (this.years === replaced) this.#replace()
      else if (this.years === noticed) this.#notice()
      else {
        const groupsLost = this.#lose()
        if (groupsLost > 0) return groupsLost
        nextLoss = this.#drawLoss()
      }
      if (this.#rebuild === undefined) this.#startRebuild()
    }
    return 0
  }

  #drawLoss(): number {
    // The rate is that of all workers; a draw that hits one that is away is no loss.
    const rate = this.#lossesPerYear * this.#placement.workers
    return this.years - Math.log(1 - this.#random.float()) / rate
  }

  #lose(): number {
    const worker = this.#random.below(this.#placement.workers)
    if (this.#isUp[worker] !== true) return 0
    this.workersLost++
    this.#isUp[worker] = false
    const slots: Loss['slots'][number][] = []
    let groupsLost = 0
    for (const group of this.#groupsOf[worker] ?? []) {
      const slot = group.holders.indexOf(worker)
      group.holders[slot] = undefined
      slots.push({ group, slot })
      this.#setLostCount(group, group.lostCount + 1)
      if (group.lostCount > this.#placement.scheme.parityColumns) groupsLost++
    }
    this.#groupsOf[worker]?.clear()
    const loss = { worker, atYears: this.years, slots }
    this.#unnoticed.push(loss)
    this.#unreplaced.push(loss)
    if (this.#rebuild?.to === worker) {
      this.#setReady(this.#rebuild)
      this.#rebuild = undefined
    }
    return groupsLost
  }

  #notice(): void {
    for (const slot of this.#unnoticed.shift()?.slots ?? []) this.#setReady(slot)
  }

  #replace(): void {
    const loss = this.#unreplaced.shift()
    if (loss !== undefined) this.#isUp[loss.worker] = true
  }

  #endRebuild(): void {
    const ended = this.#rebuild
    if (ended === undefined) return
    this.#rebuild = undefined
    ended.group.holders[ended.slot] = ended.to
    this.#groupsOf[ended.to]?.add(ended.group)
    this.#setLostCount(ended.group, ended.group.lostCount - 1)
  }

  #startRebuild(): void {
    for (let lost = this.#urgency.length - 1; lost > 0; lost--) {
      for (const group of this.#urgency[lost] ?? []) {
        const to = this.#target(group)
        if (to === undefined) continue
        const slot = group.ready.shift()
        if (group.ready.length === 0) this.#urgency[lost]?.delete(group)
        if (slot !== undefined) this.#rebuild = { group, slot, to, endsYears: this.years + this.#times.slotYears }
        return
      }
    }
  }

  #setReady({ group, slot }: { readonly group: SimulatedGroup; readonly slot: number }): void {
    group.ready.push(slot)
    this.#urgency[group.lostCount]?.add(group)
  }

  #setLostCount(group: SimulatedGroup, lostCount: number): void {
    this.#urgency[group.lostCount]?.delete(group)
    group.lostCount = lostCount
    if (group.ready.length > 0) this.#urgency[lostCount]?.add(group)
  }

  /** The emptiest of a few that can take a slot. */
  #target({ holders }: SimulatedGroup): number | undefined {
    const { workers, scheme } = this.#placement
    // Of few workers all are looked at: draws might miss the only one that can.
    const isSmall = workers <= 2 * columnCount(scheme)
    let best: number | undefined
    let fewest = Number.POSITIVE_INFINITY
    for (let draw = 0; draw < (isSmall ? workers : 8); draw++) {
      const worker = isSmall ? draw : this.#random.below(workers)
      const slots = this.#groupsOf[worker]?.size ?? 0
      if (this.#isUp[worker] !== true || slots >= fewest || holders.includes(worker)) continue
      best = worker
      fewest = slots
    }
    return best
  }
}
