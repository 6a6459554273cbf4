import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { S3World } from './testing/s3-world.ts'

const configuration =
  '<CORSConfiguration><CORSRule><AllowedMethod>GET</AllowedMethod><AllowedMethod>PUT</AllowedMethod>' +
  '<AllowedOrigin>https://*.page.example</AllowedOrigin><AllowedHeader>x-amz-*</AllowedHeader>' +
  '<ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>60</MaxAgeSeconds></CORSRule></CORSConfiguration>'
const origin = { Origin: 'https://a.page.example' }

describe('requests of pages of other origins', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
    await world.send('PUT', '/shared')
    await world.send('PUT', '/closed')
    assert.equal((await world.send('PUT', '/shared?cors', { body: configuration })).status, 200)
    await world.send('PUT', '/shared/o', { body: 'x' })
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('may read every answer that a rule of the bucket covers, errors too', async () => {
    const seen = async (target: string, options: Parameters<S3World['send']>[2] = {}): Promise<string> => {
      const { status, headers } = await world.send('GET', target, { ...options, headers: origin })
      return `${status} ${headers['access-control-allow-origin'] ?? 'closed'}`
    }
    assert.equal(await seen('/shared/o'), '200 https://a.page.example')
    assert.equal(await seen('/shared?location'), '200 https://a.page.example')
    assert.equal(await seen('/shared/none'), '404 https://a.page.example')
    assert.equal(await seen('/shared/o', { as: null }), '403 https://a.page.example')
    const wrong = { ...world.root, secret: 'wrong' }
    assert.equal(await seen('/shared/o', { as: wrong }), '403 https://a.page.example')
    assert.equal(await seen('/closed/o'), '404 closed')
    const full = await world.send('GET', '/shared/o', { headers: origin })
    assert.equal(full.headers['access-control-expose-headers'], 'ETag')
    assert.equal(full.headers['access-control-allow-credentials'], 'true')
    assert.match(String(full.headers.vary), /Origin/)
  })

  it('may not read what no rule covers, which is answered all the same', async () => {
    const other = await world.send('GET', '/shared/o', { headers: { Origin: 'https://evil.example' } })
    assert.deepEqual([other.status, other.headers['access-control-allow-origin']], [200, undefined])
    const deleted = await world.send('DELETE', '/shared/none', { headers: origin })
    assert.deepEqual([deleted.status, deleted.headers['access-control-allow-origin']], [204, undefined])
    const none = await world.send('GET', '/shared/o')
    assert.equal(none.headers['access-control-allow-origin'], undefined)
  })

  it('ask first without a signature, and are told what the rules allow', async () => {
    const ask = async (target: string, headers: Record<string, string>): Promise<string> => {
      const answer = await world.send('OPTIONS', target, { as: null, headers })
      const { 'access-control-allow-headers': allowed, 'access-control-max-age': age } = answer.headers
      return `${answer.status} ${answer.code} ${allowed ?? ''} ${age ?? ''}`.trim()
    }
    const put = { ...origin, 'Access-Control-Request-Method': 'PUT' }
    assert.equal(await ask('/shared/o', put), '200   60')
    assert.equal(
      await ask('/shared/o', { ...put, 'Access-Control-Request-Headers': 'X-Amz-Date' }),
      '200  x-amz-date 60',
    )
    assert.equal(await ask('/shared/o', { ...put, 'Access-Control-Request-Headers': 'x-other' }), '403 AccessForbidden')
    assert.equal(
      await ask('/shared/o', { ...origin, 'Access-Control-Request-Method': 'DELETE' }),
      '403 AccessForbidden',
    )
    assert.equal(await ask('/shared/o', { 'Access-Control-Request-Method': 'PUT' }), '400 BadRequest')
    assert.equal(await ask('/shared/o', origin), '400 BadRequest')
    assert.equal(await ask('/closed/o', put), '403 AccessForbidden')
    assert.equal(await ask('/none-there/o', put), '403 AccessForbidden')
  })
})
