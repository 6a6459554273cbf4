import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { TrustedProxies } from './trusted-proxies.ts'

const proxies = new TrustedProxies(['10.0.0.0/8', '192.0.2.7', 'fd00::/16'])

test('the client of a trusted proxy is the last address that no trusted proxy has', () => {
  const cases: readonly (readonly [peer: string, header: string | undefined, client: string])[] = [
    ['10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['::ffff:10.1.2.3', '203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '1.1.1.1, 203.0.113.9', '203.0.113.9'],
    ['10.1.2.3', '1.1.1.1, 203.0.113.9, 192.0.2.7', '203.0.113.9'],
    ['10.1.2.3', '10.9.9.9, 192.0.2.7', '10.9.9.9'],
    ['fd00::1', '2001:db8::5', '2001:db8::5'],
    ['10.1.2.3', 'rubbish', '10.1.2.3'],
    ['10.1.2.3', '203.0.113.9, rubbish', '10.1.2.3'],
    ['10.1.2.3', '', '10.1.2.3'],
    ['10.1.2.3', undefined, '10.1.2.3'],
  ]
  for (const [peer, header, client] of cases) assert.equal(proxies.clientOf(peer, header), client, String(header))
})

test('what others say of themselves is not believed', () => {
  assert.equal(proxies.clientOf('203.0.113.9', '127.0.0.1'), '203.0.113.9')
  assert.equal(new TrustedProxies([]).clientOf('127.0.0.1', '1.1.1.1'), '127.0.0.1')
})

test('of any header comes the peer or an address from it', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (header) => {
      const client = proxies.clientOf('10.0.0.1', header)
      assert.ok(client === '10.0.0.1' || header.includes(client))
    }),
  )
})

test('the host that a trusted proxy was asked for is the last one it names', () => {
  assert.equal(proxies.hostOf('10.1.2.3', 'public.example:8443'), 'public.example:8443')
  assert.equal(proxies.hostOf('10.1.2.3', 'forged.example, public.example'), 'public.example')
  assert.equal(proxies.hostOf('10.1.2.3', '[2001:db8::5]:9000'), '[2001:db8::5]:9000')
  for (const header of [undefined, '', 'a b', 'x'.repeat(300)])
    assert.equal(proxies.hostOf('10.1.2.3', header), undefined)
  assert.equal(proxies.hostOf('203.0.113.9', 'public.example'), undefined)
})

test('whether a client came over TLS is what a trusted proxy says last', () => {
  assert.equal(proxies.isSecure('10.1.2.3', 'https'), true)
  assert.equal(proxies.isSecure('10.1.2.3', 'http, HTTPS'), true)
  for (const header of ['http', 'https, http', '', 'httpsx']) assert.equal(proxies.isSecure('10.1.2.3', header), false)
  assert.equal(proxies.isSecure('10.1.2.3', undefined), undefined)
  assert.equal(proxies.isSecure('203.0.113.9', 'https'), undefined)
})
