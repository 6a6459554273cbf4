// Conformance of `commitVersion`: head, sequence, Last-Modified and references; conditions under a hundred racers; repeats;
// the race with a discard, which exactly one side wins; the horizon; and the repair work that a commit leaves behind. After each
// refusal nothing may have changed. Contract: src/meta/contract/file-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import type { CommitResult } from '../../../src/meta/contract/file-metadata.ts'
import { epoch, groupId, present, processId, rejectsWith, sceneTests, startMs, workerId } from './scene.ts'
import type { CreateStore } from './scene.ts'

export function commitTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: commits`, () => {
    sceneTest('a committed version is the head, with its data live', async (scene) => {
      const { refs, ...command } = scene.upload('dir/file')
      const { row, replaced } = await scene.store.commitVersion(command)
      assert.equal(replaced, undefined)
      assert.deepEqual(row, { ...command.version, sequence: 1 })
      assert.deepEqual(await scene.store.getHead('default', 'dir/file'), row)
      assert.equal(await scene.store.getHead('default', 'dir'), undefined)
      assert.deepEqual(await scene.store.getDataRow(refs[0]), {
        ...refs[0],
        state: 'live',
        scheme: { dataColumns: 3, parityColumns: 2 },
        chunkSizeBytes: 10_240,
        lengthBytes: 1_000,
        references: 1,
        version: command.version.version,
      })
    })

    sceneTest('an overwrite has the next sequence, and the old data dies', async (scene) => {
      const { refs, ...first } = scene.upload('file')
      await scene.store.commitVersion(first)
      const { row, replaced } = await scene.put('file')
      assert.equal(row.sequence, 2)
      assert.equal(replaced, first.version.version)
      const purgeSequence = (await scene.store.visibleSequence()) - 1
      const dead = { ...refs[0], state: 'dead', committed: true, purgeSequence }
      assert.deepEqual(await scene.store.getDataRow(refs[0]), dead)
    })

    sceneTest('Last-Modified never goes back', async (scene) => {
      await scene.put('file')
      const ref = scene.ref()
      const version = scene.version([ref], { modifiedMs: startMs - 5_000 })
      const { row } = await scene.put('file', { version, newData: [scene.newData(ref)] })
      assert.equal(row.modifiedMs, startMs)
      assert.equal((await scene.store.getHead('default', 'file'))?.modifiedMs, startMs)
    })

    sceneTest('of a hundred that want a name to be absent, one gets it', async (scene) => {
      const racers = Array.from({ length: 100 }, () => scene.put('file', { condition: { kind: 'if-absent' } }))
      const outcomes = await Promise.allSettled(racers)
      const won = outcomes.filter((outcome) => outcome.status === 'fulfilled')
      assert.equal(won.length, 1)
      for (const outcome of outcomes)
        if (outcome.status === 'rejected') assert.equal(errorCode(outcome.reason), 'precondition-failed')
      const head = await scene.store.getHead('default', 'file')
      assert.equal(head?.version, won[0]?.value.row.version)
    })

    sceneTest('of a hundred that replace one version, one does', async (scene) => {
      const { row } = await scene.put('file')
      const condition = { kind: 'if-version' as const, version: row.version }
      const outcomes = await Promise.allSettled(Array.from({ length: 100 }, () => scene.put('file', { condition })))
      assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
      await rejectsWith('precondition-failed', scene.put('other', { condition }))
    })

    sceneTest('what a failed condition refused left nothing', async (scene) => {
      await scene.put('file')
      const { refs, ...command } = scene.upload('file', { condition: { kind: 'if-absent' } })
      await rejectsWith('precondition-failed', scene.store.commitVersion(command))
      assert.equal(await scene.store.getDataRow(refs[0]), undefined)
      assert.deepEqual(await scene.store.discard({ refs, queue: false }), ['dead'])
    })

    sceneTest('a repeated commit gives the first answer and changes nothing', async (scene) => {
      const { refs, ...command } = scene.upload('file', { condition: { kind: 'if-absent' } })
      const first = await scene.store.commitVersion(command)
      const sequence = await scene.store.visibleSequence()
      assert.deepEqual((await scene.store.commitVersion(command)).row, first.row)
      assert.equal(await scene.store.visibleSequence(), sequence)
      const later = await scene.put('file')
      assert.deepEqual((await scene.store.commitVersion(command)).row, first.row)
      assert.deepEqual(await scene.store.getHead('default', 'file'), later.row)
      assert.equal((await scene.store.getDataRow(refs[0]))?.state, 'dead')
    })

    sceneTest('a discarded upload is never committed, a committed one never discarded', async (scene) => {
      const { refs, ...lost } = scene.upload('lost')
      assert.deepEqual(await scene.store.discard({ refs, queue: false }), ['dead'])
      await rejectsWith('upload-expired', scene.store.commitVersion(lost))
      assert.equal(await scene.store.getHead('default', 'lost'), undefined)
      const { refs: kept, ...command } = scene.upload('kept')
      await scene.store.commitVersion(command)
      assert.deepEqual(await scene.store.discard({ refs: kept, queue: true }), ['live'])
      await scene.remove('kept')
      assert.deepEqual(await scene.store.discard({ refs: kept, queue: true }), ['was-live'])
    })

    sceneTest('a commit races its discard: exactly one of them wins', async (scene) => {
      for (let round = 0; round < 20; round++) {
        const { refs, ...command } = scene.upload(`file-${round}`)
        const committing: Promise<CommitResult | undefined> = scene.store
          .commitVersion(command)
          .catch((error: unknown) => {
            assert.equal(errorCode(error), 'upload-expired')
            return undefined
          })
        const [committed, [outcome]] = await Promise.all([committing, scene.store.discard({ refs, queue: false })])
        assert.equal(outcome, committed === undefined ? 'dead' : 'live')
      }
    })

    sceneTest('a second data id that is dead fails the whole commit', async (scene) => {
      const refs = [scene.ref(), scene.ref(2)]
      await scene.store.discard({ refs: refs.slice(1), queue: false })
      const newData = refs.map((ref) => scene.newData(ref))
      await rejectsWith('upload-expired', scene.put('file', { version: scene.version(refs), newData }))
      assert.equal(await scene.store.getDataRow(present(refs[0])), undefined)
      assert.equal(await scene.store.getHead('default', 'file'), undefined)
    })

    sceneTest('a commit below the horizon is refused', async (scene) => {
      const command = scene.upload('file')
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1)
      await rejectsWith('upload-expired', scene.store.commitVersion(command))
      scene.nowMs = startMs + 1
      await scene.put('file')
    })

    sceneTest('an empty file has an extent without bytes', async (scene) => {
      const ref = scene.ref()
      const extents = [scene.extent(ref, { dataLengthBytes: 0, length: 0 })]
      const version = { ...scene.version([]), sizeBytes: 0, crc32: 0, extents }
      await scene.put('empty', { version, newData: [scene.newData(ref, { lengthBytes: 0 })] })
      assert.deepEqual((await scene.store.getHead('default', 'empty'))?.extents, extents)
    })
  })

  describe(`${name}: commits and repair work`, () => {
    sceneTest('what was missing or standing in becomes repair work with the commit', async (scene) => {
      const ref = scene.ref()
      const repairs = [
        { block: 0, column: 4 },
        { block: 7, column: 0, standIn: workerId(9) },
      ]
      await scene.put('file', { version: scene.version([ref]), newData: [scene.newData(ref, { repairs })] })
      assert.deepEqual(await scene.store.listRepairs({ group: groupId(1), limit: 10 }), [
        { kind: 'fragment', ...ref, block: 0, column: 4 },
        { kind: 'fragment', ...ref, block: 7, column: 0, standIn: workerId(9) },
      ])
      assert.deepEqual(await scene.store.countRepairs(), [{ group: groupId(1), count: 2 }])
    })

    sceneTest('every slot whose holder changed since the acknowledgement becomes repair work', async (scene) => {
      const workers = [1, 2, 3, 4, 5].map((worker) => ({ worker: workerId(worker) }))
      const pending = workers.map((slot, index) => (index === 2 ? { ...slot, pendingWorker: workerId(6) } : slot))
      const swapped = workers.map((slot, index) => (index === 2 ? { worker: workerId(6) } : slot))
      await scene.store.changeGroup({ group: groupId(1), epoch: epoch(1), slots: pending })
      await scene.store.changeGroup({ group: groupId(1), epoch: epoch(2), slots: swapped })
      const [before, at, after] = [scene.ref(), scene.ref(), scene.ref()]
      for (const [ref, value] of [
        [before, 1],
        [at, 2],
        [after, 3],
      ] as const)
        await scene.put(`file-${value}`, {
          version: scene.version([ref]),
          newData: [scene.newData(ref, { acknowledgedEpoch: epoch(value) })],
        })
      const found = await scene.store.listRepairs({ group: groupId(1), limit: 10 })
      const expected = [before, at].map((ref) => ({ kind: 'slot' as const, ...ref, slot: 2 }))
      assert.deepEqual(
        found,
        expected.toSorted((left, right) => (left.dataId < right.dataId ? -1 : 1)),
      )
    })

    sceneTest('a group or an epoch that metadata does not know is refused', async (scene) => {
      const ref = scene.ref(9)
      await rejectsWith('epoch-stale', scene.put('a', { version: scene.version([ref]), newData: [scene.newData(ref)] }))
      const later = scene.ref()
      const newData = [scene.newData(later, { acknowledgedEpoch: epoch(2) })]
      await rejectsWith('epoch-stale', scene.put('a', { version: scene.version([later]), newData }))
    })
  })
}
