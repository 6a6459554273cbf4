// Uploads in parts: by the library that most programs use, and call by call.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'
import { Readable } from 'node:stream'

import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectAttributesCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListMultipartUploadsCommand,
  ListPartsCommand,
  UploadPartCommand,
  UploadPartCopyCommand,
} from '@aws-sdk/client-s3'
import type { CompletedPart } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'

import { MIB } from '../../../src/base/units.ts'
import { seededBytes, seededSlices } from '../../harness/file-client.ts'
import { bytesOf, expectError, makeBucket, put, textOf } from './client.ts'
import type { Sdk } from './client.ts'

const partBytes = 5 * MIB

export function uploadsInParts(sdk: Sdk): void {
  let bucket: string
  const send = sdk.client
  before(async () => {
    bucket = await makeBucket(sdk)
  })

  const begin = async (Key: string): Promise<{ Bucket: string; Key: string; UploadId: string }> => {
    const { UploadId = '' } = await send().send(new CreateMultipartUploadCommand({ Bucket: bucket, Key }))
    assert.notEqual(UploadId, '')
    return { Bucket: bucket, Key, UploadId }
  }
  type At = Awaited<ReturnType<typeof begin>>
  const part = async (at: At, PartNumber: number, Body: Uint8Array): Promise<CompletedPart> => {
    const { ETag, ChecksumCRC32 } = await send().send(new UploadPartCommand({ ...at, PartNumber, Body }))
    assert.equal(ETag, `"${createHash('md5').update(Body).digest('hex')}"`)
    return { ETag, PartNumber, ChecksumCRC32 }
  }
  const complete = async (at: At, Parts: CompletedPart[]): Promise<string | undefined> =>
    (await send().send(new CompleteMultipartUploadCommand({ ...at, MultipartUpload: { Parts } }))).ETag

  test('a stream of 60 MB whose length nobody knows is uploaded in parts at once', async () => {
    const length = 60_000_000
    const body = Readable.from(seededSlices(11, length), { objectMode: false })
    const upload = new Upload({
      client: send(),
      params: { Bucket: bucket, Key: 'streamed', Body: body, Metadata: { a: 'b' } },
    })
    await upload.done()
    const got = await send().send(new GetObjectCommand({ Bucket: bucket, Key: 'streamed' }))
    const hash = createHash('sha256')
    for await (const slice of got.Body as AsyncIterable<Uint8Array>) hash.update(slice)
    const expected = createHash('sha256')
    for (const slice of seededSlices(11, length)) expected.update(slice)
    assert.equal(hash.digest('hex'), expected.digest('hex'))
    assert.deepEqual(got.Metadata, { a: 'b' })
    assert.match(got.ETag ?? '', /-12"$/)
  })

  test('the ETag is made of those of the parts, and parts are read by their numbers', async () => {
    const bodies = [seededBytes(1, partBytes), seededBytes(2, partBytes + 1), seededBytes(3, 100)]
    const at = await begin('parts')
    // The last one first, and numbers with gaps.
    const numbers = [2, 5, 9]
    const parts: CompletedPart[] = []
    for (const index of [2, 0, 1]) parts[index] = await part(at, numbers[index] ?? 0, bodies[index] ?? new Uint8Array())
    const etag = await complete(at, parts)
    const digests = bodies.map((body) => createHash('md5').update(body).digest())
    assert.equal(etag, `"${createHash('md5').update(Buffer.concat(digests)).digest('hex')}-3"`)
    assert.ok((await bytesOf(sdk, [bucket, 'parts'])).equals(Buffer.concat(bodies)))
    const second = await send().send(new GetObjectCommand({ Bucket: bucket, Key: 'parts', PartNumber: 2 }))
    assert.deepEqual([second.PartsCount, second.ContentLength], [3, partBytes + 1])
    assert.equal(second.ContentRange, `bytes ${partBytes}-${2 * partBytes}/${2 * partBytes + 101}`)
    assert.ok(Buffer.from((await second.Body?.transformToByteArray()) ?? []).equals(bodies[1] ?? new Uint8Array()))
    await expectError(bytesOf(sdk, [bucket, 'parts'], { PartNumber: 4 }), 'InvalidPartNumber', 416)
    const range = `bytes=${partBytes - 10}-${partBytes + 9}`
    assert.ok(
      (await bytesOf(sdk, [bucket, 'parts'], { Range: range })).equals(
        Buffer.concat(bodies).subarray(partBytes - 10, partBytes + 10),
      ),
    )
    const ObjectParts = await send().send(
      new GetObjectAttributesCommand({ Bucket: bucket, Key: 'parts', ObjectAttributes: ['ObjectParts', 'ObjectSize'] }),
    )
    assert.deepEqual([ObjectParts.ObjectParts?.TotalPartsCount, ObjectParts.ObjectSize], [3, 2 * partBytes + 101])
  })

  test('a part that was uploaded again is the newer one', async () => {
    const at = await begin('again')
    await part(at, 1, Buffer.from('older'))
    const newer = await part(at, 1, Buffer.from('newer'))
    await complete(at, [newer])
    assert.equal(await textOf(sdk, [bucket, 'again']), 'newer')
  })

  test('parts are copied from objects, whole and in ranges', async () => {
    await put(sdk, [bucket, 'source'], seededBytes(4, 6 * MIB))
    const at = await begin('copied')
    const copy = async (PartNumber: number, CopySourceRange?: string): Promise<CompletedPart> => {
      const command = new UploadPartCopyCommand({ ...at, PartNumber, CopySource: `${bucket}/source`, CopySourceRange })
      return { PartNumber, ETag: (await send().send(command)).CopyPartResult?.ETag }
    }
    const parts = [await copy(1), await copy(2, `bytes=1000-${6 * MIB - 1}`), await copy(3, 'bytes=0-9')]
    await complete(at, parts)
    const source = seededBytes(4, 6 * MIB)
    const expected = Buffer.concat([source, source.subarray(1000), source.subarray(0, 10)])
    assert.ok((await bytesOf(sdk, [bucket, 'copied'])).equals(expected))
    const beyond = await begin('beyond')
    const command = new UploadPartCopyCommand({
      ...beyond,
      PartNumber: 1,
      CopySource: `${bucket}/source`,
      CopySourceRange: `bytes=0-${6 * MIB}`,
    })
    await expectError(send().send(command), 'InvalidArgument', 400)
  })

  test('parts and uploads under way are listed, by pages', async () => {
    const at = await begin('listed/one')
    await begin('listed/two')
    for (const number of [1, 2, 3]) await part(at, number, Buffer.from(`part ${number}`))
    const first = await send().send(new ListPartsCommand({ ...at, MaxParts: 2 }))
    assert.deepEqual(
      [first.IsTruncated, first.NextPartNumberMarker, first.Parts?.map(({ Size }) => Size)],
      [true, '2', [6, 6]],
    )
    const rest = await send().send(new ListPartsCommand({ ...at, PartNumberMarker: first.NextPartNumberMarker }))
    assert.deepEqual([rest.IsTruncated, rest.Parts?.map(({ PartNumber }) => PartNumber)], [false, [3]])
    const uploads = await send().send(new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: 'listed/' }))
    assert.deepEqual(
      uploads.Uploads?.map(({ Key }) => Key),
      ['listed/one', 'listed/two'],
    )
  })

  test('what cannot be completed is refused, and can be mended', async () => {
    const at = await begin('mended')
    const small = [await part(at, 1, Buffer.from('too small')), await part(at, 2, Buffer.from('last'))]
    await expectError(complete(at, small), 'EntityTooSmall', 400)
    await expectError(complete(at, small.toReversed()), 'InvalidPartOrder', 400)
    await expectError(complete(at, [{ PartNumber: 1, ETag: '"00000000000000000000000000000000"' }]), 'InvalidPart', 400)
    await expectError(complete(at, [{ PartNumber: 7, ETag: small[0]?.ETag }]), 'InvalidPart', 400)
    await expectError(complete(at, []), 'MalformedXML', 400)
    await expectError(textOf(sdk, [bucket, 'mended']), 'NoSuchKey', 404)
    const large = await part(at, 1, seededBytes(5, partBytes))
    await complete(at, [large, ...small.slice(1)])
    assert.equal((await bytesOf(sdk, [bucket, 'mended'])).length, partBytes + 4)
    const tooFar = send().send(new UploadPartCommand({ ...(await begin('far')), PartNumber: 10_001, Body: '' }))
    await expectError(tooFar, 'InvalidArgument', 400)
  })

  test('completing twice answers twice, and an aborted upload is gone', async () => {
    const at = await begin('twice')
    const parts = [await part(at, 1, Buffer.from('twice'))]
    const etag = await complete(at, parts)
    assert.equal(await complete(at, parts), etag)
    const other = await begin('aborted')
    const late = await part(other, 1, Buffer.from('late'))
    await send().send(new AbortMultipartUploadCommand(other))
    await expectError(complete(other, [late]), 'NoSuchUpload', 404)
    await expectError(send().send(new UploadPartCommand({ ...other, PartNumber: 1, Body: '' })), 'NoSuchUpload', 404)
    await expectError(textOf(sdk, [bucket, 'aborted']), 'NoSuchKey', 404)
  })

  for (const type of ['COMPOSITE', 'FULL_OBJECT'] as const) {
    test(`a checksum over all parts is ${type}`, async () => {
      const algorithm = type === 'COMPOSITE' ? 'SHA256' : 'CRC64NVME'
      const params = {
        Bucket: bucket,
        Key: type,
        Body: Buffer.from(seededBytes(6, 11 * MIB)),
        ChecksumAlgorithm: algorithm,
      } as const
      await new Upload({ client: send(), params }).done()
      const head = await send().send(new HeadObjectCommand({ Bucket: bucket, Key: type, ChecksumMode: 'ENABLED' }))
      assert.equal(head.ChecksumType, type)
      if (type === 'FULL_OBJECT') assert.match(head.ChecksumCRC64NVME ?? '', /^[\w+/]{11}=$/)
      else {
        const whole = seededBytes(6, 11 * MIB)
        const digests = [0, 1, 2].map((n) =>
          createHash('sha256')
            .update(whole.subarray(n * partBytes, (n + 1) * partBytes))
            .digest(),
        )
        assert.equal(head.ChecksumSHA256, `${createHash('sha256').update(Buffer.concat(digests)).digest('base64')}-3`)
      }
    })
  }
}
