// Commits of files that have no bytes: what an upload of 10 KiB hands to the metadata, with ids made here. For filling a
// store and for measuring commits alone.

import { defined } from '../../src/base/assert.ts'
import { defaultChunkSizeBytes } from '../../src/base/scheme.ts'
import { makeDataId, makeVersionId } from '../../src/base/ids.ts'
import { SeededRandom } from '../../src/base/random.ts'
import type { CommitVersion } from '../../src/meta/contract/file-metadata.ts'
import type { GroupRow } from '../../src/meta/contract/group-metadata.ts'
import type { MetadataStore } from '../../src/meta/metadata-store.ts'

/** Where the filled keys lie; three folders deep, so that listings meet prefixes. */
export const filledPrefix = 'filled/'

export function filledKey(index: number): string {
  const digits = String(index).padStart(9, '0')
  return `${filledPrefix}${digits.slice(0, 3)}/${digits.slice(3, 6)}/photo-${digits.slice(6)}.jpg`
}

export class SyntheticCommits {
  readonly #store: MetadataStore
  readonly #groups: readonly GroupRow[]
  readonly #random = new SeededRandom(Date.now() >>> 0)
  /** Ids below it are refused; a master that ran just now leaves it some seconds ahead of the wall clock. */
  readonly #horizonMs: number

  private constructor(store: MetadataStore, groups: readonly GroupRow[], horizonMs: number) {
    this.#store = store
    this.#groups = groups
    this.#horizonMs = horizonMs
  }

  /** The store is that of a cluster which has run, so it has groups. */
  static async open(store: MetadataStore): Promise<SyntheticCommits> {
    const { groups } = await store.listGroups({ since: 0, limit: 1000 })
    if (groups.length === 0) throw new Error('the cluster made no placement group')
    return new SyntheticCommits(store, groups, await store.horizon())
  }

  async commit(key: string, bucket = 'default'): Promise<void> {
    await this.#store.commitVersion(this.#command(bucket, key))
  }

  #command(bucket: string, key: string): CommitVersion {
    const nowMs = Math.max(Date.now(), this.#horizonMs)
    const { group, scheme, epoch } = defined(this.#groups[this.#random.below(this.#groups.length)], 'a group by index')
    const dataId = makeDataId(nowMs, this.#random.bytes(10))
    const chunkSizeBytes = defaultChunkSizeBytes
    const length = chunkSizeBytes
    return {
      bucket,
      key,
      version: {
        version: makeVersionId(nowMs, this.#random.bytes(10)),
        modifiedMs: nowMs,
        sizeBytes: length,
        crc32: this.#random.uint32(),
        extents: [{ group, dataId, scheme, chunkSizeBytes, dataLengthBytes: length, offset: 0, length }],
      },
      newData: [{ group, dataId, scheme, chunkSizeBytes, lengthBytes: length, acknowledgedEpoch: epoch, repairs: [] }],
    }
  }
}
