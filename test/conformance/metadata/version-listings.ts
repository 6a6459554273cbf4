// Conformance of listings of versions: all versions in order, page by page as in one go, with prefix and delimiter, and from where a page
// ended, whether the version there still exists or not. Contract: src/meta/contract/version-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { SeededRandom } from '../../../src/base/random.ts'
import type { ListVersionsRequest, VersionEntry, VersionPage } from '../../../src/meta/contract/version-metadata.ts'
import { rejectsWith, sceneTests } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

type Options = Omit<ListVersionsRequest, 'bucket' | 'limit'>

const list = async (scene: Scene, options: Options = {}, limit = 1_000): Promise<VersionPage> =>
  await scene.store.listVersions({ bucket: 'default', limit, ...options })

/** All pages of a listing, one after the other. */
async function pages(scene: Scene, options: Options, limit: number): Promise<Omit<VersionPage, 'next'>> {
  const entries: VersionEntry[] = []
  const prefixes: string[] = []
  let from: Options = {}
  for (let count = 0; count < 1_000; count++) {
    const page = await list(scene, { ...options, ...from }, limit)
    assert.ok(page.entries.length + page.prefixes.length <= limit)
    entries.push(...page.entries)
    prefixes.push(...page.prefixes)
    if (page.next === undefined) return { entries, prefixes }
    assert.equal(page.entries.length + page.prefixes.length, limit)
    from = page.next
  }
  throw new Error('a listing does not end')
}

/** Keys with some versions and markers each. */
async function fill(scene: Scene): Promise<void> {
  const keys = ['a', 'a\u0000', 'a\u0000b', 'a/', 'a/b', 'a/b/c', 'a/d', 'b/\u0000/x', 'b/ä', 'c', 'ä/1', '😀/2']
  const random = new SeededRandom(5)
  for (const key of keys) await scene.put(key)
  await scene.setVersioning('enabled')
  for (let count = 0; count < 60; count++) {
    scene.nowMs += 1
    const key = keys[random.below(keys.length)] ?? ''
    if (count === 40) await scene.setVersioning('suspended')
    if (random.below(3) === 0) await scene.hide(key)
    else await scene.put(key)
  }
}

const nameOf = ({ key, version, isVersioned }: VersionEntry): string => `${key} ${isVersioned ? version : 'null'}`

export function versionListingTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: listing versions`, () => {
    sceneTest('each entry says what it is', async (scene) => {
      const one = await scene.put('file')
      await scene.setVersioning('enabled')
      const two = await scene.put('file')
      const marker = await scene.hide('file')
      const shown = ({ version, modifiedMs }: { version: string; modifiedMs: number }): object => ({
        version,
        modifiedMs,
      })
      const { entries, prefixes, next } = await list(scene)
      assert.deepEqual(prefixes, [])
      assert.equal(next, undefined)
      assert.deepEqual(entries, [
        { ...shown(marker), key: 'file', sizeBytes: 0, crc32: 0, isLatest: true, isMarker: true, isVersioned: true },
        ...[two.row, one.row].map((row) => ({
          ...shown(row),
          key: 'file',
          sizeBytes: 1_000,
          crc32: row.crc32,
          isLatest: false,
          isMarker: false,
          isVersioned: row === two.row,
        })),
      ])
    })

    sceneTest('details are shown where asked for, and there are any', async (scene) => {
      const ref = scene.ref()
      const checksums = [{ algorithm: 'crc32', value: Uint8Array.of(1, 2, 3, 4), composite: true as const }]
      const headers = { 'x-amz-storage-class': 'STANDARD_IA' }
      const version = { ...scene.version([ref]), checksums, headers }
      await scene.put('a', { version, newData: [scene.newData(ref)] })
      await scene.put('b')
      const details = { storageClass: 'STANDARD_IA', checksumAlgorithms: ['crc32'], isChecksumComposite: true }
      for (const entries of [
        (await list(scene, { details: true })).entries,
        (await scene.store.list({ bucket: 'default', limit: 10, details: true })).entries,
      ])
        assert.deepEqual(
          entries.map((entry) => entry.details),
          [details, undefined],
        )
      const plain = await scene.store.list({ bucket: 'default', limit: 10 })
      assert.deepEqual(
        [...plain.entries, ...(await list(scene)).entries].map((entry) => entry.details),
        [undefined, undefined, undefined, undefined],
      )
    })

    sceneTest('pages of any size add up to the whole, with any prefix and delimiter', async (scene) => {
      await fill(scene)
      const whole = (await list(scene)).entries
      const keys = [...new Set(whole.map((entry) => entry.key))]
      assert.deepEqual(
        keys,
        keys.toSorted((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right))),
      )
      for (const entry of whole) assert.equal(entry.isLatest, whole.find(({ key }) => key === entry.key) === entry)
      for (const prefix of ['', 'a', 'a/', 'a\u0000', 'b/', 'none'])
        for (const delimiter of [undefined, '/', '\u0000', 'b']) {
          const options = { prefix, ...(delimiter === undefined ? {} : { delimiter }) }
          const listed = whole.filter(({ key }) => key.startsWith(prefix))
          const isGrouped = ({ key }: VersionEntry): boolean =>
            delimiter !== undefined && key.includes(delimiter, prefix.length)
          const groups = listed.filter(isGrouped).map(({ key }) => {
            const end = key.indexOf(delimiter ?? '', prefix.length)
            return key.slice(0, end + (delimiter ?? '').length)
          })
          const expected = { entries: listed.filter((entry) => !isGrouped(entry)), prefixes: [...new Set(groups)] }
          for (const limit of [1, 2, 7, 1_000]) assert.deepEqual(await pages(scene, options, limit), expected)
        }
    })

    sceneTest('a page goes on behind a version that is gone', async (scene) => {
      await fill(scene)
      const whole = (await list(scene)).entries
      const names = whole.map(nameOf)
      for (let index = 0; index < whole.length; index += 3) {
        const page = await list(scene, {}, index + 1)
        const last = whole[index]
        if (last === undefined || page.next === undefined) continue
        const rest = await list(scene, page.next)
        assert.deepEqual(rest.entries.map(nameOf), names.slice(index + 1))
      }
      const seen: string[] = []
      for (let from: Options = {}; ;) {
        const page = await list(scene, from, 5)
        seen.push(...page.entries.map(nameOf))
        for (const { key, version, isVersioned } of page.entries)
          await scene.removeVersion(key, isVersioned ? version : 'null')
        if (page.next === undefined) break
        from = page.next
      }
      assert.deepEqual(seen, names)
      assert.deepEqual((await list(scene)).entries, [])
    })

    sceneTest('a bucket that is not there says so', async ({ store }) => {
      await rejectsWith('bucket-not-found', store.listVersions({ bucket: 'none', limit: 1 }))
    })
  })
}
