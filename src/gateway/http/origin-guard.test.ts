import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../base/errors.ts'
import { OriginGuard } from './origin-guard.ts'
import type { OriginHeaders } from './origin-guard.ts'

function refusal(action: () => void): string | undefined {
  try {
    action()
    return undefined
  } catch (error) {
    return errorCode(error)
  }
}

describe('on loopback', () => {
  const guard = new OriginGuard({ hosts: ['frost.example'], origins: ['https://console.example'] })

  for (const host of [
    'localhost',
    'localhost:8080',
    'LOCALHOST:80',
    '127.0.0.1:8080',
    '127.9.9.9',
    '[::1]:8080',
    'x.localhost',
  ]) {
    test(`answers to ${host}`, () => {
      assert.equal(
        refusal(() => guard.checkHost(host)),
        undefined,
      )
      assert.equal(
        refusal(() => guard.checkHost(host)),
        undefined,
      )
    })
  }

  test('answers to a configured name', () => {
    assert.equal(
      refusal(() => guard.checkHost('Frost.example:8080')),
      undefined,
    )
  })

  for (const host of [
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '192.168.1.5',
    '',
  ]) {
    test(`does not answer to ${JSON.stringify(host)}`, () => {
      assert.equal(
        refusal(() => guard.checkHost(host)),
        'host-not-allowed',
      )
    })
  }

  function site(headers: OriginHeaders): string | undefined {
    return refusal(() => guard.checkSite(headers))
  }

  test('lets programs and its own pages change things', () => {
    assert.equal(site({ host: 'localhost:8080' }), undefined)
    assert.equal(site({ host: 'localhost:8080', origin: 'http://localhost:8080' }), undefined)
    assert.equal(site({ 'host': 'localhost:8080', 'sec-fetch-site': 'same-origin' }), undefined)
    assert.equal(site({ 'host': 'localhost:8080', 'sec-fetch-site': 'none' }), undefined)
    assert.equal(site({ host: 'localhost:8080', origin: 'https://console.example' }), undefined)
  })

  test('lets no page of another site or port change anything', () => {
    assert.equal(site({ host: 'localhost:8080', origin: 'https://evil.example' }), 'cross-site-refused')
    assert.equal(site({ host: 'localhost:8080', origin: 'http://localhost:3000' }), 'cross-site-refused')
    assert.equal(site({ host: 'localhost:8080', origin: 'null' }), 'cross-site-refused')
    assert.equal(site({ 'host': 'localhost:8080', 'sec-fetch-site': 'cross-site' }), 'cross-site-refused')
    assert.equal(site({ 'host': 'localhost:8080', 'sec-fetch-site': 'same-site' }), 'cross-site-refused')
  })
})

test('where any host is allowed, none is checked', () => {
  assert.equal(
    refusal(() => new OriginGuard({ hosts: 'any', origins: [] }).checkHost('evil.example')),
    undefined,
  )
})
