// Quotas before and beside the commit. A bucket's quota is decided by the commit, in its transaction; here it is looked at before a body
// comes, so that nobody sends gigabytes to be refused at their end. A user's quota, over all buckets that he owns, is decided here alone,
// before a body and at its end, by figures that are at most `figuresKeptMs` old: uploads that end within that time through other
// processes can pass it together. What this process lets through counts at once. Before a refusal the figures are read again,
// so what was deleted just now makes room.
//
// Nothing is asked of buckets without a quota whose owner has none, but for one look at the owner in `figuresKeptMs`.

import { errorCode, FrostError } from '../base/errors.ts'
import { SECOND_MS } from '../base/units.ts'
import type { BucketRow } from '../meta/contract/bucket-metadata.ts'
import type { VersionRow } from '../meta/contract/version-row.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'

const figuresKeptMs = 2 * SECOND_MS
/** Figures so young are not read again, however many are refused by them. */
const figuresRenewedMs = 100
const ownersMax = 10_000
const readsMax = 16

export interface QuotaPorts {
  readonly metadata: Pick<MetadataStore, 'getUserByCanonicalId' | 'listBuckets' | 'getBucketUsage'>
  readonly clock: Clock
}

export interface Admission {
  readonly bucket: BucketRow
  /** The newest version of the key; with `isPart` it stays. */
  readonly head: VersionRow | undefined
  readonly isPart?: boolean
}

/** Of one upload that has begun. */
export interface Room {
  /** Runs a commit of so many bytes, which count from here on. @throws FrostError `quota-exceeded`; whatever the commit throws. */
  take<T>(sizeBytes: number, commit: () => Promise<T>): Promise<T>
}

interface Figures {
  readonly user: string
  readonly quotaBytes: number
  usedBytes: number
}

interface Kept {
  readonly figures: Promise<Figures | undefined>
  readonly readMs: number
}

export class Quotas {
  readonly #ports: QuotaPorts
  /** By canonical id, in the order in which they were read. */
  readonly #owners = new Map<string, Kept>()
  /** What is being committed of each. */
  readonly #pending = new Map<string, number>()

  constructor(ports: QuotaPorts) {
    this.#ports = ports
  }

  /**
   * `sizeBytes`: of the body, where it is known. Resolves to the room of its end; `undefined`: nothing limits it but the commit.
   * @throws FrostError `quota-exceeded`.
   */
  async admit(admission: Admission, sizeBytes: number | undefined): Promise<Room | undefined> {
    const { owner } = admission.bucket
    // Of what is not known, one byte, by which a full bucket refuses it.
    const added = { sizeBytes: sizeBytes ?? 1, freedBytes: freedBy(admission) }
    await this.#checkBucket(admission.bucket, added)
    if (owner === undefined || (await this.#figures(owner, figuresKeptMs)) === undefined) return undefined
    await this.#checkOwner(owner, added)
    return {
      take: async (bytes, commit) => await this.#take(owner, { ...added, sizeBytes: bytes }, commit),
    }
  }

  async #take<T>(owner: string, added: Added, commit: () => Promise<T>): Promise<T> {
    await this.#checkOwner(owner, added)
    const moreBytes = Math.max(0, added.sizeBytes - added.freedBytes)
    this.#addPending(owner, moreBytes) // in the turn of the check
    try {
      const committed = await commit()
      const figures = await this.#owners.get(owner)?.figures
      // Twice where they were read since the commit: until they are read again.
      if (figures !== undefined) figures.usedBytes += moreBytes
      return committed
    } finally {
      this.#addPending(owner, -moreBytes)
    }
  }

  #addPending(owner: string, bytes: number): void {
    const pendingBytes = (this.#pending.get(owner) ?? 0) + bytes
    if (pendingBytes === 0) this.#pending.delete(owner)
    else this.#pending.set(owner, pendingBytes)
  }

  async #checkBucket({ name, quotaBytes }: BucketRow, added: Added): Promise<void> {
    if (quotaBytes === undefined) return
    const { bytes: usedBytes } = await this.#ports.metadata.getBucketUsage(name)
    if (exceeds({ usedBytes, quotaBytes }, added)) throw exceeded(`The bucket ${name}`, quotaBytes)
  }

  async #checkOwner(owner: string, added: Added): Promise<void> {
    let figures = await this.#figures(owner, figuresKeptMs)
    const isFull = (known: Figures): boolean =>
      exceeds({ ...known, usedBytes: known.usedBytes + (this.#pending.get(owner) ?? 0) }, added)
    if (figures !== undefined && isFull(figures)) figures = await this.#figures(owner, figuresRenewedMs)
    if (figures === undefined || !isFull(figures)) return
    throw exceeded(`The buckets of the user ${figures.user} together`, figures.quotaBytes)
  }

  /** `undefined`: the user has no quota, or there is no such user. */
  async #figures(owner: string, ageMaxMs: number): Promise<Figures | undefined> {
    const nowMs = this.#ports.clock.monotonicMs()
    const kept = this.#owners.get(owner)
    if (kept !== undefined && nowMs - kept.readMs < ageMaxMs) return await kept.figures
    const read: Kept = { figures: this.#read(owner), readMs: nowMs }
    read.figures.catch(() => {
      if (this.#owners.get(owner) === read) this.#owners.delete(owner)
    })
    this.#owners.delete(owner)
    const [oldest] = this.#owners.keys()
    if (this.#owners.size >= ownersMax && oldest !== undefined) this.#owners.delete(oldest)
    this.#owners.set(owner, read)
    return await read.figures
  }

  async #read(owner: string): Promise<Figures | undefined> {
    const { metadata } = this.#ports
    const user = await metadata.getUserByCanonicalId(owner)
    if (user?.quotaBytes === undefined) return undefined
    const own = (await metadata.listBuckets()).filter((bucket) => bucket.owner === owner)
    let usedBytes = 0
    for (let at = 0; at < own.length; at += readsMax) {
      const usages = own.slice(at, at + readsMax).map(async ({ name }) => await usedBy(metadata, name))
      for (const bytes of await Promise.all(usages)) usedBytes += bytes
    }
    return { user: user.name, quotaBytes: user.quotaBytes, usedBytes }
  }
}

interface Added {
  readonly sizeBytes: number
  /** Of what it takes the place of. */
  readonly freedBytes: number
}

/** Never by what is smaller than what it replaces: that makes room. */
function exceeds({ usedBytes, quotaBytes }: Pick<Figures, 'usedBytes' | 'quotaBytes'>, added: Added): boolean {
  const moreBytes = added.sizeBytes - added.freedBytes
  return moreBytes > 0 && usedBytes + moreBytes > quotaBytes
}

/** Where versions are kept, nothing is; suspended, what the null version frees is left to the commit. */
function freedBy({ bucket, head, isPart }: Admission): number {
  if (isPart === true || head === undefined) return 0
  return bucket.versioning === undefined ? head.sizeBytes : 0
}

/** 0: the bucket has gone meanwhile. */
async function usedBy(metadata: QuotaPorts['metadata'], bucket: string): Promise<number> {
  try {
    return (await metadata.getBucketUsage(bucket)).bytes
  } catch (error) {
    if (errorCode(error) === 'bucket-not-found') return 0
    throw error
  }
}

function exceeded(who: string, quotaBytes: number): FrostError {
  return new FrostError('quota-exceeded', `${who} would hold more than the quota of ${quotaBytes} bytes.`, {
    remedy: 'Delete files or old versions, or have the quota raised.',
  })
}
