// Workers as the cluster remembers them: who belongs to it, how full it last was, and the numbers that only go up. By those
// a worker whose disk was restored or copied from an older state is recognised when it registers (`wentBack`). Whether it answers
// now is not here: that is seen by each process, and not stored.

import type { WorkerId } from '../../base/ids.ts'
import type { HistorySeen } from './cluster-metadata.ts'
import type { Fence } from './conventions.ts'

export interface WorkerRow extends WorkerReport {
  readonly state: WorkerMembership
  /**
   * It came back with a start counter or batch number below what was remembered (a restored snapshot, a cloned disk): it
   * serves reads only until its groups are compared.
   */
  readonly wentBack: boolean
  /** It was being drained when it went out, and is again when it comes back. */
  readonly drains?: true
  /** What orphan collection took away here of data that metadata did not know. Absent: nothing yet. */
  readonly orphans?: OrphanCount
}

/** Of a day, which begins with the first. */
export interface OrphanCount {
  readonly sinceMs: number
  readonly bytes: number
  /** It came to its limit, and asks. */
  readonly asks: boolean
  /** It was allowed to go on until the day ends. */
  readonly allowed: boolean
}

/** What was decided of a worker; that it is up, suspect or down is seen, not stored. */
export type WorkerMembership = 'in' | 'draining' | 'out'

export interface WorkerReport {
  readonly worker: WorkerId
  readonly address: string
  readonly zone?: string
  readonly capacityBytes: number
  readonly usedBytes: number
  /** Raised by the worker at each start. */
  readonly startCounter: number
  /** Of the small and the large log; they never go back. */
  readonly lastBatches: readonly number[]
  /** The highest counter of metadata's history that it has stored. */
  readonly historySeen?: HistorySeen
}

export interface WorkerReads {
  getWorker(worker: WorkerId): Promise<WorkerRow | undefined>
  /** All of them, by id; a cluster has at most `workersMax`. */
  listWorkers(): Promise<readonly WorkerRow[]>
}

export interface WorkerMutations {
  /**
   * Stores what a worker says when it registers. A new one is `in`. `wentBack` is set where a number went back, and stays. A
   * worker that was `out` becomes `in` again, or `draining` where it was that before. A repeat is harmless. Resolves to the row.
   */
  registerWorker(report: WorkerReport): Promise<WorkerRow>
  /**
   * Stores what registered workers' heartbeats said, now and then; numbers only go up. Unknown workers are skipped. A repeat
   * is harmless.
   */
  recordWorkers(command: { readonly reports: readonly WorkerReport[] }): Promise<void>
  /**
   * Counts bytes that orphan collection is about to take away from each of some workers, all of which hold about as much of the same data.
   * `false`: for one of them that would be more than its `bytesMax` in a day; nothing is counted, and it is stored that it asks. Unknown
   * workers are skipped. A repeat counts them twice, which harms nothing.
   * @throws FrostError `precondition-failed`: the fence is stale.
   */
  countOrphans(command: CountOrphans): Promise<boolean>
  /**
   * Lets orphan collection go on where it asks, until its day ends. A repeat is harmless.
   * @throws FrostError `precondition-failed`: there is no such worker.
   */
  allowOrphans(command: { readonly worker: WorkerId }): Promise<WorkerRow>
  /** @throws FrostError `precondition-failed`: there is no such worker, or the fence is stale. A repeat is harmless. */
  setWorkerState(command: SetWorkerState): Promise<WorkerRow>
  /**
   * Forgets a worker that holds no slot and is to hold none. Where it registers later all the same, it is a new one. A repeat is harmless.
   * @throws FrostError `precondition-failed`: it holds slots.
   */
  removeWorker(command: { readonly worker: WorkerId }): Promise<void>
}

export interface SetWorkerState {
  readonly worker: WorkerId
  /** `back`: what it was before it was out. */
  readonly state?: WorkerMembership | 'back'
  /** `false`: a worker that is out is not drained when it comes back. */
  readonly drains?: false
  /** `true` after every group of it was compared. */
  readonly compared?: true
  readonly fence?: Fence
}

export interface CountOrphans {
  readonly workers: readonly { readonly worker: WorkerId; readonly bytesMax: number }[]
  /** From each. */
  readonly bytes: number
  /** A day ends by the wall clock, which may be set back: then it is longer. */
  readonly wallMs: number
  readonly fence?: Fence
}

export const workersMax = 10_000
