// Reads about the cluster, its processes, groups and workers, and the queues of background work.

import { assert } from '../../base/assert.ts'
import type { GroupId, WorkerId } from '../../base/ids.ts'
import { parseProcessId } from '../../base/ids.ts'
import type { ByteString, KeyValueEntry, KeyValueView } from '../../ports/key-value.ts'
import { followersMax } from '../contract/change-metadata.ts'
import type { ChangeRecord, Follower } from '../contract/change-metadata.ts'
import type { ClusterRow } from '../contract/cluster-metadata.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { DataRef } from '../contract/conventions.ts'
import type { DataRow, ListDataRows, PurgeEntry } from '../contract/data-metadata.ts'
import type { GroupPage, GroupRow } from '../contract/group-metadata.ts'
import type { LeaseRow } from '../contract/lease-metadata.ts'
import type { IntentRow, ProcessRow } from '../contract/process-metadata.ts'
import type { RebuildRow } from '../contract/rebuild-metadata.ts'
import type { ListRepairs, RepairEntry } from '../contract/repair-metadata.ts'
import { workersMax } from '../contract/worker-metadata.ts'
import type { WorkerRow } from '../contract/worker-metadata.ts'
import { insertMax, readData, recentMax } from '../decisions/data-rows.ts'
import { decodeChange } from '../encoding/change-encoding.ts'
import { decodeCluster, decodeLease, decodeProcess, decodeRebuild, decodeWorker } from '../encoding/cluster-rows.ts'
import { decodeData, toDataRow } from '../encoding/data-encoding.ts'
import { decodeGroup } from '../encoding/group-encoding.ts'
import {
  afterPrefix,
  hexPart,
  numberPart,
  partText,
  readDataId,
  readGroup,
  readHex,
  readNumber,
  uint32Part,
} from '../encoding/key-parts.ts'
import {
  changeKey,
  clusterKey,
  groupKey,
  intentKey,
  leaseKey,
  mapVersionKey,
  purgeCountKey,
  purgeKey,
  rebuildKey,
  repairKey,
  tables,
  within,
  workerKey,
} from '../encoding/keys.ts'
import { decodeNumbers } from '../encoding/plain-rows.ts'
import { decodeRepair } from '../encoding/repair-encoding.ts'
import { corrupt } from '../encoding/row-reader.ts'
import { firstDataIdAt } from '../../base/ids.ts'

const processesMax = 10_000
const groupsMax = 1_000_000

export function getCluster(view: KeyValueView): ClusterRow | undefined {
  const stored = view.get(clusterKey)
  return stored === undefined ? undefined : decodeCluster(stored)
}

export function getRebuild(view: KeyValueView): RebuildRow | undefined {
  const stored = view.get(rebuildKey)
  return stored === undefined ? undefined : decodeRebuild(stored)
}

export function getLease(view: KeyValueView, name: string): LeaseRow | undefined {
  const stored = view.get(leaseKey(name))
  return stored === undefined ? undefined : decodeLease(stored)
}

export function purgeQueueLength(view: KeyValueView): number {
  return decodeNumbers(view.get(purgeCountKey), 1)[0] ?? 0
}

export function getDataRow(view: KeyValueView, ref: DataRef): DataRow | undefined {
  const stored = readData(view, ref)
  return stored === undefined ? undefined : toDataRow(ref, stored)
}

export function listDataRows(view: KeyValueView, request: ListDataRows): readonly DataRow[] {
  assertLimit(request.limit)
  const recent = listRecentRows(view, request)
  const rows = listMovedRows(view, request)
  if (recent.length === 0) return rows
  const byId = [...rows, ...recent].toSorted((left, right) => (left.dataId < right.dataId ? -1 : 1))
  return byId.slice(0, request.limit)
}

function listMovedRows(view: KeyValueView, request: ListDataRows): readonly DataRow[] {
  const { group } = request
  return listIds(view, tables.data, request).map(([key, stored]) =>
    toDataRow({ group, dataId: readDataId(key, 5) }, decodeData(stored)),
  )
}

export function listDeadData(view: KeyValueView, request: ListDataRows): readonly DataRef[] {
  assertLimit(request.limit)
  const { group } = request
  return listIds(view, tables.deadData, request).map(([key]) => ({ group, dataId: readDataId(key, 5) }))
}

/** A page of a table that is ordered by groups and data ids. */
function listIds(view: KeyValueView, table: ByteString, request: ListDataRows): readonly KeyValueEntry[] {
  const { group, after, below, limit } = request
  const prefix = table + uint32Part(group)
  const from = after === undefined ? prefix : `${prefix}${hexPart(after)}\0`
  const to = below === undefined ? afterPrefix(prefix) : prefix + hexPart(firstDataIdAt(below))
  return from >= to ? [] : view.range({ from, to, limit })
}

function listRecentRows(view: KeyValueView, request: ListDataRows): readonly DataRow[] {
  const { group, after = '', below } = request
  const end = below === undefined ? 'g' : firstDataIdAt(below)
  const rows: DataRow[] = []
  for (const [key, stored] of view.range({ ...within(tables.recentData), limit: recentMax + insertMax })) {
    const dataId = readDataId(key, 1)
    if (readGroup(key, 17) !== group || dataId <= after || dataId >= end) continue
    rows.push(toDataRow({ group, dataId }, decodeData(stored)))
  }
  return rows
}

export function nextPurge(
  view: KeyValueView,
  request: { readonly limit: number; readonly after?: PurgeEntry },
): readonly PurgeEntry[] {
  assertLimit(request.limit)
  const published = listProcesses(view).map((row) => row.purgeSequence)
  if (published.length === 0) return []
  const from = request.after === undefined ? tables.purge : `${purgeKey(request.after)}\0`
  const to = tables.purge + numberPart(Math.min(...published))
  if (from >= to) return []
  return view.range({ from, to, limit: request.limit }).map(([key]) => ({
    sequence: readNumber(key, 1),
    group: readGroup(key, 8),
    dataId: readDataId(key, 12),
  }))
}

export function listProcesses(view: KeyValueView): readonly ProcessRow[] {
  return view.range({ ...within(tables.process), limit: processesMax }).map(([, row]) => decodeProcess(row))
}

export function listIntents(
  view: KeyValueView,
  request: { readonly after?: IntentRow; readonly limit: number },
): readonly IntentRow[] {
  assertLimit(request.limit)
  const { after } = request
  const from = after === undefined ? tables.intent : `${intentKey(after.process, after)}\0`
  return view.range({ from, to: afterPrefix(tables.intent), limit: request.limit }).map(([key]) => {
    const process = parseProcessId(readHex(key, 1, 16))
    if (process === undefined) throw corrupt('a process id is not one')
    return { process, dataId: readDataId(key, 9), group: readGroup(key, 25) }
  })
}

export function listRepairs(view: KeyValueView, request: ListRepairs): readonly RepairEntry[] {
  const { group, dataId, after, limit } = request
  assertLimit(limit)
  const prefix = tables.repair + uint32Part(group) + (dataId === undefined ? '' : hexPart(dataId))
  const from = after === undefined ? prefix : `${repairKey(after)}\0`
  const to = afterPrefix(prefix)
  return from >= to ? [] : view.range({ from, to, limit }).map(([key, row]) => decodeRepair(key, row))
}

export function countRepairs(view: KeyValueView): readonly { readonly group: GroupId; readonly count: number }[] {
  const rows = view.range({ ...within(tables.repairCount), limit: groupsMax })
  return rows.map(([key, row]) => ({ group: readGroup(key, 1), count: decodeNumbers(row, 1)[0] ?? 0 }))
}

export function getGroup(view: KeyValueView, group: GroupId): GroupRow | undefined {
  const stored = view.get(groupKey(group))
  return stored === undefined ? undefined : decodeGroup(group, stored)
}

export function listGroups(view: KeyValueView, request: { readonly since: number; readonly limit: number }): GroupPage {
  assertLimit(request.limit)
  const from = tables.mapChange + numberPart(request.since + 1)
  const changes = view.range({ from, to: afterPrefix(tables.mapChange), limit: request.limit + 1 })
  const groups = changes.slice(0, request.limit).map(([, row]) => {
    const group = readGroup(Buffer.from(row).toString('latin1'), 0)
    const found = getGroup(view, group)
    if (found === undefined) throw corrupt('a placement group is missing')
    return found
  })
  const truncated = changes.length > request.limit
  const [newest = 0] = decodeNumbers(view.get(mapVersionKey), 1)
  return { groups, truncated, version: truncated ? (groups.at(-1)?.mapVersion ?? request.since) : newest }
}

export function getWorker(view: KeyValueView, worker: WorkerId): WorkerRow | undefined {
  const stored = view.get(workerKey(worker))
  return stored === undefined ? undefined : decodeWorker(stored)
}

export function listWorkers(view: KeyValueView): readonly WorkerRow[] {
  return view.range({ ...within(tables.worker), limit: workersMax }).map(([, row]) => decodeWorker(row))
}

export function listChanges(
  view: KeyValueView,
  request: { readonly after: number; readonly limit: number },
): readonly ChangeRecord[] {
  assertLimit(request.limit)
  const from = changeKey(request.after + 1)
  return view.range({ from, to: afterPrefix(tables.change), limit: request.limit }).map(([key, row]) => ({
    sequence: readNumber(key, 1),
    change: decodeChange(row),
  }))
}

export function listFollowers(view: KeyValueView): readonly Follower[] {
  return view.range({ ...within(tables.follower), limit: followersMax }).map(([key, row]) => ({
    name: partText(key.slice(tables.follower.length)),
    sequence: decodeNumbers(row, 1)[0] ?? 0,
  }))
}

function assertLimit(limit: number): void {
  assert(Number.isInteger(limit) && limit >= 1 && limit <= pageLimitMax, 'limit of a page')
}
