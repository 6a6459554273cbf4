import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { changedCluster, healthyCluster } from '../sdk/testing/cluster-json.ts'
import type { ClusterChange, ScrubJson } from '../sdk/testing/cluster-json.ts'
import { FakeRest, problem } from '../sdk/testing/fake-rest.ts'
import type { ServerHandlers } from './commands/serve.ts'
import { runCli } from './run.ts'
import { FakeEnvironment } from './testing/fake-environment.ts'

const noServers: ServerHandlers = {
  up: async () => assert.fail('up was called'),
  master: async () => assert.fail('master was called'),
  worker: async () => assert.fail('worker was called'),
  migrate: async () => assert.fail('migrate was called'),
}

async function run(environment: FakeEnvironment, ...args: readonly string[]): Promise<number> {
  return runCli(args, { handlers: noServers, version: '1.2.3', environment })
}

const worker = '00000000000000a1'
const serverMs = Date.UTC(2026, 10, 23, 10, 5)

/** By the server's clock, so long after the command began. */
function at(seconds: number): string {
  return new Date(serverMs + seconds * 1000).toISOString()
}

interface World {
  readonly server: FakeRest
  readonly world: FakeEnvironment
  [Symbol.asyncDispose](): Promise<void>
}

/** What the server says of the cluster follows from how often the command has slept; so does its clock. */
async function startWorld(stateAt: (sleeps: number) => ClusterChange): Promise<World> {
  const server = await FakeRest.start()
  const world = new FakeEnvironment({ url: server.url })
  server.cluster = () => changedCluster({ time: at(world.nowMs / 1000), ...stateAt(world.sleeps) })
  return { server, world, [Symbol.asyncDispose]: async () => await server[Symbol.asyncDispose]() }
}

function changesOf(server: FakeRest): readonly string[] {
  return server.requests.filter(({ method }) => method !== 'GET').map(({ method, path }) => `${method} ${path}`)
}

describe('drain', () => {
  for (const text of [worker, '127.0.0.1:7001']) {
    test(`takes a worker by ${text}`, async () => {
      await using at0 = await startWorld(() => ({}))
      assert.equal(await run(at0.world, 'drain', text), 0)
      assert.deepEqual(changesOf(at0.server), [`POST /api/v1/workers/${worker}/drain`])
      assert.equal(
        at0.world.stdout.text,
        `${worker} (127.0.0.1:7001) is being drained: 1 slot to move. Do not remove it before frostbyte status says so.\n`,
      )
    })
  }

  test('takes a worker by a beginning of its id that is no other’s', async () => {
    await using at0 = await startWorld(() => ({ worker: { id: 'abc0000000000000' } }))
    at0.server.intercept = ({ method }, _request, response) => {
      if (method === 'GET') return false
      response.writeHead(202, { 'content-type': 'application/json' }).end('{}')
      return true
    }
    assert.equal(await run(at0.world, 'drain', 'ab'), 0)
    assert.deepEqual(changesOf(at0.server), ['POST /api/v1/workers/abc0000000000000/drain'])
    assert.equal(await run(at0.world, 'drain', '0000'), 2)
    assert.match(at0.world.stderr.text, /"0000" could be one of 4 workers: 00000000000000a2 \(127\.0\.0\.1:7002\), /)
    for (const none of ['', '7001', 'ff', '127.0.0.1']) assert.equal(await run(at0.world, 'drain', none), 3, none)
    assert.match(at0.world.stderr.text, /No worker has the id or the address "ff"\./)
    assert.equal(changesOf(at0.server).length, 1)
  })

  test('says why it is refused', async () => {
    await using at0 = await startWorld(() => ({}))
    at0.server.intercept = ({ method }, _request, response) => {
      if (method === 'GET') return false
      problem(response, 409, 'drain-refused', { detail: 'Four workers would remain.', remedy: 'Add a worker first.' })
      return true
    }
    assert.equal(await run(at0.world, 'drain', worker, '--wait'), 1)
    assert.equal(at0.world.stderr.text, 'frostbyte: Four workers would remain. Add a worker first. (request r1)\n')
    assert.equal(at0.world.sleeps, 0)
  })

  test('ends a drain', async () => {
    await using at0 = await startWorld(() => ({ worker: { state: 'draining' } }))
    assert.equal(await run(at0.world, 'drain', worker, '--cancel', '--json'), 0)
    assert.deepEqual(changesOf(at0.server), [`DELETE /api/v1/workers/${worker}/drain`])
    assert.deepEqual(JSON.parse(at0.world.stdout.text), {
      id: worker,
      address: '127.0.0.1:7001',
      draining: false,
      safeToRemove: false,
    })
    assert.equal(await run(at0.world, 'drain', worker, '--cancel', '--wait'), 2)
  })

  test('says that it is safe to remove a worker once it is empty and a later comparison misses nothing', async () => {
    const states: readonly ClusterChange[] = [
      { worker: { state: 'draining', slots: 2 }, redundancy: { comparedAt: at(0) } },
      { worker: { state: 'draining', slots: 1 }, redundancy: { comparedAt: at(1) } },
      // Empty, but by a comparison that began while it was not, or one that misses something.
      { worker: { state: 'draining', slots: 0 }, redundancy: { comparedAt: at(1) } },
      { worker: { state: 'draining', slots: 0 }, redundancy: { comparedAt: at(3), unknown: 1 } },
      { worker: { state: 'draining', slots: 0 }, redundancy: { comparedAt: at(3), fragmentsMissing: 1 } },
      {
        worker: { state: 'draining', slots: 0, failing: true, damagedFragments: 3 },
        redundancy: { comparedAt: at(5) },
      },
    ]
    await using at0 = await startWorld((sleeps) => states[sleeps] ?? assert.fail('waited for too long'))
    assert.equal(await run(at0.world, 'drain', worker, '--wait'), 0)
    assert.equal(at0.world.sleeps, 5)
    assert.equal(
      at0.world.stdout.text,
      `${worker} (127.0.0.1:7001) is empty, and nothing is missing elsewhere: it is safe to remove it.\n`,
    )
    assert.deepEqual(changesOf(at0.server), [`POST /api/v1/workers/${worker}/drain`, 'POST /api/v1/repair'])
  })

  test('names what keeps it from being safe when the time is up', async () => {
    await using at0 = await startWorld(() => ({
      worker: { state: 'down', slots: 3 },
      healing: { slotsWithoutSpare: 2 },
    }))
    assert.equal(await run(at0.world, 'drain', worker, '--wait', '--wait-timeout', '2s'), 6)
    assert.match(
      at0.world.stderr.text,
      /is not safe to remove after 2s: 3 slots left \(it is down\), 2 slots without a worker to go to \(add one\)\./,
    )
    assert.equal(at0.world.stdout.text, '')
  })

  test('does not wait for a drain that somebody has cancelled', async () => {
    await using at0 = await startWorld((sleeps) => ({ worker: { state: sleeps < 2 ? 'draining' : 'up' } }))
    assert.equal(await run(at0.world, 'drain', worker, '--wait'), 1)
    assert.match(at0.world.stderr.text, /was cancelled meanwhile/)
  })
})

describe('repair', () => {
  test('asks for a comparison, and waits for it where it shall', async () => {
    await using at0 = await startWorld((sleeps) => ({
      redundancy: { comparedAt: at(sleeps < 3 ? -1 : 1), fragmentsMissing: sleeps < 4 ? 2 : 0 },
      worker: { state: 'draining' },
    }))
    assert.equal(await run(at0.world, 'repair'), 0)
    assert.deepEqual(changesOf(at0.server), ['POST /api/v1/repair'])
    assert.match(at0.world.stdout.text, /^Everything is being compared/)
    assert.equal(at0.world.sleeps, 0)
    assert.equal(await run(at0.world, 'repair', '--wait', '--json'), 0)
    assert.equal(at0.world.sleeps, 4)
    assert.match(at0.world.stdout.text, /\{"comparing":false,"full":true\}\n$/)
  })

  test('ends with 6 where it is not done in time', async () => {
    await using at0 = await startWorld(() => ({ redundancy: { comparedAt: at(0), fragmentsMissing: 2 } }))
    assert.equal(await run(at0.world, 'repair', '--wait', '--wait-timeout', '1s'), 6)
    assert.match(at0.world.stderr.text, /not repaired after 1s: 2 fragments missing\./)
  })
})

describe('scrub', () => {
  const scrubAt = (runningFull: boolean, lastFinishedAt: string | null): { readonly scrub: ScrubJson } => ({
    scrub: { runningFull, doneBytes: 1024, totalBytes: 2048, lastFinishedAt },
  })

  /** All workers as the first one. */
  function allAs(server: FakeRest, world: FakeEnvironment, stateAt: (sleeps: number) => ClusterChange['worker']): void {
    server.cluster = () => ({
      ...changedCluster({ time: at(world.nowMs / 1000) }),
      workers: healthyCluster().workers.map((each) => ({ ...each, ...stateAt(world.sleeps) })),
    })
  }

  test('tells who began', async () => {
    await using at0 = await startWorld(() => ({}))
    assert.equal(await run(at0.world, 'scrub'), 0)
    assert.equal(at0.world.stdout.text, '5 workers began to scrub; frostbyte status says how far.\n')
    assert.equal(at0.world.sleeps, 0)
  })

  test('waits for a cycle that began after it was asked for', async () => {
    await using at0 = await startWorld(() => ({}))
    const states = [
      scrubAt(false, null),
      // The one before has just ended; then the new one is seen, is over, but the one that is told is still the old one.
      scrubAt(false, at(-10)),
      scrubAt(true, at(-10)),
      scrubAt(false, at(-0.001)),
      { ...scrubAt(false, at(0)), damagedFragments: 1 },
    ]
    allAs(at0.server, at0.world, (sleeps) => states[sleeps])
    assert.equal(await run(at0.world, 'scrub', '--wait'), 0)
    assert.equal(at0.world.sleeps, 4)
    assert.equal(at0.world.stdout.text, '5 workers scrubbed: 5 fragments damaged, not replaced yet.\n')
  })

  test('names how far each worker is, and who is away, when the time is up', async () => {
    await using at0 = await startWorld((sleeps) => ({ worker: { ...scrubAt(sleeps < 2, null), state: 'down' } }))
    allAs(at0.server, at0.world, () => scrubAt(true, null))
    assert.equal(await run(at0.world, 'scrub', '--wait', '--wait-timeout', '1s'), 6)
    assert.match(at0.world.stderr.text, /not scrubbed after 1s: worker 00000000000000a1 1\.00 KiB of 2\.00 KiB, /)
  })

  test('names workers that hold something and did not begin, and ends with 5', async () => {
    await using at0 = await startWorld(() => ({ worker: { state: 'down' } }))
    at0.server.intercept = ({ method }, _request, response) => {
      if (method === 'GET') return false
      const workers = healthyCluster()
        .workers.slice(1)
        .map(({ id }) => id)
      response.writeHead(202, { 'content-type': 'application/json' }).end(JSON.stringify({ workers }))
      return true
    }
    assert.equal(await run(at0.world, 'scrub'), 5)
    assert.equal(at0.world.stderr.text, `not scrubbed: ${worker} (127.0.0.1:7001), which is down and holds slots\n`)
    assert.equal(await run(at0.world, 'scrub', '--json'), 5)
    const told = JSON.parse(at0.world.stdout.text.split('\n')[1] ?? '') as Record<string, unknown>
    assert.deepEqual([told['absent'], told['finished'], told['damagedFragments']], [[worker], false, null])
  })
})

describe('verify', () => {
  const block = 3_072_000
  const damage = [
    { block: 0, column: 1, worker, state: 'missing' },
    { block: 0, column: 3, worker: '00000000000000a2', state: 'damaged' },
    { block: 25, column: 0, worker, state: 'unknown' },
  ]

  test('reads every block of a file, over all pages', async () => {
    await using server = await FakeRest.start()
    server.store('a', new Uint8Array(block * 30))
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', 'a'), 0)
    assert.equal(world.stdout.text, 'a: 150 pieces read and good\n')
    assert.equal(server.requests.length, 2)
  })

  test('lists what is wrong, and ends with 7', async () => {
    await using server = await FakeRest.start()
    server.store('a', new Uint8Array(block * 30))
    server.damage = damage
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', 'a'), 7)
    assert.equal(
      world.stdout.text,
      [
        `missing: block 0 column 1 on worker ${worker} of a`,
        'damaged: block 0 column 3 on worker 00000000000000a2 of a',
        `unknown: block 25 column 0 on worker ${worker} of a`,
        'a: 3 problems, 147 pieces read and good\n',
      ].join('\n'),
    )
  })

  test('goes through all files, or those of a prefix', async () => {
    await using server = await FakeRest.start()
    for (const name of ['a', 'b/1', 'b/2']) server.store(name, 'x')
    server.damage = damage.slice(0, 1)
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', '--all'), 7)
    assert.match(world.stdout.text, /^3 files: 3 problems, 12 pieces read and good$/m)
    server.damage = []
    const other = new FakeEnvironment({ url: server.url })
    assert.equal(await run(other, 'verify', '--prefix', 'b/'), 0)
    assert.equal(other.stdout.text, '2 files: 10 pieces read and good\n')
  })

  test('gives programs one object a line, with a thousand problems at most', async () => {
    await using server = await FakeRest.start()
    const version = server.store('a', 'x')
    server.store('b', 'x')
    server.damage = Array.from({ length: 1500 }, () => ({ block: 0, column: 0, worker, state: 'unknown' }))
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', '--all', '--json'), 7)
    const [first, second, ...others] = world.stdout.text.trimEnd().split('\n')
    const { problems, ...told } = JSON.parse(first ?? '') as { readonly problems: readonly unknown[] }
    assert.deepEqual(told, {
      filename: 'a',
      bucket: 'default',
      version,
      size: 1,
      blocks: 1,
      good: 0,
      problemCount: 1500,
    })
    assert.equal(problems.length, 1000)
    assert.ok(second)
    assert.deepEqual(others, [])
  })

  test('begins again where the file was replaced between two pages, and gives up where that does not end', async () => {
    await using server = await FakeRest.start()
    server.store('a', new Uint8Array(block * 30))
    server.damage = damage
    let pages = 0
    server.intercept = ({ path }) => {
      if (path === '/api/v1/verify' && ++pages === 2) {
        server.damage = []
        server.store('a', new Uint8Array(block * 50))
      }
      return false
    }
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', 'a'), 0)
    assert.equal(world.stdout.text, 'a: 250 pieces read and good\n')
    server.intercept = ({ path }) => {
      if (path === '/api/v1/verify') server.store('a', new Uint8Array(block * 30))
      return false
    }
    assert.equal(await run(world, 'verify', 'a'), 1)
    assert.match(world.stderr.text, /"a" was replaced 5 times while it was verified/)
  })

  test('passes over files that were deleted since they were listed, and goes on past one that fails', async () => {
    await using server = await FakeRest.start()
    for (const name of ['a', 'b', 'c']) server.store(name, 'x')
    server.intercept = ({ path, query }, _request, response) => {
      if (path !== '/api/v1/verify') return false
      if (query.get('filename') === 'a') server.buckets.get('default')?.delete('a')
      if (query.get('filename') !== 'b') return false
      problem(response, 500, 'internal', { detail: 'It broke.' })
      return true
    }
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', '--all'), 1)
    assert.equal(
      world.stdout.text,
      '1 file: 5 pieces read and good; 1 file could not be verified; 1 file deleted meanwhile\n',
    )
    assert.match(world.stderr.text, /It broke\./)
  })

  test('of a file that is not there ends with 3, and wants one file or many', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'verify', 'none'), 3)
    assert.equal(await run(world, 'verify'), 2)
    assert.equal(await run(world, 'verify', 'a', '--all'), 2)
    assert.equal(await run(world, 'verify', 'a', '--prefix', 'b'), 2)
  })
})
