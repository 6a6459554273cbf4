// The model of slot moves: how the file gets to the workers, and is committed.
//
// The commit is two steps: what it sees of the group may be old when it ends (snapshot isolation). That covers the serial case, in which
// nothing happens between the two.

import type { Step } from './explorer.ts'
import type { SlotSwitches } from './slot-rules.ts'
import { changeAsked, changeUpload, changeWorker, hasFile, hasSource, initialState, standsIn } from './slot-state.ts'
import type { Group, Holder, State } from './slot-state.ts'

const holders: readonly Holder[] = ['A', 'B', 'P']

export function uploadSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  switch (state.upload.phase) {
    case 'none':
      return beginSteps(state, on)
    case 'sending':
      return [
        ...holders.flatMap((worker) => arriveSteps(state, worker, on)),
        ...standInSteps(state),
        ...settleSteps(state),
      ]
    case 'acknowledged':
      return [
        { action: 'the commit begins', next: changeUpload(state, { phase: 'committing', since: state.group.since }) },
      ]
    case 'committing':
      return [{ action: 'the commit ends', next: commit(state, on) }]
    case 'committed':
    case 'refused':
      return []
  }
}

/** Puts that a worker admitted become durable, whoever waits for them. */
export function durableSteps(state: State): readonly Step<State>[] {
  return holders
    .filter((worker) => state.workers[worker].has === 'admitted')
    .map((worker) => {
      const durable = changeWorker(state, worker, { has: 'durable' })
      const isAwaited = state.upload.asked[worker] === 'under way'
      return {
        action: `the put is durable on ${worker}`,
        next: isAwaited ? changeAsked(durable, worker, 'stored') : durable,
      }
    })
}

/** With the map of now; or with one that its master has had since the beginning. */
function beginSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  const maps = state.group.epoch > 1 ? [state.group, initialState.group] : [state.group]
  return maps.map((map) => ({
    action: `the upload begins at epoch ${map.epoch}`,
    next: begin(state, map, on),
    isFault: true,
  }))
}

function begin(state: State, { holder, pending, epoch }: Group, on: SlotSwitches): State {
  const isAsked = (worker: Holder): boolean =>
    worker === 'P' || worker === holder || (worker === pending && on('writes-to-both'))
  const ask = (worker: Holder): 'no' | 'under way' => (isAsked(worker) ? 'under way' : 'no')
  return changeUpload(state, {
    phase: 'sending',
    epoch,
    asked: { A: ask('A'), B: ask('B'), P: ask('P') },
    holder,
    standIn: 'nothing',
  })
}

function arriveSteps(state: State, worker: Holder, on: SlotSwitches): readonly Step<State>[] {
  const { upload, workers, failures } = state
  const { isLost, epoch, has } = workers[worker]
  if (upload.asked[worker] !== 'under way' || has === 'admitted') return []
  if (isLost) return [{ action: `${worker} does not answer`, next: changeAsked(state, worker, 'failed') }]
  const steps: Step<State>[] = []
  if (failures > 0) {
    const failed = changeAsked({ ...state, failures: failures - 1 }, worker, 'failed')
    steps.push({ action: `the put to ${worker} fails`, next: failed, isFault: true })
  }
  if (upload.epoch < epoch && on('old-epoch-refused')) {
    const again = begin(state, state.group, on)
    steps.push({
      action: `${worker} refuses epoch ${upload.epoch}; the block is sent under ${state.group.epoch}`,
      next: again,
    })
  } else if (upload.epoch <= epoch) {
    const next =
      has === 'durable' ? changeAsked(state, worker, 'stored') : changeWorker(state, worker, { has: 'admitted' })
    steps.push({ action: `${worker} admits the put`, next })
  }
  return steps
}

/** S takes the column of the slot that failed, once the other one has accepted the epoch. */
function standInSteps(state: State): readonly Step<State>[] {
  const { asked, holder } = state.upload
  if (!canStandIn(state)) return []
  const steps: Step<State>[] = []
  if (asked[holder] === 'failed' && asked.P === 'stored')
    steps.push({ action: 'S stands in for the moving slot', next: standIn(state, 'column 0') })
  if (asked.P === 'failed' && asked[holder] === 'stored')
    steps.push({ action: 'S stands in for P', next: standIn(state, 'column 1') })
  return steps
}

function canStandIn({ workers, upload }: State): boolean {
  return !workers.S.isLost && upload.standIn === 'nothing'
}

function standIn(state: State, column: 'column 0' | 'column 1'): State {
  return changeUpload(changeWorker(state, 'S', { has: column }), { standIn: column })
}

/** Acknowledged when two workers have a column each; refused when that cannot be. All of it by what the upload was told. */
function settleSteps(state: State): readonly Step<State>[] {
  const { asked, holder, standIn: column } = state.upload
  if (Object.values(asked).includes('under way')) return []
  const isMoving = asked[holder] === 'stored' || column === 'column 0'
  const isFixed = asked.P === 'stored' || column === 'column 1'
  if (isMoving && isFixed)
    return [{ action: 'the block is acknowledged', next: changeUpload(state, { phase: 'acknowledged' }) }]
  if ((isMoving || isFixed) && canStandIn(state)) return []
  return [{ action: 'the block is refused', next: changeUpload(state, { phase: 'refused' }) }]
}

function commit(state: State, on: SlotSwitches): State {
  const { asked, epoch, since, standIn: column } = state.upload
  const isNamed = on('stand-in-named')
  const missed = on('missed-by-pending') ? missedBy(asked) : 'none'
  const hasMoved = since > epoch && on('commit-notes-moves')
  const fallback = hasMoved ? 'unknown source' : 'none'
  const moving = isNamed && column === 'column 0' ? 'S' : missed === 'none' ? fallback : missed
  const fixed = isNamed && column === 'column 1' ? 'S' : 'none'
  return { ...changeUpload(state, { phase: 'committed' }), repairs: { moving, fixed }, wasCommittingAtSwap: false }
}

/** Of holder and pending worker one has failed: who has it. */
function missedBy(asked: State['upload']['asked']): 'none' | 'A' | 'B' {
  if (asked.A === 'stored' && asked.B === 'failed') return 'A'
  return asked.B === 'stored' && asked.A === 'failed' ? 'B' : 'none'
}

/** Brings the file to where the status says that it is missing. */
export function repairSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  const { group, workers, repairs, repaired } = state
  const { holder, pending } = group
  const steps: Step<State>[] = []
  if (repairs.fixed === 'S' && !workers.P.isLost) {
    if (workers.P.has === 'durable')
      steps.push({ action: 'the repair of P is resolved', next: { ...state, repairs: { ...repairs, fixed: 'none' } } })
    else if (workers.P.has === 'nothing' && hasSource(workers))
      steps.push({ action: 'P is brought the file', next: changeWorker(state, 'P', { has: 'durable' }) })
  }
  if (repairs.moving === 'none') return steps
  if (repaired === null) {
    for (const worker of pending === null ? [holder] : [holder, pending]) {
      if (workers[worker].isLost || workers[worker].has === 'admitted' || !hasSource(workers)) continue
      const brought = { ...changeWorker(state, worker, { has: 'durable' }), repaired: worker }
      steps.push({ action: `${worker} is brought the file`, next: brought })
    }
    return steps
  }
  const isHolderGood = hasFile(workers, holder) || !on('resolved-by-holder')
  const isPendingGood = pending === null || hasFile(workers, pending) || !on('resolved-for-pending')
  const resolved = { ...state, repaired: null, repairs: { ...repairs, moving: 'none' as const } }
  if (isHolderGood && isPendingGood) steps.push({ action: 'the repair is resolved', next: resolved })
  else steps.push({ action: 'the repair goes on', next: { ...state, repaired: null } })
  return steps
}

/** Space is given back: a stand-in drops what its slot’s holder has. */
export function standInDropSteps(state: State): readonly Step<State>[] {
  const { upload, workers, repairs, group } = state
  if (upload.phase !== 'committed') return []
  const isDone =
    (standsIn(workers, 'column 0') && repairs.moving !== 'S' && hasFile(workers, group.holder)) ||
    (standsIn(workers, 'column 1') && repairs.fixed !== 'S' && hasFile(workers, 'P'))
  return isDone ? [{ action: 'S drops what it stood in with', next: changeWorker(state, 'S', { has: 'nothing' }) }] : []
}
