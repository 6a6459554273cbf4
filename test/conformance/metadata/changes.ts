// Conformance of the change log: one record for each mutation that changed anything, none for those that did not, numbered without
// gaps under load too, and trimmed from its old end only. Contract: src/meta/contract/change-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

export function changeTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: change log`, () => {
    sceneTest('every mutation that changed something has one record, in order and without gaps', async (scene) => {
      const { store } = scene
      const start = (await store.visibleSequence()) - 1
      const one = await scene.put('file')
      const two = await scene.put('file')
      await scene.remove('file')
      await scene.remove('file')
      await store.createBucket({ name: 'b', createdMs: 1 })
      const records = await store.listChanges({ after: start, limit: 10 })
      assert.deepEqual(records, [
        { sequence: start + 1, change: { kind: 'version', bucket: 'default', key: 'file', version: one.row.version } },
        {
          sequence: start + 2,
          change: {
            kind: 'version',
            bucket: 'default',
            key: 'file',
            version: two.row.version,
            replaced: one.row.version,
          },
        },
        { sequence: start + 3, change: { kind: 'version', bucket: 'default', key: 'file', replaced: two.row.version } },
        { sequence: start + 4, change: { kind: 'bucket', bucket: 'b' } },
      ])
      assert.equal(await store.visibleSequence(), start + 5)
      assert.deepEqual(await store.listChanges({ after: start + 3, limit: 1 }), records.slice(3))
    })

    sceneTest('records under load have no gaps either', async (scene) => {
      const start = (await scene.store.visibleSequence()) - 1
      await Promise.all(Array.from({ length: 200 }, (_, index) => scene.put(`file-${index % 50}`)))
      const records = await scene.store.listChanges({ after: start, limit: 1_000 })
      assert.deepEqual(
        records.map((record) => record.sequence),
        Array.from({ length: 200 }, (_, index) => start + 1 + index),
      )
    })

    sceneTest(
      'the cause of a change stands in its record, with what the commit knows of the version',
      async (scene) => {
        const { store } = scene
        const cause = {
          event: 's3:ObjectCreated:Put',
          notices: [
            { target: 'hook', configuration: 'all' },
            { target: 'hook', configuration: 'gone', marker: true as const },
          ],
          atMs: startMs,
          requestId: 'r',
          address: '::1',
          principal: 'p',
          bucketOwner: 'o',
        }
        const start = (await store.visibleSequence()) - 1
        const { row } = await scene.put('file', { cause })
        await store.deleteKey(scene.deletion('file', { cause }))
        await store.changeBucket({ name: 'default', versioning: 'enabled' })
        const { marker } = await store.deleteKey(scene.deletion('file', { cause }))
        const records = await store.listChanges({ after: start, limit: 10 })
        const causes = records.flatMap(({ change }) => (change.kind === 'version' ? [change.cause] : []))
        const { sizeBytes } = row
        assert.deepEqual(causes, [
          { ...cause, sizeBytes, etag: row.version },
          { ...cause, sizeBytes, etag: row.version },
          { ...cause, sizeBytes: 0, etag: marker?.version, versioned: true },
        ])
      },
    )

    sceneTest('what a follower has not come to is not trimmed', async (scene) => {
      const { store } = scene
      for (const key of ['a', 'b', 'c', 'd']) await scene.put(key)
      const next = await store.visibleSequence()
      await store.putFollower({ name: 'events', sequence: next - 3 })
      await store.putFollower({ name: 'events', sequence: next - 4 })
      await store.putFollower({ name: 'other', sequence: next - 1 })
      assert.deepEqual(await store.listFollowers(), [
        { name: 'events', sequence: next - 3 },
        { name: 'other', sequence: next - 1 },
      ])
      assert.equal(await store.visibleSequence(), next)
      await store.trimChanges({ through: next - 1 })
      const kept = async (): Promise<readonly number[]> =>
        (await store.listChanges({ after: 0, limit: 1_000 })).map((record) => record.sequence)
      assert.deepEqual(await kept(), [next - 2, next - 1])
      await store.putFollower({ name: 'events' })
      await store.putFollower({ name: 'events' })
      await store.trimChanges({ through: next - 1 })
      assert.deepEqual(await kept(), [])
    })

    sceneTest('old records are trimmed, and trimming leaves no record', async (scene) => {
      const { store } = scene
      await scene.put('a')
      await scene.put('b')
      const next = await store.visibleSequence()
      const count = (await store.listChanges({ after: 0, limit: 1_000 })).length
      assert.equal(await store.trimChanges({ through: next - 2 }), count - 1)
      assert.equal(await store.trimChanges({ through: next - 2 }), 0)
      const left = await store.listChanges({ after: 0, limit: 10 })
      assert.deepEqual(
        left.map((record) => record.sequence),
        [next - 1],
      )
      assert.equal(await store.visibleSequence(), next)
    })
  })
}
