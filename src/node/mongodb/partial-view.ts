// A view of which only a part is here. Code that looks at it runs to its end all the same: what is not here yet is noted, and answered
// with a guess (what was there lately, or nothing). Then what was missing is fetched, all in one go, and the code runs again, until
// it asked for nothing that was only guessed. Looks and decisions are pure, so only the last run counts; what a run on guesses returns
// or throws is dropped. A good guess makes the first run ask for everything that the last one needs.

import { assert } from '../../base/assert.ts'
import type { ByteString, KeyRange, KeyValueEntry, KeyValueView } from '../../ports/key-value.ts'
import type { RangeQuery } from './row-server.ts'

export interface Missing {
  readonly keys: readonly ByteString[]
  readonly ranges: readonly RangeQuery[]
}

/** From so many ranges with one end on, they are taken for a scan (a listing with a delimiter jumps over each folder). */
const scanFrom = 2
const readAhead = 64

export type Guess = (key: ByteString) => Uint8Array | undefined

interface KnownRange {
  readonly query: RangeQuery
  readonly entries: readonly KeyValueEntry[]
}

export class PartialView implements KeyValueView {
  readonly #guess: Guess
  readonly #rows = new Map<ByteString, Uint8Array | undefined>()
  readonly #ranges: KnownRange[] = []
  #missingKeys = new Set<ByteString>()
  #missingRanges: RangeQuery[] = []

  constructor(guess: Guess) {
    this.#guess = guess
  }

  get(key: ByteString): Uint8Array | undefined {
    const row = this.#rows.get(key)
    if (row !== undefined || this.#rows.has(key)) return row
    this.#missingKeys.add(key)
    return this.#guess(key)
  }

  range(range: KeyRange): readonly KeyValueEntry[] {
    return this.#find({ ...range, keysOnly: false })
  }

  texts(range: KeyRange, skipBytes: number): readonly string[] {
    const entries = this.#find({ ...range, keysOnly: true })
    return entries.map(([key]) => Buffer.from(key, 'latin1').toString('utf8', skipBytes))
  }

  /** What was asked for and is not known, since the last call. */
  takeMissing(): Missing | undefined {
    const keys = [...this.#missingKeys]
    const ranges = this.#missingRanges.map((query) => this.#widen(query))
    this.#missingKeys = new Set()
    this.#missingRanges = []
    return keys.length === 0 && ranges.length === 0 ? undefined : { keys, ranges }
  }

  /** From now on these keys are known; those without a row to be absent. */
  learn(keys: readonly ByteString[], rows: ReadonlyMap<ByteString, Uint8Array>): void {
    for (const key of keys) this.#rows.set(key, rows.get(key))
  }

  learnRange(query: RangeQuery, entries: readonly KeyValueEntry[]): void {
    this.#ranges.push({ query, entries })
    if (query.keysOnly) return
    for (const [key, row] of entries) this.#rows.set(key, row)
  }

  #find(query: RangeQuery): readonly KeyValueEntry[] {
    assert(query.limit >= 1, 'limit of a range')
    if (query.from >= query.to) return []
    for (const known of this.#ranges) {
      const entries = answer(known, query)
      if (entries !== undefined) return entries
    }
    if (!this.#missingRanges.some((missing) => isSame(missing, query))) this.#missingRanges.push(query)
    return []
  }

  /** What to fetch for a missing range: a scan that says how far it goes, or goes on from place to place, is read ahead. */
  #widen(query: RangeQuery): RangeQuery {
    const isScan = this.#ranges.filter((known) => known.query.to === query.to).length >= scanFrom
    const limit = Math.max(query.limit, query.ahead ?? 1, isScan ? readAhead : 1)
    return { ...query, limit }
  }
}

/** The entries that a known range has for a query; `undefined`: it may lack some. */
function answer({ query, entries }: KnownRange, wanted: RangeQuery): readonly KeyValueEntry[] | undefined {
  const { from, to, reverse = false, limit, keysOnly } = query
  if (to !== wanted.to || reverse !== (wanted.reverse ?? false) || (keysOnly && !wanted.keysOnly)) return undefined
  if (reverse ? from !== wanted.from : from > wanted.from) return undefined
  const within = from === wanted.from ? entries : entries.slice(lowerBound(entries, wanted.from))
  const isWhole = entries.length < limit
  return isWhole || within.length >= wanted.limit ? within.slice(0, wanted.limit) : undefined
}

/** Where the first entry from `key` on is. */
function lowerBound(entries: readonly KeyValueEntry[], key: ByteString): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((entries[middle]?.[0] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

function isSame(left: RangeQuery, right: RangeQuery): boolean {
  return (
    left.from === right.from &&
    left.to === right.to &&
    left.limit === right.limit &&
    (left.reverse ?? false) === (right.reverse ?? false) &&
    left.keysOnly === right.keysOnly
  )
}
