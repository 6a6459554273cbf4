// What this process knows of metadata's history, and whether metadata is behind: whether a worker has seen more of it than metadata
// itself, because it was lost or restored from an older state. Then it is stored as behind, before the worker is used for anything, and
// nothing is changed or deleted until `rebuild-metadata` has run.
//
// As the lease holder, raises the counter by which workers notice, but only once at least half of the known workers have told what they
// have seen since it holds the lease; nor is anything deleted on workers before.

import { FrostError, errorCode } from '../base/errors.ts'
import type { WorkerId } from '../base/ids.ts'
import { SECOND_MS } from '../base/units.ts'
import { behindError, learnSeen } from '../meta/contract/behind.ts'
import type { ClusterRow, HistorySeen } from '../meta/contract/cluster-metadata.ts'
import type { MetadataStore } from '../meta/metadata-store.ts'
import type { Clock } from '../ports/clock.ts'
import type { Log } from '../ports/log.ts'
import type { ToldHistory } from '../rpc/messages/membership.ts'
import type { BackgroundTask } from './background-task.ts'
import type { LeaseKeeper } from './lease-keeper.ts'

export interface ClusterHistoryPorts {
  readonly metadata: MetadataStore
  readonly clock: Clock
  readonly log: Log
  readonly lease: Pick<LeaseKeeper, 'fence'>
}

const lookEveryMs = SECOND_MS
const raiseEveryMs = 10 * SECOND_MS

export class ClusterHistory implements BackgroundTask {
  readonly name = 'history of the metadata'
  readonly retryMaxMs = raiseEveryMs
  readonly #ports: ClusterHistoryPorts
  #row: ClusterRow | undefined
  #raisedAtMs: number | undefined
  /** The lease under which `#told` was gathered. */
  #token: number | undefined
  readonly #told = new Set<WorkerId>()
  #isConfirmed = false
  #wasBehind = false

  constructor(ports: ClusterHistoryPorts) {
    this.#ports = ports
  }

  /** As of the last look, which is a second old at most. */
  get isBehind(): boolean {
    return this.#row?.behind === true
  }

  /** New placement groups get numbers above this one. */
  get groupsAbove(): number {
    return this.#row?.groupsAbove ?? 0
  }

  /** For workers to remember; `undefined` while metadata is behind. */
  get told(): ToldHistory | undefined {
    if (this.#row === undefined || this.#row.behind) return undefined
    const { history, counter, predecessors = [] } = this.#row
    return { history, counter, predecessors }
  }

  /** Takes in what a worker has seen. When it resolves, metadata is stored as behind where the worker knows better. */
  async hear(worker: WorkerId, seen: HistorySeen | undefined): Promise<void> {
    if (seen !== undefined && this.#row !== undefined && learnSeen(this.#row, seen) !== this.#row)
      await this.#compare(worker, seen)
    this.#told.add(worker)
  }

  /** A worker comes that metadata does not know, and it holds data of this cluster: so metadata was lost. */
  async hearUnknown(worker: WorkerId): Promise<void> {
    await this.#compare(worker, undefined)
  }

  /** The newest row, which is remembered. */
  async look(): Promise<ClusterRow> {
    const row = await this.#ports.metadata.getCluster()
    if (row === undefined) throw new FrostError('metadata-unavailable', 'The metadata has no row of the cluster.')
    this.#row = row
    if (row.behind && !this.#wasBehind) {
      const error = behindError()
      this.#ports.log.error('The metadata is behind; the cluster serves reads only.', error, { remedy: error.remedy })
    }
    this.#wasBehind = row.behind
    return row
  }

  /** Whether anything may be deleted on workers. */
  async mayDelete(): Promise<boolean> {
    return !(await this.look()).behind && this.#ports.lease.fence?.token === this.#token && this.#isConfirmed
  }

  async step(): Promise<number> {
    const { metadata, clock, lease } = this.#ports
    const row = await this.look()
    const { fence } = lease
    if (fence?.token !== this.#token) {
      this.#token = fence?.token
      this.#told.clear()
      this.#isConfirmed = false
    }
    if (fence === undefined) return lookEveryMs
    const known = (await metadata.listWorkers()).filter(({ state }) => state !== 'out')
    const told = known.filter(({ worker }) => this.#told.has(worker)).length
    this.#isConfirmed = 2 * told >= known.length
    const nowMs = clock.monotonicMs()
    const isDue = this.#raisedAtMs === undefined || nowMs - this.#raisedAtMs >= raiseEveryMs
    if (row.behind || !this.#isConfirmed || !isDue) return lookEveryMs
    this.#row = await metadata.raiseCounter({ history: row.history, fence })
    this.#raisedAtMs = nowMs
    return lookEveryMs
  }

  async #compare(worker: WorkerId, seen: HistorySeen | undefined): Promise<void> {
    const row = await this.look()
    if (learnSeen(row, seen) === row) return
    const { history, counter } = row
    this.#ports.log.warn('A worker has seen more of the metadata than there is.', { worker, history, counter, ...seen })
    try {
      await this.#ports.metadata.markBehind({ history, ...(seen === undefined ? {} : { seen }) })
    } catch (error) {
      // It was rebuilt just now: then the worker says the same again, if it still holds.
      if (errorCode(error) !== 'precondition-failed') throw error
    }
    await this.look()
  }
}

/** A task that changes placement or deletes by what metadata says: not while metadata is behind. */
export function pausedWhileBehind(task: BackgroundTask, history: Pick<ClusterHistory, 'isBehind'>): BackgroundTask {
  const { name, retryMaxMs } = task
  return {
    name,
    ...(retryMaxMs === undefined ? {} : { retryMaxMs }),
    step: async (signal) => (history.isBehind ? lookEveryMs : await task.step(signal)),
  }
}
