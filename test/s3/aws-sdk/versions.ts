// Versions: nothing that was written is lost until it is named and deleted.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import {
  CopyObjectCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  ListObjectsV2Command,
  PutBucketVersioningCommand,
} from '@aws-sdk/client-s3'
import type { BucketVersioningStatus } from '@aws-sdk/client-s3'

import { expectError, makeBucket, put, textOf } from './client.ts'
import type { Sdk } from './client.ts'

export function versions(sdk: Sdk): void {
  let bucket: string
  const send = sdk.client
  const setVersioning = async (Status: BucketVersioningStatus): Promise<void> => {
    await send().send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration: { Status } }))
  }
  const remove = async (Key: string, VersionId?: string): Promise<{ marker: boolean; version: string }> => {
    const answer = await send().send(new DeleteObjectCommand({ Bucket: bucket, Key, VersionId }))
    return { marker: answer.DeleteMarker ?? false, version: answer.VersionId ?? '' }
  }
  /** `key version` of each row, markers with a dash before them. */
  const list = async (Prefix: string): Promise<readonly string[]> => {
    const { Versions = [], DeleteMarkers = [] } = await send().send(
      new ListObjectVersionsCommand({ Bucket: bucket, Prefix }),
    )
    return [...Versions.map((row) => `${row.VersionId}`), ...DeleteMarkers.map((row) => `-${row.VersionId}`)]
  }

  before(async () => {
    bucket = await makeBucket(sdk)
  })

  test('a bucket has none until it is told to', async () => {
    assert.equal((await send().send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status, undefined)
    assert.equal((await put(sdk, [bucket, 'early'], 'early')).version, undefined)
    await setVersioning('Enabled')
    assert.equal((await send().send(new GetBucketVersioningCommand({ Bucket: bucket }))).Status, 'Enabled')
    assert.deepEqual(await list('early'), ['null'])
  })

  test('each write makes a version that can be read, copied and deleted by its name', async () => {
    const written: string[] = []
    for (const body of ['one', 'two', 'three']) written.push((await put(sdk, [bucket, 'k'], body)).version ?? '')
    assert.equal(new Set(written).size, 3)
    assert.equal(await textOf(sdk, [bucket, 'k']), 'three')
    assert.equal(await textOf(sdk, [bucket, 'k'], { VersionId: written[0] }), 'one')
    assert.deepEqual(await list('k'), written.toReversed())
    const CopySource = `${bucket}/k?versionId=${written[0]}`
    const copied = await send().send(new CopyObjectCommand({ Bucket: bucket, Key: 'of-one', CopySource }))
    assert.equal(copied.CopySourceVersionId, written[0])
    assert.equal(await textOf(sdk, [bucket, 'of-one']), 'one')
    await remove('k', written[2])
    assert.equal(await textOf(sdk, [bucket, 'k']), 'two')
    await expectError(textOf(sdk, [bucket, 'k'], { VersionId: written[2] }), 'NoSuchVersion', 404)
  })

  test('a deletion without a version leaves a marker, whose deletion brings the object back', async () => {
    await put(sdk, [bucket, 'marked'], 'kept')
    const { marker, version } = await remove('marked')
    assert.equal(marker, true)
    await expectError(textOf(sdk, [bucket, 'marked']), 'NoSuchKey', 404)
    await expectError(textOf(sdk, [bucket, 'marked'], { VersionId: version }), 'MethodNotAllowed', 405)
    const listed = await send().send(new ListObjectsV2Command({ Bucket: bucket, Prefix: 'marked' }))
    assert.equal(listed.KeyCount, 0)
    assert.equal((await list('marked')).at(-1), `-${version}`)
    assert.deepEqual(await remove('marked', version), { marker: true, version })
    assert.equal(await textOf(sdk, [bucket, 'marked']), 'kept')
  })

  test('suspended, writes replace the null version and leave the others', async () => {
    const kept = (await put(sdk, [bucket, 'suspended'], 'kept')).version ?? ''
    await setVersioning('Suspended')
    await put(sdk, [bucket, 'suspended'], 'null once')
    await put(sdk, [bucket, 'suspended'], 'null twice')
    assert.deepEqual(await list('suspended'), ['null', kept])
    assert.equal(await textOf(sdk, [bucket, 'suspended'], { VersionId: 'null' }), 'null twice')
    assert.deepEqual(await remove('suspended'), { marker: true, version: 'null' })
    assert.deepEqual(await list('suspended'), [kept, '-null'])
    assert.equal(await textOf(sdk, [bucket, 'suspended'], { VersionId: kept }), 'kept')
    await setVersioning('Enabled')
  })

  test('versions are listed by pages that go on within a key', async () => {
    await setVersioning('Enabled')
    const written: string[] = []
    for (let index = 0; index < 5; index++)
      written.unshift((await put(sdk, [bucket, 'paged'], `${index}`)).version ?? '')
    const found: string[] = []
    let markers: { KeyMarker?: string | undefined; VersionIdMarker?: string | undefined } = {}
    for (;;) {
      const page = await send().send(
        new ListObjectVersionsCommand({ Bucket: bucket, Prefix: 'paged', MaxKeys: 2, ...markers }),
      )
      found.push(...(page.Versions ?? []).map(({ VersionId }) => VersionId ?? ''))
      if (page.IsTruncated !== true) break
      markers = { KeyMarker: page.NextKeyMarker, VersionIdMarker: page.NextVersionIdMarker }
    }
    assert.deepEqual(found, written)
  })

  test('many versions are deleted in one call', async () => {
    const { Versions = [], DeleteMarkers = [] } = await send().send(new ListObjectVersionsCommand({ Bucket: bucket }))
    const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }))
    const answer = await send().send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }))
    assert.equal(answer.Deleted?.length, Objects.length)
    assert.deepEqual(await list(''), [])
  })
}
