import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { parseChildMessage, parseSupervisorMessage } from './child-messages.ts'

test('what a supervisor says of siblings comes as it was sent', () => {
  const message = {
    kind: 'siblings',
    own: 'master-1',
    others: [{ name: 'master-2', addresses: { observe: '[::1]:9' } }],
  }
  assert.deepEqual(parseSupervisorMessage(structuredClone(message)), message)
  assert.deepEqual(parseSupervisorMessage({ kind: 'ping', more: 1 }), { kind: 'ping' })
})

test('parts that are not of the form are left out, and whole messages that are not are none', () => {
  const others = [null, 5, { name: 7, addresses: {} }, { name: 'a' }, { name: 'b', addresses: { x: 1, y: 'z' } }]
  assert.deepEqual(parseSupervisorMessage({ kind: 'siblings', own: 'm', others }), {
    kind: 'siblings',
    own: 'm',
    others: [{ name: 'b', addresses: { y: 'z' } }],
  })
  for (const wrong of [undefined, 'ping', {}, { kind: 'siblings' }, { kind: 'siblings', own: 1, others: [] }])
    assert.equal(parseSupervisorMessage(wrong), undefined)
})

test('nothing that arrives over the channel makes a parser fail', () => {
  fc.assert(
    fc.property(fc.anything(), fc.constantFrom('ping', 'pong', 'ready', 'siblings'), (value, kind) => {
      const raw = typeof value === 'object' && value !== null ? { ...value, kind } : value
      parseSupervisorMessage(raw)
      parseChildMessage(raw)
    }),
  )
})
