// Orphan collection: deletes what workers hold that metadata does not want. Uploads whose master crashed, what a worker that
// was away missed of the purge, and puts that arrived after everything else was over. Walks over what a worker lists, and
// deletes there what is dead:
//
// - never committed: no read has ever seen it;
// - committed once: only when every read that could see it has ended, as the purge does.
//
// An id without a row below the horizon belongs to no upload in progress: it becomes `dead` first, which nobody can undo.
// Then the rows of the dead go that no worker lists any more and that are below the horizon, provided that all were asked: only
// for the ids next to a dead one, so that this costs what is dead and not what is alive.
//
// All workers are walked over every `everyMs`; one that has just connected, or has failed to drop what the purge asked, soon
// after that. A worker that fails is left out until the next time, and nobody waits for it.

import { FrostError } from '../base/errors.ts'
import { dataIdTimeMs } from '../base/ids.ts'
import type { DataId, GroupId, WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import type { DataRow } from '../meta/contract/data-metadata.ts'
import type { Clock } from '../ports/clock.ts'
import type { BackgroundTask } from './background-task.ts'
import { findListed } from './listed-ids.ts'
import { OrphanLimit } from './orphan-limit.ts'
import type { OrphanRequest } from './orphan-limit.ts'
import { dropAt } from './purge.ts'
import type { PurgePorts } from './purge.ts'
import type { WorkerLink } from './worker-link.ts'

const pageSize = 1000
const listDeadlineMs = 30 * SECOND_MS
const idleMs = 2 * SECOND_MS

export interface OrphanPorts extends PurgePorts {
  readonly clock: Clock
}

interface Walked {
  readonly worker: WorkerId
  readonly group: GroupId
  readonly signal: AbortSignal
}

interface Bounds {
  readonly horizonMs: number
  /** What was made before may belong to a file that a rebuild of metadata has not found whole yet. */
  readonly unsettledBelowMs: number
  /** The number below which no read can see what was deleted. */
  readonly readsEndedBefore: number
}

export class OrphanTask implements BackgroundTask {
  readonly name = 'orphan collection'
  readonly #ports: OrphanPorts
  readonly #everyMs: number
  /** Of the next walk over everything; the first one follows the start. */
  #nextAllMs = 0
  readonly #limit: OrphanLimit

  constructor(ports: OrphanPorts, options: { readonly everyMs: number; readonly bytesPerDayMin: number }) {
    this.#ports = ports
    this.#everyMs = options.everyMs
    this.#limit = new OrphanLimit(ports, options)
  }

  async step(signal: AbortSignal): Promise<number> {
    const { clock, lease, workers, history } = this.#ports
    if (lease.fence === undefined || !(await history.mayDelete())) return idleMs
    const behind = workers.takeBehind()
    if (clock.monotonicMs() >= this.#nextAllMs) {
      await this.#walk(workers.connected(), signal)
      this.#nextAllMs = clock.monotonicMs() + this.#everyMs
    } else if (behind.length > 0) {
      await this.#walk(behind, signal)
    }
    return Math.min(idleMs, this.#everyMs)
  }

  async #walk(walked: readonly WorkerId[], signal: AbortSignal): Promise<void> {
    const failed = new Set<WorkerId>()
    for (const { group } of this.#ports.map.groups) {
      for (const worker of walked) {
        if (failed.has(worker)) continue
        if (!(await this.#collect(worker, group, signal))) failed.add(worker)
      }
      if (failed.size === 0) await this.#removeDeadRows(group, signal)
    }
  }

  /** False where the worker failed. */
  async #collect(worker: WorkerId, group: GroupId, signal: AbortSignal): Promise<boolean> {
    const { metadata, workers, lease, log, history } = this.#ports
    let after: DataId | undefined
    for (;;) {
      signal.throwIfAborted()
      const link = workers.link(worker)
      if (link === undefined) return false
      if (lease.fence === undefined || !(await history.mayDelete())) return true
      const { unsettledBelowMs = 0 } = await history.look()
      // Both are read before the list: what it shows without a row below the horizon was not open then, nor seen by a read from before.
      const horizonMs = await metadata.horizon()
      const readsEndedBefore = await this.#readsEndedBefore()
      const ids = await this.#list(link, { group, after, signal })
      if (ids === undefined) return false
      const dead = await this.#findDead({ worker, group, signal }, ids, {
        horizonMs,
        unsettledBelowMs,
        readsEndedBefore,
      })
      if (dead === undefined) return false
      if (dead.length > 0) {
        if (!(await dropAt(this.#ports, { worker, group, ids: dead, signal }))) return false
        log.info('Orphaned data was removed from a worker.', { worker, group, ids: dead.length })
      }
      after = ids.at(-1)
      if (ids.length < pageSize) return true
    }
  }

  /** The number below which no read of any process can see what was deleted. */
  async #readsEndedBefore(): Promise<number> {
    const processes = await this.#ports.metadata.listProcesses()
    return processes.length === 0 ? 0 : Math.min(...processes.map((row) => row.purgeSequence))
  }

  /** `undefined` where the worker failed. */
  async #findDead(
    { worker, group, signal }: Walked,
    ids: readonly DataId[],
    { horizonMs, unsettledBelowMs, readsEndedBefore }: Bounds,
  ): Promise<readonly DataId[] | undefined> {
    if (ids.length === 0) return []
    const { metadata, lease } = this.#ports
    const rows = await metadata.getDataRows(ids.map((dataId) => ({ group, dataId })))
    const dead = ids.filter((_, index) => isUnseen(rows[index], readsEndedBefore))
    const isSettled = (timeMs: number): boolean => timeMs < horizonMs && timeMs >= unsettledBelowMs
    const unknown = ids.filter((id, index) => rows[index] === undefined && isSettled(dataIdTimeMs(id)))
    const { fence } = lease
    if (unknown.length === 0 || fence === undefined) return dead
    const allowed = await this.#ask({ worker, group, ids: unknown, fence, signal })
    if (allowed !== true) return allowed === undefined ? undefined : dead
    const refs = unknown.map((dataId) => ({ group, dataId }))
    const outcomes = await metadata.discard({ refs, queue: false })
    return [...dead, ...unknown.filter((_, index) => outcomes[index] === 'dead')]
  }

  /** Whether so much may go; `undefined` where the worker failed. */
  async #ask(request: OrphanRequest): Promise<boolean | undefined> {
    try {
      return await this.#limit.allows(request)
    } catch (error) {
      request.signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      const { worker, group } = request
      this.#ports.log.warn('It is not known how much orphan collection would delete.', {
        worker,
        group,
        reason: error.message,
      })
      return undefined
    }
  }

  async #removeDeadRows(group: GroupId, signal: AbortSignal): Promise<void> {
    const { metadata, lease } = this.#ports
    const below = await metadata.horizon()
    let after: DataId | undefined
    for (;;) {
      signal.throwIfAborted()
      const dead = await metadata.listDeadData({
        group,
        below,
        limit: pageSize,
        ...(after === undefined ? {} : { after }),
      })
      if (dead.length === 0) return
      const ids = dead.map((ref) => ref.dataId)
      const listed = await this.#listedByAny(group, ids, signal)
      const { fence } = lease
      if (listed === undefined || fence === undefined) return
      const refs = dead.filter((ref) => !listed.has(ref.dataId))
      if (refs.length > 0) await metadata.removeDeadRows({ refs, fence })
      after = ids.at(-1)
      if (dead.length < pageSize) return
    }
  }

  /** Those of some ids that any worker lists; `undefined` where not all workers of the cluster were asked. */
  async #listedByAny(
    group: GroupId,
    ids: readonly DataId[],
    signal: AbortSignal,
  ): Promise<ReadonlySet<DataId> | undefined> {
    const { metadata, workers } = this.#ports
    const listed = new Set<DataId>()
    for (const { worker, state } of await metadata.listWorkers()) {
      const link = workers.link(worker)
      if (link === undefined && state === 'out') continue
      if (link === undefined) return undefined
      const list = async (after: DataId | undefined): Promise<readonly DataId[] | undefined> =>
        await this.#list(link, { group, after, signal })
      const found = await findListed(ids, list, pageSize)
      if (found === undefined) return undefined
      for (const id of found) listed.add(id)
    }
    return listed
  }

  async #list(
    link: WorkerLink,
    page: { readonly group: GroupId; readonly after: DataId | undefined; readonly signal: AbortSignal },
  ): Promise<readonly DataId[] | undefined> {
    const { group, after, signal } = page
    try {
      return await link.listIds(group, after, pageSize, { deadlineMs: listDeadlineMs, signal })
    } catch (error) {
      signal.throwIfAborted()
      if (!(error instanceof FrostError)) throw error
      const { worker } = link
      this.#ports.log.warn('A worker did not list its data; it is left out of this round of orphan collection.', {
        worker,
        group,
        reason: `${error.code}: ${error.message}`,
      })
      return undefined
    }
  }
}

/** Dead, and no read can see it any more. */
function isUnseen(row: DataRow | undefined, readsEndedBefore: number): boolean {
  if (row?.state !== 'dead') return false
  return !row.committed || (row.purgeSequence !== undefined && row.purgeSequence < readsEndedBefore)
}
