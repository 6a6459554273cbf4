// Which segment to compact next. Pure: accounts of the segments in, decision out.
//
// What is not alive is garbage, measured against what the same live entries would take if written anew, so that headers,
// tables and padding do not count. Compaction begins when garbage passes a fifth of what lives (and a slack, so that small stores
// are left in peace), and goes on until it is below an eighth: disk use stays below 1.5 times what lives, with room for
// ballast and index. Of the candidates, the one with the largest share of garbage costs the least to copy for what it gives.

import { MIB } from '../base/units.ts'
import { alignmentBytes } from '../ports/disk.ts'
import type { LogKind } from './batch-format.ts'
import type { IdRange } from './index-rows.ts'
import { entryBytes } from './log-entry.ts'
import type { Segment } from './segment-table.ts'

const beginShare = 1 / 5
const endShare = 1 / 8
/** Garbage that a store is left in peace with: this part of a segment's size (4 MiB of 256). */
const slackPart = 1 / 64
/** A segment with less is not worth copying. */
const garbageShareMin = 0.1
/** Copies are written in groups of at most so many entries and bytes. */
export const copiesMax = 64
export const copyBytesMax = MIB
/** So many small segments (an eighth of the full size, an eighth of the entries) are joined: every start leaves some. */
const smallSegmentsMax = 16
const smallPart = 1 / 8
const smallEntriesMax = 8192
/** An active segment with so much garbage is sealed early. */
const activeGarbageShare = 0.25

export type CompactionPlan =
  | { readonly action: 'compact'; readonly segment: number }
  /** The segment that the log is writing holds the garbage: it must be sealed first. */
  | { readonly action: 'seal'; readonly kind: LogKind }

export interface CompactionState {
  readonly segmentBytesMax: number
  /** The last plan was one too. */
  readonly isUnderWay: boolean
  /** The disk is full, so what needs the least room comes first. */
  readonly isFull: boolean
  /** What copies may take of the file system. */
  readonly roomBytes: number
  /** Segments that must stay. */
  readonly kept: ReadonlySet<number>
}

export function planCompaction(segments: readonly Segment[], state: CompactionState): CompactionPlan | undefined {
  const slackBytes = state.segmentBytesMax * slackPart
  const candidates = segments.filter(
    (segment) =>
      !segment.isActive &&
      !segment.isUnreadable &&
      segment.liveBytes <= state.roomBytes &&
      !state.kept.has(segment.segment),
  )
  const free = candidates.find((segment) => segment.liveEntries === 0 && areTombstonesDone(segment, segments))
  if (free !== undefined) return { action: 'compact', segment: free.segment }
  const small = candidates.filter((segment) => isSmall(segment, state.segmentBytesMax))
  if (small.length > smallSegmentsMax) return { action: 'compact', segment: smallestOf(small).segment }
  const garbage = segments.reduce((sum, segment) => sum + garbageOf(segment), 0)
  const total = segments.reduce((sum, segment) => sum + segment.fileBytes, 0)
  const limit = (total - garbage) * (state.isUnderWay ? endShare : beginShare) + slackBytes
  if (garbage <= limit && !(state.isFull && garbage > 0)) return undefined
  const worth = candidates.filter((segment) => garbageShare(segment) >= garbageShareMin)
  const [best] = state.isFull
    ? worth.toSorted((left, right) => left.liveBytes - right.liveBytes)
    : worth.toSorted((left, right) => garbageShare(right) - garbageShare(left))
  const active = segments.find((segment) => segment.isActive && isWorthSealing(segment, best, slackBytes))
  if (active !== undefined) return { action: 'seal', kind: active.kind }
  return best === undefined ? undefined : { action: 'compact', segment: best.segment }
}

/** Bytes that writing the segment's live entries anew would give back: at least, so that a compaction never makes work for itself. */
export function garbageOf(segment: Segment): number {
  if (segment.isUnreadable) return 0
  const entries = segment.liveEntries + segment.tombstones
  const tables = entries * entryBytes + 4 * alignmentBytes
  const batches =
    segment.kind === 'large' ? segment.liveEntries : entries / copiesMax + segment.liveBytes / copyBytesMax
  const cost = segment.liveBytes + segment.tombstones * entryBytes + tables + Math.ceil(batches) * alignmentBytes
  return Math.max(0, segment.fileBytes - cost)
}

function garbageShare(segment: Segment): number {
  return segment.fileBytes === 0 ? 0 : garbageOf(segment) / segment.fileBytes
}

function isSmall(segment: Segment, segmentBytesMax: number): boolean {
  return segment.fileBytes < segmentBytesMax * smallPart && segment.liveEntries + segment.tombstones < smallEntriesMax
}

function smallestOf(segments: readonly Segment[]): Segment {
  return segments.reduce((least, segment) => (segment.fileBytes < least.fileBytes ? segment : least))
}

function isWorthSealing(active: Segment, best: Segment | undefined, slackBytes: number): boolean {
  const share = garbageShare(active)
  if (share < activeGarbageShare || garbageOf(active) < slackBytes) return false
  return best === undefined || share > garbageShare(best)
}

/**
 * Whether no other segment can hold a record that the tombstones of this one are there for: such a record is older than they are, so
 * its segment began before the one that followed this one in its log. Without that, one old record beside new ones, whose ids span
 * all that lies between, would keep every tombstone for ever.
 */
function areTombstonesDone(segment: Segment, segments: readonly Segment[]): boolean {
  const { droppedIds } = segment
  if (segment.tombstones === 0 || droppedIds === undefined) return true
  const end = endOf(segment, segments)
  return !segments.some(
    (other) =>
      other.segment !== segment.segment &&
      (other.isUnreadable || (other.firstSequence < end && overlap(other.ids, droppedIds))),
  )
}

/** A sequence that is above all in the segment: what follows it in its log begins there or later. */
function endOf({ segment, kind }: Segment, segments: readonly Segment[]): number {
  const later = segments.filter((other) => other.kind === kind && other.segment > segment)
  return Math.min(...later.map((other) => other.firstSequence))
}

function overlap(left: IdRange | undefined, right: IdRange): boolean {
  return left !== undefined && left.first <= right.last && right.first <= left.last
}
