// Walks a range of rows from front to back, in stretches: short at first and after each jump, longer the further it goes without one; of
// one row where the walk jumps from row to row. So a walk that jumps over most of a table reads little, and one that reads all of it
// asks seldom.

import type { ByteString, KeyRange, KeyValueEntry, KeyValueView } from '../../ports/key-value.ts'
import { pageLimitMax } from '../contract/conventions.ts'

const stretchMin = 4
const stretchFactor = 4

export interface CursorRange {
  readonly from: ByteString
  readonly to: ByteString
}

/** Where rows come from, and what of them. */
export interface RowSource<Row> {
  fetch(range: KeyRange): readonly Row[]
  keyOf(row: Row): ByteString
}

export function entriesOf(view: KeyValueView): RowSource<KeyValueEntry> {
  return { fetch: (range) => view.range(range), keyOf: ([key]) => key }
}

export class RowCursor<Row> {
  readonly #source: RowSource<Row>
  readonly #to: ByteString
  #from: ByteString
  #page: readonly Row[] = []
  #at = 0
  #stretch: number
  #isOver: boolean
  /** Rows that were passed one by one since the last jump. */
  #passed = 0

  /** `stretch`: so many rows are wanted at first. */
  constructor(source: RowSource<Row>, { from, to }: CursorRange, stretch = stretchMin) {
    this.#source = source
    this.#from = from
    this.#to = to
    this.#stretch = stretch
    this.#isOver = from >= to
  }

  /** The row it stands at; `undefined`: the range is over. */
  peek(): Row | undefined {
    if (this.#at < this.#page.length) return this.#page[this.#at]
    if (this.#isOver) return undefined
    this.#page = this.#source.fetch({ from: this.#from, to: this.#to, limit: this.#stretch })
    this.#at = 0
    const last = this.#page.at(-1)
    this.#isOver = last === undefined || this.#page.length < this.#stretch
    if (last !== undefined) this.#from = `${this.#source.keyOf(last)}\0`
    this.#stretch = Math.min(this.#stretch * stretchFactor, pageLimitMax)
    return this.#page[0]
  }

  advance(): void {
    this.#at += 1
    this.#passed += 1
  }

  /** Goes on at the first row from `from` on; never back. */
  seek(from: ByteString): void {
    const stretch = this.#passed === 0 ? 1 : stretchMin
    this.#passed = 0
    for (let row = this.#page[this.#at]; row !== undefined; row = this.#page[++this.#at])
      if (this.#source.keyOf(row) >= from) return
    if (from <= this.#from) return
    this.#from = from
    this.#stretch = stretch
    this.#isOver ||= from >= this.#to
  }
}
