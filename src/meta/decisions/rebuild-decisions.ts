// The course of a rebuild: asked for, advanced, ended. One row says how far it is, so that whoever holds the lease goes on with it, also
// after a crash. Only while it runs do its own commands put anything back (recover-decisions.ts).

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import { behindError } from '../contract/behind.ts'
import { predecessorsMax } from '../contract/cluster-metadata.ts'
import type { ClusterRow } from '../contract/cluster-metadata.ts'
import type { Fence } from '../contract/conventions.ts'
import { examplesMax, missingMax } from '../contract/rebuild-metadata.ts'
import type { FinishRebuild, RebuildRow, StartRebuild } from '../contract/rebuild-metadata.ts'
import { decodeCluster, decodeRebuild } from '../encoding/cluster-rows.ts'
import { clusterKey, rebuildKey, tables, within } from '../encoding/keys.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import { putCluster } from './cluster-decisions.ts'
import type { Draft } from './draft.ts'
import { raiseHorizon, readHorizon } from './horizon.ts'

export function startRebuild(draft: Draft, command: StartRebuild): RebuildRow {
  const before = readRebuild(draft)
  if (before?.id === command.id) return before
  const cluster = currentCluster(draft)
  refuse(draft, { command, before, cluster })
  const row: RebuildRow = {
    ...command,
    history: cluster.history,
    behind: cluster.behind,
    state: 'running',
    groups: 0,
    groupsDone: 0,
    group: 0,
    filesRecovered: 0,
    filesIncomplete: 0,
    idsUnnamed: 0,
    repairs: 0,
    examples: [],
    missing: [],
    // What an earlier run has put back it does not meet again.
    highest: before?.history === cluster.history ? before.highest : { sequence: 0, idMs: 0, group: 0 },
  }
  return writeRebuild(draft, row)
}

interface StartState {
  readonly command: StartRebuild
  readonly before: RebuildRow | undefined
  readonly cluster: ClusterRow
}

function refuse(draft: Draft, { command, before, cluster }: StartState): void {
  if (before?.state === 'running')
    throw new FrostError('precondition-failed', 'The metadata is being rebuilt already.', {
      remedy: 'Wait for its end: GET /api/v1/rebuild-metadata shows how far it is.',
    })
  if (command.merge) return
  if (!cluster.behind)
    throw new FrostError('precondition-failed', 'The metadata is not behind: there is nothing to rebuild.', {
      remedy: 'Give merge to put back files that workers hold and metadata does not know.',
    })
  const isRepeat = before?.state === 'failed' && before.history === cluster.history && !before.merge
  if (!isRepeat && draft.range({ ...within(tables.head), limit: 1 }).length > 0)
    throw new FrostError('precondition-failed', 'The metadata holds files: it is old, not lost.', {
      remedy: 'Give merge to add to it what the workers hold besides.',
    })
}

export function recordRebuild(
  draft: Draft,
  { row, fence }: { readonly row: RebuildRow; readonly fence?: Fence },
): void {
  runningRebuild(draft, row.id, fence)
  assert(row.examples.length <= examplesMax && row.missing.length <= missingMax, 'size of the row of a rebuild')
  writeRebuild(draft, row)
}

export function finishRebuild(draft: Draft, { id, endedMs, unsettled, fence }: FinishRebuild): RebuildRow {
  const before = readRebuild(draft)
  if (before?.id === id && before.state === 'done') return before
  const running = runningRebuild(draft, id, fence)
  const { sequence, idMs, group } = running.highest
  draft.raiseSequence(sequence)
  const { ceilingMs } = raiseHorizon(draft, { ceilingMs: idMs + 1, horizonMs: readHorizon(draft).horizonMs })
  const cluster = currentCluster(draft)
  putCluster(draft, {
    ...cluster,
    history: id,
    predecessors: [...new Set([cluster.history, ...(cluster.foreign ?? []), ...(cluster.predecessors ?? [])])].slice(
      0,
      predecessorsMax,
    ),
    foreign: [],
    counter: 0,
    behind: false,
    groupsAbove: Math.max(cluster.groupsAbove ?? 0, group),
    unsettledBelowMs: unsettled ? ceilingMs + 1 : 0,
  })
  return writeRebuild(draft, { ...running, state: 'done', endedMs })
}

/** @throws FrostError `precondition-failed`: no rebuild of this id runs, or the fence is stale. */
export function runningRebuild(draft: Draft, id: string, fence: Fence | undefined): RebuildRow {
  draft.checkFence(fence)
  const row = readRebuild(draft)
  if (row?.id === id && row.state === 'running') return row
  throw new FrostError('precondition-failed', `The rebuild ${id} does not run.`)
}

function readRebuild(draft: Draft): RebuildRow | undefined {
  const stored = draft.get(rebuildKey)
  return stored === undefined ? undefined : decodeRebuild(stored)
}

function writeRebuild(draft: Draft, row: RebuildRow): RebuildRow {
  draft.put(rebuildKey, encodePlainRow(row))
  draft.record({ kind: 'cluster' })
  return row
}

function currentCluster(draft: Draft): ClusterRow {
  const stored = draft.get(clusterKey)
  if (stored === undefined) throw behindError()
  return decodeCluster(stored)
}
