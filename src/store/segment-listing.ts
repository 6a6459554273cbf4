// What a segment itself says that it holds: its key table, or, without an intact one, its batch headers.

import type { Compute } from '../ports/compute.ts'
import { alignmentBytes } from '../ports/disk.ts'
import type { LogEntry } from './log-entry.ts'
import type { SegmentFiles } from './segment-files.ts'
import { isGap, SegmentScan } from './segment-scan.ts'
import type { Segment } from './segment-table.ts'

export interface SegmentListing {
  /** At most as many as a segment has (65,536). */
  readonly entries: readonly LogEntry[]
  /** What is damaged of what the segment says of itself; `undefined`: nothing that was looked at. */
  readonly damage: 'file' | 'header page' | 'table' | 'batch header' | undefined
}

export async function listSegment(
  ports: { readonly files: SegmentFiles; readonly compute: Compute },
  segment: Segment,
): Promise<SegmentListing> {
  return await ports.files.use(segment.kind, segment.segment, async (file): Promise<SegmentListing> => {
    if (file === undefined) return { entries: [], damage: 'file' }
    const scan = await SegmentScan.open(ports.compute, file, segment.segment)
    return scan === undefined ? { entries: [], damage: 'header page' } : await listScanned(scan, segment)
  })
}

async function listScanned(scan: SegmentScan, segment: Segment): Promise<SegmentListing> {
  const listed: LogEntry[] = []
  let isWhole = scan.trailer !== undefined
  for await (const entries of scan.table()) {
    if (entries === undefined) isWhole = false
    else listed.push(...entries)
  }
  if (isWhole && listed.length === scan.trailer?.entryCount) return { entries: listed, damage: undefined }
  listed.length = 0
  let hasGap = false
  for await (const found of scan.batches(alignmentBytes, segment.batchesEnd, 0)) {
    if (isGap(found)) hasGap = true
    else listed.push(...found.batch.entries)
  }
  return { entries: listed, damage: segment.isSealed ? 'table' : hasGap ? 'batch header' : undefined }
}
