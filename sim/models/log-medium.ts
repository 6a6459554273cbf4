// The disk below the model of the log's tail: what was written lies in the page cache, on the medium, in both or nowhere.
//
// A sync that fails is the trap: the kernel counts the pages as clean afterwards, so the cache shows what the medium lacks, and a second
// sync succeeds without writing anything.

import type { Claim } from '../../src/store/segment-format.ts'

/**
 * - `dirty`: in the cache, perhaps already on the medium, where a read past the cache finds it; a power loss may take it
 * - `cached`: in the cache alone, and no sync brings it to the medium any more
 * - `durable`: on the medium
 * - `lost`: nowhere
 */
type Place = 'dirty' | 'cached' | 'durable' | 'lost'

export type Key = 'a' | 'b'

export interface Entry {
  readonly key: Key
  readonly kind: 'put' | 'drop'
  readonly sequence: number
}

/** A tombstone lies in the header, a put has bytes of its own. */
export interface Batch {
  readonly isRecovery: boolean
  readonly header: Place
  readonly entries: readonly (Entry & { readonly bytes: Place })[]
}

export interface Segment {
  readonly segment: number
  readonly claims: readonly Claim[]
  readonly isSealed: boolean
  /** Its name is in the directory for good. */
  readonly isNamed: boolean
  readonly batches: readonly Batch[]
}

export function writtenBatch(entries: readonly Entry[], isRecovery: boolean): Batch {
  return { isRecovery, header: 'dirty', entries: entries.map((entry) => ({ ...entry, bytes: 'dirty' })) }
}

export function placeOf(batch: Batch, entry: Batch['entries'][number]): Place {
  return entry.kind === 'drop' ? batch.header : entry.bytes
}

/** What an ordinary read finds. */
export function isVisible(place: Place): boolean {
  return place !== 'lost'
}

/** What a read past the page cache finds. */
export function isOnMedium(place: Place): boolean {
  return place === 'dirty' || place === 'durable'
}

export function syncSegment(segment: Segment): Segment {
  return mapPieces(segment, (place) => (place === 'dirty' ? 'durable' : place))
}

/** What a failed sync of the segment's last batches may leave. */
export function failedSyncs(segment: Segment): readonly Segment[] {
  return choices(segment, ['durable', 'cached'])
}

/** What a power loss may leave of a segment; `undefined`: not even its name. */
export function powerLosses(segment: Segment): readonly (Segment | undefined)[] {
  const uncached = mapPieces(segment, (place) => (place === 'cached' ? 'lost' : place))
  const left = choices(uncached, ['durable', 'lost'])
  return segment.isNamed ? left : [...left.map((known) => ({ ...known, isNamed: true })), undefined]
}

/** Every way in which the dirty pieces can come out, each for itself. */
function choices(segment: Segment, outcomes: readonly Place[]): readonly Segment[] {
  let count = 0
  mapPieces(segment, (place) => {
    if (place === 'dirty') count++
    return place
  })
  const found: Segment[] = []
  for (let choice = 0; choice < outcomes.length ** count; choice++) {
    let rest = choice
    found.push(
      mapPieces(segment, (place) => {
        if (place !== 'dirty') return place
        const outcome = outcomes[rest % outcomes.length] ?? place
        rest = Math.floor(rest / outcomes.length)
        return outcome
      }),
    )
  }
  return found
}

function mapPieces(segment: Segment, change: (place: Place) => Place): Segment {
  const batches = segment.batches.map((batch) => ({
    ...batch,
    header: change(batch.header),
    entries: batch.entries.map((entry) => (entry.kind === 'drop' ? entry : { ...entry, bytes: change(entry.bytes) })),
  }))
  return { ...segment, batches }
}
