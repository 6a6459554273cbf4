// Finds a fragment, lets somebody read it, and draws the conclusion: what moved meanwhile (compaction) is looked up again, what
// failed a check or a read is marked damaged and told.

import { errorCode, FrostError } from '../base/errors.ts'
import { fragmentName } from '../codec/record.ts'
import type { FragmentKey, StoreEvents } from './contract.ts'
import { fragmentKeyOf, fragmentText } from './fragment-key.ts'
import type { Located } from './fragment-reader.ts'
import type { Entry } from './index-rows.ts'
import type { Ledger } from './ledger.ts'

/** How often a record can move during one read. */
const lookUpsMax = 8

export class FragmentLookup {
  readonly #ledger: Ledger
  readonly #events: StoreEvents
  #damageFound = 0

  constructor(ledger: Ledger, events: StoreEvents) {
    this.#ledger = ledger
    this.#events = events
  }

  /** Fragments found damaged since the start. */
  get damageFound(): number {
    return this.#damageFound
  }

  /** The place of a fragment in good state. @throws FrostError `fragment-missing`, `fragment-corrupt`. */
  locate(key: FragmentKey): Located {
    const text = fragmentText(key)
    const entry = this.#ledger.table.get(text)
    if (entry === undefined || entry.state === 'dropped') {
      throw new FrostError('fragment-missing', `${fragmentName(key)} is not held.`)
    }
    const kind = this.#ledger.segments.find(entry.segment)?.kind
    if (entry.state === 'good' && kind !== undefined) return { key, entry, kind }
    const error = new FrostError('fragment-corrupt', `${fragmentName(key)} is damaged and waits for its repair.`)
    this.noteDamage(text, entry, error)
    throw error
  }

  /**
   * Calls `read` with the place of the fragment until it gives something.
   * @throws FrostError `fragment-missing`, `fragment-corrupt`, `disk-failed`, and what else `read` throws.
   */
  async read<T>(key: FragmentKey, read: (located: Located) => Promise<T | undefined>): Promise<T> {
    for (let lookUps = 0; lookUps < lookUpsMax; lookUps++) {
      const located = this.locate(key)
      try {
        const result = await read(located)
        if (result !== undefined) return result
        throw new FrostError('fragment-corrupt', `The segment of ${fragmentName(key)} is gone.`)
      } catch (error) {
        const code = errorCode(error)
        if (code !== 'fragment-corrupt' && code !== 'disk-failed') throw error
        // Where the record does not lie there any more, the failure says nothing about it.
        if (this.noteDamage(fragmentText(key), located.entry, error)) throw error
      }
    }
    throw new FrostError('overloaded', `${fragmentName(key)} moves faster than it can be read.`)
  }

  /** What was read at the place in `entry` is damaged. False where the fragment is not there, or known to be damaged. */
  noteDamage(text: string, entry: Entry, error: unknown): boolean {
    if (!this.#ledger.markDamaged(text, entry)) return false
    this.#damageFound++
    const reason = error instanceof Error ? error.message : String(error)
    this.#events.damaged?.({ key: fragmentKeyOf(text), code: errorCode(error) ?? 'fragment-corrupt', reason })
    return true
  }

  /** The index does not say any more where the fragment lies. */
  noteRowDamage(text: string): void {
    this.#damageFound++
    this.#ledger.markRowDamaged(text)
  }
}
