// Random sequences of everything that changes versions, against a model that fits a screen: which versions of each key there are and in
// which order, what a lock holds back, what the bucket's usage is, and which data is alive. Commands are repeated at any later
// time, also below the horizon: a repeat gets the first answer or is refused, and changes nothing. Rows that count (references, lists,
// indexes) are checked by invariants.test.ts.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import type { MemoryMap } from '../../sim/ports/key-value.ts'
import { openMemoryScene } from '../../test/conformance/metadata/memory-scene.ts'
import { present, processId } from '../../test/conformance/metadata/scene.ts'
import { Model } from '../../test/conformance/metadata/version-model.ts'
import type { Upload, Version } from '../../test/conformance/metadata/version-model.ts'
import { SeededRandom } from '../base/random.ts'
import type { DataRef } from './contract/conventions.ts'
import type { HeadCondition } from './contract/head-condition.ts'
import type { VersionName } from './contract/version-metadata.ts'
import type { ObjectLock } from './contract/version-row.ts'
import { readData } from './decisions/data-rows.ts'

const buckets = ['default', 'locked'] as const
const partBytes = 1_000

const file = (random: SeededRandom): { bucket: string; key: string } => ({
  bucket: present(buckets[random.below(2)]),
  key: `file-${random.below(4)}`,
})

function lockOf({ scene, random }: Model, bucket: string): ObjectLock | undefined {
  if (bucket !== 'locked' || random.below(2) === 0) return undefined
  const mode = random.below(2) === 0 ? 'governance' : 'compliance'
  return { mode, retainUntilMs: scene.nowMs + random.below(400), ...(random.below(4) === 0 ? { legalHold: true } : {}) }
}

/** A condition, and whether it holds of a version. */
function conditionOn(
  random: SeededRandom,
  version: Version | undefined,
): { condition?: HeadCondition; holds: boolean } {
  const isThere = version !== undefined && !version.isMarker
  const id = version?.version
  switch (random.below(8)) {
    case 0:
      return { condition: { kind: 'if-absent' }, holds: !isThere }
    case 1:
      return { condition: { kind: 'if-present' }, holds: isThere }
    case 2:
      return id === undefined
        ? { holds: true }
        : { condition: { kind: 'if-etag', etags: ['other', id] }, holds: isThere }
    case 3:
      return id === undefined ? { holds: true } : { condition: { kind: 'if-none-etag', etags: [id] }, holds: !isThere }
    default:
      return { holds: true }
  }
}

async function put(model: Model): Promise<void> {
  const { scene, random } = model
  const { bucket, key } = file(random)
  const refs = model.newRefs(random.below(6) === 0 ? 40 : 1 + random.below(3))
  const { condition, holds } = conditionOn(random, model.of(bucket, key)[0])
  const lock = lockOf(model, bucket)
  const version = scene.version(refs, lock === undefined ? {} : { lock })
  const newData = refs.map((ref) => scene.newData(ref))
  const command = { bucket, key, version, newData, ...(condition === undefined ? {} : { condition }) }
  const run = async (): Promise<unknown> => (await scene.store.commitVersion(command)).row.version
  if (!(await model.issue(run, holds ? undefined : 'precondition-failed', (answer) => answer))) return
  model.push(bucket, key, { version: version.version, isMarker: false, sizeBytes: version.sizeBytes, refs, lock })
}

/** Of any version of any key, onto any key; also onto its own. */
async function copy(model: Model): Promise<void> {
  const { scene, random } = model
  const source = file(random)
  const versions = model.of(source.bucket, source.key)
  const from = versions[random.below(versions.length + 1)]
  if (from === undefined || from.isMarker) return
  const row = present(await scene.store.getVersion(source.bucket, source.key, from.version))
  const { bucket, key } = file(random)
  const [own] = model.newRefs(1)
  const ref = present(own)
  const newData = [scene.newData(ref, { lengthBytes: 0 })]
  const record = scene.extent(ref, { dataLengthBytes: 0, length: 0 })
  const lock = lockOf(model, bucket)
  const version = scene.version([], { sizeBytes: row.sizeBytes, ...(lock === undefined ? {} : { lock }) })
  const extents = row.extents.filter(({ length }) => length > 0)
  const shared =
    row.extentList === undefined
      ? { version: { ...version, extents: [...extents, record] }, sharedData: distinct(extents) }
      : { version: { ...version, ownRecord: record }, shareExtents: row.extentList }
  const command = { bucket, key, newData, ...shared }
  await model.issue(
    () => scene.store.commitVersion(command),
    undefined,
    (answer) => answer.row.version,
  )
  const refs = row.extentList === undefined ? [...distinct(extents), ref] : [...distinct(row.extents), ref]
  model.push(bucket, key, { version: version.version, isMarker: false, sizeBytes: row.sizeBytes, refs, lock })
}

function distinct(extents: readonly DataRef[]): readonly DataRef[] {
  return [...new Map(extents.map(({ group, dataId }) => [`${group}/${dataId}`, { group, dataId }])).values()]
}

async function remove(model: Model): Promise<void> {
  const { scene, random } = model
  const { bucket, key } = file(random)
  const versions = model.of(bucket, key)
  const [head] = versions
  const { condition, holds } = conditionOn(random, head)
  const command = scene.deletion(key, { bucket, ...(condition === undefined ? {} : { condition }) })
  const hasVersions = model.versioningOf(bucket) !== undefined
  // A delete of nothing leaves no answer: its repeat is a delete of its own.
  if (holds && head === undefined && !hasVersions) return
  const run = async (): Promise<unknown> => await scene.store.deleteKey(command)
  if (!(await model.issue(run, holds ? undefined : 'precondition-failed', (answer) => answer))) return
  if (!hasVersions) versions.shift()
  else model.push(bucket, key, { version: command.marker.version, isMarker: true, sizeBytes: 0, refs: [] })
}

async function removeVersion(model: Model): Promise<void> {
  const { scene, random } = model
  const { bucket, key } = file(random)
  const versions = model.of(bucket, key)
  const named = versions[random.below(versions.length + 1)]
  const isNull = named?.versioned === false && random.below(2) === 0
  const name: VersionName = isNull || named === undefined ? 'null' : named.version
  const at =
    name === 'null' ? versions.findIndex(({ versioned }) => !versioned) : versions.findIndex((one) => one === named)
  const version = versions[at]
  const bypass = random.below(3) === 0
  const { condition, holds } = conditionOn(random, version)
  const command = scene.removal(key, name, {
    bucket,
    ...(bypass ? { bypassGovernance: true as const } : {}),
    ...(condition === undefined ? {} : { condition }),
  })
  if (version === undefined) {
    if (holds) assert.equal(await scene.store.deleteVersion(command), undefined)
    return
  }
  const refusal = !holds
    ? 'precondition-failed'
    : isLocked(version.lock, scene.nowMs, bypass)
      ? 'object-locked'
      : undefined
  const run = async (): Promise<unknown> => (await scene.store.deleteVersion(command))?.version
  if (await model.issue(run, refusal, (answer) => answer)) versions.splice(at, 1)
}

function isLocked(lock: ObjectLock | undefined, wallMs: number, bypass: boolean): boolean {
  if (lock?.legalHold === true) return true
  return isRetained(lock, wallMs, bypass)
}

function isRetained(lock: ObjectLock | undefined, wallMs: number, bypass: boolean): boolean {
  return (lock?.retainUntilMs ?? 0) > wallMs && (lock?.mode === 'compliance' || !bypass)
}

async function changeLock(model: Model): Promise<void> {
  const { scene, random } = model
  const bucket = 'locked'
  const { key } = file(random)
  const versions = model.of(bucket, key)
  const version = versions[random.below(versions.length + 1)]
  if (version === undefined || version.isMarker) return
  const { mode, retainUntilMs, legalHold } = lockOf(model, bucket) ?? {}
  const retention = mode === undefined ? {} : { mode, retainUntilMs: present(retainUntilMs) }
  const bypass = random.below(3) === 0
  const command = {
    bucket,
    key,
    version: version.version,
    commandId: scene.dataId(),
    wallMs: scene.nowMs,
    retention,
    ...(bypass ? { bypassGovernance: true as const } : {}),
    legalHold: legalHold === true,
  }
  const weakens = mode !== version.lock?.mode || (retainUntilMs ?? 0) < (version.lock?.retainUntilMs ?? 0)
  const refusal = weakens && isRetained(version.lock, scene.nowMs, bypass) ? 'object-locked' : undefined
  const run = async (): Promise<unknown> => (await scene.store.changeVersion(command)).lock
  if (!(await model.issue(run, refusal, (answer) => answer))) return
  const hold = legalHold === true ? { legalHold: true as const } : {}
  version.lock = mode === undefined && legalHold !== true ? undefined : { ...retention, ...hold }
}

async function beginUpload(model: Model): Promise<void> {
  const { scene, random } = model
  const lock = lockOf(model, 'locked')
  const { bucket, key } = file(random)
  const name = { bucket, key, upload: scene.versionId() }
  const given = bucket === 'locked' && lock !== undefined ? { lock } : {}
  await scene.store.createMultipart({ ...name, createdMs: scene.nowMs, template: given })
  model.uploads.push({ ...name, parts: new Map(), ...given })
}

async function putPart(model: Model, upload: Upload): Promise<void> {
  const { scene, random } = model
  const { bucket, key } = upload
  const name = { bucket, key, upload: upload.upload }
  const number = 1 + random.below(36)
  const fixed = { number, id: scene.versionId(), modifiedMs: scene.nowMs, sizeBytes: partBytes, crc32: 0 }
  const source = file(random)
  const from = model.of(source.bucket, source.key).find(({ isMarker }) => !isMarker)
  if (from === undefined || random.below(2) === 0) {
    const refs = model.newRefs(1 + random.below(2))
    const part = { ...fixed, extents: refs.map((ref) => scene.extent(ref)) }
    const command = { ...name, part, newData: refs.map((ref) => scene.newData(ref)) }
    await model.issue(
      () => scene.store.putPart(command),
      undefined,
      () => undefined,
    )
    upload.parts.set(number, part)
    return
  }
  const row = present(await scene.store.getVersion(source.bucket, source.key, from.version))
  const extents = row.extents.filter(({ length }) => length > 0).slice(0, 2)
  const part = { ...fixed, extents }
  const command = { ...name, part, newData: [], sharedData: distinct(extents), commandId: scene.dataId() }
  await model.issue(
    () => scene.store.putPart(command),
    undefined,
    () => undefined,
  )
  upload.parts.set(number, part)
}

async function complete(model: Model, upload: Upload): Promise<void> {
  const { scene, random } = model
  const { bucket, key, lock } = upload
  const name = { bucket, key, upload: upload.upload }
  const stored = [...upload.parts.values()].toSorted((left, right) => left.number - right.number)
  const chosen = stored.filter(() => random.below(4) > 0)
  if (chosen.length === 0) return
  const refs = [...distinct(chosen.flatMap(({ extents }) => extents)), ...model.newRefs(1)]
  const record = present(refs.at(-1))
  const { condition, holds } = conditionOn(random, model.of(bucket, key)[0])
  const isStale = random.below(6) === 0
  const command = {
    ...name,
    parts: chosen.map(({ number, id }, index) => ({ number, id: isStale && index === 0 ? scene.versionId() : id })),
    version: {
      ...scene.version([], { sizeBytes: partBytes * chosen.length, ...(lock === undefined ? {} : { lock }) }),
      parts: chosen.map(({ number }) => ({ number, length: partBytes })),
    },
    newData: [scene.newData(record, { lengthBytes: 0 })] as const,
    ...(condition === undefined ? {} : { condition }),
  }
  const { version, sizeBytes } = command.version
  const refusal = !holds ? 'precondition-failed' : isStale ? 'part-invalid' : undefined
  const run = async (): Promise<unknown> => (await scene.store.completeMultipart(command)).row.version
  if (!(await model.issue(run, refusal, (answer) => answer))) return
  model.uploads.splice(model.uploads.indexOf(upload), 1)
  model.push(bucket, key, { version, isMarker: false, sizeBytes, refs, lock })
}

async function multipart(model: Model): Promise<void> {
  const { scene, random, uploads } = model
  const upload = uploads[random.below(5)]
  if (upload === undefined) return await beginUpload(model)
  const action = random.below(12)
  if (action > 2) return await putPart(model, upload)
  if (action > 0) return await complete(model, upload)
  const { bucket, key } = upload
  await model.issue(
    () => scene.store.abortMultipart({ bucket, key, upload: upload.upload }),
    undefined,
    (gone) => gone,
  )
  uploads.splice(uploads.indexOf(upload), 1)
}

/** Time goes on; what is dead goes; versioning is switched. */
async function passTime(model: Model): Promise<void> {
  const { scene, random } = model
  const { store } = scene
  scene.nowMs += random.below(60)
  if (random.below(4) === 0) {
    model.versioning = random.below(2) === 0 ? 'suspended' : 'enabled'
    await scene.setVersioning(model.versioning)
  }
  if (random.below(3) > 0) return
  await scene.publish(processId(1), scene.nowMs, await store.visibleSequence())
  await store.removePurged({ entries: await store.nextPurge({ limit: 50 }) })
  for (const group of [1, 2]) {
    const refs = await store.listDeadData({ group: scene.group(group).group, limit: 50 })
    await store.removeDeadRows({ refs })
  }
}

async function step(model: Model): Promise<void> {
  const steps = [put, put, copy, remove, removeVersion, removeVersion, changeLock, multipart, multipart, multipart]
  await (steps[model.random.below(14)] ?? passTime)(model)
  if (model.random.below(2) === 0) await model.repeat()
}

async function check(model: Model, map: MemoryMap): Promise<void> {
  const { store } = model.scene
  const live = new Set(
    model.uploads.flatMap(({ parts }) => [...parts.values()].flatMap(({ extents }) => names(extents))),
  )
  for (const bucket of buckets) {
    const listed: unknown[] = []
    const usage = { files: 0, bytes: 0 }
    for (const key of ['file-0', 'file-1', 'file-2', 'file-3']) {
      const versions = model.of(bucket, key)
      for (const [index, { version, versioned, isMarker, sizeBytes, refs, lock }] of versions.entries()) {
        listed.push({ key, version, isVersioned: versioned, isMarker, sizeBytes, isLatest: index === 0 })
        usage.bytes += sizeBytes
        for (const name of names(refs)) live.add(name)
        const found = await store.getVersion(bucket, key, versioned ? version : 'null')
        assert.equal(found?.version, version)
        assert.deepEqual(found.lock, lock)
      }
      const [head] = versions
      if (head?.isMarker === false) usage.files += 1
      assert.equal((await store.getHead(bucket, key))?.version, head?.version)
    }
    for (const upload of model.uploads) if (upload.bucket === bucket) usage.bytes += partBytes * upload.parts.size
    const { entries } = await store.listVersions({ bucket, limit: 1_000 })
    const shown = entries.map(({ key, version, isVersioned, isMarker, sizeBytes, isLatest }) => {
      return { key, version, isVersioned, isMarker, sizeBytes, isLatest }
    })
    assert.deepEqual(shown, listed)
    assert.deepEqual(await store.getBucketUsage(bucket), usage)
  }
  const isLive = (ref: DataRef): boolean => readData(map, ref)?.state === 'live'
  assert.deepEqual(new Set(names(model.allRefs.filter(isLive))), live)
}

function names(refs: readonly DataRef[]): string[] {
  return refs.map(({ group, dataId }) => `${group}/${dataId}`)
}

test('versions, locks, usage and data are what a simple model says, whatever was done and repeated', async () => {
  for (let seed = 1; seed <= 8; seed++) {
    const { map, scene } = await openMemoryScene()
    await scene.register(processId(1))
    await scene.store.createBucket({ name: 'locked', createdMs: scene.nowMs, versioning: 'enabled', objectLock: true })
    const model = new Model(scene, new SeededRandom(seed))
    for (let count = 0; count < 400; count++) {
      await step(model)
      if (count % 10 === 9) await check(model, map)
    }
    assert.ok(model.allRefs.length > 100)
  }
})
