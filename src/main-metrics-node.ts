// Figures that masters and workers have alike.

import type { NodeReadiness } from './gateway/http/health-answers.ts'
import { counter, gauge, histogram } from './main-metrics.ts'
import type { MetricFamily } from './main-metrics.ts'
import { methodName } from './main-observe.ts'
import type { RequestMeter } from './rpc/request-meter.ts'

export function readinessFamily({ canRead, canWrite }: NodeReadiness): MetricFamily {
  return gauge('frostbyte_ready', 'Whether the node can serve reads, and writes, by /readyz.', [
    { labels: { need: 'read' }, value: canRead ? 1 : 0 },
    { labels: { need: 'write' }, value: canWrite ? 1 : 0 },
  ])
}

/** Requests of other nodes. */
export function requestFamilies(meter: RequestMeter): readonly MetricFamily[] {
  const methods = Array.from(meter.methods(), (counts) => ({
    ...counts,
    labels: { method: methodName(counts.method) },
  }))
  return [
    histogram(
      'frostbyte_rpc_request_duration_seconds',
      'Requests of other nodes, from their arrival to the answer.',
      methods.map(({ labels, times }) => ({ labels, histogram: times })),
    ),
    counter(
      'frostbyte_rpc_requests_failed_total',
      'Of them, those that were answered with an error.',
      methods.map(({ labels, failed }) => ({ labels, value: failed })),
    ),
  ]
}
