// Conformance of version rows: every field comes back as it was given, keys may be any text, kept versions are found and come back
// in order when those above them go, a delete marker is a head that counts as absent, and long lists of extents are shared by
// copies until the last of them is gone. Contract: src/meta/contract/version-row.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { NewVersion } from '../../../src/meta/contract/version-row.ts'
import { present, rejectsWith, sceneTests } from './scene.ts'
import type { CreateStore } from './scene.ts'

export function versionTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: version rows`, () => {
    sceneTest('every field of a version is stored', async (scene) => {
      const ref = scene.ref()
      const full: NewVersion = {
        ...scene.version([ref]),
        storedSizeBytes: 900,
        etag: '0123456789abcdef0123456789abcdef-2',
        contentType: 'text/plain; charset=utf-8',
        owner: 'Müller',
        checksums: [{ algorithm: 'crc32c', value: Uint8Array.of(1, 2, 3, 4), composite: true }],
        transform: { kind: 'zstd', parameters: Uint8Array.of(9) },
        parts: [
          { number: 1, length: 600, etag: 'x' },
          { number: 3, length: 400, checksums: [{ algorithm: 'sha1', value: new Uint8Array(20) }] },
        ],
        headers: { 'cache-control': 'no-store' },
        userMetadata: { größe: '€', __proto__x: '' },
        tags: { a: 'b' },
        lock: { mode: 'compliance', retainUntilMs: 4_000_000_000_000, legalHold: true },
        nullVersion: true,
        recovered: true,
        extra: { later: Uint8Array.of(0, 255) },
      }
      await scene.put('file', { version: full, newData: [scene.newData(ref)] })
      assert.deepEqual(await scene.store.getHead('default', 'file'), { ...full, sequence: 1 })
    })

    sceneTest('keys may be any Unicode text of up to 1,024 bytes', async (scene) => {
      const keys = [
        'a\u0000b',
        '../..',
        '<script>',
        '%00',
        'ß'.repeat(512),
        'k'.repeat(1_024),
        '😀',
        ' ',
        '\uffff',
        '\u{10ffff}',
      ]
      for (const key of keys) await scene.put(key)
      for (const key of keys) assert.notEqual(await scene.store.getHead('default', key), undefined, key)
      assert.equal((await scene.names()).length, keys.length)
    })

    sceneTest('a file, and others below its name as if it were a folder, can all exist', async (scene) => {
      for (const key of ['a/b', 'a/b/c', 'a', 'a/']) await scene.put(key)
      assert.deepEqual(await scene.names(), ['a', 'a/', 'a/b', 'a/b/c'])
    })
  })

  describe(`${name}: kept versions`, () => {
    sceneTest('a kept version is found by its id, and its data lives', async (scene) => {
      const { refs, ...first } = scene.upload('file')
      const one = await scene.store.commitVersion(first)
      const two = await scene.put('file', { keepPrevious: true })
      const three = await scene.put('file', { keepPrevious: true })
      for (const { row } of [one, two, three])
        assert.deepEqual(await scene.store.getVersion('default', 'file', row.version), row)
      assert.deepEqual(await scene.store.getHead('default', 'file'), three.row)
      assert.equal((await scene.store.getDataRow(refs[0]))?.state, 'live')
      assert.equal(await scene.store.getVersion('default', 'other', one.row.version), undefined)
      assert.equal(await scene.store.getVersion('default', 'file', scene.versionId()), undefined)
      assert.deepEqual(await scene.names(), ['file'])
    })

    sceneTest('removing the newest brings back the one below it, down to the last', async (scene) => {
      const one = await scene.put('file')
      const two = await scene.put('file', { keepPrevious: true })
      const three = await scene.put('file', { keepPrevious: true })
      assert.deepEqual(await scene.remove('file'), three.row)
      assert.deepEqual(await scene.store.getHead('default', 'file'), two.row)
      assert.deepEqual(await scene.remove('file'), two.row)
      assert.deepEqual(await scene.remove('file'), one.row)
      assert.equal(await scene.remove('file'), undefined)
      assert.equal(await scene.store.getVersion('default', 'file', one.row.version), undefined)
    })

    sceneTest('kept versions of keys with zero bytes do not mix', async (scene) => {
      const first = await scene.put('a')
      await scene.put('a', { keepPrevious: true })
      await scene.put('a\u0000', {})
      const second = await scene.put('a\u0000', { keepPrevious: true })
      assert.deepEqual(await scene.remove('a\u0000'), second.row)
      assert.deepEqual(await scene.store.getVersion('default', 'a', first.row.version), first.row)
    })

    sceneTest('a delete marker is the head, is not listed, and counts as absent', async (scene) => {
      const first = await scene.put('file')
      const version = { ...scene.version([]), deleteMarker: true as const }
      const commandId = scene.dataId()
      const { row } = await scene.put('file', { version, newData: [], commandId, keepPrevious: true })
      assert.deepEqual(await scene.store.getHead('default', 'file'), row)
      assert.deepEqual(await scene.names(), [])
      assert.deepEqual((await scene.store.list({ bucket: 'default', limit: 10 })).entries, [])
      assert.deepEqual(await scene.store.getVersion('default', 'file', first.row.version), first.row)
      const replaced = await scene.put('file', { condition: { kind: 'if-absent' }, keepPrevious: true })
      assert.equal(replaced.row.sequence, 3)
      assert.deepEqual(await scene.names(), ['file'])
      await scene.remove('file')
      assert.equal((await scene.store.getHead('default', 'file'))?.deleteMarker, true)
      await scene.remove('file')
      assert.deepEqual(await scene.store.getHead('default', 'file'), first.row)
    })
  })

  describe(`${name}: long lists of extents`, () => {
    sceneTest('a version of many extents reads like any other, and a copy shares its list', async (scene) => {
      const refs = Array.from({ length: 100 }, (_, index) => scene.ref(1 + (index % 2)))
      const newData = refs.map((ref) => scene.newData(ref))
      const original = await scene.put('long', { version: scene.version(refs), newData })
      const list = present(original.row.extentList)
      assert.deepEqual(await scene.store.getHead('default', 'long'), original.row)
      const copied = { ...scene.version([]), sizeBytes: original.row.sizeBytes }
      const copy = { version: copied, newData: [], shareExtents: list, commandId: scene.dataId() }
      const { row } = await scene.put('copy', copy)
      assert.deepEqual(row.extents, original.row.extents)
      assert.equal((await scene.store.getDataRow(present(refs[0])))?.state, 'live')
      assert.deepEqual((await scene.remove('long'))?.extents.length, 100)
      assert.deepEqual(await scene.store.getHead('default', 'copy'), row)
      await scene.remove('copy')
      const rows = await scene.store.getDataRows(refs)
      assert.ok(rows.every((data) => data?.state === 'dead'))
      assert.equal(await scene.store.purgeQueueLength(), 100)
      await rejectsWith('data-gone', scene.put('late', { ...copy, commandId: scene.dataId() }))
    })
  })
}
