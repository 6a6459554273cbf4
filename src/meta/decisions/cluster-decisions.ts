// The row of the cluster itself. It is made once, together with the bucket `default`. The counter of a history only goes up, and
// workers remember the highest they met: metadata that was restored from an older state, or that was lost and begun anew, is told so
// (`behind`), stays so until it was rebuilt, and counts no further. A row of a newer program is refused before anything else of it is
// read.

import { FrostError } from '../../base/errors.ts'
import { behindError, learnSeen } from '../contract/behind.ts'
import type { ClusterRow, CreateCluster, MarkBehind, RaiseCounter } from '../contract/cluster-metadata.ts'
import { behindKey, bucketKey, clusterKey } from '../encoding/keys.ts'
import { decodeCluster, formatVersion } from '../encoding/cluster-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import { encodeBucket } from '../encoding/bucket-encoding.ts'
import type { Draft } from './draft.ts'
import { readHorizon } from './horizon.ts'

export function createCluster(draft: Draft, command: CreateCluster): ClusterRow {
  const stored = draft.get(clusterKey)
  if (stored !== undefined) return decodeCluster(stored)
  const row: ClusterRow = { ...command, counter: 0, behind: false, formatVersion }
  draft.put(clusterKey, encodePlainRow(row))
  draft.put(bucketKey('default'), encodeBucket({ createdMs: command.createdMs, hadMarkers: false }))
  draft.record({ kind: 'cluster' })
  return row
}

export function raiseCounter(draft: Draft, command: RaiseCounter): ClusterRow {
  draft.checkFence(command.fence)
  const row = readCluster(draft, command.history)
  if (row.behind) return row
  return writeCluster(draft, { ...row, counter: row.counter + 1, settledMs: readHorizon(draft).horizonMs })
}

export function markBehind(draft: Draft, { history, seen }: MarkBehind): ClusterRow {
  const row = readCluster(draft, history)
  const learned = learnSeen(row, seen)
  return learned === row ? row : writeCluster(draft, learned)
}

/** One look-up, because every commit makes it. @throws FrostError `read-only` while metadata is behind. */
export function refuseWhileBehind(draft: Draft): void {
  if (draft.get(behindKey) !== undefined) throw behindError()
}

function readCluster(draft: Draft, history: string): ClusterRow {
  const stored = draft.get(clusterKey)
  const row = stored === undefined ? undefined : decodeCluster(stored)
  if (row?.history === history) return row
  throw new FrostError('precondition-failed', 'The history of the metadata is another one.')
}

/** The caller records the change where it makes others too. */
export function putCluster(draft: Draft, row: ClusterRow): void {
  draft.put(clusterKey, encodePlainRow(row))
  if (row.behind) draft.put(behindKey, new Uint8Array(0))
  else draft.remove(behindKey)
}

function writeCluster(draft: Draft, row: ClusterRow): ClusterRow {
  putCluster(draft, row)
  draft.record({ kind: 'cluster' })
  return row
}
