// What keeps the redundancy from being full, read off a state of the cluster. One list for everything that judges: the verdict of `status`
// is its worst entry, and a wait is over when it is empty. So "full" is said only where every figure that it needs is known and
// good, and where no worker that holds a slot is away.

import type { ClusterStatus, WorkerStatus } from '../../sdk/index.ts'

/** From bad to harmless. `leaving`: redundancy is not touched, but a worker is still being emptied. */
const kinds = ['lost', 'at-risk', 'reduced', 'away', 'unknown', 'leaving'] as const
export type ObstacleKind = (typeof kinds)[number]

export interface Obstacle {
  readonly kind: ObstacleKind
  /** A few words, for a line of several. */
  readonly text: string
}

export type Verdict = Exclude<ObstacleKind, 'leaving'> | 'full'

/** The worst first. */
export function obstaclesOf(status: ClusterStatus): readonly Obstacle[] {
  return [...knownLosses(status), ...awayWorkers(status), ...unknowns(status), ...leavingWorkers(status)].toSorted(
    (left, right) => kinds.indexOf(left.kind) - kinds.indexOf(right.kind),
  )
}

export function verdictOf(obstacles: readonly Obstacle[]): Verdict {
  const [worst] = obstacles
  return worst === undefined || worst.kind === 'leaving' ? 'full' : worst.kind
}

/** `1 slot`, `1,234 slots`. */
export function countOf(count: number, noun: string): string {
  return `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
}

/** How old something is that happened at `at`, by the server's clock alone: never below 0. */
export function ageMs(status: ClusterStatus, at: Date): number {
  return Math.max(0, status.time.getTime() - at.getTime())
}

/** Whether what the worker holds can be read: a draining one still answers. A state that this client does not know counts as away. */
export function isAway(worker: WorkerStatus): boolean {
  return worker.state !== 'up' && worker.state !== 'draining'
}

/**
 * Fragments that a worker knows to be damaged are not counted here. A comparison takes them for missing, and a slot on a worker that has
 * found damage is unknown until it is compared again; what is then still listed belongs to slots that have moved away, or to files
 * that are gone.
 */
function knownLosses({ redundancy, healing }: ClusterStatus): readonly Obstacle[] {
  const { filesLost = 0, filesAtRisk = 0, fragmentsMissing = 0 } = redundancy
  const all: readonly (readonly [ObstacleKind, number, string])[] = [
    ['lost', filesLost, `${countOf(filesLost, 'file')} lost`],
    ['at-risk', filesAtRisk, `${countOf(filesAtRisk, 'file')} at risk`],
    ['reduced', fragmentsMissing, `${countOf(fragmentsMissing, 'fragment')} missing`],
    ['reduced', healing.queued, `${countOf(healing.queued, 'repair')} queued`],
  ]
  return all.filter(([, count]) => count > 0).map(([kind, , text]) => ({ kind, text }))
}

function awayWorkers({ workers }: ClusterStatus): readonly Obstacle[] {
  return workers
    .filter((worker) => isAway(worker) && worker.slots > 0)
    .map(({ id, state, slots }) => ({ kind: 'away', text: `worker ${id} ${state} with ${countOf(slots, 'slot')}` }))
}

function unknowns({ redundancy }: ClusterStatus): readonly Obstacle[] {
  const { fragmentsMissing, filesAtRisk, filesLost, unknown, comparedAt } = redundancy
  const figures: readonly (readonly [isUnknown: boolean, text: string])[] = [
    [unknown === undefined, 'how many slots were not compared is unknown'],
    [unknown !== undefined && unknown > 0, `${countOf(unknown ?? 0, 'slot')} not compared`],
    [comparedAt === undefined, 'not everything was compared yet'],
    [fragmentsMissing === undefined, 'fragments missing unknown'],
    [filesAtRisk === undefined, 'files at risk unknown'],
    [filesLost === undefined, 'files lost unknown'],
  ]
  return figures.filter(([isUnknown]) => isUnknown).map(([, text]) => ({ kind: 'unknown', text }))
}

function leavingWorkers({ workers, healing }: ClusterStatus): readonly Obstacle[] {
  const draining = workers.filter(({ state, slots }) => state === 'draining' && slots > 0)
  const texts = draining.map(({ id, slots }) => `${countOf(slots, 'slot')} left on worker ${id}`)
  if (healing.slotsWithoutSpare > 0) {
    texts.push(`${countOf(healing.slotsWithoutSpare, 'slot')} without a worker to go to (add one)`)
  } else if (healing.slotsToMove > 0 && texts.length === 0) {
    texts.push(`${countOf(healing.slotsToMove, 'slot')} to move`)
  }
  return texts.map((text) => ({ kind: 'leaving', text }))
}
