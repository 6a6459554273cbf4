// One upload to a real cluster, followed: a collector receives its spans from six processes, and the log lines of all of them name the
// request by the id that the client gave.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import { defined } from '../../src/base/assert.ts'
import { eventually } from '../harness/eventually.ts'
import { RealCluster } from '../harness/real-cluster.ts'
import { TraceCollector } from '../harness/trace-collector.ts'
import type { CollectedSpan } from '../harness/trace-collector.ts'

const traceIdBase = '4bf92f3577b34da6a3ce929d0e0e473'
const callerSpan = '00f067aa0ba902b7'
/** The request, its block encoded, written and committed, and three for each of five columns. */
const spansExpected = 4 + 3 * 5
const requestId = 'client-7.request:42'

describe('one upload', () => {
  let collector: TraceCollector
  let cluster: RealCluster
  let spans: readonly CollectedSpan[]

  before(async () => {
    collector = await TraceCollector.start()
    const tracing = ['--otlp-endpoint', collector.url, '--log-level', 'debug']
    cluster = await RealCluster.start({ masterArgs: [...tracing, '--access-log'], workerArgs: tracing })
    // Else a stand-in could take a column.
    await cluster.untilWorkersUp(5)
    // On a busy machine a worker can be late, so that another one takes its column too: then the next upload is looked at.
    for (let attempt = 1; attempt <= 10; attempt++) {
      const traceId = traceIdBase + attempt.toString(16)
      const response = await fetch(`${cluster.url}/upload?filename=followed`, {
        method: 'PUT',
        body: new Uint8Array(100_000).fill(7),
        headers: { 'traceparent': `00-${traceId}-${callerSpan}-01`, 'X-Request-Id': requestId },
      })
      assert.equal(response.status, 201)
      assert.equal(response.headers.get('x-request-id'), requestId)
      spans = await eventually('the spans of the upload', 30_000, () => {
        const own = collector.spans.filter((span) => span.traceId === traceId)
        // They come from six processes, each by batches of its own.
        return own.length >= spansExpected ? own : undefined
      })
      if (named('put', 3).length === 5) break
    }
  })

  after(async () => {
    await cluster.remove()
    await collector[Symbol.asyncDispose]()
  })

  function named(name: string, kind?: number): readonly CollectedSpan[] {
    return spans.filter((span) => span.name === name && (kind === undefined || span.kind === kind))
  }

  function parentOf(span: CollectedSpan): CollectedSpan {
    return defined(
      spans.find(({ spanId }) => spanId === span.parentSpanId),
      `the parent of ${span.name}`,
    )
  }

  test('is one trace over six processes', () => {
    const processes = new Set(spans.map(({ resource }) => Number(resource['process.pid'])))
    const expected = new Set(cluster.nodes.map(({ pid }) => pid))
    assert.deepEqual(processes, expected)
    assert.deepEqual(
      new Set(spans.map(({ resource }) => resource['service.name'])),
      new Set(['frostbyte-master', 'frostbyte-worker']),
    )
  })

  test('goes on from the span of the client, and each span hangs where it belongs', () => {
    const [root, ...others] = named('PUT upload')
    assert.ok(root !== undefined && others.length === 0)
    assert.equal(root.parentSpanId, callerSpan)
    assert.equal(root.attributes['frostbyte.request_id'], requestId)
    assert.equal(root.attributes['http.response.status_code'], '201')
    for (const name of ['encode block', 'write block', 'commit']) {
      assert.equal(named(name).length, 1, name)
      for (const span of named(name)) assert.equal(parentOf(span), root, name)
    }
    const [sent, handled, appended] = [named('put', 3), named('put', 2), named('append and sync')]
    assert.deepEqual([sent.length, handled.length, appended.length], [5, 5, 5])
    for (const span of sent) assert.equal(parentOf(span).name, 'write block')
    for (const span of handled) assert.ok(sent.includes(parentOf(span)))
    assert.equal(new Set(handled.map(parentOf)).size, 5)
    for (const span of appended) assert.ok(handled.includes(parentOf(span)))
    assert.equal(new Set(appended.map(({ resource }) => resource['process.pid'])).size, 5)
    assert.equal(spans.length, spansExpected)
  })

  test('is in the log of the master and of all workers, by the id that the client gave', async () => {
    for (const node of cluster.nodes) {
      await eventually(
        `a line of ${node.name}`,
        10_000,
        () => linesOf(node.log).some((line) => line['requestId'] === requestId) || undefined,
      )
    }
    const access = linesOf(defined(cluster.masters[0], 'the master').log).find(
      ({ message, requestId: of }) => message === 'A request has ended.' && of === requestId,
    )
    assert.deepEqual(
      [access?.['route'], access?.['status'], access?.['receivedBytes'], access?.['path'], access?.['level']],
      ['upload', 201, 100_000, '/upload', 'info'],
    )
  })

  test('a download is followed too', async () => {
    const other = '1'.repeat(32)
    const response = await fetch(`${cluster.url}/download/followed`, {
      headers: { traceparent: `00-${other}-${callerSpan}-01` },
    })
    assert.equal((await response.arrayBuffer()).byteLength, 100_000)
    assert.match(response.headers.get('x-request-id') ?? '', /^[a-z0-9]+-[a-z0-9]+$/)
    await eventually('its spans', 30_000, () => {
      const own = collector.spans.filter((span) => span.traceId === other)
      const ends = own.filter(({ name, kind }) => name === 'get' && kind === 2).length
      return (ends >= 3 && own.some(({ name }) => name === 'GET download')) || undefined
    })
  })

  test('a request that its caller does not record leaves no span', async () => {
    const silent = '2'.repeat(32)
    const headers = { traceparent: `00-${silent}-${callerSpan}-00` }
    assert.equal((await fetch(`${cluster.url}/download/followed`, { headers })).status, 200)
    // Another one afterwards, whose spans come: those of the silent one would have come before.
    const last = '3'.repeat(32)
    await fetch(`${cluster.url}/download/followed`, { headers: { traceparent: `00-${last}-${callerSpan}-01` } })
    await eventually('later spans', 30_000, () => collector.spans.some((span) => span.traceId === last) || undefined)
    assert.ok(!collector.spans.some((span) => span.traceId === silent))
  })

  test('an id that could do harm is replaced, and a refusal names its own in header, document and log', async () => {
    const response = await fetch(`${cluster.url}/download/nowhere`, { headers: { 'X-Request-Id': '<script>"' } })
    const id = response.headers.get('x-request-id') ?? ''
    assert.match(id, /^[a-z0-9]+-[a-z0-9]+$/)
    const problem = (await response.json()) as { readonly instance: string }
    assert.equal(problem.instance, `urn:frostbyte:request:${id}`)
    await eventually(
      'its line',
      10_000,
      () =>
        linesOf(defined(cluster.masters[0], 'the master').log).some((line) => line['requestId'] === id) || undefined,
    )
  })
})

type LogLine = Readonly<Record<string, unknown>>

function linesOf(log: string): readonly LogLine[] {
  return log.split('\n').flatMap((line) => {
    try {
      const parsed: unknown = JSON.parse(line)
      return typeof parsed === 'object' && parsed !== null ? [{ ...parsed }] : []
    } catch {
      return [] // the cut-off beginning, or the end that is still being written
    }
  })
}
