// Which batches of a log are proved durable, and which must be judged record by record. Pure: scanned segments in, plan out.
//
// A batch is written only after the one before it was synced, so a batch proves all before it, and a checkpoint proves as a batch
// does. Only the last batch is proved by nothing. Its good records are written again to a new segment, as recovery batches, and
// the new segment's header claims where the old one ends. As long as only recovery batches follow, that work may itself have
// been cut short: then the claim is void and the old segment's last batch is judged again. A seal proves its own segment, but
// of what lies before no more than the segment's batches do: a recovery seals too, where its batches fill a segment.

import type { Claim } from './segment-format.ts'

export interface ScannedSegment {
  readonly segment: number
  readonly claims: readonly Claim[]
  readonly isSealed: boolean
  /** Where the scan began: its first page's end, or the checkpoint's position. */
  readonly start: number
  /** The last batch found from there on, whatever claims say. */
  readonly last: { readonly offset: number } | undefined
  /** A batch that was no recovery was found, in it or in a sealed segment's case perhaps only in a later one. */
  readonly hasNormalBatch: boolean
}

export interface RecoveryPlan {
  /** Where the valid batches of a segment end, for those that end early. */
  readonly ends: ReadonlyMap<number, number>
  /** Batches to be judged, the newest first. */
  readonly judge: readonly { readonly segment: number; readonly offset: number }[]
  /** What the next segment of the log claims. */
  readonly claims: readonly Claim[]
}

/** `segments`: those after the checkpoint's position, in order; what lies before is proved. */
export function planRecovery(segments: readonly ScannedSegment[]): RecoveryPlan {
  const ends = new Map<number, number>()
  const judge: { segment: number; offset: number }[] = []
  const claims: Claim[] = []
  let isProved = false
  for (const scanned of segments.toReversed()) {
    const { segment, last, start } = scanned
    if (!isProved && !scanned.isSealed) {
      const end = last?.offset ?? start
      if (last !== undefined) judge.push({ segment, offset: last.offset })
      ends.set(segment, end)
      claims.push({ segment, end })
    }
    isProved ||= scanned.hasNormalBatch
    if (!isProved) continue
    // Of two claims the newer one counts.
    for (const claim of scanned.claims) if (!ends.has(claim.segment)) ends.set(claim.segment, claim.end)
  }
  return { ends, judge, claims }
}
