// What the lifecycle of buckets has done in this process, as figures.

import type { LifecycleCounts } from './gateway/s3/lifecycle/lifecycle-counts.ts'
import { counter, gauge } from './main-metrics.ts'
import type { MetricFamily } from './main-metrics.ts'

export function lifecycleFamilies(counts: LifecycleCounts): readonly MetricFamily[] {
  const { scannedVersions, scannedUploads, expired, removedNoncurrent, removedMarkers, abortedUploads } = counts
  const of = (kind: string, value: number): { labels: { kind: string }; value: number } => ({ labels: { kind }, value })
  return [
    counter('frostbyte_lifecycle_scanned_total', 'Versions and unfinished uploads that lifecycle rules were held to.', [
      of('version', scannedVersions),
      of('upload', scannedUploads),
    ]),
    counter(
      'frostbyte_lifecycle_removed_total',
      'What lifecycle rules removed: newest versions (or hid them), noncurrent ones, delete markers, unfinished uploads.',
      [
        of('current', expired),
        of('noncurrent', removedNoncurrent),
        of('marker', removedMarkers),
        of('upload', abortedUploads),
      ],
    ),
    counter(
      'frostbyte_lifecycle_removed_bytes_total',
      'Sizes of the versions that are gone for good.',
      counts.removedBytes,
    ),
    counter('frostbyte_lifecycle_left_total', 'Versions that were due and stay: locked, or changed meanwhile.', [
      of('locked', counts.locked),
      of('changed', counts.changed),
    ]),
    counter('frostbyte_lifecycle_scans_total', 'Scans of a bucket that have ended.', counts.scans),
    gauge(
      'frostbyte_lifecycle_last_scan_timestamp_seconds',
      'When the last scan of a bucket ended, since 1970; absent: none has in this process.',
      counts.lastScanMs === undefined ? undefined : counts.lastScanMs / 1000,
    ),
  ]
}
