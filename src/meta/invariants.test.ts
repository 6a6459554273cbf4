// What must be true of the rows after any sequence of mutations: counts are what they count. Checked by reading every row, after
// random uploads, copies, overwrites, kept versions, deletions, discards, purges and repairs.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { MemoryMap } from '../../sim/ports/key-value.ts'
import { openMemoryScene } from '../../test/conformance/metadata/memory-scene.ts'
import { groupId, present, processId } from '../../test/conformance/metadata/scene.ts'
import type { Scene } from '../../test/conformance/metadata/scene.ts'
import { errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import type { MultipartName } from './contract/multipart-metadata.ts'
import { decodeData } from './encoding/data-encoding.ts'
import { readDataId, readGroup } from './encoding/key-parts.ts'
import {
  headPrefix,
  keptBucketPrefix,
  keptKey,
  markerPrefix,
  multipartTimeKey,
  tables,
  within,
} from './encoding/keys.ts'
import { decodeMultipart, decodePart } from './encoding/multipart-encoding.ts'
import { decodeNumbers } from './encoding/plain-rows.ts'
import type { CommittedData } from './encoding/data-encoding.ts'
import { decodeExtentList } from './encoding/extent-encoding.ts'
import { decodeVersion } from './encoding/version-encoding.ts'

const all = 1_000_000

/** One random mutation; what it refuses is no matter. */
async function step(scene: Scene, random: SeededRandom): Promise<void> {
  const { store } = scene
  const key = `file-${random.below(12)}`
  switch (random.below(12)) {
    case 0:
    case 1:
      return await putFile(scene, random, key)
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
    case 9:
      return await multipart(scene, random)
    case 10:
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

async function putFile(scene: Scene, random: SeededRandom, key: string): Promise<void> {
  const count = random.below(6) === 0 ? 40 : 1 + random.below(3)
  const refs = Array.from({ length: count }, () => scene.ref(1 + random.below(2)))
  const repairs = random.below(4) === 0 ? [{ block: 0, column: random.below(5) }] : []
  await scene.put(key, { version: scene.version(refs), newData: refs.map((ref) => scene.newData(ref, { repairs })) })
}

/** One of a few uploads in parts goes on: parts of new data or of a file's, then its completion or its end. */
async function multipart(scene: Scene, random: SeededRandom): Promise<void> {
  const { store } = scene
  const { uploads } = await store.listMultiparts({ bucket: 'default', limit: 10 })
  const row = uploads[random.below(4)]
  if (row === undefined) {
    const name = { bucket: 'default', key: `file-${random.below(12)}`, upload: scene.versionId() }
    await store.createMultipart({ ...name, createdMs: scene.nowMs, template: {} })
    return
  }
  const name = { bucket: 'default', key: row.key, upload: row.upload }
  const part = {
    number: 1 + random.below(40),
    id: scene.versionId(),
    modifiedMs: scene.nowMs,
    sizeBytes: 1_000,
    crc32: 0,
  }
  const action = random.below(8)
  if (action === 0) await store.abortMultipart(name)
  else if (action === 1) await complete(scene, random, name)
  else if (action < 5) {
    const refs = [scene.ref(), scene.ref(2)]
    const extents = refs.map((ref) => scene.extent(ref))
    await store.putPart({ ...name, part: { ...part, extents }, newData: refs.map((ref) => scene.newData(ref)) })
  } else {
    const source = await store.getHead('default', `file-${random.below(12)}`)
    const [first] = source?.extents ?? []
    if (first === undefined) return
    const commandId = scene.dataId()
    await store.putPart({ ...name, part: { ...part, extents: [first] }, newData: [], sharedData: [first], commandId })
  }
}

async function complete(scene: Scene, random: SeededRandom, name: MultipartName): Promise<void> {
  const stored = await scene.store.listParts({ ...name, after: 0, limit: 1_000 })
  const parts = stored.filter(() => random.below(4) > 0)
  if (parts.length === 0) return
  const version = scene.version([], { sizeBytes: 1_000 * parts.length })
  await scene.store.completeMultipart({
    ...name,
    parts,
    version: { ...version, parts: parts.map(({ number }) => ({ number, length: 1_000 })) },
    newData: [scene.newData(scene.ref())],
  })
}

async function copy(scene: Scene, random: SeededRandom, key: string): Promise<void> {
  const source = await scene.store.getHead('default', `file-${random.below(12)}`)
  if (source === undefined || source.deleteMarker === true) return
  const commandId = scene.dataId()
  const version = { ...scene.version([]), sizeBytes: source.sizeBytes }
  if (source.extentList !== undefined) {
    const own = random.below(2) === 0 ? scene.ref() : undefined
    const [ownRecord] = own === undefined ? [] : scene.version([own]).extents
    await scene.put(key, {
      version: { ...version, ...(ownRecord === undefined ? {} : { ownRecord }) },
      newData: own === undefined ? [] : [scene.newData(own)],
      shareExtents: source.extentList,
      commandId,
    })
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
      if (row.ownRecord !== undefined) refer([`${row.ownRecord.group}/${row.ownRecord.dataId}`])
      if (row.extentList === undefined) refer(row.extents.map((extent) => `${extent.group}/${extent.dataId}`))
      else lists.set(row.extentList, (lists.get(row.extentList) ?? 0) + 1)
    }
  }
  for (const [key, bytes] of map.range({ ...within(tables.part), limit: all })) {
    const part = decodePart(key, bytes)
    usage.bytes += part.sizeBytes
    refer(part.extents.map((extent) => `${extent.group}/${extent.dataId}`))
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
  checkUploads(map)
  checkData(map, references)
  return usage
}

/** Each upload, open or completed, has one place in the order of time; parts are those of open ones. */
function checkUploads(map: MemoryMap): void {
  const open = map.range({ ...within(tables.multipart), limit: all }).map(([, row]) => decodeMultipart(row))
  const completed = map.range({ ...within(tables.completed), limit: all }).map(([, row]) => decodeMultipart(row))
  const times = [
    ...open.map(({ createdMs, upload }) => multipartTimeKey(createdMs, upload)),
    ...completed.map(({ completed: done, upload }) => multipartTimeKey(present(done).atMs, upload)),
  ]
  assert.deepEqual(
    map.range({ ...within(tables.multipartTime), limit: all }).map(([key]) => key),
    times.toSorted(),
  )
  const ids = new Set<string>(open.map(({ upload }) => upload))
  for (const [key] of map.range({ ...within(tables.part), limit: all })) assert.ok(ids.has(key.slice(1, 27)))
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
    const { map, scene } = await openMemoryScene()
    await scene.register(processId(1))
    const random = new SeededRandom(seed)
    for (let count = 0; count < 400; count++) {
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
