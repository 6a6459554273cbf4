// The figures of a worker.

import { counter, gauge } from './main-metrics.ts'
import type { MetricFamily } from './main-metrics.ts'
import type { FragmentStore } from './store/fragment-store.ts'

export function workerFamilies(store: FragmentStore): readonly MetricFamily[] {
  const counts = store.counters()
  const usage = store.usage()
  return [
    counter('frostbyte_store_puts_total', 'Fragments put.', counts.puts),
    counter('frostbyte_store_reads_total', 'Reads of fragments or parts of them.', counts.reads),
    counter('frostbyte_store_drops_total', 'Fragments dropped.', counts.drops),
    gauge('frostbyte_store_fragments', 'Fragments in good state.', usage.fragments),
    gauge('frostbyte_store_damaged_fragments', 'Fragments known to be damaged.', usage.damaged),
    gauge('frostbyte_store_segment_bytes', 'Bytes of all segments.', usage.segmentBytes),
    gauge('frostbyte_store_free_bytes', 'What can still be put before puts are refused.', usage.freeBytes),
  ]
}
