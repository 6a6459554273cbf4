// What must be true of the rows after any sequence of mutations: counts are what they count. Checked by reading every row, after
// random uploads, copies, overwrites, kept versions, deletions, discards, purges and repairs.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { MemoryKeyValue, MemoryMap } from '../../sim/ports/key-value.ts'
import { Scene, groupId, present, processId } from '../../test/conformance/metadata/scene.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { LocalRunner, KeyValueMetadata } from './key-value-metadata.ts'
import { decodeData } from './encoding/data-encoding.ts'
import { readDataId, readGroup } from './encoding/key-parts.ts'
import { headPrefix, keptBucketPrefix, keptKey, markerPrefix, tables, within } from './encoding/keys.ts'
import { decodeNumbers } from './encoding/plain-rows.ts'
import type { CommittedData } from './encoding/data-encoding.ts'
import { decodeExtentList } from './encoding/extent-encoding.ts'
import { decodeVersion } from './encoding/version-encoding.ts'

const all = 1_000_000

/** One random mutation; what it refuses is no matter. */
async function step(scene: Scene, random: SeededRandom): Promise<void> {
  const { store } = scene
  const key = `file-${random.below(12)}`
  switch (random.below(10)) {
    case 0:
    case 1:
      return await upload(scene, random, key)
    case 2:
      return await copy(scene, random, key)
    case 3:
    case 4: {
      await store.deleteKey(scene.deletion(key))
      return
    }
    case 5:
    case 6: {
      const { entries } = await store.listVersions({ bucket: 'default', prefix: key, limit: 100 })
      const entry = entries[random.below(entries.length + 1)]
      if (entry !== undefined) await scene.removeVersion(entry.key, entry.isVersioned ? entry.version : 'null')
      return
    }
    case 7: {
      const source = await store.getHead('default', key)
      await store.discard({ refs: [scene.ref(), ...(source?.extents ?? [])], queue: random.below(2) === 0 })
      return
    }
    case 8:
      if (random.below(4) === 0) await scene.setVersioning(random.below(3) === 0 ? 'suspended' : 'enabled')
      return
    default: {
      await scene.publish(processId(1), scene.nowMs, await store.visibleSequence())
      await store.removePurged({ entries: await store.nextPurge({ limit: 5 }) })
      await store.removeDeadRows({ refs: await store.listDeadData({ group: groupId(1), limit: 20 }) })
      scene.nowMs += random.below(50)
    }
  }
}

async function upload(scene: Scene, random: SeededRandom, key: string): Promise<void> {
  const count = random.below(6) === 0 ? 40 : 1 + random.below(3)
  const refs = Array.from({ length: count }, () => scene.ref(1 + random.below(2)))
  const repairs = random.below(4) === 0 ? [{ block: 0, column: random.below(5) }] : []
  await scene.put(key, { version: scene.version(refs), newData: refs.map((ref) => scene.newData(ref, { repairs })) })
}

async function copy(scene: Scene, random: SeededRandom, key: string): Promise<void> {
  const source = await scene.store.getHead('default', `file-${random.below(12)}`)
  if (source === undefined || source.deleteMarker === true) return
  const commandId = scene.dataId()
  const version = { ...scene.version([]), sizeBytes: source.sizeBytes }
  if (source.extentList !== undefined) {
    await scene.put(key, { version, newData: [], shareExtents: source.extentList, commandId })
    return
  }
  const sharedData = [...new Map(source.extents.map((extent) => [extent.dataId, extent])).values()]
  await scene.put(key, { version: { ...version, extents: source.extents }, newData: [], sharedData, commandId })
}

function checkRows(map: MemoryMap): { files: number; bytes: number } {
  const references = new Map<string, number>()
  const lists = new Map<string, number>()
  const usage = { files: 0, bytes: 0 }
  const refer = (names: Iterable<string>): void => {
    for (const name of new Set(names)) references.set(name, (references.get(name) ?? 0) + 1)
  }
  for (const prefix of [headPrefix('default'), markerPrefix('default'), keptBucketPrefix('default')]) {
    for (const [, bytes] of map.range({ ...within(prefix), limit: all })) {
      const row = decodeVersion(bytes)
      usage.bytes += row.sizeBytes
      if (prefix === headPrefix('default')) usage.files += 1
      if (row.extentList === undefined) refer(row.extents.map((extent) => `${extent.group}/${extent.dataId}`))
      else lists.set(row.extentList, (lists.get(row.extentList) ?? 0) + 1)
    }
  }
  const storedLists = map.range({ ...within(tables.extentList), limit: all })
  for (const [key, bytes] of storedLists) {
    const counted = map.get(tables.listCount + key.slice(1))
    assert.equal(decodeNumbers(counted, 1)[0], lists.get(key.slice(1)))
    refer(decodeExtentList(bytes).extents.map((extent) => `${extent.group}/${extent.dataId}`))
  }
  assert.equal(storedLists.length, lists.size)
  assert.equal(map.range({ ...within(tables.listCount), limit: all }).length, lists.size)
  checkNullVersions(map)
  checkData(map, references)
  return usage
}

/** A key has at most one version that goes by `null`, and where that is a kept one, the index of those finds it. */
function checkNullVersions(map: MemoryMap): void {
  const heads = [tables.head, tables.marker].flatMap((table) =>
    map.range({ ...within(table), limit: all }).filter(([, row]) => decodeVersion(row).versioned !== true),
  )
  const kept = map
    .range({ ...within(tables.kept), limit: all })
    .filter(([, row]) => decodeVersion(row).versioned !== true)
  const indexed = map.range({ ...within(tables.nullKept), limit: all })
  assert.deepEqual(
    kept.map(([key]) => key),
    indexed.map(([key, row]) => {
      const [bucket = '', file = ''] = key.slice(1).split('\0')
      return keptKey(bucket, file, decodeNumbers(row, 1)[0] ?? 0)
    }),
  )
  const names = [...heads, ...indexed].map(([key]) => key.slice(1))
  assert.equal(new Set(names).size, names.length)
  const ids = map.range({ ...within(tables.kept), limit: all }).map(([, row]) => decodeVersion(row).version)
  assert.deepEqual(
    map.range({ ...within(tables.keptById), limit: all }).map(([key]) => key.slice(1)),
    ids.toSorted(),
  )
}

function checkData(map: MemoryMap, references: ReadonlyMap<string, number>): void {
  const queued = new Set(map.range({ ...within(tables.purge), limit: all }).map(([key]) => key.slice(8)))
  const dead = new Set(map.range({ ...within(tables.deadData), limit: all }).map(([key]) => key.slice(1)))
  let live = 0
  let unqueued = 0
  const check = (name: string, bytes: Uint8Array, key: string): void => {
    const row = decodeData(bytes)
    if (row.state === 'live') live += 1
    const count = row.state === 'live' ? (row satisfies CommittedData).references : 0
    assert.equal(count, references.get(name) ?? 0, name)
    // Dead means either in the purge queue or in the index of dead data.
    assert.equal(row.state !== 'live', queued.has(key) !== dead.has(key), name)
    if (row.state === 'live') assert.ok(!queued.has(key) && !dead.has(key), name)
    if (dead.has(key)) unqueued += 1
  }
  for (const [key, bytes] of map.range({ ...within(tables.data), limit: all }))
    check(`${readGroup(key, 1)}/${readDataId(key, 5)}`, bytes, key.slice(1))
  for (const [key, bytes] of map.range({ ...within(tables.recentData), limit: all }))
    check(`${readGroup(key, 17)}/${readDataId(key, 1)}`, bytes, key.slice(17) + key.slice(1, 17))
  assert.equal(live, references.size)
  assert.equal(unqueued, dead.size)
}

test('whatever was mutated in whatever order, every count is what it counts', async () => {
  for (let seed = 1; seed <= 12; seed++) {
    const map = new MemoryMap()
    const keyValue = new MemoryKeyValue({ map })
    await keyValue.claim()
    const scene = new Scene(new KeyValueMetadata(keyValue, new LocalRunner(keyValue)))
    await scene.open()
    await scene.register(processId(1))
    const random = new SeededRandom(seed)
    for (let count = 0; count < 250; count++) {
      try {
        await step(scene, random)
      } catch (error) {
        assert.ok(errorCode(error) === 'data-gone' || errorCode(error) === 'upload-expired', String(error))
      }
      if (count % 25 !== 24) continue
      const usage = checkRows(map)
      assert.deepEqual(await scene.store.getBucketUsage('default'), usage)
      assert.equal(await scene.store.purgeQueueLength(), map.range({ ...within(tables.purge), limit: all }).length)
      const repairs = map.range({ ...within(tables.repair), limit: all }).length
      const counted = (await scene.store.countRepairs()).reduce((sum, { count: each }) => sum + each, 0)
      assert.equal(counted, repairs)
    }
    assert.ok(present(map.get('\x11\x01')).length > 0)
  }
})
