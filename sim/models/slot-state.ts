// What the model of slot moves knows: one group of two slots under a 1+1 scheme, one file of one block. The moving slot goes between
// A and B and holds column 0; the fixed slot is P's and holds column 1. S is outside the group and stands in. Either column is the
// file.

/** Of the moving slot. */
export type Mover = 'A' | 'B'
export type Holder = Mover | 'P'
export type WorkerName = Holder | 'S'

export interface Worker {
  readonly isLost: boolean
  /** The group's epoch as this worker knows it. */
  readonly epoch: number
  /** What it has of the file. A put that is admitted is not durable yet, and not listed. S may have either column. */
  readonly has: 'nothing' | 'admitted' | 'durable' | 'column 0' | 'column 1'
}

export type Workers = Readonly<Record<WorkerName, Worker>>

export interface Group {
  readonly epoch: number
  readonly holder: Mover
  readonly pending: Mover | null
  readonly since: number
}

export interface Upload {
  readonly phase: 'none' | 'sending' | 'acknowledged' | 'committing' | 'committed' | 'refused'
  /** The epoch under which it sends, or was acknowledged. */
  readonly epoch: number
  readonly asked: Readonly<Record<Holder, 'no' | 'under way' | 'stored' | 'failed'>>
  /** Who held the moving slot in that epoch. */
  readonly holder: Mover
  /** What S has taken. */
  readonly standIn: 'nothing' | 'column 0' | 'column 1'
  /** As the commit saw the group: since when the moving slot has its holder. */
  readonly since: number
}

/** Repair work, with who stands in. */
export interface Repairs {
  readonly moving: 'none' | 'unknown source' | Mover | 'S'
  readonly fixed: 'none' | 'S'
}

export interface State {
  readonly group: Group
  readonly workers: Workers
  readonly upload: Upload
  readonly repairs: Repairs
  /** What the pending worker found listed by those who have it, and has to have before the swap. */
  readonly copying: 'not listed' | 'nothing' | 'the file'
  /** The comparison of the moving slot. It knows whether the file was live when it began. */
  readonly comparison: 'done' | 'due' | 'begun with the file' | 'begun without'
  readonly wasCommittingAtSwap: boolean
  /** A worker that held the slot before is to drop the file: decided under an epoch. */
  readonly drop: { readonly worker: Mover; readonly epoch: number } | null
  /** Who was brought the file by the repair of the moving slot that is under way. */
  readonly repaired: Mover | null
  /** Workers lost since the upload began, or since the status last said that all is whole. */
  readonly exposed: number
  // What may still happen.
  readonly moves: number
  readonly losses: number
  readonly kills: number
  readonly failures: number
}

const fresh: Worker = { isLost: false, epoch: 1, has: 'nothing' }

export const initialState: State = {
  group: { epoch: 1, holder: 'A', pending: null, since: 1 },
  workers: { A: fresh, B: fresh, P: fresh, S: fresh },
  upload: { phase: 'none', epoch: 0, asked: { A: 'no', B: 'no', P: 'no' }, holder: 'A', standIn: 'nothing', since: 0 },
  repairs: { moving: 'none', fixed: 'none' },
  copying: 'not listed',
  comparison: 'done',
  wasCommittingAtSwap: false,
  drop: null,
  repaired: null,
  exposed: 0,
  moves: 0,
  losses: 0,
  kills: 0,
  failures: 0,
}

export function otherOf(worker: Mover): Mover {
  return worker === 'A' ? 'B' : 'A'
}

/** Alive, and has its column of the file for good. */
export function hasFile(workers: Workers, worker: Holder): boolean {
  return !workers[worker].isLost && workers[worker].has === 'durable'
}

export function standsIn(workers: Workers, column: 'column 0' | 'column 1'): boolean {
  return !workers.S.isLost && workers.S.has === column
}

/** Whether anybody has the file: a source for repair. */
export function hasSource(workers: Workers): boolean {
  const holders: readonly Holder[] = ['A', 'B', 'P']
  return (
    holders.some((worker) => hasFile(workers, worker)) || standsIn(workers, 'column 0') || standsIn(workers, 'column 1')
  )
}

/** Whether a read finds the file: it asks the holders that the map names, and the stand-ins that metadata names. */
export function isReadable({ group, workers, repairs }: State): boolean {
  const { moving, fixed } = repairs
  if (hasFile(workers, group.holder) || hasFile(workers, 'P')) return true
  if (fixed === 'S' && standsIn(workers, 'column 1')) return true
  if (moving === 'S') return standsIn(workers, 'column 0')
  return (moving === 'A' || moving === 'B') && hasFile(workers, moving)
}

/** What the status says: nothing is to be done, and nothing unknown. */
export function saysWhole({ group, workers, repairs, comparison }: State): boolean {
  const isServed = !workers[group.holder].isLost && !workers.P.isLost && group.pending === null
  return isServed && comparison === 'done' && repairs.moving === 'none' && repairs.fixed === 'none'
}

export function isWhole({ group, workers }: State): boolean {
  return hasFile(workers, group.holder) && hasFile(workers, 'P')
}

export function changeWorker(state: State, worker: WorkerName, change: Partial<Worker>): State {
  return { ...state, workers: { ...state.workers, [worker]: { ...state.workers[worker], ...change } } }
}

export function changeUpload(state: State, change: Partial<Upload>): State {
  return { ...state, upload: { ...state.upload, ...change } }
}

export function changeAsked(state: State, worker: Holder, asked: Upload['asked'][Holder]): State {
  return changeUpload(state, { asked: { ...state.upload.asked, [worker]: asked } })
}
