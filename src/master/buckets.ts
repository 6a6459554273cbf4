// Making and removing buckets: a bucket goes with its unfinished multipart uploads, which nobody sees any more who looks for files.

import { errorCode, FrostError } from '../base/errors.ts'
import type { BucketRow } from '../meta/contract/bucket-metadata.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { OldMultipart } from '../meta/contract/multipart-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import { endMultipart, farFutureMs } from './multipart-end.ts'
import { checkBucket } from './names.ts'

export class Buckets {
  readonly #metadata: MetadataStore
  readonly #clock: Clock

  constructor({ metadata, clock }: { readonly metadata: MetadataStore; readonly clock: Clock }) {
    this.#metadata = metadata
    this.#clock = clock
  }

  async create(row: Omit<BucketRow, 'createdMs'>): Promise<void> {
    checkBucket(row.name)
    await this.#metadata.createBucket({ ...row, createdMs: this.#clock.wallMs() })
  }

  /** Nothing is ended in a bucket that is not empty. @throws FrostError `bucket-not-found`, `bucket-not-empty`. */
  async remove(bucket: string): Promise<void> {
    checkBucket(bucket)
    const { entries } = await this.#metadata.listVersions({ bucket, limit: 1 })
    if (entries.length > 0) throw new FrostError('bucket-not-empty', `The bucket ${bucket} still holds files.`)
    for (;;) {
      const { uploads } = await this.#metadata.listMultiparts({ bucket, limit: pageLimitMax })
      if (uploads.length === 0) break
      for (const upload of uploads) await endMultipart({ metadata: this.#metadata, clock: this.#clock }, upload)
    }
    try {
      await this.#metadata.deleteBucket({ name: bucket })
    } catch (error) {
      // Or an abort was left half done.
      if (errorCode(error) !== 'bucket-not-empty' || !(await this.#endAborts(bucket))) throw error
      await this.#metadata.deleteBucket({ name: bucket })
    }
  }

  /** Ends those that are not listed any more; whether there were any. A walk over all buckets' uploads. */
  async #endAborts(bucket: string): Promise<boolean> {
    let ended = false
    for (let after: OldMultipart | undefined; ;) {
      const page = await this.#metadata.listOldMultiparts({
        beforeMs: farFutureMs,
        limit: pageLimitMax,
        ...(after === undefined ? {} : { after }),
      })
      for (const upload of page) {
        if (upload.bucket !== bucket || upload.aborting !== true) continue
        ended = true
        await endMultipart({ metadata: this.#metadata, clock: this.#clock }, upload)
      }
      after = page.at(-1)
      if (page.length < pageLimitMax) return ended
    }
  }
}
