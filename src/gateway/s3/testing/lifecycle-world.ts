// The lifecycle task over objects in memory, in virtual time.

import { VirtualTime } from '../../../../sim/ports/clock.ts'
import { CollectingLog } from '../../../../sim/ports/log.ts'
import { DAY_MS, HOUR_MS } from '../../../base/units.ts'
import type { ObjectInfo, PutObject } from '../../../master/object-service.ts'
import type { AuditEntry } from '../../../ports/audit.ts'
import type { Clock } from '../../../ports/clock.ts'
import { lifecycleConfiguration } from '../documents/lifecycle-configuration.ts'
import type { LifecycleRule } from '../documents/lifecycle-configuration.ts'
import { LifecycleTask } from '../lifecycle/lifecycle-task.ts'
import { MemoryObjects } from './memory-objects.ts'

export function encodeRules(...rules: readonly Partial<LifecycleRule>[]): Uint8Array {
  return lifecycleConfiguration.encode({
    rules: rules.map((rule, index) => ({
      id: `r${index + 1}`,
      status: 'Enabled',
      filter: {},
      transitions: [],
      noncurrentVersionTransitions: [],
      ...rule,
    })),
  })
}

export const bucket = 'bucket'

export class LifecycleWorld {
  readonly time = new VirtualTime()
  /** Begins at a noon. */
  readonly clock: Clock = this.time.createClock({ wallMs: Date.UTC(2030, 0, 1) + 12 * HOUR_MS })
  readonly objects = new CountedObjects()
  readonly log = new CollectingLog()
  readonly audit: AuditEntry[] = []
  isAtWork = true
  task = this.#newTask()

  static async open(...rules: readonly Partial<LifecycleRule>[]): Promise<LifecycleWorld> {
    const world = new LifecycleWorld()
    world.objects.nowMs = () => world.clock.wallMs()
    await world.objects.createBucket({ name: bucket, owner: 'the owner' })
    if (rules.length > 0) await world.setRules(...rules)
    return world
  }

  /** Another process, or this one after a restart. */
  restart(): void {
    this.task = this.#newTask()
  }

  async setRules(...rules: readonly Partial<LifecycleRule>[]): Promise<void> {
    await this.objects.setSetting(bucket, 'lifecycle', rules.length === 0 ? undefined : encodeRules(...rules))
  }

  async put(key: string, request: Partial<PutObject> = {}, text = key): Promise<ObjectInfo> {
    const upload = await this.objects.put({ bucket, key, ...request })
    await upload.write(Buffer.from(text))
    return await upload.finish({})
  }

  async setVersioning(versioning: 'enabled' | 'suspended'): Promise<void> {
    await this.objects.changeBucket({ bucket, versioning })
  }

  /** Lets days go by, then lets the task do what there is to do. */
  async days(count: number): Promise<void> {
    await this.time.advance(count * DAY_MS)
    await this.work()
  }

  async work(): Promise<void> {
    while ((await this.task.step()) === 0);
  }

  /** Keys, markers in brackets, all versions from the newest. */
  async versions(): Promise<readonly string[]> {
    const { entries } = await this.objects.listVersions({ bucket, limit: 1000 })
    return entries.map(({ key, isMarker }) => (isMarker ? `[${key}]` : key))
  }

  #newTask(): LifecycleTask {
    const { objects, clock, log } = this
    const audit = { write: (entry: AuditEntry): void => void this.audit.push(entry) }
    return new LifecycleTask({ objects, clock, log, audit, isAtWork: () => this.isAtWork }, { dayMs: DAY_MS })
  }
}

/** Notes its listings, and lets a test come in between a judgement and what follows from it. */
class CountedObjects extends MemoryObjects {
  readonly listed: string[] = []
  settingsRead = 0
  beforeListing: () => Promise<unknown> = async () => undefined
  beforeRemoval: () => Promise<unknown> = async () => undefined

  override async settings(name: string): ReturnType<MemoryObjects['settings']> {
    this.settingsRead++
    return await super.settings(name)
  }

  override async listVersions(
    request: Parameters<MemoryObjects['listVersions']>[0],
  ): ReturnType<MemoryObjects['listVersions']> {
    await this.beforeListing()
    this.listed.push(`${request.bucket}:${request.prefix}>${request.after ?? ''}`)
    return await super.listVersions(request)
  }

  override async remove(request: Parameters<MemoryObjects['remove']>[0]): ReturnType<MemoryObjects['remove']> {
    await this.#comeIn()
    return await super.remove(request)
  }

  override async removeVersion(
    request: Parameters<MemoryObjects['removeVersion']>[0],
  ): ReturnType<MemoryObjects['removeVersion']> {
    await this.#comeIn()
    return await super.removeVersion(request)
  }

  async #comeIn(): Promise<void> {
    const { beforeRemoval } = this
    this.beforeRemoval = async () => undefined
    await beforeRemoval()
  }
}
