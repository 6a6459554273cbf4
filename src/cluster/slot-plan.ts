// A plan of slot moves in the making: how loaded each worker will be after all that is under way and planned, who can take a slot, and
// what that does to the zones of its group. Used within one call of a planner; nothing outside sees it change.
//
// Load is the sum of the estimates of the slots that a worker holds (or is to hold), not what its disk says: the disk of one that
// gave a slot away shrinks only with its next compaction, and a plan made from it would give away more and more.

import type { WorkerId } from '../base/ids.ts'
import { GIB, KIB } from '../base/units.ts'
import type { MovableGroup, MoveReason, PlacementWorker, SlotMove, SlotMovesInput } from './slot-move.ts'

/** Counted for each slot beside its bytes, so that the slots of empty groups are spread too; below it differences of bytes are noise. */
const slotOverheadBytes = 16 * KIB
/** A move must leave this part of the capacity free, at most `marginBytesMax`: what is written meanwhile needs room too. */
const marginPart = 1 / 20
const marginBytesMax = GIB
/** Capacities that differ by less count as equal. */
const capacityRatio = 1.1
/** Workers whose free space differs by less than this part share one disk, as far as can be told. */
const sharedDiskPart = 1 / 20

export interface WorkerLoad {
  readonly worker: PlacementWorker
  /** The relative size of the share that it should hold. */
  readonly share: number
  /** After all moves under way and planned. */
  bytes: number
  writableSlots: number
  incomingBytes: number
  incomingSlots: number
  receives: boolean
  gives: boolean
}

export interface PlannedGroup {
  readonly row: MovableGroup
  /** What a slot counts as load. */
  readonly weight: number
  /** Who is to hold each slot after all moves under way and planned. */
  readonly holders: WorkerId[]
  /** Who has anything to do with a slot: takes no other one. */
  readonly members: Set<WorkerId>
  pendingSlots: number
  /** Slots on workers that are out and which move nowhere yet. */
  readonly outSlots: readonly number[]
  /** Holders that are out, with or without a move under way. */
  readonly outCount: number
}

export class SlotPlan {
  readonly moves: SlotMove[] = []
  readonly loads: ReadonlyMap<WorkerId, WorkerLoad>
  readonly groups: readonly PlannedGroup[]
  /** Loads of workers that may take slots. */
  readonly takers: readonly WorkerLoad[]
  /** Moves to one worker at once, after which a slot in danger rather goes to another one, be that fuller. */
  readonly #incomingFair: number
  readonly #below: (bound: number) => number
  #movesLeft: number

  constructor(input: SlotMovesInput) {
    const isEqual = hasEqualShares(input.workers.filter((worker) => worker.state === 'in'))
    const loads = input.workers.map((worker): WorkerLoad => ({
      worker,
      share: isEqual ? 1 : worker.capacityBytes,
      bytes: 0,
      writableSlots: 0,
      incomingBytes: 0,
      incomingSlots: 0,
      receives: false,
      gives: false,
    }))
    this.#below = input.below
    this.loads = new Map(loads.map((load) => [load.worker.id, load]))
    this.takers = loads.filter(({ worker }) => worker.state === 'in' && worker.isReachable)
    this.#incomingFair = Math.max(1, Math.ceil((2 * input.movesAtOnceMax) / Math.max(1, this.takers.length)))
    this.#movesLeft = input.movesAtOnceMax
    this.groups = input.groups.map((row) => this.#addGroup(row))
  }

  get isFull(): boolean {
    return this.#movesLeft <= 0
  }

  /** Who is not known counts as out. */
  stateOf(worker: WorkerId): PlacementWorker['state'] {
    return this.loads.get(worker)?.worker.state ?? 'out'
  }

  isReachable(worker: WorkerId): boolean {
    return this.loads.get(worker)?.worker.isReachable === true
  }

  canTake({ worker, incomingBytes }: WorkerLoad, { row, members }: PlannedGroup): boolean {
    if (worker.state !== 'in' || !worker.isReachable || members.has(worker.id)) return false
    const margin = Math.min(worker.capacityBytes * marginPart, marginBytesMax)
    return worker.freeBytes - incomingBytes - row.bytesPerSlot >= margin
  }

  /** Distinct zones of a group, with one slot moved where `to` is given. Each worker without a zone is one of its own. */
  zoneCount({ holders }: PlannedGroup, moved?: { readonly slot: number; readonly to: WorkerId }): number {
    const zones = new Set<string>()
    for (const [slot, holder] of holders.entries()) {
      const worker = slot === moved?.slot ? moved.to : holder
      const zone = this.loads.get(worker)?.worker.zone
      zones.add(zone === undefined ? `worker ${worker}` : `zone ${zone}`)
    }
    return zones.size
  }

  /**
   * Whether `one` is the better target of a slot: more zones first, then the relatively emptier, equal ones by chance. Slots in danger
   * go to workers with few moves under way before that: if a new, empty worker got them all, its disk would set the pace of the rebuild.
   */
  isBetterTarget(one: RankedTarget, other: RankedTarget | undefined, reason: MoveReason): boolean {
    if (other === undefined) return true
    if (one.zones !== other.zones) return one.zones > other.zones
    if (reason === 'out') {
      const queued = this.#queueOf(one.load) - this.#queueOf(other.load)
      if (queued !== 0) return queued < 0
    }
    const difference = one.load.bytes / one.load.share - other.load.bytes / other.load.share
    return difference === 0 ? this.#below(2) === 0 : difference < 0
  }

  #queueOf({ incomingSlots }: WorkerLoad): number {
    return Math.floor(incomingSlots / this.#incomingFair)
  }

  chance(): number {
    return this.#below(2 ** 32)
  }

  move(planned: PlannedGroup, slot: number, to: WorkerLoad, reason: MoveReason): void {
    const from = planned.holders[slot]
    if (from === undefined) return
    this.moves.push({ group: planned.row.group, slot, from, to: to.worker.id, reason })
    this.#count(planned, { slot, from, to: to.worker.id })
  }

  #addGroup(row: MovableGroup): PlannedGroup {
    const isOut = (worker: WorkerId): boolean => this.stateOf(worker) === 'out'
    const planned: PlannedGroup = {
      row,
      weight: row.bytesPerSlot + slotOverheadBytes,
      holders: row.slots.map(({ worker }) => worker),
      members: new Set(row.slots.map(({ worker }) => worker)),
      pendingSlots: 0,
      outSlots: [...row.slots.keys()].filter((slot) => {
        const { worker, pendingWorker } = row.slots[slot] ?? {}
        return worker !== undefined && pendingWorker === undefined && isOut(worker)
      }),
      outCount: row.slots.filter(({ worker }) => isOut(worker)).length,
    }
    for (const holder of planned.holders) this.#add(planned, holder, 1)
    for (const [slot, { worker, pendingWorker }] of row.slots.entries()) {
      if (pendingWorker !== undefined) this.#count(planned, { slot, from: worker, to: pendingWorker })
    }
    return planned
  }

  #count(planned: PlannedGroup, move: { readonly slot: number; readonly from: WorkerId; readonly to: WorkerId }): void {
    this.#movesLeft--
    planned.pendingSlots++
    planned.holders[move.slot] = move.to
    planned.members.add(move.to)
    this.#add(planned, move.from, -1)
    this.#add(planned, move.to, 1)
    const from = this.loads.get(move.from)
    if (from !== undefined) from.gives = true
    const to = this.loads.get(move.to)
    if (to === undefined) return
    to.receives = true
    to.incomingBytes += planned.row.bytesPerSlot
    to.incomingSlots++
  }

  #add({ row, weight }: PlannedGroup, worker: WorkerId, sign: 1 | -1): void {
    const load = this.loads.get(worker)
    if (load === undefined) return
    load.bytes += sign * weight
    if (row.state === 'writable') load.writableSlots += sign
  }
}

export interface RankedTarget {
  readonly load: WorkerLoad
  /** Distinct zones of the group with the slot there. */
  readonly zones: number
}

/**
 * Whether all workers should hold equally much: where their capacities are about equal, and where they share a disk: each of them then
 * reports what it uses and the free space of all, so that the fuller one looks larger.
 */
function hasEqualShares(workers: readonly PlacementWorker[]): boolean {
  const capacities = workers.map((worker) => worker.capacityBytes)
  const smallest = Math.min(...capacities)
  if (smallest <= 0 || Math.max(...capacities) <= smallest * capacityRatio) return true
  const free = workers.map((worker) => worker.capacityBytes - worker.usedBytes)
  const most = Math.max(...free)
  return most - Math.min(...free) <= most * sharedDiskPart
}
