import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { Histogram } from './base/histogram.ts'
import { counter, formatFamilies, gauge, histogram, metricsText } from './main-metrics.ts'
import { mergeByProcess } from './main-metrics-merge.ts'

test('counters and gauges are lines with their labels; what is not known has none', () => {
  const text = formatFamilies([
    counter('a_total', 'Things.', [{ labels: { route: 'x', status: 200 }, value: 3 }]),
    gauge('b_bytes', 'Size.', 1.5),
    gauge('c', 'Unknown.', undefined),
  ])
  assert.equal(
    text,
    '# HELP a_total Things.\n# TYPE a_total counter\na_total{route="x",status="200"} 3\n' +
      '# HELP b_bytes Size.\n# TYPE b_bytes gauge\nb_bytes 1.5\n' +
      '# HELP c Unknown.\n# TYPE c gauge\n',
  )
})

test('a histogram counts up to each bound, and all of it under +Inf', () => {
  const of = new Histogram([1, 5])
  for (const value of [0.5, 3, 3, 9]) of.observe(value)
  assert.equal(
    formatFamilies([histogram('h_seconds', 'Times.', [{ labels: { log: 'small' }, histogram: of }])]),
    '# HELP h_seconds Times.\n# TYPE h_seconds histogram\n' +
      'h_seconds_bucket{log="small",le="1"} 1\nh_seconds_bucket{log="small",le="5"} 3\n' +
      'h_seconds_bucket{log="small",le="+Inf"} 4\nh_seconds_sum{log="small"} 15.5\nh_seconds_count{log="small"} 4\n',
  )
})

test('a label’s value cannot end its line or its quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (value) => {
      const line = formatFamilies([gauge('g', 'Any.', [{ labels: { name: value }, value: 1 }])]).split('\n')[2] ?? ''
      const quoted = /^g\{name="((?:[^"\\\n]|\\[\\"n])*)"\} 1$/.exec(line)?.[1]
      assert.ok(quoted !== undefined, line)
      const plain = quoted.replaceAll(/\\(.)/g, (_, escaped: string) => (escaped === 'n' ? '\n' : escaped))
      assert.equal(plain, value)
    }),
  )
})

test('the text has what is known of the process, and nothing that promtool would refuse by its name', async () => {
  const { contentType, text } = await metricsText(async () => Promise.resolve([gauge('own', 'One.', 1)]))()
  assert.match(contentType, /^text\/plain; version=0\.0\.4/)
  assert.match(text, /^own 1$/m)
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m)
  assert.match(text, /^process_resident_memory_bytes /m)
  const gauges = Array.from(text.matchAll(/^# TYPE (\S+) gauge$/gm), ([, name = '']) => name)
  assert.ok(
    gauges.every((name) => name.endsWith('_bytes') || !name.endsWith('_total')),
    String(gauges),
  )
})

test('processes are told apart by a label, each family standing once', () => {
  const first = formatFamilies([
    counter('a_total', 'Things.', [{ labels: { le: 'x{}' }, value: 1 }]),
    gauge('only_first', 'One.', 2),
  ])
  const second = formatFamilies([
    gauge('only_second', 'Two.', 3),
    counter('a_total', 'Things.', [{ labels: { le: 'y' }, value: 4 }]),
  ])
  assert.equal(
    mergeByProcess([
      { process: '1', text: first },
      { process: '2', text: second },
    ]),
    '# HELP a_total Things.\n# TYPE a_total counter\na_total{process="1",le="x{}"} 1\na_total{process="2",le="y"} 4\n' +
      '# HELP only_first One.\n# TYPE only_first gauge\nonly_first{process="1"} 2\n' +
      '# HELP only_second Two.\n# TYPE only_second gauge\nonly_second{process="2"} 3\n',
  )
})
