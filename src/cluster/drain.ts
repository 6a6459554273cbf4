// Whether a worker may be emptied, and how far that is. Pure.

import type { WorkerId } from '../base/ids.ts'
import type { SlotMovesInput } from './slot-move.ts'

export interface DrainInput extends Pick<SlotMovesInput, 'workers' | 'groups'> {
  /** `k+m` of new groups; existing ones may be wider. */
  readonly slotsPerGroup: number
}

export type DrainVerdict = { readonly refused: string } | { readonly allowed: true }

/** Whether `worker` may begin to drain (or go on, where it does already). */
export function canDrain(input: DrainInput, worker: WorkerId): DrainVerdict {
  const row = input.workers.find(({ id }) => id === worker)
  if (row === undefined) return { refused: `There is no worker ${worker}.` }
  if (row.state === 'out')
    return {
      refused: `Worker ${worker} is out: its slots are rebuilt elsewhere without it, and there is nothing to drain.`,
    }
  const width = input.groups.reduce((most, { slots }) => Math.max(most, slots.length), input.slotsPerGroup)
  const remaining = input.workers.filter(({ id, state }) => state === 'in' && id !== worker)
  if (remaining.length < width) {
    const left = `${remaining.length} worker${remaining.length === 1 ? '' : 's'}`
    return { refused: `Without worker ${worker} there would be ${left} left, and a placement group needs ${width}.` }
  }
  const freeBytes = remaining.reduce((sum, other) => sum + other.freeBytes, 0)
  const { bytesLeft } = drainProgress(input, worker)
  if (freeBytes < bytesLeft) {
    return {
      refused: `Worker ${worker} holds about ${bytesLeft} bytes, and the others have room for ${freeBytes} only.`,
    }
  }
  return { allowed: true }
}

export interface DrainProgress {
  /** Slots that it holds or is to hold; at 0 nothing of the cluster's redundancy needs it. */
  readonly slotsLeft: number
  /** An estimate. */
  readonly bytesLeft: number
}

export function drainProgress(input: Pick<SlotMovesInput, 'groups'>, worker: WorkerId): DrainProgress {
  let slotsLeft = 0
  let bytesLeft = 0
  for (const { slots, bytesPerSlot } of input.groups) {
    const held = slots.filter((slot) => slot.worker === worker || slot.pendingWorker === worker).length
    slotsLeft += held
    bytesLeft += held * bytesPerSlot
  }
  return { slotsLeft, bytesLeft }
}
