// Objects, their versions and copies, through a whole master with workers in virtual time.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import { defined } from '../../../src/base/assert.ts'
import { errorCode } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import type { ObjectInfo } from '../../../src/master/object-service.ts'
import { block, bucket, ObjectScene, send } from './scene.ts'

const properties = {
  contentType: 'image/jpeg',
  owner: 'the owner',
  headers: { 'cache-control': 'no-store' },
  userMetadata: { colour: 'blue', empty: '' },
  tags: { project: 'frost' },
  extra: { x: Uint8Array.of(1, 2) },
}
const sealing = { etag: '0'.repeat(32), checksums: [{ algorithm: 'crc32c', value: Uint8Array.of(1, 2, 3, 4) }] }

async function failsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => errorCode(error) === code)
}

async function names(scene: ObjectScene): Promise<readonly string[]> {
  const { entries } = await scene.ask(async (objects) => await objects.listVersions({ bucket, limit: 1000 }))
  return entries.map(({ key, isMarker, isLatest }) => `${key}${isMarker ? ' marker' : ''}${isLatest ? ' latest' : ''}`)
}

async function endsClean(scene: ObjectScene): Promise<void> {
  assert.deepEqual((await scene.owners()).contradictions, [])
  await scene.cluster.until(async () => (await scene.owners()).leftovers.length === 0, 300_000)
}

describe('an object', () => {
  test('is found with all that was given, at its start and at its end', async () => {
    const scene = await ObjectScene.start()
    const bytes = scene.cluster.random.bytes(2 * block + 5)
    const made = await scene.put('object', bytes, { request: properties, sealing })
    const found = defined(await scene.find({}), 'the object')
    assert.deepEqual(found, made)
    const { version, modifiedMs } = found
    assert.ok(version.length === 26 && modifiedMs > 0)
    assert.deepEqual(found, {
      version,
      modifiedMs,
      bucket,
      key: 'object',
      sizeBytes: bytes.length,
      storedSizeBytes: bytes.length,
      crc32: crc32(bytes),
      isDeleteMarker: false,
      isVersioned: false,
      ...properties,
      ...sealing,
    })
    assert.deepEqual(await scene.read({}), bytes)
    assert.deepEqual(await scene.read({ version: 'null' }, { offset: 7, length: block }), bytes.slice(7, 7 + block))
    assert.equal((await scene.cluster.run(scene.cluster.files.head({ bucket, key: 'object' })))?.etag, sealing.etag)
  })

  test('whose bytes were transformed has the size and CRC that its client sees, and is read as it is stored', async () => {
    const scene = await ObjectScene.start()
    const transform = { kind: 'test', parameters: Uint8Array.of(9) }
    const bytes = scene.cluster.random.bytes(300)
    const logical = { sizeBytes: 250, crc32: 77 }
    const made = await scene.put('object', bytes, { request: { transform }, sealing: { logical } })
    assert.deepEqual([made.sizeBytes, made.crc32, made.storedSizeBytes, made.transform], [250, 77, 300, transform])
    assert.deepEqual(await scene.read({}), bytes)
    await failsWith('bad-request', scene.cluster.get('object'))
  })

  test('does not get into another bucket of the name of its own, which went while it was uploaded', async () => {
    const scene = await ObjectScene.start()
    const makeBucket = async (owner: string): Promise<void> =>
      await scene.ask(async (objects) => {
        await objects.createBucket({ name: 'other', owner })
      })
    await makeBucket('one')
    const upload = await scene.ask(async (objects) => await objects.put({ bucket: 'other', key: 'object' }))
    await scene.ask(async (objects) => {
      await objects.removeBucket('other')
    })
    await scene.cluster.advance(1_000)
    await makeBucket('two')
    await failsWith('bucket-not-found', scene.cluster.run(send(upload, Uint8Array.of(1))))
    assert.equal(await scene.find({ bucket: 'other' }), undefined)
    await endsClean(scene)
  })

  test('is not made where its condition does not hold, at the start or at the end', async () => {
    const scene = await ObjectScene.start()
    const upload = await scene.ask(
      async (objects) => await objects.put({ bucket, key: 'object', condition: { kind: 'if-absent' } }),
    )
    const first = await scene.put('object', new Uint8Array(10), { sealing })
    await failsWith('precondition-failed', scene.cluster.run(upload.finish({})))
    const put = async (etag: string): Promise<ObjectInfo> =>
      await scene.put('object', new Uint8Array(10), { request: { condition: { kind: 'if-etag', etags: [etag] } } })
    await failsWith('precondition-failed', put('other'))
    await put(first.etag)
    await endsClean(scene)
  })
})

describe('in a bucket that keeps versions', () => {
  test('each is there by its id, whichever face made it, until it is removed itself', async () => {
    const scene = await ObjectScene.start()
    const before = await scene.put('object', Uint8Array.of(0))
    await scene.keepVersions()
    const first = await scene.put('object', Uint8Array.of(1))
    const second = await scene.cluster.put('object', Uint8Array.of(2))
    assert.deepEqual(await scene.read({}), Uint8Array.of(2))
    assert.deepEqual(await scene.read({ version: first.version }), Uint8Array.of(1))
    assert.deepEqual(await scene.read({ version: 'null' }), Uint8Array.of(0))
    assert.deepEqual((await scene.find({ version: second.version }))?.isVersioned, true)
    const remove = async (version: ObjectInfo['version']): Promise<ObjectInfo | undefined> =>
      await scene.ask(async (objects) => await objects.removeVersion({ bucket, key: 'object', version }))
    assert.equal((await remove(second.version))?.version, second.version)
    assert.equal(await remove(second.version), undefined)
    assert.deepEqual(await scene.read({}), Uint8Array.of(1))
    await remove(first.version)
    assert.equal((await scene.find({}))?.version, before.version)
    await endsClean(scene)
  })

  test('a delete hides them below a marker, which files do not show', async () => {
    const scene = await ObjectScene.start()
    await scene.keepVersions()
    const { files } = scene.cluster
    const first = await scene.put('object', Uint8Array.of(1))
    const { removed, marker } = await scene.ask(
      async (objects) => await objects.remove({ bucket, key: 'object', owner: 'me' }),
    )
    assert.equal(removed, undefined)
    assert.deepEqual([marker?.isDeleteMarker, marker?.owner], [true, 'me'])
    assert.equal((await scene.find({}))?.isDeleteMarker, true)
    assert.equal(await scene.cluster.run(files.head({ bucket, key: 'object' })), undefined)
    assert.equal(await scene.cluster.run(files.open({ bucket, key: 'object' })), undefined)
    assert.deepEqual(await scene.cluster.names(), [])
    // Files that are not there get no marker.
    assert.equal(await scene.cluster.remove('object'), undefined)
    assert.equal(await scene.cluster.remove('nothing'), undefined)
    assert.deepEqual(await names(scene), ['object marker latest', 'object'])
    const second = await scene.cluster.put('object', Uint8Array.of(2))
    assert.equal((await scene.cluster.remove('object'))?.version, second.version)
    assert.deepEqual(await names(scene), ['object marker latest', 'object', 'object marker', 'object'])
    assert.deepEqual(await scene.read({ version: first.version }), Uint8Array.of(1))
  })

  test('a version that is being read stays readable while it is removed', async () => {
    const scene = await ObjectScene.start()
    await scene.keepVersions()
    const bytes = scene.cluster.random.bytes(4 * block)
    const { version } = await scene.put('object', bytes)
    const reader = defined(
      await scene.ask(async (objects) => await objects.open({ bucket, key: 'object', version })),
      'it',
    )
    await scene.ask(async (objects) => await objects.removeVersion({ bucket, key: 'object', version }))
    await scene.cluster.advance(60_000)
    const body = reader.read(0, bytes.length)
    let offset = 0
    for (;;) {
      const slice = await scene.cluster.run(body.next())
      if (slice === undefined) break
      assert.deepEqual(slice.bytes.slice(), bytes.slice(offset, offset + slice.bytes.length))
      offset += slice.bytes.length
      slice.release()
    }
    assert.equal(offset, bytes.length)
    reader.close()
    await endsClean(scene)
  })
})

describe('a copy', () => {
  const copy = { bucket, key: 'copy', source: { bucket, key: 'object' }, own: { owner: 'me' } }

  test('shares the bytes, has the properties of its source, and outlives it', async () => {
    const scene = await ObjectScene.start()
    const bytes = scene.cluster.random.bytes(3 * block + 9)
    const source = await scene.put('object', bytes, { request: properties, sealing })
    const stored = scene.cluster.fragments()
    const made = await scene.ask(async (objects) => await objects.copy(copy))
    // An empty record: one data column and the parity.
    assert.equal(scene.cluster.fragments(), stored + 3)
    const { version, modifiedMs } = made
    assert.notEqual(version, source.version)
    const { contentType, headers, userMetadata, tags, crc32: crc, etag, checksums } = source
    const kept = { contentType, headers, userMetadata, tags, crc32: crc, etag, checksums, sizeBytes: bytes.length }
    const state = { isDeleteMarker: false, isVersioned: false, storedSizeBytes: bytes.length }
    assert.deepEqual(made, { bucket, key: 'copy', version, modifiedMs, ...kept, ...state, owner: 'me' })
    await scene.cluster.remove('object')
    await scene.cluster.advance(60_000)
    assert.deepEqual(await scene.read({ key: 'copy' }), bytes)
    await scene.cluster.remove('copy')
    await endsClean(scene)
    assert.equal(scene.cluster.fragments(), 0)
  })

  test('onto itself changes its properties', async () => {
    const scene = await ObjectScene.start()
    const bytes = scene.cluster.random.bytes(block)
    const source = await scene.put('object', bytes, { request: properties })
    const changed = { contentType: 'text/plain', userMetadata: { now: 'other' } }
    const made = await scene.ask(
      async (objects) => await objects.copy({ ...copy, key: 'object', properties: changed, own: {} }),
    )
    assert.notEqual(made.version, source.version)
    assert.deepEqual([made.contentType, made.userMetadata, made.tags], ['text/plain', { now: 'other' }, undefined])
    assert.deepEqual(await scene.read({}), bytes)
    await endsClean(scene)
  })

  test('of a copy of an empty object is an empty object', async () => {
    const scene = await ObjectScene.start()
    await scene.put('object', new Uint8Array(0))
    await scene.ask(async (objects) => await objects.copy(copy))
    await scene.ask(async (objects) => await objects.copy({ ...copy, key: 'other', source: { bucket, key: 'copy' } }))
    assert.deepEqual(await scene.read({ key: 'other' }), new Uint8Array(0))
    await endsClean(scene)
  })

  test('takes an older version, the one that was looked at, or none', async () => {
    const scene = await ObjectScene.start()
    await scene.keepVersions()
    const first = await scene.put('object', Uint8Array.of(1))
    await scene.put('object', Uint8Array.of(2))
    await scene.ask(
      async (objects) => await objects.copy({ ...copy, source: { ...copy.source, version: first.version } }),
    )
    assert.deepEqual(await scene.read({ key: 'copy' }), Uint8Array.of(1))
    const wrong = { ...copy, sourceVersion: first.version }
    await failsWith(
      'version-not-found',
      scene.ask(async (objects) => await objects.copy(wrong)),
    )
    await failsWith(
      'precondition-failed',
      scene.ask(async (objects) => await objects.copy({ ...copy, condition: { kind: 'if-absent' } })),
    )
    await scene.ask(async (objects) => await objects.remove({ bucket, key: 'object' }))
    await failsWith(
      'version-not-found',
      scene.ask(async (objects) => await objects.copy(copy)),
    )
    await endsClean(scene)
  })

  test('whose source is replaced at the same time has the bytes of the one or the other', async () => {
    const scene = await ObjectScene.start({ commitMs: () => 5 })
    await scene.put('object', new Uint8Array(100).fill(0))
    for (let round = 1; round <= 20; round++) {
      await scene.ask(async (objects) => {
        const replacing = objects
          .put(copy.source)
          .then(async (upload) => await send(upload, new Uint8Array(100).fill(round)))
        await Promise.all([replacing, objects.copy(copy)])
      })
      const [byte] = await scene.read({ key: 'copy' })
      assert.ok(byte === round || byte === round - 1, `round ${round} copied ${byte}`)
    }
    await endsClean(scene)
  })
})

describe('a bucket', () => {
  test('is made, changed, described and removed', async () => {
    const scene = await ObjectScene.start()
    await scene.ask(async (objects) => await objects.createBucket({ name: 'other', owner: 'me' }))
    await failsWith(
      'bucket-invalid',
      scene.ask(async (objects) => await objects.createBucket({ name: 'No' })),
    )
    const row = await scene.ask(
      async (objects) => await objects.changeBucket({ bucket: 'other', versioning: 'enabled', quotaBytes: 10 }),
    )
    assert.deepEqual([row.owner, row.versioning, row.quotaBytes], ['me', 'enabled', 10])
    assert.deepEqual(await scene.ask(async (objects) => await objects.findBucket('other')), row)
    const value = Uint8Array.of(1)
    await scene.ask(async (objects) => await objects.setSetting('other', 'cors', value))
    assert.deepEqual(await scene.ask(async (objects) => await objects.settings('other')), { cors: value })
    const request = { bucket: 'other' }
    await scene.put('object', new Uint8Array(10), { request })
    await failsWith('quota-exceeded', scene.put('object', new Uint8Array(1), { request }))
    assert.deepEqual(await scene.ask(async (objects) => await objects.usage('other')), { files: 1, bytes: 10 })
    await scene.ask(async (objects) => await objects.remove({ bucket: 'other', key: 'object' }))
    await failsWith(
      'bucket-not-empty',
      scene.ask(async (objects) => await objects.removeBucket('other')),
    )
    for (const version of (await scene.ask(async (objects) => await objects.listVersions({ ...request, limit: 10 })))
      .entries)
      await scene.ask(
        async (objects) => await objects.removeVersion({ ...request, key: 'object', version: version.version }),
      )
    await scene.ask(async (objects) => await objects.removeBucket('other'))
    assert.equal(await scene.ask(async (objects) => await objects.findBucket('other')), undefined)
    await endsClean(scene)
  })
})
