// Does to one version, or one unfinished upload, what the rules say is due. What was judged is named in the command, which the metadata
// decides in its transaction: the newest version by its id (and its tags, where tags decided), a noncurrent one as lying below so many
// kept ones, a delete marker as the only version there is. What has changed meanwhile is left for the next scan.

import { errorCode } from '../../../base/errors.ts'
import type { ObjectInfo, ObjectService } from '../../../master/object-service.ts'
import type { BucketRow } from '../../../meta/contract/bucket-metadata.ts'
import type { ChangeCause } from '../../../meta/contract/change-metadata.ts'
import type { HeadCondition } from '../../../meta/contract/head-condition.ts'
import type { MultipartRow } from '../../../meta/contract/multipart-metadata.ts'
import type { AuditLog } from '../../../ports/audit.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { BucketState } from '../bucket-cache.ts'
import { causeIn } from '../change-cause.ts'
import { abortOf, decideLifecycle } from '../rules/lifecycle.ts'
import type { LifecycleAction } from '../rules/lifecycle.ts'
import type { MutableCounts } from './lifecycle-counts.ts'
import type { ScanPlan } from './scan-plan.ts'
import type { WalkedVersion } from './version-walk.ts'

/** As whose doing audit lines name it: nobody sent a request. */
const actor = 'lifecycle'
/** As events of AWS name it. */
const eventActor = 's3.amazonaws.com'

export interface RemovalPorts {
  readonly objects: Pick<ObjectService, 'find' | 'remove' | 'removeVersion' | 'abort'>
  readonly clock: Clock
  readonly audit?: AuditLog | undefined
  readonly counts: MutableCounts
  readonly dayMs: number
}

/** The bucket as the scan has read it. */
export interface ScannedBucket {
  readonly row: BucketRow
  readonly plan: ScanPlan
  /** For whom to tell. */
  readonly state: BucketState
}

type Due = Exclude<LifecycleAction, { readonly kind: 'transition' }>

export class LifecycleRemoval {
  readonly #ports: RemovalPorts
  readonly #bucket: ScannedBucket

  constructor(ports: RemovalPorts, bucket: ScannedBucket) {
    this.#ports = ports
    this.#bucket = bucket
  }

  /** @throws FrostError what `ObjectService` does, but for what has changed or is locked. */
  async judge(version: WalkedVersion): Promise<void> {
    const { plan, row } = this.#bucket
    const { clock, dayMs, counts, objects } = this.#ports
    const time = { nowMs: clock.wallMs(), dayMs }
    let action = decideLifecycle(plan.untagged, { ...version, tags: [] }, time)
    if (action === undefined || action.kind === 'transition') return
    let info: ObjectInfo | undefined
    if (!version.isDeleteMarker && (plan.hasTags || row.objectLock === true)) {
      info = await objects.find({ bucket: row.name, key: version.key, version: version.version })
      if (info === undefined) return
    }
    if (plan.hasTags) {
      const tags = Object.entries(info?.tags ?? {}).map(([key, value]) => ({ key, value }))
      action = decideLifecycle(plan.configuration, { ...version, tags }, time)
      if (action === undefined || action.kind === 'transition') return
    }
    if (action.kind === 'remove' && isLocked(info, time.nowMs)) {
      counts.locked++
      return
    }
    await this.#unlessChanged(async () => await this.#apply(version, action, info))
  }

  async judgeUpload({ key, upload, createdMs }: MultipartRow): Promise<void> {
    const { objects, clock, counts, dayMs } = this.#ports
    const { row, plan } = this.#bucket
    const due = abortOf(plan.configuration, { key, initiatedMs: createdMs }, dayMs)
    if (due === undefined || due.dueMs > clock.wallMs()) return
    await this.#unlessChanged(async () => {
      await objects.abort({ bucket: row.name, key, upload })
      counts.abortedUploads++
      this.#audit('multipart:abort', key, due.ruleId)
    })
  }

  async #apply(version: WalkedVersion, action: Due, info: ObjectInfo | undefined): Promise<void> {
    const { objects } = this.#ports
    const { row, plan } = this.#bucket
    const file = { bucket: row.name, key: version.key }
    const tags = plan.hasTags ? { tags: info?.tags ?? {} } : {}
    const condition: HeadCondition = { kind: 'if-version', version: version.version, ...tags }
    if (action.kind === 'expire') {
      const owner = row.owner === undefined ? {} : { owner: row.owner }
      const { removed } = await objects.remove({ ...file, condition, ...owner, ...this.#cause(version.key) })
      this.#count('expired', removed)
    } else {
      const { newerNoncurrentMin: newerKeptMin } = action
      const place = newerKeptMin === undefined ? ({ onlyIfAlone: true } as const) : { newerKeptMin }
      // A delete marker passes no condition, and nothing of it can change.
      const decided = version.isDeleteMarker ? {} : { condition }
      const command = { ...file, version: version.version, ...place, ...decided, ...this.#cause(version.key) }
      const removed = await objects.removeVersion(command)
      if (removed === undefined) return
      this.#count(version.isDeleteMarker ? 'removedMarkers' : 'removedNoncurrent', removed)
    }
    this.#audit('file:delete', version.key, action.ruleId)
  }

  #count(what: 'expired' | 'removedMarkers' | 'removedNoncurrent', removed: ObjectInfo | undefined): void {
    const { counts } = this.#ports
    counts[what]++
    counts.removedBytes += removed?.sizeBytes ?? 0
  }

  async #unlessChanged(run: () => Promise<void>): Promise<void> {
    const { counts } = this.#ports
    try {
      await run()
    } catch (error) {
      const code = errorCode(error)
      if (code === 'object-locked') counts.locked++
      else if (code === 'precondition-failed' || code === 'upload-not-found') counts.changed++
      else throw error
    }
  }

  #cause(key: string): { readonly cause?: ChangeCause } {
    const who = { requestId: actor, address: eventActor, principal: eventActor }
    const atMs = this.#ports.clock.wallMs()
    const cause = causeIn(this.#bucket.state, { event: 's3:LifecycleExpiration:Delete', key, atMs, ...who })
    return cause === undefined ? {} : { cause }
  }

  #audit(action: string, key: string, ruleId: string): void {
    this.#ports.audit?.write({
      wallMs: this.#ports.clock.wallMs(),
      requestId: actor,
      decision: 'allowed',
      action,
      bucket: this.#bucket.row.name,
      key,
      credential: actor,
      address: '',
      reason: `rule ${JSON.stringify(ruleId)}`,
    })
  }
}

function isLocked(info: ObjectInfo | undefined, nowMs: number): boolean {
  const lock = info?.lock
  return lock !== undefined && (lock.legalHold === true || (lock.retainUntilMs ?? 0) > nowMs)
}
