// Conformance of what is set on buckets: each kind is set, replaced, removed and found, and goes with its bucket.
// Contract: src/meta/contract/bucket-settings.ts, bucket-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { bucketSettingKinds, settingBytesMax } from '../../../src/meta/contract/bucket-settings.ts'
import { rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

export function settingTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: settings of buckets`, () => {
    sceneTest('each kind is set, replaced and removed by itself', async ({ store }) => {
      assert.deepEqual(await store.getBucketSettings('default'), {})
      for (const [index, kind] of bucketSettingKinds.entries())
        await store.setBucketSetting({ bucket: 'default', kind, value: Uint8Array.of(index) })
      const all = Object.fromEntries(bucketSettingKinds.map((kind, index) => [kind, Uint8Array.of(index)]))
      assert.deepEqual(await store.getBucketSettings('default'), all)
      await store.setBucketSetting({ bucket: 'default', kind: 'cors', value: new Uint8Array(0) })
      await store.setBucketSetting({ bucket: 'default', kind: 'acl' })
      await store.setBucketSetting({ bucket: 'default', kind: 'acl' })
      const { acl, ...rest } = all
      assert.ok(acl)
      assert.deepEqual(await store.getBucketSettings('default'), { ...rest, cors: new Uint8Array(0) })
    })

    sceneTest('buckets with one of a kind are found in order, by pages', async ({ store }) => {
      const value = Uint8Array.of(1)
      for (const bucket of ['b', 'a', 'a-b', 'c']) {
        await store.createBucket({ name: bucket, createdMs: startMs })
        await store.setBucketSetting({ bucket, kind: bucket === 'c' ? 'cors' : 'lifecycle', value })
      }
      const first = await store.listBucketSettings({ kind: 'lifecycle', limit: 2 })
      assert.deepEqual(first, [
        { bucket: 'a', value },
        { bucket: 'a-b', value },
      ])
      const next = await store.listBucketSettings({ kind: 'lifecycle', after: 'a-b', limit: 2 })
      assert.deepEqual(next, [{ bucket: 'b', value }])
    })

    sceneTest('they go with their bucket', async ({ store }) => {
      await store.createBucket({ name: 'b', createdMs: startMs })
      await store.setBucketSetting({ bucket: 'b', kind: 'policy', value: Uint8Array.of(1) })
      await store.deleteBucket({ name: 'b' })
      assert.deepEqual(await store.listBucketSettings({ kind: 'policy', limit: 10 }), [])
      await rejectsWith('bucket-not-found', store.getBucketSettings('b'))
      await rejectsWith('bucket-not-found', store.setBucketSetting({ bucket: 'b', kind: 'policy' }))
      await store.createBucket({ name: 'b', createdMs: startMs })
      assert.deepEqual(await store.getBucketSettings('b'), {})
    })

    sceneTest('one that is too long is refused', async ({ store }) => {
      const set = async (length: number): Promise<void> => {
        await store.setBucketSetting({ bucket: 'default', kind: 'policy', value: new Uint8Array(length) })
      }
      await set(settingBytesMax)
      await rejectsWith('bad-request', set(settingBytesMax + 1))
    })

    sceneTest('what every commit has to know is in the row of the bucket', async ({ store }) => {
      const row = { name: 'b', createdMs: 7, owner: 'Müller', quotaBytes: 5 }
      await store.createBucket(row)
      assert.deepEqual(await store.getBucket('b'), row)
      const changed = { ...row, versioning: 'enabled', objectLock: true, owner: 'other', quotaBytes: 2 ** 50 } as const
      assert.deepEqual(await store.changeBucket(changed), changed)
      assert.deepEqual(await store.changeBucket({ name: 'b' }), changed)
      assert.deepEqual(await store.getBucket('b'), changed)
      assert.deepEqual((await store.listBuckets())[0], changed)
      await rejectsWith('bucket-not-found', store.changeBucket({ name: 'none' }))
    })
  })
}
