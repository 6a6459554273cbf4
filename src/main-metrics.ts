// The text of `/metrics` in the Prometheus exposition format (version 0.0.4). What is counted is counted elsewhere, as plain numbers, and
// read here when it is asked for; a library adds what is known of the process, and is loaded at the first scrape: who never scrapes
// does not pay for it.

import type { Registry } from 'prom-client'

import type { Histogram } from './base/histogram.ts'
import type { MetricsText } from './gateway/http/metrics-text.ts'

export type Labels = Readonly<Record<string, string | number>>

export interface MetricSample {
  readonly labels?: Labels
  readonly value: number
}

export interface HistogramSample {
  readonly labels?: Labels
  readonly histogram: Histogram
}

/** One name, with what it says now. `samples`: none where nothing is known. */
export type MetricFamily =
  | {
      readonly kind: 'counter' | 'gauge'
      readonly name: string
      readonly help: string
      readonly samples: readonly MetricSample[]
    }
  | {
      readonly kind: 'histogram'
      readonly name: string
      readonly help: string
      readonly samples: readonly HistogramSample[]
    }

export function counter(name: string, help: string, value: number | readonly MetricSample[]): MetricFamily {
  return { kind: 'counter', name, help, samples: typeof value === 'number' ? [{ value }] : value }
}

/** `undefined`: not known now, and then not told. */
export function gauge(name: string, help: string, value: number | undefined | readonly MetricSample[]): MetricFamily {
  const samples = value === undefined ? [] : typeof value === 'number' ? [{ value }] : value
  return { kind: 'gauge', name, help, samples }
}

export function histogram(name: string, help: string, of: Histogram | readonly HistogramSample[]): MetricFamily {
  return { kind: 'histogram', name, help, samples: 'bounds' in of ? [{ histogram: of }] : of }
}

/** Seconds of a sync: from fast flash to a disk that is in trouble. */
export const syncTimeBounds: readonly number[] = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5,
]

export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8'
/** Gauges that the library names as counters are, which Prometheus' own check refuses. */
const misnamed: readonly string[] = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

export function metricsText(families: () => Promise<readonly MetricFamily[]>): () => Promise<MetricsText> {
  let registry: Promise<Registry> | undefined
  return async () => {
    registry ??= processMetrics()
    const own = formatFamilies(await families())
    return { contentType: metricsContentType, text: own + (await (await registry).metrics()) }
  }
}

async function processMetrics(): Promise<Registry> {
  const { Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  return registry
}

export function formatFamilies(families: readonly MetricFamily[]): string {
  let text = ''
  for (const family of families) {
    const { name, help, kind } = family
    text += `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${kind}\n`
    if (family.kind === 'histogram') for (const sample of family.samples) text += formatHistogram(name, sample)
    else
      for (const { labels, value } of family.samples) text += `${name}${formatLabels(labels)} ${formatValue(value)}\n`
  }
  return text
}

function formatHistogram(name: string, { labels, histogram: of }: HistogramSample): string {
  let text = ''
  let below = 0
  for (const [index, count] of of.counts.entries()) {
    below += count
    text += `${name}_bucket${formatLabels({ ...labels, le: of.bounds[index] ?? '+Inf' })} ${below}\n`
  }
  return `${text}${name}_sum${formatLabels(labels)} ${formatValue(of.sum)}\n${name}_count${formatLabels(labels)} ${below}\n`
}

function formatLabels(labels: Labels = {}): string {
  const parts = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(String(value))}"`)
  return parts.length === 0 ? '' : `{${parts.join(',')}}`
}

function escapeLabel(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}

function formatValue(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf'
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value)
}
