import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { changedCluster, healthyCluster } from '../sdk/testing/cluster-json.ts'
import type { ClusterChange, ClusterJson } from '../sdk/testing/cluster-json.ts'
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

/** What `status` says of a cluster. */
async function statusOf(cluster: ClusterJson, options: { readonly isTerminal?: boolean } = {}): Promise<string> {
  await using server = await FakeRest.start()
  server.cluster = () => cluster
  const world = new FakeEnvironment({ url: server.url, ...options })
  assert.equal(await run(world, 'status'), 0)
  return world.stdout.text
}

const worker = '00000000000000a1'
/** The server's time in `healthyCluster`. */
const serverMs = Date.UTC(2026, 10, 23, 10, 5)

function timeText(ms: number): string {
  return new Date(ms).toISOString()
}

describe('status', () => {
  test('shows the workers and what is known of the redundancy', async () => {
    const text = await statusOf(healthyCluster())
    assert.match(text, /5 of 5 workers up, 1 placement group \(1 writable\)/)
    assert.match(text, /^00000000000000a2 +up +127\.0\.0\.1:7002 +- +1 +5\.00 MiB +100 MiB +5 % +1 ms +never$/m)
    assert.match(text, /^Redundancy: full, as of a comparison that began 5 min ago$/m)
    assert.match(text, /last compared +5 min ago/)
    assert.match(text, /last scrubbed +not by every worker yet/)
    assert.doesNotMatch(text, /Look at|At work|Lost files/)
  })

  test('tells ages by the server’s clock, whatever the one here says', async () => {
    const text = await statusOf(
      changedCluster({ time: '2031-01-01T00:00:10Z', redundancy: { comparedAt: '2031-01-01T00:00:00Z' } }),
    )
    assert.match(text, /last compared +10 s ago/)
  })

  const verdicts: readonly (readonly [name: string, change: ClusterChange, verdict: string])[] = [
    ['a figure is not known', { redundancy: { filesAtRisk: null } }, 'unknown'],
    ['how much is missing is not known', { redundancy: { fragmentsMissing: null } }, 'unknown'],
    ['how much is lost is not known', { redundancy: { filesLost: null } }, 'unknown'],
    ['a slot was not compared', { redundancy: { unknown: 3 } }, 'unknown'],
    ['nothing was ever compared', { redundancy: { comparedAt: null } }, 'unknown'],
    ['fragments are missing', { redundancy: { fragmentsMissing: 7 } }, 'reduced, to be repaired'],
    ['a repair is queued', { healing: { queued: 1 } }, 'reduced, to be repaired'],
    ['files are at risk', { redundancy: { filesAtRisk: 1, fragmentsMissing: 7 } }, 'files are at risk'],
    ['files are lost', { redundancy: { filesLost: 1, filesAtRisk: 1, unknown: 5 } }, 'FILES ARE LOST'],
    ['a worker is suspect', { worker: { state: 'suspect' } }, 'reduced while workers are away'],
    ['a worker is down', { worker: { state: 'down' } }, 'reduced while workers are away'],
    ['a worker is out and holds slots', { worker: { state: 'out' } }, 'reduced while workers are away'],
    ['a worker is in a state of the future', { worker: { state: 'paused' } }, 'reduced while workers are away'],
  ]
  for (const [name, change, verdict] of verdicts) {
    test(`never says that all is well where ${name}`, async () => {
      const text = await statusOf(changedCluster(change))
      assert.match(text, new RegExp(`^Redundancy: ${verdict}(?:,|$)`, 'm'))
      assert.doesNotMatch(text, /Redundancy: full|healthy/)
    })
  }

  test('does not hold a worker that is gone for good against the redundancy', async () => {
    const text = await statusOf(changedCluster({ worker: { state: 'out', slots: 0 } }))
    assert.match(text, /^Redundancy: full,/m)
    assert.match(text, /00000000000000a1 \(127\.0\.0\.1:7001\) out: holds no slots; nothing on it is needed any more/)
  })

  test('says of bad news that it may be worse, where not everything is known', async () => {
    assert.match(await statusOf(changedCluster({ redundancy: { fragmentsMissing: 1, unknown: 2 } })), /it may be worse/)
    assert.doesNotMatch(await statusOf(changedCluster({ redundancy: { fragmentsMissing: 1 } })), /it may be worse/)
  })

  const culprits: readonly (readonly [name: string, change: ClusterChange, text: RegExp])[] = [
    [
      'down',
      { worker: { state: 'down', slots: 12 } },
      /down: does not answer\. Start it again; .*12 slots go elsewhere/,
    ],
    ['silent', { worker: { state: 'suspect' } }, /suspect: silent; new data avoids it/],
    [
      'stuck in its disk',
      { worker: { state: 'suspect', oldestDiskOperationMs: 12_340 } },
      /suspect: slow disk: one operation has not ended for 12\.3 s/,
    ],
    ['slow', { worker: { oldestDiskOperationMs: 1500 } }, /\) slow disk: one operation has not ended for 1\.5 s/],
    [
      'slow beside the others',
      { worker: { diskLatencyMs: 100 } },
      /slow disk: its operations take 100 ms, those of the others 1 ms/,
    ],
    ['failing', { worker: { failing: true } }, /failing: its disk reports errors.*frostbyte drain 00000000000000a1/],
    ['full', { worker: { usedBytes: 99, capacityBytes: 100 } }, /full \(99 %\): it refuses writes/],
    ['nearly full', { worker: { usedBytes: 91, capacityBytes: 100 } }, /nearly full \(91 %\)/],
    ['without any room', { worker: { usedBytes: 0, capacityBytes: 0 } }, /full \(100 %\)/],
    [
      'damaged',
      { worker: { damagedFragments: 3 } },
      /damaged: 3 fragments on it failed a check and were not replaced yet/,
    ],
    ['being drained', { worker: { state: 'draining', slots: 3 } }, /draining: 3 slots left; do not remove it yet/],
    ['drained', { worker: { state: 'draining', slots: 0 } }, /draining: no slots left; it can be removed/],
    [
      'drained, while something is missing that it may hold',
      { worker: { state: 'draining', slots: 0 }, redundancy: { fragmentsMissing: 1 } },
      /draining: no slots left; keep it and its disk until redundancy is full/,
    ],
    [
      'drained, while something was not compared that it may hold',
      { worker: { state: 'draining', slots: 0 }, redundancy: { unknown: 1 } },
      /draining: no slots left; keep it and its disk until redundancy is full/,
    ],
    ['out', { worker: { state: 'out', slots: 4 } }, /out: away for too long\. Its 4 slots are rebuilt elsewhere/],
    ['away without a slot', { worker: { state: 'down', slots: 0 } }, /down: does not answer, but holds no slots/],
  ]
  for (const [name, change, expected] of culprits) {
    test(`names a worker that is ${name}`, async () => {
      const lines = (await statusOf(changedCluster(change))).split('\n')
      const named = lines.filter((line) => line.startsWith(`  ${worker} (127.0.0.1:7001) `))
      assert.ok(
        named.some((line) => expected.test(line)),
        lines.join('\n'),
      )
    })
  }

  test('tells what runs and how far', async () => {
    const move = { group: 7, slot: 2, from: worker, to: '00000000000000a2', copied: 5 }
    const text = await statusOf(
      changedCluster({
        redundancy: { fragmentsMissing: 1000 },
        worker: { scrub: { runningFull: true, doneBytes: 1024, totalBytes: 4096, lastFinishedAt: null } },
        healing: {
          moves: Array.from({ length: 7 }, () => move),
          slotsToMove: 9,
          slotsWithoutSpare: 2,
          queued: 4,
          rebuiltFragments: 10,
          writtenBytes: 10_240,
          readBytes: 30_720,
          bytesPerSecond: 40_960,
        },
      }),
    )
    assert.match(text, /moving +7 slots, 35 fragments so far\n {4}group 7 slot 2: 0+a1 → 0+a2, 5 fragments/)
    assert.match(text, /^ {4}and 2 more$/m)
    assert.match(text, /still to move +9 slots; 2 without a worker to go to: add one/)
    assert.match(text, /repairs queued +4/)
    assert.match(text, /scrubbing +1 worker, 1\.00 KiB of 4\.00 KiB/)
    assert.match(text, /00a1 .* 25 % done$/m)
    assert.match(text, /rebuilt so far +10 fragments: 10\.0 KiB written, 30\.0 KiB read/)
    assert.match(text, /limit +40\.0 KiB\/s/)
    assert.match(text, /time left +at least 1:40, at the present limit/)
  })

  test('says that the time left is unknown where nothing was rebuilt yet', async () => {
    assert.match(await statusOf(changedCluster({ redundancy: { fragmentsMissing: 5 } })), /time left +unknown/)
    assert.match(await statusOf(changedCluster({ redundancy: { fragmentsMissing: null } })), /time left +unknown/)
  })

  test('names what is lost, twenty files at most, harmless on a terminal', async () => {
    const lostFiles = Array.from({ length: 25 }, (_, index) => ({
      filename: `lost\u001b[2J/${index}`,
      bucket: index === 0 ? 'photos' : 'default',
    }))
    const text = await statusOf(changedCluster({ redundancy: { filesLost: 1234, lostFiles } }), { isTerminal: true })
    assert.ok(text.includes('lost\\x1b[2J/0 (bucket photos)'))
    assert.ok(text.includes('lost\\x1b[2J/19'))
    assert.ok(!text.includes('[2J/20'))
    assert.match(text, /and 1,214 more/)
  })

  test('is coloured on a terminal only, and not where NO_COLOR is set', async () => {
    const cluster = changedCluster({ worker: { state: 'down' } })
    assert.ok(!(await statusOf(cluster)).includes('\u001b'))
    const lines = (await statusOf(cluster, { isTerminal: true })).split('\n')
    assert.ok(lines.some((line) => line.startsWith('\u001b[31m00000000000000a1') && line.endsWith('\u001b[0m')))
    await using server = await FakeRest.start()
    server.cluster = () => cluster
    const world = new FakeEnvironment({ url: server.url, isTerminal: true, variables: { NO_COLOR: '1' } })
    await run(world, 'status')
    assert.ok(!world.stdout.text.includes('\u001b'))
  })

  test('gives programs what the master says, null for what is unknown', async () => {
    await using server = await FakeRest.start()
    const unknown = { fragmentsMissing: null, filesAtRisk: null, filesLost: null, comparedAt: null }
    const lostFiles = [{ filename: 'a', bucket: 'b' }]
    for (const cluster of [
      healthyCluster(),
      changedCluster({ redundancy: { ...unknown, lostFiles }, worker: { scrub: null } }),
      changedCluster({ healing: { moves: [{ group: 1, slot: 2, from: 'a', to: 'b', copied: 3 }] } }),
    ]) {
      server.cluster = () => cluster
      const world = new FakeEnvironment({ url: server.url })
      assert.equal(await run(world, 'status', '--json'), 0)
      assert.deepEqual(JSON.parse(world.stdout.text), cluster)
    }
  })
})

describe('status --watch', () => {
  test('draws the state again each second until it is interrupted, and leaves the last one behind', async () => {
    await using server = await FakeRest.start()
    let missing = 1000
    server.cluster = () => {
      missing -= 10
      return changedCluster({ redundancy: { fragmentsMissing: missing } })
    }
    const world = new FakeEnvironment({ url: server.url, isTerminal: true })
    world.onSleep = (sleeps) => {
      if (sleeps === 12) world.interrupt('SIGINT')
    }
    assert.equal(await run(world, 'status', '--watch'), 0)
    const { text } = world.stdout
    const [entered, left] = [text.indexOf('\u001b[?1049h'), text.lastIndexOf('\u001b[?1049l')]
    assert.ok(entered === 0 && left > 0)
    assert.equal(text.split('\u001b[H').length - 1, 12)
    assert.match(text.slice(0, left), /time left +unknown/)
    // 110 fragments in 11 s, and 880 are left.
    assert.match(text.slice(left), /fragments missing +880/)
    assert.match(text.slice(left), /time left +about 1:28/)
  })

  test('shows no verdict of the past as one of now, while the server does not answer', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url, isTerminal: true })
    server.intercept = (_seen, request) => {
      if (world.sleeps !== 1) return false
      request.socket.destroy()
      return true
    }
    const frames: string[] = []
    world.onSleep = (sleeps) => {
      frames.push(world.stdout.text.split('\u001b[H').at(-1) ?? '')
      if (sleeps === 3) world.interrupt('SIGTERM')
    }
    assert.equal(await run(world, 'status', '-w'), 0)
    const [before = '', without = '', after = ''] = frames
    assert.match(before, /^\S*Cluster/)
    assert.match(without, /No answer: [^]*Redundancy: unknown\. What follows was so 1 s ago:/)
    assert.doesNotMatch(without, /Redundancy: full/)
    assert.match(after, /^\S*Cluster/)
  })

  test('fits the screen', async () => {
    await using server = await FakeRest.start()
    const [first] = healthyCluster().workers
    const workers = Array.from({ length: 200 }, () => ({ ...first, address: 'a'.repeat(200) }))
    server.cluster = () => ({ ...healthyCluster(), workers })
    const world = new FakeEnvironment({ url: server.url, isTerminal: true, variables: { NO_COLOR: '1' } })
    world.onSleep = () => world.interrupt('SIGINT')
    await run(world, 'status', '--watch')
    const frame = world.stdout.text.split('\u001b[H')[1]?.split('\u001b[J')[0] ?? ''
    const lines = frame.split('\r\n')
    assert.equal(lines.length, 50)
    assert.match(lines.at(-1) ?? '', /… \d+ more lines/)
    for (const line of lines) assert.ok(line.replace('\u001b[K', '').length <= 100, line)
  })

  test('gives programs one object a line', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url })
    world.onSleep = (sleeps) => {
      if (sleeps === 3) world.interrupt('SIGINT')
    }
    assert.equal(await run(world, 'status', '--watch', '--json'), 0)
    const lines = world.stdout.text.trimEnd().split('\n')
    assert.deepEqual(
      lines.map((line): unknown => JSON.parse(line)),
      [1, 2, 3].map(healthyCluster),
    )
  })

  test('is refused where there is nothing to draw on', async () => {
    const world = new FakeEnvironment({ url: 'http://127.0.0.1:9' })
    assert.equal(await run(world, 'status', '--watch'), 2)
    assert.match(world.stderr.text, /standard output is none\. Add --json/)
    assert.equal(await run(world, 'status', '--watch', '--wait-healthy'), 2)
  })
})

/** A server that shows one state after the other, the last one for ever; a second passes between two. */
async function startSequence(states: readonly ClusterChange[]): Promise<FakeRest> {
  const server = await FakeRest.start()
  let polls = 0
  server.cluster = () => {
    const change = states[Math.min(polls, states.length - 1)] ?? {}
    return changedCluster({ time: timeText(serverMs + 1000 * polls++), ...change })
  }
  return server
}

/** So many seconds after the first question. */
function compared(seconds: number): string {
  return timeText(serverMs + seconds * 1000)
}

describe('status --wait-healthy', () => {
  test('ends once redundancy is full by a comparison that began after the command, and not before', async () => {
    await using server = await startSequence([
      // Each looks healthy or is not, and none may end the wait but the last.
      { redundancy: { comparedAt: compared(-300) } },
      { redundancy: { comparedAt: compared(-0.001) } },
      { redundancy: { comparedAt: compared(1), fragmentsMissing: 12, filesAtRisk: 3 } },
      { redundancy: { comparedAt: compared(2), unknown: 4 } },
      { redundancy: { comparedAt: compared(2), filesLost: null } },
      { redundancy: { comparedAt: compared(3) }, worker: { state: 'suspect' } },
      { redundancy: { comparedAt: compared(4) }, worker: { state: 'out' } },
      { redundancy: { comparedAt: compared(5) }, worker: { state: 'draining' } },
      { redundancy: { comparedAt: compared(5) }, healing: { queued: 1 } },
      { redundancy: { comparedAt: compared(6) }, healing: { slotsToMove: 2 } },
      { redundancy: { comparedAt: compared(6), unknown: 1 }, worker: { damagedFragments: 1 } },
      { redundancy: { comparedAt: null } },
      { redundancy: { comparedAt: compared(7) }, worker: { state: 'out', slots: 0 } },
    ])
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'status', '--wait-healthy'), 0)
    assert.equal(world.stdout.text, 'healthy: redundancy is full, by a comparison that began after this command\n')
    assert.equal(world.sleeps, 12)
    assert.equal(server.requests.filter(({ path }) => path === '/api/v1/repair').length, 1)
    assert.equal(server.requests[0]?.path, '/api/v1/repair')
    const lines = world.stderr.text.trimEnd().split('\n')
    assert.deepEqual(lines, ['waiting: a fresh comparison', 'waiting: 1 slot not compared'])
  })

  test('never takes an old comparison for a new one, however the clocks of server and client differ', async () => {
    // The server's clock runs years ahead; the comparison is as old as the server has been asked.
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url })
    server.cluster = () =>
      changedCluster({
        time: timeText(Date.UTC(2040, 0, 1) + world.nowMs),
        redundancy: { comparedAt: timeText(Date.UTC(2040, 0, 1) - 1) },
      })
    assert.equal(await run(world, 'status', '--wait-healthy', '--wait-timeout', '5s'), 6)
    assert.match(world.stderr.text, /frostbyte: not healthy after 5s: a fresh comparison\./)
    assert.equal(world.stdout.text, '')
  })

  test('names what is missing when its time is up, and ends with 6', async () => {
    const states = [
      { redundancy: { comparedAt: compared(1), fragmentsMissing: 12, unknown: 1 }, worker: { state: 'down' } },
    ]
    for (const [flags, seconds] of [
      [['--wait-timeout', '3s'], 3],
      [['--timeout', '7s'], 7],
      [['--timeout', '7s', '--wait-timeout', '2s'], 2],
      [[], 600],
    ] as const) {
      await using server = await startSequence(states)
      const world = new FakeEnvironment({ url: server.url })
      assert.equal(await run(world, 'status', '--wait-healthy', '--json', ...flags), 6)
      assert.equal(world.nowMs, seconds * 1000)
      const { error } = JSON.parse(world.stderr.text) as { readonly error: Record<string, unknown> }
      assert.equal(error['code'], 'wait-timed-out')
      assert.deepEqual(error['missing'], [
        '12 fragments missing',
        'worker 00000000000000a1 down with 1 slot',
        '1 slot not compared',
      ])
      assert.equal(world.stdout.text, '')
    }
  })

  test('gives programs the state by which it is healthy', async () => {
    await using server = await startSequence([{}, { redundancy: { comparedAt: compared(0) } }])
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'status', '--wait-healthy', '--json'), 0)
    const { redundancy } = JSON.parse(world.stdout.text) as ClusterJson
    assert.equal(redundancy.comparedAt, compared(0))
    assert.equal(world.stderr.text, '')
  })

  test('survives a server that is away for a while, and asks it for the comparison again', async () => {
    await using server = await startSequence([{}, { redundancy: { comparedAt: compared(0.5) } }])
    const world = new FakeEnvironment({ url: server.url })
    server.intercept = (_seen, request, response) => {
      if (world.sleeps >= 2) return false
      if (world.sleeps === 0) request.socket.destroy()
      else problem(response, 503, 'metadata-unavailable')
      return true
    }
    assert.equal(await run(world, 'status', '--wait-healthy'), 0)
    assert.match(world.stderr.text, /^waiting: no answer: /)
    assert.equal(server.requests.filter(({ path }) => path === '/api/v1/repair').length, 3)
  })

  test('ends at once with what would be refused again, and with a time that is none', async () => {
    await using server = await FakeRest.start()
    server.intercept = (_seen, _request, response) => {
      problem(response, 421, 'host-not-allowed')
      return true
    }
    const world = new FakeEnvironment({ url: server.url })
    assert.equal(await run(world, 'status', '--wait-healthy'), 1)
    assert.equal(world.sleeps, 0)
    assert.equal(await run(world, 'status', '--wait-healthy', '--wait-timeout', '10'), 2)
    assert.match(
      world.stderr.text,
      /--wait-timeout: "10" must be a time from 1s to 168h\. Write the unit too, as in 10s\./,
    )
  })

  test('can be interrupted', async () => {
    await using server = await FakeRest.start()
    const world = new FakeEnvironment({ url: server.url })
    world.onSleep = () => world.interrupt('SIGINT')
    assert.equal(await run(world, 'status', '--wait-healthy'), 130)
    assert.equal(world.stdout.text, '')
  })
})
