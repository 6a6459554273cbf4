// The protocol over real sockets and a real clock.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { CollectingLog } from '../../sim/ports/log.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { MIB } from '../base/units.ts'
import { NodeClock } from '../node/clock.ts'
import { NodeCompute } from '../node/compute.ts'
import { NodeNetwork } from '../node/network.ts'
import { NodeRandom } from '../node/random.ts'
import { FixedBodyPool } from './body-pool.ts'
import { connectPeer, listenForPeers } from './connect.ts'
import type { RpcNode } from './connect.ts'
import type { NodeIdentity, RpcHandler, RpcPeer } from './peer.ts'
import { clusterId, handlerMap, masterId, noHeader, secret, workerId } from './testing/rpc-world.ts'

const deadlineMs = 30_000

interface Pair {
  readonly master: RpcPeer
  readonly worker: RpcPeer
  readonly pools: readonly FixedBodyPool[]
  readonly close: () => Promise<void>
}

async function connectPair(handlers: Readonly<Record<number, RpcHandler>>): Promise<Pair> {
  const pools = [
    new FixedBodyPool({ memory: new Uint8Array(4 * MIB) }),
    new FixedBodyPool({ memory: new Uint8Array(4 * MIB) }),
  ]
  const node = (identity: NodeIdentity, index: number): RpcNode => ({
    ports: {
      clock: new NodeClock(),
      random: new NodeRandom(),
      network: new NodeNetwork(),
      compute: new NodeCompute(),
      log: new CollectingLog(),
    },
    identity,
    clusterId,
    secret,
    handlers: handlerMap(handlers),
    bodies: pools[index] ?? new FixedBodyPool({ memory: new Uint8Array(4 * MIB) }),
  })
  const { promise, resolve } = Promise.withResolvers<RpcPeer>()
  const listener = await listenForPeers(node(masterId, 0), { address: '127.0.0.1:0', onPeer: resolve })
  const master = await connectPeer(node(workerId, 1), { address: listener.address, timeoutMs: 5000 })
  const worker = await promise
  return {
    master,
    worker,
    pools,
    close: async () => {
      master.destroy('over')
      worker.destroy('over')
      await listener.close()
    },
  }
}

const echo: RpcHandler = (request) => {
  const body = request.takeBody()
  return Promise.resolve({
    header: request.header,
    ...(body === undefined ? {} : { body: [body.bytes], sent: () => body.release() }),
  })
}

describe('two peers over TCP', () => {
  test('exchange bodies of every size both ways at once, byte for byte', async () => {
    const pair = await connectPair({ 1: echo })
    const random = new SeededRandom(11)
    const calls = Array.from({ length: 120 }, async (_, index) => {
      const body = random.bytes(index % 4 === 0 ? random.below(2 * MIB) : random.below(30_000))
      const into = index % 3 === 0 ? { into: { bytes: new Uint8Array(2 * MIB), release: () => {} } } : {}
      const received = new Uint8Array(body.length)
      const onBody =
        index % 3 === 1 ? { onBody: (slice: Uint8Array, offset: number) => received.set(slice, offset) } : {}
      const peer = index % 2 === 0 ? pair.master : pair.worker
      try {
        const response = await peer.request(1, Uint8Array.of(index), { deadlineMs, body: [body], ...into, ...onBody })
        assert.equal(response.header[0], index)
        assert.equal(Buffer.compare(index % 3 === 1 ? received : (response.body ?? noHeader), body), 0)
        response.release()
      } catch (error) {
        // A pool of 4 MiB cannot take every large answer that brought no memory of its own.
        assert.ok(index % 3 === 2 && errorCode(error) === 'overloaded', String(error))
      }
    })
    await Promise.all(calls)
    await pair.close()
    await Promise.all([pair.master.closed, pair.worker.closed])
    await new NodeClock().sleep(20)
    assert.deepEqual(
      pair.pools.map(({ loanedBytes }) => loanedBytes),
      [0, 0],
    )
  })

  test('lose each other in the middle of large bodies: everything settles and all memory comes back', async () => {
    const pair = await connectPair({ 1: echo })
    const outcomes: (string | undefined)[] = []
    let sentCount = 0
    const calls = [pair.master, pair.worker].flatMap((peer) =>
      Array.from({ length: 10 }, async () => {
        const options = {
          deadlineMs,
          body: [new Uint8Array(2_000_000)],
          sent: () => void sentCount++,
          onBody: () => {},
        }
        await peer.request(1, noHeader, options).then(
          (response) => {
            outcomes.push('answered')
            response.release()
          },
          (error: unknown) => void outcomes.push(errorCode(error)),
        )
      }),
    )
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
    pair.worker.destroy('test')
    await Promise.all(calls)
    await pair.close()
    await new NodeClock().sleep(50)
    assert.equal(sentCount, 20)
    assert.ok(outcomes.every((outcome) => outcome === 'peer-unreachable' || outcome === 'answered'))
    assert.deepEqual(
      pair.pools.map(({ loanedBytes }) => loanedBytes),
      [0, 0],
    )
  })

  test('say goodbye and part', async () => {
    const pair = await connectPair({ 1: echo })
    const call = pair.master.request(1, noHeader, { deadlineMs })
    await pair.master.close(5000)
    await call
    assert.equal(errorCode(await pair.worker.closed), 'peer-unreachable')
    await pair.close()
  })
})
