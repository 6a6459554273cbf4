// What the REST surface says of the cluster, as the client's own types. A figure that the server has not established is
// `undefined` here, as it is null there: never a hopeful zero.

import { JsonObject } from './json.ts'

export interface ClusterStatus {
  readonly id: string
  /** By the server's clock, as all times here: how old something is, is the difference of two of them. */
  readonly time: Date
  /** The metadata was lost, or is older than what the workers hold: reads only, until it is rebuilt. */
  readonly behind: boolean
  readonly workers: readonly WorkerStatus[]
  readonly groups: readonly GroupStatus[]
  readonly redundancy: RedundancyStatus
  readonly healing: HealingStatus
}

export interface WorkerStatus {
  readonly id: string
  readonly address: string
  readonly zone: string | undefined
  /** `up`, `suspect`, `down`, `out` or `draining`; another where the server is newer. */
  readonly state: string
  readonly usedBytes: number
  readonly capacityBytes: number
  /** Slots of placement groups that it holds. */
  readonly slots: number
  /** Its disk fails: it takes no new data. */
  readonly failing: boolean
  /** Age of the oldest disk operation that has not ended. */
  readonly oldestDiskOperationMs: number
  /** How long its disk operations take, of late. */
  readonly diskLatencyMs: number
  /** Fragments that are known to be damaged and not replaced yet. */
  readonly damagedFragments: number
  /** Orphan collection has come to its limit of a day there, and asks before it deletes more. */
  readonly asksToDelete: boolean
  /** `undefined`: the worker has not said. */
  readonly scrub: ScrubStatus | undefined
}

export interface ScrubStatus {
  /** Whether a full scrub was asked for and runs. */
  readonly runningFull: boolean
  readonly doneBytes: number
  readonly totalBytes: number
  /** When the last finished cycle began; `undefined`: none has finished. */
  readonly lastFinishedAt: Date | undefined
}

export interface GroupStatus {
  readonly id: number
  readonly epoch: number
  /** As `3+2`. */
  readonly scheme: string
  readonly state: string
  readonly workers: readonly string[]
}

/** What is known of the redundancy; `undefined`: not established. */
export interface RedundancyStatus {
  /** Fragments that their slot's worker lacks, or that lie on workers which do not answer. */
  readonly fragmentsMissing: number | undefined
  /** Files that would not survive the loss of one more worker. */
  readonly filesAtRisk: number | undefined
  /** Files of which too few pieces exist. */
  readonly filesLost: number | undefined
  /** Their names, at most 1,000. */
  readonly lostFiles: readonly LostFile[]
  /** Slots whose content no comparison has established. */
  readonly unknown: number | undefined
  /** When the oldest comparison began that this rests on. */
  readonly comparedAt: Date | undefined
  /** When the oldest finished scrub cycle of any worker began. */
  readonly scrubbedAt: Date | undefined
}

export interface LostFile {
  readonly name: string
  readonly bucket: string
}

/** What is being done about it. */
export interface HealingStatus {
  /** Slots on their way to another worker. */
  readonly moves: readonly SlotMove[]
  /** Repairs that are known to be needed and not done yet. */
  readonly queued: number
  /** Since the process that does it began: fragments made again, bytes written and read for that. */
  readonly rebuiltFragments: number
  readonly writtenBytes: number
  readonly readBytes: number
  /** What it may read and write now. */
  readonly bytesPerSecond: number
  /** Slots on workers that are out or draining, and those of them for which there is no other worker. */
  readonly slotsToMove: number
  readonly slotsWithoutSpare: number
}

export interface SlotMove {
  readonly group: number
  readonly slot: number
  readonly from: string
  readonly to: string
  /** Fragments that were copied or rebuilt so far. */
  readonly copied: number
}

export function parseCluster(value: unknown): ClusterStatus {
  const answer = new JsonObject(value, 'cluster state')
  return {
    id: answer.text('id'),
    time: answer.date('time'),
    behind: answer.flag('behind'),
    workers: answer.objects('workers').map(parseWorker),
    groups: answer.objects('groups').map((group) => ({
      id: group.number('id'),
      epoch: group.number('epoch'),
      scheme: group.text('scheme'),
      state: group.text('state'),
      workers: group.texts('workers'),
    })),
    redundancy: parseRedundancy(answer.object('redundancy')),
    healing: parseHealing(answer.object('healing')),
  }
}

function parseWorker(worker: JsonObject): WorkerStatus {
  const scrub = worker.optionalObject('scrub')
  return {
    id: worker.text('id'),
    address: worker.text('address'),
    zone: worker.optionalText('zone'),
    state: worker.text('state'),
    usedBytes: worker.number('usedBytes'),
    capacityBytes: worker.number('capacityBytes'),
    slots: worker.number('slots'),
    failing: worker.boolean('failing'),
    oldestDiskOperationMs: worker.number('oldestDiskOperationMs'),
    diskLatencyMs: worker.number('diskLatencyMs'),
    damagedFragments: worker.number('damagedFragments'),
    asksToDelete: worker.flag('asksToDelete'),
    scrub:
      scrub === undefined
        ? undefined
        : {
            runningFull: scrub.boolean('runningFull'),
            doneBytes: scrub.number('doneBytes'),
            totalBytes: scrub.number('totalBytes'),
            lastFinishedAt: scrub.optionalDate('lastFinishedAt'),
          },
  }
}

function parseRedundancy(redundancy: JsonObject): RedundancyStatus {
  return {
    fragmentsMissing: redundancy.optionalNumber('fragmentsMissing'),
    filesAtRisk: redundancy.optionalNumber('filesAtRisk'),
    filesLost: redundancy.optionalNumber('filesLost'),
    lostFiles: redundancy
      .objects('lostFiles')
      .map((file) => ({ name: file.text('filename'), bucket: file.text('bucket') })),
    unknown: redundancy.optionalNumber('unknown'),
    comparedAt: redundancy.optionalDate('comparedAt'),
    scrubbedAt: redundancy.optionalDate('scrubbedAt'),
  }
}

function parseHealing(healing: JsonObject): HealingStatus {
  return {
    moves: healing.objects('moves').map((move) => ({
      group: move.number('group'),
      slot: move.number('slot'),
      from: move.text('from'),
      to: move.text('to'),
      copied: move.number('copied'),
    })),
    queued: healing.number('queued'),
    rebuiltFragments: healing.number('rebuiltFragments'),
    writtenBytes: healing.number('writtenBytes'),
    readBytes: healing.number('readBytes'),
    bytesPerSecond: healing.number('bytesPerSecond'),
    slotsToMove: healing.number('slotsToMove'),
    slotsWithoutSpare: healing.number('slotsWithoutSpare'),
  }
}

/** Ids of the workers that have begun. */
export function parseScrubbing(value: unknown): readonly string[] {
  return new JsonObject(value, 'scrub').texts('workers')
}
