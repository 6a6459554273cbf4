// A command without a data row: a delete whose answer is lost is asked again, while another client writes the key anew.

import type { repeatRules } from './commit-rules.ts'
import type { Protocol, Step } from './explorer.ts'
import type { Switches } from './model.ts'

interface State {
  readonly key: 'old version' | 'nothing' | 'new version'
  /** The row that the command leaves. */
  readonly isRemembered: boolean
  readonly isBelowHorizon: boolean
  /** Copies of the command on their way, the first one and its repeats. */
  readonly underWay: number
  readonly removed: number
  readonly client: 'asks' | 'has its answer'
  // What may still happen.
  readonly lostAnswers: number
}

export class Repeats implements Protocol<State> {
  readonly #on: Switches<keyof typeof repeatRules>

  constructor(on: Switches<keyof typeof repeatRules>) {
    this.#on = on
  }

  readonly initial: State = {
    key: 'old version',
    isRemembered: false,
    isBelowHorizon: false,
    underWay: 1,
    removed: 0,
    client: 'asks',
    lostAnswers: 2,
  }

  readonly invariants = {
    'a command happens once': ({ removed }: State): string | undefined =>
      removed > 1 ? 'one delete has removed two versions' : undefined,
  }

  isSettled({ underWay, client, isRemembered }: State): boolean {
    return underWay === 0 && client === 'has its answer' && !isRemembered
  }

  steps(state: State): readonly Step<State>[] {
    const steps: Step<State>[] = []
    if (state.underWay > 0) {
      const { what, next } = this.#run({ ...state, underWay: state.underWay - 1 })
      steps.push({ action: `the delete ${what}`, next: { ...next, client: 'has its answer' } })
      if (state.lostAnswers > 0) {
        const repeated = { ...next, underWay: state.underWay, lostAnswers: state.lostAnswers - 1 }
        steps.push({
          action: `the delete ${what}, its answer is lost, and it is repeated`,
          next: repeated,
          isFault: true,
        })
      }
    }
    if (state.underWay === 1 && state.lostAnswers > 0) {
      const twice = { ...state, underWay: 2, lostAnswers: state.lostAnswers - 1 }
      steps.push({ action: 'the delete is slow, and is repeated', next: twice, isFault: true })
    }
    if (state.key === 'nothing')
      steps.push({ action: 'another client writes the key', next: { ...state, key: 'new version' }, isFault: true })
    // Its process was expired, or has closed the command; a copy of it may still be on its way.
    if (!state.isBelowHorizon)
      steps.push({ action: 'the horizon passes the command', next: { ...state, isBelowHorizon: true } })
    if (state.isRemembered && (state.isBelowHorizon || !this.#on('command-kept')))
      steps.push({ action: 'the row of the command is removed', next: { ...state, isRemembered: false } })
    return steps
  }

  #run(state: State): { readonly what: string; readonly next: State } {
    if (state.isRemembered) return { what: 'is known', next: state }
    if (state.isBelowHorizon && this.#on('command-above-horizon')) return { what: 'is refused', next: state }
    const removed = state.removed + (state.key === 'nothing' ? 0 : 1)
    const isRemembered = this.#on('command-remembered')
    return { what: 'removes the newest version', next: { ...state, key: 'nothing', removed, isRemembered } }
  }
}
