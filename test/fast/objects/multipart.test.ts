// Multipart uploads, through a whole master with workers in virtual time.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import { errorCode } from '../../../src/base/errors.ts'
import type { ErrorCode } from '../../../src/base/errors.ts'
import { MINUTE_MS } from '../../../src/base/units.ts'
import { crc32Checksum } from '../../../src/master/range-crc.ts'
import type { ObjectInfo } from '../../../src/master/object-service.ts'
import type { MultipartName, MultipartTemplate, PartRow } from '../../../src/meta/contract/multipart-metadata.ts'
import { block, bucket, ObjectScene } from './scene.ts'

const key = 'object'

async function failsWith(code: ErrorCode, promise: Promise<unknown>): Promise<void> {
  await assert.rejects(promise, (error) => errorCode(error) === code)
}

async function begin(scene: ObjectScene, template: MultipartTemplate = {}): Promise<MultipartName> {
  const { upload } = await scene.ask(async (objects) => await objects.createMultipart({ bucket, key, template }))
  return { bucket, key, upload }
}

async function complete(scene: ObjectScene, name: MultipartName, parts: readonly PartRow[]): Promise<ObjectInfo> {
  const named = parts.map(({ number, id }) => ({ number, id }))
  return await scene.ask(async (objects) => await objects.complete({ ...name, parts: named, sealing: { etag: 'e-2' } }))
}

async function endsClean(scene: ObjectScene): Promise<void> {
  assert.deepEqual((await scene.owners()).contradictions, [])
  await scene.cluster.until(async () => (await scene.owners()).leftovers.length === 0, 5 * MINUTE_MS)
}

describe('a multipart upload', () => {
  test('becomes one object of its parts in their order, whatever order they came in', async () => {
    const scene = await ObjectScene.start()
    const template = { contentType: 'text/plain', owner: 'me', userMetadata: { a: 'b' } }
    const name = await begin(scene, template)
    const bodies = [2 * block + 5, 100, block].map((length) => scene.cluster.random.bytes(length))
    const rows: PartRow[] = []
    for (const number of [3, 1, 2]) {
      const body = bodies[number - 1] ?? new Uint8Array(0)
      rows[number - 1] = await scene.putPart({ ...name, number }, body, { etag: `etag ${number}` })
    }
    assert.equal(await scene.find({}), undefined)
    const listed = await scene.ask(async (objects) => await objects.listParts({ ...name, after: 0, limit: 10 }))
    assert.deepEqual(listed, rows)
    const made = await complete(scene, name, rows)
    const whole = new Uint8Array(Buffer.concat(bodies))
    assert.deepEqual(await scene.find({}), made)
    assert.deepEqual(await scene.read({}), whole)
    assert.deepEqual(await scene.read({}, { offset: block, length: 2 * block }), whole.slice(block, 3 * block))
    assert.deepEqual(
      [made.crc32, made.sizeBytes, made.etag, made.contentType, made.owner, made.userMetadata],
      [crc32(whole), whole.length, 'e-2', 'text/plain', 'me', { a: 'b' }],
    )
    assert.deepEqual(
      made.parts,
      bodies.map((body, index) => ({ number: index + 1, length: body.length, etag: `etag ${index + 1}` })),
    )
    assert.deepEqual(
      (await scene.ask(async (objects) => await objects.listMultiparts({ bucket, limit: 10 }))).uploads,
      [],
    )
    await scene.cluster.remove(key)
    await endsClean(scene)
    assert.equal(scene.cluster.fragments(), 0)
  })

  test('takes the last of a part’s writings, and gives back what it does not name', async () => {
    const scene = await ObjectScene.start()
    const name = await begin(scene)
    const first = await scene.putPart({ ...name, number: 1 }, Uint8Array.of(1))
    const second = await scene.putPart({ ...name, number: 1 }, Uint8Array.of(2))
    const other = await scene.putPart({ ...name, number: 7 }, Uint8Array.of(7))
    await scene.putPart({ ...name, number: 9 }, scene.cluster.random.bytes(block))
    await failsWith('part-invalid', complete(scene, name, [first, other]))
    await failsWith('part-invalid', complete(scene, name, [other, second]))
    await failsWith('part-invalid', complete(scene, name, []))
    await failsWith('bad-request', scene.putPart({ ...name, number: 10_001 }, Uint8Array.of(0)))
    await complete(scene, name, [second, other])
    assert.deepEqual(await scene.read({}), Uint8Array.of(2, 7))
    await endsClean(scene)
  })

  test('that is completed again gets the first answer, for as long as its version is there', async () => {
    const scene = await ObjectScene.start()
    const name = await begin(scene)
    const part = await scene.putPart({ ...name, number: 1 }, scene.cluster.random.bytes(100))
    const made = await complete(scene, name, [part])
    assert.deepEqual(await complete(scene, name, [part]), made)
    await failsWith('upload-not-found', scene.putPart({ ...name, number: 2 }, Uint8Array.of(1)))
    await failsWith(
      'upload-not-found',
      scene.ask(async (objects) => {
        await objects.abort(name)
      }),
    )
    await scene.put(key, Uint8Array.of(1))
    await failsWith('upload-not-found', complete(scene, name, [part]))
    await endsClean(scene)
  })

  test('that two complete at once becomes one version, and both learn which', async () => {
    for (let delay = 0; delay < 12; delay++) {
      const scene = await ObjectScene.start({ commitMs: () => 3 })
      const name = await begin(scene)
      const part = await scene.putPart({ ...name, number: 1 }, Uint8Array.of(1))
      const request = { ...name, parts: [{ number: 1, id: part.id }], sealing: {} }
      const clock = scene.cluster.time.createClock()
      const infos = await scene.ask(
        async (objects) =>
          await Promise.all([
            objects.complete(request),
            clock.sleep(delay).then(async () => await objects.complete(request)),
          ]),
      )
      assert.deepEqual(infos[0], infos[1])
      await endsClean(scene)
    }
  })

  test('that is aborted while it is completed is one or the other', async () => {
    const outcomes = new Set<string>()
    for (let delay = 0; delay < 12; delay++) {
      const scene = await ObjectScene.start({ commitMs: () => 3 })
      const name = await begin(scene)
      const part = await scene.putPart({ ...name, number: 1 }, Uint8Array.of(1))
      const request = { ...name, parts: [{ number: 1, id: part.id }], sealing: {} }
      const clock = scene.cluster.time.createClock()
      const results = await scene.ask(
        async (objects) =>
          await Promise.allSettled([
            objects.complete(request),
            clock.sleep(delay / 2).then(async () => {
              await objects.abort(name)
            }),
          ]),
      )
      const states = results.map((result) => (result.status === 'fulfilled' ? 'done' : errorCode(result.reason)))
      outcomes.add(states.join(' '))
      const found = await scene.find({})
      assert.equal(found !== undefined, states[0] === 'done')
      await endsClean(scene)
    }
    assert.deepEqual([...outcomes].toSorted(), ['done upload-not-found', 'upload-not-found done'])
  })

  test('whose part is replaced while it is completed has the one or fails', async () => {
    for (let delay = 0; delay < 12; delay++) {
      const scene = await ObjectScene.start({ commitMs: () => 3 })
      const name = await begin(scene)
      const part = await scene.putPart({ ...name, number: 1 }, Uint8Array.of(1))
      const request = { ...name, parts: [{ number: 1, id: part.id }], sealing: {} }
      const clock = scene.cluster.time.createClock()
      const [completed, replaced] = await scene.ask(
        async (objects) =>
          await Promise.allSettled([
            clock.sleep(delay).then(async () => await objects.complete(request)),
            objects.putPart({ ...name, number: 1 }).then(async (upload) => {
              await upload.write(Uint8Array.of(2))
              return await upload.finish({})
            }),
          ]),
      )
      if (completed.status === 'fulfilled') assert.deepEqual(await scene.read({}), Uint8Array.of(1))
      else assert.equal(errorCode(completed.reason), 'part-invalid')
      if (replaced.status === 'rejected') assert.equal(errorCode(replaced.reason), 'upload-not-found')
      assert.deepEqual((await scene.owners()).contradictions, [])
      if (completed.status === 'rejected')
        await scene.ask(async (objects) => {
          await objects.abort(name)
        })
      await endsClean(scene)
    }
  })

  test('that is aborted leaves nothing, however many parts it had', async () => {
    const scene = await ObjectScene.start()
    const name = await begin(scene)
    for (let number = 1; number <= 5; number++)
      await scene.putPart({ ...name, number }, scene.cluster.random.bytes(300))
    await scene.ask(async (objects) => {
      await objects.abort(name)
    })
    await failsWith(
      'upload-not-found',
      scene.ask(async (objects) => {
        await objects.abort(name)
      }),
    )
    await failsWith('upload-not-found', scene.putPart({ ...name, number: 6 }, Uint8Array.of(1)))
    await endsClean(scene)
    assert.equal(scene.cluster.fragments(), 0)
    assert.deepEqual(await scene.ask(async (objects) => await objects.usage(bucket)), { files: 0, bytes: 0 })
  })

  test('that nobody ends expires, and a completed one is forgotten after a day', async () => {
    const scene = await ObjectScene.start({ multipartExpiresMs: 5 * MINUTE_MS })
    const done = await begin(scene)
    const part = await scene.putPart({ ...done, number: 1 }, Uint8Array.of(1))
    await complete(scene, done, [part])
    const name = await begin(scene)
    await scene.putPart({ ...name, number: 1 }, scene.cluster.random.bytes(block))
    await scene.cluster.advance(4 * MINUTE_MS)
    assert.notEqual(await scene.ask(async (objects) => await objects.findMultipart(name)), undefined)
    await scene.cluster.advance(3 * MINUTE_MS)
    assert.equal(await scene.ask(async (objects) => await objects.findMultipart(name)), undefined)
    assert.notEqual(await scene.ask(async (objects) => await objects.findMultipart(done)), undefined)
    await endsClean(scene)
  })

  test('goes with its bucket', async () => {
    const scene = await ObjectScene.start()
    await scene.ask(async (objects) => await objects.createBucket({ name: 'other' }))
    const { upload } = await scene.ask(
      async (objects) => await objects.createMultipart({ bucket: 'other', key, template: {} }),
    )
    await scene.putPart({ bucket: 'other', key, upload, number: 1 }, Uint8Array.of(1))
    await scene.put('file', Uint8Array.of(1), { request: { bucket: 'other' } })
    await failsWith(
      'bucket-not-empty',
      scene.ask(async (objects) => {
        await objects.removeBucket('other')
      }),
    )
    assert.equal(
      (await scene.ask(async (objects) => await objects.listMultiparts({ bucket: 'other', limit: 9 }))).uploads.length,
      1,
    )
    await scene.ask(async (objects) => await objects.remove({ bucket: 'other', key: 'file' }))
    await scene.ask(async (objects) => {
      await objects.removeBucket('other')
    })
    await endsClean(scene)
    assert.equal(scene.cluster.fragments(), 0)
  })
})

describe('a part that is copied', () => {
  test('has any range of its source, moves no block of it, and outlives it', async () => {
    const scene = await ObjectScene.start({ extentBytesMax: 2 * block })
    const bytes = scene.cluster.random.bytes(5 * block + 77)
    await scene.put('source', bytes)
    const stored = scene.cluster.fragments()
    const name = await begin(scene)
    const ranges = [
      [0, bytes.length],
      [block - 3, 3 * block + 5],
      [5 * block + 70, 7],
      [10, 1],
    ].map(([offset = 0, length = 0]) => ({ offset, length }))
    const parts: PartRow[] = []
    for (const [index, range] of ranges.entries()) {
      const source = { bucket, key: 'source' }
      const request = { ...name, number: index + 1, source, range, sealing: {}, hasCrc32: true }
      parts.push(await scene.ask(async (objects) => await objects.copyPart(request)))
    }
    assert.equal(scene.cluster.fragments(), stored)
    const slices = ranges.map(({ offset, length }) => bytes.slice(offset, offset + length))
    assert.deepEqual(
      parts.map((part) => part.crc32),
      slices.map((slice) => crc32(slice)),
    )
    assert.deepEqual(
      parts.map(({ checksums }) => checksums),
      slices.map((slice) => [crc32Checksum(crc32(slice))]),
    )
    await scene.cluster.remove('source')
    const made = await complete(scene, name, parts)
    const whole = new Uint8Array(Buffer.concat(slices))
    assert.equal(made.crc32, crc32(whole))
    assert.deepEqual(await scene.read({}), whole)
    const layout = await scene.cluster.run(scene.cluster.files.layout({ bucket, key, after: -1, limit: 1000 }))
    assert.ok((layout?.pieces.length ?? 0) > 0)
    const page = await scene.cluster.run(scene.cluster.files.verify({ bucket, key, after: -1, limit: 1000 }))
    assert.deepEqual(page?.problems, [])
    await scene.cluster.remove(key)
    await endsClean(scene)
    assert.equal(scene.cluster.fragments(), 0)
  })

  test('needs a range within its source, and what it stands for where the source is transformed', async () => {
    const scene = await ObjectScene.start()
    const name = await begin(scene)
    await scene.put('source', new Uint8Array(100), {
      request: { transform: { kind: 'test', parameters: new Uint8Array(0) } },
    })
    const request = { ...name, number: 1, source: { bucket, key: 'source' }, sealing: {} }
    const copy = async (offset: number, length: number, sealing = {}): Promise<PartRow> =>
      await scene.ask(async (objects) => await objects.copyPart({ ...request, range: { offset, length }, sealing }))
    await failsWith('range-unsatisfiable', copy(50, 51))
    await failsWith('bad-request', copy(0, 100))
    const part = await copy(0, 100, { logical: { sizeBytes: 90, crc32: 5 } })
    assert.deepEqual([part.sizeBytes, part.storedSizeBytes, part.crc32], [90, 100, 5])
  })
})

describe('many parts', () => {
  test('lie in a list that copies share, each with a record of its own', async () => {
    const scene = await ObjectScene.start()
    const name = await begin(scene)
    const bytes = scene.cluster.random.bytes(40 * 10)
    const parts: PartRow[] = []
    for (let index = 0; index < 40; index++)
      parts.push(await scene.putPart({ ...name, number: index + 1 }, bytes.slice(index * 10, index * 10 + 10)))
    const made = await complete(scene, name, parts)
    assert.equal(made.parts?.length, 40)
    const copy = async (source: string, to: string): Promise<ObjectInfo> =>
      await scene.ask(
        async (objects) => await objects.copy({ bucket, key: to, source: { bucket, key: source }, own: {} }),
      )
    const first = await copy(key, 'copy')
    await copy('copy', 'copy of a copy')
    assert.deepEqual(first.parts, made.parts)
    assert.deepEqual(await scene.find({ key: 'copy' }), first)
    assert.deepEqual((await scene.owners()).contradictions, [])
    await scene.cluster.remove(key)
    await scene.cluster.remove('copy')
    await scene.cluster.advance(MINUTE_MS)
    assert.deepEqual(await scene.read({ key: 'copy of a copy' }), bytes)
    await scene.cluster.remove('copy of a copy')
    await endsClean(scene)
    assert.equal(scene.cluster.fragments(), 0)
  })
})
