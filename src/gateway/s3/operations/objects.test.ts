import assert from 'node:assert/strict'
import { after, before, describe, it, test } from 'node:test'

import { md5Hex } from '../testing/memory-objects.ts'
import { S3World, textAt, textsAt } from '../testing/s3-world.ts'

describe('objects through S3', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
    assert.equal((await world.send('PUT', '/bucket')).status, 200)
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('are put, read back byte for byte, and deleted', async () => {
    const body = Buffer.alloc(300_000, 'frost')
    const put = await world.send('PUT', '/bucket/a/b%20c', { body, headers: { 'Content-Type': 'text/plain' } })
    assert.equal(put.status, 200, put.text)
    assert.equal(put.headers.etag, `"${md5Hex(body)}"`)
    const got = await world.send('GET', '/bucket/a/b%20c')
    assert.equal(got.status, 200)
    assert.ok(body.equals(got.body))
    assert.equal(got.headers['content-type'], 'text/plain')
    assert.equal(got.headers['accept-ranges'], 'bytes')
    assert.match(String(got.headers['x-amz-request-id']), /./)
    assert.match(String(got.headers['x-amz-id-2']), /./)
    const head = await world.send('HEAD', '/bucket/a/b%20c')
    assert.equal(head.headers['content-length'], '300000')
    assert.equal((await world.send('DELETE', '/bucket/a/b%20c')).status, 204)
    assert.equal((await world.send('DELETE', '/bucket/a/b%20c')).status, 204)
    const gone = await world.send('GET', '/bucket/a/b%20c')
    assert.deepEqual([gone.status, gone.code], [404, 'NoSuchKey'])
    assert.equal(textAt(gone.xml, 'Key'), 'a/b c')
    const goneHead = await world.send('HEAD', '/bucket/a/b%20c')
    assert.deepEqual([goneHead.status, goneHead.text], [404, ''])
    assert.equal(world.objects.readersOpen, 0)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('keep what their headers say', async () => {
    const headers = {
      'Cache-Control': 'max-age=60',
      'Content-Disposition': 'attachment; filename="x"',
      'Content-Encoding': 'gzip,aws-chunked',
      'Content-Language': 'de',
      'Expires': 'Wed, 21 Oct 2026 07:28:00 GMT',
      'x-amz-meta-One': '1',
      'x-amz-meta-umlaut': Buffer.from('Grüße').toString('latin1'),
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-tagging': 'a=1&b=2',
      'x-amz-website-redirect-location': '/elsewhere',
    }
    const put = await world.send('PUT', '/bucket/headers', {
      body: 'x',
      headers: { ...headers, 'Content-Encoding': 'gzip' },
    })
    assert.equal(put.status, 200, put.text)
    const got = await world.send('GET', '/bucket/headers')
    assert.equal(got.headers['cache-control'], 'max-age=60')
    assert.equal(got.headers['content-disposition'], 'attachment; filename="x"')
    assert.equal(got.headers['content-encoding'], 'gzip')
    assert.equal(got.headers['content-language'], 'de')
    assert.equal(got.headers['expires'], 'Wed, 21 Oct 2026 07:28:00 GMT')
    assert.equal(got.headers['x-amz-meta-one'], '1')
    assert.equal(got.headers['x-amz-meta-umlaut'], `=?UTF-8?B?${Buffer.from('Grüße').toString('base64')}?=`)
    assert.equal(got.headers['x-amz-storage-class'], 'STANDARD_IA')
    assert.equal(got.headers['x-amz-tagging-count'], '2')
    assert.equal(got.headers['x-amz-website-redirect-location'], '/elsewhere')
    const overridden = await world.send(
      'GET',
      '/bucket/headers?response-content-type=text/css&response-cache-control=no-store',
    )
    assert.equal(overridden.headers['content-type'], 'text/css')
    assert.equal(overridden.headers['cache-control'], 'no-store')
    const link = world.presigned('GET', '/bucket/headers?response-content-disposition=inline')
    assert.equal((await world.send('GET', link, { as: null })).headers['content-disposition'], 'inline')
  })

  it('refuse metadata above 2 KiB', async () => {
    const headers = { 'x-amz-meta-a': 'x'.repeat(2047) }
    assert.equal((await world.send('PUT', '/bucket/meta', { headers })).status, 200)
    const more = await world.send('PUT', '/bucket/meta', { headers: { 'x-amz-meta-a': 'x'.repeat(2048) } })
    assert.deepEqual([more.status, more.code], [400, 'MetadataTooLarge'])
  })

  it('are read by one range, as S3 does', async () => {
    await world.send('PUT', '/bucket/ten', { body: '0123456789' })
    const of = async (range: string): Promise<string> => {
      const { status, text, headers } = await world.send('GET', '/bucket/ten', { headers: { Range: range } })
      return `${status} ${status === 416 ? '' : text} ${headers['content-range'] ?? ''}`
    }
    assert.equal(await of('bytes=2-4'), '206 234 bytes 2-4/10')
    assert.equal(await of('bytes=-3'), '206 789 bytes 7-9/10')
    assert.equal(await of('bytes=8-100'), '206 89 bytes 8-9/10')
    assert.equal(await of('bytes=10-'), '416  bytes */10')
    assert.equal(await of('bytes=1-2,4-5'), '200 0123456789 ')
    assert.equal(await of('bytes=10-12,14-15'), '200 0123456789 ')
    assert.equal(await of('bytes=5-2'), '200 0123456789 ')
    assert.equal(await of('lines=1-2'), '200 0123456789 ')
    const outside = await world.send('GET', '/bucket/ten', { headers: { Range: 'bytes=10-' } })
    assert.equal(outside.code, 'InvalidRange')
    assert.equal(textAt(outside.xml, 'ActualObjectSize'), '10')
    const head = await world.send('HEAD', '/bucket/ten', { headers: { Range: 'bytes=2-4' } })
    assert.deepEqual([head.status, head.headers['content-length']], [206, '3'])
    const part = await world.send('GET', '/bucket/ten?partNumber=1')
    assert.deepEqual([part.status, part.text], [206, '0123456789'])
    assert.equal((await world.send('GET', '/bucket/ten?partNumber=2')).code, 'InvalidPartNumber')
    assert.equal((await world.send('GET', '/bucket/ten?partNumber=0')).code, 'InvalidArgument')
  })

  it('are read under conditions', async () => {
    const { headers } = await world.send('PUT', '/bucket/conditions', { body: 'x' })
    const etag = String(headers.etag)
    const of = async (given: Record<string, string>): Promise<number> => {
      return (await world.send('GET', '/bucket/conditions', { headers: given })).status
    }
    const [past, future] = ['Thu, 01 Jan 2015 00:00:00 GMT', 'Thu, 01 Jan 2099 00:00:00 GMT']
    assert.equal(await of({ 'If-Match': etag }), 200)
    assert.equal(await of({ 'If-Match': '"other"' }), 412)
    assert.equal(await of({ 'If-None-Match': etag }), 304)
    assert.equal(await of({ 'If-None-Match': '"other"' }), 200)
    assert.equal(await of({ 'If-Modified-Since': past }), 200)
    assert.equal(await of({ 'If-Modified-Since': future }), 304)
    assert.equal(await of({ 'If-Unmodified-Since': past }), 412)
    assert.equal(await of({ 'If-Match': etag, 'If-Unmodified-Since': past }), 200)
    assert.equal(await of({ 'If-None-Match': etag, 'If-Modified-Since': past }), 304)
    const failed = await world.send('GET', '/bucket/conditions', { headers: { 'If-Match': '"other"' } })
    assert.equal(textAt(failed.xml, 'Condition'), 'If-Match')
    const unchanged = await world.send('GET', '/bucket/conditions', { headers: { 'If-None-Match': etag } })
    assert.deepEqual([unchanged.text, unchanged.headers.etag], ['', etag])
  })

  it('are written under conditions', async () => {
    const put = async (key: string, headers: Record<string, string>): Promise<string> => {
      const { status, code } = await world.send('PUT', `/bucket/${key}`, { body: key, headers })
      return `${status} ${code}`
    }
    assert.equal(await put('new', { 'If-None-Match': '*' }), '200 ')
    assert.equal(await put('new', { 'If-None-Match': '*' }), '412 PreconditionFailed')
    assert.equal(await put('new', { 'If-None-Match': '"x"' }), '501 NotImplemented')
    assert.equal(await put('new', { 'If-Match': `"${md5Hex('new')}"` }), '200 ')
    assert.equal(await put('new', { 'If-Match': '"other"' }), '412 PreconditionFailed')
    assert.equal(await put('absent', { 'If-Match': '"other"' }), '404 NoSuchKey')
    const remove = async (key: string, etag: string): Promise<number> => {
      return (await world.send('DELETE', `/bucket/${key}`, { headers: { 'If-Match': etag } })).status
    }
    assert.equal(await remove('new', '"other"'), 412)
    assert.equal(await remove('new', `"${md5Hex('new')}"`), 204)
  })

  it('are checked by what the client says of their bytes', async () => {
    const md5 = Buffer.from(md5Hex('body'), 'hex').toString('base64')
    assert.equal(
      (await world.send('PUT', '/bucket/md5', { body: 'body', headers: { 'Content-MD5': md5 } })).status,
      200,
    )
    const bad = await world.send('PUT', '/bucket/md5', { body: 'other', headers: { 'Content-MD5': md5 } })
    assert.deepEqual([bad.status, bad.code], [400, 'BadDigest'])
    assert.equal(
      (await world.send('PUT', '/bucket/md5', { body: 'body', payload: 'a'.repeat(64) })).code,
      'XAmzContentSHA256Mismatch',
    )
    assert.equal(
      (await world.send('PUT', '/bucket/md5', { body: 'x', headers: { 'Content-MD5': '!' } })).code,
      'InvalidDigest',
    )
    assert.equal(world.objects.bytesOf('bucket', 'md5')?.toString(), Buffer.from('body').join(','))
    const sha = '2jmj7l5rSw0yVb/vlWAYkK/YBwk='
    const summed = await world.send('PUT', '/bucket/sum', { body: '', headers: { 'x-amz-checksum-sha1': sha } })
    assert.deepEqual([summed.status, summed.headers['x-amz-checksum-sha1']], [200, sha])
    const shown = await world.send('GET', '/bucket/sum', { headers: { 'x-amz-checksum-mode': 'ENABLED' } })
    assert.deepEqual([shown.headers['x-amz-checksum-sha1'], shown.headers['x-amz-checksum-type']], [sha, 'FULL_OBJECT'])
    assert.equal((await world.send('GET', '/bucket/sum')).headers['x-amz-checksum-sha1'], undefined)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('are listed, by pages, with prefixes and delimiters', async () => {
    await world.send('PUT', '/listed')
    for (const key of ['a', 'b/1', 'b/2', 'c d', 'e']) await world.send('PUT', `/listed/${encodeURIComponent(key)}`)
    const all = await world.send('GET', '/listed?list-type=2')
    assert.deepEqual(textsAt(all.xml, 'Contents', 'Key'), ['a', 'b/1', 'b/2', 'c d', 'e'])
    assert.equal(textAt(all.xml, 'KeyCount'), '5')
    assert.equal(textAt(all.xml, 'IsTruncated'), 'false')
    const seen: string[] = []
    let token: string | undefined
    do {
      const more = token === undefined ? '' : `&continuation-token=${encodeURIComponent(token)}`
      const { xml } = await world.send('GET', `/listed?list-type=2&delimiter=/&max-keys=1&start-after=A${more}`)
      assert.equal(textAt(xml, 'StartAfter'), 'A')
      seen.push(...textsAt(xml, 'Contents', 'Key'), ...textsAt(xml, 'CommonPrefixes', 'Prefix'))
      token = textAt(xml, 'NextContinuationToken')
      assert.equal(textAt(xml, 'IsTruncated'), String(token !== undefined))
    } while (token !== undefined)
    assert.deepEqual(seen, ['a', 'b/', 'c d', 'e'])
    const url = await world.send('GET', '/listed?encoding-type=url&marker=b/2')
    assert.deepEqual(textsAt(url.xml, 'Contents', 'Key'), ['c%20d', 'e'])
    assert.equal(textsAt(url.xml, 'Contents', 'Owner', 'ID').length, 2)
    const none = await world.send('GET', '/listed?list-type=2&max-keys=0')
    assert.equal(textAt(none.xml, 'IsTruncated'), 'false')
    assert.equal((await world.send('GET', '/listed?list-type=2&max-keys=-1')).code, 'InvalidArgument')
    assert.equal((await world.send('GET', '/listed?list-type=2&continuation-token=AAAA')).code, 'InvalidArgument')
  })
})

test('what a client expects of a server that nobody knows changes nothing', async () => {
  await using world = await S3World.start()
  await world.send('PUT', '/expecting')
  for (const Expect of ['200', '']) {
    assert.equal((await world.send('PUT', '/expecting/key', { body: 'hello', headers: { Expect } })).status, 200)
    assert.equal((await world.send('GET', '/expecting/key')).text, 'hello')
  }
})

describe('buckets through S3', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start()
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  it('are created, found, listed and deleted', async () => {
    const made = await world.send('PUT', '/one')
    assert.deepEqual([made.status, made.headers['location']], [200, '/one'])
    assert.equal((await world.send('PUT', '/one')).code, 'BucketAlreadyOwnedByYou')
    const other = await world.user('other', 'admin')
    assert.equal((await world.send('PUT', '/one', { as: other })).code, 'BucketAlreadyExists')
    assert.equal((await world.send('HEAD', '/one')).headers['x-amz-bucket-region'], 'us-east-1')
    assert.equal((await world.send('HEAD', '/none-of-it')).status, 404)
    await world.send('PUT', '/two')
    const all = await world.send('GET', '/')
    assert.deepEqual(textsAt(all.xml, 'Buckets', 'Bucket', 'Name'), ['one', 'two'])
    const page = await world.send('GET', '/?max-buckets=1')
    assert.deepEqual(textsAt(page.xml, 'Buckets', 'Bucket', 'Name'), ['one'])
    const token = encodeURIComponent(textAt(page.xml, 'ContinuationToken') ?? '')
    const next = await world.send('GET', `/?max-buckets=1&continuation-token=${token}`)
    assert.deepEqual(textsAt(next.xml, 'Buckets', 'Bucket', 'Name'), ['two'])
    await world.send('PUT', '/two/x')
    assert.equal((await world.send('DELETE', '/two')).code, 'BucketNotEmpty')
    await world.send('DELETE', '/two/x')
    assert.equal((await world.send('DELETE', '/two')).status, 204)
    assert.equal((await world.send('GET', '/two')).code, 'NoSuchBucket')
    assert.equal((await world.send('GET', '/one?location')).text.includes('us-east-1'), false)
  })

  it('have names as S3 has them', async () => {
    for (const name of ['ab', 'Abc', 'a_b', '192.168.1.1', 'xn--a', 'a..b', 'x-s3alias', '-abc']) {
      assert.equal((await world.send('PUT', `/${name}`)).code, 'InvalidBucketName', name)
    }
  })

  it('are refused to who does not sign, or has no right', async () => {
    await world.send('PUT', '/closed')
    await world.send('PUT', '/closed/x', { body: 'x' })
    for (const target of ['/', '/closed', '/closed/x', '/closed/absent']) {
      assert.equal((await world.send('GET', target, { as: null })).code, 'AccessDenied', target)
    }
    const reader = await world.user('reader', 'reader')
    assert.equal((await world.send('GET', '/closed/x', { as: reader })).status, 200)
    assert.equal((await world.send('PUT', '/closed/y', { as: reader })).code, 'AccessDenied')
    assert.equal(
      (await world.send('GET', '/closed/x', { as: { ...reader, secret: 'wrong' } })).code,
      'SignatureDoesNotMatch',
    )
    assert.equal(
      (await world.send('GET', '/closed/x', { as: { ...reader, accessKeyId: 'NOBODY' } })).code,
      'InvalidAccessKeyId',
    )
  })
})
