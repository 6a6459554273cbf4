// Conformance of data rows: when an entry of the purge queue may be purged (no process still reads from before it), which rows
// are listed and removed, thousands of them in two groups, and repair work as a set. Contracts: src/meta/contract/data-metadata.ts
// and repair-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { DataRef } from '../../../src/meta/contract/conventions.ts'
import type { PurgeEntry } from '../../../src/meta/contract/data-metadata.ts'
import type { RepairEntry } from '../../../src/meta/contract/repair-metadata.ts'
import { groupId, present, processId, sceneTests, startMs, workerId } from './scene.ts'
import type { CreateStore } from './scene.ts'

const byId = (left: DataRef, right: DataRef): number => (left.dataId < right.dataId ? -1 : 1)

export function dataTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: purge queue`, () => {
    sceneTest('an entry is purgeable once every process has published a number above it', async (scene) => {
      const { store } = scene
      for (const process of [processId(1), processId(2)]) await scene.register(process)
      const { refs, ...command } = scene.upload('file')
      await store.commitVersion(command)
      const before = await store.visibleSequence()
      await scene.remove('file')
      const after = await store.visibleSequence()
      assert.equal(await store.purgeQueueLength(), 1)
      assert.deepEqual(await store.nextPurge({ limit: 10 }), [])
      await scene.publish(processId(1), startMs, after)
      await scene.publish(processId(2), startMs, before)
      assert.deepEqual(await store.nextPurge({ limit: 10 }), [])
      await scene.publish(processId(2), startMs, after)
      const [entry] = await store.nextPurge({ limit: 10 })
      assert.deepEqual({ group: entry?.group, dataId: entry?.dataId }, refs[0])
      assert.equal(entry?.sequence, before)
    })

    sceneTest('a process that registers later holds back what it may have read', async (scene) => {
      await scene.register(processId(1))
      await scene.put('file')
      await scene.remove('file')
      await scene.publish(processId(1), startMs, await scene.store.visibleSequence())
      assert.equal((await scene.store.nextPurge({ limit: 10 })).length, 1)
      await scene.register(processId(2))
      assert.equal((await scene.store.nextPurge({ limit: 10 })).length, 0)
    })

    sceneTest('entries come oldest first by pages, and removed ones are gone', async (scene) => {
      const { store } = scene
      await scene.register(processId(1))
      for (let index = 0; index < 5; index++) await scene.put(`file-${index}`)
      for (let index = 0; index < 5; index++) await scene.remove(`file-${index}`)
      await scene.publish(processId(1), startMs, await store.visibleSequence())
      const all = await store.nextPurge({ limit: 10 })
      assert.equal(all.length, 5)
      assert.deepEqual(
        all.map((entry) => entry.sequence),
        all.map((entry) => entry.sequence).toSorted((a, b) => a - b),
      )
      const first = await store.nextPurge({ limit: 2 })
      const rest = await store.nextPurge({ limit: 10, after: present(first[1]) })
      assert.deepEqual([...first, ...rest], all)
      await store.removePurged({ entries: first })
      await store.removePurged({ entries: first })
      assert.deepEqual(await store.nextPurge({ limit: 10 }), rest)
      assert.equal(await store.purgeQueueLength(), 3)
    })

    sceneTest('a discarded upload is queued when asked for', async (scene) => {
      const refs = [scene.ref(), scene.ref()]
      await scene.store.discard({ refs: refs.slice(0, 1), queue: false })
      assert.equal(await scene.store.purgeQueueLength(), 0)
      assert.deepEqual(await scene.store.discard({ refs, queue: true }), ['dead', 'dead'])
      assert.equal(await scene.store.purgeQueueLength(), 1)
    })
  })

  describe(`${name}: data rows`, () => {
    sceneTest('rows of a group are listed by pages and below a time', async (scene) => {
      const { store } = scene
      const refs = [scene.ref(), scene.ref(), scene.ref(2)]
      scene.nowMs += 1_000
      refs.push(scene.ref())
      await store.discard({ refs, queue: false })
      await scene.put('file')
      const ids = (rows: readonly { readonly dataId: string }[]): string[] => rows.map((row) => row.dataId)
      const dead = [refs[0], refs[1], refs[3]].map((ref) => present(ref).dataId).toSorted()
      const all = await store.listDataRows({ group: groupId(1), limit: 10 })
      assert.equal(all.length, 4)
      assert.deepEqual(ids(all), ids(all).toSorted())
      assert.deepEqual(ids(all.filter((row) => row.state === 'dead')), dead)
      const old = await store.listDataRows({ group: groupId(1), below: startMs + 1, limit: 10 })
      assert.deepEqual(ids(old), dead.slice(0, 2))
      const next = await store.listDataRows({ group: groupId(1), after: present(all[0]).dataId, limit: 2 })
      assert.deepEqual(next, all.slice(1, 3))
    })

    sceneTest('dead data of a group is listed by pages, below a time, and nothing else', async (scene) => {
      const { store } = scene
      const request = { group: groupId(1), limit: 10 }
      assert.deepEqual(await store.listDeadData(request), [])
      const refs = [scene.ref(), scene.ref(), scene.ref(2)]
      await scene.put('live')
      scene.nowMs += 1_000
      refs.push(scene.ref())
      await store.discard({ refs, queue: false })
      await store.discard({ refs, queue: false })
      await store.discard({ refs: [scene.ref()], queue: true })
      const dead = [refs[0], refs[1], refs[3]].map(present).toSorted(byId)
      assert.deepEqual(await store.listDeadData(request), dead)
      assert.deepEqual(await store.listDeadData({ ...request, group: groupId(2) }), [refs[2]])
      assert.deepEqual(await store.listDeadData({ ...request, group: groupId(3) }), [])
      assert.deepEqual(await store.listDeadData({ ...request, limit: 2 }), dead.slice(0, 2))
      assert.deepEqual(await store.listDeadData({ ...request, after: present(dead[1]).dataId }), dead.slice(2))
      // `after` need not be dead, nor exist.
      scene.nowMs = startMs + 500
      assert.deepEqual(await store.listDeadData({ ...request, after: scene.dataId() }), dead.slice(2))
      assert.deepEqual(await store.listDeadData({ ...request, below: startMs + 1 }), dead.slice(0, 2))
      const afterAndBelow = { after: present(dead[2]).dataId, below: startMs + 1 }
      assert.deepEqual(await store.listDeadData({ ...request, ...afterAndBelow }), [])
    })

    sceneTest('what lost its last reference is listed as dead once it has left the purge queue', async (scene) => {
      const { store } = scene
      const request = { group: groupId(1), limit: 10 }
      const { refs, ...command } = scene.upload('file')
      await store.commitVersion(command)
      await scene.put('copy', {
        version: { ...scene.version([]), sizeBytes: 1_000, extents: command.version.extents },
        newData: [],
        sharedData: refs,
        commandId: scene.dataId(),
      })
      await scene.register(processId(1))
      await scene.put('file')
      assert.equal(await store.purgeQueueLength(), 0)
      await scene.remove('copy')
      await scene.publish(processId(1), startMs + 1, await store.visibleSequence())
      assert.deepEqual(await store.listDeadData(request), [])
      const entries = await store.nextPurge({ limit: 10 })
      assert.equal(entries.length, 1)
      await store.removePurged({ entries })
      await store.removePurged({ entries })
      assert.deepEqual(await store.listDeadData(request), refs)
    })

    sceneTest('dead data whose row was removed is listed no longer', async (scene) => {
      const { store } = scene
      const old = [scene.ref(), scene.ref()]
      scene.nowMs += 1_000
      const young = scene.ref()
      await store.discard({ refs: [...old, young], queue: false })
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1)
      assert.equal(await store.removeDeadRows({ refs: [...old, young] }), 2)
      assert.deepEqual(await store.listDeadData({ group: groupId(1), limit: 10 }), [young])
    })

    sceneTest('a dead row goes when it is below the horizon and not in the purge queue', async (scene) => {
      const { store } = scene
      const { refs, ...command } = scene.upload('file')
      await store.commitVersion(command)
      const live = scene.upload('live')
      await store.commitVersion({ ...live, version: live.version })
      await scene.remove('file')
      const discarded = [scene.ref(), scene.ref()]
      await store.discard({ refs: discarded, queue: false })
      const every = [...refs, ...live.refs, ...discarded]
      assert.equal(await store.removeDeadRows({ refs: every }), 0)
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1, await store.visibleSequence())
      assert.equal(await store.removeDeadRows({ refs: every }), 2)
      const queued: readonly PurgeEntry[] = await store.nextPurge({ limit: 10 })
      await store.removePurged({ entries: queued })
      assert.equal(await store.removeDeadRows({ refs: every }), 1)
      assert.equal(await store.getDataRow(refs[0]), undefined)
      assert.equal((await store.getDataRow(live.refs[0]))?.state, 'live')
    })
  })

  describe(`${name}: many data rows`, () => {
    sceneTest('thousands of rows of two groups are found, listed by pages, changed and removed', async (scene) => {
      const { store } = scene
      const refs = Array.from({ length: 3_000 }, (_, index) => scene.ref(1 + (index % 2)))
      for (let at = 0; at < refs.length; at += 300)
        await store.discard({ refs: refs.slice(at, at + 300), queue: false })
      const many = Array.from({ length: 1_500 }, () => scene.ref())
      await scene.put('file', { version: scene.version(many), newData: many.map((ref) => scene.newData(ref)) })
      type Lister = 'listDataRows' | 'listDeadData'
      const listed = async (group: number, list: Lister = 'listDataRows'): Promise<readonly DataRef[]> => {
        const rows: DataRef[] = []
        for (;;) {
          const last = rows.at(-1)
          const after = last === undefined ? {} : { after: last.dataId }
          const page = await store[list]({ group: groupId(group), limit: 700, ...after })
          rows.push(...page)
          if (page.length < 700) return rows
        }
      }
      const refsOf = (rows: readonly DataRef[]): DataRef[] => rows.map(({ group, dataId }) => ({ group, dataId }))
      const dead = refs.filter((ref) => ref.group === 1).toSorted(byId)
      assert.deepEqual(await listed(1, 'listDeadData'), dead)
      assert.deepEqual(refsOf(await listed(1)), [...dead, ...many].toSorted(byId))
      const rows = await store.getDataRows(refs.slice(0, 1_000))
      assert.ok(rows.every((row) => row?.state === 'dead'))
      await scene.remove('file')
      assert.equal((await listed(1)).length, 3_000)
      assert.equal((await listed(1, 'listDeadData')).length, 1_500)
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1)
      for (let at = 0; at < refs.length; at += 1_000)
        assert.equal(await store.removeDeadRows({ refs: refs.slice(at, at + 1_000) }), 1_000)
      assert.deepEqual(await listed(2), [])
      assert.deepEqual(await listed(2, 'listDeadData'), [])
      assert.deepEqual(await listed(1, 'listDeadData'), [])
    })
  })

  describe(`${name}: repair work`, () => {
    sceneTest('entries are a set of what is live, listed by pages and resolved', async (scene) => {
      const { store } = scene
      const { refs, ...command } = scene.upload('file')
      await store.commitVersion(command)
      const entries: RepairEntry[] = [
        { kind: 'fragment', ...refs[0], block: 0, column: 1 },
        { kind: 'fragment', ...refs[0], block: 0, column: 2, standIn: workerId(3) },
        { kind: 'fragment', ...refs[0], block: 256, column: 0 },
        { kind: 'slot', ...refs[0], slot: 4 },
      ]
      await store.addRepairs({ entries: [...entries, { kind: 'slot', ...scene.ref(), slot: 1 }] })
      await store.addRepairs({ entries })
      const request = { group: groupId(1), limit: 10 }
      assert.deepEqual(await store.listRepairs(request), entries)
      assert.deepEqual(await store.listRepairs({ ...request, limit: 2 }), entries.slice(0, 2))
      assert.deepEqual(await store.listRepairs({ ...request, after: present(entries[1]) }), entries.slice(2))
      assert.deepEqual(await store.listRepairs({ ...request, dataId: scene.dataId() }), [])
      assert.deepEqual(await store.listRepairs({ ...request, group: groupId(2) }), [])
      assert.deepEqual(await store.countRepairs(), [{ group: groupId(1), count: 4 }])
      await store.resolveRepairs({ entries: entries.slice(1) })
      await store.resolveRepairs({ entries: entries.slice(1) })
      assert.deepEqual(await store.listRepairs(request), entries.slice(0, 1))
      await store.resolveRepairs({ entries })
      assert.deepEqual(await store.countRepairs(), [])
    })

    sceneTest('an entry added again names the newest stand-in', async (scene) => {
      const { refs, ...command } = scene.upload('file')
      await scene.store.commitVersion(command)
      const entry = { kind: 'fragment' as const, ...refs[0], block: 3, column: 1 }
      await scene.store.addRepairs({ entries: [entry] })
      await scene.store.addRepairs({ entries: [{ ...entry, standIn: workerId(2) }] })
      const found = await scene.store.listRepairs({ group: groupId(1), limit: 10 })
      assert.deepEqual(found, [{ ...entry, standIn: workerId(2) }])
      assert.equal((await scene.store.countRepairs())[0]?.count, 1)
    })
  })
}
