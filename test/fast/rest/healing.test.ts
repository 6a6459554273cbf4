// The state of the cluster, and what an administrator asks of its healing.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { FrostError } from '../../../src/base/errors.ts'
import { VirtualTime } from '../../../sim/ports/clock.ts'
import { codeOf, Harness, isRecord, sampleBytes } from './harness.ts'

const worker = '2'.repeat(16)

describe('GET /api/v1/cluster', () => {
  test('tells null, never zero, for what is not known', async () => {
    await using rest = await Harness.start()
    const state = (await rest.request('/api/v1/cluster')).json
    assert.ok(isRecord(state) && isRecord(state['redundancy']) && Array.isArray(state['workers']))
    assert.deepEqual(state['redundancy'], {
      fragmentsMissing: null,
      filesAtRisk: 0,
      filesLost: null,
      lostFiles: [{ filename: '<lost>', bucket: 'default' }],
      unknown: 5,
      comparedAt: null,
      scrubbedAt: '2027-01-15T08:00:00.000Z',
    })
    assert.deepEqual(state['workers'][0], {
      id: '1'.repeat(16),
      address: '127.0.0.1:7001',
      zone: 'a',
      state: 'up',
      usedBytes: 1,
      capacityBytes: 2 ** 40,
      slots: 1,
      failing: true,
      oldestDiskOperationMs: 1500,
      diskLatencyMs: 2,
      damagedFragments: 2,
      asksToDelete: false,
      scrub: { runningFull: true, doneBytes: 1, totalBytes: 2, lastFinishedAt: '2027-01-15T08:00:00.000Z' },
    })
    const [, never, silent]: unknown[] = state['workers']
    assert.ok(isRecord(never) && isRecord(never['scrub']) && isRecord(silent))
    assert.equal(never['scrub']['lastFinishedAt'], null)
    assert.equal(silent['scrub'], null)
  })

  test('tells what is being done', async () => {
    await using rest = await Harness.start()
    const state = (await rest.request('/api/v1/cluster')).json
    assert.ok(isRecord(state))
    assert.deepEqual(state['healing'], {
      moves: [{ group: 1, slot: 2, from: '1'.repeat(16), to: worker, copied: 7 }],
      queued: 3,
      rebuiltFragments: 4,
      writtenBytes: 5,
      readBytes: 6,
      bytesPerSecond: 7,
      slotsToMove: 8,
      slotsWithoutSpare: 1,
    })
  })

  test('tells its own time, read after the state, so that ages can be told without the reader’s clock', async () => {
    const time = new VirtualTime()
    const clock = time.createClock()
    await using rest = await Harness.start({ clock })
    const gathered = rest.files.cluster.bind(rest.files)
    rest.files.cluster = async () => {
      const state = await gathered()
      await time.advance(1000)
      return state
    }
    const before = clock.wallMs()
    const state = (await rest.request('/api/v1/cluster')).json
    assert.ok(isRecord(state))
    assert.equal(Date.parse(String(state['time'])), before + 1000)
  })
})

describe('/api/v1/workers/{id}/drain', () => {
  test('begins a drain with POST and ends it with DELETE', async () => {
    await using rest = await Harness.start()
    const stateOf = (): unknown => rest.files.clusterNow.workers.find(({ id }) => id === worker)?.state
    const begun = await rest.request(`/api/v1/workers/${worker}/drain`, { method: 'POST' })
    assert.deepEqual([begun.status, begun.json], [202, { id: worker, draining: true }])
    assert.equal(stateOf(), 'draining')
    const ended = await rest.request(`/api/v1/workers/${worker}/drain`, { method: 'DELETE' })
    assert.deepEqual([ended.status, ended.json], [200, { id: worker, draining: false }])
    assert.equal(stateOf(), 'up')
  })

  for (const id of ['00000000000000ff', 'x', '..', '%2e%2e', '1'.repeat(17), '{id}']) {
    test(`of ${id}, which is no worker, is a 404`, async () => {
      await using rest = await Harness.start()
      for (const method of ['POST', 'DELETE']) {
        const answer = await rest.request(`/api/v1/workers/${id}/drain`, { method })
        assert.deepEqual([answer.status, codeOf(answer)], [404, 'worker-not-found'])
      }
    })
  }

  test('says why it is refused', async () => {
    await using rest = await Harness.start()
    rest.files.changeError = new FrostError('drain-refused', 'Four workers would remain, and 3+2 needs five.')
    const answer = await rest.request(`/api/v1/workers/${worker}/drain`, { method: 'POST' })
    assert.equal(answer.status, 409)
    assert.ok(isRecord(answer.json))
    const { code, detail, remedy } = answer.json
    assert.deepEqual(
      [code, detail, remedy],
      ['drain-refused', 'Four workers would remain, and 3+2 needs five.', 'Add a worker first.'],
    )
  })

  test('answers no other method, and no path around it', async () => {
    await using rest = await Harness.start()
    const answer = await rest.request(`/api/v1/workers/${worker}/drain`)
    assert.deepEqual([answer.status, answer.headers['allow']], [405, 'POST, DELETE, OPTIONS'])
    for (const path of ['/api/v1/workers/', `/api/v1/workers/${worker}/drain/`, '/api/v1/workers//drain']) {
      assert.equal(codeOf(await rest.request(path, { method: 'POST' })), 'route-not-found')
    }
  })
})

test('POST /api/v1/repair asks for a comparison, and a GET does not', async () => {
  await using rest = await Harness.start()
  assert.equal((await rest.request('/api/v1/repair')).status, 405)
  assert.equal(rest.files.repairs, 0)
  const answer = await rest.request('/api/v1/repair', { method: 'POST' })
  assert.deepEqual([answer.status, answer.json], [202, { comparing: true }])
  assert.equal(rest.files.repairs, 1)
})

test('POST /api/v1/scrub tells who has begun', async () => {
  await using rest = await Harness.start()
  await rest.request(`/api/v1/workers/${worker}/drain`, { method: 'POST' })
  const answer = await rest.request('/api/v1/scrub', { method: 'POST' })
  assert.deepEqual(
    [answer.status, answer.json],
    [202, { workers: ['1', '3', '4', '5'].map((digit) => digit.repeat(16)) }],
  )
})

describe('GET /api/v1/verify', () => {
  test('tells what is good and what is not, by pages', async () => {
    await using rest = await Harness.start()
    const { etag, version } = rest.files.store('a', sampleBytes(307_200 * 3 + 1))
    const { id } = defined(rest.files.clusterNow.workers[0], 'a worker')
    rest.files.damage = [
      { block: 1, column: 2, worker: id, state: 'damaged' },
      { block: 3, column: 0, worker: id, state: 'missing' },
    ]
    const file = { filename: 'a', bucket: 'default', size: 921_601, etag, version }
    assert.deepEqual((await rest.request('/api/v1/verify?filename=a&limit=2')).json, {
      ...file,
      blocks: 2,
      good: 9,
      problems: [{ block: 1, column: 2, worker: id, state: 'damaged' }],
      next: 1,
    })
    assert.deepEqual((await rest.request('/api/v1/verify?filename=a&after=1')).json, {
      ...file,
      blocks: 2,
      good: 9,
      problems: [{ block: 3, column: 0, worker: id, state: 'missing' }],
      next: null,
    })
  })

  test('of a file that is not there is a 404', async () => {
    await using rest = await Harness.start()
    assert.equal(codeOf(await rest.request('/api/v1/verify?filename=a')), 'file-not-found')
    assert.equal(codeOf(await rest.request('/api/v1/verify')), 'name-missing')
  })

  for (const query of ['limit=0', 'limit=1001', 'after=-2', 'after=x']) {
    test(`with ${query} is a 400`, async () => {
      await using rest = await Harness.start()
      rest.files.store('a', 'x')
      assert.equal((await rest.request(`/api/v1/verify?filename=a&${query}`)).status, 400)
    })
  }
})

test('what an administrator asks for is refused from pages of other sites', async () => {
  await using rest = await Harness.start()
  const headers = { Origin: 'https://evil.example' }
  for (const [method, path] of [
    ['POST', `/api/v1/workers/${worker}/drain`],
    ['DELETE', `/api/v1/workers/${worker}/drain`],
    ['POST', '/api/v1/repair'],
    ['POST', '/api/v1/scrub'],
  ] as const) {
    assert.equal(codeOf(await rest.request(path, { method, headers })), 'cross-site-refused')
  }
  assert.equal(rest.files.repairs, 0)
})
