// Virtual time: a heap of events, run one at a time in one thread. Between two events every promise reaction that
// the first one caused has run (each event is a macrotask of its own), so plain async/await code is as deterministic as
// the seed: same program, same order. Events of one instant run in the order in which they were asked for, except that
// `endOfTurn` waits for all others of its instant.
//
// A node sees virtual time through a `VirtualClock` of its own, with its own wall clock, and whose timers die with it. Every event
// belongs to a node, and goes into the trace (trace.ts). A paused node's events wait, as those of a stopped process do.

import { setImmediate as macrotask } from 'node:timers'

import { assert } from '../../src/base/assert.ts'
import type { Clock, Timer } from '../../src/ports/clock.ts'
import { Trace } from './trace.ts'
import type { EventKind } from './trace.ts'

/** Whose events there are. */
interface EventOwner {
  readonly name: string
  readonly index: number
  isPaused: boolean
  /** What came while it was paused, in order. */
  readonly waiting: Event[]
}

interface Event {
  atMs: number
  /** 0: an event; 1: an end of turn, after all events of its instant. */
  readonly phase: 0 | 1
  sequence: number
  readonly background: boolean
  readonly owner: EventOwner
  readonly kind: EventKind
  /** `undefined` once cancelled. */
  callback: (() => void) | undefined
}

const eventsMaxDefault = 5_000_000
/** Macrotasks that are asked for at once: a turn of the real event loop costs more than most events. */
const macrotasksMax = 64
/** Taken before a run forbids real timers. */
const nextMacrotask = macrotask
const nobody = 'world'

export class VirtualTime {
  readonly trace = new Trace()
  readonly #heap: Event[] = []
  readonly #owners = new Map<string, EventOwner>()
  #nowMs = 0
  #sequence = 0
  /** Events that are neither cancelled nor in the background. */
  #foreground = 0
  #eventCount = 0
  #running = false
  #isOver = false

  get nowMs(): number {
    return this.#nowMs
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount
  }

  /** A node's view. `wallMs`: its calendar time at virtual time 0; default 2030-01-01. `node`: whose events its timers are. */
  createClock(
    options: { readonly wallMs?: number; readonly node?: string; readonly kind?: EventKind } = {},
  ): VirtualClock {
    const { wallMs = Date.UTC(2030, 0, 1), node = nobody, kind = 'timer' } = options
    return new VirtualClock(this, wallMs, { node, kind })
  }

  /** From now on no event of the node happens, until `resume`. */
  pause(node: string): void {
    this.#owner(node).isPaused = true
  }

  /** What waited happens now, in the order in which it would have. */
  resume(node: string): void {
    const owner = this.#owner(node)
    owner.isPaused = false
    for (const event of owner.waiting.splice(0)) {
      event.atMs = this.#nowMs
      event.sequence = this.#sequence++
      this.#push(event)
    }
  }

  /** Nothing happens any more. Sleeps that wait for a signal would hold the whole world in memory otherwise. */
  end(): void {
    this.#isOver = true
    this.#heap.length = 0
    this.#owners.clear()
  }

  /** Runs what is due within the next `durationMs`, and lets that time pass. */
  async advance(durationMs: number): Promise<void> {
    const endMs = this.#nowMs + durationMs
    await this.#run(() => (this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY) <= endMs)
    this.#nowMs = Math.max(this.#nowMs, endMs)
  }

  /** Runs until nothing but background timers is left. */
  async runUntilIdle(): Promise<void> {
    await this.#run(() => this.#foreground > 0)
  }

  /**
   * Runs until `promise` settles, and gives its outcome. Throws where no event is left, or `timeMaxMs` (default: an hour)
   * of virtual time has passed, before that.
   */
  async run<T>(promise: Promise<T>, timeMaxMs = 3_600_000): Promise<T> {
    let settled = false
    const settle = (): void => {
      settled = true
    }
    promise.then(settle, settle)
    const endMs = this.#nowMs + timeMaxMs
    await this.#run(() => !settled && (this.#heap[0]?.atMs ?? Number.POSITIVE_INFINITY) <= endMs)
    if (!settled)
      throw new Error(`still waiting at ${this.#nowMs} ms of virtual time, ${this.#heap.length} events left`)
    return promise
  }

  schedule(
    delayMs: number,
    options: { readonly phase: 0 | 1; readonly background: boolean; readonly node: string; readonly kind: EventKind },
    callback: () => void,
  ): Timer {
    assert(Number.isFinite(delayMs) && delayMs >= 0, 'a delay', delayMs)
    const { phase, background, node, kind } = options
    const owner = this.#owner(node)
    const atMs = this.#nowMs + delayMs
    const event: Event = { atMs, phase, sequence: this.#sequence++, background, owner, kind, callback }
    if (!this.#isOver) this.#push(event)
    if (!background) this.#foreground++
    return { cancel: () => this.#cancel(event) }
  }

  #owner(name: string): EventOwner {
    const known = this.#owners.get(name)
    if (known !== undefined) return known
    const owner: EventOwner = { name, index: this.#owners.size, isPaused: false, waiting: [] }
    this.#owners.set(name, owner)
    return owner
  }

  #cancel(event: Event): void {
    if (event.callback === undefined) return
    event.callback = undefined
    if (!event.background) this.#foreground--
  }

  async #run(goesOn: () => boolean): Promise<void> {
    assert(!this.#running, 'virtual time is run by one caller at a time')
    this.#running = true
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    let count = 0
    let asked = 0
    let batch = 1
    let isOver = false
    const end = (): void => {
      isOver = true
      this.#running = false
    }
    // Between two macrotasks every promise reaction runs.
    const turn = (): void => {
      if (isOver) return
      asked--
      try {
        if (!this.#skipCancelled() || !goesOn()) {
          end()
          return resolve()
        }
        if (++count > eventsMaxDefault)
          throw new Error(`${eventsMaxDefault} events at ${this.#nowMs} ms: it never ends`)
        this.#step()
      } catch (error) {
        end()
        return reject(error)
      }
      if (asked > 0) return
      batch = Math.min(batch * 2, macrotasksMax)
      ask()
    }
    const ask = (): void => {
      for (asked = 0; asked < batch; asked++) nextMacrotask(turn)
    }
    ask()
    await promise
  }

  #step(): void {
    const event = this.#pop()
    const { callback, owner } = event
    if (callback === undefined) return
    this.#nowMs = event.atMs
    if (owner.isPaused) {
      owner.waiting.push(event)
      return
    }
    this.#eventCount++
    this.trace.event(event.kind, owner, event.atMs)
    this.#cancel(event)
    callback()
  }

  /** False where nothing is left. */
  #skipCancelled(): boolean {
    while (this.#heap[0] !== undefined && this.#heap[0].callback === undefined) this.#pop()
    return this.#heap.length > 0
  }

  #push(event: Event): void {
    const heap = this.#heap
    let index = heap.length
    heap.push(event)
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = this.#at(parentIndex)
      if (!isBefore(event, parent)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = event
  }

  #pop(): Event {
    const heap = this.#heap
    const first = this.#at(0)
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = index * 2 + 1
      if (child >= heap.length) break
      if (child + 1 < heap.length && isBefore(this.#at(child + 1), this.#at(child))) child++
      if (!isBefore(this.#at(child), last)) break
      heap[index] = this.#at(child)
      index = child
    }
    heap[index] = last
    return first
  }

  #at(index: number): Event {
    const event = this.#heap[index]
    assert(event !== undefined, 'an index inside the heap')
    return event
  }
}

function isBefore(left: Event, right: Event): boolean {
  if (left.atMs !== right.atMs) return left.atMs < right.atMs
  if (left.phase !== right.phase) return left.phase < right.phase
  return left.sequence < right.sequence
}

export class VirtualClock implements Clock {
  readonly #time: VirtualTime
  readonly #node: string
  readonly #kind: EventKind
  #wallOffsetMs: number
  #stopped = false

  constructor(time: VirtualTime, wallOffsetMs: number, events: { readonly node: string; readonly kind: EventKind }) {
    this.#time = time
    this.#wallOffsetMs = wallOffsetMs
    this.#node = events.node
    this.#kind = events.kind
  }

  monotonicMs(): number {
    return this.#time.nowMs
  }

  wallMs(): number {
    return Math.floor(this.#time.nowMs + this.#wallOffsetMs)
  }

  startTimer(delayMs: number, callback: () => void, options?: { readonly background?: boolean }): Timer {
    return this.#schedule(delayMs, 0, options?.background === true, callback)
  }

  sleep(delayMs: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    if (signal?.aborted === true) {
      reject(signal.reason)
      return promise
    }
    const onAbort = (): void => {
      timer.cancel()
      reject(signal?.reason)
    }
    const timer = this.#schedule(delayMs, 0, true, () => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    })
    signal?.addEventListener('abort', onAbort, { once: true })
    return promise
  }

  endOfTurn(callback: () => void): void {
    this.#schedule(0, 1, false, callback)
  }

  /** Sets the wall clock forward or back; durations do not notice. */
  jumpWall(byMs: number): void {
    this.#wallOffsetMs += byMs
  }

  /** The node is gone: none of its timers fires any more. */
  stop(): void {
    this.#stopped = true
  }

  #schedule(delayMs: number, phase: 0 | 1, background: boolean, callback: () => void): Timer {
    const kind = phase === 1 && this.#kind === 'timer' ? 'turn' : this.#kind
    return this.#time.schedule(delayMs, { phase, background, node: this.#node, kind }, () => {
      if (!this.#stopped) callback()
    })
  }
}
