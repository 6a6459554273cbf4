// Publishes every few seconds what this process has open (uploads and reads), so that others know what they may collect and purge;
// and the lease holder takes processes off the list that publish no more.

import { FrostError } from '../base/errors.ts'
import type { ProcessId } from '../base/ids.ts'
import { MINUTE_MS, SECOND_MS } from '../base/units.ts'
import { pageLimitMax } from '../meta/contract/conventions.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { BackgroundTask } from './background-task.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { OpenUploads, PublishPlan } from './open-uploads.ts'
import type { ReadGenerations } from './read-generations.ts'
import { repeatUntilKnown } from './repeat.ts'

const publishEveryMs = 2 * SECOND_MS
const ceilingAheadMs = 30 * SECOND_MS
export const defaultIntentAfterMs = 10 * MINUTE_MS
/** A process whose heartbeat stands still for so long is expired. */
const processExpiryMs = 30 * SECOND_MS
/** Longer ago its last look must not be, to go by what it saw before. */
const lookGapMaxMs = 10 * SECOND_MS

export interface PublisherPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly uploads: OpenUploads
  readonly reads: ReadGenerations
  /** The registration was expired by others: what this process has open is lost, and it must not serve on. */
  readonly onExpired: (error: FrostError) => void
}

export class Publisher implements BackgroundTask {
  readonly name = 'publisher'
  /** Others take a process for dead that has not published for long: it has no time to lose. */
  readonly retryMaxMs = publishEveryMs
  readonly #ports: PublisherPorts
  readonly #process: ProcessId
  readonly #intentAfterMs: number

  constructor(
    ports: PublisherPorts,
    options: {
      readonly process: ProcessId
      /** An upload that is open for so long gets an intent row. */
      readonly intentAfterMs?: number
    },
  ) {
    this.#ports = ports
    this.#process = options.process
    this.#intentAfterMs = options.intentAfterMs ?? defaultIntentAfterMs
  }

  async step(): Promise<number> {
    const { metadata, uploads, reads, clock } = this.#ports
    reads.advance(await metadata.visibleSequence())
    const plan = uploads.plan({ intentAfterMs: this.#intentAfterMs, ceilingAheadMs })
    for (let at = 0; at < plan.intents.length; at += pageLimitMax) {
      const command = { process: this.#process, refs: plan.intents.slice(at, at + pageLimitMax) }
      // Known for certain, so that none is added after its upload has ended and its rows are removed.
      const added = await repeatUntilKnown(clock, async () => await metadata.addIntents(command))
      if (added === 'expired') return this.#expired()
    }
    const { publishedMs, ceilingMs } = plan
    const published = await metadata.publish({
      process: this.#process,
      publishedMs,
      ceilingMs,
      purgeSequence: reads.endedBefore(),
    })
    if (published === 'expired') return this.#expired()
    plan.done(published)
    await this.#removeIntents(plan)
    return publishEveryMs
  }

  async #removeIntents(plan: PublishPlan): Promise<void> {
    const { ended } = plan
    for (let at = 0; at < ended.length; at += pageLimitMax) {
      const refs = ended.slice(at, at + pageLimitMax)
      await this.#ports.metadata.removeIntents({ process: this.#process, refs })
    }
    plan.removed()
  }

  #expired(): number {
    this.#ports.onExpired(
      new FrostError('metadata-unavailable', 'Other masters took this process for dead and expired it.', {
        remedy: 'It starts anew by itself.',
      }),
    )
    return MINUTE_MS
  }
}

/** Run by the lease holder. */
export class ProcessExpiry implements BackgroundTask {
  readonly name = 'process expiry'
  readonly #metadata: MetadataStore
  readonly #clock: Clock
  readonly #lease: LeaseKeeper
  readonly #process: ProcessId
  readonly #seen = new Map<ProcessId, { readonly heartbeat: number; readonly sinceMs: number }>()
  #lookedAtMs = 0

  constructor(
    ports: { readonly metadata: MetadataStore; readonly clock: Clock; readonly lease: LeaseKeeper },
    process: ProcessId,
  ) {
    this.#metadata = ports.metadata
    this.#clock = ports.clock
    this.#lease = ports.lease
    this.#process = process
  }

  async step(): Promise<number> {
    const { fence } = this.#lease
    if (fence === undefined) return publishEveryMs
    const rows = await this.#metadata.listProcesses()
    const nowMs = this.#clock.monotonicMs()
    // While it could not look (metadata was away, this process stood still), the others may not have been able to publish either.
    if (nowMs - this.#lookedAtMs > lookGapMaxMs) this.#seen.clear()
    this.#lookedAtMs = nowMs
    for (const known of this.#seen.keys()) if (!rows.some((row) => row.process === known)) this.#seen.delete(known)
    for (const { process, heartbeat } of rows) {
      const seen = this.#seen.get(process)
      if (seen === undefined || seen.heartbeat !== heartbeat) this.#seen.set(process, { heartbeat, sinceMs: nowMs })
      else if (process !== this.#process && nowMs - seen.sinceMs >= processExpiryMs)
        await this.#metadata.expireProcess({ process, heartbeat, fence })
    }
    return publishEveryMs
  }
}
