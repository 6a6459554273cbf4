// Conformance of version rows: every field comes back as it was given, keys may be any text, and long lists of extents and parts are
// shared by copies until the last of them is gone. Contract: src/meta/contract/version-row.ts.

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
        recovered: true,
        extra: { later: Uint8Array.of(0, 255) },
      }
      await scene.store.changeBucket({ name: 'default', versioning: 'enabled', objectLock: true })
      await scene.put('file', { version: full, newData: [scene.newData(ref)] })
      const expected = { ...full, sequence: 1, versioned: true }
      assert.deepEqual(await scene.store.getHead('default', 'file'), expected)
      await scene.put('file')
      assert.deepEqual(await scene.store.getVersion('default', 'file', full.version), expected)
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

  describe(`${name}: long lists of extents`, () => {
    sceneTest('a version of many extents reads like any other, and a copy shares its list', async (scene) => {
      const refs = Array.from({ length: 100 }, (_, index) => scene.ref(1 + (index % 2)))
      const newData = refs.map((ref) => scene.newData(ref))
      const parts = Array.from({ length: 40 }, (_, index) => ({
        number: index + 1,
        length: 25,
        ...(index % 3 === 0 ? {} : { etag: index % 3 === 1 ? 'a'.repeat(32) : 'A' }),
        ...(index % 2 === 0 ? {} : { checksums: [{ algorithm: 'crc32', value: Uint8Array.of(index) }] }),
      }))
      const version = { ...scene.version(refs), parts }
      const original = await scene.put('long', { version, newData })
      const list = present(original.row.extentList)
      assert.deepEqual(original.row.extents, [])
      const read = await scene.store.getHead('default', 'long')
      assert.deepEqual(read, { ...original.row, extents: version.extents, parts })
      const copied = { ...scene.version([]), sizeBytes: original.row.sizeBytes }
      const copy = { version: copied, newData: [], shareExtents: list, commandId: scene.dataId() }
      const { row } = await scene.put('copy', copy)
      assert.deepEqual(await scene.store.commitVersion({ bucket: 'default', key: 'copy', ...copy }), { row })
      await scene.put('other copy', {
        ...copy,
        version: { ...copied, version: scene.versionId() },
        commandId: scene.dataId(),
      })
      const readCopy = await scene.store.getHead('default', 'copy')
      assert.deepEqual(readCopy, { ...row, extents: version.extents, parts })
      assert.equal((await scene.store.getDataRow(present(refs[0])))?.state, 'live')
      await scene.remove('long')
      await scene.remove('other copy')
      assert.deepEqual(await scene.store.getHead('default', 'copy'), readCopy)
      await scene.remove('copy')
      const rows = await scene.store.getDataRows(refs)
      assert.ok(rows.every((data) => data?.state === 'dead'))
      assert.equal(await scene.store.purgeQueueLength(), 100)
      await rejectsWith('data-gone', scene.put('late', { ...copy, commandId: scene.dataId() }))
    })
  })
}
