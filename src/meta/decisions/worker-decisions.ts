// What workers report, and what was decided of them. A living worker's start counter and batch numbers only go up, so one that
// registers with lower ones has lost writes it acknowledged (a restored snapshot, a cloned disk): it is marked, and stays marked until
// all its groups were compared. Heartbeats never lower a number, and those of workers that never registered are skipped.

import { assert } from '../../base/assert.ts'
import { FrostError } from '../../base/errors.ts'
import type { WorkerId } from '../../base/ids.ts'
import { workersMax } from '../contract/worker-metadata.ts'
import type { SetWorkerState, WorkerReport, WorkerRow } from '../contract/worker-metadata.ts'
import { workerKey } from '../encoding/keys.ts'
import { decodeWorker } from '../encoding/cluster-rows.ts'
import { encodePlainRow } from '../encoding/plain-rows.ts'
import type { Draft } from './draft.ts'

export function registerWorker(draft: Draft, report: WorkerReport): WorkerRow {
  const before = readWorker(draft, report.worker)
  const state = before === undefined || before.state === 'out' ? 'in' : before.state
  if (before === undefined || !isBehind(report, before))
    return writeWorker(draft, { ...mergeReport(report, before), state, wentBack: before?.wentBack ?? false })
  // From here on its own, lower, numbers count: else the next start after the comparison would be taken for another return.
  return writeWorker(draft, { ...mergeReport(report, undefined), state, wentBack: true })
}

export function recordWorkers(draft: Draft, { reports }: { readonly reports: readonly WorkerReport[] }): void {
  assert(reports.length <= workersMax, 'number of workers')
  const changed: WorkerId[] = []
  for (const report of reports) {
    const before = readWorker(draft, report.worker)
    if (before === undefined) continue
    const row = encodePlainRow({ ...mergeReport(report, before), state: before.state, wentBack: before.wentBack })
    draft.put(workerKey(report.worker), row)
    changed.push(report.worker)
  }
  if (changed.length > 0) draft.record({ kind: 'worker', workers: changed })
}

export function setWorkerState(draft: Draft, { worker, state, compared, fence }: SetWorkerState): WorkerRow {
  draft.checkFence(fence)
  const before = readWorker(draft, worker)
  if (before === undefined) throw new FrostError('precondition-failed', `There is no worker ${worker}.`)
  const row = { ...before, state: state ?? before.state, wentBack: before.wentBack && compared !== true }
  return row.state === before.state && row.wentBack === before.wentBack ? before : writeWorker(draft, row)
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
