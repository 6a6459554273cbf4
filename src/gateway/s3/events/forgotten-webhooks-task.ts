// Webhooks that are not configured any more let go of the change log, once they are unknown for as long as events are kept: processes
// may be started anew one after the other, with a configuration that is not the same everywhere meanwhile.

import { MINUTE_MS } from '../../../base/units.ts'
import type { BackgroundTask } from '../../../master/background-task.ts'
import type { Fence } from '../../../meta/contract/conventions.ts'
import type { MetadataStore } from '../../../meta/metadata-store.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import { eventAgeMaxMs } from './delivery-window.ts'
import { webhookOfFollower } from './webhook.ts'

const everyMs = 10 * MINUTE_MS
const retryMs = MINUTE_MS

export interface ForgottenWebhooksPorts {
  readonly metadata: Pick<MetadataStore, 'listFollowers' | 'putFollower'>
  readonly clock: Clock
  readonly log: Log
  fence(): Fence | undefined
}

export class ForgottenWebhooksTask implements BackgroundTask {
  readonly name = 'forgotten-webhooks'
  readonly #ports: ForgottenWebhooksPorts
  readonly #known: ReadonlySet<string>
  /** By follower, on the monotonic clock. */
  #unknownSince = new Map<string, number>()

  constructor(ports: ForgottenWebhooksPorts, known: Iterable<string>) {
    this.#ports = ports
    this.#known = new Set(known)
  }

  async step(): Promise<number> {
    const { metadata, clock, log } = this.#ports
    const fence = this.#ports.fence()
    if (fence === undefined) {
      this.#unknownSince.clear()
      return retryMs
    }
    const nowMs = clock.monotonicMs()
    const before = this.#unknownSince
    this.#unknownSince = new Map()
    for (const { name } of await metadata.listFollowers()) {
      const webhook = webhookOfFollower(name)
      if (webhook === undefined || this.#known.has(webhook)) continue
      const sinceMs = before.get(name) ?? nowMs
      if (nowMs - sinceMs < eventAgeMaxMs) {
        this.#unknownSince.set(name, sinceMs)
        continue
      }
      await metadata.putFollower({ name, fence })
      log.warn('A webhook is not configured any more: its events are given up.', { webhook })
    }
    return everyMs
  }
}
