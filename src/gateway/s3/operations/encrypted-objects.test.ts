import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'

import { md5Hex } from '../testing/memory-objects.ts'
import { S3World } from '../testing/s3-world.ts'

const sse = 'x-amz-server-side-encryption'
const body = Buffer.from(Array.from({ length: 200_000 }, (_, index) => `${index},`).join('')).subarray(0, 200_000)

function ofKey(byte: number): Readonly<Record<string, string>> {
  const key = Buffer.alloc(32, byte)
  return {
    [`${sse}-customer-algorithm`]: 'AES256',
    [`${sse}-customer-key`]: key.toString('base64'),
    [`${sse}-customer-key-md5`]: createHash('md5').update(key).digest('base64'),
  }
}

function configuration(algorithm: string, more = ''): string {
  return (
    '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault>' +
    `<SSEAlgorithm>${algorithm}</SSEAlgorithm></ApplyServerSideEncryptionByDefault>${more}</Rule>` +
    '</ServerSideEncryptionConfiguration>'
  )
}

describe('encrypted objects through S3', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start({ takesKeysOverHttp: true })
    assert.equal((await world.send('PUT', '/bucket')).status, 200)
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  function stored(key: string): Buffer {
    return Buffer.from(world.objects.bytesOf('bucket', key) ?? [])
  }

  it('are stored as something else, and read whole and by ranges', async () => {
    const kinds: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'sse-s3': { [sse]: 'AES256' },
      'sse-kms': { [sse]: 'aws:kms' },
      'sse-c': ofKey(1),
    }
    for (const [name, headers] of Object.entries(kinds)) {
      const forRead = name === 'sse-c' ? headers : {}
      const put = await world.send('PUT', `/bucket/${name}`, { body, headers })
      assert.equal(put.status, 200, put.text)
      assert.equal(put.headers[sse], headers[sse])
      const hasMd5 = put.headers.etag === `"${md5Hex(body)}"`
      assert.equal(hasMd5, name === 'sse-s3')
      assert.doesNotMatch(String(put.headers.etag), name === 'sse-s3' ? /^$/ : /^"[0-9a-f]{32}"$/)
      assert.ok(!stored(name).includes(body.subarray(1000, 1020)), 'no plain text is stored')
      assert.ok(stored(name).length > body.length)
      const got = await world.send('GET', `/bucket/${name}`, { headers: forRead })
      assert.equal(got.status, 200, got.text)
      assert.ok(body.equals(got.body))
      assert.equal(got.headers[sse], headers[sse])
      assert.equal(got.headers[`${sse}-customer-algorithm`], headers[`${sse}-customer-algorithm`])
      assert.equal(got.headers[`${sse}-customer-key-md5`], headers[`${sse}-customer-key-md5`])
      assert.equal(got.headers[`${sse}-customer-key`], undefined)
      for (const [from, to] of [
        [0, 0],
        [65_535, 65_536],
        [60_000, 150_000],
        [199_999, 199_999],
      ] as const) {
        const range = { ...forRead, Range: `bytes=${from}-${to}` }
        const part = await world.send('GET', `/bucket/${name}`, { headers: range })
        assert.equal(part.status, 206)
        assert.equal(part.headers['content-range'], `bytes ${from}-${to}/200000`)
        assert.ok(body.subarray(from, to + 1).equals(part.body))
      }
      const head = await world.send('HEAD', `/bucket/${name}`, { headers: forRead })
      assert.equal(head.headers['content-length'], '200000')
      assert.equal(head.headers[sse], headers[sse])
      assert.equal(head.headers.etag, put.headers.etag)
    }
    const head = await world.send('HEAD', '/bucket/sse-kms')
    assert.equal(head.headers[`${sse}-aws-kms-key-id`], 'arn:aws:kms:us-east-1:000000000000:key/aws-s3')
    assert.equal(world.objects.readersOpen, 0)
    assert.equal(world.objects.uploadsOpen, 0)
  })

  it('may be empty', async () => {
    assert.equal((await world.send('PUT', '/bucket/empty', { headers: { [sse]: 'AES256' } })).status, 200)
    assert.equal(stored('empty').length, 16)
    const got = await world.send('GET', '/bucket/empty')
    assert.deepEqual([got.status, got.text, got.headers['content-length']], [200, '', '0'])
  })

  it('are refused without the right key of their customer', async () => {
    await world.send('PUT', '/bucket/mine', { body, headers: ofKey(1) })
    for (const method of ['GET', 'HEAD']) {
      const of = async (headers: Readonly<Record<string, string>>): Promise<number> =>
        (await world.send(method, '/bucket/mine', { headers })).status
      assert.deepEqual([await of({}), await of(ofKey(2)), await of(ofKey(1))], [400, 403, 200])
    }
    assert.equal((await world.send('GET', '/bucket/mine')).code, 'InvalidRequest')
    assert.equal((await world.send('GET', '/bucket/mine', { headers: ofKey(2) })).code, 'AccessDenied')
    await world.send('PUT', '/bucket/theirs', { body: 'x' })
    const needless = await world.send('GET', '/bucket/theirs', { headers: ofKey(1) })
    assert.deepEqual([needless.status, needless.code], [400, 'InvalidRequest'])
    const asked = await world.send('GET', '/bucket/theirs', { headers: { [sse]: 'AES256' } })
    assert.deepEqual([asked.status, asked.code], [400, 'InvalidArgument'])
    const attributes = { 'x-amz-object-attributes': 'ObjectSize' }
    assert.equal((await world.send('GET', '/bucket/mine?attributes', { headers: attributes })).status, 400)
    const withKey = { headers: { ...attributes, ...ofKey(1) } }
    assert.equal((await world.send('GET', '/bucket/mine?attributes', withKey)).status, 200)
  })

  it('follow the default of their bucket, which a request can change', async () => {
    assert.equal((await world.send('PUT', '/defaults')).status, 200)
    const put = async (headers = {}): Promise<string | undefined> => {
      const { status, headers: answered, text } = await world.send('PUT', '/defaults/k', { body: 'abc', headers })
      assert.equal(status, 200, text)
      return answered[sse] as string | undefined
    }
    assert.equal(await put(), undefined)
    const set = async (document: string): Promise<void> => {
      const { status, text } = await world.send('PUT', '/defaults?encryption', { body: document })
      assert.equal(status, 200, text)
    }
    await set(configuration('AES256'))
    assert.equal(await put(), 'AES256')
    assert.equal(await put({ [sse]: 'aws:kms' }), 'aws:kms')
    await set(configuration('aws:kms', '<BucketKeyEnabled>true</BucketKeyEnabled>'))
    assert.equal(await put(), 'aws:kms')
    assert.equal(await put({ [sse]: 'AES256' }), 'AES256')
    assert.equal(await put(ofKey(1)), undefined)
    const blocked = '<BlockedEncryptionTypes><EncryptionType>SSE-C</EncryptionType></BlockedEncryptionTypes>'
    await set(configuration('AES256', blocked))
    const refused = await world.send('PUT', '/defaults/k', { body: 'abc', headers: ofKey(1) })
    assert.deepEqual([refused.status, refused.code], [403, 'AccessDenied'])
    const double = await world.send('PUT', '/defaults?encryption', { body: configuration('aws:kms:dsse') })
    assert.deepEqual([double.status, double.code], [501, 'NotImplemented'])
  })

  it('need a key of the key ring that is there and enabled', async () => {
    const headers = { [sse]: 'aws:kms', [`${sse}-aws-kms-key-id`]: 'reports' }
    const missing = await world.send('PUT', '/bucket/kms', { body, headers })
    assert.deepEqual([missing.status, missing.code], [400, 'KMS.NotFoundException'])
    await world.keys.create({ id: 'reports', aliases: ['alias/reports'] })
    assert.equal((await world.send('PUT', '/bucket/kms', { body, headers })).status, 200)
    await world.keys.rotate('reports')
    assert.ok(body.equals((await world.send('GET', '/bucket/kms')).body))
    await world.keys.setEnabled('reports', false)
    const disabled = await world.send('GET', '/bucket/kms')
    assert.deepEqual([disabled.status, disabled.code], [400, 'KMS.DisabledException'])
    await world.keys.setEnabled('reports', true)
    assert.ok(body.equals((await world.send('GET', '/bucket/kms')).body))
    assert.equal(world.objects.readersOpen, 0)
  })

  it('are not made of more than 5 GiB by a copy, which would have to write all of it', async () => {
    await world.send('PUT', '/bucket/huge', { body: 'x' })
    const find = world.objects.find.bind(world.objects)
    world.objects.find = async (name) => {
      const info = await find(name)
      return info === undefined ? undefined : { ...info, sizeBytes: 5 * 1024 ** 3 + 1 }
    }
    try {
      const headers = { 'x-amz-copy-source': '/bucket/huge', [sse]: 'AES256' }
      const copy = await world.send('PUT', '/bucket/copy-of-huge', { headers })
      assert.deepEqual([copy.status, copy.code], [400, 'InvalidRequest'])
    } finally {
      world.objects.find = find
    }
  })

  it('are altered by nobody unseen', async () => {
    await world.send('PUT', '/bucket/altered', { body, headers: { [sse]: 'AES256' } })
    const bytes = world.objects.bytesOf('bucket', 'altered')
    assert.ok(bytes !== undefined)
    bytes[10] = (bytes[10] ?? 0) ^ 1
    const got = await world.send('GET', '/bucket/altered')
    assert.deepEqual([got.status, got.code], [500, 'InternalError'])
    const untouched = await world.send('GET', '/bucket/altered', { headers: { Range: 'bytes=65536-65540' } })
    assert.equal(untouched.text, body.subarray(65_536, 65_541).toString())
  })
})

it('a key of a customer is not taken over plain HTTP, but from a trusted proxy that speaks TLS', async () => {
  await using plain = await S3World.start({ trustedProxies: ['127.0.0.1'] })
  await plain.send('PUT', '/bucket')
  const put = await plain.send('PUT', '/bucket/k', { body: 'x', headers: ofKey(1) })
  assert.deepEqual([put.status, put.code], [400, 'InvalidRequest'])
  const behind = { body: 'x', headers: { ...ofKey(1), 'X-Forwarded-Proto': 'https' } }
  assert.equal((await plain.send('PUT', '/bucket/k', behind)).status, 200)
  const got = await plain.send('GET', '/bucket/k', { headers: ofKey(1) })
  assert.deepEqual([got.status, got.code], [400, 'InvalidRequest'])
})
