// Conformance of listings, most of it against a model: a sorted list of all keys, filtered the slow way. Every page size with any
// prefix, start and delimiter must give the model's names, in the order of their UTF-8 bytes; `list` and `listNames` must agree, and
// no page may be longer than asked. Contract: src/meta/contract/file-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { SeededRandom } from '../../../src/base/random.ts'
import type { ListRequest } from '../../../src/meta/contract/file-metadata.ts'
import { present, sceneTests } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

type Page = Omit<ListRequest, 'bucket'>

/** Names and prefixes of all pages, in the order of the listing. */
async function listAll(scene: Scene, request: Page): Promise<{ names: string[]; prefixes: string[]; pages: number }> {
  const names: string[] = []
  const prefixes: string[] = []
  let after = request.after
  for (let pages = 1; ; pages++) {
    const page = await scene.store.listNames({
      bucket: 'default',
      ...request,
      ...(after === undefined ? {} : { after }),
    })
    const entries = await scene.store.list({ bucket: 'default', ...request, ...(after === undefined ? {} : { after }) })
    assert.deepEqual(
      entries.entries.map((entry) => entry.key),
      page.names,
    )
    assert.deepEqual([entries.prefixes, entries.next], [page.prefixes, page.next])
    assert.ok(page.names.length + page.prefixes.length <= request.limit)
    names.push(...page.names)
    prefixes.push(...page.prefixes)
    after = page.next
    if (after === undefined) return { names, prefixes, pages }
  }
}

const byBytes = (left: string, right: string): number => Buffer.compare(Buffer.from(left), Buffer.from(right))

/** What a listing must give, the slow way. */
function model(
  keys: readonly string[],
  { prefix = '', after, delimiter }: Page,
): { names: string[]; prefixes: string[] } {
  const names: string[] = []
  const prefixes = new Set<string>()
  for (const key of keys.toSorted(byBytes)) {
    if (!key.startsWith(prefix) || (after !== undefined && byBytes(key, after) <= 0)) continue
    const end = delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
    if (end < 0) names.push(key)
    else {
      const common = key.slice(0, end + (delimiter?.length ?? 0))
      if (common !== after) prefixes.add(common)
    }
  }
  return { names, prefixes: [...prefixes] }
}

export function listingTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: listings`, () => {
    sceneTest('an entry shows what the newest version is', async (scene) => {
      const ref = scene.ref()
      const version = scene.version([ref], { contentType: 'image/png', etag: 'e', owner: 'o' })
      const { row } = await scene.put('file', { version, newData: [scene.newData(ref)] })
      const { entries } = await scene.store.list({ bucket: 'default', limit: 1 })
      const { version: id, modifiedMs, sizeBytes, crc32 } = row
      const shown = {
        key: 'file',
        version: id,
        modifiedMs,
        sizeBytes,
        crc32,
        etag: 'e',
        contentType: 'image/png',
        owner: 'o',
      }
      assert.deepEqual(entries, [shown])
    })

    sceneTest('names come in the order of their bytes, not of UTF-16', async (scene) => {
      const keys = ['\uffff', '\u{10000}', 'z', 'ä', 'Z', 'a\u0000', 'a', '\u0001']
      for (const key of keys) await scene.put(key)
      assert.deepEqual(await scene.names(), keys.toSorted(byBytes))
    })

    sceneTest('an empty bucket lists nothing, and so does a prefix without files', async (scene) => {
      const empty = { names: [], prefixes: [] }
      assert.deepEqual(await scene.store.listNames({ bucket: 'default', limit: 10 }), empty)
      await scene.put('a')
      assert.deepEqual(await scene.store.listNames({ bucket: 'default', prefix: 'b', limit: 10 }), empty)
      assert.deepEqual(await scene.store.listNames({ bucket: 'default', after: 'a', limit: 10 }), empty)
      assert.deepEqual(await scene.store.listNames({ bucket: 'default', prefix: 'a', after: 'b', limit: 10 }), empty)
    })

    sceneTest('a page that ends at the last name says that there are no more', async (scene) => {
      for (const key of ['a', 'b', 'c']) await scene.put(key)
      assert.deepEqual(await scene.store.listNames({ bucket: 'default', limit: 3 }), {
        names: ['a', 'b', 'c'],
        prefixes: [],
      })
      assert.equal((await scene.store.listNames({ bucket: 'default', limit: 2 })).next, 'b')
    })

    sceneTest('a common prefix is skipped as a whole when it is what the page comes after', async (scene) => {
      for (const key of ['a/1', 'a/2', 'b/1', 'c']) await scene.put(key)
      const request = { bucket: 'default', delimiter: '/', limit: 1 }
      const first = await scene.store.listNames(request)
      assert.deepEqual(first, { names: [], prefixes: ['a/'], next: 'a/' })
      const second = await scene.store.listNames({ ...request, after: present(first.next) })
      assert.deepEqual(second, { names: [], prefixes: ['b/'], next: 'b/' })
      assert.deepEqual(await scene.store.listNames({ ...request, after: 'b/' }), { names: ['c'], prefixes: [] })
    })

    sceneTest('pages of every size give the same, with any prefix, start and delimiter', async (scene) => {
      const random = new SeededRandom(5)
      const part = (): string => ['a', 'b', 'ab', 'ä', '/', '//', '-', '😀'][random.below(8)] ?? ''
      const keys = new Set<string>()
      while (keys.size < 120) keys.add(Array.from({ length: 1 + random.below(5) }, part).join(''))
      await Promise.all([...keys].map((key) => scene.put(key)))
      for (let round = 0; round < 120; round++) {
        const prefix = random.below(2) === 0 ? {} : { prefix: part() + (random.below(2) === 0 ? '' : part()) }
        const after = random.below(2) === 0 ? {} : { after: part() + part() }
        const delimiter = random.below(3) === 0 ? {} : { delimiter: ['/', '//', 'ab'][random.below(3)] ?? '/' }
        const request = { ...prefix, ...after, ...delimiter, limit: 1 + random.below(9) }
        // An `after` that is itself a common prefix skips it, which the model says in other words: left to the test above.
        if (request.after !== undefined && request.delimiter !== undefined && request.after.includes(request.delimiter))
          continue
        const { names, prefixes } = await listAll(scene, request)
        assert.deepEqual({ names, prefixes }, model([...keys], request), JSON.stringify(request))
      }
    })

    sceneTest('many files under many folders, a thousand to the page', async (scene) => {
      const keys = Array.from({ length: 1_500 }, (_, index) => `d${index % 30}/f${index}`)
      await Promise.all(keys.map((key) => scene.put(key)))
      const all = await listAll(scene, { limit: 1_000 })
      assert.deepEqual(all.names, keys.toSorted(byBytes))
      assert.equal(all.pages, 2)
      const folders = await listAll(scene, { limit: 1_000, delimiter: '/' })
      assert.equal(folders.prefixes.length, 30)
      const inside = await listAll(scene, { limit: 7, prefix: 'd7/' })
      assert.equal(inside.names.length, 50)
    })
  })
}
