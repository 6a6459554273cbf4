// The figures of events. Only the process that holds the lease delivers: the others' stand still, and the gauges of the others are 0 or
// absent.

import type { DropReason, WebhookCounts } from './gateway/s3/events/event-counts.ts'
import { counter, gauge } from './main-metrics.ts'
import type { MetricFamily } from './main-metrics.ts'

const reasons: readonly DropReason[] = ['refused', 'expired', 'trimmed']

export function eventFamilies(webhooks: readonly WebhookCounts[], nowMs: number): readonly MetricFamily[] {
  return [
    counter(
      'frostbyte_events_delivered_total',
      'Events that a webhook took.',
      webhooks.map(({ webhook, delivered }) => ({ labels: { webhook }, value: delivered })),
    ),
    counter(
      'frostbyte_event_failures_total',
      'Attempts to deliver an event that failed.',
      webhooks.map(({ webhook, failed }) => ({ labels: { webhook }, value: failed })),
    ),
    counter(
      'frostbyte_events_dropped_total',
      'Events given up. refused: the webhook took others; expired: it took none for a day; trimmed: changes that the log no longer held.',
      webhooks.flatMap(({ webhook, dropped }) =>
        reasons.map((reason) => ({ labels: { webhook, reason }, value: dropped[reason] })),
      ),
    ),
    gauge(
      'frostbyte_events_waiting',
      'Events in memory that wait for their webhook, at most 500; more may wait in the change log.',
      webhooks.map(({ webhook, waiting }) => ({ labels: { webhook }, value: waiting })),
    ),
    gauge(
      'frostbyte_events_oldest_seconds',
      'Age of the oldest event that waits; 0: none does.',
      webhooks.map(({ webhook, oldestMs = nowMs }) => ({
        labels: { webhook },
        value: Math.max(0, nowMs - oldestMs) / 1000,
      })),
    ),
  ]
}
