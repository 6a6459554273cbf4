// Conformance of object lock and quotas: what is locked is not removed and its lock not weakened, in a bucket that keeps every version; and
// a bucket takes no more than its quota. Contract: src/meta/contract/version-metadata.ts, bucket-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { ChangeVersion } from '../../../src/meta/contract/version-metadata.ts'
import type { ObjectLock, VersionRow } from '../../../src/meta/contract/version-row.ts'
import { rejectsWith, sceneTests } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

async function lockable(scene: Scene): Promise<void> {
  await scene.store.changeBucket({ name: 'default', versioning: 'enabled', objectLock: true })
}

async function putLocked(scene: Scene, lock: ObjectLock): Promise<VersionRow> {
  const ref = scene.ref()
  const version = { ...scene.version([ref]), lock }
  return (await scene.put('file', { version, newData: [scene.newData(ref)] })).row
}

async function change(scene: Scene, more: Partial<ChangeVersion>): Promise<VersionRow> {
  const fixed = { bucket: 'default', key: 'file', commandId: scene.dataId(), wallMs: scene.nowMs }
  return await scene.store.changeVersion({ ...fixed, ...more })
}

export function lockTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: object lock`, () => {
    sceneTest('needs versioning, which cannot be suspended then', async ({ store }) => {
      await rejectsWith('bad-request', store.changeBucket({ name: 'default', objectLock: true }))
      await rejectsWith('bad-request', store.createBucket({ name: 'b', createdMs: 1, objectLock: true }))
      await store.createBucket({ name: 'b', createdMs: 1, objectLock: true, versioning: 'enabled' })
      await rejectsWith('bad-request', store.changeBucket({ name: 'b', versioning: 'suspended' }))
      assert.deepEqual(await store.getBucket('b'), {
        name: 'b',
        createdMs: 1,
        objectLock: true,
        versioning: 'enabled',
      })
    })

    sceneTest('a lock in a bucket without it is refused', async (scene) => {
      await rejectsWith('bad-request', putLocked(scene, { legalHold: true }))
      await scene.put('file')
      await rejectsWith('bad-request', change(scene, { legalHold: true }))
    })

    sceneTest('what is retained can be hidden, and removed once that has ended', async (scene) => {
      await lockable(scene)
      const retainUntilMs = scene.nowMs + 1_000
      const { version } = await putLocked(scene, { mode: 'compliance', retainUntilMs })
      await rejectsWith('object-locked', scene.removeVersion('file', version))
      await rejectsWith('object-locked', scene.removeVersion('file', version, { bypassGovernance: true }))
      await scene.hide('file')
      await rejectsWith('object-locked', scene.removeVersion('file', version))
      await scene.removeVersion('file', version, { wallMs: retainUntilMs })
    })

    sceneTest('governance can be bypassed, a legal hold cannot', async (scene) => {
      await lockable(scene)
      const lock = { mode: 'governance', retainUntilMs: scene.nowMs + 1_000 } as const
      const { version } = await putLocked(scene, lock)
      await rejectsWith('object-locked', scene.removeVersion('file', version))
      const held = await change(scene, { legalHold: true })
      assert.deepEqual(held.lock, { ...lock, legalHold: true })
      await rejectsWith('object-locked', scene.removeVersion('file', version, { bypassGovernance: true }))
      assert.deepEqual((await change(scene, { legalHold: false })).lock, lock)
      await scene.removeVersion('file', version, { bypassGovernance: true })
    })

    sceneTest('compliance is only prolonged; governance is changed by who may bypass it', async (scene) => {
      await lockable(scene)
      const untilMs = scene.nowMs + 1_000
      await putLocked(scene, { mode: 'governance', retainUntilMs: untilMs })
      const longer = { mode: 'governance', retainUntilMs: untilMs + 1 } as const
      assert.deepEqual((await change(scene, { retention: longer })).lock, longer)
      const compliance = { mode: 'compliance', retainUntilMs: untilMs } as const
      await rejectsWith('object-locked', change(scene, { retention: compliance }))
      await rejectsWith('object-locked', change(scene, { retention: {} }))
      await change(scene, { retention: compliance, bypassGovernance: true })
      const bypassGovernance = true
      await rejectsWith('object-locked', change(scene, { retention: {}, bypassGovernance }))
      await rejectsWith('object-locked', change(scene, { retention: longer, bypassGovernance }))
      const shorter = { ...compliance, retainUntilMs: untilMs - 1 }
      await rejectsWith('object-locked', change(scene, { retention: shorter, bypassGovernance }))
      await change(scene, { retention: { ...compliance, retainUntilMs: untilMs + 5 } })
      assert.equal((await change(scene, { retention: {}, wallMs: untilMs + 5 })).lock, undefined)
    })
  })

  describe(`${name}: quota`, () => {
    sceneTest(
      'a bucket takes no more than its quota, and what replaces something counts by what it adds',
      async (scene) => {
        const { store } = scene
        await store.changeBucket({ name: 'default', quotaBytes: 2_500 })
        await scene.put('a')
        await scene.put('b')
        await rejectsWith('quota-exceeded', scene.put('c'))
        await scene.put('b')
        await scene.setVersioning('enabled')
        await rejectsWith('quota-exceeded', scene.put('b'))
        await scene.hide('b')
        await rejectsWith('quota-exceeded', scene.put('b'))
        await scene.removeVersion('b', 'null')
        await scene.put('c')
        await store.changeBucket({ name: 'default', quotaBytes: 0 })
        assert.equal((await store.getBucket('default'))?.quotaBytes, undefined)
        await scene.put('d')
        assert.deepEqual(await store.getBucketUsage('default'), { files: 3, bytes: 3_000 })
      },
    )

    sceneTest('many at once do not pass it together', async (scene) => {
      await scene.store.changeBucket({ name: 'default', quotaBytes: 10_000 })
      const puts = Array.from({ length: 50 }, async (_, index) => await scene.put(`f${index}`).catch(() => undefined))
      assert.equal((await Promise.all(puts)).filter((done) => done !== undefined).length, 10)
    })
  })
}
