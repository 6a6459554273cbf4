// The figures of a worker.

import type { Histogram } from './base/histogram.ts'
import type { NodeReadiness } from './gateway/http/health-answers.ts'
import { counter, gauge, histogram } from './main-metrics.ts'
import type { MetricFamily } from './main-metrics.ts'
import { readinessFamily, requestFamilies } from './main-metrics-node.ts'
import type { RpcPeer } from './rpc/peer.ts'
import type { RequestMeter } from './rpc/request-meter.ts'
import type { FragmentStore } from './store/fragment-store.ts'

export interface WorkerFigures {
  readonly readiness: NodeReadiness
  readonly meter: RequestMeter
  readonly peers: Iterable<RpcPeer>
  /** `undefined`: it is not open yet. */
  readonly store: FragmentStore | undefined
  readonly syncTimes: Histogram
  readonly indexCommitTimes: Histogram
}

export function workerFamilies(figures: WorkerFigures): readonly MetricFamily[] {
  const { readiness, meter, store, syncTimes, indexCommitTimes } = figures
  return [
    readinessFamily(readiness),
    ...requestFamilies(meter),
    ...peerFamilies([...figures.peers]),
    histogram('frostbyte_fsync_duration_seconds', 'Syncs of the log (fdatasync): one for each batch.', syncTimes),
    histogram('frostbyte_lmdb_commit_duration_seconds', 'Synced checkpoints of the index.', indexCommitTimes),
    ...(store === undefined ? [] : [...storeFamilies(store), ...diskFamilies(store), ...scrubFamilies(store)]),
  ]
}

function peerFamilies(peers: readonly RpcPeer[]): readonly MetricFamily[] {
  const sum = (read: (peer: RpcPeer) => number): number => peers.reduce((total, peer) => total + read(peer), 0)
  const masters = peers.filter(({ info }) => info.identity.kind === 'master')
  return [
    gauge('frostbyte_masters_connected', 'Processes of masters that are connected.', masters.length),
    gauge(
      'frostbyte_rpc_requests_open',
      'Requests of other nodes that are not answered yet.',
      sum(({ stats }) => stats.handling),
    ),
    gauge(
      'frostbyte_rpc_queued_bytes',
      'Bytes that the kernel has not taken yet.',
      sum(({ stats }) => stats.queuedBytes),
    ),
  ]
}

function storeFamilies(store: FragmentStore): readonly MetricFamily[] {
  const counts = store.counters()
  const logs = store.logFigures()
  return [
    counter('frostbyte_store_puts_total', 'Fragments stored.', counts.puts),
    counter('frostbyte_store_puts_existing_total', 'Puts of what was stored already.', counts.putsExisting),
    counter('frostbyte_store_reads_total', 'Reads of fragments or parts of them.', counts.reads),
    counter('frostbyte_store_drops_total', 'Fragments dropped.', counts.drops),
    counter('frostbyte_store_appended_bytes_total', 'Bytes of records appended.', counts.appendedBytes),
    counter('frostbyte_store_read_bytes_total', 'Bytes read, by the scrubber too.', counts.readBytes),
    counter('frostbyte_store_damage_found_total', 'Fragments found damaged.', counts.damageFound),
    counter(
      'frostbyte_store_failed_syncs_total',
      'Appends that failed; their segment was given up.',
      counts.failedSyncs,
    ),
    counter('frostbyte_store_checkpoints_total', 'Checkpoints of the index.', counts.checkpoints),
    counter('frostbyte_compaction_segments_total', 'Segments compacted.', counts.segmentsCompacted),
    counter('frostbyte_compaction_bytes_total', 'Bytes copied by compaction.', counts.compactedBytes),
    histogram(
      'frostbyte_group_commit_entries',
      'Records and tombstones that one sync made durable.',
      logs.map(({ log, batchEntries }) => ({ labels: { log }, histogram: batchEntries })),
    ),
    gauge(
      'frostbyte_store_queue_bytes',
      'Records that wait for the disk.',
      logs.map(({ log, queueBytes }) => ({ labels: { log }, value: queueBytes })),
    ),
    gauge(
      'frostbyte_store_queue_limit_bytes',
      'How much may wait; more is refused.',
      logs.map(({ log, queueBytesMax }) => ({ labels: { log }, value: queueBytesMax })),
    ),
  ]
}

function diskFamilies(store: FragmentStore): readonly MetricFamily[] {
  const usage = store.usage()
  return [
    gauge('frostbyte_store_fragments', 'Fragments in good state.', usage.fragments),
    gauge('frostbyte_store_damaged_fragments', 'Fragments known to be damaged.', usage.damaged),
    gauge('frostbyte_store_live_bytes', 'Bytes of the records in good state.', usage.liveBytes),
    gauge('frostbyte_store_segment_bytes', 'Bytes of all segments.', usage.segmentBytes),
    gauge('frostbyte_store_segments', 'Segments.', usage.segments),
    gauge('frostbyte_store_capacity_bytes', 'What the worker can store.', usage.capacityBytes),
    gauge('frostbyte_store_free_bytes', 'What can still be put before puts are refused.', usage.freeBytes),
    gauge('frostbyte_store_full', 'Whether puts are refused for lack of space.', usage.full ? 1 : 0),
    gauge('frostbyte_disk_failing', 'Whether the disk fails again and again.', store.isFailing() ? 1 : 0),
    gauge('frostbyte_disk_latency_seconds', 'How long disk operations take, of late.', store.diskLatencyMs() / 1000),
    gauge(
      'frostbyte_disk_oldest_operation_seconds',
      'Age of the oldest disk operation that has not ended.',
      store.oldestOperationMs() / 1000,
    ),
  ]
}

function scrubFamilies(store: FragmentStore): readonly MetricFamily[] {
  const { doneBytes, totalBytes, lastFinishedAgoMs } = store.scrubStatus()
  const ageSeconds = lastFinishedAgoMs === undefined ? undefined : lastFinishedAgoMs / 1000
  return [
    gauge('frostbyte_scrub_done_bytes', 'Read so far in the cycle under way.', doneBytes),
    gauge('frostbyte_scrub_size_bytes', 'What the cycle reads in all.', totalBytes),
    gauge('frostbyte_scrub_age_seconds', 'Since the start of the last finished cycle.', ageSeconds),
  ]
}
