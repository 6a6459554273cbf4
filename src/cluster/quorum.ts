// When a block of an upload counts as durable, and where the columns of missing slots go meanwhile. Pure.
//
// A block is safe when any one further loss of a worker still leaves enough columns to decode: its pieces
// must not hang on one worker. A stand-in never takes more than `m` columns of a block, so that the loss of
// one worker is never more than the code can bear.

import type { WorkerId } from '../base/ids.ts'

/** `holders[i]`: who has durably stored a column of the block, one entry a column. `needed`: any so many columns decode it. */
export function survivesOneLoss(holders: readonly WorkerId[], needed: number): boolean {
  const perWorker = new Map<WorkerId, number>()
  for (const worker of holders) perWorker.set(worker, (perWorker.get(worker) ?? 0) + 1)
  let most = 0
  for (const count of perWorker.values()) most = Math.max(most, count)
  return perWorker.size > 0 && holders.length - most >= needed
}

export interface StandInInput {
  /** Columns to place, each of which its slot's worker does not take now. */
  readonly columns: readonly number[]
  /** Workers that hold, or are being sent, columns of this block: how many each. */
  readonly load: ReadonlyMap<WorkerId, number>
  /** Workers of the cluster that can be reached and have space. */
  readonly candidates: readonly WorkerId[]
  /** Workers that have failed this block already. */
  readonly excluded: ReadonlySet<WorkerId>
  /** Most columns of a block on one worker: the scheme's `m`. */
  readonly columnsPerWorkerMax: number
  readonly below: (bound: number) => number
}

/** A worker for each column that finds one: the least loaded first, equal ones by chance. */
export function planStandIns(input: StandInInput): ReadonlyMap<number, WorkerId> {
  const load = new Map(input.load)
  const placed = new Map<number, WorkerId>()
  for (const column of input.columns) {
    let best: WorkerId | undefined
    let bestLoad = input.columnsPerWorkerMax
    let ties = 0
    for (const worker of input.candidates) {
      if (input.excluded.has(worker)) continue
      const count = load.get(worker) ?? 0
      if (count >= input.columnsPerWorkerMax || count > bestLoad) continue
      ties = count < bestLoad ? 1 : ties + 1
      if (count < bestLoad || input.below(ties) === 0) best = worker
      bestLoad = count
    }
    if (best === undefined) continue
    placed.set(column, best)
    load.set(best, (load.get(best) ?? 0) + 1)
  }
  return placed
}
