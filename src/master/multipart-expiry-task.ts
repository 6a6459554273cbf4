// Ends multipart uploads that nobody completed or aborted, ends what an abort left half done, and forgets completed ones, which are kept
// for a while so that a repeat of the completion gets its answer.

import { DAY_MS, MINUTE_MS } from '../base/units.ts'
import type { MultipartName } from '../meta/contract/multipart-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { BackgroundTask } from './background-task.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { endMultipart } from './multipart-end.ts'

export const defaultMultipartExpiresMs = 7 * DAY_MS
const completedKeptMs = DAY_MS
const everyMs = MINUTE_MS
const pageSize = 100

export interface MultipartExpiryPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly lease: Pick<LeaseKeeper, 'fence'>
}

export class MultipartExpiryTask implements BackgroundTask {
  readonly name = 'multipart-expiry'
  readonly #ports: MultipartExpiryPorts
  readonly #expiresMs: number
  #after: MultipartName | undefined

  constructor(ports: MultipartExpiryPorts, expiresMs = defaultMultipartExpiresMs) {
    this.#ports = ports
    this.#expiresMs = expiresMs
  }

  async step(): Promise<number> {
    const { metadata, clock, lease } = this.#ports
    if (lease.fence === undefined) {
      this.#after = undefined
      return everyMs
    }
    const nowMs = clock.wallMs()
    const beforeMs = nowMs - Math.min(completedKeptMs, this.#expiresMs)
    const after = this.#after === undefined ? {} : { after: this.#after }
    const page = await metadata.listOldMultiparts({ beforeMs, limit: pageSize, ...after })
    for (const row of page) {
      const { createdMs, completed } = row
      const isOld =
        completed === undefined ? nowMs - createdMs >= this.#expiresMs : nowMs - completed.atMs >= completedKeptMs
      if (isOld) await endMultipart(this.#ports, row)
    }
    const last = page.at(-1)
    const isMore = page.length === pageSize && last !== undefined
    this.#after = isMore ? { bucket: last.bucket, key: last.key, upload: last.upload } : undefined
    return isMore ? 0 : everyMs
  }
}
