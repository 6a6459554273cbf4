// The text of `/metrics` in the Prometheus exposition format. The library is loaded at the first scrape: who never scrapes does not
// pay for it. What is counted is counted elsewhere, as plain numbers, and read here when it is asked for.

import type { RestCounters } from './gateway/rest/rest-counters.ts'
import type { MetricsText } from './gateway/rest/rest-parts.ts'
import type { MasterCounts } from './master/master.ts'

export interface MetricsSources {
  readonly rest: RestCounters
  readonly master: () => MasterCounts
}

/** A figure that is read when it is asked for. */
interface Figure {
  readonly kind: 'counter' | 'gauge'
  readonly name: string
  readonly help: string
  readonly read: (sources: MetricsSources) => number
}

const figures: readonly Figure[] = [
  {
    kind: 'counter',
    name: 'frostbyte_http_received_bytes_total',
    help: 'Bytes of request bodies.',
    read: ({ rest }) => rest.bytesReceived,
  },
  {
    kind: 'counter',
    name: 'frostbyte_http_sent_bytes_total',
    help: 'Bytes of response bodies.',
    read: ({ rest }) => rest.bytesSent,
  },
  {
    kind: 'counter',
    name: 'frostbyte_fragments_damaged_total',
    help: 'Fragments that a read found missing or corrupt.',
    read: ({ master }) => master().damagedFragments,
  },
  {
    kind: 'gauge',
    name: 'frostbyte_workers_connected',
    help: 'Workers connected to this process.',
    read: ({ master }) => master().workersConnected,
  },
  {
    kind: 'gauge',
    name: 'frostbyte_memory_in_flight_bytes',
    help: 'Memory granted to uploads and downloads.',
    read: ({ master }) => master().memoryInFlightBytes,
  },
  {
    kind: 'gauge',
    name: 'frostbyte_memory_waiting_requests',
    help: 'Uploads and downloads that wait for memory.',
    read: ({ master }) => master().memoryWaiting,
  },
  {
    kind: 'gauge',
    name: 'frostbyte_uploads_open',
    help: 'Uploads that have begun and are not committed.',
    read: ({ master }) => master().uploadsOpen,
  },
]

/** Reads all figures and gives them as text. */
export function metricsText(sources: MetricsSources): () => Promise<MetricsText> {
  let scrape: Promise<() => Promise<MetricsText>> | undefined
  return async () => {
    scrape ??= prepare(sources)
    return await (
      await scrape
    )()
  }
}

async function prepare(sources: MetricsSources): Promise<() => Promise<MetricsText>> {
  const { Counter, Gauge, Registry, collectDefaultMetrics } = await import('prom-client')
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const updates: (() => void)[] = []
  for (const { kind, name, help, read } of figures) {
    const shape = { name, help, registers: [registry] }
    if (kind === 'gauge') {
      const gauge = new Gauge(shape)
      updates.push(() => gauge.set(read(sources)))
      continue
    }
    const counter = new Counter(shape)
    updates.push(() => {
      counter.reset()
      counter.inc(read(sources))
    })
  }
  const requests = new Counter({
    name: 'frostbyte_http_requests_total',
    help: 'Requests that have ended, by route, method and status; 499: the client went away.',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  })
  return async () => {
    for (const update of updates) update()
    requests.reset()
    for (const { route, method, status, count } of sources.rest.requests())
      requests.inc({ route, method, status }, count)
    return { contentType: registry.contentType, text: await registry.metrics() }
  }
}
