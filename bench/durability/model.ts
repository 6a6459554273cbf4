// The durability model of docs/design/durability.md: from failure rates, rebuild rate and placement to the mean time to a loss, by one
// chain for each group. Every assumption is a field here.

import { columnCount } from '../../src/base/scheme.ts'
import { meanYearsToGroupLoss, meanYearsToSlotsLost } from './markov.ts'
import type { GroupChain } from './markov.ts'
import { fatalSets, partnersPerWorker } from './placement.ts'
import type { Placement } from './placement.ts'

export const secondsPerYear = 365.25 * 24 * 3600

export interface DurabilityAssumptions {
  /** Losses of a worker with its data, per worker and year; independent of each other. */
  readonly lossesPerYear: number
  /** From a loss to the start of the rebuild where a spare worker is there. */
  readonly detectionSeconds: number
  /** From a loss to the start of the rebuild where there is none: until somebody adds a worker. */
  readonly replacementSeconds: number
  /** What one worker writes for rebuilds, and what it reads for them. */
  readonly rebuildBytesPerSecond: number
  readonly bytesPerSlot: number
  /** Chunks per byte and year that turn unreadable and are not known to be until the scrubber comes by. */
  readonly latentErrorsPerByteYear: number
  readonly scrubCycleSeconds: number
  /** Of the object whose survival is asked for: one block. */
  readonly bytesPerColumn: number
}

export interface RebuildTimes {
  /** From a loss to the start of its rebuild. */
  readonly waitYears: number
  /** For the rebuild of one slot after the other, with all workers that can take part in it. */
  readonly slotYears: number
  readonly slotsPerWorker: number
}

export interface DurabilityResult {
  /** Mean time until a first lost slot of a group is back. */
  readonly rebuildHours: number
  readonly groupMttdlYears: number
  /** Of one block, in a year. */
  readonly blockLossPerYear: number
  /** Of anything, in a year, in the whole cluster. */
  readonly lossesPerYear: number
  /** Part of the sets of m+1 workers of which some group has a slot on each. */
  readonly fatalPart: number
}

/** Readers and writers work side by side; k bytes are read for each that is written. */
export function rebuildTimes(placement: Placement, assumed: DurabilityAssumptions): RebuildTimes {
  const { scheme, workers, groups } = placement
  const width = columnCount(scheme)
  const slotsPerWorker = (groups.length * width) / workers
  const hasSpare = workers > width
  // With a spare for each group every other worker takes slots, as many at once as there are; else one new worker takes them all.
  const writers = hasSpare ? Math.min(workers - 1, slotsPerWorker) : 1
  const readers = partnersPerWorker(placement) / scheme.dataColumns
  const bytesPerSecond = assumed.rebuildBytesPerSecond * Math.min(writers, readers)
  return {
    waitYears: (hasSpare ? assumed.detectionSeconds : assumed.replacementSeconds) / secondsPerYear,
    slotYears: assumed.bytesPerSlot / bytesPerSecond / secondsPerYear,
    slotsPerWorker,
  }
}

/**
 * What has lost most slots is rebuilt first, so a group with i of them waits for its like only: half of the slots of those groups that i
 * workers share. Its first lost slot has waited for a while when the i-th is lost; only with the chance that the losses all came within
 * one waiting time is there anything of it left.
 */
export function groupChain(placement: Placement, assumed: DurabilityAssumptions): GroupChain {
  const { scheme, workers } = placement
  const { waitYears, slotYears, slotsPerWorker } = rebuildTimes(placement, assumed)
  const rebuildYears = [0]
  let like = slotsPerWorker
  for (let lost = 1; lost <= scheme.parityColumns; lost++) {
    const queueYears = (Math.max(1, like) / 2) * slotYears
    const first = rebuildYears[1] ?? waitYears + queueYears
    const waitLeft = (waitYears / lost) * (waitYears / first) ** (lost - 1)
    rebuildYears.push((lost === 1 ? waitYears : waitLeft) + queueYears)
    like *= (columnCount(scheme) - lost) / (workers - lost)
  }
  return { scheme, lossesPerYear: assumed.lossesPerYear, rebuildYears }
}

export function durability(placement: Placement, assumed: DurabilityAssumptions): DurabilityResult {
  const { scheme, groups } = placement
  const chain = groupChain(placement, assumed)
  const groupMttdlYears = meanYearsToGroupLoss(chain)
  const { part, groupsLost } = fatalSets(placement)
  // At m lost slots every chunk of the k that are left is needed, and half a scrub cycle's worth of errors is not known yet.
  const criticalPerYear = 1 / meanYearsToSlotsLost(chain, scheme.parityColumns)
  const scrubYears = assumed.scrubCycleSeconds / secondsPerYear
  const errorsPerByte = (assumed.latentErrorsPerByteYear * scrubYears) / 2
  const latentPerYear = (bytesPerColumn: number): number =>
    criticalPerYear * Math.min(1, scheme.dataColumns * bytesPerColumn * errorsPerByte)
  return {
    rebuildHours: ((chain.rebuildYears[1] ?? 0) * secondsPerYear) / 3600,
    groupMttdlYears,
    blockLossPerYear: 1 / groupMttdlYears + latentPerYear(assumed.bytesPerColumn),
    lossesPerYear: groups.length / groupMttdlYears / groupsLost + groups.length * latentPerYear(assumed.bytesPerSlot),
    fatalPart: part,
  }
}

/** 0.001 has three. */
export function nines(probability: number): number {
  return -Math.log10(probability)
}
