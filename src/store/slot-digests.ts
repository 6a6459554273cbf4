// Digests of what the store holds in good state of the slots of placement groups. One is made by a walk over its group when it is
// first asked for, in slices, so that nobody waits long; from then on it follows every change, and is forgotten when nobody asked
// for it for an hour.
//
// Exact at every moment, also while it is being made: a change counts at once where the walk has been, and elsewhere the walk will see
// it. Where the index lost an entry that had been counted, nobody knows which one, and the group's digests are made anew.
//
// Memory: at most 1,024 digests of 20 KiB.

import { FrostError } from '../base/errors.ts'
import type { GroupId } from '../base/ids.ts'
import type { Scheme } from '../base/scheme.ts'
import { HOUR_MS } from '../base/units.ts'
import { FragmentDigest } from '../codec/fragment-digest.ts'
import { slotOf } from '../codec/geometry.ts'
import type { Clock } from '../ports/clock.ts'
import { fragmentKeyOf, groupOf, rangeOfGroup } from './fragment-key.ts'
import { scanSlice } from './fragment-listing.ts'
import type { GoodWatcher, Ledger } from './ledger.ts'

const digestsMax = 1024
const keepMs = HOUR_MS
/** How often a walk is begun anew for one question. */
const attemptsMax = 8

interface Kept {
  readonly group: GroupId
  readonly scheme: Scheme
  readonly slot: number
  readonly digest: FragmentDigest
  /** What sorts below is counted. */
  countedTo: string
  askedMs: number
  /** Settles when all is counted, or the digest is forgotten. */
  made: Promise<void> | undefined
  isMade: boolean
  isForgotten: boolean
}

export class SlotDigests implements GoodWatcher {
  readonly #clock: Clock
  readonly #ledger: Ledger
  readonly #kept = new Map<GroupId, Kept[]>()
  /** One walk at a time. */
  #walks: Promise<void> = Promise.resolve()
  #isClosed = false

  constructor(clock: Clock, ledger: Ledger) {
    this.#clock = clock
    this.#ledger = ledger
    ledger.watch(this)
  }

  /** A copy. @throws FrostError `cancelled` (the store is being closed), `overloaded`. */
  async get(group: GroupId, scheme: Scheme, slot: number): Promise<FragmentDigest> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const kept = this.#find(group, scheme, slot) ?? this.#add(group, scheme, slot)
      kept.askedMs = this.#clock.monotonicMs()
      kept.made ??= this.#make(kept)
      await kept.made
      if (!kept.isForgotten) return kept.digest.copy()
    }
    throw new FrostError('overloaded', `The index loses entries of group ${group} while they are counted.`)
  }

  goodChanged(text: string, change: 1 | -1): void {
    if (this.#kept.size === 0) return
    const kept = this.#kept.get(groupOf(text))
    if (kept === undefined) return
    const { dataId, block, column } = fragmentKeyOf(text)
    const nowMs = this.#clock.monotonicMs()
    for (const one of kept) {
      if (one.isMade && nowMs - one.askedMs > keepMs) {
        this.#forget(one)
        continue
      }
      if (text >= one.countedTo || slotOf(one.scheme, dataId, block, column) !== one.slot) continue
      if (change === 1) one.digest.add(dataId, block, column)
      else one.digest.remove(dataId, block, column)
    }
  }

  /** The index has lost what it said of the key. */
  entryLost(text: string): void {
    for (const kept of this.#kept.get(groupOf(text)) ?? []) if (text < kept.countedTo) this.#forget(kept)
  }

  /** Walks end soon; nothing may be asked any more. */
  async close(): Promise<void> {
    this.#isClosed = true
    await this.#walks
  }

  #find(group: GroupId, scheme: Scheme, slot: number): Kept | undefined {
    const { dataColumns: k, parityColumns: m } = scheme
    return this.#kept
      .get(group)
      ?.find((kept) => kept.slot === slot && kept.scheme.dataColumns === k && kept.scheme.parityColumns === m)
  }

  #add(group: GroupId, scheme: Scheme, slot: number): Kept {
    this.#makeRoom()
    const kept: Kept = {
      group,
      scheme,
      slot,
      digest: new FragmentDigest(),
      countedTo: '',
      askedMs: 0,
      made: undefined,
      isMade: false,
      isForgotten: false,
    }
    this.#kept.set(group, [...(this.#kept.get(group) ?? []), kept])
    return kept
  }

  #makeRoom(): void {
    const nowMs = this.#clock.monotonicMs()
    const all = [...this.#kept.values()].flat()
    const made = all.filter(({ isMade }) => isMade).toSorted((left, right) => left.askedMs - right.askedMs)
    let count = all.length
    for (const kept of made) {
      if (count < digestsMax && nowMs - kept.askedMs <= keepMs) break
      this.#forget(kept)
      count--
    }
    if (count >= digestsMax) throw new FrostError('overloaded', 'Too many digests are being made.')
  }

  /** Those who walk over the kept ones meanwhile keep their list. */
  #forget(kept: Kept): void {
    kept.isForgotten = true
    const others = (this.#kept.get(kept.group) ?? []).filter((other) => other !== kept)
    if (others.length === 0) this.#kept.delete(kept.group)
    else this.#kept.set(kept.group, others)
  }

  #make(kept: Kept): Promise<void> {
    const walk = this.#walks.then(() => this.#walk(kept))
    this.#walks = walk.catch(() => undefined)
    return walk
  }

  async #walk(kept: Kept): Promise<void> {
    const { group, scheme, slot, digest } = kept
    try {
      const range = rangeOfGroup(group)
      for (let { from } = range; !kept.isForgotten;) {
        if (this.#isClosed) throw new FrostError('cancelled', 'The store is being closed.')
        const next = scanSlice(this.#ledger.table, { ...range, from }, (text, entry) => {
          if (entry.state !== 'good') return 'more'
          const { dataId, block, column } = fragmentKeyOf(text)
          if (slotOf(scheme, dataId, block, column) === slot) digest.add(dataId, block, column)
          return 'more'
        })
        kept.countedTo = next ?? range.to
        if (next === undefined) break
        from = next
        await new Promise<void>((resolve) => {
          this.#clock.endOfTurn(resolve)
        })
      }
      kept.isMade = true
    } catch (error) {
      this.#forget(kept)
      throw error
    }
  }
}
