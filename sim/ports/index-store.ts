// The Index port in memory. A checkpoint becomes visible and durable in one step, before or after which the power can be cut; a
// crash forgets what came after the last one, because nothing else was ever there.

import { assert } from '../../src/base/assert.ts'
import { FrostError } from '../../src/base/errors.ts'
import type { Index, IndexEntry, IndexFactory } from '../../src/ports/index-store.ts'
import { PowerSwitch } from './power.ts'

type Change = readonly [key: Uint8Array, value: Uint8Array | undefined]

/** Keys as strings of one character a byte, which sort as the bytes do. */
type Row = readonly [key: string, value: Uint8Array]

/** What survives a crash: the rows of each index, as of its last checkpoint. */
export class SimulatedIndexMedium {
  readonly indexes = new Map<string, readonly Row[]>()
  /** Indexes that cannot be read. */
  readonly damaged = new Set<string>()
  /** Asked at each checkpoint; true: it fails and nothing of it is there; `no-space`: because it finds no space. */
  failCheckpoint: (() => boolean | 'no-space') | undefined

  /** Damages a row that lies there: what `damage` makes of its value takes its place, `undefined` hides it. Seen by the next open. */
  damageRow(name: string, key: Uint8Array, damage: (value: Uint8Array) => Uint8Array | undefined): void {
    const text = toText(key)
    const rows = this.indexes.get(name) ?? []
    assert(
      rows.some(([other]) => other === text),
      'the row is there',
    )
    const changed = rows.flatMap(([other, value]): readonly Row[] => {
      const after = other === text ? damage(value.slice()) : value
      return after === undefined ? [] : [[other, after]]
    })
    this.indexes.set(name, changed)
  }
}

export class SimulatedIndexFactory implements IndexFactory {
  readonly #medium: SimulatedIndexMedium
  readonly #power: PowerSwitch

  constructor(medium: SimulatedIndexMedium, power = new PowerSwitch()) {
    this.#medium = medium
    this.#power = power
  }

  async open(name: string): Promise<Index | 'damaged'> {
    await this.#power.step()
    if (this.#medium.damaged.has(name)) return 'damaged'
    if (!this.#medium.indexes.has(name)) this.#medium.indexes.set(name, [])
    return new SimulatedIndex(name, this.#medium, this.#power)
  }

  async remove(name: string): Promise<void> {
    await this.#power.step()
    this.#medium.indexes.delete(name)
    this.#medium.damaged.delete(name)
  }
}

class SimulatedIndex implements Index {
  readonly #name: string
  readonly #medium: SimulatedIndexMedium
  readonly #power: PowerSwitch
  #rows: readonly Row[]
  #state: 'ready' | 'busy' | 'failed' | 'closed' = 'ready'

  constructor(name: string, medium: SimulatedIndexMedium, power: PowerSwitch) {
    this.#name = name
    this.#medium = medium
    this.#power = power
    this.#rows = medium.indexes.get(name) ?? []
  }

  get(key: Uint8Array): Uint8Array | undefined {
    assert(this.#state !== 'closed', 'the index is open')
    const text = toText(key)
    const row = this.#rows[lowerBound(this.#rows, text)]
    return row !== undefined && row[0] === text ? row[1].slice() : undefined
  }

  range(options: {
    readonly from: Uint8Array
    readonly to?: Uint8Array
    readonly limit: number
  }): readonly IndexEntry[] {
    assert(this.#state !== 'closed', 'the index is open')
    const from = lowerBound(this.#rows, toText(options.from))
    const to = options.to === undefined ? this.#rows.length : lowerBound(this.#rows, toText(options.to))
    const rows = this.#rows.slice(from, Math.min(to, from + options.limit))
    return rows.map(([key, value]) => [toBytes(key), value.slice()])
  }

  count(): number {
    return this.#rows.length
  }

  async checkpoint(changes: readonly Change[]): Promise<void> {
    assert(this.#state === 'ready', 'one checkpoint at a time, and none after a failure')
    this.#state = 'busy'
    const rows = merge(this.#rows, changes)
    await this.#power.step()
    const fails = this.#medium.failCheckpoint?.() ?? false
    if (fails !== false) {
      this.#state = 'failed'
      const code = fails === 'no-space' ? 'insufficient-storage' : 'disk-failed'
      throw new FrostError(code, 'Planted: the checkpoint failed.')
    }
    this.#medium.indexes.set(this.#name, rows)
    this.#rows = rows
    await this.#power.step()
    this.#state = 'ready'
  }

  close(): Promise<void> {
    this.#state = 'closed'
    return Promise.resolve()
  }
}

function merge(rows: readonly Row[], changes: readonly Change[]): readonly Row[] {
  const latest = new Map<string, Uint8Array | undefined>()
  for (const [key, value] of changes) {
    assert(key.length >= 1 && key.length <= 255, `a key of ${key.length} bytes`)
    assert(value === undefined || value.length <= 4096, `a value of ${value?.length} bytes`)
    latest.set(toText(key), value?.slice())
  }
  const sorted = [...latest].toSorted(([left], [right]) => (left < right ? -1 : 1))
  const merged: Row[] = []
  let at = 0
  for (const [key, value] of sorted) {
    for (let row = rows[at]; row !== undefined && row[0] < key; row = rows[++at]) merged.push(row)
    if (rows[at]?.[0] === key) at++
    if (value !== undefined) merged.push([key, value])
  }
  for (let row = rows[at]; row !== undefined; row = rows[++at]) merged.push(row)
  return merged
}

/** The first row whose key is not below `key`. */
function lowerBound(rows: readonly Row[], key: string): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((rows[middle]?.[0] ?? '') < key) low = middle + 1
    else high = middle
  }
  return low
}

function toText(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes)
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
