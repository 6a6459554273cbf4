// Which workers the lease holder gives up for lost (`out`: their slots are rebuilt elsewhere), and when it has to take itself for the
// lost one. Pure; durations only, all on the holder's own monotonic clock. What others heard before it took the lease does not count, in
// either direction: a worker is silent for as long as this holder, holding the lease, has not heard from it.
//
// A holder that is cut off from most workers must not declare these out: at most a third of the workers is ever not `in`, however many
// are silent, and whoever hears fewer than half gives the lease to one who may hear more.

import type { WorkerId } from '../base/ids.ts'

export interface HeardWorker {
  readonly id: WorkerId
  readonly state: 'in' | 'draining' | 'out'
  /** Since this process last heard from it; `undefined` where it has not since its start. */
  readonly silenceMs: number | undefined
  /** It holds slots of placement groups, or is to hold one. */
  readonly holdsSlots: boolean
}

export interface OutInput {
  readonly workers: readonly HeardWorker[]
  /** Since this process took the lease. */
  readonly heldMs: number
  /** Default 15 min. */
  readonly outAfterMs: number
}

export interface MajorityInput extends Pick<OutInput, 'workers' | 'heldMs'> {
  /** Who is silent for so long is not heard: the time after which a worker is down. Default 30 s. */
  readonly unheardAfterMs: number
}

/** Workers to declare out now, those silent for longest first. */
export function planOut(input: OutInput): readonly WorkerId[] {
  const { workers, outAfterMs } = input
  const silent = workers
    .filter((worker) => worker.state !== 'out' && observedSilenceMs(worker, input.heldMs) >= outAfterMs)
    .toSorted((left, right) => silenceOf(right) - silenceOf(left))
  const inCount = workers.filter((worker) => worker.state === 'in').length
  // Who left long ago and holds nothing is no part of the cluster any more: else each replaced disk and each drained worker would use up
  // a part of the third that may be lost, for ever.
  const members = workers.filter((worker) => worker.state === 'in' || worker.holdsSlots)
  let mayLeave = Math.max(0, inCount - Math.ceil((members.length * 2) / 3))
  const out: WorkerId[] = []
  for (const worker of silent) {
    // A draining one is not among those that are in: its slots leave it in any case.
    if (worker.state === 'in' && mayLeave-- <= 0) continue
    out.push(worker.id)
  }
  return out
}

/** Whether the lease holder hears at least half of the workers that are in; else it must give up the lease. */
export function holdsMajority({ workers, heldMs, unheardAfterMs }: MajorityInput): boolean {
  const members = workers.filter((worker) => worker.state === 'in')
  const heard = members.filter((worker) => observedSilenceMs(worker, heldMs) < unheardAfterMs)
  return heard.length * 2 >= members.length
}

function observedSilenceMs(worker: HeardWorker, heldMs: number): number {
  return Math.min(silenceOf(worker), heldMs)
}

function silenceOf({ silenceMs }: HeardWorker): number {
  return silenceMs ?? Number.MAX_SAFE_INTEGER
}
