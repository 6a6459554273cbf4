// One mutation while it is being decided: what it would change, over the state that it looks at. A decision is a pure function
// of a draft and a command; when it throws, the draft is dropped and nothing has happened.
//
// The first change asks for the mutation's number (`sequence`), and with it comes the duty to say what changed (`record`).

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type {
  ByteString,
  Decided,
  KeyRange,
  KeyValueChange,
  KeyValueEntry,
  KeyValueView,
} from '../../ports/key-value.ts'
import type { Change } from '../contract/change-metadata.ts'
import type { Fence } from '../contract/conventions.ts'
import { encodeChange } from '../encoding/change-encoding.ts'
import { decodeLease } from '../encoding/cluster-rows.ts'
import { changeKey, leaseKey, sequenceKey } from '../encoding/keys.ts'
import { decodeNumbers, encodeNumbers } from '../encoding/plain-rows.ts'

export interface DraftOptions {
  /** Whether new data rows first gather in a table of their own (data-rows.ts). Where rows are documents, that gains nothing. */
  readonly gathersRecent: boolean
}

export class Draft {
  readonly gathersRecent: boolean
  readonly #view: KeyValueView
  readonly #changes = new Map<ByteString, Uint8Array | undefined>()
  /** Rows that were looked at already: decisions ask for the same ones from several places. */
  readonly #seen = new Map<ByteString, Uint8Array | undefined>()
  #sequence: number | undefined
  #record: Change | undefined

  constructor(view: KeyValueView, { gathersRecent }: DraftOptions) {
    this.#view = view
    this.gathersRecent = gathersRecent
  }

  /** The row as this draft would leave it. */
  get(key: ByteString): Uint8Array | undefined {
    const changed = this.#changes.get(key)
    if (changed !== undefined || this.#changes.has(key)) return changed
    const seen = this.#seen.get(key)
    if (seen !== undefined || this.#seen.has(key)) return seen
    const row = this.#view.get(key)
    this.#seen.set(key, row)
    return row
  }

  /** Whether this draft has put or removed the row. */
  isChanged(key: ByteString): boolean {
    return this.#changes.has(key)
  }

  /** Rows as they were before this draft. */
  range(range: KeyRange): readonly KeyValueEntry[] {
    return this.#view.range(range)
  }

  put(key: ByteString, row: Uint8Array): void {
    this.#changes.set(key, row)
  }

  remove(key: ByteString): void {
    this.#changes.set(key, undefined)
  }

  /** The number of this mutation in the change log. */
  get sequence(): number {
    this.#sequence ??= (decodeNumbers(this.#view.get(sequenceKey), 1)[0] ?? 0) + 1
    return this.#sequence
  }

  /** Numbers of changes go on above `sequence`, from this mutation's own on. Before its number was asked for. */
  raiseSequence(sequence: number): void {
    assert(this.#sequence === undefined, 'the number was not given yet')
    this.#sequence = Math.max(this.sequence, sequence + 1)
  }

  /** What this mutation changed; once. */
  record(change: Change): void {
    assert(this.#record === undefined, 'a mutation has one change record')
    this.#record = change
  }

  /** @throws FrostError `precondition-failed` where the lease has a newer token. */
  checkFence(fence: Fence | undefined): void {
    if (fence === undefined) return
    const row = this.get(leaseKey(fence.lease))
    if (row !== undefined && decodeLease(row).token === fence.token) return
    throw new FrostError('precondition-failed', `Another process has taken the lease ${fence.lease}.`)
  }

  /** Ends the draft. A mutation that changed nothing leaves no change record. */
  finish<T>(result: T, options: { readonly unrecorded?: boolean } = {}): Decided<T> {
    if (this.#changes.size === 0) return { changes: [], result }
    if (options.unrecorded !== true) {
      assert(this.#record !== undefined, 'a mutation says what it changed')
      this.#changes.set(changeKey(this.sequence), encodeChange(this.#record))
      this.#changes.set(sequenceKey, encodeNumbers([this.sequence]))
    }
    const changes: readonly KeyValueChange[] = [...this.#changes]
    return { changes, result }
  }
}
