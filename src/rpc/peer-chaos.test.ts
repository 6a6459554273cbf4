// Random loads over a bad network, one seed a run: whatever happens, every request settles exactly once and in time, every
// `sent` is called exactly once, answers are the right ones, and all memory comes back.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError, errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { KIB, MIB } from '../base/units.ts'
import type { BodyMemory } from './body-pool.ts'
import type { RequestOptions, RpcHandler, RpcPeer } from './peer.ts'
import { RpcWorld } from './testing/rpc-world.ts'

const seeds = Array.from({ length: 12 }, (_, index) => index + 1)
const requestCount = 60
const expectedErrors: ReadonlySet<string | undefined> = new Set([
  'cancelled',
  'deadline-exceeded',
  'disk-failed',
  'overloaded',
  'peer-unreachable',
])

interface Tally {
  settled: number
  answered: number
  sent: number
  intoGiven: number
  intoReleased: number
}

/** The body that answers a request with this header: so that a mixed-up answer is seen. */
function answerBody(seed: number, lengthBytes: number): Uint8Array {
  const bytes = new Uint8Array(lengthBytes).fill(seed & 0xff)
  bytes.set(new SeededRandom(seed).bytes(Math.min(100, lengthBytes)))
  return bytes
}

function createHandler(random: SeededRandom, sleep: (delayMs: number) => Promise<void>): RpcHandler {
  return async (request) => {
    const view = new DataView(request.header.buffer, request.header.byteOffset)
    const [seed, length] = [view.getUint32(0), view.getUint32(4)]
    const body = request.body
    if (body !== undefined) assert.equal(Buffer.compare(body, answerBody(seed + 1, body.length)), 0)
    await sleep(random.below(60))
    if (random.below(10) === 0) throw new FrostError('disk-failed', 'chaos')
    return { header: request.header, body: [answerBody(seed, length)] }
  }
}

async function runSeed(seed: number): Promise<void> {
  const random = new SeededRandom(seed)
  const handler = (): RpcHandler => createHandler(random.fork(), (delayMs) => world.master.ports.clock.sleep(delayMs))
  const limits = (): { requestsMax: number; requestBodyBytesMax: number; handlersMax: number } => ({
    requestsMax: 1 + random.below(20),
    requestBodyBytesMax: 2 * MIB + random.below(4 * MIB),
    handlersMax: 1 + random.below(5),
  })
  const world: RpcWorld = new RpcWorld({
    seed,
    poolBytes: 2 * MIB,
    capacityBytes: (16 << random.below(6)) * KIB,
    masterHandlers: { 1: handler() },
    workerHandlers: { 1: handler() },
    masterLimits: limits(),
    workerLimits: limits(),
  })
  world.network.setLinks('m', 'w', { delayMsMin: random.below(3), delayMsMax: 3 + random.below(20) })
  const { master, worker } = await world.connect()
  const tally: Tally = { settled: 0, answered: 0, sent: 0, intoGiven: 0, intoReleased: 0 }
  const clock = world.time.createClock()
  const asked: Promise<void>[] = []
  for (let index = 0; index < requestCount; index++) {
    await world.time.advance(random.below(20))
    asked.push(ask(random.below(2) === 0 ? master : worker, { random, tally, world }))
    if (random.below(30) === 0) {
      const [from, to] = random.below(2) === 0 ? (['m', 'w'] as const) : (['w', 'm'] as const)
      world.network.setLink(from, to, { held: true })
      clock.startTimer(random.below(8000), () => world.network.setLink(from, to, { held: false }))
    }
    if (random.below(150) === 0) worker.destroy('chaos')
    if (random.below(200) === 0) world.network.setLink('m', 'w', { cut: true })
  }
  await world.run(Promise.all(asked))
  await world.run(Promise.all([master.close(5000), worker.close(5000)]))
  await world.time.advance(1000)
  const { settled, sent, intoGiven, intoReleased } = tally
  assert.deepEqual(
    { settled, sent, intoReleased },
    { settled: requestCount, sent: requestCount, intoReleased: intoGiven },
  )
  assert.deepEqual([world.masterPool.loanedBytes, world.workerPool.loanedBytes], [0, 0])
  assert.equal(world.network.connectionCount, 0)
}

async function ask(
  peer: RpcPeer,
  { random, tally, world }: { readonly random: SeededRandom; readonly tally: Tally; readonly world: RpcWorld },
): Promise<void> {
  const seed = random.below(1_000_000)
  const sizes = [0, 100, 11_000, 70_000, 900_000] as const
  const [bodyLength, replyLength] = [sizes[random.below(5)] ?? 0, sizes[random.below(5)] ?? 0]
  const header = new Uint8Array(8)
  new DataView(header.buffer).setUint32(0, seed)
  new DataView(header.buffer).setUint32(4, replyLength)
  const controller = new AbortController()
  if (random.below(8) === 0) {
    world.time.createClock().startTimer(random.below(200), () => controller.abort(new Error('chaos')))
  }
  const received = new Uint8Array(replyLength)
  const way = random.below(3)
  const into: BodyMemory = { bytes: new Uint8Array(replyLength), release: () => void tally.intoReleased++ }
  if (way === 0) tally.intoGiven++
  const options: RequestOptions = {
    deadlineMs: random.below(4) === 0 ? 1 + random.below(500) : 20_000,
    body: [answerBody(seed + 1, bodyLength)],
    sent: () => void tally.sent++,
    signal: controller.signal,
    ...(way === 0 ? { into } : {}),
    ...(way === 1 ? { onBody: (slice: Uint8Array, offset: number) => received.set(slice, offset) } : {}),
  }
  const startMs = world.time.nowMs
  try {
    const response = await peer.request(1, header, options)
    const body = way === 1 ? received : (response.body ?? new Uint8Array(0))
    assert.equal(Buffer.compare(body, answerBody(seed, replyLength)), 0)
    assert.deepEqual(response.header, header)
    response.release()
    tally.answered++
  } catch (error) {
    assert.ok(expectedErrors.has(errorCode(error)), String(error))
  }
  assert.ok(world.time.nowMs - startMs <= options.deadlineMs + 1, 'a request settles by its deadline')
  tally.settled++
}

describe('two peers on a bad network', () => {
  for (const seed of seeds) test(`seed ${seed}`, () => runSeed(seed))
})
