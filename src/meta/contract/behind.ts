// When metadata is behind: lost, or older than what the workers have seen of it.

import { FrostError } from '../../base/errors.ts'
import { predecessorsMax } from './cluster-metadata.ts'
import type { ClusterRow, HistorySeen } from './cluster-metadata.ts'

/**
 * The row after a worker told what it has seen; the same object where that is nothing new. Behind are a lower counter of the same history,
 * and a history that does not know the worker's. `undefined`: see `MarkBehind`. Of another history it is not known what it had settled.
 */
export function learnSeen(row: ClusterRow, seen: HistorySeen | undefined): ClusterRow {
  if (seen === undefined) return row.behind && row.settledMs === 0 ? row : { ...row, behind: true, settledMs: 0 }
  const { foreign = [], predecessors = [] } = row
  const { history, counter } = seen
  if (history === row.history) return row.behind || counter <= row.counter ? row : { ...row, behind: true }
  if (predecessors.includes(history) || foreign.includes(history)) return row
  return { ...row, behind: true, settledMs: 0, foreign: [history, ...foreign].slice(0, predecessorsMax) }
}

/** What changes nothing while metadata is behind. */
export function behindError(): FrostError {
  return new FrostError(
    'read-only',
    'The metadata was lost, or is older than what the workers hold: nothing is changed.',
    {
      remedy: 'Start all workers and run: frostbyte rebuild-metadata (with --merge where the metadata holds files).',
      retryAfterSeconds: 120,
    },
  )
}
