import assert from 'node:assert/strict'
import { test } from 'node:test'

import { errorCode, FrostError } from '../base/errors.ts'
import { networkConformance } from '../../test/conformance/network.ts'
import { RecordingLink } from '../../test/harness/recording-link.ts'
import { NodeClock } from './clock.ts'
import { internalTlsKey } from './internal-tls.ts'
import { NodeNetwork } from './network.ts'

networkConformance('NodeNetwork', () => ({
  network: new NodeNetwork(),
  address: '127.0.0.1:0',
  deadAddress: '127.0.0.1:1',
  wait: (promise) => promise,
  settle: () => new NodeClock().sleep(50),
}))

test('an address that is none is refused with an example', async () => {
  const network = new NodeNetwork()
  for (const address of ['', '127.0.0.1', 'a:b', '1:2:3', '127.0.0.1:70000', 'http://127.0.0.1:1']) {
    await assert.rejects(
      network.connect(address, { timeoutMs: 1000 }),
      (error) => errorCode(error) === 'config-invalid',
      address,
    )
  }
})

test('an IPv6 address is written in brackets and dialled as it is written', async (context) => {
  const network = new NodeNetwork()
  const listener = await network.listen('[::1]:0', (connection) => connection.destroy()).catch(() => undefined)
  if (listener === undefined) {
    context.skip('no IPv6 here')
    return
  }
  assert.match(listener.address, /^\[::1\]:\d+$/)
  const connection = await network.connect(listener.address, { timeoutMs: 1000 })
  connection.destroy()
  await listener.close()
})

const tlsKey = internalTlsKey(new Uint8Array(32).fill(1))

networkConformance('NodeNetwork with TLS', () => ({
  network: new NodeNetwork({ tlsKey }),
  address: '127.0.0.1:0',
  deadAddress: '127.0.0.1:1',
  wait: (promise) => promise,
  settle: () => new NodeClock().sleep(50),
}))

test('a node with another secret, or without TLS, is not handed on, and who dials it is told what to do', async () => {
  const network = new NodeNetwork({ tlsKey })
  let accepted = 0
  const listener = await network.listen('127.0.0.1:0', () => {
    accepted++
  })
  const other = new NodeNetwork({ tlsKey: internalTlsKey(new Uint8Array(32).fill(2)) })
  await assert.rejects(other.connect(listener.address, { timeoutMs: 5000 }), (error) => {
    assert.ok(error instanceof FrostError)
    assert.match(error.remedy ?? '', /internal-tls/)
    return error.code === 'peer-unreachable'
  })
  const plain = await new NodeNetwork().connect(listener.address, { timeoutMs: 5000 })
  const closed = Promise.withResolvers<void>()
  const nothing = (): never => assert.fail('nothing comes back but an alert')
  plain.receive({
    target: () => new Uint8Array(100),
    received: () => undefined,
    chunk: nothing,
    closed: () => closed.resolve(),
  })
  plain.write([new TextEncoder().encode('not a TLS handshake at all')])
  await closed.promise
  assert.equal(accepted, 0)
  await listener.close()
  const plainListener = await new NodeNetwork().listen('127.0.0.1:0', (connection) => connection.destroy())
  await assert.rejects(network.connect(plainListener.address, { timeoutMs: 5000 }), isCode('peer-unreachable'))
  await plainListener.close()
})

test('what nodes send each other over TLS cannot be read on the way', async () => {
  const network = new NodeNetwork({ tlsKey })
  const got = Promise.withResolvers<string>()
  const listener = await network.listen('127.0.0.1:0', (connection) => {
    connection.receive({
      target: () => new Uint8Array(1),
      received: () => undefined,
      chunk: (bytes) => got.resolve(Buffer.from(bytes).toString()),
      closed: () => undefined,
    })
  })
  await using link = await RecordingLink.open(listener.address)
  const connection = await network.connect(link.address, { timeoutMs: 5000 })
  connection.write([new TextEncoder().encode('a plain secret')])
  assert.equal(await got.promise, 'a plain secret')
  const recorded = Buffer.concat([...link.recorded('to'), ...link.recorded('from')])
  assert.ok(recorded.length > 200 && !recorded.includes('plain'))
  connection.destroy()
  await listener.close()
})

function isCode(code: string): (error: unknown) => boolean {
  return (error) => errorCode(error) === code
}
