// What goes by itself and what is refused, over a real cluster with two master processes and a lifecycle "day" of two seconds.

import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'

import * as s3 from '@aws-sdk/client-s3'

import { defined } from '../../src/base/assert.ts'
import { FrostByteClient } from '../../src/sdk/index.ts'
import { eventually } from '../harness/eventually.ts'
import { expectError, makeBucket, put, sdkClient } from './aws-sdk/client.ts'
import type { Sdk } from './aws-sdk/client.ts'
import { openEndpoint } from './harness/endpoint.ts'
import type { OpenEndpoint } from './harness/endpoint.ts'

const maxMs = 60_000
const given = process.env['FROSTBYTE_S3_TEST_HTTP'] ?? process.env['FROSTBYTE_S3_TEST_TLS']
const skip = given === undefined ? false : 'needs a cluster of its own'

describe('buckets with rules and limits', { skip }, () => {
  let open: OpenEndpoint | undefined
  let client: s3.S3Client | undefined
  const send = (): s3.S3Client => defined(client, 'the client was made')
  const sdk: Sdk = { endpoint: () => defined(open, 'it is open').endpoint, client: send }

  before(async () => {
    open = await openEndpoint('http', 2, { args: ['--s3-lifecycle-day', '2s'] })
    client = sdkClient(open.endpoint)
  })
  after(async () => {
    client?.destroy()
    await open?.close()
  })

  function rest(): FrostByteClient {
    const { accessKey: user, secretKey: password } = sdk.endpoint()
    return new FrostByteClient({ url: defined(open?.up, 'a cluster').url, user, password })
  }

  async function versions(Bucket: string): Promise<readonly string[]> {
    const page = await send().send(new s3.ListObjectVersionsCommand({ Bucket }))
    const markers = page.DeleteMarkers ?? []
    return [...(page.Versions ?? []).map(({ Key }) => `${Key}`), ...markers.map(({ Key }) => `[${Key}]`)].toSorted()
  }

  async function until(Bucket: string, wanted: readonly string[]): Promise<void> {
    await eventually(`the versions ${wanted.join(' ')}`, maxMs, async () => {
      const found = await versions(Bucket)
      return found.join(' ') === wanted.join(' ') ? found : undefined
    })
  }

  async function setRules(Bucket: string, Rules: s3.LifecycleRule[]): Promise<void> {
    const LifecycleConfiguration = { Rules: Rules.map((rule) => ({ Filter: { Prefix: '' }, ...rule })) }
    await send().send(new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration }))
  }

  test('objects expire by prefix, tag and size, and others stay', async () => {
    const Bucket = await makeBucket(sdk)
    await put(sdk, [Bucket, 'tmp/a'], 'a')
    await put(sdk, [Bucket, 'tagged'], 'a', { Tagging: 'keep=no' })
    await put(sdk, [Bucket, 'untagged'], 'a')
    await put(sdk, [Bucket, 'large'], 'x'.repeat(20_000))
    await put(sdk, [Bucket, 'keep/large'], 'x'.repeat(10_000))
    await setRules(Bucket, [
      { ID: 'tmp', Status: 'Enabled', Filter: { Prefix: 'tmp/' }, Expiration: { Days: 1 } },
      { ID: 'tag', Status: 'Enabled', Filter: { Tag: { Key: 'keep', Value: 'no' } }, Expiration: { Days: 1 } },
      { ID: 'size', Status: 'Enabled', Filter: { ObjectSizeGreaterThan: 10_000 }, Expiration: { Days: 1 } },
    ])
    await until(Bucket, ['keep/large', 'untagged'])
    const { Expiration } = await send().send(new s3.PutObjectCommand({ Bucket, Key: 'tmp/b', Body: 'b' }))
    assert.match(Expiration ?? '', /^expiry-date="[^"]+ GMT", rule-id="tmp"$/)
    await until(Bucket, ['keep/large', 'untagged'])
  })

  test('versions, markers and unfinished uploads go; what is locked stays', async () => {
    const Bucket = await makeBucket(sdk, { ObjectLockEnabledForBucket: true })
    for (const key of ['a', 'a', 'held']) await put(sdk, [Bucket, key], 'x')
    const LegalHold = { Status: 'ON' } as const
    await send().send(new s3.PutObjectLegalHoldCommand({ Bucket, Key: 'held', LegalHold }))
    await send().send(new s3.DeleteObjectCommand({ Bucket, Key: 'held' }))
    await send().send(new s3.CreateMultipartUploadCommand({ Bucket, Key: 'unfinished' }))
    await setRules(Bucket, [
      { ID: 'old', Status: 'Enabled', NoncurrentVersionExpiration: { NoncurrentDays: 1 } },
      { ID: 'markers', Status: 'Enabled', Expiration: { ExpiredObjectDeleteMarker: true } },
      { ID: 'parts', Status: 'Enabled', AbortIncompleteMultipartUpload: { DaysAfterInitiation: 1 } },
    ])
    await until(Bucket, ['[held]', 'a', 'held'])
    await eventually('no unfinished upload', maxMs, async () => {
      const { Uploads = [] } = await send().send(new s3.ListMultipartUploadsCommand({ Bucket }))
      return Uploads.length === 0 ? true : undefined
    })
    await send().send(
      new s3.PutObjectLegalHoldCommand({
        Bucket,
        Key: 'held',
        LegalHold: { Status: 'OFF' },
        VersionId: await heldVersion(Bucket),
      }),
    )
    await until(Bucket, ['a'])
  })

  async function heldVersion(Bucket: string): Promise<string> {
    const { Versions = [] } = await send().send(new s3.ListObjectVersionsCommand({ Bucket, Prefix: 'held' }))
    return defined(Versions[0]?.VersionId, 'the version that is held')
  }

  test('a bucket and a user are held to their quotas, through both faces', async () => {
    const Bucket = await makeBucket(sdk)
    await rest().changeBucket(Bucket, { quotaBytes: 100_000 })
    await put(sdk, [Bucket, 'a'], new Uint8Array(90_000))
    await expectError(put(sdk, [Bucket, 'b'], new Uint8Array(20_000)), 'QuotaExceeded', 403)
    await assert.rejects(rest().upload('b', new Uint8Array(20_000), { bucket: Bucket }), { code: 'quota-exceeded' })
    await put(sdk, [Bucket, 'a'], new Uint8Array(80_000))
    await put(sdk, [Bucket, 'b'], new Uint8Array(20_000))

    const owner = 'quota-user'
    await rest().access.createUser({ name: owner, quotaBytes: 50_000 })
    await rest().changeBucket(Bucket, { owner, quotaBytes: 0 })
    await expectError(put(sdk, [Bucket, 'c'], 'c'), 'QuotaExceeded', 403)
    await send().send(new s3.DeleteObjectCommand({ Bucket, Key: 'a' }))
    await eventually('room for what was deleted', maxMs, async () => await put(sdk, [Bucket, 'c'], 'c'))
    const { usedBytes } = await rest().access.getUser(owner)
    assert.equal(usedBytes, 20_001)
  })
})
