// Every frame, byte by byte, as docs/design/protocol.md describes it. A difference here is a new protocol version.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { FrostError } from '../base/errors.ts'
import { encodeError } from './error-message.ts'
import { encodeExtension } from './extension.ts'
import { frameType } from './frame.ts'
import type { FrameFields } from './frame.ts'
import { FrameWriter } from './frame-writer.ts'
import { computeProof, decodeAnswer, decodeHello, encodeAnswer, encodeHello } from './handshake-messages.ts'
import { FakeConnection } from './testing/fake-connection.ts'
import { clusterId, masterId, secret, workerId } from './testing/rpc-world.ts'

const compute = new SimulatedCompute()

/** What a connection sees, as hex digits. */
function encode(fields: FrameFields, body?: Uint8Array): string {
  const connection = new FakeConnection()
  const clock = new VirtualTime().createClock()
  const writer = new FrameWriter({ connection, clock, compute, onProgress: () => {} })
  writer.frame(fields, body === undefined ? undefined : [body])
  writer.flush()
  return Buffer.from(connection.writes[0] ?? []).toString('hex')
}

const hello = encodeHello({
  versionMin: 1,
  versionMax: 3,
  identity: workerId,
  clusterId: undefined,
  nonce: Uint8Array.from({ length: 32 }, (_, index) => index),
  requestsMax: 1024,
  requestBodyBytesMax: 0x0100_0000,
})
const answer = encodeAnswer({
  version: 1,
  identity: masterId,
  clusterId,
  nonce: new Uint8Array(32).fill(0xee),
  requestsMax: 7,
  requestBodyBytesMax: 0x0020_0000,
})
const extension = encodeExtension({
  trace: '00'.repeat(24) + '01',
  requestId: 'r1',
  principal: 'ö',
  unknown: [{ tag: 0x0203, type: 9, bytes: Uint8Array.of(0xaa) }],
})
const refused = new FrostError('overloaded', 'No.', { remedy: 'Wait.', retryAfterSeconds: 5 })

const golden: readonly (readonly [name: string, actual: () => string, expected: string])[] = [
  [
    'request',
    () =>
      encode(
        {
          type: frameType.request,
          method: 0x0102,
          id: 0x0304_0506,
          deadlineMs: 5000,
          extension,
          header: Uint8Array.of(1, 2),
        },
        Uint8Array.of(0xb0, 0xb1, 0xb2),
      ),
    '84825d0f0101020106050403881300003200000002000000030000005b6aaee2010001190000000000000000000000000000000000000000000000000001020002020072310300020200c3b60302090100aa0102b0b1b2',
  ],
  [
    'reply',
    () => encode({ type: frameType.reply, id: 9, header: Uint8Array.of(0xff) }, Uint8Array.of(1)),
    '9a2e3d1e0201000009000000000000000000000001000000010000001bdf05a5ff01',
  ],
  [
    'reply whose body has its own checks',
    () => encode({ type: frameType.reply, id: 9, bodyHasOwnChecks: true }, Uint8Array.of(1)),
    'd4d4991c0200000009000000000000000000000000000000010000000000000001',
  ],
  [
    'error',
    () => encode({ type: frameType.error, id: 9, header: encodeError(refused) }),
    '74ed9ebd030000000900000000000000000000002200000000000000000000000a0000006f7665726c6f61646564030000004e6f2e0105000000576169742e010500',
  ],
  [
    'cancel',
    () => encode({ type: frameType.cancel, id: 0xffff_ffff }),
    '42b699da04000000ffffffff0000000000000000000000000000000000000000',
  ],
  ['ping', () => encode({ type: frameType.ping }), '807e128705000000000000000000000000000000000000000000000000000000'],
  ['pong', () => encode({ type: frameType.pong }), 'a779cc8506000000000000000000000000000000000000000000000000000000'],
  [
    'goodbye',
    () => encode({ type: frameType.goodbye }),
    'ba84798407000000000000000000000000000000000000000000000000000000',
  ],
  [
    'stopped',
    () => encode({ type: frameType.stopped }),
    '019fdf8d08000000000000000000000000000000000000000000000000000000',
  ],
  [
    'hello',
    () => encode({ type: frameType.hello, header: hello }),
    '9371668f10000000000000000000000000000000490000000000000000000000464252500100030002bbbbbbbbbbbbbbbb00000000000000000000000000000000000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f0004000000000001',
  ],
  [
    'answer',
    () => encode({ type: frameType.answer, header: answer }),
    '04803a2e11000000000000000000000000000000490000000000000000000000464252500100000001aaaaaaaaaaaaaaaacccccccccccccccccccccccccccccccceeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee0700000000002000',
  ],
  [
    'dialler’s proof',
    () => encode({ type: frameType.diallerProof, header: computeProof('dialler', secret, { hello, answer }, compute) }),
    'e72d49af12000000000000000000000000000000200000000000000000000000547026c7fbf306614bc34e01b8d1caf59e893b486ed777e84aeec3df868b141e',
  ],
  [
    'acceptor’s proof',
    () =>
      encode({ type: frameType.acceptorProof, header: computeProof('acceptor', secret, { hello, answer }, compute) }),
    'a168788b13000000000000000000000000000000200000000000000000000000d603c91d9971c999fbcea33a0c1d91b7bb126cbbcc587af69810e52f9981357d',
  ],
  [
    'refusal',
    () => encode({ type: frameType.refusal, header: encodeError(new FrostError('peer-refused', 'No.')) }),
    '914cf306140000000000000000000000000000001900000000000000000000000c000000706565722d72656675736564030000004e6f2e0000',
  ],
]

describe('the bytes of a frame', () => {
  for (const [name, actual, expected] of golden) {
    test(name, () => {
      assert.equal(actual(), expected)
    })
  }

  test('hello and answer are read as they were written', () => {
    assert.deepEqual(encodeHello(decodeHello(hello)), hello)
    assert.deepEqual(encodeAnswer(decodeAnswer(answer)), answer)
  })
})
