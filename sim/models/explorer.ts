// Explores every state that a small protocol can reach, breadth first, so that the trace to a violation is a shortest one.
//
// A protocol is data and pure functions: an initial state (plain data), the steps that are possible in a state, the invariants, and
// what counts as settled. States are told apart exactly, by their JSON: two are never taken for one. An exploration checks that
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
}

/** @throws Error when there are more states than `statesMax`. */
export function explore<S extends object>(protocol: Protocol<S>, options: ExploreOptions): Exploration {
  return new Explorer(protocol, options).run()
}

class Explorer<S extends object> {
  readonly #protocol: Protocol<S>
  readonly #options: ExploreOptions
  readonly #keys = new Keys()
  readonly #numbers = new Map<string, number>()
  // By the number of a state: it, where it was first reached from, and how.
  readonly #states: S[] = []
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
    this.#number(this.#protocol.initial, -1, '')
    // Numbers are given in the order of the distance from the initial state.
    for (let from = 0; from < this.#states.length; from++) {
      const state = this.#states[from]
      if (state === undefined) break
      const violation = this.#check(from, state)
      if (violation !== undefined) return this.#result(violation)
      if (this.#protocol.isSettled(state)) this.#settled.push(from)
      for (const { action, next, isFault } of this.#protocol.steps(state)) {
        const to = this.#number(next, from, action)
        if (to === from) continue
        this.#transitions++
        if (isFault !== true) this.#edges.push(from, to)
      }
    }
    return this.#result(this.#findStuck())
  }

  /** The number of a state, a new one where it was not reached before. */
  #number(state: S, parent: number, action: string): number {
    const key = this.#keys.of(state)
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const number = this.#states.length
    if (number === this.#options.statesMax) throw new Error(`more than ${number} states: the bounds are too wide`)
    this.#numbers.set(key, number)
    this.#states.push(state)
    this.#parents.push(parent)
    this.#actions.push(action)
    return number
  }

  #check(number: number, state: S): Violation | undefined {
    for (const [invariant, holds] of Object.entries(this.#protocol.invariants)) {
      const what = holds(state)
      if (what !== undefined) return this.#violation(invariant, what, number)
    }
    return undefined
  }

  /** The first state from which no settled one can be reached. */
  #findStuck(): Violation | undefined {
    // Edges sorted by where they lead to: those into state n begin at starts[n].
    const starts = new Uint32Array(this.#states.length + 2)
    for (let at = 1; at < this.#edges.length; at += 2) count(starts, (this.#edges[at] ?? 0) + 2)
    for (let at = 1; at < starts.length; at++) starts[at] = (starts[at] ?? 0) + (starts[at - 1] ?? 0)
    const sources = new Uint32Array(this.#edges.length / 2)
    for (let at = 0; at < this.#edges.length; at += 2) {
      const place = count(starts, (this.#edges[at + 1] ?? 0) + 1)
      sources[place] = this.#edges[at] ?? 0
    }
    const isGood = new Uint8Array(this.#states.length)
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
    return stuck < 0 ? undefined : this.#violation('settles', 'no settled state can be reached from here', stuck)
  }

  #violation(invariant: string, what: string, number: number): Violation {
    const trace: string[] = []
    for (let at = number; at > 0; at = this.#parents[at] ?? 0) trace.push(this.#actions[at] ?? '')
    return { invariant, what, trace: trace.reverse(), state: JSON.stringify(this.#states[number]) }
  }

  #result(violation: Violation | undefined): Exploration {
    return { states: this.#states.length, transitions: this.#transitions, violation }
  }
}

/**
 * Short keys that are equal exactly where the states' JSON is. Steps copy what they change, so most parts of a state are the very objects
 * of another one: each is made into JSON once, and stands for itself in the key with a number.
 */
class Keys {
  readonly #parts = new WeakMap<object, number>()
  readonly #texts = new Map<string, number>()

  of(state: object): string {
    let key = ''
    const parts: readonly unknown[] = Object.values(state)
    for (const part of parts) key += `${this.#numberOf(part)} `
    return key
  }

  #numberOf(part: unknown): number {
    const isObject = typeof part === 'object' && part !== null
    const known = isObject ? this.#parts.get(part) : undefined
    if (known !== undefined) return known
    const text = JSON.stringify(part)
    const number = this.#texts.get(text) ?? this.#texts.size
    this.#texts.set(text, number)
    if (isObject) this.#parts.set(part, number)
    return number
  }
}

/** Adds one; what was there before. */
function count(counts: Uint32Array, at: number): number {
  const before = counts[at] ?? 0
  counts[at] = before + 1
  return before
}
