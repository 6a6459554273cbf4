// Conformance of placement groups: epochs go up by one and by one winner, a repeat finds its own change, and the differences of
// the map hold each changed group once, in the order of the changes, by pages. Contract: src/meta/contract/group-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { epoch, groupId, rejectsWith, sceneTests, workerId } from './scene.ts'
import type { CreateStore } from './scene.ts'

const slots = (...workers: readonly number[]): { worker: ReturnType<typeof workerId> }[] =>
  workers.map((worker) => ({ worker: workerId(worker) }))

export function groupTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: placement groups`, () => {
    sceneTest('a group starts at epoch 1, writable; making it again finds it', async (scene) => {
      const row = await scene.store.createGroup(scene.group(1))
      assert.deepEqual([row.epoch, row.state, row.bytesPerSlot], [1, 'writable', 0])
      assert.deepEqual(
        row.slots,
        slots(1, 2, 3, 4, 5).map((slot) => ({ ...slot, holderSinceEpoch: 1 })),
      )
      assert.deepEqual(await scene.store.getGroup(groupId(1)), row)
      assert.equal(await scene.store.getGroup(groupId(9)), undefined)
      const other = { ...scene.group(1), workers: [6, 7, 8, 9, 10].map(workerId) }
      await rejectsWith('precondition-failed', scene.store.createGroup(other))
    })

    sceneTest('each change is a new epoch, decided by the epoch before it', async ({ store }) => {
      const pending = slots(1, 2, 3, 4, 5).map((slot, index) =>
        index === 0 ? { ...slot, pendingWorker: workerId(6) } : slot,
      )
      const change = { group: groupId(1), epoch: epoch(1), slots: pending }
      const first = await store.changeGroup(change)
      assert.equal(first.epoch, 2)
      assert.deepEqual(first.slots[0], { worker: workerId(1), pendingWorker: workerId(6), holderSinceEpoch: 1 })
      assert.deepEqual(await store.changeGroup(change), first)
      await rejectsWith('epoch-stale', store.changeGroup({ ...change, slots: slots(9, 2, 3, 4, 5) }))
      const swapped = await store.changeGroup({ ...change, epoch: epoch(2), slots: slots(6, 2, 3, 4, 5) })
      assert.deepEqual(
        swapped.slots.map((slot) => slot.holderSinceEpoch),
        [3, 1, 1, 1, 1],
      )
    })

    sceneTest('of many that change one epoch, one does', async ({ store }) => {
      const racers = Array.from({ length: 20 }, (_, index) =>
        store.changeGroup({ group: groupId(1), epoch: epoch(1), slots: slots(10 + index, 2, 3, 4, 5) }),
      )
      const outcomes = await Promise.allSettled(racers)
      assert.equal(outcomes.filter((outcome) => outcome.status === 'fulfilled').length, 1)
    })

    sceneTest('differences of the map hold what changed since, once and in the order of the changes', async (scene) => {
      const { store } = scene
      await store.createGroup(scene.group(3))
      const all = await store.listGroups({ since: 0, limit: 10 })
      assert.deepEqual(
        all.groups.map((row) => row.group),
        [1, 2, 3],
      )
      assert.equal(all.truncated, false)
      assert.deepEqual(await store.listGroups({ since: all.version, limit: 10 }), {
        groups: [],
        version: all.version,
        truncated: false,
      })
      await store.changeGroup({ group: groupId(2), epoch: epoch(1), slots: slots(6, 2, 3, 4, 5) })
      await store.changeGroup({ group: groupId(2), epoch: epoch(2), slots: slots(7, 2, 3, 4, 5) })
      await store.setGroupState({ group: groupId(1), state: 'closed' })
      const changed = await store.listGroups({ since: all.version, limit: 10 })
      assert.deepEqual(
        changed.groups.map((row) => [row.group, row.epoch, row.state]),
        [
          [2, 3, 'writable'],
          [1, 1, 'closed'],
        ],
      )
      const page = await store.listGroups({ since: 0, limit: 2 })
      assert.equal(page.truncated, true)
      const rest = await store.listGroups({ since: page.version, limit: 2 })
      assert.deepEqual(
        [...page.groups, ...rest.groups].map((row) => row.group),
        [3, 2, 1],
      )
      assert.equal(rest.truncated, false)
    })

    sceneTest('how full a group is makes no new epoch and no new map', async ({ store }) => {
      const before = await store.listGroups({ since: 0, limit: 10 })
      await store.recordGroupBytes({
        groups: [
          { group: groupId(1), bytesPerSlot: 77 },
          { group: groupId(9), bytesPerSlot: 1 },
        ],
      })
      const row = await store.getGroup(groupId(1))
      assert.deepEqual(row, { ...before.groups[0], bytesPerSlot: 77 })
      assert.equal((await store.listGroups({ since: 0, limit: 10 })).version, before.version)
    })
  })
}
