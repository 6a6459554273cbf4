// The KeyValue port in memory. A `MemoryMap` stands for the disk: it stays when a process dies, and several instances, as several
// processes, open it. An instance decides in the order of the calls; what it decided is durable, all at once, when its
// commit comes round, a chosen time later. Tests make single commits answer `outcome-unknown`, after committing and after not
// committing, and simulate a crash: what was not committed is gone, and its promises never settle.

import { assert } from '../../src/base/assert.ts'
import { FrostError } from '../../src/base/errors.ts'
import { isSteps, runSteps } from '../../src/base/steps.ts'
import type { Clock } from '../../src/ports/clock.ts'
import type {
  ClaimedKeyValue,
  Decided,
  Decision,
  KeyRange,
  KeyValueEntry,
  KeyValueView,
  Look,
} from '../../src/ports/key-value.ts'
import { keyBytesMax, valueBytesMax } from '../../src/ports/key-value.ts'
import { OrderedMap } from './ordered-map.ts'

/** What lies on the simulated disk. */
export class MemoryMap implements KeyValueView {
  #entries = new OrderedMap<Uint8Array>()
  /** The claim of the instance that changes it. */
  claims = 0

  get size(): number {
    return this.#entries.size
  }

  get(key: string): Uint8Array | undefined {
    return this.#entries.get(key)?.slice()
  }

  range(range: KeyRange): readonly KeyValueEntry[] {
    return this.#select(range, (key, value) => [key, value.slice()])
  }

  texts(range: KeyRange, skipBytes: number): readonly string[] {
    return this.#select(range, (key) => Buffer.from(key, 'latin1').toString('utf8', skipBytes))
  }

  /** All that it holds, as a backup of the disk would. */
  save(): readonly KeyValueEntry[] {
    return [...this.#entries.ascending('', '\xff')].map(([key, value]) => [key, value.slice()])
  }

  /** The disk holds what was saved then, and nothing else; of nothing: it is empty. */
  restore(saved: readonly KeyValueEntry[] = []): void {
    this.#entries = new OrderedMap()
    this.apply({ changes: saved, result: undefined })
  }

  apply(decided: Decided<unknown>): void {
    for (const [key, value] of decided.changes) {
      assert(key.length >= 1 && key.length <= keyBytesMax, 'length of a key')
      assert(value === undefined || value.length <= valueBytesMax, 'length of a value')
      if (value === undefined) this.#entries.delete(key)
      else this.#entries.set(key, value.slice())
    }
  }

  #select<T>(range: KeyRange, take: (key: string, value: Uint8Array) => T): readonly T[] {
    assert(range.limit >= 1, 'limit of a range')
    const { from, to } = range
    const taken: T[] = []
    if (from >= to) return taken
    const entries = range.reverse === true ? this.#entries.descending(from, to) : this.#entries.ascending(from, to)
    for (const [key, value] of entries) {
      if (taken.push(take(key, value)) === range.limit) break
    }
    return taken
  }
}

/**
 * What becomes of one decision: `commit`, or its answer is lost (`outcome-unknown`) after it was committed or without it
 * having been committed.
 */
export type DecisionFate = 'commit' | 'unknown-committed' | 'unknown-not-committed'

export interface MemoryKeyValueOptions {
  readonly map: MemoryMap
  /** With `delayMs`: the clock that a commit waits on. Without it, a commit comes round in the next microtask. */
  readonly clock?: Clock
  /** How long the next commit takes. */
  readonly delayMs?: () => number
  /** Asked once for each decision, in order. */
  readonly fate?: () => DecisionFate
}

interface Waiting {
  readonly run: () => void
}

export class MemoryKeyValue implements ClaimedKeyValue {
  readonly #options: MemoryKeyValueOptions
  readonly #map: MemoryMap
  #claim: number | undefined
  #waiting: Waiting[] = []
  #commit: Promise<void> | undefined
  #state: 'open' | 'closed' | 'crashed' = 'open'

  constructor(options: MemoryKeyValueOptions) {
    this.#options = options
    this.#map = options.map
  }

  async read<T>(look: Look<T>): Promise<T> {
    assert(this.#state === 'open', 'the map is open')
    return look(this.#map)
  }

  unreachable(): undefined {
    return undefined
  }

  claim(): Promise<void> {
    this.#claim = ++this.#map.claims
    return Promise.resolve()
  }

  decide<T>(decision: Decision<T>): Promise<T> {
    if (this.#state !== 'open') return Promise.reject(closed())
    const fate = this.#options.fate?.() ?? 'commit'
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const run = (): void => {
      if (this.#claim !== this.#map.claims) return reject(unclaimed())
      if (fate === 'unknown-not-committed') return reject(unknown())
      try {
        const made = decision(this.#map)
        const decided = isSteps(made) ? runSteps(made) : made
        this.#map.apply(decided)
        if (fate === 'commit') resolve(decided.result)
        else reject(unknown())
      } catch (error) {
        reject(error)
      }
    }
    this.#waiting.push({ run })
    this.#commit ??= this.#commitAll()
    return promise
  }

  /** The process dies: what is not committed never will be, and nothing settles any more. */
  crash(): void {
    this.#state = 'crashed'
    this.#waiting = []
  }

  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closed'
    await this.#commit
  }

  async #commitAll(): Promise<void> {
    const { clock, delayMs } = this.#options
    while (this.#waiting.length > 0) {
      const delay = delayMs?.() ?? 0
      if (clock !== undefined && delay > 0) await clock.sleep(delay)
      else await Promise.resolve()
      const batch = this.#waiting
      this.#waiting = []
      for (const { run } of batch) run()
    }
    this.#commit = undefined
  }
}

function closed(): FrostError {
  return new FrostError('metadata-unavailable', 'The metadata store is closed.')
}

function unclaimed(): FrostError {
  return new FrostError('metadata-unavailable', 'Another process commits to the metadata store.')
}

function unknown(): FrostError {
  return new FrostError('outcome-unknown', 'The simulated commit lost its answer.')
}
