// Listings: every key once and in order, whatever the pages, prefixes and delimiters.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import { ListObjectsCommand, ListObjectsV2Command, paginateListObjectsV2 } from '@aws-sdk/client-s3'
import type { ListObjectsV2CommandInput } from '@aws-sdk/client-s3'

import { expectError, makeBucket, put } from './client.ts'
import type { Sdk } from './client.ts'

const keys = [
  ...Array.from({ length: 25 }, (_, index) => `photos/2026/${String(index).padStart(2, '0')}.jpg`),
  'photos/2027/a b.jpg',
  'photos/cover',
  'photos-of/others',
  'ä/ö',
  '+plus/%25',
  'z',
].toSorted((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other)))

export function listings(sdk: Sdk): void {
  let bucket: string
  before(async () => {
    bucket = await makeBucket(sdk)
    await Promise.all(keys.map(async (key) => await put(sdk, [bucket, key], key)))
  })

  const page = async (
    asked: Omit<ListObjectsV2CommandInput, 'Bucket'>,
  ): Promise<readonly [readonly string[], readonly string[]]> => {
    const {
      Contents = [],
      CommonPrefixes = [],
      KeyCount,
    } = await sdk.client().send(new ListObjectsV2Command({ Bucket: bucket, ...asked }))
    assert.equal(KeyCount, Contents.length + CommonPrefixes.length)
    return [Contents.flatMap(({ Key }) => Key ?? []), CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? [])]
  }

  test('pages of any size give every key once, in the order of their bytes', async () => {
    for (const MaxKeys of [1, 2, 7, keys.length - 1, keys.length, keys.length + 1, 1000]) {
      const found: string[] = []
      let pages = 0
      for await (const { Contents = [], IsTruncated, MaxKeys: told } of paginateListObjectsV2(
        { client: sdk.client() },
        { Bucket: bucket, MaxKeys },
      )) {
        found.push(...Contents.flatMap(({ Key }) => Key ?? []))
        assert.equal(told, MaxKeys)
        assert.equal(IsTruncated, found.length < keys.length, 'exact truncation')
        pages++
      }
      assert.deepEqual(found, keys)
      assert.equal(pages, Math.ceil(keys.length / MaxKeys))
    }
  })

  test('a delimiter folds what lies below, and each fold counts as one', async () => {
    assert.deepEqual(await page({ Delimiter: '/' }), [['z'], ['+plus/', 'photos-of/', 'photos/', 'ä/']])
    assert.deepEqual(await page({ Delimiter: '/', Prefix: 'photos/' }), [
      ['photos/cover'],
      ['photos/2026/', 'photos/2027/'],
    ])
    assert.deepEqual(await page({ Delimiter: '/', Prefix: 'photos' }), [[], ['photos-of/', 'photos/']])
    assert.deepEqual(await page({ Delimiter: '202', Prefix: 'photos/' }), [['photos/cover'], ['photos/202']])
    const folds: string[] = []
    let token: string | undefined
    do {
      const asked = { Bucket: bucket, Delimiter: '/', MaxKeys: 1, ContinuationToken: token }
      const {
        CommonPrefixes = [],
        Contents = [],
        NextContinuationToken,
      } = await sdk.client().send(new ListObjectsV2Command(asked))
      folds.push(...CommonPrefixes.flatMap(({ Prefix }) => Prefix ?? []), ...Contents.flatMap(({ Key }) => Key ?? []))
      token = NextContinuationToken
    } while (token !== undefined)
    assert.deepEqual(folds, ['+plus/', 'photos-of/', 'photos/', 'z', 'ä/'])
  })

  test('a listing begins after a key, also one that is not there', async () => {
    assert.deepEqual(await page({ StartAfter: 'photos/2026/23.jpg', Prefix: 'photos/2026' }), [
      ['photos/2026/24.jpg'],
      [],
    ])
    assert.deepEqual((await page({ StartAfter: 'photos/2026/235', MaxKeys: 1 }))[0], ['photos/2026/24.jpg'])
    assert.deepEqual(await page({ MaxKeys: 0 }), [[], []])
    assert.deepEqual(await page({ Prefix: 'none' }), [[], []])
  })

  test('rows tell sizes, ETags, times and, when asked, owners', async () => {
    const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: 'z', FetchOwner: true })
    const [row] = (await sdk.client().send(command)).Contents ?? []
    assert.deepEqual([row?.Size, row?.ETag, row?.StorageClass], [1, '"fbade9e36a3f36d3d676c1b808451dd7"', 'STANDARD'])
    assert.ok(Math.abs((row?.LastModified?.getTime() ?? 0) - Date.now()) < 600_000)
    assert.ok((row?.Owner?.ID ?? '') !== '')
  })

  test('the first version of the listing goes on after markers', async () => {
    const found: string[] = []
    let Marker: string | undefined
    do {
      const { Contents = [], IsTruncated } = await sdk
        .client()
        .send(new ListObjectsCommand({ Bucket: bucket, MaxKeys: 4, Marker }))
      found.push(...Contents.flatMap(({ Key }) => Key ?? []))
      Marker = IsTruncated === true ? found.at(-1) : undefined
    } while (Marker !== undefined)
    assert.deepEqual(found, keys)
    const folded = await sdk.client().send(new ListObjectsCommand({ Bucket: bucket, Delimiter: '/', MaxKeys: 3 }))
    assert.equal(folded.NextMarker, 'photos/')
  })

  test('what cannot be is refused', async () => {
    const wrong = new ListObjectsV2Command({ Bucket: bucket, ContinuationToken: 'not one of ours !' })
    await expectError(sdk.client().send(wrong), 'InvalidArgument', 400)
    await expectError(
      sdk.client().send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: -1 })),
      'InvalidArgument',
      400,
    )
    await expectError(
      sdk.client().send(new ListObjectsV2Command({ Bucket: 'sdk-no-such-bucket' })),
      'NoSuchBucket',
      404,
    )
  })
}
