// What a peer does when the other side stalls, dies, sends too much or sends rubbish.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { KIB, MIB } from '../base/units.ts'
import type { RpcHandler, RpcRequest } from './peer.ts'
import { RpcWorld, bytesOf, noHeader, text } from './testing/rpc-world.ts'

const deadlineMs = 60_000

const withCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    errorCode(error) === code

const never: RpcHandler = async (request) => {
  await new Promise((resolve) => {
    request.signal.addEventListener('abort', resolve)
  })
  return { header: noHeader }
}

const echoHeader: RpcHandler = (request) => Promise.resolve({ header: request.header })

describe('the end of a connection', () => {
  for (const way of ['cut', 'killed', 'destroyed here', 'destroyed there'] as const) {
    test(`settles every open request once, calls every sent, gives all memory back: ${way}`, async () => {
      const world = new RpcWorld({
        masterHandlers: { 1: never },
        masterLimits: { requestsMax: 5 },
        capacityBytes: 100_000,
      })
      const { master, worker } = await world.connect()
      const outcomes: unknown[] = []
      let sentCount = 0
      let releases = 0
      const into = (): { bytes: Uint8Array<ArrayBuffer>; release: () => void } => ({
        bytes: new Uint8Array(10),
        release: () => releases++,
      })
      for (const size of [0, 100, 20_000, 300_000, 1_000_000, 2_000_000, 0, 500_000, 10]) {
        const options = { deadlineMs, body: [new Uint8Array(size)], sent: () => sentCount++, into: into() }
        master.request(1, noHeader, options).then(
          () => outcomes.push('answered'),
          (error: unknown) => outcomes.push(errorCode(error)),
        )
      }
      await world.time.advance(5)
      assert.ok(worker.stats.handling > 0)
      if (way === 'cut') world.network.setLink('m', 'w', { cut: true })
      if (way === 'killed') world.network.crash('m', { silent: false })
      if (way === 'destroyed here') master.destroy('test')
      if (way === 'destroyed there') worker.destroy('test')
      assert.equal(errorCode(await world.run(master.closed)), 'peer-unreachable')
      await world.time.advance(100)
      assert.deepEqual(
        outcomes,
        Array.from({ length: 9 }, () => 'peer-unreachable'),
      )
      assert.deepEqual([sentCount, releases], [9, 9])
      assert.equal(master.open, false)
      assert.equal(world.workerPool.loanedBytes, 0)
      if (way !== 'killed') assert.equal(world.masterPool.loanedBytes, 0)
      assert.equal(world.network.connectionCount, 0)
    })
  }

  test('aborts the handlers of the other side', async () => {
    let seen: RpcRequest | undefined
    const handler: RpcHandler = (request) => {
      seen = request
      return never(request)
    }
    const world = new RpcWorld({ masterHandlers: { 1: handler } })
    const { master, worker } = await world.connect()
    const rejected = assert.rejects(master.request(1, noHeader, { deadlineMs }), withCode('peer-unreachable'))
    await world.time.advance(5)
    master.destroy('test')
    await world.run(rejected)
    await world.run(worker.closed)
    assert.equal(seen?.signal.aborted, true)
  })

  test('lets requests made afterwards fail at once', async () => {
    const world = new RpcWorld()
    const { master } = await world.connect()
    master.destroy('test')
    let sentCount = 0
    const options = { deadlineMs, body: [new Uint8Array(1)], sent: () => sentCount++ }
    await assert.rejects(master.request(1, noHeader, options), withCode('peer-unreachable'))
    assert.equal(sentCount, 1)
    master.destroy('again')
  })

  test('comes gently with close: requests in flight are answered, new ones refused on both sides', async () => {
    let open: (() => void) | undefined
    const handler: RpcHandler = async (request) => {
      const { promise, resolve } = Promise.withResolvers<void>()
      open = resolve
      await promise
      return { header: request.header }
    }
    const world = new RpcWorld({ masterHandlers: { 1: handler }, workerHandlers: { 1: echoHeader } })
    const { master, worker } = await world.connect()
    const call = master.request(1, bytesOf('last'), { deadlineMs })
    await world.time.advance(5)
    const closing = worker.close(10_000)
    await assert.rejects(worker.request(1, noHeader, { deadlineMs }), withCode('peer-unreachable'))
    await world.time.advance(5)
    assert.equal(master.open, false)
    await assert.rejects(master.request(1, noHeader, { deadlineMs }), withCode('peer-unreachable'))
    open?.()
    assert.equal(text((await world.run(call)).header), 'last')
    await world.run(closing)
    assert.ok(world.time.nowMs < 1000)
    await world.run(master.closed)
    await worker.close(1000)
  })

  test('comes after the time of close where a request does not end', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: never } })
    const { master, worker } = await world.connect()
    const rejected = assert.rejects(master.request(1, noHeader, { deadlineMs }), withCode('peer-unreachable'))
    await world.time.advance(5)
    await world.run(worker.close(3000))
    await world.run(rejected)
    assert.ok(world.time.nowMs >= 3000)
  })
})

describe('silence', () => {
  test('between two that have nothing to say is no reason to part', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: echoHeader } })
    const { master, worker } = await world.connect()
    await world.time.advance(600_000)
    assert.deepEqual([master.open, worker.open], [true, true])
    assert.equal(text((await world.run(master.request(1, bytesOf('hi'), { deadlineMs }))).header), 'hi')
  })

  for (const [name, directions] of [
    ['in one direction', [['m', 'w']]],
    ['in the other direction', [['w', 'm']]],
    [
      'in both directions',
      [
        ['m', 'w'],
        ['w', 'm'],
      ],
    ],
  ] as const) {
    test(`${name} ends the connection on both sides`, async () => {
      const world = new RpcWorld({ masterHandlers: { 1: never } })
      const { master, worker } = await world.connect()
      const rejected = assert.rejects(master.request(1, noHeader, { deadlineMs }), withCode('peer-unreachable'))
      await world.time.advance(3000)
      for (const [from, to] of directions) world.network.setLink(from, to, { held: true })
      await world.time.advance(30_000)
      assert.deepEqual([master.open, worker.open], [false, false])
      await rejected
      assert.match((await world.run(master.closed)).message, /nothing was heard|is over/)
    })
  }

  test('of a host that lost its power is noticed', async () => {
    const world = new RpcWorld()
    const { master } = await world.connect()
    world.network.crash('m', { silent: true })
    await world.time.advance(15_000)
    assert.equal(master.open, false)
  })

  test('of a process that was stopped and goes on in time is forgiven', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: echoHeader } })
    const { master, worker } = await world.connect()
    for (const [from, to] of [
      ['m', 'w'],
      ['w', 'm'],
    ] as const) {
      world.network.setLink(from, to, { held: true })
    }
    await world.time.advance(7000)
    world.network.setLinks('m', 'w', { held: false })
    await world.time.advance(60_000)
    assert.deepEqual([master.open, worker.open], [true, true])
  })
})

describe('back-pressure', () => {
  test('a peer gets no more requests at once than it takes; the rest wait in order', async () => {
    let running = 0
    let runningMax = 0
    const order: number[] = []
    const world = new RpcWorld({
      masterLimits: { requestsMax: 3 },
      masterHandlers: {
        1: async (request) => {
          runningMax = Math.max(runningMax, ++running)
          order.push(request.header[0] ?? 0)
          await world.master.ports.clock.sleep(10)
          running--
          return { header: noHeader }
        },
      },
    })
    const { master } = await world.connect()
    const calls = Array.from({ length: 20 }, (_, index) => master.request(1, Uint8Array.of(index), { deadlineMs }))
    assert.deepEqual([master.stats.inFlight, master.stats.waiting], [3, 17])
    await world.run(Promise.all(calls))
    assert.equal(runningMax, 3)
    assert.deepEqual(
      order,
      Array.from({ length: 20 }, (_, index) => index),
    )
  })

  test('a peer gets no more bytes at once than it takes, and requests without a body pass those that wait', async () => {
    let bytes = 0
    let bytesMax = 0
    const world = new RpcWorld({
      masterLimits: { requestBodyBytesMax: 3 * MIB },
      masterHandlers: {
        1: async (request) => {
          bytesMax = Math.max(bytesMax, (bytes += request.body?.length ?? 0))
          await world.master.ports.clock.sleep(100)
          bytes -= request.body?.length ?? 0
          return { header: noHeader }
        },
        2: echoHeader,
      },
    })
    const { master } = await world.connect()
    const body = [new Uint8Array(MIB)]
    const puts = Array.from({ length: 9 }, () => master.request(1, noHeader, { deadlineMs, body }))
    assert.deepEqual([master.stats.inFlight, master.stats.waiting], [3, 6])
    await world.run(master.request(2, noHeader, { deadlineMs }))
    assert.deepEqual([master.stats.inFlight, master.stats.waiting], [3, 6])
    await world.run(Promise.all(puts))
    assert.equal(bytesMax, 3 * MIB)
  })

  test('more requests than may wait are overloaded', async () => {
    const world = new RpcWorld({
      masterLimits: { requestsMax: 1 },
      workerLimits: { waitingMax: 2 },
      masterHandlers: { 1: never },
    })
    const { master } = await world.connect()
    const controller = new AbortController()
    const options = { deadlineMs, signal: controller.signal }
    const waiting = [1, 2, 3].map(async () => {
      await assert.rejects(master.request(1, noHeader, options), withCode('cancelled'))
    })
    await assert.rejects(master.request(1, noHeader, options), withCode('overloaded'))
    controller.abort()
    await world.run(Promise.all(waiting))
  })

  test('an empty pool stops the connection until memory comes back, without losing it or anything', async () => {
    const held: RpcRequest[] = []
    const open: (() => void)[] = []
    const world = new RpcWorld({
      poolBytes: 2 * MIB,
      masterHandlers: {
        1: async (request) => {
          held.push(request)
          const sum = request.body?.reduce((total, byte) => total + byte, 0) ?? 0
          const { promise, resolve } = Promise.withResolvers<void>()
          open.push(resolve)
          await promise
          return { header: bytesOf(String(sum)) }
        },
        2: echoHeader,
      },
    })
    const { master, worker } = await world.connect()
    const calls = Array.from({ length: 6 }, (_, index) =>
      master.request(1, noHeader, { deadlineMs, body: [new Uint8Array(MIB).fill(index)] }),
    )
    const small = master.request(2, bytesOf('behind'), { deadlineMs })
    await world.time.advance(45_000)
    assert.equal(held.length, 2)
    assert.deepEqual([master.open, worker.open], [true, true])
    for (let index = 0; index < 6; index++) {
      open.shift()?.()
      await world.time.advance(10)
    }
    const responses = await world.run(Promise.all(calls))
    assert.deepEqual(
      responses.map(({ header }) => Number(text(header))),
      [0, 1, 2, 3, 4, 5].map((value) => value * MIB),
    )
    assert.equal(text((await world.run(small)).header), 'behind')
    assert.equal(world.masterPool.loanedBytes, 0)
  })

  test('two nodes that flood each other with more than their pools hold both get through', async () => {
    const handler =
      (clock: () => RpcWorld): RpcHandler =>
      async (request) => {
        await clock().worker.ports.clock.sleep(request.body?.[0] ?? 0)
        return { header: noHeader, body: [new Uint8Array(700_000)] }
      }
    const world: RpcWorld = new RpcWorld({
      poolBytes: 2 * MIB,
      capacityBytes: 64 * KIB,
      masterHandlers: { 1: handler(() => world) },
      workerHandlers: { 1: handler(() => world) },
    })
    const { master, worker } = await world.connect()
    let slices = 0
    const calls = [master, worker].flatMap((peer) =>
      Array.from({ length: 20 }, (_, index) =>
        peer.request(1, noHeader, {
          deadlineMs,
          body: [new Uint8Array(900_000).fill(index)],
          onBody: () => void slices++,
        }),
      ),
    )
    await world.run(Promise.all(calls))
    assert.ok(slices >= 40)
    assert.deepEqual([world.masterPool.loanedBytes, world.workerPool.loanedBytes], [0, 0])
  })

  test('a peer that does not read its answers stops its own requests, and is ended when it goes on like that', async () => {
    let started = 0
    const world = new RpcWorld({
      masterLimits: { writeHighWaterBytes: MIB, handlersMax: 4 },
      masterHandlers: {
        1: () => {
          started++
          return Promise.resolve({ header: noHeader, body: [new Uint8Array(500_000)] })
        },
      },
    })
    const { master, worker } = await world.connect()
    const rejected = Array.from({ length: 50 }, async () => {
      await assert.rejects(master.request(1, noHeader, { deadlineMs, onBody: () => {} }), withCode('peer-unreachable'))
    })
    world.network.setLink('m', 'w', { held: true })
    await world.time.advance(5000)
    assert.ok(started < 10, String(started))
    assert.ok(worker.stats.queuedBytes < 4 * MIB)
    assert.equal(worker.open, true)
    await world.time.advance(20_000)
    assert.equal(worker.open, false)
    world.network.setLink('m', 'w', { held: false })
    await world.run(Promise.all(rejected))
  })
})
