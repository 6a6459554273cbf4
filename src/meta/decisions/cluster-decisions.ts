// The row of the cluster itself. It is made once, together with the bucket `default`. The counter of a history only goes up, and
// workers remember the highest they met: metadata that was restored from an older state is told so (`behind`), stays so, and counts
// no further. A row of a newer program is refused before anything else of it is read.

import { FrostError } from '../../base/errors.ts'
import type { ClusterRow, CreateCluster, RaiseCounter } from '../contract/cluster-metadata.ts'
import { bucketKey, clusterKey } from '../encoding/keys.ts'
import { decodeCluster, formatVersion } from '../encoding/cluster-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import { encodeBucket } from '../encoding/bucket-encoding.ts'
import type { Draft } from './draft.ts'

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
  return writeCluster(draft, { ...row, counter: row.counter + 1 })
}

export function markBehind(draft: Draft, command: { history: string; counterSeen: number }): ClusterRow {
  const row = readCluster(draft, command.history)
  if (row.behind || command.counterSeen <= row.counter) return row
  return writeCluster(draft, { ...row, behind: true })
}

function readCluster(draft: Draft, history: string): ClusterRow {
  const stored = draft.get(clusterKey)
  const row = stored === undefined ? undefined : decodeCluster(stored)
  if (row?.history === history) return row
  throw new FrostError('precondition-failed', 'The history of the metadata is another one.')
}

function writeCluster(draft: Draft, row: ClusterRow): ClusterRow {
  draft.put(clusterKey, encodePlainRow(row))
  draft.record({ kind: 'cluster' })
  return row
}
