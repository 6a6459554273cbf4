import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { CorsConfiguration, CorsRule } from '../documents/cors-configuration.ts'
import { codeOf } from '../documents/testing/codes.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import type { CorsRequest, HeaderList } from './cors.ts'

function rule(given: Partial<CorsRule>): CorsRule {
  return { allowedHeaders: [], allowedMethods: ['GET'], allowedOrigins: ['*'], exposeHeaders: [], ...given }
}

function configured(...rules: readonly Partial<CorsRule>[]): CorsConfiguration {
  return { rules: rules.map(rule) }
}

function request(given: Partial<CorsRequest>): CorsRequest {
  return { origin: undefined, method: 'GET', requestMethod: undefined, requestHeaders: undefined, ...given }
}

function toMap(list: HeaderList): ReadonlyMap<string, string> {
  const map = new Map<string, string>()
  for (let index = 0; index < list.length; index += 2) map.set(list[index] ?? '', list[index + 1] ?? '')
  return map
}

function allowOrigin(configuration: CorsConfiguration, given: Partial<CorsRequest>): string | undefined {
  return toMap(corsHeaders(configuration, request(given))).get('Access-Control-Allow-Origin')
}

describe('a request', () => {
  const suffix = configured(
    { allowedOrigins: ['*suffix'] },
    { allowedOrigins: ['start*end'] },
    { allowedOrigins: ['prefix*'] },
  )

  test('is told that its origin may read, by the first rule that matches', () => {
    for (const origin of ['foo.suffix', 'suffix', 'startend', 'start1end', 'prefix', 'prefix.x']) {
      assert.equal(allowOrigin(suffix, { origin }), origin)
    }
    for (const origin of ['foo.bar', 'foo.suffix.get', 'start1end1', 'star', 'myprefix', 'staend']) {
      assert.equal(allowOrigin(suffix, { origin }), undefined, origin)
    }
    assert.equal(allowOrigin(suffix, { origin: 'foo.suffix', method: 'PUT' }), undefined)
    assert.equal(allowOrigin(suffix, {}), undefined)
    assert.deepEqual(corsHeaders(undefined, request({ origin: 'a' })), [])
  })

  test('is judged by the method of a preflight where it names one', () => {
    assert.equal(allowOrigin(suffix, { origin: 'foo.suffix', method: 'PUT', requestMethod: 'GET' }), 'foo.suffix')
  })

  test('gets * without credentials where everybody may, and the origin with them otherwise', () => {
    assert.deepEqual(
      [...toMap(corsHeaders(configured({ exposeHeaders: ['ETag', 'x-amz-meta-a'] }), request({ origin: 'a' })))],
      [
        ['Access-Control-Allow-Origin', '*'],
        ['Access-Control-Allow-Methods', 'GET'],
        ['Access-Control-Expose-Headers', 'ETag, x-amz-meta-a'],
        ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
      ],
    )
    const own = toMap(corsHeaders(configured({ allowedOrigins: ['http://a'] }), request({ origin: 'http://a' })))
    assert.equal(own.get('Access-Control-Allow-Credentials'), 'true')
  })
})

describe('a preflight', () => {
  const configuration = configured(
    {
      allowedOrigins: ['http://a'],
      allowedMethods: ['GET', 'PUT'],
      allowedHeaders: ['x-amz-*', 'Content-Type'],
      maxAgeSeconds: 60,
    },
    { allowedOrigins: ['http://b'], allowedHeaders: ['*'] },
  )
  const preflight = (given: Partial<CorsRequest>): HeaderList =>
    preflightHeaders(configuration, request({ method: 'OPTIONS', ...given }))

  test('is told methods, headers and how long they hold', () => {
    assert.deepEqual(
      [...toMap(preflight({ origin: 'http://a', requestMethod: 'PUT', requestHeaders: 'X-Amz-Date,content-type' }))],
      [
        ['Access-Control-Allow-Origin', 'http://a'],
        ['Access-Control-Allow-Methods', 'GET, PUT'],
        ['Access-Control-Max-Age', '60'],
        ['Access-Control-Allow-Credentials', 'true'],
        ['Access-Control-Allow-Headers', 'x-amz-date, content-type'],
        ['Vary', 'Origin, Access-Control-Request-Headers, Access-Control-Request-Method'],
      ],
    )
  })

  test('is refused where any part of it is not allowed', () => {
    const on = (given: Partial<CorsRequest>): string => codeOf(() => preflight(given))
    assert.equal(on({ origin: 'http://a', requestMethod: 'GET' }), 'ok')
    assert.equal(on({ origin: 'http://c', requestMethod: 'GET' }), 'AccessForbidden')
    assert.equal(on({ origin: 'http://a', requestMethod: 'DELETE' }), 'AccessForbidden')
    assert.equal(on({ origin: 'http://a', requestMethod: 'GET', requestHeaders: 'authorization' }), 'AccessForbidden')
    assert.equal(on({ origin: 'http://b', requestMethod: 'GET', requestHeaders: 'authorization' }), 'ok')
    assert.equal(on({ origin: 'http://b', requestMethod: 'GET', requestHeaders: 'a b' }), 'AccessForbidden')
    assert.equal(on({ requestMethod: 'GET' }), 'BadRequest')
    assert.equal(on({ origin: 'http://a' }), 'BadRequest')
    assert.equal(on({ origin: 'http://a', requestMethod: 'get' }), 'BadRequest')
    assert.equal(
      codeOf(() => preflightHeaders(undefined, request({ origin: 'a', requestMethod: 'GET' }))),
      'AccessForbidden',
    )
  })
})
