// A peer that proved the secret and then breaks the rules, by malice or by a defect: its connection ends, nothing else does.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { errorCode } from '../base/errors.ts'
import { MIB } from '../base/units.ts'
import type { Connection } from '../ports/network.ts'
import { bodyBytesMax } from './body-pool.ts'
import { frameType, headBytes, writeHead } from './frame.ts'
import type { FrameFields } from './frame.ts'
import type { RpcPeer } from './peer.ts'
import { RpcWorld, noHeader } from './testing/rpc-world.ts'
import type { WorldOptions } from './testing/rpc-world.ts'

const compute = new SimulatedCompute()
const deadlineMs = 1000

interface Broken {
  readonly world: RpcWorld
  /** The master's view of the one that breaks the rules. */
  readonly peer: RpcPeer
  /** Writes past the protocol, as the worker. */
  readonly send: (bytes: Uint8Array) => void
}

async function connectBroken(options: WorldOptions = {}): Promise<Broken> {
  const world = new RpcWorld(options)
  const host = world.worker.ports.network
  let raw: Connection | undefined
  const network: typeof host = {
    listen: (address, accept) => host.listen(address, accept),
    connect: async (address, dialling) => {
      raw = await host.connect(address, dialling)
      return raw
    },
  }
  await world.listen()
  await world.dial({ ...world.worker, ports: { ...world.worker.ports, network } })
  const [peer] = world.accepted
  assert.ok(peer !== undefined)
  return { world, peer, send: (bytes) => raw?.write([bytes]) }
}

function frame(fields: FrameFields, bodyLength = 0): Uint8Array {
  const bytes = new Uint8Array(headBytes(fields))
  writeHead(
    { bytes, view: new DataView(bytes.buffer) },
    0,
    { ...fields, bodyHasOwnChecks: true },
    { body: undefined, bodyLength, compute },
  )
  return bytes
}

async function expectEnd({ world, peer }: Broken): Promise<void> {
  const error = await world.run(peer.closed)
  assert.equal(errorCode(error), 'protocol-error')
  assert.equal(peer.open, false)
}

describe('a peer that breaks the rules', () => {
  test('with rubbish is cut off, and requests to it settle', async () => {
    const broken = await connectBroken({ workerHandlers: { 1: () => new Promise(() => {}) } })
    const call = broken.peer.request(1, noHeader, { deadlineMs: 60_000 })
    const rejected = assert.rejects(call, (error) => {
      assert.equal(errorCode(error), 'peer-unreachable')
      return error instanceof Error && errorCode(error.cause) === 'protocol-error'
    })
    broken.send(new Uint8Array(1000).fill(0x55))
    await expectEnd(broken)
    await broken.world.run(rejected)
    await broken.world.time.advance(100)
    assert.equal(broken.world.network.connectionCount, 0)
  })

  test('by a frame of an unknown type or of the handshake is cut off', async () => {
    for (const type of [frameType.hello, frameType.refusal]) {
      const broken = await connectBroken()
      broken.send(frame({ type }))
      await expectEnd(broken)
    }
  })

  test('by an answer that nobody asked for is cut off', async () => {
    for (const type of [frameType.reply, frameType.error]) {
      const broken = await connectBroken()
      const header = type === frameType.error ? new Uint8Array(0) : noHeader
      broken.send(frame({ type, id: 77, header }))
      await expectEnd(broken)
    }
  })

  test('by more requests or bytes at once than it was told is cut off', async () => {
    const masterHandlers = { 1: () => new Promise<never>(() => {}) }
    const many = await connectBroken({ masterHandlers, masterLimits: { requestsMax: 3 } })
    for (let id = 1; id <= 4; id++) many.send(frame({ type: frameType.request, method: 1, id, deadlineMs }))
    await expectEnd(many)

    const large = await connectBroken({ masterHandlers, masterLimits: { requestBodyBytesMax: bodyBytesMax } })
    large.send(frame({ type: frameType.request, method: 1, id: 1, deadlineMs }, MIB))
    large.send(new Uint8Array(MIB))
    large.send(frame({ type: frameType.request, method: 1, id: 2, deadlineMs }, MIB + 1))
    await expectEnd(large)
    assert.equal(large.world.masterPool.loanedBytes, MIB)
  })

  test('by using the id of a request in flight again is cut off', async () => {
    const broken = await connectBroken({ masterHandlers: { 1: () => new Promise(() => {}) } })
    for (let count = 0; count < 2; count++)
      broken.send(frame({ type: frameType.request, method: 1, id: 5, deadlineMs }))
    await expectEnd(broken)
  })

  test('by cancelling what is not there is ignored', async () => {
    const broken = await connectBroken({ workerHandlers: { 1: () => Promise.resolve({ header: noHeader }) } })
    broken.send(frame({ type: frameType.cancel, id: 12345 }))
    await broken.world.run(broken.peer.request(1, noHeader, { deadlineMs }))
    assert.equal(broken.peer.open, true)
  })

  test('by an extension that is none gets an error for that request only', async () => {
    let sawError: unknown
    const broken = await connectBroken({
      masterHandlers: {
        1: (request) => {
          try {
            return Promise.resolve({ header: new Uint8Array(Object.keys(request.extension).length) })
          } catch (error) {
            sawError = error
            throw error
          }
        },
      },
      workerHandlers: { 1: () => Promise.resolve({ header: noHeader }) },
    })
    // No request of the worker's side has this id, so the answer to it ends the worker's side, not the master's.
    broken.send(frame({ type: frameType.request, method: 1, id: 9, deadlineMs, extension: Uint8Array.of(1, 2, 3) }))
    await broken.world.time.advance(10)
    assert.equal(errorCode(sawError), 'protocol-error')
  })

  test('with any frames in any order only ever ends its own connection', async () => {
    const anyFrame = fc.record({
      fields: fc.record({
        type: fc.integer({ min: 0, max: 255 }),
        method: fc.integer({ min: 0, max: 3 }),
        id: fc.nat(5),
        deadlineMs: fc.nat(100),
        extension: fc.uint8Array({ maxLength: 10 }),
        header: fc.uint8Array({ maxLength: 20 }),
      }),
      body: fc.uint8Array({ maxLength: 50 }),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(anyFrame, { maxLength: 15 }), async (frames) => {
        const handler = (): Promise<{ readonly header: Uint8Array }> => Promise.resolve({ header: noHeader })
        const broken = await connectBroken({ masterHandlers: { 1: handler }, workerHandlers: { 1: handler } })
        for (const { fields, body } of frames) {
          const bytes = frame({ ...fields, type: frameType.ping }, body.length)
          bytes[4] = fields.type
          new DataView(bytes.buffer).setUint32(0, compute.crc32(bytes.subarray(4)), true)
          broken.send(new Uint8Array([...bytes, ...body]))
        }
        await broken.world.time.advance(200)
        const healthy = await broken.world.dial()
        await broken.world.run(healthy.request(1, noHeader, { deadlineMs }))
      }),
      { numRuns: 100 },
    )
  })
})
