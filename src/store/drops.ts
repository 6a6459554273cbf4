// Drops under way, of data ids or of single fragments: they write tombstones for what is held, slice by slice, after the puts that were
// admitted before them, and puts that come meanwhile wait for them (puts.ts).

import type { DataId, GroupId } from '../base/ids.ts'
import type { FragmentKey } from './contract.ts'
import { dataIdOf, fragmentKeyOf, fragmentText, idText, idTextOf, isFragmentText, rangeOfId } from './fragment-key.ts'
import type { EntryKind, LogEntry } from './log-entry.ts'
import type { StoreParts } from './store-parts.ts'

/** Fragments that tombstones under way at once remove, unless a single data id has more. */
const droppedAtOnceMax = 4096

/** Fragments or data ids to drop; a header checksum: only the record that has it. */
type DropTexts = ReadonlyMap<string, number | undefined>

interface Drop {
  readonly texts: DropTexts
  readonly done: Promise<unknown>
}

export class Drops {
  readonly #parts: Pick<StoreParts, 'ledger' | 'logs'>
  /** The last put under way of each fragment. */
  readonly #putting: ReadonlyMap<string, Promise<unknown>>
  readonly #running = new Set<Drop>()
  #count = 0

  constructor(parts: Pick<StoreParts, 'ledger' | 'logs'>, putting: ReadonlyMap<string, Promise<unknown>>) {
    this.#parts = parts
    this.#putting = putting
  }

  /** Data ids and fragments that were named since the start. */
  get count(): number {
    return this.#count
  }

  /** Those that name the fragment. */
  underWay(text: string): readonly Promise<unknown>[] {
    const before: Promise<unknown>[] = []
    for (const { texts, done } of this.#running) if (texts.has(text) || texts.has(idTextOf(text))) before.push(done)
    return before
  }

  async dropIds(group: GroupId, dataIds: readonly DataId[]): Promise<void> {
    const ids = new Map(dataIds.map((dataId) => [idText(group, dataId), undefined]))
    await this.#drop(ids, (id) => newTombstone('drop-id', { group, dataId: dataIdOf(id), block: 0, column: 0 }))
  }

  /** Resolves to how many went. */
  async dropFragments(
    fragments: readonly (FragmentKey & { readonly headerCrc?: number | undefined })[],
  ): Promise<number> {
    const texts = new Map(fragments.map((fragment) => [fragmentText(fragment), fragment.headerCrc]))
    return await this.#drop(texts, (text) => newTombstone('drop-fragment', fragmentKeyOf(text)))
  }

  async #drop(texts: DropTexts, make: (text: string) => LogEntry): Promise<number> {
    const done = this.#write(texts, make)
    const drop = { texts, done }
    this.#running.add(drop)
    try {
      const dropped = await done
      this.#count += texts.size
      return dropped
    } finally {
      this.#running.delete(drop)
    }
  }

  async #write(wanted: DropTexts, make: (text: string) => LogEntry): Promise<number> {
    const { logs } = this.#parts
    // A put that was admitted before the drop must not come after its tombstone.
    const earlier = [...this.#putting].filter(([text]) => wanted.has(text) || wanted.has(idTextOf(text)))
    await Promise.allSettled(earlier.map(([, put]) => put))
    let slice: Promise<boolean>[] = []
    let fragments = 0
    let dropped = 0
    for (const [text, headerCrc] of wanted) {
      const count = this.#countHeld(text, headerCrc)
      if (count === 0) continue
      if (fragments + count > droppedAtOnceMax) {
        await Promise.all(slice)
        slice = []
        fragments = 0
      }
      slice.push(logs.small.submit({ entry: make(text), record: undefined, isPut: false }))
      fragments += count
      dropped += count
    }
    await Promise.all(slice)
    return dropped
  }

  /** Fragments that a tombstone for the key would remove. */
  #countHeld(text: string, headerCrc: number | undefined): number {
    const { table } = this.#parts.ledger
    if (isFragmentText(text)) {
      const entry = table.get(text)
      if (entry === undefined || entry.state === 'dropped') return 0
      return headerCrc === undefined || headerCrc === entry.headerCrc ? 1 : 0
    }
    let count = 0
    for (const [held, entry] of table.scan(rangeOfId(text))) {
      if (isFragmentText(held) && entry.state !== 'dropped') count++
    }
    return count
  }
}

function newTombstone(kind: EntryKind, key: FragmentKey): LogEntry {
  return { kind, key, offset: 0, bytes: 0, headerCrc: 0, sequence: 0 }
}
