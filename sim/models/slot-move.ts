// The model of slot moves: the move itself, the comparison after it, and what a former holder drops.

import type { Step } from './explorer.ts'
import type { SlotSwitches } from './slot-rules.ts'
import { changeWorker, hasFile, otherOf } from './slot-state.ts'
import type { Group, Holder, Mover, State } from './slot-state.ts'

const members: readonly Holder[] = ['A', 'B', 'P']
const movers: readonly Mover[] = ['A', 'B']

export function moveSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  return [
    ...members.flatMap((worker) => adoptSteps(state, worker, on)),
    ...(state.group.pending === null ? startSteps(state) : copySteps(state, state.group.pending, on)),
    ...compareSteps(state, on),
    ...dropSteps(state, on),
  ]
}

function nextEpoch(state: State, change: Partial<Group>): State {
  return { ...state, group: { ...state.group, ...change, epoch: state.group.epoch + 1 }, copying: 'not listed' }
}

function adoptSteps(state: State, worker: Holder, on: SlotSwitches): readonly Step<State>[] {
  const { isLost, epoch, has } = state.workers[worker]
  if (isLost || epoch === state.group.epoch || (has === 'admitted' && on('adopted-when-quiet'))) return []
  return [
    {
      action: `${worker} adopts epoch ${state.group.epoch}`,
      next: changeWorker(state, worker, { epoch: state.group.epoch }),
    },
  ]
}

/** Wanted by somebody, for balance; or needed, because the holder is lost. */
function startSteps(state: State): readonly Step<State>[] {
  const { holder } = state.group
  const target = otherOf(holder)
  const isNeeded = state.workers[holder].isLost
  if (state.workers[target].isLost || (!isNeeded && state.moves === 0)) return []
  const moves = isNeeded ? state.moves : state.moves - 1
  const next = nextEpoch({ ...state, moves }, { pending: target })
  return [{ action: `${target} is pending`, next, isFault: !isNeeded }]
}

function copySteps(state: State, target: Mover, on: SlotSwitches): readonly Step<State>[] {
  const { group, workers, copying } = state
  if (workers[target].isLost) return [{ action: 'the move is undone', next: nextEpoch(state, { pending: null }) }]
  // With the holder lost, every surviving peer is a source; here that is P.
  const source: Holder = workers[group.holder].isLost ? 'P' : group.holder
  const isAdopted = (worker: Holder): boolean => workers[worker].epoch === group.epoch || !on('adopted-before-listed')
  const steps: Step<State>[] = []
  if (copying === 'not listed' && isAdopted(source) && isAdopted(target)) {
    const isCopied = state.upload.phase === 'committed' || on('uncommitted-copied')
    const found = hasFile(workers, source) && isCopied ? 'the file' : 'nothing'
    steps.push({ action: `${target} finds ${found} listed by ${source}`, next: { ...state, copying: found } })
  }
  if (copying === 'the file' && workers[target].has === 'nothing' && hasFile(workers, source))
    steps.push({
      action: `${target} copies the file from ${source}`,
      next: changeWorker(state, target, { has: 'durable' }),
    })
  const isCopied = copying === 'nothing' || (copying === 'the file' && hasFile(workers, target))
  if (isCopied || (copying === 'the file' && !on('swap-after-copy')))
    steps.push({ action: `${target} holds the slot`, next: swap(state, target, on) })
  return steps
}

function swap(state: State, target: Mover, on: SlotSwitches): State {
  const epoch = state.group.epoch + 1
  return {
    ...nextEpoch(state, { holder: target, pending: null, since: epoch }),
    comparison: on('compared-after-swap') ? 'due' : 'done',
    wasCommittingAtSwap: state.upload.phase === 'committing',
  }
}

function compareSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  const { group, workers, comparison, repairs, upload } = state
  if (comparison === 'done' || workers[group.holder].isLost) return []
  if (comparison === 'due') {
    if (state.wasCommittingAtSwap && on('compared-after-commits')) return []
    const begun = upload.phase === 'committed' ? 'begun with the file' : 'begun without'
    return [{ action: `the comparison is ${begun}`, next: { ...state, comparison: begun } }]
  }
  const isMissing = comparison === 'begun with the file' && !hasFile(workers, group.holder)
  const moving = isMissing && repairs.moving === 'none' ? 'unknown source' : repairs.moving
  return [{ action: 'the comparison ends', next: { ...state, comparison: 'done', repairs: { ...repairs, moving } } }]
}

function dropSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  const { group, workers, drop } = state
  if (drop !== null) {
    const { worker, epoch } = drop
    const over = { ...state, drop: null }
    if (epoch < workers[worker].epoch && on('drop-by-epoch'))
      return [{ action: `${worker} refuses to drop what epoch ${epoch} decided`, next: over }]
    return [{ action: `${worker} drops the file`, next: changeWorker(over, worker, { has: 'nothing' }) }]
  }
  return movers
    .filter((worker) => worker !== group.holder && worker !== group.pending && hasFile(workers, worker))
    .filter(() => hasFile(workers, group.holder) || !on('dropped-when-confirmed'))
    .map((worker) => ({
      action: `${worker} is to drop the file, at epoch ${group.epoch}`,
      next: { ...state, drop: { worker, epoch: group.epoch } },
    }))
}
