import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FrostError } from '../../base/errors.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { eventually } from '../../../test/harness/eventually.ts'
import { TraceCollector } from '../../../test/harness/trace-collector.ts'
import { OtlpTracer } from './otlp-tracer.ts'
import type { FinishedSpan } from './otlp-json.ts'
import { SpanExporter } from './span-exporter.ts'

const trace = '4bf92f3577b34da6a3ce929d0e0e4736'
const caller = '00f067aa0ba902b7'

function recorded(oneIn = 1): { readonly tracer: OtlpTracer; readonly spans: FinishedSpan[] } {
  const spans: FinishedSpan[] = []
  return { tracer: new OtlpTracer({ oneIn, ended: (span) => spans.push(span) }), spans }
}

test('a trace that came with the request goes on, and children hang below their parents', () => {
  const { tracer, spans } = recorded()
  const root = tracer.start('PUT upload', { kind: 'server', parent: `${trace}${caller}01`, attributes: { a: 1 } })
  assert.ok(root !== undefined)
  const child = root.child('put', { kind: 'client' })
  assert.match(child.context, new RegExp(`^${trace}[0-9a-f]{16}01$`))
  child.end({ error: new FrostError('disk-failed', 'secret name of a file') })
  root.end({ attributes: { b: true } })
  const [first, second] = spans
  assert.ok(first !== undefined && second !== undefined)
  assert.deepEqual([first.traceId, first.parentId, first.failure], [trace, second.spanId, 'disk-failed'])
  assert.deepEqual([second.traceId, second.parentId, second.failure], [trace, caller, undefined])
  assert.deepEqual(second.attributes, { a: 1, b: true })
  assert.equal(root.context.slice(32, 48), second.spanId)
  assert.ok(first.startMicros >= second.startMicros && first.endMicros <= second.endMicros)
})

test('a caller that does not record is believed, and of other requests one in so many is recorded', () => {
  const { tracer } = recorded(3)
  assert.equal(tracer.start('x', { parent: `${trace}${caller}00` }), undefined)
  const begun = Array.from({ length: 9 }, () => tracer.start('x', {}))
  assert.equal(begun.filter((span) => span !== undefined).length, 3)
  assert.equal(new Set(begun.flatMap((span) => (span === undefined ? [] : [span.context.slice(0, 32)]))).size, 3)
  assert.ok(tracer.start('x', { parent: `${trace}${caller}01` }) !== undefined)
})

test('a parent that is none begins a trace of its own', () => {
  const { tracer } = recorded()
  assert.match(tracer.start('x', { parent: 'zz' })?.context ?? '', /^[0-9a-f]{50}$/)
})

test('spans reach the collector with their process, their times in nanoseconds, and the headers given', async () => {
  await using collector = await TraceCollector.start()
  const exporter = new SpanExporter(new CollectingLog(), {
    url: `${collector.url}/v1/traces`,
    headers: { Authorization: 'Bearer x' },
    resource: { 'service.name': 'frostbyte-test' },
  })
  const tracer = new OtlpTracer({ oneIn: 1, ended: (span) => exporter.add(span) })
  const root = tracer.start('GET download', { kind: 'server', attributes: { size: 5, share: 0.5, on: false } })
  root?.child('get').end({ error: new Error('text') })
  root?.end()
  await exporter.close()
  assert.deepEqual(
    collector.spans.map(({ name, kind }) => [name, kind]),
    [
      ['get', 1],
      ['GET download', 2],
    ],
  )
  const [child, parent] = collector.spans
  assert.deepEqual(parent?.resource, { 'service.name': 'frostbyte-test' })
  assert.deepEqual(parent?.attributes, { size: '5', share: 0.5, on: false })
  assert.equal(child?.parentSpanId, parent?.spanId)
  assert.deepEqual(child?.status, { code: 2, message: 'Error' })
  const micros = BigInt(parent?.startTimeUnixNano ?? 0) / 1000n
  assert.ok(micros > 1_700_000_000_000_000n && micros < 4_000_000_000_000_000n, String(micros))
  assert.deepEqual(collector.headers, ['Bearer x'])
})

test('a collector that refuses or is away costs spans, never the caller, and is told of once', async () => {
  await using collector = await TraceCollector.start()
  collector.status = 503
  const log = new CollectingLog()
  const exporter = new SpanExporter(log, { url: `${collector.url}/v1/traces`, headers: {}, resource: {} })
  const tracer = new OtlpTracer({ oneIn: 1, ended: (span) => exporter.add(span) })
  for (let count = 0; count < 20_000; count++) tracer.start('x', {})?.end()
  await exporter.close()
  await eventually('a refused batch', 10_000, () => (collector.requests > 0 ? true : undefined))
  assert.equal(collector.spans.length, 0)
  const warnings = log.entries.filter(({ level }) => level === 'warn')
  assert.equal(warnings.length, 1)
  assert.ok(!JSON.stringify(warnings).includes(collector.url))
})
