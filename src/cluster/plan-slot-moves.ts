// Decides which slots of placement groups move to which workers: away from workers that are out (their slots are rebuilt from
// peers), away from draining ones, and from full workers to empty ones. Pure: a snapshot in, a plan out. Made anew every time, it goes
// on where the last one ended, because moves under way are part of the snapshot.
//
// The order is that of danger: groups with most slots on workers that are out come first, then drains, and only when neither has
// anything to do, the balance (plan-rebalance.ts): the others would undo what it did before. A group has one move under way at a time;
// only one that has lost several holders moves all of these at once. A slot for which there is no target stays where it is: its group
// stays degraded (`groupsWithoutSpare`), and the next plan tries again.

import type { GroupId, WorkerId } from '../base/ids.ts'
import { planRebalance } from './plan-rebalance.ts'
import type { MoveReason, SlotMove, SlotMovesInput } from './slot-move.ts'
import { SlotPlan } from './slot-plan.ts'
import type { PlannedGroup, RankedTarget, WorkerLoad } from './slot-plan.ts'

/** Moves to begin now, most urgent first; with those under way never more than `movesAtOnceMax`. */
export function planSlotMoves(input: SlotMovesInput): readonly SlotMove[] {
  const plan = new SlotPlan(input)
  planOutMoves(plan)
  planDrainMoves(plan)
  if (plan.moves.length === 0 && !input.groups.some(({ slots }) => slots.some((slot) => isLeaving(plan, slot)))) {
    planRebalance(plan)
  }
  return plan.moves
}

/** Groups with slots on workers that are out, for which no other worker can take them now: these stay degraded. */
export function groupsWithoutSpare(input: SlotMovesInput): number {
  const plan = new SlotPlan(input)
  let count = 0
  for (const planned of plan.groups) {
    const targets = planned.outSlots.length === 0 ? [] : plan.takers.filter((load) => plan.canTake(load, planned))
    if (targets.length < planned.outSlots.length) count++
  }
  return count
}

/**
 * Slots whose move cannot end well, because who is to take them is out or draining by now: to be taken back (the pending worker removed),
 * upon which the next plan finds them another one. Until then they count as under way.
 */
export function strandedMoves(
  input: Pick<SlotMovesInput, 'workers' | 'groups'>,
): readonly { readonly group: GroupId; readonly slot: number }[] {
  const isIn = new Set(input.workers.filter((worker) => worker.state === 'in').map((worker) => worker.id))
  return input.groups.flatMap(({ group, slots }) =>
    [...slots.entries()]
      .filter(([, { pendingWorker }]) => pendingWorker !== undefined && !isIn.has(pendingWorker))
      .map(([slot]) => ({ group, slot })),
  )
}

function planOutMoves(plan: SlotPlan): void {
  const endangered = plan.groups
    .filter(({ outSlots }) => outSlots.length > 0)
    .toSorted((left, right) => right.outCount - left.outCount || left.row.group - right.row.group)
  for (const planned of endangered) {
    for (const slot of planned.outSlots) {
      if (plan.isFull) return
      if (planned.pendingSlots > 0 && planned.outCount < 2) break
      moveSlot(plan, planned, { slot, reason: 'out' })
    }
  }
}

function planDrainMoves(plan: SlotPlan): void {
  for (const planned of plan.groups) {
    if (plan.isFull) return
    if (planned.pendingSlots > 0) continue
    for (const [slot, { worker }] of planned.row.slots.entries()) {
      // A draining worker that is away may come back and hand over its slots itself; else it will be out.
      if (plan.stateOf(worker) !== 'draining' || !plan.isReachable(worker)) continue
      if (moveSlot(plan, planned, { slot, reason: 'drain' })) break
    }
  }
}

/** Whether the slot is on its way from a worker that is out or draining. */
function isLeaving(
  plan: SlotPlan,
  { worker, pendingWorker }: { readonly worker: WorkerId; readonly pendingWorker?: WorkerId },
): boolean {
  return pendingWorker !== undefined && plan.stateOf(worker) !== 'in'
}

function moveSlot(
  plan: SlotPlan,
  planned: PlannedGroup,
  { slot, reason }: { readonly slot: number; readonly reason: MoveReason },
): boolean {
  let best: RankedTarget | undefined
  for (const load of plan.takers) {
    if (!plan.canTake(load, planned)) continue
    const target = { load, zones: plan.zoneCount(planned, { slot, to: load.worker.id }) }
    if (plan.isBetterTarget(target, best, reason)) best = target
  }
  if (best === undefined) return false
  // What is in danger takes any worker. A drain can wait until one in the right zone is back or has room, as long as there is one.
  if (reason === 'drain' && best.zones < Math.min(plan.zoneCount(planned), zonesPossible(plan, planned, slot)))
    return false
  plan.move(planned, slot, best.load, reason)
  return true
}

/** Zones that the group would have with the slot on the best worker, reachable or not. */
function zonesPossible(plan: SlotPlan, planned: PlannedGroup, slot: number): number {
  const isCandidate = ({ worker }: WorkerLoad): boolean => worker.state === 'in' && !planned.members.has(worker.id)
  return [...plan.loads.values()]
    .filter(isCandidate)
    .reduce((most, { worker }) => Math.max(most, plan.zoneCount(planned, { slot, to: worker.id })), 0)
}
