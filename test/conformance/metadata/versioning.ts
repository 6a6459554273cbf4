// Conformance of versioning: what becomes of a key's versions in buckets that never had it, have it, and have it suspended; removing and
// changing one version; and that there is never more than one null version. Contract: src/meta/contract/version-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { VersionRow } from '../../../src/meta/contract/version-row.ts'
import { present, processId, rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

/** All versions of a key, newest first. */
async function versionsOf(scene: Scene, key = 'file'): Promise<readonly string[]> {
  const { entries } = await scene.store.listVersions({ bucket: 'default', limit: 1_000 })
  return entries
    .filter((entry) => entry.key === key)
    .map(({ version, isVersioned, isMarker }) => `${isMarker ? 'marker ' : ''}${isVersioned ? version : 'null'}`)
}

async function isLive(scene: Scene, row: VersionRow): Promise<boolean> {
  return (await scene.store.getDataRow(present(row.extents[0])))?.state === 'live'
}

export function versioningTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: versioning`, () => {
    sceneTest('a bucket that never had it keeps one version of a key', async (scene) => {
      const one = await scene.put('file')
      const two = await scene.put('file')
      assert.deepEqual(await versionsOf(scene), ['null'])
      assert.equal(await isLive(scene, one.row), false)
      assert.deepEqual(await scene.store.getVersion('default', 'file', 'null'), two.row)
      assert.deepEqual(await scene.store.deleteKey(scene.deletion('file')), { removed: two.row })
      assert.deepEqual(await versionsOf(scene), [])
      assert.deepEqual(await scene.store.deleteKey(scene.deletion('file')), {})
    })

    sceneTest('with it every version is kept, has an id of its own, and is found by it', async (scene) => {
      const first = await scene.put('file')
      await scene.setVersioning('enabled')
      const two = await scene.put('file')
      const three = await scene.put('file')
      assert.deepEqual(await versionsOf(scene), [three.row.version, two.row.version, 'null'])
      assert.equal(three.row.versioned, true)
      for (const { row } of [first, two, three]) {
        assert.deepEqual(await scene.store.getVersion('default', 'file', row.version), row)
        assert.ok(await isLive(scene, row))
      }
      assert.deepEqual(await scene.store.getVersion('default', 'file', 'null'), first.row)
      assert.deepEqual(await scene.store.getHead('default', 'file'), three.row)
      assert.equal(await scene.store.getVersion('default', 'other', two.row.version), undefined)
      assert.equal(await scene.store.getVersion('default', 'file', scene.versionId()), undefined)
      assert.deepEqual(await scene.names(), ['file'])
    })

    sceneTest('with it a delete puts a marker on top, also of another marker and of nothing', async (scene) => {
      await scene.setVersioning('enabled')
      const { row } = await scene.put('file')
      const command = scene.deletion('file')
      const deleted = await scene.store.deleteKey(command)
      const marker = present(deleted.marker)
      assert.deepEqual(deleted, { marker, hidden: row })
      assert.equal(marker.versioned, true)
      assert.deepEqual(await scene.store.getHead('default', 'file'), marker)
      assert.deepEqual(await scene.names(), [])
      const again = await scene.hide('file')
      assert.deepEqual(await versionsOf(scene), [`marker ${again.version}`, `marker ${marker.version}`, row.version])
      assert.deepEqual(await scene.store.deleteKey(command), deleted)
      const lone = await scene.hide('none')
      assert.deepEqual(await versionsOf(scene, 'none'), [`marker ${lone.version}`])
      assert.ok(await isLive(scene, row))
    })

    sceneTest('a delete marker counts as absent', async (scene) => {
      await scene.setVersioning('enabled')
      await scene.put('file')
      await rejectsWith('precondition-failed', scene.put('file', { condition: { kind: 'if-absent' } }))
      await scene.hide('file')
      await rejectsWith('precondition-failed', scene.put('file', { condition: { kind: 'if-present' } }))
      const { row } = await scene.put('file', { condition: { kind: 'if-absent' } })
      assert.equal(row.sequence, 3)
      assert.deepEqual(await scene.names(), ['file'])
    })

    sceneTest('suspended, a new version takes the place of the null version, wherever it lies', async (scene) => {
      const first = await scene.put('file')
      await scene.setVersioning('enabled')
      const two = await scene.put('file')
      const three = await scene.put('file')
      await scene.setVersioning('suspended')
      const four = await scene.put('file')
      assert.equal(four.row.versioned, undefined)
      assert.deepEqual(await versionsOf(scene), ['null', three.row.version, two.row.version])
      assert.equal(await isLive(scene, first.row), false)
      const five = await scene.put('file')
      assert.deepEqual(await versionsOf(scene), ['null', three.row.version, two.row.version])
      assert.equal(await isLive(scene, four.row), false)
      await scene.setVersioning('enabled')
      const six = await scene.put('file')
      assert.deepEqual(await versionsOf(scene), [six.row.version, 'null', three.row.version, two.row.version])
      assert.deepEqual(await scene.store.getVersion('default', 'file', 'null'), five.row)
      assert.deepEqual(await scene.store.getBucketUsage('default'), { files: 1, bytes: 4_000 })
    })

    sceneTest('suspended, a delete marker takes the place of the null version', async (scene) => {
      await scene.setVersioning('enabled')
      const one = await scene.put('file')
      await scene.setVersioning('suspended')
      const two = await scene.put('file')
      const deleted = await scene.store.deleteKey(scene.deletion('file'))
      assert.deepEqual(deleted, { marker: deleted.marker, removed: two.row })
      assert.deepEqual(await versionsOf(scene), ['marker null', one.row.version])
      assert.equal(await isLive(scene, two.row), false)
      await scene.setVersioning('enabled')
      const three = await scene.put('file')
      await scene.setVersioning('suspended')
      const again = await scene.store.deleteKey(scene.deletion('file'))
      assert.deepEqual(again, { marker: again.marker, removed: deleted.marker, hidden: three.row })
      assert.deepEqual(await versionsOf(scene), ['marker null', three.row.version, one.row.version])
      assert.deepEqual(await scene.store.getVersion('default', 'file', 'null'), again.marker)
    })

    sceneTest('kept versions of keys with zero bytes do not mix', async (scene) => {
      await scene.put('a')
      await scene.put('a\u0000')
      await scene.setVersioning('enabled')
      await scene.put('a')
      const second = await scene.put('a\u0000')
      await scene.removeVersion('a\u0000', 'null')
      assert.deepEqual(await versionsOf(scene, 'a\u0000'), [second.row.version])
      assert.equal((await versionsOf(scene, 'a')).length, 2)
    })

    sceneTest(
      'a repeat of a commit finds the version as it was made, whatever the bucket says since',
      async (scene) => {
        await scene.setVersioning('enabled')
        const command = scene.upload('file')
        const first = await scene.store.commitVersion(command)
        await scene.setVersioning('suspended')
        assert.deepEqual(await scene.store.commitVersion(command), { row: first.row })
        assert.deepEqual(await versionsOf(scene), [first.row.version])
      },
    )

    sceneTest('a hundred uploads of one key in a suspended bucket leave one null version', async (scene) => {
      await scene.setVersioning('enabled')
      const one = await scene.put('file')
      await scene.setVersioning('suspended')
      await Promise.all(Array.from({ length: 100 }, () => scene.put('file')))
      assert.deepEqual(await versionsOf(scene), ['null', one.row.version])
      assert.deepEqual(await scene.store.getBucketUsage('default'), { files: 1, bytes: 2_000 })
    })
  })

  describe(`${name}: removing one version`, () => {
    sceneTest('it is gone, and the newest of those left is the newest', async (scene) => {
      const one = await scene.put('file')
      await scene.setVersioning('enabled')
      const two = await scene.put('file')
      const marker = await scene.hide('file')
      const four = await scene.put('file')
      assert.deepEqual(await scene.removeVersion('file', two.row.version), two.row)
      assert.equal(await isLive(scene, two.row), false)
      assert.deepEqual(await scene.removeVersion('file', four.row.version), four.row)
      assert.deepEqual(await scene.store.getHead('default', 'file'), marker)
      assert.deepEqual(await scene.names(), [])
      assert.deepEqual(await scene.removeVersion('file', marker.version), marker)
      assert.deepEqual(await scene.store.getHead('default', 'file'), one.row)
      assert.deepEqual(await scene.names(), ['file'])
      assert.deepEqual(await scene.removeVersion('file', 'null'), one.row)
      assert.equal(await scene.removeVersion('file', 'null'), undefined)
      assert.deepEqual(await versionsOf(scene), [])
    })

    sceneTest('a repeat gives the first answer, and removes nothing more', async (scene) => {
      const one = await scene.put('file')
      await scene.setVersioning('suspended')
      const command = scene.removal('file', 'null')
      assert.deepEqual(await scene.store.deleteVersion(command), one.row)
      const two = await scene.put('file')
      assert.deepEqual(await scene.store.deleteVersion(command), one.row)
      assert.deepEqual(await scene.store.getHead('default', 'file'), two.row)
    })

    sceneTest('a command below the horizon is refused', async (scene) => {
      const { row } = await scene.put('file')
      const command = scene.removal('file', row.version)
      const change = { bucket: 'default', key: 'file', commandId: scene.dataId(), wallMs: startMs, tags: {} }
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1)
      await rejectsWith('upload-expired', scene.store.deleteVersion(command))
      await rejectsWith('upload-expired', scene.store.changeVersion(change))
    })

    sceneTest('conditions are those of the version itself', async (scene) => {
      await scene.setVersioning('enabled')
      const one = await scene.put('file')
      await scene.put('file')
      const onOne = async (etag: string): Promise<unknown> =>
        await scene.removeVersion('file', one.row.version, { condition: { kind: 'if-etag', etags: [etag] } })
      await rejectsWith('precondition-failed', onOne('other'))
      assert.deepEqual(await onOne(one.row.version), one.row)
    })

    sceneTest('where asked, only what is alone goes', async (scene) => {
      await scene.setVersioning('enabled')
      const one = await scene.put('file')
      const marker = await scene.hide('file')
      const more = { onlyIfAlone: true } as const
      await rejectsWith('precondition-failed', scene.removeVersion('file', marker.version, more))
      await rejectsWith('precondition-failed', scene.removeVersion('file', one.row.version, more))
      await scene.removeVersion('file', one.row.version)
      assert.deepEqual(await scene.removeVersion('file', marker.version, more), marker)
    })
  })

  describe(`${name}: removing what was judged`, () => {
    sceneTest('where asked, only what lies below so many kept versions goes', async (scene) => {
      await scene.setVersioning('enabled')
      const [one, two, three] = [await scene.put('file'), await scene.put('file'), await scene.put('file')]
      const remove = async (row: VersionRow, newerKeptMin: number): Promise<unknown> =>
        await scene.removeVersion('file', row.version, { newerKeptMin })
      await rejectsWith('precondition-failed', remove(three.row, 0))
      await rejectsWith('precondition-failed', remove(two.row, 1))
      await rejectsWith('precondition-failed', remove(one.row, 2))
      assert.deepEqual(await remove(one.row, 1), one.row)
      assert.deepEqual(await remove(two.row, 0), two.row)
      // What is the newest again is not removed as one that is not.
      const four = await scene.put('file')
      await scene.removeVersion('file', four.row.version)
      await rejectsWith('precondition-failed', remove(three.row, 0))
      assert.deepEqual(await versionsOf(scene), [three.row.version])
    })

    sceneTest('a condition on tags holds while they are exactly these', async (scene) => {
      const { row } = await scene.put('file')
      const remove = async (tags: Readonly<Record<string, string>>): Promise<unknown> =>
        await scene.store.deleteKey({
          ...scene.deletion('file'),
          condition: { kind: 'if-version', version: row.version, tags },
        })
      const change = { bucket: 'default', key: 'file', wallMs: scene.nowMs, tags: { a: '1', b: '2' } }
      await rejectsWith('precondition-failed', remove({ a: '1' }))
      await scene.store.changeVersion({ ...change, commandId: scene.dataId() })
      await rejectsWith('precondition-failed', remove({}))
      await rejectsWith('precondition-failed', remove({ a: '1' }))
      await rejectsWith('precondition-failed', remove({ a: '1', b: '3' }))
      await rejectsWith('precondition-failed', remove({ a: '1', b: '2', c: '3' }))
      await remove({ b: '2', a: '1' })
      assert.deepEqual(await versionsOf(scene), [])
    })
  })

  describe(`${name}: conditions by ETag`, () => {
    sceneTest('hold on the ETag, which is the version id where none is stored', async (scene) => {
      const { row } = await scene.put('plain')
      const ref = scene.ref()
      const version = { ...scene.version([ref]), etag: 'tag' }
      await scene.put('tagged', { version, newData: [scene.newData(ref)] })
      const put = async (key: string, kind: 'if-etag' | 'if-none-etag', etags: readonly string[]): Promise<unknown> =>
        await scene.put(key, { condition: { kind, etags } })
      await rejectsWith('precondition-failed', put('plain', 'if-etag', ['tag']))
      await rejectsWith('precondition-failed', put('none', 'if-etag', ['tag']))
      await rejectsWith('precondition-failed', put('tagged', 'if-etag', [version.version]))
      await rejectsWith('precondition-failed', put('tagged', 'if-none-etag', ['other', 'tag']))
      await put('none', 'if-none-etag', ['tag'])
      await put('plain', 'if-etag', ['other', row.version])
      await put('tagged', 'if-etag', ['tag'])
    })

    sceneTest('of a hundred that replace one version, one does', async (scene) => {
      const { row } = await scene.put('file')
      const condition = { kind: 'if-etag', etags: [row.version] } as const
      const racers = Array.from(
        { length: 100 },
        async () => await scene.put('file', { condition }).catch(() => undefined),
      )
      assert.equal((await Promise.all(racers)).filter((won) => won !== undefined).length, 1)
    })
  })

  describe(`${name}: changing a version`, () => {
    const change = (scene: Scene, more: object): Parameters<Scene['store']['changeVersion']>[0] => ({
      bucket: 'default',
      key: 'file',
      commandId: scene.dataId(),
      wallMs: scene.nowMs,
      ...more,
    })

    sceneTest('tags and other fields change, where the version lies; neither id nor time do', async (scene) => {
      const one = await scene.put('file')
      await scene.setVersioning('enabled')
      const two = await scene.put('file')
      scene.nowMs += 5
      const extra = { a: Uint8Array.of(1), b: Uint8Array.of(2) }
      const tagged = await scene.store.changeVersion(change(scene, { tags: { a: 'b' }, extra }))
      assert.deepEqual(tagged, { ...two.row, tags: { a: 'b' }, extra })
      assert.deepEqual(await scene.store.getHead('default', 'file'), tagged)
      await scene.store.changeVersion(change(scene, { version: 'null', tags: { c: 'd' } }))
      assert.deepEqual(await scene.store.getVersion('default', 'file', 'null'), { ...one.row, tags: { c: 'd' } })
      const untagged = change(scene, { version: two.row.version, tags: {}, extra: { a: new Uint8Array(0) } })
      const left = { ...two.row, extra: { b: extra.b } }
      assert.deepEqual(await scene.store.changeVersion(untagged), left)
      await scene.store.changeVersion(change(scene, { tags: { later: '' } }))
      assert.deepEqual(await scene.store.changeVersion(untagged), left)
      assert.deepEqual((await scene.store.getHead('default', 'file'))?.tags, { later: '' })
    })

    sceneTest('what is not there, or is a delete marker, cannot be changed', async (scene) => {
      const { store } = scene
      await scene.setVersioning('enabled')
      await rejectsWith('version-not-found', store.changeVersion(change(scene, { tags: {} })))
      await scene.put('file')
      await rejectsWith('version-not-found', store.changeVersion(change(scene, { version: 'null', tags: {} })))
      await scene.hide('file')
      await rejectsWith('version-not-found', store.changeVersion(change(scene, { tags: {} })))
      await rejectsWith('bucket-not-found', store.changeVersion(change(scene, { bucket: 'none', tags: {} })))
    })
  })
}
