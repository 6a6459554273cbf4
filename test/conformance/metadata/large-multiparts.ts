// Conformance of completions that are decided in steps, because they have more parts than one step takes: they are one command all the
// same, whatever else is asked meanwhile. Contract: src/meta/contract/multipart-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import { partsEach } from '../../../src/meta/contract/multipart-metadata.ts'
import type { MultipartRow, PartRow } from '../../../src/meta/contract/multipart-metadata.ts'
import { begin, completionOf, nameOf, partOf, put, statesOf, usageOf } from './multipart.ts'
import { rejectsWith, sceneTests } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

const count = 2 * partsEach + 10

async function beginLarge(
  scene: Scene,
): Promise<{ readonly upload: MultipartRow; readonly parts: readonly PartRow[] }> {
  const upload = await begin(scene)
  const numbers = Array.from({ length: count }, (_, index) => index + 1)
  return { upload, parts: await Promise.all(numbers.map(async (number) => await put(scene, upload, number))) }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return await promise.then(
    () => 'done',
    (error: unknown) => errorCode(error) ?? String(error),
  )
}

export function largeMultipartTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: multipart uploads of many parts`, () => {
    sceneTest('a completion comes before all that is asked after it, and is repeated without harm', async (scene) => {
      const { store } = scene
      const { upload, parts } = await beginLarge(scene)
      const command = completionOf(scene, upload, parts)
      const completed = store.completeMultipart(command)
      const others = [codeOf(put(scene, upload, 1)), codeOf(store.abortMultipart(nameOf(upload)))]
      const second = store.completeMultipart(completionOf(scene, upload, parts))
      const over = scene.put(upload.key)
      assert.equal((await completed).row.version, command.version.version)
      assert.deepEqual(await Promise.all(others), ['upload-not-found', 'upload-not-found'])
      assert.equal((await second).row.version, command.version.version)
      assert.equal((await over).replaced, command.version.version)
      assert.deepEqual(await usageOf(scene), { files: 1, bytes: 1_000 })
      assert.equal(await store.purgeQueueLength(), count + 1)
      assert.equal((await store.completeMultipart(command)).row.version, command.version.version)
      assert.deepEqual(await usageOf(scene), { files: 1, bytes: 1_000 })
    })

    sceneTest('a completion that comes after an abort finds nothing', async (scene) => {
      const { store } = scene
      const { upload, parts } = await beginLarge(scene)
      const aborted = store.abortMultipart(nameOf(upload))
      await rejectsWith('upload-not-found', store.completeMultipart(completionOf(scene, upload, parts)))
      assert.equal(await aborted, false)
      while (!(await store.abortMultipart(nameOf(upload))));
      assert.equal(await store.purgeQueueLength(), count)
      assert.deepEqual(await usageOf(scene), { files: 0, bytes: 0 })
    })

    sceneTest(
      'a completion that fails leaves all as it was, one that names some gives back the others',
      async (scene) => {
        const { store } = scene
        const { upload, parts } = await beginLarge(scene)
        const newer = partOf(scene, upload, count - 1)
        const replaced = store.putPart(newer)
        await rejectsWith('part-invalid', store.completeMultipart(completionOf(scene, upload, parts)))
        await replaced
        const all = parts.map((part) => (part.number === newer.part.number ? newer.part : part))
        const condition = { kind: 'if-present' } as const
        await rejectsWith(
          'precondition-failed',
          store.completeMultipart(completionOf(scene, upload, all, { condition })),
        )
        assert.deepEqual(
          await store.listParts({ ...nameOf(upload), after: partsEach - 1, limit: 1_000 }),
          all.slice(partsEach - 1),
        )
        const named = all.filter(({ number }) => number % 10 > 0)
        const { row } = await store.completeMultipart(completionOf(scene, upload, named))
        const stored = await store.getHead(upload.bucket, upload.key)
        assert.equal(stored?.version, row.version)
        const extents = named.flatMap((part) => part.extents)
        assert.deepEqual(stored?.extents.slice(0, -1), extents)
        assert.deepEqual(new Set(await statesOf(scene, extents)), new Set(['live 1']))
        assert.equal(await store.purgeQueueLength(), 1 + count - named.length)
        assert.deepEqual(await usageOf(scene), { files: 1, bytes: 1_000 * named.length })
        await rejectsWith('upload-not-found', store.listParts({ ...nameOf(upload), after: 0, limit: 10 }))
      },
    )
  })
}
