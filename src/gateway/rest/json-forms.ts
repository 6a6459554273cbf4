// The JSON forms of what the file service tells: names as the REST face promises them (docs/reference/rest.md), `null` for what is
// not known, times as ISO 8601 in UTC, CRC-32 as eight hex digits.

import { isSettling } from '../../meta/contract/rebuild-metadata.ts'
import type {
  ClusterState,
  FileInfo,
  FileLayout,
  HealingInfo,
  LayoutPiece,
  RebuildState,
  Redundancy,
  VerifyPage,
  WorkerInfo,
} from '../../master/file-service.ts'

export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
}

export function formatOptionalTime(timeMs: number | undefined): string | null {
  return timeMs === undefined ? null : formatTime(timeMs)
}

function formatCrc32(crc32: number): string {
  return crc32.toString(16).padStart(8, '0')
}

export function describeFile(info: FileInfo): unknown {
  return {
    filename: info.key,
    bucket: info.bucket,
    size: info.sizeBytes,
    etag: info.etag,
    version: info.version,
    contentType: info.contentType ?? null,
    time: formatTime(info.modifiedMs),
    crc32: formatCrc32(info.crc32),
  }
}

/** `nowMs`: the time by which the reader can tell how old the other times are. */
export function describeCluster(state: ClusterState, nowMs: number): unknown {
  return {
    id: state.id,
    time: formatTime(nowMs),
    behind: state.behind,
    workers: state.workers.map(describeWorker),
    groups: state.groups.map((group) => ({
      id: group.id,
      epoch: group.epoch,
      scheme: `${group.scheme.dataColumns}+${group.scheme.parityColumns}`,
      state: group.state,
      workers: group.workers,
    })),
    redundancy: describeRedundancy(state.redundancy),
    healing: describeHealing(state.healing),
  }
}

function describeWorker(worker: WorkerInfo): unknown {
  const { id, address, zone, state, usedBytes, capacityBytes, slots, failing, scrub } = worker
  const { oldestDiskOperationMs, diskLatencyMs, damagedFragments, asksToDelete } = worker
  return {
    id,
    address,
    zone: zone ?? null,
    state,
    usedBytes,
    capacityBytes,
    slots,
    failing,
    oldestDiskOperationMs,
    diskLatencyMs,
    damagedFragments,
    asksToDelete,
    scrub:
      scrub === undefined
        ? null
        : {
            runningFull: scrub.runningFull,
            doneBytes: scrub.doneBytes,
            totalBytes: scrub.totalBytes,
            lastFinishedAt: formatOptionalTime(scrub.lastFinishedAtMs),
          },
  }
}

function describeRedundancy(redundancy: Redundancy): unknown {
  return {
    fragmentsMissing: redundancy.fragmentsMissing ?? null,
    filesAtRisk: redundancy.filesAtRisk ?? null,
    filesLost: redundancy.filesLost ?? null,
    lostFiles: redundancy.lostFiles.map(({ key, bucket }) => ({ filename: key, bucket })),
    unknown: redundancy.unknown,
    comparedAt: formatOptionalTime(redundancy.comparedAtMs),
    scrubbedAt: formatOptionalTime(redundancy.scrubbedAtMs),
  }
}

/** Member by member, as everything here: what an implementation carries besides does not leak out. */
function describeHealing(healing: HealingInfo): unknown {
  return {
    moves: healing.moves.map(({ group, slot, from, to, copied }) => ({ group, slot, from, to, copied })),
    queued: healing.queued,
    rebuiltFragments: healing.rebuiltFragments,
    writtenBytes: healing.writtenBytes,
    readBytes: healing.readBytes,
    bytesPerSecond: healing.bytesPerSecond,
    slotsToMove: healing.slotsToMove,
    slotsWithoutSpare: healing.slotsWithoutSpare,
  }
}

export function describeVerified(page: VerifyPage): unknown {
  const { key, bucket, sizeBytes, etag, version } = page.info
  return {
    filename: key,
    bucket,
    size: sizeBytes,
    etag,
    version,
    blocks: page.blocks,
    good: page.good,
    problems: page.problems.map(({ block, column, worker, state }) => ({ block, column, worker, state })),
    next: page.next ?? null,
  }
}

/** `undefined`: there was none. */
export function describeRebuild(rebuild: RebuildState | undefined): unknown {
  return {
    state: rebuild?.state ?? 'none',
    merge: rebuild?.merge ?? false,
    force: rebuild?.force ?? false,
    startedAt: rebuild === undefined ? null : formatTime(rebuild.startedMs),
    endedAt: rebuild?.endedMs === undefined ? null : formatTime(rebuild.endedMs),
    groups: rebuild?.groups ?? 0,
    groupsDone: rebuild?.groupsDone ?? 0,
    filesRecovered: rebuild?.filesRecovered ?? 0,
    filesIncomplete: rebuild?.filesIncomplete ?? 0,
    idsUnnamed: rebuild?.idsUnnamed ?? 0,
    repairs: rebuild?.repairs ?? 0,
    incomplete: (rebuild?.examples ?? []).map(({ bucket, key, reason }) => ({ filename: key, bucket, reason })),
    workersMissing: rebuild?.missing ?? [],
    settled: rebuild?.state === 'done' && isSettling(rebuild),
    reason: rebuild?.reason ?? null,
    remedy: rebuild?.remedy ?? null,
  }
}

export function describeLayout(layout: FileLayout): unknown {
  return {
    filename: layout.info.key,
    bucket: layout.info.bucket,
    size: layout.info.sizeBytes,
    etag: layout.info.etag,
    scheme: `${layout.scheme.dataColumns}+${layout.scheme.parityColumns}`,
    chunkSize: layout.chunkSizeBytes,
    chunks: layout.chunkCount,
    pieces: layout.pieces.map(describePiece),
    next: layout.next ?? null,
  }
}

function describePiece(piece: LayoutPiece): unknown {
  return {
    kind: piece.kind,
    index: piece.index,
    group: piece.group,
    block: piece.block,
    stripe: piece.stripe,
    column: piece.column,
    length: piece.lengthBytes,
    crc32: piece.crc32 === undefined ? null : formatCrc32(piece.crc32),
    worker: piece.worker,
  }
}
