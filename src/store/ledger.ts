// What the logs say, applied: each durable entry changes the table of entries, the account of the segment that it lies in and
// of the one that lost it, and the count of its group. Replay and rebuild apply the same entries in the same way, in any
// order and more than once: the highest sequence of a key wins wherever it lies, and of two copies of one record the one in
// the newer segment. Nothing here waits and nothing fails.

import type { GroupId } from '../base/ids.ts'
import type { FragmentKey } from './contract.ts'
import type { EntryTable } from './entry-table.ts'
import {
  fragmentKeyOf,
  fragmentText,
  groupOf,
  idText,
  idTextOf,
  isFragmentText,
  rangeOfAll,
  rangeOfId,
} from './fragment-key.ts'
import { isLostEntry, lostEntry, type Entry, type GroupRow } from './index-rows.ts'
import type { LogEntry } from './log-entry.ts'
import type { SegmentTable } from './segment-table.ts'

/** Known damaged fragments are also held in memory, so many of them. */
const damagedListMax = 65_536

/** Told of each fragment that comes to be in good state (1), and of each that is not any more (-1), before anybody else can look. */
export interface GoodWatcher {
  goodChanged(text: string, change: 1 | -1): void
}

export class Ledger {
  readonly table: EntryTable
  readonly segments: SegmentTable
  readonly #groups = new Map<GroupId, { fragments: number; bytes: number }>()
  #changedGroups = new Set<GroupId>()
  /** Sequences of tombstones whose batches are being written, by key or data id. */
  readonly #pendingDrops = new Map<string, number>()
  /** No tombstone has a higher sequence, in whatever state it is. */
  #lastDrop = 0
  readonly #damaged = new Set<string>()
  #damagedCount = 0
  #fragments = 0
  #liveBytes = 0
  #watcher: GoodWatcher | undefined

  constructor(table: EntryTable, segments: SegmentTable) {
    this.table = table
    this.segments = segments
  }

  /** Fragments in good state. */
  get fragments(): number {
    return this.#fragments
  }

  get liveBytes(): number {
    return this.#liveBytes
  }

  get damagedCount(): number {
    return this.#damagedCount
  }

  /** As the last checkpoint stored it; all sequences below `nextSequence` are taken. */
  load(groups: readonly GroupRow[], damagedCount: number, nextSequence: number): void {
    this.#lastDrop = nextSequence - 1
    for (const { group, fragments, bytes } of groups) {
      this.#groups.set(group, { fragments, bytes })
      this.#fragments += fragments
      this.#liveBytes += bytes
    }
    this.#damagedCount = damagedCount
    if (damagedCount > 0) this.#findDamaged()
  }

  watch(watcher: GoodWatcher): void {
    this.#watcher = watcher
  }

  groupRow(group: GroupId): GroupRow {
    return { group, ...(this.#groups.get(group) ?? { fragments: 0, bytes: 0 }) }
  }

  groups(): readonly GroupId[] {
    return [...this.#groups.keys()].toSorted((left, right) => left - right)
  }

  /** Groups changed since the last cut; from here on changes count for the next one. */
  cutGroups(): readonly GroupRow[] {
    const changed = this.#changedGroups
    this.#changedGroups = new Set()
    return [...changed].map((group) => this.groupRow(group))
  }

  /** Takes back a cut that was not stored. */
  uncutGroups(groups: readonly GroupRow[]): void {
    for (const { group } of groups) this.#changedGroups.add(group)
  }

  /** The entry's batch is being written. */
  formed(entry: LogEntry): void {
    if (entry.kind === 'record') return
    this.#pendingDrops.set(textOf(entry), entry.sequence)
    this.#lastDrop = Math.max(this.#lastDrop, entry.sequence)
  }

  withdrawn(entry: LogEntry): void {
    if (entry.kind !== 'record') this.#pendingDrops.delete(textOf(entry))
  }

  /** Whether a tombstone that is being written will remove the fragment. */
  isBeingDropped(text: string): boolean {
    return this.#pendingDrops.has(text) || this.#pendingDrops.has(idTextOf(text))
  }

  /** The entry is durable in `segment`. */
  apply(entry: LogEntry, segment: number): void {
    this.segments.noteEntry(segment, entry)
    if (entry.kind !== 'record') this.#lastDrop = Math.max(this.#lastDrop, entry.sequence)
    switch (entry.kind) {
      case 'record':
        return this.#applyRecord(entry, segment)
      case 'drop-fragment':
        return this.#applyDropFragment(entry, segment)
      case 'drop-id':
        return this.#applyDropId(entry, segment)
    }
  }

  /** Whether applying the entry of `segment` would change anything: compaction and recovery leave out what is dead. */
  isNews(entry: LogEntry, segment: number): boolean {
    const text = textOf(entry)
    return this.#isNews(entry, segment, { text, known: this.table.get(text) })
  }

  #isNews(
    entry: LogEntry,
    segment: number,
    { text, known }: { readonly text: string; readonly known: Entry | undefined },
  ): boolean {
    if (known !== undefined && !isNewer(entry, segment, known)) return false
    if (entry.kind === 'drop-id' || entry.sequence > this.#lastDrop) return true
    const dropped = this.table.get(idTextOf(text))
    return dropped === undefined || dropped.sequence < entry.sequence
  }

  /** A good fragment failed a check or a read. False where it was not good any more. */
  markDamaged(text: string, found: Entry): boolean {
    const entry = this.table.get(text)
    if (entry?.state !== 'good' || entry.segment !== found.segment || entry.offset !== found.offset) return false
    this.#removed(text, entry)
    this.table.set(text, { ...entry, state: 'damaged', segment: 0, offset: 0, bytes: 0 })
    this.#noteDamaged(text)
    return true
  }

  /**
   * The row of the key in the index failed its check: what it said is not known, of a fragment or of a tombstone. Until the next
   * start makes the index again, a fragment counts as damaged, and the accounts of its group and segment stay as they were.
   */
  markRowDamaged(text: string): void {
    if (this.table.get(text) !== lostEntry) return
    this.table.set(text, { ...lostEntry, sequence: 1 })
    if (isFragmentText(text)) this.#noteDamaged(text)
  }

  /** Whether the index has lost what it said of the entry's key: then only the logs know. */
  isLost(entry: LogEntry): boolean {
    const known = this.table.get(textOf(entry))
    return known !== undefined && isLostEntry(known)
  }

  /** A tombstone whose last use is gone. */
  forgetTombstone(entry: LogEntry): void {
    const text = textOf(entry)
    const known = this.table.get(text)
    if (known?.state === 'dropped' && known.sequence === entry.sequence) this.table.set(text, undefined)
  }

  /** Known damaged fragments after `after`, in order. */
  listDamaged(after: FragmentKey | undefined, limit: number): readonly FragmentKey[] {
    if (this.#damaged.size === 0 && this.#damagedCount > 0) this.#findDamaged()
    const from = after === undefined ? '' : fragmentText(after)
    const texts = [...this.#damaged].filter((text) => text > from)
    return texts
      .toSorted((left, right) => (left < right ? -1 : 1))
      .slice(0, limit)
      .map(fragmentKeyOf)
  }

  #applyRecord(entry: LogEntry, segment: number): void {
    const text = textOf(entry)
    const old = this.table.get(text)
    if (!this.#isNews(entry, segment, { text, known: old })) return
    if (old !== undefined) this.#removed(text, old)
    const { offset, bytes, sequence, headerCrc } = entry
    this.table.set(text, { state: 'good', segment, offset, bytes, sequence, headerCrc })
    this.segments.addLive(segment, bytes)
    this.#count(entry.key.group, 1, bytes)
    this.#watcher?.goodChanged(text, 1)
  }

  #applyDropFragment(entry: LogEntry, segment: number): void {
    const text = textOf(entry)
    this.#pendingDrops.delete(text)
    if (!this.isNews(entry, segment)) return
    const old = this.table.get(text)
    if (old !== undefined) this.#removed(text, old)
    this.table.set(text, tombstone(entry, segment))
  }

  #applyDropId(entry: LogEntry, segment: number): void {
    const id = textOf(entry)
    this.#pendingDrops.delete(id)
    if (!this.isNews(entry, segment)) return
    const held = Array.from(this.table.scan(rangeOfId(id)))
    for (const [text, old] of held) {
      if (!isFragmentText(text) || old.sequence >= entry.sequence) continue
      this.#removed(text, old)
      this.table.set(text, undefined)
    }
    this.table.set(id, tombstone(entry, segment))
  }

  /** Takes an entry out of the accounts. */
  #removed(text: string, entry: Entry): void {
    if (entry.state === 'good') {
      this.segments.removeLive(entry.segment, entry.bytes)
      this.#count(groupOf(text), -1, -entry.bytes)
      this.#watcher?.goodChanged(text, -1)
    } else if (entry.state === 'damaged' && entry !== lostEntry) {
      this.#damagedCount--
      this.#damaged.delete(text)
    }
  }

  #count(group: GroupId, fragments: number, bytes: number): void {
    const row = this.#groups.get(group) ?? { fragments: 0, bytes: 0 }
    row.fragments += fragments
    row.bytes += bytes
    if (row.fragments === 0) this.#groups.delete(group)
    else this.#groups.set(group, row)
    this.#changedGroups.add(group)
    this.#fragments += fragments
    this.#liveBytes += bytes
  }

  #noteDamaged(text: string): void {
    this.#damagedCount++
    if (this.#damaged.size < damagedListMax) this.#damaged.add(text)
  }

  /** Fills the list from the index: after a start, and when a list that was too short has been worked off. */
  #findDamaged(): void {
    for (const [text, entry] of this.table.scan(rangeOfAll())) {
      if (entry.state === 'damaged' && isFragmentText(text)) this.#damaged.add(text)
      if (this.#damaged.size === damagedListMax) return
    }
  }
}

function textOf(entry: LogEntry): string {
  return entry.kind === 'drop-id' ? idText(entry.key.group, entry.key.dataId) : fragmentText(entry.key)
}

/** The highest sequence wins; of equal ones, that in the newer segment. */
function isNewer(entry: LogEntry, segment: number, known: Entry): boolean {
  return entry.sequence > known.sequence || (entry.sequence === known.sequence && segment > known.segment)
}

function tombstone(entry: LogEntry, segment: number): Entry {
  return { state: 'dropped', segment, offset: 0, bytes: 0, sequence: entry.sequence, headerCrc: 0 }
}
