// Conformance of shared data: it lives while any file refers to it and dies once, with the last. A copy, a copy onto itself, a
// repeated copy and a version that names an id twice each count right. Contract: src/meta/contract/file-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { DataRef } from '../../../src/meta/contract/conventions.ts'
import type { CommitVersion } from '../../../src/meta/contract/file-metadata.ts'
import { rejectsWith, sceneTests } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

/** A copy of the data under another key. */
function copyOf(scene: Scene, ref: DataRef): Partial<CommitVersion> {
  return { version: scene.version([ref]), newData: [], sharedData: [ref], commandId: scene.dataId() }
}

export function referenceTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: shared data`, () => {
    sceneTest('a copy keeps the data alive until the last file of it is gone', async (scene) => {
      const { refs, ...command } = scene.upload('original')
      const [ref] = refs
      await scene.store.commitVersion(command)
      await scene.put('copy', copyOf(scene, ref))
      const row = await scene.store.getDataRow(ref)
      assert.equal(row?.state === 'live' ? row.references : 0, 2)
      await scene.remove('original')
      assert.equal((await scene.store.getDataRow(ref))?.state, 'live')
      assert.equal(await scene.store.purgeQueueLength(), 0)
      await scene.remove('copy')
      assert.equal((await scene.store.getDataRow(ref))?.state, 'dead')
      assert.equal(await scene.store.purgeQueueLength(), 1)
    })

    sceneTest('a copy of what is gone fails', async (scene) => {
      const { refs, ...command } = scene.upload('original')
      await scene.store.commitVersion(command)
      await scene.remove('original')
      await rejectsWith('data-gone', scene.put('copy', copyOf(scene, refs[0])))
      await rejectsWith('data-gone', scene.put('copy', copyOf(scene, scene.ref())))
      assert.equal(await scene.store.getHead('default', 'copy'), undefined)
    })

    sceneTest('a file copied onto itself keeps its data', async (scene) => {
      const { refs, ...command } = scene.upload('file')
      await scene.store.commitVersion(command)
      await scene.put('file', copyOf(scene, refs[0]))
      const row = await scene.store.getDataRow(refs[0])
      assert.equal(row?.state === 'live' ? row.references : 0, 1)
    })

    sceneTest('a repeated copy gives the first answer and counts once', async (scene) => {
      const { refs, ...command } = scene.upload('original')
      await scene.store.commitVersion(command)
      const copy = {
        bucket: 'default',
        key: 'copy',
        ...copyOf(scene, refs[0]),
        version: scene.version(refs),
        newData: [],
      }
      const first = await scene.store.commitVersion(copy)
      assert.deepEqual((await scene.store.commitVersion(copy)).row, first.row)
      const row = await scene.store.getDataRow(refs[0])
      assert.equal(row?.state === 'live' ? row.references : 0, 2)
    })

    sceneTest('a version that names one data id twice refers to it once', async (scene) => {
      const ref = scene.ref()
      const extents = [scene.extent(ref, { length: 400 }), scene.extent(ref, { offset: 400, length: 600 })]
      await scene.put('file', { version: { ...scene.version([ref]), extents }, newData: [scene.newData(ref)] })
      assert.deepEqual((await scene.store.getHead('default', 'file'))?.extents, extents)
      await scene.remove('file')
      assert.equal((await scene.store.getDataRow(ref))?.state, 'dead')
      assert.equal(await scene.store.purgeQueueLength(), 1)
    })
  })
}
