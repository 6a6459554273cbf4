// Encryption at the server: with its own keys, with a key that each request brings, and with a key of its key ring.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { before, test } from 'node:test'

import { CopyObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3'

import { MIB } from '../../../src/base/units.ts'
import { seededBytes } from '../../harness/file-client.ts'
import { bytesOf, expectError, makeBucket, put } from './client.ts'
import type { Sdk } from './client.ts'

function customerKey(seed: number): {
  SSECustomerAlgorithm: string
  SSECustomerKey: string
  SSECustomerKeyMD5: string
} {
  const key = Buffer.from(seededBytes(seed, 32))
  const md5 = createHash('md5').update(key).digest('base64')
  return { SSECustomerAlgorithm: 'AES256', SSECustomerKey: key.toString('base64'), SSECustomerKeyMD5: md5 }
}

export function encryption(sdk: Sdk): void {
  let bucket: string
  const body = seededBytes(31, 3 * MIB + 77)
  before(async () => {
    bucket = await makeBucket(sdk)
  })

  test('with keys of the server', async () => {
    await put(sdk, [bucket, 'sse-s3'], body, { ServerSideEncryption: 'AES256' })
    const head = await sdk.client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'sse-s3' }))
    assert.equal(head.ServerSideEncryption, 'AES256')
    assert.equal(head.ContentLength, body.length)
    assert.ok((await bytesOf(sdk, [bucket, 'sse-s3'])).equals(body))
    const range = { Range: 'bytes=65530-200000' }
    assert.ok((await bytesOf(sdk, [bucket, 'sse-s3'], range)).equals(body.subarray(65_530, 200_001)))
  })

  test('with a key that comes with each request, over TLS only', async () => {
    const key = customerKey(1)
    if (sdk.endpoint().caFile === undefined) {
      await expectError(put(sdk, [bucket, 'sse-c'], body, key), 'InvalidRequest', 400)
      return
    }
    await put(sdk, [bucket, 'sse-c'], body, key)
    assert.ok((await bytesOf(sdk, [bucket, 'sse-c'], key)).equals(body))
    const range = { Range: 'bytes=100000-100099', ...key }
    assert.ok((await bytesOf(sdk, [bucket, 'sse-c'], range)).equals(body.subarray(100_000, 100_100)))
    await expectError(bytesOf(sdk, [bucket, 'sse-c']), 'InvalidRequest', 400)
    await expectError(bytesOf(sdk, [bucket, 'sse-c'], customerKey(2)), 'AccessDenied', 403)
    const CopySource = `${bucket}/sse-c`
    const source = {
      CopySourceSSECustomerAlgorithm: key.SSECustomerAlgorithm,
      CopySourceSSECustomerKey: key.SSECustomerKey,
      CopySourceSSECustomerKeyMD5: key.SSECustomerKeyMD5,
    }
    const target = { Bucket: bucket, Key: 'sse-c-copy' }
    await sdk.client().send(new CopyObjectCommand({ ...target, CopySource, ...source, ...customerKey(3) }))
    assert.ok((await bytesOf(sdk, [bucket, 'sse-c-copy'], customerKey(3))).equals(body))
  })

  test('with a key of the key ring', async () => {
    await put(sdk, [bucket, 'sse-kms'], body, { ServerSideEncryption: 'aws:kms' })
    const head = await sdk.client().send(new HeadObjectCommand({ Bucket: bucket, Key: 'sse-kms' }))
    assert.equal(head.ServerSideEncryption, 'aws:kms')
    assert.ok((head.SSEKMSKeyId ?? '') !== '')
    assert.ok((await bytesOf(sdk, [bucket, 'sse-kms'])).equals(body))
  })
}
