import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { FrostError } from '../base/errors.ts'
import { defined } from '../base/assert.ts'
import { parseClusterId } from '../base/ids.ts'
import type { Connection } from '../ports/network.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { connectPeer } from './connect.ts'
import { fixedBytes, frameType, headBytes, writeHead } from './frame.ts'
import type { FrameType } from './frame.ts'
import { encodeHello } from './handshake-messages.ts'
import type { RpcPeer } from './peer.ts'
import { RpcWorld, clusterId, noHeader, secret, workerId } from './testing/rpc-world.ts'

const compute = new SimulatedCompute()
const otherCluster = defined(parseClusterId('d'.repeat(32)), 'a cluster id')

const withCode =
  (code: ErrorCode) =>
  (error: unknown): boolean =>
    errorCode(error) === code

function frame(type: FrameType, header: Uint8Array = noHeader): Uint8Array {
  const fields = { type, header }
  const bytes = new Uint8Array(headBytes(fields))
  writeHead({ bytes, view: new DataView(bytes.buffer) }, 0, fields, { body: undefined, bodyLength: 0, compute })
  return bytes
}

const hello = {
  identity: workerId,
  clusterId,
  nonce: new Uint8Array(32),
  requestsMax: 10,
  requestBodyBytesMax: 2 ** 21,
  versionMin: 1,
  versionMax: 1,
}

/** A side that is played by the test: what it hears, frame by frame. */
interface Played {
  readonly connection: Connection
  readonly heard: Uint8Array[]
  isClosed: boolean
}

function play(connection: Connection): Played {
  const played: Played = { connection, heard: [], isClosed: false }
  let bytes = new Uint8Array(0)
  const memory = new Uint8Array(1000)
  const add = (more: Uint8Array): void => {
    bytes = new Uint8Array(Buffer.concat([bytes, more]))
    while (bytes.length >= fixedBytes) {
      const length = fixedBytes + new DataView(bytes.buffer).getUint32(20, true)
      if (bytes.length < length) return
      played.heard.push(bytes.slice(0, length))
      bytes = bytes.slice(length)
    }
  }
  connection.receive({
    target: () => memory,
    received: (count) => add(memory.subarray(0, count)),
    chunk: add,
    closed: () => {
      played.isClosed = true
    },
  })
  return played
}

/** Dials the world's master by hand. */
async function dialByHand(world: RpcWorld): Promise<Played> {
  return play(await world.run(world.network.host('x').connect('m:7000', { timeoutMs: 1000 })))
}

function typesOf(played: Played): (number | undefined)[] {
  return played.heard.map((bytes) => bytes[4])
}

describe('the handshake', () => {
  test('tells both sides who the other one is', async () => {
    const world = new RpcWorld()
    const { master, worker } = await world.connect()
    assert.deepEqual(master.info.identity, world.master.identity)
    assert.deepEqual(worker.info.identity, world.worker.identity)
    assert.deepEqual([master.info.clusterId, worker.info.clusterId], [clusterId, clusterId])
    assert.deepEqual([master.info.protocolVersion, worker.info.protocolVersion], [1, 1])
    assert.equal(master.info.remoteAddress, 'm:7000')
  })

  test('refuses a wrong secret, and says so on both sides', async () => {
    const world = new RpcWorld()
    await world.listen()
    const stranger = { ...world.worker, secret: new Uint8Array(32).fill(8) }
    await assert.rejects(world.dial(stranger), (error) => {
      assert.equal(errorCode(error), 'peer-refused')
      assert.match(String(error), /did not prove the cluster secret/)
      return true
    })
    assert.equal(world.masterLog.entries.at(-1)?.fields['code'], 'peer-refused')
    assert.equal(world.accepted.length, 0)
  })

  test('refuses a node of another cluster, and names both', async () => {
    const world = new RpcWorld()
    await world.listen()
    await assert.rejects(world.dial({ ...world.worker, clusterId: otherCluster }), (error) => {
      assert.equal(errorCode(error), 'foreign-cluster')
      assert.match(String(error), new RegExp(`${otherCluster}.*${clusterId}`))
      return true
    })
  })

  test('lets a node in that is in no cluster yet, and tells it which one it is', async () => {
    const world = new RpcWorld()
    await world.listen()
    const peer = await world.dial({ ...world.worker, clusterId: undefined })
    assert.equal(peer.info.clusterId, clusterId)
    assert.equal(world.accepted[0]?.info.clusterId, undefined)
  })

  test('lets the accepting side turn somebody away, with its reason', async () => {
    const world = new RpcWorld()
    await world.listen((info) => {
      throw new FrostError('read-only', `No ${info.identity.kind}s today.`)
    })
    await assert.rejects(world.dial(), (error) => {
      assert.equal(errorCode(error), 'read-only')
      assert.match(String(error), /No workers today/)
      return true
    })
    assert.equal(world.accepted.length, 0)
  })

  test('refuses a dialler whose versions are all unknown, whatever follows them in its hello', async () => {
    for (const [versionMin, versionMax] of [
      [2, 9],
      [0, 0],
    ] as const) {
      const world = new RpcWorld()
      await world.listen()
      const played = await dialByHand(world)
      const bytes = encodeHello({ ...hello, versionMin, versionMax })
      const future = new Uint8Array([...bytes.subarray(0, 8), ...new Uint8Array(50).fill(0xee)])
      played.connection.write([frame(frameType.hello, future)])
      await world.time.advance(100)
      assert.deepEqual(typesOf(played), [frameType.refusal])
      assert.match(Buffer.from(played.heard[0] ?? noHeader).toString(), /version-unsupported/)
      await world.time.advance(2000)
      assert.equal(played.isClosed, true)
    }
  })

  test('takes the highest version that both speak', async () => {
    const world = new RpcWorld()
    await world.listen()
    const played = await dialByHand(world)
    played.connection.write([frame(frameType.hello, encodeHello({ ...hello, versionMin: 1, versionMax: 7 }))])
    await world.time.advance(100)
    assert.deepEqual(typesOf(played), [frameType.answer])
    assert.equal(played.heard[0]?.[fixedBytes + 4], 1)
  })

  test('gives one who only connects nothing to guess the secret by', async () => {
    const world = new RpcWorld()
    await world.listen()
    const played = await dialByHand(world)
    played.connection.write([frame(frameType.hello, encodeHello(hello))])
    played.connection.write([frame(frameType.diallerProof, new Uint8Array(32))])
    await world.time.advance(100)
    assert.deepEqual(typesOf(played), [frameType.answer, frameType.refusal])
  })

  test('is not fooled by a recording of one that went well', async () => {
    const world = new RpcWorld()
    const recorded: Uint8Array[] = []
    const host = world.worker.ports.network
    const network: typeof host = {
      listen: (address, accept) => host.listen(address, accept),
      connect: async (address, options) => {
        const connection = await host.connect(address, options)
        const write = connection.write.bind(connection)
        connection.write = (buffers, sent) => {
          recorded.push(...buffers.map((bytes) => bytes.slice()))
          write(buffers, sent)
        }
        return connection
      },
    }
    await world.listen()
    await world.dial({ ...world.worker, ports: { ...world.worker.ports, network } })
    await world.time.advance(10)
    assert.equal(world.accepted.length, 1)
    const played = await dialByHand(world)
    for (const bytes of recorded) played.connection.write([bytes])
    await world.time.advance(100)
    assert.deepEqual(typesOf(played), [frameType.answer, frameType.refusal])
    assert.equal(world.accepted.length, 1)
  })

  test('is not fooled by its own proof sent back', async () => {
    const world = new RpcWorld()
    const { promise, resolve } = Promise.withResolvers<Connection>()
    await world.network.host('m').listen('m:7000', resolve)
    const dialled = connectPeer(world.worker, { address: 'm:7000', timeoutMs: 1000 })
    const rejected = assert.rejects(dialled, withCode('peer-refused'))
    const played = play(await world.run(promise))
    await world.time.advance(10)
    const answer = encodeHello(hello)
    new DataView(answer.buffer).setUint16(6, 0, true)
    played.connection.write([frame(frameType.answer, answer)])
    await world.time.advance(10)
    const proof = defined(played.heard[1], 'the proof').slice(fixedBytes)
    played.connection.write([frame(frameType.acceptorProof, proof)])
    await world.run(rejected)
  })

  test('does not accept a master that cannot prove the secret', async () => {
    const world = new RpcWorld()
    const { promise, resolve } = Promise.withResolvers<Connection>()
    await world.network.host('m').listen('m:7000', resolve)
    const rejected = assert.rejects(
      connectPeer(world.worker, { address: 'm:7000', timeoutMs: 1000 }),
      withCode('peer-refused'),
    )
    const played = play(await world.run(promise))
    const answer = encodeHello(hello)
    new DataView(answer.buffer).setUint16(6, 0, true)
    played.connection.write([frame(frameType.answer, answer), frame(frameType.acceptorProof, secret)])
    await world.run(rejected)
  })

  test('ends after its time, on either side', async () => {
    const world = new RpcWorld({ masterLimits: { handshakeTimeoutMs: 700 }, workerLimits: { handshakeTimeoutMs: 900 } })
    await world.listen()
    const played = await dialByHand(world)
    await world.time.advance(690)
    assert.equal(played.isClosed, false)
    await world.time.advance(20)
    assert.equal(played.isClosed, true)

    await world.network.host('x').listen('x:1', (connection) => void play(connection))
    await assert.rejects(
      world.run(connectPeer(world.worker, { address: 'x:1', timeoutMs: 1000 })),
      withCode('deadline-exceeded'),
    )
  })

  test('ends with protocol-error where the other side speaks something else', async () => {
    const world = new RpcWorld()
    await world.listen()
    const played = await dialByHand(world)
    played.connection.write([Buffer.from('GET / HTTP/1.1\r\nHost: localhost:7000\r\n\r\n')])
    await world.time.advance(100)
    assert.equal(played.isClosed, true)
    assert.equal(world.masterLog.entries.at(-1)?.fields['code'], 'protocol-error')

    await world.network.host('x').listen('x:1', (connection) => {
      play(connection)
      connection.write([Buffer.from('HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n')])
    })
    await assert.rejects(
      world.run(connectPeer(world.worker, { address: 'x:1', timeoutMs: 1000 })),
      withCode('protocol-error'),
    )
  })

  test('takes no request before the proof', async () => {
    const world = new RpcWorld({ masterHandlers: { 1: () => assert.fail('no request is handled') } })
    await world.listen()
    const played = await dialByHand(world)
    played.connection.write([frame(frameType.hello, encodeHello(hello)), frame(frameType.request, noHeader)])
    await world.time.advance(100)
    assert.deepEqual(typesOf(played), [frameType.answer, frameType.refusal])
    assert.equal(world.accepted.length, 0)
  })

  test('that the other side breaks off is peer-unreachable', async () => {
    const world = new RpcWorld()
    await world.network.host('x').listen('x:1', (connection) => connection.destroy())
    await assert.rejects(
      world.run(connectPeer(world.worker, { address: 'x:1', timeoutMs: 1000 })),
      withCode('peer-unreachable'),
    )
  })

  test('ends with the reason of the signal that aborts', async () => {
    const world = new RpcWorld()
    await world.network.host('x').listen('x:1', (connection) => void play(connection))
    const controller = new AbortController()
    const dialled = connectPeer(world.worker, { address: 'x:1', timeoutMs: 1000, signal: controller.signal })
    const reason = new Error('enough')
    const rejected = assert.rejects(dialled, reason)
    await world.time.advance(50)
    controller.abort(reason)
    await world.run(rejected)
  })

  test('of too many at once is refused, those that are open stay', async () => {
    const world = new RpcWorld()
    await world.listen()
    const strangers: Played[] = []
    for (let index = 0; index < 70; index++) strangers.push(await dialByHand(world))
    await world.time.advance(10)
    assert.equal(strangers.filter(({ isClosed }) => isClosed).length, 6)
    await world.time.advance(6000)
    assert.equal(strangers.filter(({ isClosed }) => isClosed).length, 70)
    const peer: RpcPeer = await world.dial()
    assert.equal(peer.open, true)
  })
})
