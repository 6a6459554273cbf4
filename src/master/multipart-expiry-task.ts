// Ends multipart uploads that nobody completed or aborted, ends what an abort left half done, and forgets completed ones, which are kept
// for a while so that a repeat of the completion gets its answer. Who began one may have had a wrong calendar: what seems to begin in the
// future is as old as this process has seen it.

import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { OldMultipart } from '../meta/contract/multipart-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { BackgroundTask } from './background-task.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { endMultipart, farFutureMs } from './multipart-end.ts'

export const defaultMultipartExpiresMs = 7 * DAY_MS
const completedKeptMs = DAY_MS
const everyMs = MINUTE_MS
/** All are looked at when the lease is taken, and so often: for aborts that a crash left half done, and those of the future. */
const allEveryMs = HOUR_MS
/** More of the future than these are passed over for now. */
const futureMax = 10_000
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
  #after: OldMultipart | undefined
  /** On the monotonic clock: when all were looked at last. */
  #allSinceMs: number | undefined
  #looksAtAll = false
  /** Since when, on the monotonic clock, they were seen. */
  readonly #futureSince = new Map<OldMultipart['upload'], number>()

  constructor(ports: MultipartExpiryPorts, expiresMs = defaultMultipartExpiresMs) {
    this.#ports = ports
    this.#expiresMs = expiresMs
  }

  async step(): Promise<number> {
    const { metadata, clock, lease } = this.#ports
    if (lease.fence === undefined) {
      this.#after = undefined
      this.#allSinceMs = undefined
      this.#futureSince.clear()
      return everyMs
    }
    const nowMs = clock.wallMs()
    if (this.#after === undefined) this.#begin()
    const shortestMs = Math.min(completedKeptMs, this.#expiresMs)
    const beforeMs = this.#looksAtAll ? farFutureMs : Math.max(0, nowMs - shortestMs)
    const page = await metadata.listOldMultiparts({
      beforeMs,
      limit: pageSize,
      ...(this.#after === undefined ? {} : { after: this.#after }),
    })
    for (const row of page) {
      // One that is completed after it was listed as open stays known: who lost the answer asks again.
      if (this.#isOver(row, nowMs))
        await endMultipart(this.#ports, row, row.completed === undefined ? undefined : 'forgets')
    }
    this.#after = page.length === pageSize ? page.at(-1) : undefined
    return this.#after === undefined ? everyMs : 0
  }

  #begin(): void {
    const nowMs = this.#ports.clock.monotonicMs()
    this.#looksAtAll =
      this.#allSinceMs === undefined || nowMs - this.#allSinceMs >= Math.min(allEveryMs, this.#expiresMs)
    if (this.#looksAtAll) this.#allSinceMs = nowMs
  }

  #isOver({ createdMs, completed, aborting, upload }: OldMultipart, nowMs: number): boolean {
    if (completed !== undefined) return nowMs - completed.atMs >= completedKeptMs
    if (aborting === true) return true
    if (createdMs <= nowMs) return nowMs - createdMs >= this.#expiresMs
    const monotonicMs = this.#ports.clock.monotonicMs()
    const sinceMs = this.#futureSince.get(upload)
    if (sinceMs === undefined && this.#futureSince.size < futureMax) this.#futureSince.set(upload, monotonicMs)
    const isOver = sinceMs !== undefined && monotonicMs - sinceMs >= this.#expiresMs
    if (isOver) this.#futureSince.delete(upload)
    return isOver
  }
}
