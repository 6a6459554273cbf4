import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { after, before, describe, it } from 'node:test'

import { md5Hex } from '../testing/memory-objects.ts'
import { S3World, textAt } from '../testing/s3-world.ts'

const prefix = 'x-amz-server-side-encryption'
const content = Buffer.alloc(200_000, 'secret content ')

function customerKey(fill: number, start: string = prefix): Record<string, string> {
  const key = Buffer.alloc(32, fill)
  return {
    [`${start}-customer-algorithm`]: 'AES256',
    [`${start}-customer-key`]: key.toString('base64'),
    [`${start}-customer-key-MD5`]: createHash('md5').update(key).digest('base64'),
  }
}

describe('encrypted objects', () => {
  let world: S3World
  before(async () => {
    world = await S3World.start({ takesKeysOverHttp: true })
    await world.send('PUT', '/vault')
  })
  after(async () => {
    await world[Symbol.asyncDispose]()
  })

  function isStoredPlain(key: string, bucket = 'vault'): boolean {
    return Buffer.from(world.objects.bytesOf(bucket, key) ?? []).includes('secret content')
  }

  for (const [name, headers] of [
    ['SSE-S3', { [prefix]: 'AES256' }],
    ['SSE-KMS', { [prefix]: 'aws:kms' }],
    ['SSE-C', customerKey(1)],
  ] as const) {
    it(`${name}: stored as ciphertext, read whole and by ranges, copied`, async () => {
      const put = await world.send('PUT', `/vault/${name}`, { body: content, headers })
      assert.equal(put.status, 200, put.text)
      assert.equal(isStoredPlain(name), false)
      assert.equal(put.headers.etag === `"${md5Hex(content)}"`, name === 'SSE-S3')
      const forRead = name === 'SSE-C' ? headers : {}
      const got = await world.send('GET', `/vault/${name}`, { headers: forRead })
      assert.ok(got.body.equals(content), got.text.slice(0, 300))
      if (name !== 'SSE-C') assert.equal(got.headers[prefix], headers[prefix as keyof typeof headers])
      const range = await world.send('GET', `/vault/${name}`, { headers: { ...forRead, Range: 'bytes=70000-140001' } })
      assert.ok(range.body.equals(content.subarray(70_000, 140_002)))
      const head = await world.send('HEAD', `/vault/${name}`, { headers: forRead })
      assert.equal(head.headers['content-length'], '200000')
      const source = name === 'SSE-C' ? { ...customerKey(1, 'x-amz-copy-source-server-side-encryption') } : {}
      const copied = { 'x-amz-copy-source': `/vault/${name}`, ...source, [prefix]: 'AES256' }
      const copy = await world.send('PUT', `/vault/copy-of-${name}`, { headers: copied })
      assert.equal(copy.status, 200, copy.text)
      assert.ok((await world.send('GET', `/vault/copy-of-${name}`)).body.equals(content))
    })
  }

  it('SSE-C is refused without the key, or with another one', async () => {
    await world.send('PUT', '/vault/mine', { body: content, headers: customerKey(1) })
    assert.equal((await world.send('GET', '/vault/mine')).code, 'InvalidRequest')
    assert.equal((await world.send('HEAD', '/vault/mine')).status, 400)
    assert.equal((await world.send('GET', '/vault/mine', { headers: customerKey(2) })).code, 'AccessDenied')
    const plain = { 'x-amz-copy-source': '/vault/mine' }
    assert.equal((await world.send('PUT', '/vault/stolen', { headers: plain })).code, 'InvalidRequest')
  })

  it('are so by default where the bucket says it, forms and parts too', async () => {
    const body =
      '<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>AES256</SSEAlgorithm>' +
      '</ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>'
    await world.send('PUT', '/closed')
    await world.send('PUT', '/closed/before', { body: content })
    assert.equal((await world.send('PUT', '/closed?encryption', { body })).status, 200)
    const put = await world.send('PUT', '/closed/k', { body: content })
    assert.equal(put.headers[prefix], 'AES256')
    assert.equal(isStoredPlain('k', 'closed'), false)
    assert.equal(isStoredPlain('before', 'closed'), true)
    const headers = { 'x-amz-copy-source': '/closed/before' }
    assert.equal((await world.send('PUT', '/closed/after', { headers })).status, 200)
    assert.equal(isStoredPlain('after', 'closed'), false)
    assert.ok((await world.send('GET', '/closed/after')).body.equals(content))
    const begun = await world.send('POST', '/closed/parts?uploads')
    const upload = textAt(begun.xml, 'UploadId') ?? ''
    const large = Buffer.alloc(5 * 1024 * 1024, 'secret content ')
    const etags: string[] = []
    for (const [index, bytes] of [large, content].entries()) {
      const part = await world.send('PUT', `/closed/parts?partNumber=${index + 1}&uploadId=${upload}`, { body: bytes })
      assert.equal(part.headers[prefix], 'AES256')
      etags.push(String(part.headers.etag))
    }
    const source = { 'x-amz-copy-source': '/closed/k', 'x-amz-copy-source-range': 'bytes=5-9' }
    const copied = await world.send('PUT', `/closed/parts?partNumber=3&uploadId=${upload}`, { headers: source })
    assert.equal(copied.status, 200, copied.text)
    const last = textAt(copied.xml, 'ETag') ?? ''
    const list = [...etags.slice(0, 1), etags[1], last].map((etag, index) => [index + 1, etag] as const)
    const whole = list
      .slice(0, 2)
      .map(([number, etag]) => `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`)
    const done = await world.send('POST', `/closed/parts?uploadId=${upload}`, {
      body: `<CompleteMultipartUpload>${whole.join('')}</CompleteMultipartUpload>`,
    })
    assert.equal(done.status, 200, done.text)
    assert.equal(isStoredPlain('parts', 'closed'), false)
    const got = await world.send('GET', '/closed/parts')
    assert.ok(got.body.equals(Buffer.concat([large, content])))
    const second = await world.send('GET', '/closed/parts?partNumber=2')
    assert.ok(second.body.equals(content))
  })
})
