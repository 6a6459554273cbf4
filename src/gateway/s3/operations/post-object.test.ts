import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'

import { amzDate, S3World } from '../testing/s3-world.ts'
import type { S3Answer } from '../testing/s3-world.ts'
import { hmacHex, signingKey } from '../testing/signing-client.ts'

const boundary = 'XyZ-boundary'

describe('a form posted to a bucket', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start({ domains: ['s3.test'] })
    assert.equal((await world.send('PUT', '/bucket')).status, 200)
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  function policyFields(conditions: readonly unknown[], expiresMs = 60_000): Record<string, string> {
    const timestamp = amzDate(Date.now())
    const date = timestamp.slice(0, 8)
    const expiration = new Date(Date.now() + expiresMs).toISOString()
    const signing = {
      'x-amz-algorithm': 'AWS4-HMAC-SHA256',
      'x-amz-credential': `${world.root.accessKeyId}/${date}/us-east-1/s3/aws4_request`,
      'x-amz-date': timestamp,
    }
    const own = Object.entries(signing).map(([name, value]) => ({ [name]: value }))
    const document = { expiration, conditions: [{ bucket: 'bucket' }, ...own, ...conditions] }
    const policy = Buffer.from(JSON.stringify(document)).toString('base64')
    return { ...signing, policy, 'x-amz-signature': hmacHex(signingKey(world.root, date), policy) }
  }

  async function post(
    fields: Readonly<Record<string, string>>,
    file = 'hello',
    { host = `127.0.0.1:${world.port}`, path = '/bucket' } = {},
  ): Promise<S3Answer> {
    const parts = Object.entries(fields).map(
      ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    )
    const last = `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="a b.txt"\r\n\r\n${file}\r\n`
    const body = Buffer.from(`${parts.join('')}${last}--${boundary}--\r\n`)
    const headers = ['Host', host, 'Content-Type', `multipart/form-data; boundary=${boundary}`]
    return await world.raw('POST', path, [...headers, 'Content-Length', String(body.length)], body)
  }

  it('is stored with what its fields say, where its policy allows it', async () => {
    const conditions = [
      ['starts-with', '$key', 'user/'],
      ['eq', '$Content-Type', 'text/plain'],
      ['starts-with', '$x-amz-meta-a', ''],
      ['content-length-range', 1, 10],
    ]
    const fields = { ...policyFields(conditions), 'Content-Type': 'text/plain', 'x-amz-meta-a': 'größe' }
    // oxlint-disable-next-line no-template-curly-in-string -- so it stands in the form
    const answer = await post({ ...fields, key: 'user/${filename}' })
    assert.equal(answer.status, 204, answer.text)
    const got = await world.send('GET', '/bucket/user/a%20b.txt')
    assert.deepEqual(
      [got.text, got.headers['content-type'], got.headers.etag],
      ['hello', 'text/plain', answer.headers.etag],
    )
    // As S3 answers what is not ASCII.
    assert.equal(got.headers['x-amz-meta-a'], `=?UTF-8?B?${Buffer.from('größe').toString('base64')}?=`)
    const refused: readonly (readonly [Promise<S3Answer>, number, string])[] = [
      [post({ ...fields, key: 'other/x' }), 403, 'AccessDenied'],
      [post({ ...fields, 'key': 'user/x', 'x-amz-meta-b': '1' }), 403, 'AccessDenied'],
      [post({ ...fields, key: 'user/x' }, 'longer than ten'), 400, 'EntityTooLarge'],
      [post({ ...fields, key: 'user/x' }, ''), 400, 'EntityTooSmall'],
      [post({ ...fields, 'key': 'user/x', 'x-amz-signature': '0'.repeat(64) }), 403, 'SignatureDoesNotMatch'],
      [post({ ...fields, ...policyFields([], -1_000), key: 'user/x' }), 403, 'AccessDenied'],
      [post({ key: 'user/x' }), 403, 'AccessDenied'],
    ]
    for (const [pending, status, code] of refused) {
      const { status: given, code: named, text } = await pending
      assert.deepEqual([given, named], [status, code], text)
    }
    assert.equal((await world.send('GET', '/bucket/user/x')).status, 404)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('is encrypted as its fields ask', async () => {
    const conditions = [
      ['eq', '$key', 'secret'],
      ['eq', '$x-amz-server-side-encryption', 'AES256'],
    ]
    const asked = { 'x-amz-server-side-encryption': 'AES256' }
    const answer = await post({ ...policyFields(conditions), ...asked, key: 'secret' })
    assert.deepEqual([answer.status, answer.headers['x-amz-server-side-encryption']], [204, 'AES256'], answer.text)
    assert.ok(!Buffer.from(world.objects.bytesOf('bucket', 'secret') ?? []).includes('hello'))
    assert.equal((await world.send('GET', '/bucket/secret')).text, 'hello')
  })

  it('is answered as it asks', async () => {
    const conditions = [
      ['eq', '$key', 'k'],
      ['starts-with', '$success_action_status', ''],
      ['starts-with', '$success_action_redirect', ''],
    ]
    const fields = { ...policyFields(conditions), key: 'k' }
    const created = await post({ ...fields, success_action_status: '201' })
    assert.equal(created.status, 201)
    assert.match(created.text, /<PostResponse>.*<Bucket>bucket<\/Bucket><Key>k<\/Key>/s)
    assert.match(created.text, /<Location>http:\/\/127\.0\.0\.1:\d+\/bucket\/k<\/Location>/)
    const byHost = await post(fields, 'x', { host: 'bucket.s3.test', path: '/' })
    assert.equal(byHost.headers.location, 'http://bucket.s3.test/k')
    const redirected = await post({ ...fields, success_action_redirect: 'https://web.example/done?x=1' })
    assert.equal(redirected.status, 303)
    assert.match(String(redirected.headers.location), /^https:\/\/web\.example\/done\?x=1&bucket=bucket&key=k&etag=%22/)
    assert.equal((await post({ ...fields, success_action_redirect: 'javascript:alert(1)' })).status, 204)
  })

  it('may come from anybody where the bucket lets everybody write', async () => {
    const Statement = [
      { Effect: 'Allow', Principal: '*', Action: 's3:PutObject', Resource: 'arn:aws:s3:::bucket/open/*' },
    ]
    const policy = JSON.stringify({ Version: '2012-10-17', Statement })
    await world.send('PUT', '/bucket?policy', { body: policy })
    // oxlint-disable-next-line no-template-curly-in-string -- so it stands in the form
    assert.equal((await post({ key: 'open/${filename}' })).status, 204)
    assert.equal((await world.send('GET', '/bucket/open/a%20b.txt')).text, 'hello')
    assert.equal((await post({ key: 'elsewhere' })).code, 'AccessDenied')
    const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>'
    assert.equal((await post({ key: 'open/tagged', tagging })).code, 'AccessDenied') // takes s3:PutObjectTagging
    await world.send('DELETE', '/bucket?policy')
  })

  it('sets tags, classes and redirects, and keeps to what objects may have', async () => {
    const any = ['tagging', 'x-amz-storage-class', 'x-amz-website-redirect-location', 'acl', 'success_action_status']
    const fields = {
      ...policyFields([['eq', '$key', 'k'], ...any.map((name) => ['starts-with', `$${name}`, ''])]),
      key: 'k',
    }
    const tagging = '<Tagging><TagSet><Tag><Key>a</Key><Value>b c</Value></Tag></TagSet></Tagging>'
    const more = {
      tagging,
      'x-amz-storage-class': 'STANDARD_IA',
      'x-amz-website-redirect-location': '/x',
      'acl': 'private',
    }
    assert.equal((await post({ ...fields, ...more, success_action_status: '404' })).status, 204)
    const { headers } = await world.send('HEAD', '/bucket/k')
    assert.equal(headers['x-amz-tagging-count'], '1')
    assert.equal(headers['x-amz-storage-class'], 'STANDARD_IA')
    assert.equal(headers['x-amz-website-redirect-location'], '/x')
    const codes = [
      await post({ ...fields, tagging: '<Tagging>' }),
      await post({ ...fields, 'x-amz-storage-class': 'none' }),
      await post({ ...fields, 'x-amz-website-redirect-location': 'javascript:1' }),
      await post({ ...fields, acl: 'public-read' }),
      await post({ ...fields, key: '' }),
      await post({ ...fields, 'x-amz-meta-long': 'x'.repeat(21_000) }),
    ].map(({ code }) => code)
    assert.deepEqual(codes, [
      'MalformedXML',
      'InvalidStorageClass',
      'InvalidArgument',
      'AccessControlListNotSupported',
      'InvalidArgument',
      'MaxPostPreDataLengthExceeded',
    ])
    assert.equal(world.objects.uploadsOpen, 0)
  })
})
