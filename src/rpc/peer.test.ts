import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { FrostError, errorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { KIB } from '../base/units.ts'
import { SeededRandom } from '../base/random.ts'
import type { RpcHandler, RpcRequest } from './peer.ts'
import { RpcWorld, bytesOf, noHeader, text } from './testing/rpc-world.ts'

const deadlineMs = 1000

const withCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    errorCode(error) === code

/** Answers with the header and body of the request. */
const echo: RpcHandler = (request) => {
  const body = request.takeBody()
  return Promise.resolve({
    header: request.header,
    ...(body === undefined ? {} : { body: [body.bytes], sent: () => body.release() }),
  })
}

/** Answers when told to. */
class Gate {
  readonly requests: RpcRequest[] = []
  readonly #open: (() => void)[] = []

  readonly handler: RpcHandler = async (request) => {
    this.requests.push(request)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#open.push(resolve)
    await promise
    return { header: request.header }
  }

  release(): void {
    this.#open.shift()?.()
  }

  releaseAll(): void {
    for (const open of this.#open.splice(0)) open()
  }
}

describe('a request', () => {
  test('is answered by its handler, from either side', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: echo }, workerHandlers: { 1: echo } })
    const { master, worker } = await world.connect()
    for (const peer of [master, worker]) {
      const response = await world.run(
        peer.request(1, bytesOf('hello'), { deadlineMs, body: [bytesOf('wo'), bytesOf('rld')] }),
      )
      assert.equal(text(response.header), 'hello')
      assert.equal(text(response.body), 'world')
      response.release()
    }
    assert.deepEqual([master.info.identity.kind, worker.info.identity.kind], ['master', 'worker'])
  })

  test('keeps header and body of every size byte for byte, many at once', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: echo }, workerHandlers: { 1: echo } })
    const { master, worker } = await world.connect()
    const random = new SeededRandom(1)
    const sizes = [
      0, 1, 255, 256, 10_240, 12_000, 16_384, 16_385, 65_535, 65_536, 65_537, 700_000, 1_028_096, 2_097_152,
    ]
    for (const peer of [master, worker]) {
      const calls = sizes.map(async (size) => {
        const header = random.bytes(random.below(3000))
        const body = random.bytes(size)
        const cut = random.below(size + 1)
        const response = await peer.request(1, header, {
          deadlineMs,
          body: [body.subarray(0, cut), body.subarray(cut)],
        })
        assert.deepEqual(Buffer.compare(response.header, header), 0)
        assert.equal(Buffer.compare(response.body ?? noHeader, body), 0, `${size} bytes`)
        response.release()
      })
      await world.run(Promise.all(calls))
    }
    assert.deepEqual([world.masterPool.loanedBytes, world.workerPool.loanedBytes], [0, 0])
  })

  test('carries its extension, also what the other side does not know', async () => {
    const seen: unknown[] = []
    const handler: RpcHandler = (request) => {
      seen.push(request.extension)
      return Promise.resolve({ header: noHeader })
    }
    const world = new RpcWorld({ masterHandlers: { 1: handler } })
    const { master } = await world.connect()
    const extension = {
      trace: '0123456789abcdef'.repeat(3) + '01',
      requestId: 'r-1',
      principal: 'Renée',
      unknown: [{ tag: 900, type: 7, bytes: Uint8Array.of(1, 2, 3) }],
    }
    await world.run(master.request(1, noHeader, { deadlineMs, extension }))
    await world.run(master.request(1, noHeader, { deadlineMs }))
    assert.deepEqual(seen, [extension, {}])
  })

  test('rejects with what its handler threw: code, message, remedy', async () => {
    const error = new FrostError('insufficient-storage', 'The disk is full.', {
      remedy: 'Buy one.',
      retryAfterSeconds: 3,
    })
    const world = new RpcWorld({ masterHandlers: { 1: () => Promise.reject(error) } })
    const { master } = await world.connect()
    await assert.rejects(world.run(master.request(1, noHeader, { deadlineMs })), {
      code: 'insufficient-storage',
      message: 'The disk is full.',
      remedy: 'Buy one.',
      retryAfterSeconds: 3,
      retry: 'never',
    })
  })

  test('rejects with internal, and says nothing of it, where its handler fails in another way', async () => {
    const handler: RpcHandler = () => {
      throw new TypeError('a secret of the code')
    }
    const world = new RpcWorld({ masterHandlers: { 1: handler } })
    const { master } = await world.connect()
    await assert.rejects(world.run(master.request(1, noHeader, { deadlineMs })), (error) => {
      assert.equal(errorCode(error), 'internal')
      return !String(error).includes('secret')
    })
    assert.equal(world.masterLog.entries.at(-1)?.message, 'A handler failed.')
  })

  test('of an unknown method is a bad request', async () => {
    const world = new RpcWorld()
    const { master } = await world.connect()
    await assert.rejects(world.run(master.request(9, noHeader, { deadlineMs })), withCode('bad-request'))
  })

  test('lets its caller reuse the header at once, also when it has to wait', async () => {
    const gate = new Gate()
    const world = new RpcWorld({ masterHandlers: { 1: gate.handler }, masterLimits: { requestsMax: 1 } })
    const { master } = await world.connect()
    const header = new Uint8Array(1)
    const calls = [1, 2, 3].map((value) => {
      header[0] = value
      return master.request(1, header, { deadlineMs })
    })
    header[0] = 99
    const opener = world.time.createClock()
    for (const delayMs of [10, 20, 30]) opener.startTimer(delayMs, () => gate.release())
    const responses = await world.run(Promise.all(calls))
    assert.deepEqual(
      responses.map((response) => response.header[0]),
      [1, 2, 3],
    )
  })
})

describe('a deadline', () => {
  test('rejects the request and aborts its handler; the late answer is dropped', async () => {
    const gate = new Gate()
    const world = new RpcWorld({ masterHandlers: { 1: gate.handler, 2: echo } })
    const { master } = await world.connect()
    const call = master.request(1, noHeader, { deadlineMs: 500 })
    await assert.rejects(world.run(call), withCode('deadline-exceeded'))
    assert.equal(world.time.nowMs >= 500 && world.time.nowMs < 600, true)
    await world.time.advance(10)
    const [request] = gate.requests
    assert.equal(request?.signal.aborted, true)
    assert.equal(master.stats.inFlight, 1)
    gate.release()
    await world.time.advance(10)
    assert.equal(master.stats.inFlight, 0)
    assert.equal(text((await world.run(master.request(2, bytesOf('still here'), { deadlineMs }))).header), 'still here')
  })

  test('is told to the handler on its own clock', async () => {
    const seen: number[] = []
    const handler: RpcHandler = (request) => {
      seen.push(request.deadlineMonotonicMs - world.time.nowMs)
      return Promise.resolve({ header: noHeader })
    }
    const world = new RpcWorld({ masterHandlers: { 1: handler } })
    const { master } = await world.connect()
    await world.run(master.request(1, noHeader, { deadlineMs: 1234.5 }))
    assert.deepEqual(seen, [1235])
  })

  test('counts while the request waits for its turn', async () => {
    const gate = new Gate()
    const world = new RpcWorld({ masterHandlers: { 1: gate.handler }, masterLimits: { requestsMax: 1 } })
    const { master } = await world.connect()
    const first = master.request(1, noHeader, { deadlineMs: 5000 })
    let sentCount = 0
    const waiting = master.request(1, noHeader, {
      deadlineMs: 100,
      body: [new Uint8Array(10)],
      sent: () => sentCount++,
    })
    await assert.rejects(world.run(waiting), withCode('deadline-exceeded'))
    assert.equal(sentCount, 1)
    assert.equal(master.stats.waiting, 0)
    gate.release()
    await world.run(first)
    assert.equal(gate.requests.length, 1)
  })

  test('of many requests fires for each one at its own time', async () => {
    const gate = new Gate()
    const world = new RpcWorld({ masterHandlers: { 1: gate.handler } })
    const { master } = await world.connect()
    const startMs = world.time.nowMs
    const endedMs = await world.run(
      Promise.all(
        [300, 100, 200, 1000, 50].map(async (each) => {
          await assert.rejects(master.request(1, noHeader, { deadlineMs: each }), withCode('deadline-exceeded'))
          return world.time.nowMs - startMs
        }),
      ),
    )
    assert.deepEqual(endedMs, [300, 100, 200, 1000, 50])
  })
})

describe('a cancelled request', () => {
  test('rejects with cancelled and the signal’s reason, and aborts its handler', async () => {
    const gate = new Gate()
    const world = new RpcWorld({ masterHandlers: { 1: gate.handler } })
    const { master } = await world.connect()
    const controller = new AbortController()
    const call = master.request(1, noHeader, { deadlineMs, signal: controller.signal })
    const rejected = assert.rejects(call, { code: 'cancelled', cause: 'enough' })
    await world.time.advance(10)
    const [request] = gate.requests
    let handlerHeard = false
    request?.signal.addEventListener('abort', () => {
      handlerHeard = true
    })
    controller.abort('enough')
    await world.run(rejected)
    await world.time.advance(10)
    assert.equal(handlerHeard, true)
  })

  test('that was aborted before it began is not sent', async () => {
    const gate = new Gate()
    const world = new RpcWorld({ masterHandlers: { 1: gate.handler } })
    const { master } = await world.connect()
    let sentCount = 0
    const options = { deadlineMs, signal: AbortSignal.abort(), body: [bytesOf('x')], sent: () => sentCount++ }
    await assert.rejects(world.run(master.request(1, noHeader, options)), withCode('cancelled'))
    await world.time.advance(10)
    assert.deepEqual([gate.requests.length, sentCount], [0, 1])
  })

  test('whose answer comes nevertheless has its body received and dropped', async () => {
    const gate = new Gate()
    const handler: RpcHandler = async (request) => {
      await gate.handler(request)
      return { header: noHeader, body: [new Uint8Array(500_000)] }
    }
    const world = new RpcWorld({ masterHandlers: { 1: handler, 2: echo } })
    const { master } = await world.connect()
    const controller = new AbortController()
    const call = master.request(1, noHeader, { deadlineMs, signal: controller.signal })
    const rejected = assert.rejects(call, withCode('cancelled'))
    await world.time.advance(5)
    world.network.setLink('m', 'w', { delayMsMin: 20, delayMsMax: 20 })
    gate.release()
    await world.time.advance(10)
    controller.abort()
    await world.run(rejected)
    assert.equal(text((await world.run(master.request(2, bytesOf('next'), { deadlineMs }))).header), 'next')
    assert.deepEqual([master.stats.inFlight, world.workerPool.loanedBytes], [0, 0])
  })

  test('in the middle of its answer gives its memory back once nothing writes to it any more', async () => {
    for (const way of ['into', 'onBody', 'pool'] as const) {
      const handler: RpcHandler = () => Promise.resolve({ header: noHeader, body: [new Uint8Array(2_000_000).fill(1)] })
      const world = new RpcWorld({ masterHandlers: { 1: handler, 2: echo }, capacityBytes: 64 * KIB })
      const { master } = await world.connect()
      world.network.setLink('m', 'w', { delayMsMin: 5, delayMsMax: 5 })
      const controller = new AbortController()
      let releases = 0
      let slices = 0
      const memory = { bytes: new Uint8Array(2_000_000), release: () => releases++ }
      const options = way === 'into' ? { into: memory } : way === 'onBody' ? { onBody: () => void slices++ } : {}
      const call = master.request(1, noHeader, { deadlineMs, signal: controller.signal, ...options })
      const rejected = assert.rejects(call, withCode('cancelled'))
      await world.time.advance(40)
      controller.abort()
      await world.run(rejected)
      const slicesThen = slices
      await world.time.advance(1)
      const response = await world.run(master.request(2, bytesOf('next'), { deadlineMs }))
      assert.equal(text(response.header), 'next')
      assert.equal(slices, slicesThen)
      assert.equal(releases, way === 'into' ? 1 : 0)
      assert.equal(world.workerPool.loanedBytes, 0)
    }
  })
})

describe('the body of an answer', () => {
  const body = new SeededRandom(5).bytes(1_000_000)
  const handlers = { 1: (() => Promise.resolve({ header: bytesOf('h'), body: [body] })) satisfies RpcHandler }

  for (const side of ['dialling', 'accepting'] as const) {
    test(`fills the memory that came with the request, on the ${side} side`, async () => {
      const world = new RpcWorld({ masterHandlers: handlers, workerHandlers: handlers })
      const { master, worker } = await world.connect()
      let releases = 0
      const into = { bytes: new Uint8Array(1_500_000), release: () => releases++ }
      const response = await world.run(
        (side === 'dialling' ? master : worker).request(1, noHeader, { deadlineMs, into }),
      )
      assert.equal(response.body?.buffer, into.bytes.buffer)
      assert.equal(Buffer.compare(response.body ?? noHeader, body), 0)
      assert.equal(releases, 0)
      response.release()
      response.release()
      assert.equal(releases, 1)
    })

    test(`comes slice by slice where asked for, on the ${side} side`, async () => {
      const world = new RpcWorld({ masterHandlers: handlers, workerHandlers: handlers })
      const { master, worker } = await world.connect()
      const copy = new Uint8Array(body.length)
      let next = 0
      const onBody = (slice: Uint8Array, offset: number, bodyLength: number): void => {
        assert.deepEqual([offset, bodyLength], [next, body.length])
        copy.set(slice, offset)
        next += slice.length
      }
      const response = await world.run(
        (side === 'dialling' ? master : worker).request(1, noHeader, { deadlineMs, onBody }),
      )
      assert.equal(response.body, undefined)
      assert.equal(text(response.header), 'h')
      assert.equal(Buffer.compare(copy, body), 0)
      response.release()
    })
  }

  test('that is longer than its memory is refused, and the memory given back', async () => {
    const world = new RpcWorld({ masterHandlers: { ...handlers, 2: echo } })
    const { master } = await world.connect()
    let releases = 0
    const into = { bytes: new Uint8Array(1000), release: () => releases++ }
    await assert.rejects(world.run(master.request(1, noHeader, { deadlineMs, into })), withCode('protocol-error'))
    assert.equal(releases, 1)
    assert.equal(text((await world.run(master.request(2, bytesOf('on'), { deadlineMs }))).header), 'on')
  })

  test('that is not there gives the memory back at once', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: () => Promise.resolve({ header: noHeader }) } })
    const { master } = await world.connect()
    let releases = 0
    const into = { bytes: new Uint8Array(1000), release: () => releases++ }
    const response = await world.run(master.request(1, noHeader, { deadlineMs, into }))
    assert.deepEqual([response.body, releases], [undefined, 1])
    response.release()
    assert.equal(releases, 1)
  })

  test('for which the pool has no memory is overloaded, and other answers are not held up', async () => {
    const world = new RpcWorld({ masterHandlers: { ...handlers, 2: echo }, poolBytes: 2048 * KIB })
    const { master } = await world.connect()
    const first = await world.run(master.request(1, noHeader, { deadlineMs }))
    const second = await world.run(master.request(1, noHeader, { deadlineMs }))
    const third = master.request(1, noHeader, { deadlineMs })
    const fourth = master.request(2, bytesOf('small'), { deadlineMs })
    await assert.rejects(world.run(third), withCode('overloaded'))
    assert.equal(text((await world.run(fourth)).header), 'small')
    for (const response of [first, second]) response.release()
    assert.equal(world.workerPool.loanedBytes, 0)
  })
})
