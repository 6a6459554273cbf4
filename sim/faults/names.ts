/** Nothing that was stored is lost by these. */
export const harmlessFaults = [
  'worker-killed',
  'worker-loses-power',
  'worker-stopped',
  'worker-paused',
  'master-killed',
  'master-paused',
  'all-lose-power',
  'slow-link',
  'connection-reset',
  'one-way-partition',
  'host-cut-off',
  'tail-lost',
  'disk-slow',
  'disk-full',
  'sync-fails',
  'index-lost',
  'calendar-jumps',
  'metadata-answers-lost',
  'metadata-away',
  'worker-added',
] as const

/** By these a worker may lose what it has acknowledged: the budget says how many may meet any. */
export const damagingFaults = [
  'bit-flips',
  'write-misdirected',
  'write-lost',
  'reads-fail',
  'disk-wiped',
  'worker-lost',
] as const

/** Harmless too, and drawn after everything else of a world, so that worlds without them stay what they were. */
export const laterFaults = ['worker-drained'] as const

export type FaultName = (typeof harmlessFaults)[number] | (typeof laterFaults)[number] | (typeof damagingFaults)[number]
