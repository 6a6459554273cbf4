// What workers report, and what was decided of them. A living worker's start counter and batch numbers only go up, so one that
// registers with lower ones has lost writes it acknowledged (a restored snapshot, a cloned disk): it is marked, and stays marked until
// all its groups were compared. Heartbeats never lower a number, and those of workers that never registered are skipped.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { WorkerId } from '../../base/ids.ts'
import { DAY_MS } from '../../base/units.ts'
import { pageLimitMax } from '../contract/conventions.ts'
import type { GroupRow } from '../contract/group-metadata.ts'
import { workersMax } from '../contract/worker-metadata.ts'
import type {
  CountOrphans,
  OrphanCount,
  SetWorkerState,
  WorkerMembership,
  WorkerReport,
  WorkerRow,
} from '../contract/worker-metadata.ts'
import { decodeWorker } from '../encoding/cluster-rows.ts'
import { decodeGroup } from '../encoding/group-encoding.ts'
import { readGroup } from '../encoding/key-parts.ts'
import { tables, within, workerKey } from '../encoding/keys.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

export function registerWorker(draft: Draft, report: WorkerReport): WorkerRow {
  const before = readWorker(draft, report.worker)
  const state = before === undefined ? 'in' : stateBack(before)
  if (before === undefined || !isBehind(report, before))
    return writeWorker(draft, {
      ...orphansOf(before),
      ...mergeReport(report, before),
      state,
      wentBack: before?.wentBack ?? false,
    })
  // From here on its own, lower, numbers count: else the next start after the comparison would be taken for another return.
  return writeWorker(draft, { ...orphansOf(before), ...mergeReport(report, undefined), state, wentBack: true })
}

export function recordWorkers(draft: Draft, { reports }: { readonly reports: readonly WorkerReport[] }): void {
  assert(reports.length <= workersMax, 'number of workers')
  const changed: WorkerId[] = []
  for (const report of reports) {
    const before = readWorker(draft, report.worker)
    if (before === undefined) continue
    const { state, wentBack, drains } = before
    const kept = { state, wentBack, ...(drains === undefined ? {} : { drains }), ...orphansOf(before) }
    const row = encodePlainRow({ ...kept, ...mergeReport(report, before) })
    draft.put(workerKey(report.worker), row)
    changed.push(report.worker)
  }
  if (changed.length > 0) draft.record({ kind: 'worker', workers: changed })
}

export function setWorkerState(
  draft: Draft,
  { worker, state: wanted, drains: keepsDraining, compared, fence }: SetWorkerState,
): WorkerRow {
  draft.checkFence(fence)
  const before = mustReadWorker(draft, worker)
  const { drains: wasDraining, ...rest } = before
  const state = wanted === 'back' ? stateBack(before) : (wanted ?? before.state)
  const drains = state === 'out' && keepsDraining !== false && (wasDraining === true || before.state === 'draining')
  const wentBack = before.wentBack && compared !== true
  if (state === before.state && wentBack === before.wentBack && drains === (wasDraining ?? false)) return before
  return writeWorker(draft, { ...rest, state, wentBack, ...(drains ? { drains } : {}) })
}

/** What a worker is that is not out, or not any more. */
function stateBack({ state, drains }: WorkerRow): WorkerMembership {
  if (state !== 'out') return state
  return drains === true ? 'draining' : 'in'
}

export function removeWorker(draft: Draft, { worker }: { readonly worker: WorkerId }): void {
  if (readWorker(draft, worker) === undefined) return
  for (const { group, slots } of allGroups(draft)) {
    if (slots.some((slot) => slot.worker === worker || slot.pendingWorker === worker))
      throw new FrostError('precondition-failed', `Worker ${worker} holds a slot of placement group ${group}.`)
  }
  draft.remove(workerKey(worker))
  draft.record({ kind: 'worker', workers: [worker] })
}

function* allGroups(draft: Draft): Generator<GroupRow> {
  const { to, from: first } = within(tables.group)
  for (let from = first; ;) {
    const page = draft.range({ from, to, limit: pageLimitMax })
    for (const [key, stored] of page) yield decodeGroup(readGroup(key, tables.group.length), stored)
    const last = page.at(-1)
    if (last === undefined || page.length < pageLimitMax) return
    from = `${last[0]}\0`
  }
}

export function countOrphans(draft: Draft, { workers, bytes, wallMs, fence }: CountOrphans): boolean {
  draft.checkFence(fence)
  const asked = workers.flatMap(({ worker, bytesMax }) => {
    const row = readWorker(draft, worker)
    if (row === undefined) return []
    const day = dayOf(row, wallMs)
    return [{ row, day, isGranted: day.allowed || day.bytes + bytes <= bytesMax }]
  })
  const isGranted = asked.every((each) => each.isGranted)
  for (const { row, day, ...each } of asked) {
    const orphans = isGranted ? { ...day, bytes: day.bytes + bytes } : { ...day, asks: day.asks || !each.isGranted }
    draft.put(workerKey(row.worker), encodePlainRow({ ...row, orphans }))
  }
  if (asked.length > 0) draft.record({ kind: 'worker', workers: asked.map(({ row }) => row.worker) })
  return isGranted
}

/** The day under way, or a new one. */
function dayOf({ orphans }: WorkerRow, wallMs: number): OrphanCount {
  if (orphans !== undefined && wallMs - orphans.sinceMs < DAY_MS) return orphans
  return { sinceMs: wallMs, bytes: 0, asks: false, allowed: false }
}

export function allowOrphans(draft: Draft, { worker }: { readonly worker: WorkerId }): WorkerRow {
  const row = mustReadWorker(draft, worker)
  if (row.orphans?.asks !== true) return row
  return writeWorker(draft, { ...row, orphans: { ...row.orphans, asks: false, allowed: true } })
}

function mustReadWorker(draft: Draft, worker: WorkerId): WorkerRow {
  const row = readWorker(draft, worker)
  if (row === undefined) throw new FrostError('precondition-failed', `There is no worker ${worker}.`)
  return row
}

function readWorker(draft: Draft, worker: WorkerId): WorkerRow | undefined {
  const stored = draft.get(workerKey(worker))
  return stored === undefined ? undefined : decodeWorker(stored)
}

function writeWorker(draft: Draft, row: WorkerRow): WorkerRow {
  draft.put(workerKey(row.worker), encodePlainRow(row))
  draft.record({ kind: 'worker', workers: [row.worker] })
  return row
}

/** Whether a number is lower than the one remembered: its directory was restored, or copied, from an older state. */
function isBehind(report: WorkerReport, before: WorkerReport): boolean {
  const isBatchLower = before.lastBatches.some((batch, index) => (report.lastBatches[index] ?? 0) < batch)
  return isBatchLower || report.startCounter < before.startCounter
}

function orphansOf(before: WorkerRow | undefined): Pick<WorkerRow, 'orphans'> {
  return before?.orphans === undefined ? {} : { orphans: before.orphans }
}

/** What it says now, with the highest of the numbers that only go up. */
function mergeReport(report: WorkerReport, before: WorkerReport | undefined): WorkerReport {
  const { worker, address, zone, capacityBytes, usedBytes } = report
  const count = Math.max(report.lastBatches.length, before?.lastBatches.length ?? 0)
  const lastBatches = Array.from({ length: count }, (_, index) =>
    Math.max(report.lastBatches[index] ?? 0, before?.lastBatches[index] ?? 0),
  )
  const historySeen = laterHistory(report.historySeen, before?.historySeen)
  return {
    worker,
    address,
    ...(zone === undefined ? {} : { zone }),
    capacityBytes,
    usedBytes,
    startCounter: Math.max(report.startCounter, before?.startCounter ?? 0),
    lastBatches,
    ...(historySeen === undefined ? {} : { historySeen }),
  }
}

function laterHistory(
  said: WorkerReport['historySeen'],
  before: WorkerReport['historySeen'],
): WorkerReport['historySeen'] {
  if (said === undefined) return before
  return before?.history === said.history && before.counter > said.counter ? before : said
}
