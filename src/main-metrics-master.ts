// The figures of one process of a master.

import type { RestCounters } from './gateway/rest/rest-counters.ts'
import { counter, gauge } from './main-metrics.ts'
import type { MetricFamily } from './main-metrics.ts'
import type { MasterCounts } from './master/master.ts'

export interface MasterFigures {
  readonly rest: RestCounters
  readonly master: MasterCounts
}

export function masterFamilies({ rest, master }: MasterFigures): readonly MetricFamily[] {
  return [
    counter(
      'frostbyte_http_requests_total',
      'Requests that have ended, by route, method and status; 499: the client went away.',
      Array.from(rest.requests(), ({ route, method, status, count }) => ({
        labels: { route, method, status },
        value: count,
      })),
    ),
    counter('frostbyte_http_received_bytes_total', 'Bytes of request bodies.', rest.bytesReceived),
    counter('frostbyte_http_sent_bytes_total', 'Bytes of response bodies.', rest.bytesSent),
    counter(
      'frostbyte_fragments_damaged_total',
      'Fragments that a read found missing or corrupt.',
      master.damagedFragments,
    ),
    gauge('frostbyte_workers_connected', 'Workers connected to this process.', master.workersConnected),
    gauge('frostbyte_memory_in_flight_bytes', 'Memory granted to uploads and downloads.', master.memoryInFlightBytes),
    gauge('frostbyte_memory_waiting_requests', 'Uploads and downloads that wait for memory.', master.memoryWaiting),
    gauge('frostbyte_uploads_open', 'Uploads that have begun and are not committed.', master.uploadsOpen),
  ]
}
