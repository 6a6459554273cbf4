// Explores every state that a small protocol can reach, breadth first, so that the trace to a violation is a shortest one.
//
// A protocol is data and pure functions: an initial state (plain data), the steps that are possible in a state, the invariants, and
// what counts as settled. States are told apart by their JSON, which is exact: two states are never taken for one. An exploration
// checks that
//
// - every invariant holds in every state, and
// - from every state a settled one can be reached by steps that are no faults: no work is stuck, nothing is left lying about.
//
// A bound on the number of states makes the exploration fail: what was not explored is not proved.

export interface Step<S> {
  readonly action: string
  readonly next: S
  /** Something that the protocol does not do by itself: a crash, a loss, a client's wish. No way to a settled state leads over it. */
  readonly isFault?: boolean
}

export interface Protocol<S> {
  readonly initial: S
  /** What can happen. A step that changes nothing may be among them. */
  steps(state: S): readonly Step<S>[]
  /** By name. An invariant says what is wrong, or nothing. */
  readonly invariants: Readonly<Record<string, (state: S) => string | undefined>>
  isSettled(state: S): boolean
}

export interface Violation {
  /** The name of the invariant, or `settles`. */
  readonly invariant: string
  readonly what: string
  /** The actions from the initial state on. */
  readonly trace: readonly string[]
  /** The state that they lead to. */
  readonly state: string
}

export interface Exploration {
  readonly states: number
  readonly transitions: number
  readonly violation: Violation | undefined
}

export interface ExploreOptions {
  /** More states are an error. */
  readonly statesMax: number
  /** Only this invariant is looked at. */
  readonly only?: string
}

export const settles = 'settles'

/** @throws Error when there are more states than `statesMax`. */
export function explore<S>(protocol: Protocol<S>, options: ExploreOptions): Exploration {
  return new Explorer(protocol, options).run()
}

class Explorer<S> {
  readonly #protocol: Protocol<S>
  readonly #options: ExploreOptions
  readonly #numbers = new Map<string, number>()
  /** By the number of a state: where it was first reached from, and how. */
  readonly #parents: number[] = []
  readonly #actions: string[] = []
  readonly #settled: number[] = []
  /** Steps that are no faults, as pairs of numbers: from, to. */
  readonly #edges: number[] = []
  #transitions = 0

  constructor(protocol: Protocol<S>, options: ExploreOptions) {
    this.#protocol = protocol
    this.#options = options
  }

  run(): Exploration {
    let level: { readonly number: number; readonly state: S }[] = []
    const { initial } = this.#protocol
    const first = this.#add(JSON.stringify(initial), -1, '')
    level.push({ number: first, state: initial })
    while (level.length > 0) {
      const next: typeof level = []
      for (const { number, state } of level) {
        const violation = this.#check(number, state)
        if (violation !== undefined) return this.#result(violation)
        if (this.#protocol.isSettled(state)) this.#settled.push(number)
        for (const step of this.#protocol.steps(state)) {
          const text = JSON.stringify(step.next)
          const known = this.#numbers.get(text)
          const to = known ?? this.#add(text, number, step.action)
          if (known === undefined) next.push({ number: to, state: step.next })
          if (to === number) continue
          this.#transitions++
          if (step.isFault !== true) this.#edges.push(number, to)
        }
      }
      level = next
    }
    return this.#result(this.#findStuck())
  }

  #add(text: string, parent: number, action: string): number {
    const number = this.#numbers.size
    if (number === this.#options.statesMax) throw new Error(`more than ${number} states: the bounds are too wide`)
    this.#numbers.set(text, number)
    this.#parents.push(parent)
    this.#actions.push(action)
    return number
  }

  #check(number: number, state: S): Violation | undefined {
    const { only } = this.#options
    for (const [invariant, holds] of Object.entries(this.#protocol.invariants)) {
      const what = only === undefined || only === invariant ? holds(state) : undefined
      if (what !== undefined) return this.#violation(invariant, what, number)
    }
    return undefined
  }

  /** The first state from which no settled one can be reached. */
  #findStuck(): Violation | undefined {
    const { only } = this.#options
    if (only !== undefined && only !== settles) return undefined
    // Edges sorted by where they lead to: those into state n begin at starts[n].
    const starts = new Uint32Array(this.#numbers.size + 2)
    for (let at = 1; at < this.#edges.length; at += 2) count(starts, (this.#edges[at] ?? 0) + 2)
    for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0)
    const sources = new Uint32Array(this.#edges.length / 2)
    for (let at = 0; at < this.#edges.length; at += 2) {
      const place = count(starts, (this.#edges[at + 1] ?? 0) + 1)
      sources[place] = this.#edges[at] ?? 0
    }
    const isGood = new Uint8Array(this.#numbers.size)
    const waiting = [...this.#settled]
    for (const number of waiting) isGood[number] = 1
    for (let number = waiting.pop(); number !== undefined; number = waiting.pop()) {
      for (const from of sources.subarray(starts[number], starts[number + 1])) {
        if (isGood[from] === 1) continue
        isGood[from] = 1
        waiting.push(from)
      }
    }
    const stuck = isGood.indexOf(0)
    return stuck < 0 ? undefined : this.#violation(settles, 'no settled state can be reached from here', stuck)
  }

  #violation(invariant: string, what: string, number: number): Violation {
    const trace: string[] = []
    for (let at = number; at > 0; at = this.#parents[at] ?? 0) trace.push(this.#actions[at] ?? '')
    const [state = ''] = [...this.#numbers].find(([, known]) => known === number) ?? []
    return { invariant, what, trace: trace.reverse(), state }
  }

  #result(violation: Violation | undefined): Exploration {
    return { states: this.#numbers.size, transitions: this.#transitions, violation }
  }
}

/** Adds one; what was there before. */
function count(counts: Uint32Array, at: number): number {
  const before = counts[at] ?? 0
  counts[at] = before + 1
  return before
}
