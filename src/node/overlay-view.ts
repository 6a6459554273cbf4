// A view with changes on top that are decided but not yet durable, in two layers: those under way to the disk (`sealed`), and
// those decided since. Both hold few entries (what fits into two commits), so ranges, which decisions seldom ask for, look
// through all of them.

import { assert } from '../base/assert.ts'
import type { ByteString, KeyRange, KeyValueEntry, KeyValueView } from '../ports/key-value.ts'

type Changes = Map<ByteString, Uint8Array | undefined>

export class OverlayView implements KeyValueView {
  readonly #base: KeyValueView
  #sealed: Changes = new Map()
  #changes: Changes = new Map()

  constructor(base: KeyValueView) {
    this.#base = base
  }

  get(key: ByteString): Uint8Array | undefined {
    const row = this.#changes.get(key)
    if (row !== undefined || this.#changes.has(key)) return row
    const sealed = this.#sealed.get(key)
    if (sealed !== undefined || this.#sealed.has(key)) return sealed
    return this.#base.get(key)
  }

  range(range: KeyRange): readonly KeyValueEntry[] {
    const changed = this.#inRange(range)
    if (changed.size === 0) return this.#base.range(range)
    // Of the base, as many more as the changes may take away.
    const entries = new Map(this.#base.range({ ...range, limit: range.limit + changed.size }))
    for (const [key, row] of changed) {
      if (row === undefined) entries.delete(key)
      else entries.set(key, row)
    }
    const direction = range.reverse === true ? -1 : 1
    const sorted = [...entries].toSorted(([left], [right]) => (left < right ? -direction : direction))
    return sorted.slice(0, range.limit)
  }

  texts(range: KeyRange, skipBytes: number): readonly string[] {
    return this.range(range).map(([key]) => Buffer.from(key, 'latin1').toString('utf8', skipBytes))
  }

  change(key: ByteString, row: Uint8Array | undefined): void {
    this.#changes.set(key, row)
  }

  /** Gives out what was changed since, which stays visible until `drop`. */
  seal(): ReadonlyMap<ByteString, Uint8Array | undefined> {
    assert(this.#sealed.size === 0, 'one commit at a time')
    this.#sealed = this.#changes
    this.#changes = new Map()
    return this.#sealed
  }

  /** The base shows what was sealed, or never will. */
  drop(): void {
    this.#sealed = new Map()
  }

  clear(): void {
    this.#sealed = new Map()
    this.#changes = new Map()
  }

  #inRange({ from, to }: KeyRange): Changes {
    const found: Changes = new Map()
    for (const layer of [this.#sealed, this.#changes]) {
      for (const [key, row] of layer) if (key >= from && key < to) found.set(key, row)
    }
    return found
  }
}
