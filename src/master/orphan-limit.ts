// Orphan collection takes what metadata does not know. Should metadata be wrong in a way that nobody has noticed, that is somebody's
// data: so it stops and asks before it takes more than 1 % of what a worker holds (at least 16 GiB) in a day. Metadata keeps the count,
// over crashes and from one lease holder to the next. What is known to have been an upload does not count.

import { dataIdBefore } from '../base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../base/ids.ts'
import { GIB, SECOND_MS } from '../base/units.ts'
import type { Fence } from '../meta/contract/conventions.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { ClusterMap } from './cluster-map.ts'
import { walkHeld } from './rebuild/held-data.ts'
import type { ListingWorkers } from './fragment-lists.ts'

export interface OrphanLimitPorts {
  readonly metadata: Pick<MetadataStore, 'countOrphans'>
  readonly clock: Clock
  readonly log: Log
  readonly map: Pick<ClusterMap, 'group'>
  readonly workers: ListingWorkers & { vitals(worker: WorkerId): { readonly usedBytes: number } | undefined }
}

export interface OrphanRequest {
  readonly worker: WorkerId
  readonly group: GroupId
  /** Without a row, below the horizon. */
  readonly ids: readonly DataId[]
  readonly fence: Fence
  readonly signal: AbortSignal
}

export const defaultOrphanBytesPerDay = 16 * GIB
const shareOfWorker = 0.01
/** That it asks is reported so often. */
const reportEveryMs = 600 * SECOND_MS

export class OrphanLimit {
  readonly #ports: OrphanLimitPorts
  readonly #bytesPerDayMin: number
  #reportedAtMs: number | undefined

  constructor(ports: OrphanLimitPorts, options: { readonly bytesPerDayMin: number }) {
    this.#ports = ports
    this.#bytesPerDayMin = options.bytesPerDayMin
  }

  /** Whether the ids may be taken away now. They are counted then. @throws FrostError where the worker does not answer. */
  async allows(request: OrphanRequest): Promise<boolean> {
    const { metadata, clock, workers, map } = this.#ports
    const { worker, group, fence } = request
    const bytes = await this.#bytesOf(request)
    // Once ids are dead they go everywhere. So they count at all workers that hold them.
    const holders = new Set([worker, ...(map.group(group)?.slots ?? []).map((slot) => slot.worker)])
    const limits = [...holders].map((holder) => {
      const usedBytes = workers.vitals(holder)?.usedBytes ?? 0
      return { worker: holder, bytesMax: Math.max(this.#bytesPerDayMin, usedBytes * shareOfWorker) }
    })
    const isAllowed = await metadata.countOrphans({ workers: limits, bytes, wallMs: clock.wallMs(), fence })
    if (!isAllowed) this.#report(group)
    return isAllowed
  }

  /** What the worker holds of the ids, which are in order: one pass over its list from the first to the last. */
  async #bytesOf({ worker, group, ids, signal }: OrphanRequest): Promise<number> {
    const [first] = ids
    const last = ids.at(-1)
    if (first === undefined || last === undefined) return 0
    const wanted = new Set(ids)
    const after = dataIdBefore(first)
    const walk = { group, workers: [worker], signal, ...(after === undefined ? {} : { after }) }
    let bytes = 0
    for await (const held of walkHeld(this.#ports.workers, walk)) {
      if (held.dataId > last) break
      if (wanted.has(held.dataId)) bytes += held.bytes
    }
    return bytes
  }

  #report(group: GroupId): void {
    const { clock, log } = this.#ports
    const nowMs = clock.monotonicMs()
    if (this.#reportedAtMs !== undefined && nowMs - this.#reportedAtMs < reportEveryMs) return
    this.#reportedAtMs = nowMs
    log.warn('Orphan collection has come to its limit of a day, and asks before it deletes more.', {
      group,
      remedy: 'Make sure that the metadata is the newest; `frostbyte status` says where to allow it, and how.',
    })
  }
}
