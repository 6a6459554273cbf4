// The face for those who run a node, behind its lazy listener, over a node and a profiler that are fakes.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'

import { FrostError } from '../../../src/base/errors.ts'
import type { NodeReadiness } from '../../../src/gateway/http/health-answers.ts'
import { ObserveGateway } from '../../../src/gateway/observe/observe-gateway.ts'
import type { ActiveRequest, ObservedNode } from '../../../src/gateway/observe/observed-node.ts'
import { NodeClock } from '../../../src/node/clock.ts'
import { LazyListener } from '../../../src/node/lazy-listener.ts'
import type { Activity, Profiler, ProfileWindow } from '../../../src/ports/profiler.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'

class FakeProfiler implements Profiler {
  readonly windows: ProfileWindow[] = []
  readonly collects: boolean[] = []
  activitiesAsked: readonly Activity[] = []
  isStuck = false

  async cpu(window: ProfileWindow): Promise<Uint8Array> {
    this.windows.push(window)
    if (!this.isStuck) return new TextEncoder().encode('cpu')
    const { promise, reject } = Promise.withResolvers<never>()
    window.signal.addEventListener('abort', () => reject(new Error('aborted')))
    return await promise
  }

  heap({ collect }: { readonly collect: boolean }): Promise<Uint8Array> {
    this.collects.push(collect)
    return Promise.resolve(new TextEncoder().encode('heap'))
  }

  allocations(window: ProfileWindow): Promise<Uint8Array> {
    this.windows.push(window)
    return Promise.reject(new FrostError('profile-running', 'Another one.'))
  }

  activities(activities: readonly Activity[]): Promise<Uint8Array> {
    this.activitiesAsked = activities
    return Promise.resolve(new TextEncoder().encode('activities'))
  }
}

const active: readonly ActiveRequest[] = [
  { face: 'rpc', name: 'put', peer: 'master 127.0.0.1:7', ageMs: 5, details: { body: '10' } },
  { face: 'rest', name: 'GET download', peer: '127.0.0.1', ageMs: 1500, details: { sent: '3', received: '0' } },
]

class Face {
  readonly profiler = new FakeProfiler()
  readonly log = new CollectingLog()
  ready: NodeReadiness = { canRead: true, canWrite: true }
  readonly node = {
    role: 'worker',
    readiness: () => this.ready,
    metricsText: async () => Promise.resolve({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' }),
    ownMetricsText: async () => Promise.resolve({ contentType: 'text/plain', text: 'own 1\n' }),
    process: '2',
    others: () => [
      {
        process: '1',
        ask: async (target: string) =>
          Promise.resolve({
            status: 200,
            contentType: 'text/plain',
            body: new TextEncoder().encode(`first ${target}`),
          }),
      },
    ],
    activeRequests: () => active,
  } satisfies ObservedNode
  url = ''
  loads = 0

  static async start(context: TestContext, options: { readonly isOpen?: boolean; readonly failFirst?: boolean } = {}) {
    const face = new Face()
    const profiler = options.isOpen === false ? undefined : face.profiler
    const gateway = new ObserveGateway(
      { clock: new NodeClock(), log: face.log, node: face.node, profiler },
      { hosts: [] },
    )
    const listener = new LazyListener(face.log, async () => {
      await new Promise(setImmediate)
      if (face.loads++ === 0 && options.failFirst === true) throw new Error('not there')
      return async (listening, waiting) => await gateway.takeOver(listening, waiting)
    })
    face.url = `http://${await listener.listen('127.0.0.1', 0)}`
    context.after(async () => {
      listener.close()
      await gateway.close(100)
    })
    return face
  }

  async get(path: string, init: RequestInit = {}): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(this.url + path, init)
    return { status: response.status, text: await response.text() }
  }
}

test('clients that come while the face is loaded are all answered, and it is loaded once', async (context) => {
  const face = await Face.start(context)
  assert.equal(face.loads, 0)
  const answers = await Promise.all(Array.from({ length: 20 }, async () => await face.get('/healthz')))
  assert.ok(answers.every(({ status, text }) => status === 200 && text === '{"status":"ok"}'))
  assert.equal((await face.get('/healthz')).status, 200)
  assert.equal(face.loads, 1)
})

test('a face that could not be loaded is tried again with the next client, and the failure is logged', async (context) => {
  const face = await Face.start(context, { failFirst: true })
  await assert.rejects(face.get('/healthz'))
  assert.equal((await face.get('/healthz')).status, 200)
  assert.ok(face.log.entries.some(({ message }) => message === 'What answers at a port could not be loaded.'))
})

test('a client that waits for the load and goes away does no harm', async (context) => {
  const face = await Face.start(context)
  const { port } = new URL(face.url)
  const socket = connect(Number(port), '127.0.0.1', () => socket.resetAndDestroy())
  await once(socket, 'close')
  assert.equal((await face.get('/healthz')).status, 200)
})

test('a port that is in use is told by its code', async (context) => {
  const face = await Face.start(context)
  const second = new LazyListener(face.log, async () => Promise.reject(new Error('unused')))
  await assert.rejects(
    second.listen('127.0.0.1', Number(new URL(face.url).port)),
    (error) => error instanceof FrostError && error.code === 'address-in-use',
  )
})

test('readiness tells reads and writes apart', async (context) => {
  const face = await Face.start(context)
  assert.equal((await face.get('/readyz')).status, 200)
  face.ready = { canRead: true, canWrite: false, reason: 'The disk is full.' }
  const full = await face.get('/readyz')
  assert.equal(full.status, 503)
  assert.deepEqual(JSON.parse(full.text), { canRead: true, canWrite: false, reason: 'The disk is full.' })
  assert.equal((await face.get('/readyz?need=read')).status, 200)
  assert.equal((await face.get('/readyz?need=everything')).status, 400)
})

test('figures come as they are', async (context) => {
  const face = await Face.start(context)
  assert.deepEqual(await face.get('/metrics'), { status: 200, text: 'up 1\n' })
})

test('what is asked of one process comes from that one', async (context) => {
  const face = await Face.start(context)
  assert.equal((await face.get('/metrics?process=2')).text, 'own 1\n')
  const passed = await face.get('/debug/pprof/profile?process=1&seconds=7')
  assert.equal(passed.text, 'first /debug/pprof/profile?process=1&seconds=7')
  assert.equal(face.profiler.windows.length, 0)
  const wrong = await face.get('/debug/pprof/heap?process=3')
  assert.equal(wrong.status, 400)
  assert.match(wrong.text, /Ask for one of 1, 2/)
})

test('a processor profile takes 30 seconds unless told otherwise, and never more than the limit', async (context) => {
  const face = await Face.start(context)
  assert.deepEqual(await face.get('/debug/pprof/profile'), { status: 200, text: 'cpu' })
  assert.equal((await face.get('/debug/pprof/profile?seconds=7')).status, 200)
  assert.deepEqual(
    face.profiler.windows.map(({ seconds }) => seconds),
    [30, 7],
  )
  for (const wrong of ['0', '-1', '121', '1.5', 'x', ''])
    assert.equal((await face.get(`/debug/pprof/profile?seconds=${wrong}`)).status, 400, wrong)
  assert.equal((await face.get('/debug/pprof/profile?debug=1')).status, 400)
  assert.equal(face.profiler.windows.length, 2)
})

test('a profile ends when its client goes', async (context) => {
  const face = await Face.start(context)
  face.profiler.isStuck = true
  const controller = new AbortController()
  const request = assert.rejects(face.get('/debug/pprof/profile', { signal: controller.signal }))
  while (face.profiler.windows.length === 0) await new Promise(setImmediate)
  const [window] = face.profiler.windows
  assert.ok(window !== undefined)
  const aborted = once(window.signal, 'abort')
  controller.abort()
  await request
  await aborted
  assert.equal((await face.get('/healthz')).status, 200)
})

test('a second profile meanwhile is a conflict', async (context) => {
  const face = await Face.start(context)
  const { status, text } = await face.get('/debug/pprof/allocs')
  assert.equal(status, 409)
  assert.match(text, /"code":"profile-running"/)
})

test('a heap profile is of a moment, and can collect garbage first', async (context) => {
  const face = await Face.start(context)
  assert.equal((await face.get('/debug/pprof/heap')).text, 'heap')
  assert.equal((await face.get('/debug/pprof/heap?gc=1')).text, 'heap')
  assert.deepEqual(face.profiler.collects, [false, true])
  assert.equal((await face.get('/debug/pprof/heap?seconds=3')).status, 400)
})

test('requests under way are listed, the longest first, as text and as a profile', async (context) => {
  const face = await Face.start(context)
  const { text } = await face.get('/debug/pprof/goroutine?debug=1')
  assert.equal(
    text,
    'active requests: total 2\n\n' +
      'rest.GET download age=1.500s peer=127.0.0.1 sent=3 received=0\n' +
      'rpc.put age=0.005s peer=master 127.0.0.1:7 body=10\n',
  )
  assert.equal((await face.get('/debug/pprof/goroutine')).text, 'activities')
  assert.deepEqual(face.profiler.activitiesAsked[0], {
    stack: ['rest', 'rest.GET download'],
    ageMs: 1500,
    labels: { peer: '127.0.0.1', sent: '3', received: '0' },
  })
})

test('profiles are refused where they are not open; figures and health are not', async (context) => {
  const face = await Face.start(context, { isOpen: false })
  for (const path of ['profile', 'heap', 'allocs', 'goroutine', 'goroutine?debug=1']) {
    const { status, text } = await face.get(`/debug/pprof/${path}`)
    assert.equal(status, 403, path)
    assert.match(text, /"code":"profiling-closed".*--open-profiling/)
  }
  for (const path of ['/metrics', '/healthz', '/readyz']) assert.equal((await face.get(path)).status, 200)
})

test('a page of another site gets no profile taken, which would slow the node down; a program does', async (context) => {
  const face = await Face.start(context)
  for (const site of ['cross-site', 'same-site']) {
    for (const path of ['profile', 'heap?gc=1', 'allocs', 'goroutine']) {
      const { status, text } = await face.get(`/debug/pprof/${path}`, { headers: { 'Sec-Fetch-Site': site } })
      assert.deepEqual([status, text.includes('"code":"cross-site-refused"')], [403, true], path)
    }
  }
  assert.deepEqual([face.profiler.windows, face.profiler.collects], [[], []])
  assert.equal((await face.get('/debug/pprof/heap', { headers: { 'Sec-Fetch-Site': 'same-origin' } })).status, 200)
})

test('the index page links what there is, and every link is answered', async (context) => {
  const face = await Face.start(context)
  const { text } = await face.get('/debug/pprof/')
  const links = Array.from(text.matchAll(/href="([^"]+)"/g), ([, link]) => link ?? '')
  assert.equal(links.length, 5)
  for (const link of links) assert.notEqual((await face.get(`/debug/pprof/${link}`)).status, 404, link)
})

test('what is not there, other methods and other host names are refused', async (context) => {
  const face = await Face.start(context)
  assert.equal((await face.get('/')).status, 404)
  assert.equal((await face.get('/debug/pprof')).status, 404)
  assert.equal((await face.get('/metrics', { method: 'POST' })).status, 405)
  const { port } = new URL(face.url)
  const socket = connect(Number(port), '127.0.0.1', () =>
    socket.end('GET /metrics HTTP/1.1\r\nHost: evil.example\r\n\r\n'),
  )
  let answer = ''
  for await (const slice of socket.setEncoding('utf8')) answer += String(slice)
  assert.match(answer, /^HTTP\/1\.1 421 /)
})
