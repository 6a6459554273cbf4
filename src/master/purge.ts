// Deletes on the workers what metadata has decided is dead, entry by entry of the purge queue. Every decision is durable in metadata before
// a worker is asked to delete anything, so a repeat or a former lease holder does no harm.
//
// An entry leaves the queue when those workers that answer have dropped it. Who is away, or fails, keeps what it has: the row stays `dead`
// as long as any worker may list the id, and orphan collection (orphans.ts) deletes it there soon after the worker is back. So no single
// worker stops the purge.

import { FrostError, errorCode } from '../base/errors.ts'
import type { DataId, GroupId, WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { PurgeEntry } from '../meta/contract/data-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Log } from '../ports/log.ts'
import type { BackgroundTask } from './background-task.ts'
import type { ClusterHistory } from './cluster-history.ts'
import type { ClusterMap } from './cluster-map.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import type { ConnectedWorkers } from './worker-links.ts'

const pageSize = 1000
/** Groups whose entries are dropped at once. */
const groupsAtOnce = 16
const dropDeadlineMs = 30 * SECOND_MS
const idleMs = 2 * SECOND_MS

export interface PurgePorts {
  readonly metadata: MetadataStore
  readonly map: ClusterMap
  readonly workers: ConnectedWorkers
  readonly lease: LeaseKeeper
  readonly history: ClusterHistory
  readonly log: Log
}

export class PurgeTask implements BackgroundTask {
  readonly name = 'purge'
  readonly #ports: PurgePorts

  constructor(ports: PurgePorts) {
    this.#ports = ports
  }

  async step(signal: AbortSignal): Promise<number> {
    const { metadata, lease, history } = this.#ports
    const { fence } = lease
    if (fence === undefined || !(await history.mayDelete())) return idleMs
    const entries = await metadata.nextPurge({ limit: pageSize })
    if (entries.length === 0) return idleMs
    const groups = [...byGroup(entries)]
    const done: PurgeEntry[] = []
    for (let at = 0; at < groups.length; at += groupsAtOnce) {
      const drops = groups.slice(at, at + groupsAtOnce).map(async ([group, refs]) => {
        if (await this.#drop(group, refs, signal)) done.push(...refs)
      })
      await Promise.all(drops)
    }
    if (done.length > 0) await metadata.removePurged({ entries: done, fence })
    return done.length === entries.length ? 0 : idleMs
  }

  /** Any worker can be a stand-in, so all are asked. False where none has dropped them. */
  async #drop(group: GroupId, refs: readonly PurgeEntry[], signal: AbortSignal): Promise<boolean> {
    const ids = refs.map((ref) => ref.dataId)
    const drops = this.#ports.workers.connected().map(async (worker) => {
      const hasDropped = await dropAt(this.#ports, { worker, group, ids, signal })
      if (!hasDropped) this.#ports.workers.markBehind(worker)
      return hasDropped
    })
    return (await Promise.all(drops)).some((dropped) => dropped)
  }
}

export interface DropAt {
  readonly worker: WorkerId
  readonly group: GroupId
  readonly ids: readonly DataId[]
  readonly signal: AbortSignal
}

/** Whether the worker has durably dropped everything of the ids. */
export async function dropAt(ports: PurgePorts, drop: DropAt): Promise<boolean> {
  const { worker, group, ids, signal } = drop
  try {
    try {
      await dropOnce(ports, drop)
    } catch (error) {
      if (errorCode(error) !== 'epoch-stale') throw error
      await ports.map.refresh()
      await dropOnce(ports, drop)
    }
    return true
  } catch (error) {
    if (!(error instanceof FrostError)) throw error
    if (!signal.aborted) {
      const reason = `${error.code}: ${error.message}`
      ports.log.warn('A worker did not drop data; it is asked again.', { worker, group, ids: ids.length, reason })
    }
    return false
  }
}

async function dropOnce({ workers, map }: PurgePorts, { worker, group, ids, signal }: DropAt): Promise<void> {
  const link = workers.link(worker)
  const known = map.group(group)
  if (link === undefined) throw new FrostError('peer-unreachable', `Worker ${worker} is not connected.`)
  if (known === undefined) throw new FrostError('epoch-stale', `Placement group ${group} is not known.`)
  await link.drop(group, known.epoch, ids, { deadlineMs: dropDeadlineMs, signal })
}

function byGroup(entries: readonly PurgeEntry[]): ReadonlyMap<GroupId, readonly PurgeEntry[]> {
  const groups = new Map<GroupId, PurgeEntry[]>()
  for (const entry of entries) {
    const group = groups.get(entry.group)
    if (group === undefined) groups.set(entry.group, [entry])
    else group.push(entry)
  }
  return groups
}
