// Conformance of multipart uploads: parts are stored, replaced, listed and given back; a completion makes one version of those that it
// names and is repeated without harm; what holds references is counted. Contract: src/meta/contract/multipart-metadata.ts.

import assert from 'node:assert/strict'
import { describe } from 'node:test'

import type { DataRef } from '../../../src/meta/contract/conventions.ts'
import { partExtentsMax, partsEach } from '../../../src/meta/contract/multipart-metadata.ts'
import type {
  CompleteMultipart,
  ListMultiparts,
  MultipartPage,
  MultipartRow,
  PartRow,
  PutPart,
} from '../../../src/meta/contract/multipart-metadata.ts'
import { extentsMax } from '../../../src/meta/contract/version-row.ts'
import { present, processId, rejectsWith, sceneTests, startMs } from './scene.ts'
import type { CreateStore, Scene } from './scene.ts'

export async function begin(scene: Scene, key = 'file', more: Partial<MultipartRow> = {}): Promise<MultipartRow> {
  const row = { bucket: 'default', key, upload: scene.versionId(), createdMs: scene.nowMs, template: {}, ...more }
  await scene.store.createMultipart(row)
  return row
}

/** The command that uploads a part of new data. */
export function partOf(scene: Scene, upload: MultipartRow, number: number, more: Partial<PartRow> = {}): PutPart {
  const ref = scene.ref(1 + (number % 2))
  const fixed = { number, id: scene.versionId(), modifiedMs: scene.nowMs, sizeBytes: 1_000, crc32: number }
  const part = { ...fixed, extents: [scene.extent(ref)], ...more }
  return { ...nameOf(upload), part, newData: [scene.newData(ref)] }
}

export async function put(scene: Scene, upload: MultipartRow, number: number): Promise<PartRow> {
  const command = partOf(scene, upload, number)
  await scene.store.putPart(command)
  return command.part
}

export function nameOf({ bucket, key, upload }: MultipartRow): Pick<MultipartRow, 'bucket' | 'key' | 'upload'> {
  return { bucket, key, upload }
}

export function completionOf(
  scene: Scene,
  upload: MultipartRow,
  parts: readonly PartRow[],
  more: Partial<CompleteMultipart> = {},
): CompleteMultipart {
  const manifest = scene.ref()
  const version = {
    version: scene.versionId(),
    modifiedMs: scene.nowMs,
    sizeBytes: parts.reduce((sum, part) => sum + part.sizeBytes, 0),
    crc32: 7,
    etag: 'tag-2',
    parts: parts.map(({ number, sizeBytes }) => ({ number, length: sizeBytes })),
  }
  return {
    ...nameOf(upload),
    parts: parts.map(({ number, id }) => ({ number, id })),
    version,
    newData: [scene.newData(manifest, { lengthBytes: 0 })],
    ...more,
  }
}

/** All pages of a listing, one after the other. */
async function pages(scene: Scene, options: ListMultiparts): Promise<Omit<MultipartPage, 'next'>> {
  const uploads: MultipartRow[] = []
  const prefixes: string[] = []
  let from: Partial<ListMultiparts> = {}
  for (;;) {
    const page = await scene.store.listMultiparts({ ...options, ...from })
    uploads.push(...page.uploads)
    prefixes.push(...page.prefixes)
    if (page.next === undefined) return { uploads, prefixes }
    from = page.next
  }
}

export async function statesOf(scene: Scene, refs: readonly DataRef[]): Promise<readonly (string | undefined)[]> {
  return (await scene.store.getDataRows(refs)).map((row) =>
    row?.state === 'live' ? `live ${row.references}` : row?.state,
  )
}

export const usageOf = async (scene: Scene): Promise<object> => await scene.store.getBucketUsage('default')

export function multipartTests(name: string, create: CreateStore): void {
  const sceneTest = sceneTests(create)

  describe(`${name}: multipart uploads`, () => {
    sceneTest(
      'refuses parts that refer to more than a version can, but for one in the place of another',
      async (scene) => {
        const source = scene.upload('source')
        await scene.store.commitVersion(source)
        const [ref] = source.refs
        const upload = await begin(scene)
        const putCut = async (number: number): Promise<void> => {
          const { part, ...named } = partOf(scene, upload, number)
          const extents = Array.from({ length: partExtentsMax }, (_, offset) =>
            scene.extent(ref, { offset, length: 1 }),
          )
          const shared = { newData: [], sharedData: [ref], commandId: scene.dataId() }
          await scene.store.putPart({ ...named, part: { ...part, extents }, ...shared })
        }
        const count = Math.floor(extentsMax / partExtentsMax)
        for (let number = 1; number <= count; number++) await putCut(number)
        await rejectsWith('bad-request', putCut(count + 1))
        await putCut(count)
        await put(scene, upload, count + 1)
        assert.equal((await scene.store.listParts({ ...nameOf(upload), after: 0, limit: 100 })).length, count + 1)
      },
    )

    sceneTest('one is begun once, and found by its name', async (scene) => {
      const template = { contentType: 'a/b', tags: { a: 'b' }, extra: { x: Uint8Array.of(1) } }
      const checksum = { algorithm: 'crc32', isComposite: true }
      const row = await begin(scene, 'file', { initiator: 'me', template, checksum })
      await scene.store.createMultipart(row)
      assert.deepEqual(await scene.store.getMultipart(nameOf(row)), row)
      assert.equal(await scene.store.getMultipart({ ...nameOf(row), key: 'other' }), undefined)
      await rejectsWith('bucket-not-found', scene.store.getMultipart({ ...nameOf(row), bucket: 'none' }))
      await rejectsWith('bucket-not-found', scene.store.createMultipart({ ...row, bucket: 'none' }))
      assert.deepEqual(await scene.names(), [])
      await rejectsWith('bucket-not-empty', scene.store.deleteBucket({ name: 'default' }))
    })

    sceneTest('parts come back as they were given, in order, by pages', async (scene) => {
      const upload = await begin(scene)
      const full = {
        storedSizeBytes: 900,
        etag: 'tag',
        checksums: [{ algorithm: 'sha256', value: new Uint8Array(32) }],
        extra: { iv: Uint8Array.of(1, 2) },
      }
      const commands = [3, 10_000, 1, 2].map((number) => partOf(scene, upload, number, full))
      for (const command of commands) await scene.store.putPart(command)
      const parts = commands.map((command) => command.part).toSorted((left, right) => left.number - right.number)
      const list = async (after: number, limit: number): Promise<readonly PartRow[]> =>
        await scene.store.listParts({ ...nameOf(upload), after, limit })
      assert.deepEqual(await list(0, 1_000), parts)
      assert.deepEqual(await list(1, 2), parts.slice(1, 3))
      assert.deepEqual(await list(3, 2), parts.slice(3))
      await rejectsWith('upload-not-found', scene.store.listParts({ ...nameOf(upload), key: 'x', after: 0, limit: 1 }))
      assert.deepEqual(await usageOf(scene), { files: 0, bytes: 4_000 })
    })

    sceneTest('a part takes the place of the one before it, and a repeat changes nothing', async (scene) => {
      const upload = await begin(scene)
      const first = partOf(scene, upload, 1)
      const second = partOf(scene, upload, 1, { sizeBytes: 600 })
      await scene.store.putPart(first)
      await scene.store.putPart(second)
      await scene.store.putPart(second)
      await scene.store.putPart(first)
      assert.deepEqual(await scene.store.listParts({ ...nameOf(upload), after: 0, limit: 10 }), [second.part])
      assert.deepEqual(await statesOf(scene, [...first.newData, ...second.newData]), ['dead', 'live 1'])
      assert.deepEqual(await usageOf(scene), { files: 0, bytes: 600 })
    })

    sceneTest('a part of a version’s data shares it, also when that version goes', async (scene) => {
      const { refs, ...source } = scene.upload('source')
      await scene.store.commitVersion(source)
      const upload = await begin(scene)
      const { part, ...command } = partOf(scene, upload, 1)
      const extents = [scene.extent(refs[0], { offset: 10, length: 20 })]
      const shared = {
        ...command,
        part: { ...part, extents },
        newData: [],
        sharedData: refs,
        commandId: scene.dataId(),
      }
      await scene.store.putPart(shared)
      await scene.store.putPart(shared)
      assert.deepEqual(await statesOf(scene, refs), ['live 2'])
      await scene.remove('source')
      assert.deepEqual(await statesOf(scene, refs), ['live 1'])
      await scene.store.abortMultipart(nameOf(upload))
      assert.deepEqual(await statesOf(scene, refs), ['dead'])
      const late = { ...shared, ...nameOf(await begin(scene)), commandId: scene.dataId() }
      await rejectsWith('data-gone', scene.store.putPart(late))
    })

    sceneTest('a part of an upload that is not there, or below the horizon, is refused', async (scene) => {
      const upload = await begin(scene)
      const command = partOf(scene, upload, 1)
      await rejectsWith('upload-not-found', scene.store.putPart({ ...command, key: 'other' }))
      await scene.register(processId(1))
      await scene.publish(processId(1), startMs + 1)
      await rejectsWith('upload-expired', scene.store.putPart(command))
    })

    sceneTest('parts count as the bucket’s bytes, and its quota holds for them', async (scene) => {
      await scene.store.changeBucket({ name: 'default', quotaBytes: 2_500 })
      const upload = await begin(scene)
      const parts = [await put(scene, upload, 1), await put(scene, upload, 2)]
      await rejectsWith('quota-exceeded', put(scene, upload, 3))
      await put(scene, upload, 1).then((part) => parts.splice(0, 1, part))
      await scene.store.completeMultipart(completionOf(scene, upload, parts))
      assert.deepEqual(await usageOf(scene), { files: 1, bytes: 2_000 })
    })
  })

  describe(`${name}: completing a multipart upload`, () => {
    sceneTest('makes one version of the parts that it names, and gives back the others', async (scene) => {
      await scene.put('file')
      const upload = await begin(scene)
      const parts: PartRow[] = []
      for (const number of [1, 2, 3, 7]) parts.push(await put(scene, upload, number))
      const [first, left, ...others] = parts
      const named = [present(first), ...others]
      const command = completionOf(scene, upload, named)
      const { row, replaced } = await scene.store.completeMultipart(command)
      assert.notEqual(replaced, undefined)
      const [manifest] = command.newData
      const extents = [
        ...named.flatMap((part) => part.extents),
        scene.extent({ group: manifest.group, dataId: manifest.dataId }, { dataLengthBytes: 0, length: 0 }),
      ]
      assert.deepEqual(row, { ...command.version, extents, sequence: 2 })
      assert.deepEqual(await scene.store.getHead('default', 'file'), row)
      assert.deepEqual(await statesOf(scene, extents), ['live 1', 'live 1', 'live 1', 'live 1'])
      assert.deepEqual(await statesOf(scene, present(left).extents), ['dead'])
      assert.deepEqual(await usageOf(scene), { files: 1, bytes: 3_000 })
      const completed = { version: row.version, atMs: row.modifiedMs }
      assert.deepEqual(await scene.store.getMultipart(nameOf(upload)), { ...upload, completed })
      assert.deepEqual((await scene.store.listMultiparts({ bucket: 'default', limit: 10 })).uploads, [])
      await rejectsWith('upload-not-found', put(scene, upload, 9))
      await rejectsWith('upload-not-found', scene.store.abortMultipart(nameOf(upload)))
      await scene.remove('file')
      assert.deepEqual(await statesOf(scene, extents), ['dead', 'dead', 'dead', 'dead'])
      await scene.store.deleteBucket({ name: 'default' })
    })

    sceneTest(
      'a repeat gives the first answer, and so does another command, while the version is there',
      async (scene) => {
        const upload = await begin(scene)
        const parts = [await put(scene, upload, 1)]
        const command = completionOf(scene, upload, parts)
        const { row } = await scene.store.completeMultipart(command)
        assert.deepEqual(await scene.store.completeMultipart(command), { row })
        const other = completionOf(scene, upload, parts)
        assert.deepEqual(await scene.store.completeMultipart(other), { row })
        assert.deepEqual(await statesOf(scene, other.newData), [undefined])
        const later = await scene.put('file')
        assert.equal((await scene.store.completeMultipart(command)).row.version, row.version)
        assert.deepEqual(await scene.store.getHead('default', 'file'), later.row)
        await rejectsWith('upload-not-found', scene.store.completeMultipart(completionOf(scene, upload, parts)))
      },
    )

    sceneTest(
      'parts that are not there with that id, or not in order, are refused, and nothing is changed',
      async (scene) => {
        const upload = await begin(scene)
        const one = await put(scene, upload, 1)
        const two = await put(scene, upload, 2)
        const complete = async (parts: readonly PartRow[]): Promise<unknown> =>
          await scene.store.completeMultipart(completionOf(scene, upload, parts))
        await rejectsWith('part-invalid', complete([one, { ...two, id: scene.versionId() }]))
        await rejectsWith('part-invalid', complete([one, { ...two, number: 3 }]))
        await rejectsWith('part-invalid', complete([two, one]))
        await rejectsWith('part-invalid', complete([one, one]))
        assert.equal(await scene.store.getHead('default', 'file'), undefined)
        await complete([one, two])
      },
    )

    sceneTest('the condition and the bucket’s versioning hold', async (scene) => {
      await scene.put('file')
      await scene.setVersioning('enabled')
      const upload = await begin(scene)
      const parts = [await put(scene, upload, 1)]
      const refused = completionOf(scene, upload, parts, { condition: { kind: 'if-absent' } })
      await rejectsWith('precondition-failed', scene.store.completeMultipart(refused))
      const { row } = await scene.store.completeMultipart(completionOf(scene, upload, parts))
      assert.equal(row.versioned, true)
      assert.equal((await scene.store.listVersions({ bucket: 'default', limit: 10 })).entries.length, 2)
    })

    sceneTest('parts that name one data id leave one reference on it', async (scene) => {
      const { refs, ...source } = scene.upload('source')
      await scene.store.commitVersion(source)
      const upload = await begin(scene)
      const parts: PartRow[] = []
      for (const number of [1, 2, 3]) {
        const { part, ...command } = partOf(scene, upload, number)
        const copied = { ...part, extents: [scene.extent(refs[0], { offset: number, length: 100 })] }
        const more = { part: copied, newData: [], sharedData: refs, commandId: scene.dataId() }
        await scene.store.putPart({ ...command, ...more })
        parts.push(copied)
      }
      assert.deepEqual(await statesOf(scene, refs), ['live 4'])
      await scene.store.completeMultipart(completionOf(scene, upload, parts))
      assert.deepEqual(await statesOf(scene, refs), ['live 2'])
      await scene.remove('file')
      await scene.remove('source')
      assert.deepEqual(await statesOf(scene, refs), ['dead'])
    })

    sceneTest('many parts lie in a list, which a copy shares', async (scene) => {
      const upload = await begin(scene)
      const parts = await Promise.all(
        Array.from({ length: 200 }, async (_, index) => await put(scene, upload, index + 1)),
      )
      const command = completionOf(scene, upload, parts)
      const { row } = await scene.store.completeMultipart(command)
      assert.deepEqual([row.extentList, row.extents, row.parts], [row.version, [], undefined])
      assert.deepEqual(await scene.store.completeMultipart(command), { row })
      const head = present(await scene.store.getHead('default', 'file'))
      assert.deepEqual(head.parts, command.version.parts)
      assert.equal(head.extents.length, 201)
      const version = { ...scene.version([]), sizeBytes: row.sizeBytes }
      await scene.put('copy', { version, newData: [], shareExtents: row.version, commandId: scene.dataId() })
      await scene.remove('file')
      assert.deepEqual((await scene.store.getHead('default', 'copy'))?.parts, command.version.parts)
      await scene.remove('copy')
      assert.equal(await scene.store.purgeQueueLength(), 201)
    })

    sceneTest('of many that complete at once all get one answer', async (scene) => {
      const upload = await begin(scene)
      const parts = [await put(scene, upload, 1)]
      const commands = Array.from({ length: 20 }, () => completionOf(scene, upload, parts))
      const answers = await Promise.all(commands.map(async (command) => await scene.store.completeMultipart(command)))
      assert.equal(new Set(answers.map(({ row }) => row.version)).size, 1)
      const states = await statesOf(
        scene,
        commands.flatMap((command) => command.newData),
      )
      assert.equal(states.filter((state) => state === 'live 1').length, 1)
    })
  })

  describe(`${name}: ending and listing multipart uploads`, () => {
    sceneTest('an aborted upload gives its parts back, some at a time, and is gone', async (scene) => {
      const upload = await begin(scene)
      const count = partsEach + 10
      const parts = await Promise.all(
        Array.from({ length: count }, async (_, index) => await put(scene, upload, index + 1)),
      )
      assert.equal(await scene.store.abortMultipart(nameOf(upload)), false)
      assert.equal(await scene.store.getMultipart(nameOf(upload)), undefined)
      assert.deepEqual((await scene.store.listMultiparts({ bucket: 'default', limit: 10 })).uploads, [])
      await rejectsWith('upload-not-found', put(scene, upload, 1))
      await rejectsWith('upload-not-found', scene.store.completeMultipart(completionOf(scene, upload, parts.slice(-1))))
      await rejectsWith('bucket-not-empty', scene.store.deleteBucket({ name: 'default' }))
      const old = await scene.store.listOldMultiparts({ beforeMs: startMs + 1, limit: 10 })
      assert.deepEqual(old, [{ ...upload, aborting: true }])
      assert.equal(await scene.store.abortMultipart(nameOf(upload)), true)
      await rejectsWith('upload-not-found', scene.store.abortMultipart(nameOf(upload)))
      assert.equal(await scene.store.purgeQueueLength(), count)
      assert.deepEqual(await usageOf(scene), { files: 0, bytes: 0 })
      assert.deepEqual(await scene.store.listOldMultiparts({ beforeMs: startMs + 1, limit: 10 }), [])
      await scene.store.deleteBucket({ name: 'default' })
    })

    sceneTest('pages of listings add up to the whole, with any prefix and delimiter', async (scene) => {
      const keys = ['a', 'a', 'a\u0000', 'a/b', 'a/b', 'a/c/d', 'b', 'b/\u0000', 'ä/x', '😀']
      const rows: MultipartRow[] = []
      for (const key of keys) rows.push(await begin(scene, key))
      const whole = rows.toSorted(
        (left, right) =>
          Buffer.compare(Buffer.from(left.key), Buffer.from(right.key)) || (left.upload < right.upload ? -1 : 1),
      )
      for (const prefix of ['', 'a', 'a/', 'none'])
        for (const delimiter of [undefined, '/', '\u0000'])
          for (const limit of [1, 2, 1_000]) {
            const options = { bucket: 'default', prefix, limit, ...(delimiter === undefined ? {} : { delimiter }) }
            const { uploads, prefixes } = await pages(scene, options)
            const listed = whole.filter(({ key }) => key.startsWith(prefix))
            const endOf = (key: string): number =>
              delimiter === undefined ? -1 : key.indexOf(delimiter, prefix.length)
            assert.deepEqual(
              uploads,
              listed.filter(({ key }) => endOf(key) < 0),
            )
            const groups = listed.map(({ key }) => key.slice(0, endOf(key) + 1)).filter((group) => group !== '')
            assert.deepEqual(
              prefixes,
              [...new Set(groups)].filter((group) => group.endsWith(delimiter ?? '\n')),
            )
          }
      const next = await scene.store.listMultiparts({ bucket: 'default', afterKey: 'a', limit: 1 })
      assert.equal(next.uploads[0]?.key, 'a\u0000')
    })

    sceneTest('old ones are found by their time, completed ones by the time of that, and forgotten', async (scene) => {
      const { store } = scene
      const rows: MultipartRow[] = []
      for (let count = 0; count < 4; count++) {
        rows.push(await begin(scene, `file-${count}`))
        scene.nowMs += 10
      }
      const [first, second, third] = rows.map((row) => present(row))
      const parts = [await put(scene, present(first), 1)]
      const { row } = await store.completeMultipart(completionOf(scene, present(first), parts))
      const completed = { ...present(first), completed: { version: row.version, atMs: row.modifiedMs } }
      assert.deepEqual(await store.listOldMultiparts({ beforeMs: startMs + 30, limit: 10 }), [second, third])
      const page = await store.listOldMultiparts({ beforeMs: scene.nowMs + 1, limit: 1 })
      assert.deepEqual(page, [second])
      const rest = await store.listOldMultiparts({ beforeMs: scene.nowMs + 1, limit: 10, after: present(page[0]) })
      assert.deepEqual(rest, [third, rows[3], completed])
      assert.equal(await store.abortMultipart({ ...nameOf(completed), forgets: true }), true)
      assert.equal(await store.getMultipart(nameOf(completed)), undefined)
      await rejectsWith('upload-not-found', store.abortMultipart({ ...nameOf(completed), forgets: true }))
      assert.deepEqual(await store.getHead('default', 'file-0'), row)
    })

    sceneTest('a bucket that is not there says so', async ({ store }) => {
      await rejectsWith('bucket-not-found', store.listMultiparts({ bucket: 'none', limit: 1 }))
    })
  })
}
