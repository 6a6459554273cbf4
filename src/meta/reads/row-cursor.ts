// Walks a range of rows from front to back, in stretches: short at first and after each jump, longer the further it goes without one. So a
// walk that jumps over most of a table reads little, and one that reads all of it asks seldom.

import type { ByteString, KeyValueEntry, KeyValueView } from '../../ports/key-value.ts'
import { pageLimitMax } from '../contract/conventions.ts'

const stretchMin = 4
const stretchFactor = 4

export interface CursorRange {
  readonly from: ByteString
  readonly to: ByteString
}

export class RowCursor {
  readonly #view: KeyValueView
  readonly #to: ByteString
  #from: ByteString
  #page: readonly KeyValueEntry[] = []
  #at = 0
  #stretch: number
  #isOver: boolean

  /** `stretch`: so many rows are wanted at first. */
  constructor(view: KeyValueView, { from, to }: CursorRange, stretch = stretchMin) {
    this.#view = view
    this.#from = from
    this.#to = to
    this.#stretch = stretch
    this.#isOver = from >= to
  }

  /** The row it stands at; `undefined`: the range is over. */
  peek(): KeyValueEntry | undefined {
    if (this.#at < this.#page.length) return this.#page[this.#at]
    if (this.#isOver) return undefined
    this.#page = this.#view.range({ from: this.#from, to: this.#to, limit: this.#stretch })
    this.#at = 0
    const last = this.#page.at(-1)
    this.#isOver = last === undefined || this.#page.length < this.#stretch
    if (last !== undefined) this.#from = `${last[0]}\0`
    this.#stretch = Math.min(this.#stretch * stretchFactor, pageLimitMax)
    return this.#page[0]
  }

  advance(): void {
    this.#at += 1
  }

  /** Goes on at the first row from `from` on; never back. */
  seek(from: ByteString): void {
    while (this.#at < this.#page.length) {
      const entry = this.#page[this.#at]
      if (entry !== undefined && entry[0] >= from) return
      this.#at += 1
    }
    if (from <= this.#from) return
    this.#from = from
    this.#stretch = stretchMin
    this.#isOver ||= from >= this.#to
  }
}
