// Virtual time: a heap of events, run one at a time in one thread. Between two events every promise reaction that
// the first one caused has run (each event is a macrotask of its own), so plain async/await code is as deterministic as
// the seed: same program, same order. Events of one instant run in the order in which they were asked for, except that
// `endOfTurn` waits for all others of its instant.
//
// A node sees virtual time through a `VirtualClock` of its own, with its own wall clock, and whose timers die with it.

import { setImmediate as nextMacrotask } from 'node:timers/promises'

import { assert } from '../../src/base/assert.ts'
import type { Clock, Timer } from '../../src/ports/clock.ts'

interface Event {
  readonly atMs: number
  /** 0: an event; 1: an end of turn, after all events of its instant. */
  readonly phase: 0 | 1
  readonly sequence: number
  readonly background: boolean
  /** `undefined` once cancelled. */
  callback: (() => void) | undefined
}

const eventsMaxDefault = 5_000_000

export class VirtualTime {
  readonly #heap: Event[] = []
  #nowMs = 0
  #sequence = 0
  /** Events that are neither cancelled nor in the background. */
  #foreground = 0
  #eventCount = 0
  #running = false

  get nowMs(): number {
    return this.#nowMs
  }

  /** Events run so far. */
  get eventCount(): number {
    return this.#eventCount
  }

  /** A node's view. `wallMs`: its calendar time at virtual time 0; default 2030-01-01. */
  createClock(options: { readonly wallMs?: number } = {}): VirtualClock {
    return new VirtualClock(this, options.wallMs ?? Date.UTC(2030, 0, 1))
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

  schedule(delayMs: number, phase: 0 | 1, background: boolean, callback: () => void): Timer {
    assert(Number.isFinite(delayMs) && delayMs >= 0, `a timer of ${delayMs} ms`)
    const event: Event = { atMs: this.#nowMs + delayMs, phase, sequence: this.#sequence++, background, callback }
    this.#push(event)
    if (!background) this.#foreground++
    return { cancel: () => this.#cancel(event) }
  }

  #cancel(event: Event): void {
    if (event.callback === undefined) return
    event.callback = undefined
    if (!event.background) this.#foreground--
  }

  async #run(goesOn: () => boolean): Promise<void> {
    assert(!this.#running, 'virtual time is run by one caller at a time')
    this.#running = true
    try {
      await nextMacrotask()
      for (let count = 0; this.#skipCancelled() && goesOn(); count++) {
        if (count > eventsMaxDefault) throw new Error(`${eventsMaxDefault} events at ${this.#nowMs} ms: it never ends`)
        this.#step()
        await nextMacrotask()
      }
    } finally {
      this.#running = false
    }
  }

  #step(): void {
    const event = this.#pop()
    const { callback } = event
    if (callback === undefined) return
    this.#nowMs = event.atMs
    this.#eventCount++
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
  #wallOffsetMs: number
  #stopped = false

  constructor(time: VirtualTime, wallOffsetMs: number) {
    this.#time = time
    this.#wallOffsetMs = wallOffsetMs
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
    return this.#time.schedule(delayMs, phase, background, () => {
      if (!this.#stopped) callback()
    })
  }
}
