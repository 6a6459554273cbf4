// Conformance of `deleteKey`: what goes and what is answered, and that a repeat gives the first answer and never deletes what came
// after; conditions, the horizon, and a hundred who delete one file. Contract: src/meta/contract/file-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { processId, rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore } from './scene.ts'

export function deleteTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: deleting a key`, () => {
    sceneTest('what was deleted is gone, and is the answer', async (scene) => {
      const { refs, ...command } = scene.upload('file')
      const { row } = await scene.store.commitVersion(command)
      assert.deepEqual(await scene.remove('file'), row)
      assert.equal(await scene.store.getHead('default', 'file'), undefined)
      assert.deepEqual(await scene.names(), [])
      assert.equal((await scene.store.getDataRow(refs[0]))?.state, 'dead')
      assert.equal(await scene.remove('file'), undefined)
    })

    sceneTest('a repeat gives the first answer and does not delete what came after', async (scene) => {
      const { row } = await scene.put('file')
      const command = scene.deletion('file')
      assert.deepEqual(await scene.store.deleteKey(command), { removed: row })
      const { row: later } = await scene.put('file')
      assert.deepEqual(await scene.store.deleteKey(command), { removed: row })
      assert.deepEqual(await scene.store.getHead('default', 'file'), later)
    })

    sceneTest('a command below the horizon is refused', async (scene) => {
      await scene.put('file')
      const commandId = scene.dataId()
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1)
      await rejectsWith('upload-expired', scene.store.deleteKey(scene.deletion('file', { commandId })))
      assert.deepEqual(await scene.names(), ['file'])
    })

    sceneTest('a condition holds or nothing is deleted', async (scene) => {
      const { row } = await scene.put('file')
      const other = { kind: 'if-version' as const, version: scene.versionId() }
      const remove = (key: string, condition: typeof other): Promise<unknown> =>
        scene.store.deleteKey(scene.deletion(key, { condition }))
      await rejectsWith('precondition-failed', remove('file', other))
      await rejectsWith('precondition-failed', remove('none', other))
      assert.deepEqual(await remove('file', { ...other, version: row.version }), { removed: row })
    })

    sceneTest('of a hundred that delete one file, one does', async (scene) => {
      await scene.put('file')
      const answers = await Promise.all(Array.from({ length: 100 }, () => scene.remove('file')))
      assert.equal(answers.filter((answer) => answer !== undefined).length, 1)
    })

    sceneTest('a file that was deleted can be written again', async (scene) => {
      await scene.put('file')
      await scene.remove('file')
      const { row } = await scene.put('file', { condition: { kind: 'if-absent' } })
      assert.deepEqual(await scene.store.getHead('default', 'file'), row)
    })
  })
}
