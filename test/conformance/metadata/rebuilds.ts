// Conformance of a store that is behind, and of its rebuild: what is refused meanwhile, in which order versions come back, and what holds
// when it is done. The faults are those of lost answers and of versions that come in any order. Contracts: src/meta/contract/
// cluster-metadata.ts and rebuild-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import { SeededRandom } from '../../../src/base/random.ts'
import { defaultScheme } from '../../../src/base/scheme.ts'
import { dataIdTimeMs } from '../../../src/base/ids.ts'
import type { RebuildRow, RecoverVersion, StartRebuild } from '../../../src/meta/contract/rebuild-metadata.ts'
import { epoch, groupId, present, processId, rejectsWith, sceneTests, startMs, workerId } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

const history = 'a'.repeat(32)
const foreign = 'b'.repeat(32)
const id = 'c'.repeat(32)
const start: StartRebuild = { id, merge: false, force: false, startedMs: startMs }

async function loseMetadata({ store }: Scene): Promise<void> {
  await store.markBehind({ history, seen: { history: foreign, counter: 7 } })
}

function found(scene: Scene, key: string, seenSequence: number, more: Partial<RecoverVersion> = {}): RecoverVersion {
  const ref = scene.ref()
  const version = { ...scene.version([ref]), recovered: true as const }
  const data = { ...ref, scheme: defaultScheme, chunkSizeBytes: 10_240, lengthBytes: 1_000, repairs: [], slots: [] }
  return { rebuild: id, bucket: 'default', key, version, seenSequence, data: [data], ...more }
}

async function running(scene: Scene): Promise<RebuildRow> {
  await loseMetadata(scene)
  return await scene.store.startRebuild(start)
}

/** Versions of a key, newest first. Takes them away. */
async function versionsOf(scene: Scene, key: string): Promise<readonly string[]> {
  const versions: string[] = []
  for (;;) {
    const removed = await scene.remove(key)
    if (removed === undefined) return versions
    versions.push(removed.version)
  }
}

export function rebuildTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: metadata that is behind`, () => {
    sceneTest('changes no files, buckets and groups, and forgets nobody’s data', async (scene) => {
      const { store } = scene
      await scene.put('file')
      const upload = scene.upload('other')
      await loseMetadata(scene)
      await rejectsWith('read-only', store.commitVersion(upload))
      await rejectsWith('read-only', scene.remove('file'))
      await rejectsWith('read-only', store.createBucket({ name: 'new', createdMs: 1 }))
      await rejectsWith('read-only', store.deleteBucket({ name: 'default' }))
      await rejectsWith('read-only', store.createGroup(scene.group(3)))
      await rejectsWith('read-only', store.changeGroup({ ...scene.group(1), epoch: epoch(1), slots: [] }))
      await rejectsWith('read-only', store.setGroupState({ group: groupId(1), state: 'closed' }))
      await rejectsWith('read-only', store.discard({ refs: [scene.ref()], queue: false }))
      await rejectsWith('read-only', store.removePurged({ entries: [] }))
      await rejectsWith('read-only', store.removeDeadRows({ refs: [] }))
      // An upload of now can be given up: nobody was told that it is stored.
      assert.deepEqual(await store.discard({ refs: upload.refs, queue: true }), ['dead'])
      assert.equal((await store.getHead('default', 'file'))?.sizeBytes, 1_000)
    })

    sceneTest('knows what it had settled only where the history is its own', async ({ store }) => {
      await store.registerProcess({ process: processId(1), address: 'a:1', wallMs: startMs })
      const { settledMs } = await store.raiseCounter({ history })
      assert.equal(settledMs, startMs)
      const older = await store.markBehind({ history, seen: { history, counter: 2 } })
      assert.deepEqual([older.behind, older.settledMs], [true, startMs])
      const lost = await store.markBehind({ history, seen: { history: foreign, counter: 1 } })
      assert.deepEqual([lost.settledMs, lost.foreign], [0, [foreign]])
      assert.deepEqual(await store.markBehind({ history, seen: { history: foreign, counter: 2 } }), lost)
    })

    sceneTest('is what a worker means that holds data and that metadata does not know', async ({ store }) => {
      assert.equal((await store.markBehind({ history })).behind, true)
    })
  })

  describe(`${name}: a rebuild`, () => {
    sceneTest('is refused where nothing is lost, where files are there, and while another one runs', async (scene) => {
      const { store } = scene
      await rejectsWith('precondition-failed', store.startRebuild(start))
      await scene.put('file')
      await loseMetadata(scene)
      await rejectsWith('precondition-failed', store.startRebuild(start))
      const row = await store.startRebuild({ ...start, merge: true })
      assert.deepEqual(await store.startRebuild({ ...start, merge: true }), row)
      await rejectsWith('precondition-failed', store.startRebuild({ ...start, id: 'd'.repeat(32), merge: true }))
      assert.deepEqual(await store.getRebuild(), row)
    })

    sceneTest('that failed can be repeated as it was, also where it has put something back', async (scene) => {
      const { store } = scene
      const row = await running(scene)
      await store.recoverVersion(found(scene, 'file', 5))
      await store.recordRebuild({ row: { ...row, state: 'failed', highest: { sequence: 5, idMs: 6, group: 7 } } })
      await rejectsWith('precondition-failed', store.recoverVersion(found(scene, 'file', 6)))
      const again = await store.startRebuild({ ...start, id: 'd'.repeat(32) })
      assert.deepEqual(again.highest, { sequence: 5, idMs: 6, group: 7 })
    })

    sceneTest('puts groups back, and never goes down with an epoch', async (scene) => {
      const { store } = scene
      await running(scene)
      const slots = [6, 2, 3, 4, 5].map((worker) => ({ worker: workerId(worker), holderSinceEpoch: epoch(4) }))
      const command = { rebuild: id, scheme: defaultScheme, slots, state: 'closed' as const }
      await store.recoverGroup({ ...command, group: groupId(9), epoch: epoch(12) })
      const row = await store.recoverGroup({ ...command, group: groupId(1), epoch: epoch(11) })
      assert.deepEqual(row.slots, slots)
      assert.equal(row.epoch, 11)
      assert.equal((await store.recoverGroup({ ...command, group: groupId(1), epoch: epoch(10) })).epoch, 11)
      const { groups } = await store.listGroups({ since: 0, limit: 10 })
      assert.deepEqual(new Set(groups.map(({ group }) => group)), new Set([1, 2, 9].map(groupId)))
    })

    sceneTest('finds the same versions in the same order, in whatever order they come', async (scene) => {
      const { store } = scene
      await running(scene)
      const random = new SeededRandom(3)
      for (let round = 0; round < 20; round++) {
        const key = `file-${round}`
        // Of those that saw the same number, the later id is the newer; times and numbers may contradict each other.
        const versions = [9, 3, 3, 7, 1, 9, 3, 0].map((seen, index) => {
          scene.nowMs = startMs + ((index * 5) % 8)
          return found(scene, key, seen)
        })
        const expected = versions.toSorted(
          (left, right) =>
            right.seenSequence - left.seenSequence || (left.version.version < right.version.version ? 1 : -1),
        )
        for (const command of versions.toSorted(() => random.below(3) - 1)) {
          assert.equal(await store.recoverVersion(command), 'recovered')
          assert.equal(await store.recoverVersion(command), 'known')
        }
        const head = present(await store.getHead('default', key))
        assert.equal(head.version, expected[0]?.version.version)
        assert.equal(head.recovered, true)
        for (const { version } of versions)
          assert.equal((await store.getVersion('default', key, version.version))?.version, version.version)
      }
      assert.deepEqual(await store.getBucketUsage('default'), { files: 20, bytes: 20 * 8 * 1_000 })
    })

    sceneTest('keeps what is there below what is newer, and above what is older', async (scene) => {
      const { store } = scene
      scene.nowMs = startMs + 100
      const { row } = await scene.put('file')
      await loseMetadata(scene)
      await store.startRebuild({ ...start, merge: true })
      scene.nowMs = startMs + 200
      const newer = found(scene, 'file', 50)
      scene.nowMs = startMs
      const older = found(scene, 'file', 40)
      const other = found(scene, 'other', 1)
      for (const command of [older, newer, other]) await store.recoverVersion(command)
      assert.deepEqual(await store.getDataRow(row.extents[0] ?? scene.ref()).then((data) => data?.state), 'live')
      await store.recordRebuild({ row: { ...present(await store.getRebuild()), state: 'running' } })
      await store.finishRebuild({ id, endedMs: startMs, unsettled: false })
      const expected = [newer.version.version, row.version, older.version.version]
      assert.deepEqual(await versionsOf(scene, 'file'), expected)
    })

    sceneTest('puts a version that goes by its id back so, and one null version of a key at most', async (scene) => {
      const { store } = scene
      await running(scene)
      const commands = [4, 2, 6, 3].map((seen) => found(scene, 'file', seen, { bucket: 'lost' }))
      for (const command of commands) await store.recoverVersion(command)
      const byId = found(scene, 'file', 9, { bucket: 'lost' })
      assert.equal((await store.getBucket('lost'))?.versioning, undefined)
      await store.recoverVersion({ ...byId, version: { ...byId.version, versioned: true } })
      assert.equal((await store.getBucket('lost'))?.versioning, 'enabled')
      const { entries } = await store.listVersions({ bucket: 'lost', limit: 10 })
      assert.deepEqual(
        entries.map(({ version, isVersioned }) => ({ version, isVersioned })),
        [byId, commands[2], commands[0], commands[3], commands[1]].map((command) => ({
          version: present(command).version.version,
          isVersioned: command !== commands[2],
        })),
      )
      assert.equal((await store.getVersion('lost', 'file', 'null'))?.version, commands[2]?.version.version)
      const locked = found(scene, 'locked', 9, { bucket: 'held' })
      await store.recoverVersion({ ...locked, version: { ...locked.version, lock: { legalHold: true } } })
      assert.equal((await store.getBucket('held'))?.objectLock, true)
    })

    sceneTest('makes buckets, long lists and repair work with the version', async (scene) => {
      const { store } = scene
      await running(scene)
      const refs = Array.from({ length: 40 }, () => scene.ref(2))
      const fixed = { scheme: defaultScheme, chunkSizeBytes: 10_240, lengthBytes: 1_000 }
      const data = refs.map((ref) => ({ ...ref, ...fixed, repairs: [{ block: 0, column: 1 }], slots: [3] }))
      const version = { ...scene.version(refs), recovered: true as const }
      await store.recoverVersion(found(scene, 'long', 1, { bucket: 'lost', data, version }))
      assert.equal((await store.getHead('lost', 'long'))?.extents.length, 40)
      assert.deepEqual(await store.countRepairs(), [{ group: groupId(2), count: 80 }])
      await store.finishRebuild({ id, endedMs: 1, unsettled: false })
      assert.notEqual(await scene.remove('long', 'lost'), undefined)
      assert.equal(await store.purgeQueueLength(), 40)
    })

    sceneTest('touches no data id that has a row, dead or alive', async (scene) => {
      const { store } = scene
      const { refs } = scene.upload('file')
      await store.discard({ refs, queue: true })
      await running(scene)
      const dead = found(scene, 'file', 1)
      const [data] = dead.data
      assert.equal(await store.recoverVersion({ ...dead, data: [{ ...present(data), ...refs[0] }] }), 'known')
      assert.equal(await store.getHead('default', 'file'), undefined)
    })

    sceneTest('counts one more reference on data that it shares, which must be live', async (scene) => {
      const { store } = scene
      await running(scene)
      const source = found(scene, 'source', 1)
      await store.recoverVersion(source)
      const fixed = { scheme: defaultScheme, chunkSizeBytes: 10_240, repairs: [], slots: [] }
      const copy = (key: string): RecoverVersion => {
        const own = scene.ref()
        const version = { ...scene.version([...source.data, own]), recovered: true as const }
        const data = [...source.data, { ...own, ...fixed, lengthBytes: 0 }]
        return { ...found(scene, key, 2), version, data, ends: own }
      }
      const first = copy('copy')
      assert.equal(await store.recoverVersion(first), 'recovered')
      assert.equal(await store.recoverVersion(first), 'known')
      const [shared] = source.data
      const row = await store.getDataRow(present(shared))
      assert.equal(row?.state === 'live' ? row.references : 0, 2)
      await store.finishRebuild({ id, endedMs: 1, unsettled: false })
      await scene.remove('source')
      assert.equal(await store.purgeQueueLength(), 0)
      await scene.remove('copy')
      assert.equal(await store.purgeQueueLength(), 2)
      const again = 'e'.repeat(32)
      await store.startRebuild({ ...start, id: again, merge: true })
      assert.equal(await store.recoverVersion({ ...copy('late'), rebuild: again }), 'gone')
    })

    sceneTest('ends with a history of its own, above all that was met', async (scene) => {
      const { store } = scene
      const row = await running(scene)
      await store.recoverVersion(found(scene, 'file', 5))
      const idMs = startMs + 1_000_000
      await store.recordRebuild({ row: { ...row, highest: { sequence: 10_000, idMs, group: 70 } } })
      const done = await store.finishRebuild({ id, endedMs: 9, unsettled: true })
      assert.equal(done.state, 'done')
      assert.deepEqual(await store.finishRebuild({ id, endedMs: 10, unsettled: false }), done)
      const cluster = present(await store.getCluster())
      assert.equal(cluster.history, id)
      assert.deepEqual(cluster.predecessors, [history, foreign])
      assert.equal(cluster.behind, false)
      assert.equal(cluster.groupsAbove, 70)
      assert.ok(present(cluster.unsettledBelowMs) > idMs)
      assert.ok((await store.visibleSequence()) > 10_000)
      const { publishedMs } = await store.registerProcess({ process: processId(1), address: 'a:1', wallMs: startMs })
      assert.ok(publishedMs > idMs)
      // Workers that know the former histories know nothing better.
      for (const seen of [foreign, history])
        assert.equal((await store.markBehind({ history: id, seen: { history: seen, counter: 99 } })).behind, false)
      scene.nowMs = idMs + 10
      assert.ok(dataIdTimeMs(scene.dataId()) > idMs)
      const { row: next } = await scene.put('file')
      assert.equal((await store.getHead('default', 'file'))?.version, next.version)
    })
  })
}
