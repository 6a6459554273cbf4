// Applies the lifecycle rules of all buckets, once in a "day" each, soon after its midnight (UTC): runs in every process of a master, and
// works in the one that holds the lease of the background work. Buckets without rules are never looked at.
//
// It takes a share of the time only: after each page it rests for twice as long as the page took, so it yields where the cluster is busy.
// A bucket is left for the next one after a minute of it, and taken up again in the next round, so that a large one does not keep the
// others waiting. How far each is, is kept with the bucket about once a minute. Were two processes to scan at once (a lease that
// was lost unnoticed), each removal would still be decided on what was judged.

import { AssertionError } from '../../../base/assert.ts'
import { FrostError } from '../../../base/errors.ts'
import { MINUTE_MS, SECOND_MS } from '../../../base/units.ts'
import type { BackgroundTask } from '../../../master/background-task.ts'
import type { AuditLog } from '../../../ports/audit.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Log } from '../../../ports/log.ts'
import type { ObjectService } from '../../../master/object-service.ts'
import { BucketScan } from './bucket-scan.ts'
import { newCounts } from './lifecycle-counts.ts'
import type { LifecycleCounts } from './lifecycle-counts.ts'
import { decodeProgress } from './scan-progress.ts'

export interface LifecyclePorts {
  readonly objects: ObjectService
  readonly clock: Clock
  readonly log: Log
  readonly audit?: AuditLog | undefined
  /** Whether this process does the background work, and may change files. */
  readonly isAtWork: () => boolean
}

export interface LifecycleOptions {
  /** How long a day of the rules is, in milliseconds: 86,400,000, but for tests. At least 100. */
  readonly dayMs: number
}

/** Of a bucket, until when on the monotonic clock. */
interface Turn {
  readonly scan: BucketScan
  readonly day: number
  readonly untilMs: number
}

/** Rests for so many times as long as it worked: MinIO and Garage have found 2 to be unnoticed. */
const restFactor = 2
const restMaxMs = 10 * SECOND_MS
const sliceMs = MINUTE_MS
/** Rules that are new are found so soon, at the latest; a day that is shorter has ten looks. */
const lookEveryMsMax = MINUTE_MS
/** Each up to 512 KiB. */
const rulesPage = 16

export class LifecycleTask implements BackgroundTask {
  readonly name = 'lifecycle'
  readonly #ports: LifecyclePorts
  readonly #dayMs: number
  readonly #counts = newCounts()
  /** Buckets whose scan of one day is known to have ended. */
  readonly #done = new Set<string>()
  #doneDay = 0
  #scan: Turn | undefined
  /** Of the round that is under way: the last bucket whose turn it was. */
  #after: string | undefined
  /** Of the round: a bucket's scan has not ended. */
  #isUnfinished = false

  constructor(ports: LifecyclePorts, { dayMs }: LifecycleOptions) {
    this.#ports = ports
    this.#dayMs = dayMs
  }

  get counts(): LifecycleCounts {
    return this.#counts
  }

  async step(): Promise<number> {
    const { clock, isAtWork } = this.#ports
    if (!isAtWork()) {
      this.#forget()
      return this.#lookEveryMs
    }
    const startedMs = clock.monotonicMs()
    const isIdle = !(await this.#work())
    return isIdle ? this.#untilNextLookMs() : Math.min(restMaxMs, restFactor * (clock.monotonicMs() - startedMs))
  }

  /** What it knows is another process's from now on, or stored. */
  #forget(): void {
    this.#scan = undefined
    this.#after = undefined
    this.#isUnfinished = false
    this.#done.clear()
  }

  /** Whether there is more to do. */
  async #work(): Promise<boolean> {
    this.#scan ??= await this.#next()
    const current = this.#scan
    if (current === undefined) {
      const isUnfinished = this.#isUnfinished
      this.#after = undefined
      this.#isUnfinished = false
      return isUnfinished
    }
    const { scan, day, untilMs } = current
    const isDone = await this.#stepOf(scan)
    if (isDone === undefined) return true
    if (!isDone && this.#ports.clock.monotonicMs() < untilMs) return true
    await scan.save()
    this.#scan = undefined
    if (isDone) this.#end(scan.bucket, day)
    else this.#isUnfinished = true
    return true
  }

  /** `undefined`: it failed for reasons of its own, and the others go on; it is tried again at the next look. */
  async #stepOf(scan: BucketScan): Promise<boolean | undefined> {
    try {
      return await scan.step()
    } catch (error) {
      if (error instanceof AssertionError || (error instanceof FrostError && error.retry !== 'never')) throw error
      const { bucket } = scan
      this.#ports.log.error('The lifecycle rules of a bucket could not be applied.', error, { bucket })
      this.#scan = undefined
      return undefined
    }
  }

  #end(bucket: string, day: number): void {
    const { clock, log } = this.#ports
    if (day === this.#doneDay) this.#done.add(bucket)
    this.#counts.scans++
    this.#counts.lastScanMs = clock.wallMs()
    log.debug('The lifecycle rules of a bucket have been applied.', { bucket, day })
  }

  /** The next bucket of the round whose scan of today has not ended. */
  async #next(): Promise<Turn | undefined> {
    const { objects, clock } = this.#ports
    const day = this.#today()
    if (day !== this.#doneDay) this.#done.clear()
    this.#doneDay = day
    for (;;) {
      const after = this.#after === undefined ? {} : { after: this.#after }
      const page = await objects.listSettings({ kind: 'lifecycle', limit: rulesPage, ...after })
      for (const { bucket } of page) {
        this.#after = bucket
        if (this.#done.has(bucket)) continue
        const progress = decodeProgress((await objects.settings(bucket))['lifecycle-scan'])
        if (progress?.day === day && progress.isDone) {
          this.#done.add(bucket)
          continue
        }
        const from = progress === undefined || progress.isDone ? { day, phase: 'versions' as const } : progress
        const ports = { ...this.#ports, counts: this.#counts, dayMs: this.#dayMs }
        return { scan: new BucketScan(ports, bucket, from), day: from.day, untilMs: clock.monotonicMs() + sliceMs }
      }
      if (page.length < rulesPage) return undefined
    }
  }

  #today(): number {
    return Math.floor(this.#ports.clock.wallMs() / this.#dayMs)
  }

  get #lookEveryMs(): number {
    return Math.min(lookEveryMsMax, this.#dayMs / 10)
  }

  #untilNextLookMs(): number {
    const untilMidnightMs = this.#dayMs - (this.#ports.clock.wallMs() % this.#dayMs)
    return Math.min(this.#lookEveryMs, untilMidnightMs)
  }
}
