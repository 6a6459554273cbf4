// The figures of one process of a master: what it counts of itself, and what it knows of the cluster. The latter are the same for
// every process that can ask the holder of the lease: queries take their maximum, not their sum.

import type { Histogram } from './base/histogram.ts'
import type { NodeReadiness } from './gateway/http/health-answers.ts'
import type { RestCounters } from './gateway/rest/rest-counters.ts'
import type { LifecycleCounts } from './gateway/s3/lifecycle/lifecycle-counts.ts'
import { lifecycleFamilies } from './main-metrics-lifecycle.ts'
import type { WebhookCounts } from './gateway/s3/events/event-counts.ts'
import { counter, gauge, histogram } from './main-metrics.ts'
import type { MetricFamily, MetricSample } from './main-metrics.ts'
import { eventFamilies } from './main-metrics-events.ts'
import { readinessFamily, requestFamilies } from './main-metrics-node.ts'
import type { ClusterState, WorkerInfo, WorkerState } from './master/file-service.ts'
import type { MasterCounts } from './master/master-counts.ts'
import type { RequestMeter } from './rpc/request-meter.ts'

export interface MasterFigures {
  readonly nowMs: number
  readonly readiness: NodeReadiness
  readonly rest: RestCounters
  readonly s3: RestCounters
  readonly events: readonly WebhookCounts[]
  readonly meter: RequestMeter
  /** `undefined`: the master has not started. */
  readonly master: MasterCounts | undefined
  /** `undefined`: metadata did not answer in time. */
  readonly cluster: ClusterState | undefined
  readonly lmdb: LmdbFigures
  /** `undefined`: the master has not started. */
  readonly lifecycle: LifecycleCounts | undefined
}

/** Of the embedded metadata store; empty where this process does not commit to one. */
export interface LmdbFigures {
  readonly commitTimes: Histogram
  readonly commitSizes: Histogram
}

const workerStates: readonly WorkerState[] = ['up', 'suspect', 'down', 'out', 'draining']

export function masterFamilies(figures: MasterFigures): readonly MetricFamily[] {
  const { rest, s3, events, meter, master, cluster, lmdb, lifecycle, nowMs, readiness } = figures
  return [
    readinessFamily(readiness),
    ...httpFamilies({ rest, s3 }),
    ...eventFamilies(events, nowMs),
    ...requestFamilies(meter),
    ...(master === undefined ? [] : ownFamilies(master)),
    ...(lifecycle === undefined ? [] : lifecycleFamilies(lifecycle)),
    histogram(
      'frostbyte_lmdb_commit_duration_seconds',
      'Synced commits of the embedded metadata store.',
      lmdb.commitTimes,
    ),
    histogram('frostbyte_lmdb_commit_commands', 'Commands that one commit made durable.', lmdb.commitSizes),
    gauge('frostbyte_metadata_up', 'Whether metadata answered just now.', cluster === undefined ? 0 : 1),
    ...(cluster === undefined ? [] : clusterFamilies(cluster, nowMs)),
  ]
}

/** By face. */
function httpFamilies(faces: Readonly<Record<'rest' | 's3', RestCounters>>): readonly MetricFamily[] {
  const all = Object.entries(faces)
  const { rest, s3 } = faces
  return [
    counter(
      'frostbyte_http_requests_total',
      'Requests that have ended, by face, route, method and status; 499: the client went away.',
      all.flatMap(([face, counters]) =>
        Array.from(counters.requests(), ({ route, method, status, count }) => ({
          labels: { face, route, method, status },
          value: count,
        })),
      ),
    ),
    histogram(
      'frostbyte_http_request_duration_seconds',
      'From the head of a request to the end of its answer.',
      all.flatMap(([face, counters]) =>
        Array.from(counters.routeTimes(), ({ route, method, times }) => ({
          labels: { face, route, method },
          histogram: times,
        })),
      ),
    ),
    counter('frostbyte_http_received_bytes_total', 'Bytes of request bodies.', rest.bytesReceived + s3.bytesReceived),
    counter('frostbyte_http_sent_bytes_total', 'Bytes of response bodies.', rest.bytesSent + s3.bytesSent),
  ]
}

function ownFamilies(master: MasterCounts): readonly MetricFamily[] {
  const { calls } = master
  return [
    counter(
      'frostbyte_fragments_damaged_total',
      'Fragments that a read found missing or corrupt.',
      master.damagedFragments,
    ),
    gauge('frostbyte_workers_connected', 'Workers connected to this process.', master.workersConnected),
    gauge('frostbyte_memory_in_flight_bytes', 'Memory granted to uploads and downloads.', master.memoryInFlightBytes),
    gauge('frostbyte_memory_limit_bytes', 'Budget of that memory.', master.memoryBytesMax),
    gauge('frostbyte_memory_waiting_requests', 'Uploads and downloads that wait for memory.', master.memoryWaiting),
    gauge('frostbyte_memory_waiting_limit_requests', 'How many may wait; more are refused.', master.memoryWaitingMax),
    gauge('frostbyte_uploads_open', 'Uploads that have begun and are not committed.', master.uploadsOpen),
    gauge('frostbyte_calls_in_flight', 'Requests to workers that are not answered yet.', calls.inFlight),
    gauge('frostbyte_calls_waiting', 'Requests that wait for the limits of their worker.', calls.waiting),
    gauge('frostbyte_calls_queued_bytes', 'Bytes for workers that the kernel has not taken yet.', calls.queuedBytes),
    histogram(
      'frostbyte_block_write_duration_seconds',
      'From the sending of a block to its acknowledgement by enough workers.',
      master.blockWriteTimes,
    ),
    histogram(
      'frostbyte_fragment_read_duration_seconds',
      'From asking a worker for chunks to having them.',
      master.fragmentReadTimes,
    ),
    histogram('frostbyte_metadata_commit_duration_seconds', 'Commits of versions to metadata.', master.commitTimes),
    gauge('frostbyte_lease_held', 'Whether this process does the background work.', master.holdsLease ? 1 : 0),
    gauge(
      'frostbyte_metadata_behind',
      'Whether metadata is older than what workers remember.',
      master.isBehind ? 1 : 0,
    ),
  ]
}

/** What is not known is not told: an alert on its absence then speaks, and no zero is hopeful. */
function clusterFamilies(
  { workers, groups, redundancy, healing }: ClusterState,
  nowMs: number,
): readonly MetricFamily[] {
  const ageSeconds = (atMs: number | undefined): number | undefined =>
    atMs === undefined ? undefined : Math.max(0, nowMs - atMs) / 1000
  const groupsIn = (state: string): MetricSample => ({
    labels: { state },
    value: groups.filter((group) => group.state === state).length,
  })
  return [
    ...workerFamilies(workers),
    gauge('frostbyte_groups', 'Placement groups.', [groupsIn('writable'), groupsIn('closed')]),
    gauge('frostbyte_fragments_missing', 'Fragments that must exist and do not.', redundancy.fragmentsMissing),
    gauge('frostbyte_files_at_risk', 'Files that one more lost worker would cost.', redundancy.filesAtRisk),
    gauge('frostbyte_files_lost', 'Files of which too few pieces exist.', redundancy.filesLost),
    gauge('frostbyte_slots_unknown', 'Slots whose content no comparison has established.', redundancy.unknown),
    gauge('frostbyte_comparison_age_seconds', 'Age of the oldest comparison.', ageSeconds(redundancy.comparedAtMs)),
    gauge(
      'frostbyte_scrub_oldest_age_seconds',
      'Age of the oldest finished scrub.',
      ageSeconds(redundancy.scrubbedAtMs),
    ),
    gauge('frostbyte_repair_queue', 'Entries of the repair queue.', healing.queued),
    counter('frostbyte_repair_fragments_total', 'Fragments made again.', healing.rebuiltFragments),
    counter('frostbyte_repair_written_bytes_total', 'Bytes written by repair.', healing.writtenBytes),
    counter('frostbyte_repair_read_bytes_total', 'Bytes read by repair.', healing.readBytes),
    gauge('frostbyte_repair_limit_bytes_per_second', 'What healing may read and write now.', healing.bytesPerSecond),
    gauge('frostbyte_slot_moves', 'Slots on their way to another worker.', healing.moves.length),
    gauge('frostbyte_slots_to_move', 'Slots on workers that are out or draining.', healing.slotsToMove),
    gauge(
      'frostbyte_slots_without_spare',
      'Of them, those for which there is no other worker.',
      healing.slotsWithoutSpare,
    ),
  ]
}

function workerFamilies(workers: readonly WorkerInfo[]): readonly MetricFamily[] {
  const ofEach = (read: (worker: WorkerInfo) => number): readonly MetricSample[] =>
    workers.map((worker) => ({ labels: { worker: worker.id }, value: read(worker) }))
  return [
    gauge(
      'frostbyte_worker_state',
      'What the master calls each worker: 1 for its state, 0 for the others.',
      workers.flatMap(({ id, state }) =>
        workerStates.map((other) => ({ labels: { worker: id, state: other }, value: state === other ? 1 : 0 })),
      ),
    ),
    gauge(
      'frostbyte_worker_used_bytes',
      'Bytes that a worker stores.',
      ofEach(({ usedBytes }) => usedBytes),
    ),
    gauge(
      'frostbyte_worker_capacity_bytes',
      'What it can store.',
      ofEach(({ capacityBytes }) => capacityBytes),
    ),
    gauge(
      'frostbyte_worker_slots',
      'Slots of placement groups that it holds.',
      ofEach(({ slots }) => slots),
    ),
    gauge(
      'frostbyte_worker_failing',
      'Whether its disk fails.',
      ofEach(({ failing }) => (failing ? 1 : 0)),
    ),
    gauge(
      'frostbyte_worker_disk_latency_seconds',
      'How long its disk operations take, of late.',
      ofEach(({ diskLatencyMs }) => diskLatencyMs / 1000),
    ),
    gauge(
      'frostbyte_worker_oldest_disk_operation_seconds',
      'Age of its oldest disk operation that has not ended.',
      ofEach(({ oldestDiskOperationMs }) => oldestDiskOperationMs / 1000),
    ),
    gauge(
      'frostbyte_worker_damaged_fragments',
      'Fragments that it knows to be damaged.',
      ofEach(({ damagedFragments }) => damagedFragments),
    ),
    gauge(
      'frostbyte_worker_asks_to_delete',
      'Whether it asks before it deletes more orphans.',
      ofEach(({ asksToDelete }) => (asksToDelete ? 1 : 0)),
    ),
  ]
}
