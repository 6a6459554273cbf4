// All entries of the store, in three layers: what changed since the last checkpoint (memory), what a checkpoint that is under
// way is writing (memory), and the index. A look-up asks them in this order; a scan merges them. The memory is
// bounded by whoever appends: it waits while `changeCount` is at its limit and a checkpoint runs (checkpoints.ts).
//
// Data ids begin with their time, so most puts are of an id above all that the index holds. Such a key is not looked for there: a
// look-up costs as much as all the rest of what the table does for a put.

import { assert } from '../base/assert.ts'
import type { Index } from '../ports/index-store.ts'
import { bytesToText, dataIdTextOf, idTextOf, textToBytes, type KeyRange } from './fragment-key.ts'
import { decodeEntryRow, encodeEntryRow, lostEntry, type Entry } from './index-rows.ts'

type Change = readonly [key: Uint8Array, value: Uint8Array | undefined]

const scanPage = 256
/** Above every data id, whose digits are hexadecimal. */
export const dataIdUnknown = 'g'

/** Changes in memory: `undefined` stands for a removed entry. */
class Layer {
  readonly entries = new Map<string, Entry | undefined>()
  /** The changed keys of each data id, so that a look at one id does not look at all. */
  readonly #byId = new Map<string, string[]>()

  set(text: string, entry: Entry | undefined): void {
    if (!this.entries.has(text)) {
      const id = idTextOf(text)
      const texts = this.#byId.get(id)
      if (texts === undefined) this.#byId.set(id, [text])
      else texts.push(text)
    }
    this.entries.set(text, entry)
  }

  /** Sorted keys in the range. */
  texts(range: KeyRange): readonly string[] {
    const id = idTextOf(range.from)
    const isOneId = range.to.startsWith(id) && range.from === id && id.length === 34
    const candidates = isOneId ? (this.#byId.get(id) ?? []) : [...this.entries.keys()]
    return candidates.filter((text) => text >= range.from && text < range.to).toSorted(compareTexts)
  }
}

export class EntryTable {
  #index: Index
  #hasLostEntry = false
  /** Called when a row of the index fails its check: `lostEntry` stands for it. */
  readonly #rowDamaged: (text: string) => void
  #layer = new Layer()
  #frozen: Layer | undefined
  /** No data id in the index is above this. */
  #indexedUpTo: string

  /** `indexedUpTo`: no data id in the index is above this; `dataIdUnknown` where nobody can say. */
  constructor(index: Index, rowDamaged: (text: string) => void, indexedUpTo: string = dataIdUnknown) {
    this.#index = index
    this.#rowDamaged = rowDamaged
    this.#indexedUpTo = indexedUpTo
  }

  /** Changes that no checkpoint has taken yet. */
  get changeCount(): number {
    return this.#layer.entries.size
  }

  /** A row of the index failed its check since the index was opened. */
  get hasLostEntry(): boolean {
    return this.#hasLostEntry
  }

  get(text: string): Entry | undefined {
    for (const layer of [this.#layer, this.#frozen]) {
      const entry = layer?.entries.get(text)
      if (entry !== undefined || layer?.entries.has(text) === true) return entry
    }
    if (dataIdTextOf(text) > this.#indexedUpTo) return undefined
    const key = textToBytes(text)
    const row = this.#index.get(key)
    return row === undefined ? undefined : this.#decode(text, key, row)
  }

  /** `undefined` removes. */
  set(text: string, entry: Entry | undefined): void {
    this.#layer.set(text, entry)
  }

  /** Entries in the range, in order. Nothing may be set while it is being walked. */
  *scan(range: KeyRange): Generator<readonly [text: string, entry: Entry]> {
    const changed = this.#changedTexts(range)
    let at = 0
    for (const [text, entry] of this.#scanIndex(range)) {
      for (let next = changed[at]; next !== undefined && next < text; next = changed[++at]) {
        const inMemory = this.get(next)
        if (inMemory !== undefined) yield [next, inMemory]
      }
      if (changed[at] !== text) yield [text, entry]
    }
    for (; at < changed.length; at++) {
      const text = changed[at] ?? ''
      const inMemory = this.get(text)
      if (inMemory !== undefined) yield [text, inMemory]
    }
  }

  /** Hands the changes over to a checkpoint; they stay visible until `dropFrozen`. */
  freeze(): readonly Change[] {
    assert(this.#frozen === undefined, 'one checkpoint at a time')
    this.#frozen = this.#layer
    this.#layer = new Layer()
    // In order: texts are compared faster than bytes.
    const changed = [...this.#frozen.entries].toSorted(([left], [right]) => compareTexts(left, right))
    return changed.map(([text, entry]) => {
      const dataId = dataIdTextOf(text)
      if (dataId > this.#indexedUpTo) this.#indexedUpTo = dataId
      const key = textToBytes(text)
      return [key, entry === undefined ? undefined : encodeEntryRow(key, entry)]
    })
  }

  /** The same index, opened again. */
  useIndex(index: Index): void {
    this.#index = index
  }

  /** The checkpoint is stored: the index has the changes now. */
  dropFrozen(): void {
    this.#frozen = undefined
  }

  /** The checkpoint failed: its changes are waiting again, below what was changed since. */
  thaw(): void {
    const newer = this.#layer
    this.#layer = this.#frozen ?? new Layer()
    this.#frozen = undefined
    for (const [text, entry] of newer.entries) this.#layer.set(text, entry)
  }

  #changedTexts(range: KeyRange): readonly string[] {
    const newer = this.#layer.texts(range)
    const older = this.#frozen?.texts(range) ?? []
    if (older.length === 0) return newer
    return [...new Set([...newer, ...older])].toSorted(compareTexts)
  }

  *#scanIndex(range: KeyRange): Generator<readonly [text: string, entry: Entry]> {
    let from = textToBytes(range.from)
    const to = textToBytes(range.to)
    // Most scans find one or two rows.
    for (let limit = 8; ; limit = scanPage) {
      const rows = this.#index.range({ from, to, limit })
      for (const [key, row] of rows) {
        const text = bytesToText(key)
        yield [text, this.#decode(text, key, row)]
      }
      const last = rows.at(-1)
      if (rows.length < limit || last === undefined) return
      from = successor(last[0])
    }
  }

  #decode(text: string, key: Uint8Array, row: Uint8Array): Entry {
    const entry = decodeEntryRow(key, row)
    if (entry !== undefined) return entry
    this.#hasLostEntry = true
    this.#rowDamaged(text)
    return lostEntry
  }
}

/** The smallest key above. */
function successor(key: Uint8Array): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(key.length + 1)
  next.set(key)
  return next
}

function compareTexts(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0
}
