import assert from 'node:assert/strict'
import { test } from 'node:test'

import { errorCode } from '../base/errors.ts'
import { networkConformance } from '../../test/conformance/network.ts'
import { NodeClock } from './clock.ts'
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
