// Conformance of buckets: `default` is there, names are taken once, only empty buckets go (kept versions and delete markers count),
// their files do not mix, and usage adds up through commits and deletes. Contract: src/meta/contract/bucket-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

export function bucketTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: buckets`, () => {
    sceneTest('the bucket default is there from the start', async ({ store }) => {
      assert.deepEqual(await store.listBuckets(), [{ name: 'default', createdMs: startMs }])
      assert.deepEqual(await store.getBucket('default'), { name: 'default', createdMs: startMs })
    })

    sceneTest('buckets are made once, and listed in byte order', async ({ store }) => {
      for (const bucket of ['b', 'a-b', 'a', 'a.b']) await store.createBucket({ name: bucket, createdMs: startMs + 1 })
      await rejectsWith('bucket-exists', store.createBucket({ name: 'a', createdMs: startMs + 2 }))
      assert.deepEqual(
        (await store.listBuckets()).map((row) => row.name),
        ['a', 'a-b', 'a.b', 'b', 'default'],
      )
      assert.equal((await store.getBucket('a'))?.createdMs, startMs + 1)
    })

    sceneTest('a bucket is deleted when it is empty, and not before', async (scene) => {
      const { store } = scene
      await store.createBucket({ name: 'other', createdMs: startMs })
      await scene.put('file', { bucket: 'other' })
      await rejectsWith('bucket-not-empty', store.deleteBucket({ name: 'other' }))
      await scene.remove('file', 'other')
      await store.deleteBucket({ name: 'other' })
      assert.equal(await store.getBucket('other'), undefined)
      await rejectsWith('bucket-not-found', store.deleteBucket({ name: 'other' }))
    })

    sceneTest('a bucket that holds kept versions or delete markers alone is not empty', async (scene) => {
      const { store } = scene
      await store.createBucket({ name: 'other', createdMs: startMs })
      await scene.setVersioning('enabled', 'other')
      const marker = await scene.hide('gone', { bucket: 'other' })
      await rejectsWith('bucket-not-empty', store.deleteBucket({ name: 'other' }))
      await scene.put('gone', { bucket: 'other' })
      await scene.removeVersion('gone', marker.version, { bucket: 'other' })
      await rejectsWith('bucket-not-empty', store.deleteBucket({ name: 'other' }))
    })

    sceneTest('files of one bucket are not those of another', async (scene) => {
      const { store } = scene
      await store.createBucket({ name: 'default2', createdMs: startMs })
      await scene.put('a')
      await scene.put('b', { bucket: 'default2' })
      assert.deepEqual(await scene.names(), ['a'])
      assert.equal(await store.getHead('default', 'b'), undefined)
      assert.notEqual(await store.getHead('default2', 'b'), undefined)
    })

    sceneTest('whatever names an unknown bucket says so', async (scene) => {
      const { store } = scene
      await rejectsWith('bucket-not-found', store.getHead('none', 'a'))
      await rejectsWith('bucket-not-found', store.list({ bucket: 'none', limit: 1 }))
      await rejectsWith('bucket-not-found', store.listNames({ bucket: 'none', limit: 1 }))
      await rejectsWith('bucket-not-found', store.getBucketUsage('none'))
      await rejectsWith('bucket-not-found', scene.put('a', { bucket: 'none' }))
      await rejectsWith('bucket-not-found', scene.remove('a', 'none'))
    })

    sceneTest('usage counts the files and bytes that are there', async (scene) => {
      const { store } = scene
      assert.deepEqual(await store.getBucketUsage('default'), { files: 0, bytes: 0 })
      await scene.put('a')
      await scene.put('b')
      await scene.put('b')
      assert.deepEqual(await store.getBucketUsage('default'), { files: 2, bytes: 2_000 })
      await scene.setVersioning('enabled')
      const { row } = await scene.put('b')
      assert.deepEqual(await store.getBucketUsage('default'), { files: 2, bytes: 3_000 })
      await scene.removeVersion('b', row.version)
      assert.deepEqual(await store.getBucketUsage('default'), { files: 2, bytes: 2_000 })
      const marker = await scene.hide('b')
      assert.deepEqual(await store.getBucketUsage('default'), { files: 1, bytes: 2_000 })
      await scene.removeVersion('b', 'null')
      assert.deepEqual(await store.getBucketUsage('default'), { files: 1, bytes: 1_000 })
      await scene.removeVersion('b', marker.version)
      await scene.removeVersion('a', 'null')
      assert.deepEqual(await store.getBucketUsage('default'), { files: 0, bytes: 0 })
    })
  })
}
