// The secret between nodes: who does not know it is refused, and what was recorded of a handshake of two who do is worth nothing, towards
// either side, in whole or altered, with TLS and without.

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { Socket } from 'node:net'
import { describe, test } from 'node:test'

import { CollectingLog } from '../../../sim/ports/log.ts'
import { errorCode } from '../../../src/base/errors.ts'
import { clusterIdFromBytes, processIdFromBytes, workerIdFromBytes } from '../../../src/base/ids.ts'
import { NodeClock } from '../../../src/node/clock.ts'
import { NodeCompute } from '../../../src/node/compute.ts'
import { internalTlsKey } from '../../../src/node/internal-tls.ts'
import { NodeNetwork } from '../../../src/node/network.ts'
import { NodeRandom } from '../../../src/node/random.ts'
import { FixedBodyPool } from '../../../src/rpc/body-pool.ts'
import { connectPeer, listenForPeers } from '../../../src/rpc/connect.ts'
import type { RpcListener, RpcNode } from '../../../src/rpc/connect.ts'
import { RecordingLink } from '../../harness/recording-link.ts'

const secret = new Uint8Array(32).fill(1)
const clusterId = clusterIdFromBytes(new Uint8Array(16).fill(1))

function makeNode(kind: 'master' | 'worker', isTls: boolean, own: Uint8Array = secret): RpcNode {
  const network = new NodeNetwork(isTls ? { tlsKey: internalTlsKey(own) } : {})
  const [clock, random, compute, log] = [new NodeClock(), new NodeRandom(), new NodeCompute(), new CollectingLog()]
  const identity =
    kind === 'master'
      ? ({ kind, id: processIdFromBytes(random.bytes(8)) } as const)
      : ({ kind, id: workerIdFromBytes(random.bytes(8)) } as const)
  const bodies = new FixedBodyPool({ memory: new Uint8Array(4 * 1024 * 1024) })
  return {
    ports: { clock, random, compute, log, network },
    identity,
    clusterId,
    secret: own,
    bodies,
    handlers: new Map(),
  }
}

interface Acceptor {
  readonly listener: RpcListener
  peers: number
}

async function listen(isTls: boolean): Promise<Acceptor> {
  const acceptor = { peers: 0 }
  const onPeer = (): void => {
    acceptor.peers++
  }
  const listener = await listenForPeers(makeNode('master', isTls), { address: '127.0.0.1:0', onPeer })
  return Object.assign(acceptor, { listener })
}

/** Plays recorded slices into a connection, each when the other side has answered to the one before, or does not. */
async function play(socket: Socket, slices: readonly Uint8Array[]): Promise<Buffer> {
  const heard: Buffer[] = []
  socket.on('data', (bytes: Buffer) => heard.push(bytes))
  socket.on('error', () => undefined)
  const closed = once(socket, 'close')
  for (const slice of slices) {
    socket.write(slice)
    await Promise.race([once(socket, 'data').catch(() => undefined), closed, new NodeClock().sleep(300)])
  }
  await Promise.race([closed, new NodeClock().sleep(3_000)])
  assert.ok(socket.destroyed || socket.readableEnded, 'the other side has ended the connection')
  socket.destroy()
  return Buffer.concat(heard)
}

async function record(acceptor: Acceptor, isTls: boolean): Promise<{ to: readonly Buffer[]; from: readonly Buffer[] }> {
  await using link = await RecordingLink.open(acceptor.listener.address)
  const peer = await connectPeer(makeNode('worker', isTls), { address: link.address, timeoutMs: 5_000 })
  for (let turn = 0; turn < 200 && acceptor.peers === 0; turn++) await new NodeClock().sleep(5)
  assert.equal(acceptor.peers, 1, 'the recorded handshake was a good one')
  await peer.close(0)
  return { to: [...link.recorded('to')], from: [...link.recorded('from')] }
}

for (const isTls of [false, true]) {
  describe(isTls ? 'nodes with TLS' : 'nodes without TLS', () => {
    test('refuse a worker that does not know the cluster’s secret', async () => {
      const acceptor = await listen(isTls)
      const stranger = makeNode('worker', isTls, new Uint8Array(32).fill(2))
      const refusal = isTls ? 'peer-unreachable' : 'peer-refused'
      await assert.rejects(
        connectPeer(stranger, { address: acceptor.listener.address, timeoutMs: 5_000 }),
        (error) => errorCode(error) === refusal,
      )
      assert.equal(acceptor.peers, 0)
      await acceptor.listener.close()
    })

    test('take a recorded handshake of a worker for nothing, as it was and altered in any frame', async () => {
      const acceptor = await listen(isTls)
      const { to } = await record(acceptor, isTls)
      assert.ok(to.length >= 2)
      const [host = '', port = ''] = acceptor.listener.address.split(':')
      const whole = [to, [Buffer.concat(to)]]
      const altered = to.map((_, at) => to.map((slice, index) => (index === at ? flip(slice) : slice)))
      for (const slices of [...whole, ...altered]) await play(connect({ host, port: Number(port) }), slices)
      assert.equal(acceptor.peers, 1, 'no further peer than the one that was recorded')
      await acceptor.listener.close()
    })

    test('take recorded answers of a master for nothing', async () => {
      const acceptor = await listen(isTls)
      const { from } = await record(acceptor, isTls)
      await acceptor.listener.close()
      const impostor = createServer((socket) => void play(socket, from)).listen(0, '127.0.0.1')
      await once(impostor, 'listening')
      const bound = impostor.address()
      assert.ok(bound !== null && typeof bound === 'object')
      const dialled = connectPeer(makeNode('worker', isTls), { address: `127.0.0.1:${bound.port}`, timeoutMs: 5_000 })
      await assert.rejects(dialled, (error) =>
        ['peer-refused', 'peer-unreachable', 'protocol-error', 'deadline-exceeded'].includes(errorCode(error) ?? ''),
      )
      impostor.close()
    })
  })
}

function flip(bytes: Buffer): Buffer {
  const flipped = Buffer.from(bytes)
  flipped[flipped.length - 1] = (flipped.at(-1) ?? 0) ^ 1
  return flipped
}
