// Objects one by one: what goes in comes out, with all that was said about it.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'

import {
  ChecksumAlgorithm,
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  GetObjectTaggingCommand,
  HeadObjectCommand,
  PutObjectCommand,
  PutObjectTaggingCommand,
  DeleteObjectTaggingCommand,
} from '@aws-sdk/client-s3'

import { MIB } from '../../../src/base/units.ts'
import { seededBytes } from '../../harness/file-client.ts'
import { bytesOf, expectError, makeBucket, put, textOf } from './client.ts'
import type { Sdk } from './client.ts'

const names = [
  'plain',
  'with spaces',
  'a/b//c/',
  '../up',
  'ä日🙂',
  '+%2B%&=?#',
  "!'()*~;:@,$",
  'ends with a dot.',
  'q?x=1',
]

const described = {
  ContentType: 'text/x-suite; charset=utf-8',
  CacheControl: 'max-age=60, private',
  ContentDisposition: 'attachment; filename="a b.txt"',
  ContentEncoding: 'x-none',
  ContentLanguage: 'de, en',
  Expires: new Date('2030-01-02T03:04:05Z'),
  Metadata: { 'colour': 'green', 'two-words': 'and a value, with signs: ;="' },
}

export function objects(sdk: Sdk): void {
  let bucket: string
  const send = sdk.client
  const at = (key: string): { Bucket: string; Key: string } => ({ Bucket: bucket, Key: key })

  before(async () => {
    bucket = await makeBucket(sdk)
  })

  for (const length of [0, 1, 10_240, 10_241, MIB, 9 * MIB + 3]) {
    test(`${length} bytes go in and come out, with their MD5 as the ETag`, async () => {
      const body = seededBytes(length + 1, length)
      const { etag } = await put(sdk, [bucket, `of-${length}`], body)
      assert.equal(etag, `"${createHash('md5').update(body).digest('hex')}"`)
      assert.ok((await bytesOf(sdk, [bucket, `of-${length}`])).equals(body))
      const head = await send().send(new HeadObjectCommand(at(`of-${length}`)))
      assert.deepEqual([head.ContentLength, head.ETag], [length, etag])
    })
  }

  test('any key names an object of its own', async () => {
    for (const name of names) await put(sdk, [bucket, `names/${name}`], name)
    for (const name of names) assert.equal(await textOf(sdk, [bucket, `names/${name}`]), name)
    await put(sdk, [bucket, 'k'.repeat(1024)], 'longest')
    await expectError(put(sdk, [bucket, 'k'.repeat(1025)], 'too long'), 'KeyTooLongError', 400)
  })

  test('what was said about an object is told again', async () => {
    await send().send(new PutObjectCommand({ ...at('described'), Body: 'described', ...described }))
    const { Expires, ...expected } = described
    const head = await send().send(new HeadObjectCommand(at('described')))
    for (const [name, value] of Object.entries(expected))
      assert.deepEqual(head[name as keyof typeof expected], value, name)
    assert.equal(new Date(head.ExpiresString ?? '').getTime(), Expires.getTime())
    assert.ok(Math.abs((head.LastModified?.getTime() ?? 0) - Date.now()) < 60_000)
    const override = {
      ResponseContentType: 'text/x-other',
      ResponseCacheControl: 'no-store',
      ResponseContentLanguage: 'fr',
    }
    const got = await send().send(new GetObjectCommand({ ...at('described'), ...override }))
    await got.Body?.transformToString()
    assert.deepEqual([got.ContentType, got.CacheControl, got.ContentLanguage], ['text/x-other', 'no-store', 'fr'])
  })

  test('too much metadata is refused', async () => {
    const call = put(sdk, [bucket, 'meta'], '', { Metadata: { a: 'x'.repeat(2048) } })
    await expectError(call, 'MetadataTooLarge', 400)
  })

  test('ranges are read as they were asked for', async () => {
    const body = seededBytes(5, 300_000)
    await put(sdk, [bucket, 'ranges'], body)
    const asked = {
      'bytes=0-0': [0, 1],
      'bytes=10-99': [10, 100],
      'bytes=-7': [299_993, 300_000],
      'bytes=299999-': [299_999, 300_000],
    }
    for (const [range, [first = 0, end = 0]] of Object.entries({ ...asked, 'bytes=5-999999999': [5, 300_000] })) {
      const got = await send().send(new GetObjectCommand({ ...at('ranges'), Range: range }))
      assert.equal(got.ContentRange, `bytes ${first}-${end - 1}/300000`)
      assert.equal(got.$metadata.httpStatusCode, 206)
      assert.ok(Buffer.from((await got.Body?.transformToByteArray()) ?? []).equals(body.subarray(first, end)), range)
    }
    await expectError(bytesOf(sdk, [bucket, 'ranges'], { Range: 'bytes=300000-' }), 'InvalidRange', 416)
  })

  test('reads meet their conditions', async () => {
    const { etag } = await put(sdk, [bucket, 'conditions'], 'conditional')
    const anHourAgo = new Date(Date.now() - 3_600_000)
    const key = [bucket, 'conditions'] as const
    for (const met of [{ IfMatch: etag }, { IfNoneMatch: '"other"' }, { IfModifiedSince: anHourAgo }])
      assert.equal(await textOf(sdk, key, met), 'conditional')
    for (const unmet of [{ IfMatch: '"other"' }, { IfUnmodifiedSince: anHourAgo }])
      await expectError(textOf(sdk, key, unmet), 'PreconditionFailed', 412)
    const unchanged = await textOf(sdk, key, { IfNoneMatch: etag }).catch((error: unknown) => error)
    assert.equal((unchanged as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode, 304)
  })

  test('what is not there is said so', async () => {
    await expectError(textOf(sdk, [bucket, 'none']), 'NoSuchKey', 404)
    await expectError(send().send(new HeadObjectCommand(at('none'))), 'NotFound', 404)
    await expectError(textOf(sdk, ['sdk-no-such-bucket', 'none']), 'NoSuchBucket', 404)
    const deleted = await send().send(new DeleteObjectCommand(at('none')))
    assert.equal(deleted.$metadata.httpStatusCode, 204)
  })

  test('a thousand keys are deleted in one call, and a list that is too long is refused', async () => {
    const keys = Array.from({ length: 1000 }, (_, index) => `many/${index}`)
    for (const key of keys.slice(0, 5)) await put(sdk, [bucket, key], key)
    const remove = (list: readonly string[], Quiet = false): DeleteObjectsCommand =>
      new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: list.map((Key) => ({ Key })), Quiet } })
    const answer = await send().send(remove(keys))
    assert.equal(answer.Deleted?.length, 1000)
    assert.equal((await send().send(remove(keys.slice(0, 3), true))).Deleted ?? undefined, undefined)
    await expectError(textOf(sdk, [bucket, 'many/0']), 'NoSuchKey', 404)
    await expectError(send().send(remove([...keys, 'one more'])), 'MalformedXML', 400)
  })

  test('a copy has the bytes, and the metadata of its source or its own', async () => {
    await put(sdk, [bucket, 'source ä+'], seededBytes(6, 50_000), {
      Metadata: { of: 'source' },
      ContentType: 'text/x-source',
    })
    const CopySource = `${bucket}/${encodeURIComponent('source ä+')}`
    const { CopyObjectResult } = await send().send(new CopyObjectCommand({ ...at('copy'), CopySource }))
    assert.equal(CopyObjectResult?.ETag, `"${createHash('md5').update(seededBytes(6, 50_000)).digest('hex')}"`)
    assert.ok((await bytesOf(sdk, [bucket, 'copy'])).equals(seededBytes(6, 50_000)))
    const head = await send().send(new HeadObjectCommand(at('copy')))
    assert.deepEqual([head.Metadata, head.ContentType], [{ of: 'source' }, 'text/x-source'])
    const summed = new CopyObjectCommand({ ...at('summed'), CopySource, ChecksumAlgorithm: 'SHA256' })
    const sum = createHash('sha256').update(seededBytes(6, 50_000)).digest('base64')
    assert.equal((await send().send(summed)).CopyObjectResult?.ChecksumSHA256, sum)
    const told = await send().send(new HeadObjectCommand({ ...at('summed'), ChecksumMode: 'ENABLED' }))
    assert.deepEqual([told.ChecksumSHA256, told.ChecksumCRC32, told.ChecksumType], [sum, undefined, 'FULL_OBJECT'])
    const own = { MetadataDirective: 'REPLACE', Metadata: { of: 'copy' } } as const
    await send().send(new CopyObjectCommand({ ...at('copy'), CopySource: `${bucket}/copy`, ...own }))
    assert.deepEqual((await send().send(new HeadObjectCommand(at('copy')))).Metadata, { of: 'copy' })
    const onItself = send().send(new CopyObjectCommand({ ...at('copy'), CopySource: `${bucket}/copy` }))
    await expectError(onItself, 'InvalidRequest', 400)
    const unmet = new CopyObjectCommand({ ...at('copy'), CopySource, CopySourceIfMatch: '"other"' })
    await expectError(send().send(unmet), 'PreconditionFailed', 412)
    await expectError(
      send().send(new CopyObjectCommand({ ...at('copy'), CopySource: `${bucket}/none` })),
      'NoSuchKey',
      404,
    )
  })

  for (const algorithm of Object.values(ChecksumAlgorithm).filter((name) => /^(CRC|SHA(1|256)$)/.test(name))) {
    test(`a ${algorithm} that was sent is verified, kept and told`, async () => {
      const body = seededBytes(8, 40_000)
      const name = `Checksum${algorithm}` as 'ChecksumCRC32'
      const sent = await send().send(
        new PutObjectCommand({ ...at(algorithm), Body: body, ChecksumAlgorithm: algorithm }),
      )
      assert.match(sent[name] ?? '', /^[A-Za-z0-9+/]+=*$/)
      const head = await send().send(new HeadObjectCommand({ ...at(algorithm), ChecksumMode: 'ENABLED' }))
      assert.equal(head[name], sent[name])
      // The SDK verifies it too.
      assert.ok((await bytesOf(sdk, [bucket, algorithm], { ChecksumMode: 'ENABLED' })).equals(body))
      const wrong = Buffer.alloc(Buffer.from(sent[name] ?? '', 'base64').length).toString('base64')
      const call = send().send(new PutObjectCommand({ ...at('wrong'), Body: body, [name]: wrong }))
      await expectError(call, 'BadDigest', 400)
      await expectError(textOf(sdk, [bucket, 'wrong']), 'NoSuchKey', 404)
    })
  }

  test('a wrong MD5 is refused, and one that is none', async () => {
    await expectError(put(sdk, [bucket, 'md5'], 'abc', { ContentMD5: '1B2M2Y8AsgTpgAmY7PhCfg==' }), 'BadDigest', 400)
    await expectError(put(sdk, [bucket, 'md5'], 'abc', { ContentMD5: 'nothing' }), 'InvalidDigest', 400)
  })

  test('attributes tell what was asked for', async () => {
    await put(sdk, [bucket, 'attributes'], 'attributes', { ChecksumAlgorithm: 'SHA256' })
    const ObjectAttributes = ['ETag', 'Checksum', 'ObjectSize', 'StorageClass'] as const
    const command = new GetObjectAttributesCommand({ ...at('attributes'), ObjectAttributes: [...ObjectAttributes] })
    const { ETag, Checksum, ObjectSize, StorageClass } = await send().send(command)
    assert.deepEqual(
      [ETag, ObjectSize, StorageClass],
      [createHash('md5').update('attributes').digest('hex'), 10, 'STANDARD'],
    )
    assert.equal(Checksum?.ChecksumSHA256, createHash('sha256').update('attributes').digest('base64'))
  })

  test('tags are put, told, replaced and deleted', async () => {
    await put(sdk, [bucket, 'tagged'], '', { Tagging: 'a=1&b=with%20space' })
    const tags = async (): Promise<ReadonlyMap<string | undefined, string | undefined>> =>
      new Map(
        ((await send().send(new GetObjectTaggingCommand(at('tagged')))).TagSet ?? []).map(({ Key, Value }) => [
          Key,
          Value,
        ]),
      )
    assert.deepEqual(
      await tags(),
      new Map([
        ['a', '1'],
        ['b', 'with space'],
      ]),
    )
    assert.equal((await send().send(new GetObjectCommand(at('tagged')))).TagCount, 2)
    await send().send(new PutObjectTaggingCommand({ ...at('tagged'), Tagging: { TagSet: [{ Key: 'c', Value: '' }] } }))
    assert.deepEqual(await tags(), new Map([['c', '']]))
    await send().send(new DeleteObjectTaggingCommand(at('tagged')))
    assert.deepEqual(await tags(), new Map())
    const TagSet = Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: 'v' }))
    await expectError(
      send().send(new PutObjectTaggingCommand({ ...at('tagged'), Tagging: { TagSet } })),
      'BadRequest',
      400,
    )
    const twice = {
      TagSet: [
        { Key: 'k', Value: '1' },
        { Key: 'k', Value: '2' },
      ],
    }
    await expectError(send().send(new PutObjectTaggingCommand({ ...at('tagged'), Tagging: twice })), 'InvalidTag', 400)
  })
}
