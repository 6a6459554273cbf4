// Whether what was seen of one key can be explained by some order of its operations in which each takes effect at one moment between its
// call and its answer: linearizability, by the search of Wing and Gong with Lowe's memory of what was tried. What has no answer
// may take effect at any time after its call, or never.

import type { Condition, Effect, Operation, Tag } from '../history.ts'

export type Verdict = 'explained' | 'impossible' | 'undecided'

/** States that are looked at before the search is given up. */
const statesMax = 300_000

export function checkRegister(operations: readonly Operation[]): Verdict {
  const sorted = operations.filter((operation) => matters(operation, operations)).toSorted(byCall)
  return new Search(sorted).run()
}

/** A write without an answer that nobody saw explains nothing but a refusal. */
function matters(operation: Operation, all: readonly Operation[]): boolean {
  const { effect, returnedAt } = operation
  if (effect.kind !== 'write' || returnedAt !== Number.POSITIVE_INFINITY) return true
  return all.some(
    ({ effect: other }) => other.kind === 'refusal' || tagSeen(other) === effect.tag || wants(other, effect.tag),
  )
}

function tagSeen(effect: Effect): Tag | undefined {
  if (effect.kind === 'read') return effect.seen
  return effect.kind === 'delete' ? effect.found : undefined
}

function wants(effect: Effect, tag: Tag): boolean {
  return 'condition' in effect && effect.condition?.kind === 'if-version' && effect.condition.tag === tag
}

function byCall(left: Operation, right: Operation): number {
  return left.invokedAt - right.invokedAt
}

/** The operations up to `from` have all taken effect; of the later ones those of `taken`. */
interface State {
  readonly from: number
  readonly taken: readonly number[]
  readonly value: Tag | undefined
}

class Search {
  readonly #operations: readonly Operation[]
  readonly #told: number
  readonly #tried = new Set<string>()

  constructor(operations: readonly Operation[]) {
    this.#operations = operations
    this.#told = operations.filter((operation) => operation.returnedAt !== Number.POSITIVE_INFINITY).length
  }

  run(): Verdict {
    const stack: State[] = [{ from: 0, taken: [], value: undefined }]
    for (let state = stack.pop(); state !== undefined; state = stack.pop()) {
      if (this.#isExplained(state)) return 'explained'
      if (this.#tried.size > statesMax) return 'undecided'
      for (const next of this.#nextStates(state)) {
        const name = `${next.from} ${next.taken.join(',')} ${next.value ?? ''}`
        if (this.#tried.has(name)) continue
        this.#tried.add(name)
        stack.push(next)
      }
    }
    return 'impossible'
  }

  #isExplained(state: State): boolean {
    let told = 0
    for (let index = 0; index < this.#operations.length; index++) {
      const isTaken = index < state.from || state.taken.includes(index)
      if (isTaken && this.#operations[index]?.returnedAt !== Number.POSITIVE_INFINITY) told++
    }
    return told === this.#told
  }

  /** What can be next: whatever was called before the first answer of all that is left. */
  #nextStates(state: State): readonly State[] {
    let firstAnswer = Number.POSITIVE_INFINITY
    const left: number[] = []
    for (let index = state.from; index < this.#operations.length; index++) {
      const operation = this.#operations[index]
      if (operation === undefined || operation.invokedAt > firstAnswer) break
      if (state.taken.includes(index)) continue
      left.push(index)
      firstAnswer = Math.min(firstAnswer, operation.returnedAt)
    }
    const states: State[] = []
    // The last pushed is tried first: the one that was called first.
    for (const index of left.toReversed()) {
      const operation = this.#operations[index]
      if (operation === undefined || operation.invokedAt > firstAnswer) continue
      const after = take(operation.effect, state.value)
      if (after === 'impossible') continue
      states.push({ ...advance(state, index), value: after.value })
    }
    return states
  }
}

function advance(state: State, index: number): Omit<State, 'value'> {
  const taken = new Set([...state.taken, index])
  let { from } = state
  while (taken.delete(from)) from++
  return { from, taken: [...taken].toSorted((left, right) => left - right) }
}

function take(effect: Effect, value: Tag | undefined): { readonly value: Tag | undefined } | 'impossible' {
  switch (effect.kind) {
    case 'write':
      return holds(effect.condition, value) ? { value: effect.tag } : 'impossible'
    case 'delete':
      if (!holds(effect.condition, value)) return 'impossible'
      return !effect.isTold || effect.found === value ? { value: undefined } : 'impossible'
    case 'read':
      return effect.seen === value ? { value } : 'impossible'
    case 'refusal':
      return holds(effect.condition, value) ? 'impossible' : { value }
  }
}

function holds(condition: Condition | undefined, value: Tag | undefined): boolean {
  if (condition === undefined) return true
  return condition.kind === 'if-absent' ? value === undefined : value === condition.tag
}
