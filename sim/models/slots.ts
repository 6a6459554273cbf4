// The model of slot moves: A→B→A while a file is uploaded and committed, workers are lost or killed at any point, and puts fail.

import type { Protocol, Step } from './explorer.ts'
import { defineVariant } from './model.ts'
import type { Model, Variant } from './model.ts'
import { moveSteps } from './slot-move.ts'
import { slotRules } from './slot-rules.ts'
import type { SlotSwitches } from './slot-rules.ts'
import { changeAsked, changeWorker, initialState, isReadable, isWhole, otherOf, saysWhole } from './slot-state.ts'
import type { Mover, State, WorkerName } from './slot-state.ts'
import { durableSteps, repairSteps, standInDropSteps, uploadSteps } from './slot-upload.ts'

/** The scheme's `m`: so many losses a file bears from full redundancy. */
const lossesBorne = 1

const everybody: readonly WorkerName[] = ['A', 'B', 'P', 'S']
const movers: readonly Mover[] = ['A', 'B']

type Budget = Pick<State, 'moves' | 'losses' | 'kills' | 'failures'>

class SlotMoves implements Protocol<State> {
  readonly initial: State
  readonly #on: SlotSwitches

  constructor(on: SlotSwitches, budget: Budget) {
    this.#on = on
    this.initial = { ...initialState, ...budget }
  }

  readonly invariants = {
    'a committed file is readable': (state: State): string | undefined => {
      if (state.upload.phase !== 'committed' || state.exposed > lossesBorne || isReadable(state)) return undefined
      return `${state.exposed} workers were lost since it was whole, and a read does not find it`
    },
    'what is said to be whole is whole': (state: State): string | undefined =>
      state.upload.phase === 'committed' && saysWhole(state) && !isWhole(state)
        ? 'the status says that all is whole'
        : undefined,
  }

  /** Whole again, as far as there are workers for it; and nobody has what is not his. */
  isSettled(state: State): boolean {
    const { group, workers, upload, comparison, drop } = state
    if (upload.phase === 'none' || upload.phase === 'refused') return true
    if (upload.phase !== 'committed') return false
    const isStuck = (workers.A.isLost && workers.B.isLost) || workers.P.isLost || state.exposed > lossesBorne
    if (isStuck) return true
    const former = workers[otherOf(group.holder)]
    const isClean = (former.isLost || former.has === 'nothing') && (workers.S.isLost || workers.S.has === 'nothing')
    return saysWhole(state) && isWhole(state) && comparison === 'done' && drop === null && isClean
  }

  steps(state: State): readonly Step<State>[] {
    const steps = [
      ...uploadSteps(state, this.#on),
      ...durableSteps(state),
      ...moveSteps(state, this.#on),
      ...repairSteps(state, this.#on),
      ...standInDropSteps(state),
      ...faultSteps(state, this.#on),
    ]
    return steps.map((step) => ({ ...step, next: exposeNone(step.next) }))
  }
}

/** Who is told that all is whole may count on the full tolerance again. */
function exposeNone(state: State): State {
  const isFull = state.upload.phase === 'none' || (state.upload.phase === 'committed' && saysWhole(state))
  return state.exposed > 0 && isFull ? { ...state, exposed: 0 } : state
}

function faultSteps(state: State, on: SlotSwitches): readonly Step<State>[] {
  const steps: Step<State>[] = []
  const alive = everybody.filter((worker) => !state.workers[worker].isLost)
  if (state.losses > 0)
    for (const worker of alive) {
      const lost = changeWorker(state, worker, { isLost: true, has: 'nothing', epoch: 0 })
      const drop = state.drop?.worker === worker ? null : state.drop
      const copying = worker === state.group.holder || worker === state.group.pending ? 'not listed' : state.copying
      const next = { ...failPuts(lost, worker), drop, copying, losses: state.losses - 1, exposed: state.exposed + 1 }
      steps.push({ action: `${worker} is lost`, next, isFault: true })
    }
  if (state.kills > 0)
    for (const worker of movers) {
      const { isLost, has, epoch } = state.workers[worker]
      if (isLost) continue
      const kept = { has: has === 'admitted' ? ('nothing' as const) : has, epoch: on('adopted-durably') ? epoch : 1 }
      const next = { ...failPuts(changeWorker(state, worker, kept), worker), kills: state.kills - 1 }
      steps.push({ action: `${worker} is killed, and starts again`, next, isFault: true })
    }
  return steps
}

function failPuts(state: State, worker: WorkerName): State {
  return worker !== 'S' && state.upload.asked[worker] === 'under way' ? changeAsked(state, worker, 'failed') : state
}

function variant(name: string, budget: Budget, shows: readonly (keyof typeof slotRules)[]): Variant {
  return defineVariant(slotRules, { name, shows, statesMax: 250_000, build: (on) => new SlotMoves(on, budget) })
}

export const slots: Model = {
  name: 'slot moves',
  rules: slotRules,
  variants: [
    variant('a move and a loss', { moves: 1, losses: 1, kills: 0, failures: 0 }, [
      'old-epoch-refused',
      'adopted-when-quiet',
      'adopted-before-listed',
      'writes-to-both',
      'uncommitted-copied',
      'swap-after-copy',
      'drop-by-epoch',
    ]),
    variant('a put that fails', { moves: 1, losses: 1, kills: 0, failures: 1 }, [
      'missed-by-pending',
      'stand-in-named',
      'dropped-when-confirmed',
      'resolved-by-holder',
      'resolved-for-pending',
      'commit-notes-moves',
      'compared-after-swap',
      'compared-after-commits',
    ]),
    variant('a worker that is killed', { moves: 1, losses: 1, kills: 1, failures: 0 }, ['adopted-durably']),
    variant('there and back', { moves: 2, losses: 0, kills: 0, failures: 0 }, []),
    variant('two losses', { moves: 0, losses: 2, kills: 0, failures: 0 }, []),
  ],
}
