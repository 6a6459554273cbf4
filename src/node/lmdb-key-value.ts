// The KeyValue port on LMDB. One process has the claim, and changes the map; any number read it.
//
// Decisions run at once, when they are called, on what is durable with everything decided since on top (`overlay`). What they changed
// gathers while the commit before it is under way and then goes, as one LMDB transaction, to LMDB's writing thread: one sync for all
// of it, and no change of the tree in the thread that serves requests. A decision settles when the transaction with its
// changes, and those that it saw, is durable. One that comes in steps takes a turn of the event loop for each; what is to be decided
// meanwhile is held back until it has ended. That deciding outside of the transaction is safe hangs on the claim: the transaction
// is conditional on the number of this instance's claim, which whoever takes over raises first, in a transaction of its own. So where
// the condition holds, nobody else has changed anything since this instance claimed.
//
// A commit that fails (EIO, ENOSPC) leaves open what is on the disk. It is not repeated: all that waits is answered with
// `outcome-unknown`, and `onFailure` ends the process.

import { dirname } from 'node:path'

import { assert } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import type { Histogram } from '../base/histogram.ts'
import { isSteps } from '../base/steps.ts'
import type { Steps } from '../base/steps.ts'
import { MIB } from '../base/units.ts'
import type { ByteString, ClaimedKeyValue, Decision, KeyValueView, Look } from '../ports/key-value.ts'
import { syncFolder } from './disk-files.ts'
import { LmdbRows } from './lmdb-rows.ts'
import { OverlayView } from './overlay-view.ts'

/** Decisions and bytes that wait for the commit after the one under way. Beyond, `decide` answers `overloaded`. */
const waitingMax = 100_000
const waitingBytesMax = 64 * MIB
const claimTriesMax = 100

export interface LmdbKeyValueOptions {
  /** Made where it is missing; its folder must exist. */
  readonly file: string
  /** Called once, after a failed commit: the process must end, since memory and disk may differ. */
  readonly onFailure: (error: unknown) => void
  /** Told how long each commit took, in seconds. */
  readonly commitTimes?: Histogram
  /** Told how many decisions each commit made durable. */
  readonly commitSizes?: Histogram
}

type Settle = () => void
type Fail = (error: unknown) => void

interface Call {
  readonly steps: Steps<void>
  readonly fail: Fail
}

export class LmdbKeyValue implements ClaimedKeyValue {
  readonly #options: LmdbKeyValueOptions
  readonly #rows: LmdbRows
  readonly #overlay: OverlayView
  #claim: number | undefined
  #state: 'open' | 'closing' | 'failed' = 'open'
  /** Of decisions whose changes are in the overlay, oldest first; called when all of it is durable. */
  #waiting: { settle: Settle; fail: Fail }[] = []
  #waitingBytes = 0
  /** There while a decision in steps is under way, and those held back for it. */
  #stepping: Promise<void> | undefined
  readonly #held: Call[] = []
  #committing: Promise<void> | undefined

  private constructor(options: LmdbKeyValueOptions, rows: LmdbRows) {
    this.#options = options
    this.#rows = rows
    this.#overlay = new OverlayView(rows)
  }

  static async open(options: LmdbKeyValueOptions): Promise<LmdbKeyValue> {
    const rows = new LmdbRows(options.file)
    await syncFolder(dirname(options.file))
    return new LmdbKeyValue(options, rows)
  }

  async read<T>(look: Look<T>): Promise<T> {
    return look(this.view())
  }

  /** The state that is durable now. To be used at once: it is over with the synchronous stretch of code that asked for it. */
  view(): KeyValueView {
    if (this.#state !== 'open') throw unavailable('The metadata store is closed.')
    this.#rows.refresh()
    return this.#rows
  }

  async claim(): Promise<void> {
    await this.#committing
    for (let tries = 0; tries < claimTriesMax; tries++) {
      if (this.#state !== 'open') throw unavailable('The metadata store is closed.')
      const before = this.#rows.newestClaim()
      if (!(await this.#rows.claim(before).catch((error: unknown) => this.#fail(error)))) continue
      this.#rows.refresh()
      this.#claim = before + 1
      return
    }
    throw unavailable('Other processes keep claiming the metadata store.')
  }

  decide<T>(decision: Decision<T>): Promise<T> {
    if (this.#state !== 'open') return Promise.reject(unavailable('The metadata store is closed.'))
    if (this.#claim === undefined) return Promise.reject(unavailable('This process does not commit.'))
    if (this.#waiting.length + this.#held.length >= waitingMax || this.#waitingBytes >= waitingBytesMax)
      return Promise.reject(new FrostError('overloaded', 'Too many changes wait for the disk of the metadata store.'))
    const { promise, resolve, reject } = Promise.withResolvers<T>()
    const call = { steps: this.#decide(decision, resolve, reject), fail: reject }
    if (this.#stepping !== undefined) this.#held.push(call)
    else if (call.steps.next().done !== true) this.#stepping = this.#stepOn(call)
    return promise
  }

  unreachable(): undefined {
    return undefined
  }

  async close(): Promise<void> {
    if (this.#state === 'open') this.#state = 'closing'
    await this.#stepping
    await this.#committing
    await this.#rows.close()
  }

  /** Whatever comes of it settles with the next commit. */
  *#decide<T>(decision: Decision<T>, resolve: (result: T) => void, reject: Fail): Steps<void> {
    let settle: Settle
    try {
      const made = decision(this.#overlay)
      const { changes, result } = isSteps(made) ? yield* made : made
      for (const [key, row] of changes) {
        this.#overlay.change(key, row)
        this.#waitingBytes += key.length + (row?.length ?? 0)
      }
      settle = () => resolve(result)
    } catch (error) {
      settle = () => reject(error)
    }
    this.#waiting.push({ settle, fail: reject })
    this.#committing ??= this.#commitAll()
  }

  /** The further steps of a call, then the calls that were held back meanwhile. Never rejects. */
  async #stepOn(first: Call): Promise<void> {
    const claim = this.#claim
    await endOfTurn()
    for (let call: Call | undefined = first; call !== undefined;) {
      // What it saw may never become durable; and from a claim on, what it would see are the changes of another instance.
      const isLost = this.#state === 'failed' || this.#claim !== claim || this.#rows.newestClaim() !== claim
      if (isLost) call.fail(unavailable('The metadata store failed, or was taken over, while this was being decided.'))
      if (isLost || call.steps.next().done === true) call = this.#held.shift()
      else await endOfTurn()
    }
    this.#stepping = undefined
  }

  /** Commits until nothing waits. */
  async #commitAll(): Promise<void> {
    // What else arrives in this turn of the event loop belongs to the same commit.
    await endOfTurn()
    while (this.#waiting.length > 0) {
      const batch = this.#waiting
      this.#waiting = []
      this.#waitingBytes = 0
      const changes = this.#overlay.seal()
      if (changes.size > 0) this.#options.commitSizes?.observe(batch.length)
      const error = changes.size === 0 ? undefined : await this.#commit(changes)
      this.#overlay.drop()
      if (error === undefined) for (const { settle } of batch) settle()
      else for (const { fail } of [...batch, ...this.#abandon()]) fail(error)
    }
    this.#committing = undefined
  }

  /** Commits one batch; resolves to why it did not happen, or may not have. */
  async #commit(changes: ReadonlyMap<ByteString, Uint8Array | undefined>): Promise<FrostError | undefined> {
    assert(this.#claim !== undefined, 'only a claimed map is changed')
    const startedMs = performance.now()
    try {
      const isMine = await this.#rows.write(this.#claim, changes)
      this.#options.commitTimes?.observe((performance.now() - startedMs) / 1000)
      this.#rows.refresh()
      if (isMine) return undefined
    } catch (error) {
      return await this.#fail(error).catch((failure: FrostError) => failure)
    }
    this.#claim = undefined
    return unavailable('Another process has taken over the committing.')
  }

  /** What is on the disk is not known any more. */
  async #fail(error: unknown): Promise<never> {
    const cause = await causeOf(error)
    this.#state = 'failed'
    this.#options.onFailure(cause)
    throw new FrostError('outcome-unknown', 'The commit of the metadata store failed.', { cause })
  }

  /** Drops what was decided on top of a batch that did not happen. */
  #abandon(): readonly { readonly fail: (error: FrostError) => void }[] {
    const abandoned = this.#waiting
    this.#waiting = []
    this.#waitingBytes = 0
    this.#overlay.clear()
    return abandoned
  }
}

async function endOfTurn(): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve)
  })
}

function unavailable(message: string): FrostError {
  return new FrostError('metadata-unavailable', message)
}

/** lmdb rejects with a general error, whose `commitError` is a promise that rejects with the cause. */
async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error
  try {
    await error.commitError
    return error
  } catch (cause) {
    return cause
  }
}
