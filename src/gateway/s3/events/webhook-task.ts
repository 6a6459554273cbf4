// Delivers the events of one webhook, on the process that holds the lease of the background work: at least once, those of one key in
// order, for as long as the webhook answers within a day.
//
// The change log is the queue. The webhook's row among the followers of the log says up to which change everything is done with; it holds
// the trimming of the log back (up to a bound, `followedMax` in src/meta), and it is the only thing that is written. After a crash, or when
// the lease goes to another process, everything behind it is sent again, with the same ids. See docs/adr/0104.

import { MINUTE_MS, SECOND_MS } from '../../../base/units.ts'
import type { BackgroundTask } from '../../../master/background-task.ts'
import type { Fence } from '../../../meta/contract/conventions.ts'
import type { MetadataStore } from '../../../meta/metadata-store.ts'
import type { Log } from '../../../ports/log.ts'
import { pageSize } from './change-log-pages.ts'
import type { ChangeLogPages } from './change-log-pages.ts'
import { DeliveryWindow, parallelMax, windowMax } from './delivery-window.ts'
import type { Delivery } from './delivery-window.ts'
import type { DropReason, WebhookCounter } from './event-counts.ts'
import { eventIdOf, eventNameOf, eventsOf, messageOf } from './event-message.ts'
import type { WebhookEvent } from './event-message.ts'
import { followerOf } from './webhook.ts'
import type { Webhook } from './webhook.ts'
import { sendMessage } from './webhook-sender.ts'
import type { SenderPorts } from './webhook-sender.ts'

export interface WebhookTaskPorts extends SenderPorts {
  readonly metadata: Pick<MetadataStore, 'listFollowers' | 'putFollower'>
  readonly pages: ChangeLogPages
  readonly log: Log
  readonly counter: WebhookCounter
  /** `undefined`: this process does not hold the lease. */
  fence(): Fence | undefined
}

const timeoutMs = 10 * SECOND_MS
const everyMs = 500
const withoutLeaseEveryMs = SECOND_MS
/** A step takes up nothing new after so long. */
const stepMaxMs = 5 * SECOND_MS
const pagesPerStep = 20
/** Where there was nothing to deliver, the position is written down once so many changes were passed over, or after so long. */
const passedOverMax = 10_000
const recordedEveryMs = MINUTE_MS

interface Following {
  readonly token: number
  readonly window: DeliveryWindow
  recorded: number
  recordedAtMs: number
}

export class WebhookTask implements BackgroundTask {
  readonly name: string
  readonly #ports: WebhookTaskPorts
  readonly #webhook: Webhook
  readonly #region: string
  #following: Following | undefined
  #isFailing = false

  constructor(ports: WebhookTaskPorts, webhook: Webhook, { region }: { readonly region: string }) {
    this.name = `webhook-${webhook.name}`
    this.#ports = ports
    this.#webhook = webhook
    this.#region = region
  }

  async step(signal: AbortSignal): Promise<number> {
    const { clock, counter } = this.#ports
    const fence = this.#ports.fence()
    if (fence === undefined || fence.token !== this.#following?.token) this.#following = undefined
    if (fence === undefined) {
      counter.show({ size: 0, oldestMs: undefined })
      return withoutLeaseEveryMs
    }
    this.#following ??= await this.#follow(fence)
    const { window } = this.#following
    const deliveredBefore = counter.delivered
    const isAtEnd = await this.#read(window)
    for (const event of window.dropExpired(clock.wallMs())) this.#drop(event, 'expired')
    await this.#deliver(window, signal)
    await this.#record(this.#following, { fence, isUrgent: counter.delivered > deliveredBefore })
    counter.show(window)
    const waitMs = Math.min(window.waitMs(clock.monotonicMs()), everyMs)
    return isAtEnd || window.size >= windowMax ? waitMs : 0
  }

  /** A webhook that is new begins with the oldest change that is kept. */
  async #follow({ lease, token }: Fence): Promise<Following> {
    const { metadata, clock } = this.#ports
    const name = followerOf(this.#webhook.name)
    const row = (await metadata.listFollowers()).find((follower) => follower.name === name)
    if (row === undefined) await metadata.putFollower({ name, sequence: 0, fence: { lease, token } })
    const recorded = row?.sequence ?? 0
    return { token, window: new DeliveryWindow(recorded), recorded, recordedAtMs: clock.monotonicMs() }
  }

  /** Fills the window. Whether the log has no more for now. */
  async #read(window: DeliveryWindow): Promise<boolean> {
    for (let pages = 0; window.size < windowMax && pages < pagesPerStep; pages++) {
      const page = await this.#ports.pages.read(window.readTo)
      const [first] = page
      if (first !== undefined && window.readTo > 0 && first.sequence > window.readTo + 1)
        this.#missed(first.sequence - window.readTo - 1)
      for (const record of page) {
        if (window.size >= windowMax) return false
        window.add(record.sequence, eventsOf(record, this.#webhook.name))
      }
      if (page.length < pageSize) return true
    }
    return false
  }

  async #deliver(window: DeliveryWindow, signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports
    const endMs = clock.monotonicMs() + stepMaxMs
    const work = async (): Promise<void> => {
      while (!signal.aborted && clock.monotonicMs() < endMs && this.#ports.fence() !== undefined) {
        const delivery = window.take(clock.monotonicMs())
        if (delivery === undefined) return
        await this.#send(window, delivery, signal)
      }
    }
    const ended = await Promise.allSettled(Array.from({ length: parallelMax }, work))
    for (const end of ended) if (end.status === 'rejected') throw end.reason
  }

  async #send(window: DeliveryWindow, delivery: Delivery, signal: AbortSignal): Promise<void> {
    const { clock, counter } = this.#ports
    const { event } = delivery
    const id = eventIdOf(event)
    const message = messageOf(event, { region: this.#region })
    let outcome
    try {
      outcome = await sendMessage(this.#ports, this.#webhook, { id, message, timeoutMs, signal })
    } catch (error) {
      window.returned(delivery)
      if (signal.aborted) return
      throw error
    }
    if (outcome.failure === undefined) {
      counter.delivered++
      window.delivered(delivery)
      this.#tell(undefined)
      return
    }
    counter.failed++
    this.#tell(outcome.failure)
    const isGivenUp = window.failed(delivery, { nowMs: clock.monotonicMs(), retryAfterMs: outcome.retryAfterMs })
    if (isGivenUp) this.#drop(event, 'refused')
  }

  async #record(
    following: Following,
    { fence, isUrgent }: { readonly fence: Fence; readonly isUrgent: boolean },
  ): Promise<void> {
    const { position } = following.window
    const passedOver = position - following.recorded
    const nowMs = this.#ports.clock.monotonicMs()
    const isDue = isUrgent || passedOver >= passedOverMax || nowMs - following.recordedAtMs >= recordedEveryMs
    if (passedOver <= 0 || !isDue) return
    await this.#ports.metadata.putFollower({ name: followerOf(this.#webhook.name), sequence: position, fence })
    following.recorded = position
    following.recordedAtMs = nowMs
  }

  /** Once when it begins to fail, and once when it is well again. */
  #tell(failure: string | undefined): void {
    const { log } = this.#ports
    const { name: webhook } = this.#webhook
    if (failure !== undefined && !this.#isFailing)
      log.warn('A webhook fails; events wait for it.', { webhook, failure })
    if (failure === undefined && this.#isFailing) log.info('A webhook takes events again.', { webhook })
    this.#isFailing = failure !== undefined
  }

  #drop(event: WebhookEvent, reason: DropReason): void {
    const { counter, log } = this.#ports
    const { bucket, key } = event
    counter.dropped[reason]++
    log.error('An event was given up: its webhook did not take it.', undefined, {
      webhook: this.#webhook.name,
      reason,
      event: eventNameOf(event),
      bucket,
      key,
    })
  }

  #missed(changes: number): void {
    const { counter, log } = this.#ports
    counter.dropped.trimmed += changes
    log.error(
      'The change log no longer holds changes that a webhook had not come to; their events are lost.',
      undefined,
      {
        webhook: this.#webhook.name,
        changes,
      },
    )
  }
}
