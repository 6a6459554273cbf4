// Writes and deletions under conditions: who loses is told, and nothing has changed.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import {
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  UploadPartCommand,
} from '@aws-sdk/client-s3'

import { expectError, makeBucket, put, textOf } from './client.ts'
import type { Sdk } from './client.ts'

export function conditionalWrites(sdk: Sdk): void {
  let bucket: string
  before(async () => {
    bucket = await makeBucket(sdk)
  })

  test('a put with If-None-Match: * makes an object only once', async () => {
    await put(sdk, [bucket, 'once'], 'first', { IfNoneMatch: '*' })
    await expectError(put(sdk, [bucket, 'once'], 'second', { IfNoneMatch: '*' }), 'PreconditionFailed', 412)
    assert.equal(await textOf(sdk, [bucket, 'once']), 'first')
  })

  test('a put with If-Match replaces only what it knows', async () => {
    const { etag } = await put(sdk, [bucket, 'known'], 'first')
    await put(sdk, [bucket, 'known'], 'second', { IfMatch: etag })
    await expectError(put(sdk, [bucket, 'known'], 'third', { IfMatch: etag }), 'PreconditionFailed', 412)
    assert.equal(await textOf(sdk, [bucket, 'known']), 'second')
    await expectError(put(sdk, [bucket, 'unknown'], 'first', { IfMatch: etag }), 'NoSuchKey', 404)
  })

  test('an upload in parts is completed under the same conditions', async () => {
    const complete = async (key: string, conditions: { IfMatch?: string; IfNoneMatch?: string }): Promise<unknown> => {
      const at = { Bucket: bucket, Key: key }
      const { UploadId } = await sdk.client().send(new CreateMultipartUploadCommand(at))
      const part = { ...at, UploadId, PartNumber: 1 }
      const { ETag } = await sdk.client().send(new UploadPartCommand({ ...part, Body: 'in parts' }))
      const MultipartUpload = { Parts: [{ ETag, PartNumber: 1 }] }
      return await sdk
        .client()
        .send(new CompleteMultipartUploadCommand({ ...at, UploadId, MultipartUpload, ...conditions }))
    }
    await complete('parts', { IfNoneMatch: '*' })
    assert.equal(await textOf(sdk, [bucket, 'parts']), 'in parts')
    await expectError(complete('parts', { IfNoneMatch: '*' }), 'PreconditionFailed', 412)
    await expectError(complete('parts', { IfMatch: '"other"' }), 'PreconditionFailed', 412)
  })

  test('a deletion with If-Match deletes only what it knows', async () => {
    const { etag } = await put(sdk, [bucket, 'kept'], 'kept')
    const remove = (IfMatch: string): DeleteObjectCommand =>
      new DeleteObjectCommand({ Bucket: bucket, Key: 'kept', IfMatch })
    await expectError(sdk.client().send(remove('"other"')), 'PreconditionFailed', 412)
    assert.equal(await textOf(sdk, [bucket, 'kept']), 'kept')
    await sdk.client().send(remove(etag))
    await expectError(textOf(sdk, [bucket, 'kept']), 'NoSuchKey', 404)
  })
}
