// One scan of one bucket: a walk over the versions that its rules can concern, then over its unfinished uploads, page by page. The rules
// are read again for each page, so that a rule that is taken back removes nothing more. Between pages it is only a position, and a page
// that failed is looked at again.

import { errorCode } from '../../../base/errors.ts'
import type { ObjectService } from '../../../master/object-service.ts'
import type { ListMultiparts } from '../../../meta/contract/multipart-metadata.ts'
import type { ListVersionsRequest } from '../../../meta/contract/version-metadata.ts'
import { BucketState } from '../bucket-cache.ts'
import { lifecycleConfiguration } from '../documents/lifecycle-configuration.ts'
import { LifecycleRemoval } from './lifecycle-removal.ts'
import type { RemovalPorts } from './lifecycle-removal.ts'
import { planScan } from './scan-plan.ts'
import type { ScanPlan } from './scan-plan.ts'
import { encodeProgress } from './scan-progress.ts'
import type { ScanProgress } from './scan-progress.ts'
import { walkVersions } from './version-walk.ts'
import type { HeldVersion } from './version-walk.ts'

/** Versions or uploads of one page: a listing that holds up other requests for a millisecond or so. */
const pageSize = 200
/** Removals at a time: enough to share synced commits, few beside those of clients. */
const removalsMax = 8

export interface BucketScanPorts extends RemovalPorts {
  readonly objects: ObjectService
}

/** The rules as they were read last, and what they ask for. */
interface Rules {
  readonly stored: Uint8Array
  readonly versioning: string | undefined
  readonly plan: ScanPlan
}

type VersionsStart = Pick<ListVersionsRequest, 'after' | 'afterVersion'>
type UploadsStart = Pick<ListMultiparts, 'afterKey' | 'afterUpload'>

export class BucketScan {
  readonly bucket: string
  readonly #ports: BucketScanPorts
  readonly #day: number
  #rules: Rules | undefined
  #phase: ScanProgress['phase']
  #isDone = false
  /** Of those of the phase, the one that is walked. */
  #prefixIndex = 0
  /** All versions of the keys up to this one have been looked at. */
  #after: string | undefined
  #versionsStart: VersionsStart
  #held: HeldVersion | undefined
  #uploadsStart: UploadsStart = {}

  /** `from`: the beginning of a day's scan, or where it was interrupted. */
  constructor(ports: BucketScanPorts, bucket: string, from: Pick<ScanProgress, 'day' | 'phase' | 'after'>) {
    this.bucket = bucket
    this.#ports = ports
    this.#day = from.day
    this.#phase = from.phase
    this.#after = from.after
    this.#versionsStart = afterKey(from.after)
  }

  /** Looks at one page; whether that was the end. @throws FrostError as `ObjectService`; then the page is looked at again. */
  async step(): Promise<boolean> {
    try {
      await this.#stepPage()
    } catch (error) {
      if (errorCode(error) !== 'bucket-not-found') throw error
      this.#isDone = true
    }
    return this.#isDone
  }

  /** Stores how far it is. */
  async save(): Promise<void> {
    const after = this.#phase === 'versions' && this.#after !== undefined ? { after: this.#after } : {}
    const progress = encodeProgress({ day: this.#day, isDone: this.#isDone, phase: this.#phase, ...after })
    try {
      await this.#ports.objects.setSetting(this.bucket, 'lifecycle-scan', progress)
    } catch (error) {
      if (errorCode(error) !== 'bucket-not-found') throw error
    }
  }

  async #stepPage(): Promise<void> {
    const { objects } = this.#ports
    const [row, settings] = await Promise.all([objects.findBucket(this.bucket), objects.settings(this.bucket)])
    const stored = settings.lifecycle
    if (row === undefined || stored === undefined) {
      this.#isDone = true
      return
    }
    const plan = this.#planOf(stored, row)
    const removal = new LifecycleRemoval(this.#ports, { row, plan, state: new BucketState(row, settings) })
    const prefixes = this.#phase === 'versions' ? plan.prefixes : plan.uploadPrefixes
    const prefix = prefixes[this.#prefixIndex]
    if (prefix === undefined) this.#endPhase()
    else if (this.#phase === 'versions') await this.#stepVersions(prefix, removal)
    else await this.#stepUploads(prefix, removal)
  }

  #planOf(stored: Uint8Array, row: Parameters<typeof planScan>[1]): ScanPlan {
    const known = this.#rules
    const isKnown = known?.versioning === row.versioning && Buffer.compare(known?.stored ?? empty, stored) === 0
    if (known !== undefined && isKnown) return known.plan
    const plan = planScan(lifecycleConfiguration.decode(stored), row)
    if (known !== undefined) {
      // Other prefixes; of those before here nothing is left to be listed.
      this.#prefixIndex = 0
      this.#held = undefined
      this.#versionsStart = afterKey(this.#after)
      this.#uploadsStart = {}
    }
    this.#rules = { stored, versioning: row.versioning, plan }
    return plan
  }

  #endPhase(): void {
    if (this.#phase === 'uploads') this.#isDone = true
    this.#phase = 'uploads'
    this.#prefixIndex = 0
  }

  async #stepVersions(prefix: string, removal: LifecycleRemoval): Promise<void> {
    const { objects, counts } = this.#ports
    const request = { bucket: this.bucket, prefix, limit: pageSize, ...this.#versionsStart }
    const { entries, next } = await objects.listVersions(request)
    const { versions, held, doneKey } = walkVersions(this.#held, entries, next === undefined)
    await inParallel(versions, async (version) => await removal.judge(version))
    counts.scannedVersions += versions.length
    this.#held = held
    this.#after = doneKey ?? this.#after
    this.#versionsStart = next ?? afterKey(this.#after)
    if (next === undefined) this.#prefixIndex++
  }

  async #stepUploads(prefix: string, removal: LifecycleRemoval): Promise<void> {
    const { objects, counts } = this.#ports
    const request = { bucket: this.bucket, prefix, limit: pageSize, ...this.#uploadsStart }
    const { uploads, next } = await objects.listMultiparts(request)
    await inParallel(uploads, async (upload) => await removal.judgeUpload(upload))
    counts.scannedUploads += uploads.length
    this.#uploadsStart = next ?? {}
    if (next === undefined) this.#prefixIndex++
  }
}

const empty = new Uint8Array(0)

function afterKey(after: string | undefined): VersionsStart {
  return after === undefined ? {} : { after }
}

/** @throws what the first of them throws; when it does, none is under way. */
async function inParallel<T>(items: readonly T[], run: (item: T) => Promise<void>): Promise<void> {
  const rest = items.values()
  let hasFailed = false
  const loops = Array.from({ length: Math.min(removalsMax, items.length) }, async () => {
    for (const item of rest) {
      if (hasFailed) return
      try {
        await run(item)
      } catch (error) {
        hasFailed = true
        throw error
      }
    }
  })
  const ended = await Promise.allSettled(loops)
  for (const loop of ended) if (loop.status === 'rejected') throw loop.reason
}
