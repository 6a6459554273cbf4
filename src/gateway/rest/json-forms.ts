// The JSON forms of what the file service tells: names as the REST face promises them (docs/reference/rest.md), `null` for what is
// not known, times as ISO 8601 in UTC, CRC-32 as eight hex digits.

import type { ClusterState, FileInfo, FileLayout, LayoutPiece } from '../../master/file-service.ts'

export function formatTime(timeMs: number): string {
  return new Date(timeMs).toISOString()
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

export function describeCluster(state: ClusterState): unknown {
  const { fragmentsMissing, filesAtRisk, filesLost, unknown, comparedAtMs, scrubbedAtMs } = state.redundancy
  return {
    id: state.id,
    workers: state.workers.map((worker) => ({
      id: worker.id,
      address: worker.address,
      zone: worker.zone ?? null,
      state: worker.state,
      usedBytes: worker.usedBytes,
      capacityBytes: worker.capacityBytes,
    })),
    groups: state.groups.map((group) => ({
      id: group.id,
      epoch: group.epoch,
      scheme: `${group.scheme.dataColumns}+${group.scheme.parityColumns}`,
      state: group.state,
      workers: group.workers,
    })),
    redundancy: {
      fragmentsMissing: fragmentsMissing ?? null,
      filesAtRisk: filesAtRisk ?? null,
      filesLost: filesLost ?? null,
      unknown,
      comparedAt: comparedAtMs === undefined ? null : formatTime(comparedAtMs),
      scrubbedAt: scrubbedAtMs === undefined ? null : formatTime(scrubbedAtMs),
    },
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
