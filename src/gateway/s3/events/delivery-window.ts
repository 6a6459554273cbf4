// What waits to be delivered to one webhook, and what is to be sent next. No I/O and no clock: times are given.
//
// The window holds events between the position (up to which the follower of the change log is done with everything) and the last change
// that was read. Events of one key are sent one after the other, each once the one before was taken; those of other keys do not wait.
//
// Whether a failure is the webhook's or the event's (a receiver that cannot take this one message) no answer says for sure. So the first
// failure that follows a success is blamed on both, and further ones on the webhook, which then gets one request at a time, after growing
// waits, each for another event where there is one. A webhook that is away for hours so costs a request every few minutes and no event;
// an event that a webhook never takes while it takes others is given up after `attemptsMax` attempts, about an hour, and holds up nothing
// but its own key meanwhile.

import { assert } from '../../../base/assert.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from '../../../base/units.ts'
import type { WebhookEvent } from './event-message.ts'

/** An event under way; one at most of each key. */
export interface Delivery {
  readonly event: WebhookEvent
  /** Failures that are blamed on the event itself. */
  readonly attempts: number
}

interface Entry extends Delivery {
  attempts: number
  notBeforeMs: number
  /** How often the webhook had failed when it was sent. `undefined`: it is not under way. */
  sentAfter: number | undefined
}

/** Events in memory, for each webhook. */
export const windowMax = 500
export const parallelMax = 8
/** With the waits between them some 64 minutes. */
const attemptsMax = 20
/** Events that are older are given up while their webhook fails. */
export const eventAgeMaxMs = DAY_MS
const waitFirstMs = SECOND_MS
const waitMaxMs = 5 * MINUTE_MS
const retryAfterMaxMs = HOUR_MS

export class DeliveryWindow {
  /** In the order of the changes. */
  readonly #entries: Entry[] = []
  #readTo: number
  /** In a row, of requests that were not sent before the failure before. */
  #failures = 0
  #failuresEver = 0
  #notBeforeMs = -Infinity
  #underWay = 0

  /** Done with everything up to and including this change. */
  constructor(position: number) {
    this.#readTo = position
  }

  /** Everything up to and including this change is done with. */
  get position(): number {
    const [oldest] = this.#entries
    return oldest === undefined ? this.#readTo : oldest.event.sequence - 1
  }

  get readTo(): number {
    return this.#readTo
  }

  get size(): number {
    return this.#entries.length
  }

  /** `undefined`: nothing waits. */
  get oldestMs(): number | undefined {
    return this.#entries.reduce<number | undefined>(
      (oldest, { event }) => Math.min(oldest ?? Infinity, event.cause.atMs),
      undefined,
    )
  }

  /** The change `sequence` was read, and has these to tell. */
  add(sequence: number, events: readonly WebhookEvent[]): void {
    this.#readTo = sequence
    for (const event of events) this.#entries.push({ event, attempts: 0, notBeforeMs: -Infinity, sentAfter: undefined })
  }

  /** Takes what is to be sent now. `undefined`: nothing. */
  take(nowMs: number): Delivery | undefined {
    const isProbing = this.#failures > 0
    if (nowMs < this.#notBeforeMs || this.#underWay >= (isProbing ? 1 : parallelMax)) return undefined
    const entry = this.#firstDue(nowMs)
    if (entry === undefined) return undefined
    entry.sentAfter = this.#failuresEver
    this.#underWay++
    return entry
  }

  /** Milliseconds until there may be something to send that is not under way; `Infinity`: never by itself. */
  waitMs(nowMs: number): number {
    const due = this.#firstOfKeys().map(({ notBeforeMs }) => notBeforeMs)
    return Math.max(0, Math.max(Math.min(...due), this.#notBeforeMs) - nowMs)
  }

  delivered(delivery: Delivery): void {
    this.#failures = 0
    this.#notBeforeMs = -Infinity
    this.#remove(this.#landed(delivery))
  }

  /** Whether the event is given up. `retryAfterMs`: as the webhook asked. */
  failed(
    delivery: Delivery,
    { nowMs, retryAfterMs = 0 }: { nowMs: number; retryAfterMs?: number | undefined },
  ): boolean {
    const entry = this.#landed(delivery)
    const { sentAfter } = entry
    entry.sentAfter = undefined
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + Math.min(retryAfterMs, retryAfterMaxMs))
    if (sentAfter !== this.#failuresEver) return false // it was on its way when the webhook failed
    this.#failures++
    this.#failuresEver++
    this.#notBeforeMs = Math.max(this.#notBeforeMs, nowMs + waitOf(this.#failures))
    if (this.#failures > 1) {
      entry.notBeforeMs = this.#notBeforeMs + 1 // others have their turn first
      return false
    }
    entry.attempts++
    entry.notBeforeMs = nowMs + waitOf(entry.attempts)
    if (entry.attempts < attemptsMax) return false
    this.#remove(entry)
    return true
  }

  /** It was not sent to its end, for no fault of anybody. */
  returned(delivery: Delivery): void {
    this.#landed(delivery).sentAfter = undefined
  }

  /** Gives up what is older than `eventAgeMaxMs`, while the webhook fails. Resolves to what that is. */
  dropExpired(wallMs: number): readonly WebhookEvent[] {
    if (this.#failures === 0) return []
    const expired = this.#entries.filter(
      ({ event, sentAfter }) => sentAfter === undefined && wallMs - event.cause.atMs > eventAgeMaxMs,
    )
    for (const entry of expired) this.#remove(entry)
    return expired.map(({ event }) => event)
  }

  #firstDue(nowMs: number): Entry | undefined {
    return this.#firstOfKeys().find(({ notBeforeMs }) => notBeforeMs <= nowMs)
  }

  /** The oldest of each key, but for keys of which one is under way. */
  #firstOfKeys(): readonly Entry[] {
    const seen = new Set<string>()
    return this.#entries.filter(({ event, sentAfter }) => {
      const name = `${event.bucket}/${event.key}`
      if (seen.has(name)) return false
      seen.add(name)
      return sentAfter === undefined
    })
  }

  #landed(delivery: Delivery): Entry {
    const entry = this.#entries.find((candidate) => candidate === delivery)
    assert(entry?.sentAfter !== undefined, 'a delivery that ends is under way')
    this.#underWay--
    return entry
  }

  #remove(entry: Entry): void {
    this.#entries.splice(this.#entries.indexOf(entry), 1)
  }
}

function waitOf(failures: number): number {
  return Math.min(waitFirstMs * 2 ** (failures - 1), waitMaxMs)
}
