// Deletes what metadata has decided is dead: the purge queue first, then, for workers that were away, what they still list.
// Every decision is durable in metadata before a worker is asked to delete anything, so a repeat or a former lease holder does no harm.

import type { GroupId } from '../base/ids.ts'
import { dataIdTimeMs } from '../base/ids.ts'
import type { DataId, WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { PurgeEntry } from '../meta/contract/data-metadata.ts'
import type { DataRef } from '../meta/contract/conventions.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { BackgroundTask } from './background-task.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { WorkerLink } from './worker-link.ts'
import type { ConnectedWorkers } from './worker-links.ts'

const pageSize = 1000
const callDeadlineMs = 30 * SECOND_MS
const idleMs = 2 * SECOND_MS
/** After a worker has connected: what it is asked to drop meanwhile need not be looked for. */
const connectedMs = 5 * SECOND_MS
/** For what the purge queue still held. */
const againMs = 10 * SECOND_MS

export interface PurgePorts {
  readonly metadata: MetadataStore
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly log: Log
  readonly clock: Clock
}

/**
 * Empties the purge queue. Workers that are away keep what they have; the row stays `dead`, so orphan collection deletes it when
 * they are back.
 */
export class PurgeTask implements BackgroundTask {
  readonly name = 'purge'
  readonly #ports: PurgePorts

  constructor(ports: PurgePorts) {
    this.#ports = ports
  }

  async step(): Promise<number> {
    const { metadata, lease } = this.#ports
    const { fence } = lease
    if (fence === undefined) return idleMs
    const entries = await metadata.nextPurge({ limit: pageSize })
    if (entries.length === 0) return idleMs
    const outcomes = await Promise.all(
      [...byGroup(entries)].map(async ([group, refs]) => ({ group, dropped: await this.#drop(group, refs) })),
    )
    const dropped = new Set(outcomes.filter((outcome) => outcome.dropped).map((outcome) => outcome.group))
    const done = entries.filter((entry) => dropped.has(entry.group))
    if (done.length > 0) await metadata.removePurged({ entries: done, fence })
    return done.length === entries.length ? 0 : idleMs
  }

  /** Whether every connected worker has durably dropped them, stand-ins included: any worker can be one. */
  async #drop(group: GroupId, refs: readonly PurgeEntry[]): Promise<boolean> {
    const workers = this.#ports.workers.connected()
    const ids = refs.map((ref) => ref.dataId)
    const drops = workers.map(async (worker) => await dropAt(this.#ports, worker, group, ids))
    return (await Promise.all(drops)).every((dropped) => dropped)
  }
}

/** The connection over which a worker was walked over last, and when it is its turn again. */
interface Walk {
  readonly link: WorkerLink | undefined
  dueAtMs: number
}

/**
 * Walks over what the connected workers list, and deletes there what is dead. An id without a row that is below the horizon belongs
 * to no upload in progress: it becomes `dead` first. Then takes the rows of the dead away that no worker lists any more.
 * Each worker has its turn every so often, and soon after it has connected: while it was away, the purge queue passed it by.
 */
export class OrphanTask implements BackgroundTask {
  readonly name = 'orphan collection'
  readonly #ports: PurgePorts
  readonly #everyMs: number
  readonly #walks = new Map<WorkerId, Walk>()
  #rowsDueAtMs = Number.NEGATIVE_INFINITY

  constructor(ports: PurgePorts, options: { readonly everyMs: number }) {
    this.#ports = ports
    this.#everyMs = options.everyMs
  }

  async step(signal: AbortSignal): Promise<number> {
    const { clock, lease, map } = this.#ports
    if (lease.fence === undefined) return idleMs
    const due = this.#dueWorkers()
    const areRowsDue = clock.monotonicMs() >= this.#rowsDueAtMs
    if (due.length === 0 && !areRowsDue) return Math.min(idleMs, this.#everyMs)
    const unfinished = new Set<WorkerId>()
    for (const { group } of map.groups) {
      for (const worker of due) {
        if (!(await this.#collect(worker, group, signal))) unfinished.add(worker)
      }
      if (areRowsDue) await this.#removeDeadRows(group, signal)
    }
    const nowMs = clock.monotonicMs()
    for (const worker of due) {
      const walk = this.#walks.get(worker)
      if (walk !== undefined) walk.dueAtMs = nowMs + (unfinished.has(worker) ? againMs : this.#everyMs)
    }
    if (areRowsDue) this.#rowsDueAtMs = nowMs + this.#everyMs
    return Math.min(idleMs, this.#everyMs)
  }

  #dueWorkers(): readonly WorkerId[] {
    const { clock, workers } = this.#ports
    const nowMs = clock.monotonicMs()
    return workers.connected().filter((worker) => {
      const link = workers.link(worker)
      let walk = this.#walks.get(worker)
      if (walk === undefined || walk.link !== link) {
        walk = { link, dueAtMs: nowMs + connectedMs }
        this.#walks.set(worker, walk)
      }
      return nowMs >= walk.dueAtMs
    })
  }

  /** False where something dead may be left. */
  async #collect(worker: WorkerId, group: GroupId, signal: AbortSignal): Promise<boolean> {
    const { metadata, workers } = this.#ports
    let isFinished = true
    let after: DataId | undefined
    for (;;) {
      signal.throwIfAborted()
      const link = workers.link(worker)
      if (link === undefined || this.#ports.lease.fence === undefined) return false
      // The horizon is read before the list: what the list shows below it was not open then.
      const horizonMs = await metadata.horizon()
      const ids = await link.listIds(group, after, pageSize, { deadlineMs: callDeadlineMs, signal })
      const { dead, waiting } = await this.#findDead(
        group,
        ids.filter((id) => dataIdTimeMs(id) < horizonMs),
      )
      if (waiting > 0) isFinished = false
      if (dead.length > 0) {
        const dropped = await dropAt(this.#ports, worker, group, dead)
        if (!dropped) isFinished = false
        this.#ports.log.info('Orphaned data was removed from a worker.', { worker, group, ids: dead.length, dropped })
      }
      after = ids.at(-1)
      if (ids.length < pageSize) return isFinished
    }
  }

  /** What can be deleted, and how many are dead besides but still in the purge queue. */
  async #findDead(
    group: GroupId,
    ids: readonly DataId[],
  ): Promise<{ readonly dead: readonly DataId[]; readonly waiting: number }> {
    if (ids.length === 0) return { dead: [], waiting: 0 }
    const { metadata } = this.#ports
    const refs = ids.map((dataId) => ({ group, dataId }))
    const rows = await metadata.getDataRows(refs)
    const unknown = refs.filter((_, index) => rows[index] === undefined)
    const outcomes = unknown.length === 0 ? [] : await metadata.discard({ refs: unknown, queue: false })
    const discarded = unknown.filter((_, index) => outcomes[index] === 'dead')
    const isDead = (committed: boolean): readonly DataRef[] =>
      refs.filter((_, index) => {
        const row = rows[index]
        return row?.state === 'dead' && row.committed === committed
      })
    // What the purge queue still holds may be read by somebody: only what no read can see goes. Rows that were never committed cannot be.
    const once = isDead(true)
    const purged = await this.#notQueued(once)
    return {
      dead: [...discarded, ...isDead(false), ...purged].map((ref) => ref.dataId),
      waiting: once.length - purged.length,
    }
  }

  /** Committed once, dead now, and the purge queue has finished with them. */
  async #notQueued(refs: readonly DataRef[]): Promise<readonly DataRef[]> {
    if (refs.length === 0) return []
    return (await this.#ports.metadata.purgeQueueLength()) === 0 ? refs : []
  }

  async #removeDeadRows(group: GroupId, signal: AbortSignal): Promise<void> {
    const { metadata, workers } = this.#ports
    const known = await metadata.listWorkers()
    if (!known.every(({ worker, state }) => state === 'out' || workers.link(worker) !== undefined)) return
    const below = await metadata.horizon()
    let after: DataId | undefined
    for (;;) {
      signal.throwIfAborted()
      const { fence } = this.#ports.lease
      if (fence === undefined) return
      const rows = await metadata.listDataRows({
        group,
        state: 'dead',
        below,
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      })
      const refs = rows.map((row) => ({ group, dataId: row.dataId }))
      const listed = refs.length === 0 ? new Set<DataId>() : await this.#listedAnywhere(group, refs, signal)
      const free = refs.filter((ref) => !listed.has(ref.dataId))
      if (free.length > 0) await metadata.removeDeadRows({ refs: free, fence })
      after = refs.at(-1)?.dataId
      if (rows.length < pageSize || after === undefined) return
    }
  }

  async #listedAnywhere(group: GroupId, refs: readonly DataRef[], signal: AbortSignal): Promise<ReadonlySet<DataId>> {
    const wanted = new Set(refs.map((ref) => ref.dataId))
    const last = refs.at(-1)?.dataId
    const listed = new Set<DataId>()
    for (const worker of this.#ports.workers.connected()) {
      let after: DataId | undefined
      for (;;) {
        const link = this.#ports.workers.link(worker)
        if (link === undefined) return wanted
        const ids = await link.listIds(group, after, pageSize, { deadlineMs: callDeadlineMs, signal })
        for (const id of ids) if (wanted.has(id)) listed.add(id)
        after = ids.at(-1)
        if (ids.length < pageSize || after === undefined || (last !== undefined && after >= last)) break
      }
    }
    return listed
  }
}

async function dropAt(ports: PurgePorts, worker: WorkerId, group: GroupId, ids: readonly DataId[]): Promise<boolean> {
  const link = ports.workers.link(worker)
  const known = ports.map.group(group)
  if (link === undefined || known === undefined) return false
  try {
    await link.drop(group, known.epoch, ids, { deadlineMs: callDeadlineMs })
    return true
  } catch (error) {
    ports.log.warn('A worker did not drop data; it is asked again.', { worker, group, reason: String(error) })
    return false
  }
}

function byGroup<T extends DataRef>(refs: readonly T[]): ReadonlyMap<GroupId, readonly T[]> {
  const groups = new Map<GroupId, T[]>()
  for (const ref of refs) {
    const group = groups.get(ref.group)
    if (group === undefined) groups.set(ref.group, [ref])
    else group.push(ref)
  }
  return groups
}
