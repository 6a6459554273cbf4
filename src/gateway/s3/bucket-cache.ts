// What requests need of a bucket (its row and settings), read at most once a second per process: no request costs a look-up in metadata for
// them. A change made by this process is seen by its next request, one made elsewhere after `staleMaxMs` at the latest, which is sooner
// than S3 promises. Documents are decoded once per reading, when they are first asked for.

import { errorCode, FrostError } from '../../base/errors.ts'
import type { ObjectService } from '../../master/object-service.ts'
import type { BucketRow } from '../../meta/contract/bucket-metadata.ts'
import type { BucketSettingKind, BucketSettings } from '../../meta/contract/bucket-settings.ts'
import type { Clock } from '../../ports/clock.ts'

type Reads = Pick<ObjectService, 'findBucket' | 'settings'>

const staleMaxMs = 1_000
const entriesMax = 10_000

/** A bucket as it was read. */
export class BucketState {
  readonly row: BucketRow
  readonly #settings: BucketSettings
  readonly #decoded = new Map<object, unknown>()

  constructor(row: BucketRow, settings: BucketSettings) {
    this.row = row
    this.#settings = settings
  }

  get name(): string {
    return this.row.name
  }

  /** Whether versions are kept, or were once. */
  get hasVersions(): boolean {
    return this.row.versioning !== undefined
  }

  has(kind: BucketSettingKind): boolean {
    return this.#settings[kind] !== undefined
  }

  /** As it is stored; not to be changed. */
  bytes(kind: BucketSettingKind): Uint8Array | undefined {
    return this.#settings[kind]
  }

  /** Decoded once for each reading of the bucket. `undefined`: it is not set. */
  setting<Value>(kind: BucketSettingKind, document: { decode(bytes: Uint8Array): Value }): Value | undefined {
    const bytes = this.#settings[kind]
    if (bytes === undefined) return undefined
    const known = this.#decoded.get(document)
    if (known !== undefined) return known as Value // by this very document
    const value = document.decode(bytes)
    this.#decoded.set(document, value)
    return value
  }
}

export class BucketCache {
  readonly #reads: Reads
  readonly #clock: Clock
  /** In the order in which they were read. */
  readonly #states = new Map<string, { readonly state: Promise<BucketState>; readonly untilMs: number }>()

  constructor(reads: Reads, clock: Clock) {
    this.#reads = reads
    this.#clock = clock
  }

  /** @throws FrostError `bucket-not-found`. */
  get(bucket: string): Promise<BucketState> {
    const nowMs = this.#clock.monotonicMs() // before the read: what is kept is as old as its beginning
    const kept = this.#states.get(bucket)
    if (kept !== undefined && nowMs < kept.untilMs) return kept.state
    const entry = { state: this.#read(bucket), untilMs: nowMs + staleMaxMs }
    entry.state.catch(() => {
      if (this.#states.get(bucket) === entry) this.#states.delete(bucket)
    })
    this.#states.delete(bucket)
    const [oldest] = this.#states.keys()
    if (this.#states.size >= entriesMax && oldest !== undefined) this.#states.delete(oldest)
    this.#states.set(bucket, entry)
    return entry.state
  }

  /** `undefined`: there is none of that name. */
  async find(bucket: string): Promise<BucketState | undefined> {
    try {
      return bucket === '' ? undefined : await this.get(bucket)
    } catch (error) {
      if (errorCode(error) === 'bucket-not-found') return undefined
      throw error
    }
  }

  /** Before and after each change of this process: a read that is under way then is not kept. */
  forget(bucket: string): void {
    this.#states.delete(bucket)
  }

  async #read(bucket: string): Promise<BucketState> {
    const row = await this.#reads.findBucket(bucket)
    if (row === undefined) throw new FrostError('bucket-not-found', `There is no bucket ${JSON.stringify(bucket)}.`)
    return new BucketState(row, await this.#reads.settings(bucket))
  }
}
