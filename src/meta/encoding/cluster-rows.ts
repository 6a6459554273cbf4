// The rows of the cluster itself, of its last rebuild, of workers, processes and leases, which stand as plain data with the names of
// their fields (plain-rows.ts): what each must have to be taken for one. A row that has not is `store-corrupt`.

import { FrostError } from '../../base/errors.ts'
import type { ClusterRow } from '../contract/cluster-metadata.ts'
import type { LeaseRow } from '../contract/lease-metadata.ts'
import type { ProcessRow } from '../contract/process-metadata.ts'
import type { RebuildRow } from '../contract/rebuild-metadata.ts'
import type { WorkerRow } from '../contract/worker-metadata.ts'
import type { Fields } from './plain-fields.ts'
import { decodePlainRow } from './plain-rows.ts'

/** Of all stored rows together. A row's own format byte says how it is laid out; this says what rows there are. */
export const formatVersion = 2

const clusterFields: Fields<ClusterRow> = {
  cluster: 'string',
  history: 'string',
  predecessors: 'list?',
  counter: 'number',
  settledMs: 'number?',
  behind: 'boolean',
  foreign: 'list?',
  unsettledBelowMs: 'number?',
  groupsAbove: 'number?',
  formatVersion: 'number',
  defaultScheme: 'object',
  defaultChunkSizeBytes: 'number',
  createdMs: 'number',
}

const workerFields: Fields<WorkerRow> = {
  worker: 'string',
  address: 'string',
  zone: 'string?',
  capacityBytes: 'number',
  usedBytes: 'number',
  startCounter: 'number',
  lastBatches: 'list',
  historySeen: 'object?',
  state: 'string',
  wentBack: 'boolean',
  drains: 'boolean?',
  orphans: 'object?',
}

const processFields: Fields<ProcessRow> = {
  process: 'string',
  address: 'string',
  publishedMs: 'number',
  ceilingMs: 'number',
  purgeSequence: 'number',
  heartbeat: 'number',
}

const leaseFields: Fields<LeaseRow> = { name: 'string', holder: 'string?', token: 'number', renewals: 'number' }

const rebuildFields: Fields<RebuildRow> = {
  id: 'string',
  history: 'string',
  state: 'string',
  behind: 'boolean',
  merge: 'boolean',
  force: 'boolean',
  startedMs: 'number',
  endedMs: 'number?',
  groups: 'number',
  groupsDone: 'number',
  group: 'number',
  after: 'string?',
  filesRecovered: 'number',
  filesIncomplete: 'number',
  idsUnnamed: 'number',
  repairs: 'number',
  examples: 'list',
  missing: 'list',
  highest: 'object',
  reason: 'string?',
  remedy: 'string?',
}

/** @throws FrostError `format-unsupported`: a newer version has written it, or one from before the first release. */
export function decodeCluster(stored: Uint8Array): ClusterRow {
  // First, since a newer version may have changed the other fields.
  const found = decodePlainRow<Pick<ClusterRow, 'formatVersion'>>(stored, { formatVersion: 'number' }).formatVersion
  if (found !== formatVersion)
    throw new FrostError('format-unsupported', `The metadata has format ${found}; known is ${formatVersion}.`)
  return decodePlainRow(stored, clusterFields)
}

export function decodeWorker(stored: Uint8Array): WorkerRow {
  return decodePlainRow(stored, workerFields)
}

export function decodeProcess(stored: Uint8Array): ProcessRow {
  return decodePlainRow(stored, processFields)
}

export function decodeLease(stored: Uint8Array): LeaseRow {
  return decodePlainRow(stored, leaseFields)
}

export function decodeRebuild(stored: Uint8Array): RebuildRow {
  return decodePlainRow(stored, rebuildFields)
}
