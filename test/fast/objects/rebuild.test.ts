// Objects are brought back by a rebuild of lost metadata with all that was written with them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import type { VersionId } from '../../../src/base/ids.ts'
import { MINUTE_MS } from '../../../src/base/units.ts'
import type { RebuildState } from '../../../src/master/file-service.ts'
import type { ObjectInfo } from '../../../src/master/object-service.ts'
import type { MultipartName } from '../../../src/meta/contract/multipart-metadata.ts'
import type { KeyValueEntry } from '../../../src/ports/key-value.ts'
import { block, bucket, ObjectScene } from './scene.ts'

/** The metadata is lost, or exchanged for an older state, and rebuilt. */
async function rebuild({ cluster }: ObjectScene, saved: readonly KeyValueEntry[] = []): Promise<RebuildState> {
  cluster.master().kill()
  cluster.metadataMap.restore(saved)
  await cluster.run(cluster.master().start())
  await cluster.until(() => cluster.master().master.counts().workersConnected === cluster.workers.length)
  await cluster.run(cluster.files.startRebuild({ merge: saved.length > 0, force: false }))
  const state = async (): Promise<RebuildState> => defined(await cluster.files.rebuild(), 'a rebuild')
  await cluster.until(async () => (await state()).state !== 'running', 5 * MINUTE_MS)
  return await state()
}

/** What a rebuild brings back: the time of the commit is lost. */
function withoutTime(info: ObjectInfo | undefined): ObjectInfo {
  return { ...defined(info, 'the object'), modifiedMs: 0 }
}

describe('a rebuild of lost metadata', () => {
  test('brings an object back with all that was written with it', async () => {
    const scene = await ObjectScene.start()
    await scene.ask(async (objects) => await objects.changeBucket({ bucket, versioning: 'enabled', objectLock: true }))
    const bytes = scene.cluster.random.bytes(block + 5)
    const request = {
      contentType: 'image/jpeg',
      owner: 'the owner',
      headers: { 'cache-control': 'no-store' },
      userMetadata: { colour: 'blue ☃', empty: '' },
      tags: { project: 'frost' },
      lock: { mode: 'governance', retainUntilMs: 2_000_000_000_000, legalHold: true },
      transform: { kind: 'test', parameters: Uint8Array.of(0, 1, 2) },
      extra: { x: Uint8Array.of(1, 2), nothing: new Uint8Array(0) },
    } as const
    const sealing = {
      etag: '0'.repeat(32),
      checksums: [
        { algorithm: 'crc32c', value: Uint8Array.of(1, 2, 3, 4) },
        { algorithm: 'sha256', value: new Uint8Array(32).fill(7), composite: true },
      ],
      logical: { sizeBytes: 5, crc32: 99 },
      extra: { sealed: Uint8Array.of(3) },
    } as const
    const made = await scene.put('object', bytes, { request, sealing })
    await scene.put('null', bytes)
    const state = await rebuild(scene)
    assert.deepEqual([state.filesRecovered, state.filesIncomplete], [2, 0])
    assert.deepEqual(withoutTime(await scene.find({})), withoutTime(made))
    assert.deepEqual(await scene.read({}), bytes)
    const row = await scene.ask(async (objects) => await objects.findBucket(bucket))
    assert.deepEqual([row?.versioning, row?.objectLock], ['enabled', true])
  })

  test('brings copies back, which share their data as before, whether their source is there or not', async () => {
    const scene = await ObjectScene.start()
    const bytes = scene.cluster.random.bytes(3 * block)
    await scene.put('object', bytes)
    const own = { owner: 'me' }
    const copy = async (key: string, source: string): Promise<ObjectInfo> =>
      await scene.ask(async (objects) => await objects.copy({ bucket, key, source: { bucket, key: source }, own }))
    const first = await copy('copy', 'object')
    const second = await copy('copy of a copy', 'copy')
    await scene.cluster.remove('copy')
    await scene.cluster.advance(MINUTE_MS)
    const state = await rebuild(scene)
    assert.equal(state.filesIncomplete, 0)
    assert.equal(await scene.find({ key: 'copy' }), undefined, 'its own record was purged')
    assert.deepEqual(withoutTime(await scene.find({ key: 'copy of a copy' })), withoutTime(second))
    assert.equal(second.owner, first.owner)
    assert.deepEqual((await scene.owners()).contradictions, [])
    await scene.cluster.remove('object')
    await scene.cluster.advance(MINUTE_MS)
    assert.deepEqual(await scene.read({ key: 'copy of a copy' }), bytes)
    await scene.cluster.remove('copy of a copy')
    await scene.cluster.until(async () => (await scene.owners()).leftovers.length === 0, 5 * MINUTE_MS)
    assert.equal(scene.cluster.fragments(), 0)
  })

  test('into older metadata counts the copies of what it knows already', async () => {
    const scene = await ObjectScene.start()
    const bytes = scene.cluster.random.bytes(300)
    await scene.put('object', bytes)
    await scene.cluster.advance(MINUTE_MS)
    const saved = scene.cluster.metadataMap.save()
    await scene.cluster.advance(MINUTE_MS)
    await scene.ask(
      async (objects) => await objects.copy({ bucket, key: 'copy', source: { bucket, key: 'object' }, own: {} }),
    )
    const state = await rebuild(scene, saved)
    assert.deepEqual([state.filesRecovered, state.filesIncomplete], [1, 0])
    await scene.cluster.remove('object')
    await scene.cluster.advance(MINUTE_MS)
    assert.deepEqual(await scene.read({ key: 'copy' }), bytes)
    assert.deepEqual((await scene.owners()).contradictions, [])
  })

  test('brings multipart uploads back that were completed, copies of them too, and takes no part for a file', async () => {
    const scene = await ObjectScene.start()
    const source = { bucket, key: 'object' }
    const begin = async (key: string): Promise<MultipartName> => {
      const row = await scene.ask(
        async (objects) => await objects.createMultipart({ bucket, key, template: { owner: 'me' } }),
      )
      return { bucket, key, upload: row.upload }
    }
    const name = await begin('object')
    const bytes = scene.cluster.random.bytes(40 * 100)
    const parts: { readonly number: number; readonly id: VersionId }[] = []
    for (let number = 1; number <= 40; number++) {
      await scene.putPart({ ...name, number }, Uint8Array.of(1))
      const { id } = await scene.putPart({ ...name, number }, bytes.slice(number * 100 - 100, number * 100))
      parts.push({ number, id })
    }
    const sealing = { etag: 'x-40' }
    const made = await scene.ask(async (objects) => await objects.complete({ ...name, parts, sealing }))
    const copy = await scene.ask(async (objects) => await objects.copy({ bucket, key: 'copy', source, own: {} }))
    const ranged = await begin('ranged')
    const range = { offset: 150, length: 1000 }
    const part = await scene.ask(
      async (objects) => await objects.copyPart({ ...ranged, number: 1, source, range, sealing }),
    )
    await scene.ask(async (objects) => await objects.complete({ ...ranged, parts: [part], sealing }))
    const unfinished = await begin('unfinished')
    await scene.putPart({ ...unfinished, number: 1 }, scene.cluster.random.bytes(block))
    for (let round = 0; round < 2; round++) {
      const state = await rebuild(scene)
      assert.deepEqual([state.filesRecovered, state.filesIncomplete], [3, 0])
      assert.deepEqual(withoutTime(await scene.find({})), withoutTime(made))
      assert.deepEqual(withoutTime(await scene.find({ key: 'copy' })), withoutTime(copy))
      assert.deepEqual(await scene.read({ key: 'copy' }), bytes)
      assert.deepEqual(await scene.read({ key: 'ranged' }), bytes.slice(150, 1150))
      assert.equal(await scene.find({ key: 'unfinished' }), undefined)
      assert.deepEqual((await scene.owners()).contradictions, [])
    }
    // A copy of what is itself a copy that a rebuild brought back.
    await scene.ask(
      async (objects) => await objects.copy({ bucket, key: 'later', source: { bucket, key: 'copy' }, own: {} }),
    )
    const state = await rebuild(scene)
    assert.deepEqual([state.filesRecovered, state.filesIncomplete], [4, 0])
    assert.deepEqual(await scene.read({ key: 'later' }), bytes)
    for (const key of ['object', 'copy', 'ranged', 'later']) await scene.cluster.remove(key)
    assert.deepEqual((await scene.owners()).contradictions, [])
  })
})
