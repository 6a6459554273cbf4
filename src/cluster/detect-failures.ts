// The failure detector: from what a process itself has heard of a worker to a verdict. Durations only, all on the
// process's own monotonic clock. Declaring a worker `out` and rebuilding its slots is a decision of the lease holder and not made here.

import { SECOND_MS } from '../base/units.ts'

export interface WorkerSigns {
  /** Since this process last heard from it; `undefined` where it has not since its start. */
  readonly silenceMs: number | undefined
  /** Since this process started, which bounds what it can know. */
  readonly observedMs: number
  /** Age of the oldest disk operation that the worker reported unfinished, counted on to now. */
  readonly stuckDiskMs: number
  readonly connected: boolean
}

export interface DetectorTimes {
  /** Default 5 s. */
  readonly suspectAfterMs: number
  /** Default 30 s. */
  readonly downAfterMs: number
}

export const defaultDetectorTimes: DetectorTimes = { suspectAfterMs: 5 * SECOND_MS, downAfterMs: 30 * SECOND_MS }

/** `suspect` workers are avoided for new data; `down` ones are counted as lost until they return. */
export function detectFailure(signs: WorkerSigns, times: DetectorTimes): 'up' | 'suspect' | 'down' {
  const silence = signs.silenceMs ?? signs.observedMs
  if (
    silence >= times.downAfterMs ||
    (!signs.connected && signs.silenceMs === undefined && signs.observedMs >= times.suspectAfterMs)
  )
    return 'down'
  if (!signs.connected || silence >= times.suspectAfterMs || signs.stuckDiskMs >= times.suspectAfterMs) return 'suspect'
  return 'up'
}
