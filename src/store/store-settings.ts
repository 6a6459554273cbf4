// The store's options with their defaults and their limits.

import { assert } from '../base/assert.ts'
import { DAY_MS, KIB, MIB, SECOND_MS } from '../base/units.ts'
import { recordBytesMax } from '../codec/record.ts'
import { alignmentBytes } from '../ports/disk.ts'
import type { StoreOptions } from './contract.ts'

export type StoreSettings = Required<StoreOptions>

const defaults: StoreSettings = {
  capacityBytes: Number.MAX_SAFE_INTEGER,
  reserveBytes: 512 * MIB,
  ballastBytes: 16 * MIB,
  segmentBytesMax: 256 * MIB,
  memoryEntriesMax: 8192,
  readMemoryBytes: 8 * MIB,
  queueBytesMax: 32 * MIB,
  openFilesMax: 64,
  compactionBytesPerSecond: 64 * MIB,
  compaction: true,
  scrubCycleMs: 14 * DAY_MS,
  scrub: true,
}

/**
 * On a full file system compaction has the reserve to copy into, and gives space back only by whole segments. A segment of half the
 * reserve always fits there, beside what is kept of it for tombstones and indexes; a larger one would never be compacted.
 */
const segmentPartOfReserve = 1 / 2
/** Whatever the reserve: below this a segment would hold only a few records. */
const segmentBytesLeast = 4 * MIB

/** Fails on a value outside its range: configuration is validated before it comes here. */
export function settingsOf(options: StoreOptions): StoreSettings {
  const given = { ...defaults, ...options }
  const segmentBytesFitting = Math.max(segmentBytesLeast, Math.floor(given.reserveBytes * segmentPartOfReserve))
  const settings = { ...given, segmentBytesMax: Math.min(given.segmentBytesMax, segmentBytesFitting) }
  const within = (name: keyof StoreOptions, least: number, most = Number.MAX_SAFE_INTEGER): void => {
    const value = settings[name]
    const isWithin = typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most
    assert(isWithin, `${name} is ${value}, and must be from ${least} to ${most}`)
  }
  within('capacityBytes', 0)
  within('reserveBytes', 0)
  within('ballastBytes', 0)
  within('segmentBytesMax', 64 * KIB, 256 * MIB)
  within('memoryEntriesMax', 16, 65_536)
  within('readMemoryBytes', 3 * MIB)
  within('queueBytesMax', recordBytesMax)
  within('openFilesMax', 2)
  within('compactionBytesPerSecond', 1)
  within('scrubCycleMs', SECOND_MS)
  assert(settings.readMemoryBytes % alignmentBytes === 0, 'readMemoryBytes is made of pages')
  return settings
}
