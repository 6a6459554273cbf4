// Which workers need a look, and why: what somebody who was woken at night wants to know first. Read off one state of the cluster; what
// is said of a worker is never better than what is known.

import type { ClusterStatus, WorkerStatus } from '../../sdk/index.ts'
import { countOf, obstaclesOf, verdictOf } from './obstacles.ts'

/** `bad`: it does not do its part. `warning`: it soon may not, or is being helped. `note`: good to know. */
export type Level = 'bad' | 'warning' | 'note'

export interface Culprit {
  readonly worker: WorkerStatus
  readonly level: Level
  /** What is the matter, and what to do or what happens by itself. */
  readonly text: string
}

/** A disk operation that takes so long is no usual one: a spinning disk under load answers within tens of milliseconds. */
const slowDiskMs = 1000
/** On average and beside the others': those of a disk that is about to fail, or of a neighbour's load. */
const latencyNoticedMs = 50
const latencyFactor = 4
/** Shares of the capacity. Compaction and repair need room too, so a worker is told before it refuses writes. */
const nearlyFull = 0.9
const full = 0.98

/** What has no slots may still have pieces that are missing elsewhere. */
const keep = 'keep it and its disk until redundancy is full'

const levels: readonly Level[] = ['bad', 'warning', 'note']

/** The worst first. */
export function culpritsOf(status: ClusterStatus): readonly Culprit[] {
  const isWhole = verdictOf(obstaclesOf(status)) === 'full'
  return status.workers
    .flatMap((worker) =>
      [...troublesOf(worker, isWhole), ...latencyTroubles(worker, status)].map(([level, text]) => ({
        worker,
        level,
        text,
      })),
    )
    .toSorted((left, right) => levels.indexOf(left.level) - levels.indexOf(right.level))
}

type Trouble = readonly [level: Level, text: string]

function troublesOf(worker: WorkerStatus, isWhole: boolean): readonly Trouble[] {
  return [
    ...stateTroubles(worker, isWhole),
    ...diskTroubles(worker),
    ...spaceTroubles(worker),
    ...orphanTroubles(worker),
  ]
}

function stateTroubles(worker: WorkerStatus, isWhole: boolean): readonly Trouble[] {
  const { state, slots } = worker
  const held = countOf(slots, 'slot')
  switch (state) {
    case 'up':
      return []
    case 'suspect':
      return [['bad', isDiskSlow(worker) ? stuckDisk(worker) : `suspect: silent; new data avoids it. It holds ${held}`]]
    case 'down':
      if (slots === 0) return [['note', 'down: does not answer, but holds no slots']]
      return [['bad', `down: does not answer. Start it again; once it counts as out, its ${held} go elsewhere`]]
    case 'out':
      if (slots > 0)
        return [['bad', `out: away for too long. Its ${held} are rebuilt elsewhere, where a spare worker is`]]
      return [['note', `out: holds no slots; ${isWhole ? 'nothing on it is needed any more' : keep}`]]
    case 'draining':
      if (slots > 0) return [['warning', `draining: ${held} left; do not remove it yet`]]
      return [[isWhole ? 'note' : 'warning', `draining: no slots left; ${isWhole ? 'it can be removed' : keep}`]]
    default:
      return [['warning', `${state}: a state that this client does not know`]]
  }
}

function diskTroubles(worker: WorkerStatus): readonly Trouble[] {
  const troubles: Trouble[] = []
  if (worker.failing) {
    troubles.push([
      'bad',
      `failing: its disk reports errors, and it takes no new data. Drain it: frostbyte drain ${worker.id}`,
    ])
  }
  if (worker.state !== 'suspect' && isDiskSlow(worker)) troubles.push(['warning', stuckDisk(worker)])
  if (worker.damagedFragments > 0) {
    troubles.push([
      'warning',
      `damaged: ${countOf(worker.damagedFragments, 'fragment')} on it failed a check and were not replaced yet`,
    ])
  }
  return troubles
}

function latencyTroubles(worker: WorkerStatus, { workers }: ClusterStatus): readonly Trouble[] {
  const { diskLatencyMs } = worker
  const others = workers.filter((other) => other !== worker).map((other) => other.diskLatencyMs)
  const usualMs = others.toSorted((left, right) => left - right)[Math.floor(others.length / 2)] ?? 0
  if (diskLatencyMs < Math.max(latencyNoticedMs, latencyFactor * usualMs)) return []
  const text = `slow disk: its operations take ${Math.round(diskLatencyMs)} ms, those of the others ${Math.round(usualMs)} ms`
  return [['warning', text]]
}

function isDiskSlow(worker: WorkerStatus): boolean {
  return worker.oldestDiskOperationMs >= slowDiskMs
}

function stuckDisk({ state, oldestDiskOperationMs }: WorkerStatus): string {
  const seconds = (oldestDiskOperationMs / 1000).toFixed(1)
  return `${state === 'suspect' ? 'suspect: ' : ''}slow disk: one operation has not ended for ${seconds} s`
}

function orphanTroubles({ id, asksToDelete }: WorkerStatus): readonly Trouble[] {
  if (!asksToDelete) return []
  const call = `POST /api/v1/allow-orphans?worker=${id}`
  return [['warning', `asks: much that the metadata does not know is to be deleted there. To allow it: ${call}`]]
}

function spaceTroubles({ usedBytes, capacityBytes }: WorkerStatus): readonly Trouble[] {
  const share = capacityBytes > 0 ? usedBytes / capacityBytes : 1
  if (share < nearlyFull) return []
  const percent = `${Math.floor(share * 100)} %`
  if (share >= full) return [['bad', `full (${percent}): it refuses writes. Add a worker or space, or delete files`]]
  return [['warning', `nearly full (${percent})`]]
}
