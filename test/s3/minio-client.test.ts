// MinIO's client for JavaScript with its defaults: signs each chunk of a body itself, and asks for a bucket's region first.

import assert from 'node:assert/strict'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { after, before, test } from 'node:test'

import { Client, CopyConditions } from 'minio'
import type { BucketItem } from 'minio'

import { MIB } from '../../src/base/units.ts'
import { seededBytes, seededSlices } from '../harness/file-client.ts'
import { overBothTransports } from './harness/endpoint.ts'

const bucket = 'suite-minio'
const largeBytes = 70 * MIB + 5

overBothTransports('the client of MinIO', false, (endpoint) => {
  let client: Client
  let folder: string

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'frostbyte-minio-'))
    const { url, accessKey, secretKey } = endpoint()
    const { hostname, port, protocol } = new URL(url)
    client = new Client({ endPoint: hostname, port: Number(port), useSSL: protocol === 'https:', accessKey, secretKey })
  })
  after(async () => await rm(folder, { recursive: true, force: true }))

  const bytesOf = async (key: string): Promise<Buffer> => await buffer(await client.getObject(bucket, key))
  const list = async (prefix: string, isRecursive: boolean): Promise<readonly BucketItem[]> =>
    (await client.listObjectsV2(bucket, prefix, isRecursive).toArray()) as readonly BucketItem[]

  test('makes a bucket and finds it', async () => {
    await client.makeBucket(bucket)
    assert.equal(await client.bucketExists(bucket), true)
    assert.equal(await client.bucketExists('suite-minio-none'), false)
    assert.ok((await client.listBuckets()).some(({ name }) => name === bucket))
  })

  for (const length of [0, 1, 10_241, 6 * MIB + 1]) {
    test(`puts ${length} bytes and gets them back`, async () => {
      const bytes = Buffer.from(seededBytes(length + 1, length))
      await client.putObject(bucket, `of ${length}`, bytes, length, {
        'Content-Type': 'text/x-suite',
        'colour': 'green',
      })
      assert.ok((await bytesOf(`of ${length}`)).equals(bytes))
      const { size, metaData } = await client.statObject(bucket, `of ${length}`)
      assert.deepEqual([size, metaData['content-type'], metaData['colour']], [length, 'text/x-suite', 'green'])
    })
  }

  test('streams a large object in parts', async () => {
    const stream = Readable.from(seededSlices(3, largeBytes), { objectMode: false })
    await client.putObject(bucket, 'streamed', stream, largeBytes)
    assert.ok((await bytesOf('streamed')).equals(seededBytes(3, largeBytes)))
    assert.match((await client.statObject(bucket, 'streamed')).etag, /-\d+$/)
    const part = await buffer(await client.getPartialObject(bucket, 'streamed', 67_000_000, 1000))
    assert.ok(part.equals(seededBytes(3, largeBytes).subarray(67_000_000, 67_001_000)))
  })

  test('puts and gets files', async () => {
    const path = join(folder, 'file')
    await writeFile(path, seededBytes(4, largeBytes))
    await client.fPutObject(bucket, 'from/a file', path)
    await client.fGetObject(bucket, 'from/a file', join(folder, 'back'))
    assert.ok((await readFile(join(folder, 'back'))).equals(await readFile(path)))
  })

  test('copies under conditions', async () => {
    const { etag } = await client.statObject(bucket, 'of 10241')
    const conditions = new CopyConditions()
    conditions.setMatchETag(etag)
    await client.copyObject(bucket, 'copied', `/${bucket}/of 10241`, conditions)
    assert.ok((await bytesOf('copied')).equals(await bytesOf('of 10241')))
    const unmet = new CopyConditions()
    unmet.setMatchETagExcept(etag)
    await assert.rejects(client.copyObject(bucket, 'copied', `/${bucket}/of 10241`, unmet), {
      code: 'PreconditionFailed',
    })
  })

  test('lists a folder and all below it', async () => {
    for (const key of ['list/a', 'list/b/1', 'list/b/2', 'list/ä + %']) await client.putObject(bucket, key, key)
    const level = await list('list/', false)
    assert.deepEqual(
      level.flatMap(({ prefix }) => prefix ?? []),
      ['list/b/'],
    )
    assert.deepEqual(
      level.flatMap(({ name }) => name ?? []),
      ['list/a', 'list/ä + %'],
    )
    const all = await list('list/', true)
    assert.deepEqual(
      all.flatMap(({ name }) => name ?? []),
      ['list/a', 'list/b/1', 'list/b/2', 'list/ä + %'],
    )
    assert.equal((await bytesOf('list/ä + %')).toString(), 'list/ä + %')
  })

  test('makes links and forms that need no credentials', async () => {
    const put = await client.presignedPutObject(bucket, 'linked', 60)
    assert.equal((await fetch(put, { method: 'PUT', body: 'by a link' })).status, 200)
    const get = await client.presignedGetObject(bucket, 'linked', 60, { 'response-content-type': 'text/x-link' })
    const response = await fetch(get)
    assert.equal(response.headers.get('content-type'), 'text/x-link')
    assert.equal(await response.text(), 'by a link')
    const policy = client.newPostPolicy()
    policy.setBucket(bucket)
    policy.setKey('by a form')
    policy.setExpires(new Date(Date.now() + 60_000))
    policy.setContentLengthRange(1, 10)
    const { postURL, formData } = await client.presignedPostPolicy(policy)
    const form = new FormData()
    for (const [name, value] of Object.entries(formData)) form.set(name, String(value))
    form.set('file', new Blob(['in a form']), 'name')
    assert.equal((await fetch(postURL, { method: 'POST', body: form })).status, 204)
    assert.equal((await bytesOf('by a form')).toString(), 'in a form')
    form.set('file', new Blob(['more than ten bytes']), 'name')
    assert.equal((await fetch(postURL, { method: 'POST', body: form })).status, 400)
  })

  test('tags objects and buckets', async () => {
    await client.setObjectTagging(bucket, 'linked', { stage: 'test', kind: 'a b' })
    const tags = (await client.getObjectTagging(bucket, 'linked')) as readonly { Key: string; Value: string }[]
    assert.deepEqual(
      new Map(tags.map(({ Key, Value }) => [Key, Value])),
      new Map([
        ['stage', 'test'],
        ['kind', 'a b'],
      ]),
    )
    await client.setBucketTagging(bucket, { team: 'storage' })
    assert.deepEqual(await client.getBucketTagging(bucket), [{ Key: 'team', Value: 'storage' }])
  })

  test('reads while it writes elsewhere', async () => {
    const read = await client.getObject(bucket, 'streamed')
    await pipeline(read, createWriteStream(join(folder, 'piped')))
    assert.ok((await readFile(join(folder, 'piped'))).equals(seededBytes(3, largeBytes)))
  })

  test('removes everything', async () => {
    const keys = (await list('', true)).flatMap(({ name }) => name ?? [])
    await client.removeObjects(bucket, keys)
    assert.deepEqual(await list('', true), [])
    await client.removeBucket(bucket)
    assert.equal(await client.bucketExists(bucket), false)
  })
})
