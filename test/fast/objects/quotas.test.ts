// Quotas of buckets and of users, through a whole master with workers in virtual time.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { errorCode } from '../../../src/base/errors.ts'
import { block, bucket, ObjectScene, send } from './scene.ts'

const owner = 'a'.repeat(64)

async function outcomes(promises: readonly Promise<unknown>[]): Promise<readonly string[]> {
  const settled = await Promise.allSettled(promises)
  return settled.map((one) => (one.status === 'fulfilled' ? 'done' : (errorCode(one.reason) ?? String(one.reason))))
}

async function outcome(promise: Promise<unknown>): Promise<string | undefined> {
  return (await outcomes([promise]))[0]
}

/** A user with two buckets, `one` and `two`, which may hold so many blocks together. */
async function ownerScene(blocks: number): Promise<ObjectScene> {
  const scene = await ObjectScene.start()
  const { metadata } = scene.cluster.master()
  await scene.cluster.run(
    (async () => {
      const plain = { role: 'none', enabled: true, displayName: '', createdMs: 0 } as const
      await metadata.createUser({ user: { name: 'alice', canonicalId: owner, ...plain } })
      await metadata.changeUser({ name: 'alice', quotaBytes: blocks * block })
    })(),
  )
  await scene.ask(async (objects) => {
    for (const name of ['one', 'two']) await objects.createBucket({ name: `bucket-${name}`, owner })
  })
  return scene
}

const bytes = new Uint8Array(block)

describe('a bucket with a quota', () => {
  test('takes exactly as much of many uploads at once as fits', async () => {
    const scene = await ObjectScene.start()
    await scene.ask(async (objects) => await objects.changeBucket({ bucket, quotaBytes: 5 * block + 7 }))
    const all = await scene.ask(async (objects) => {
      const puts = Array.from({ length: 20 }, async (_, index) => {
        await send(await objects.put({ bucket, key: `k${index}` }), bytes)
      })
      return await outcomes(puts)
    })
    assert.equal(all.filter((one) => one === 'done').length, 5)
    assert.equal(all.filter((one) => one === 'quota-exceeded').length, 15)
    const { bytes: used } = await scene.ask(async (objects) => await objects.usage(bucket))
    assert.equal(used, 5 * block)
    assert.deepEqual((await scene.owners()).contradictions, [])
  })

  test('refuses before the body where the size is announced, and what is smaller than what it replaces never', async () => {
    const scene = await ObjectScene.start()
    await scene.put('a', new Uint8Array(3 * block))
    await scene.ask(async (objects) => await objects.changeBucket({ bucket, quotaBytes: 2 * block }))
    const opened = await scene.ask(async (objects) => await outcome(objects.put({ bucket, key: 'b', sizeBytes: 1 })))
    assert.equal(opened, 'quota-exceeded')
    await scene.put('a', new Uint8Array(2 * block), { request: { sizeBytes: 2 * block } })
    await scene.put('a', bytes)
    await scene.put('b', bytes)
    assert.equal(await outcome(scene.put('c', Uint8Array.of(1))), 'quota-exceeded')
    await scene.put('empty', new Uint8Array(0), { request: { sizeBytes: 0 } })
  })
})

describe('a user with a quota', () => {
  test('is held to it over all buckets that he owns, and to no other', async () => {
    const scene = await ownerScene(3)
    await scene.put('a', bytes, { request: { bucket: 'bucket-one' } })
    await scene.put('a', bytes, { request: { bucket: 'bucket-two' } })
    await scene.put('a', new Uint8Array(9 * block))
    const more = { request: { bucket: 'bucket-two', sizeBytes: 2 * block } }
    assert.equal(await outcome(scene.put('b', new Uint8Array(2 * block), more)), 'quota-exceeded')
    // Its size is known at the end only.
    const unknown = { request: { bucket: 'bucket-two' } }
    assert.equal(await outcome(scene.put('b', new Uint8Array(2 * block), unknown)), 'quota-exceeded')
    await scene.put('b', bytes, unknown)
    assert.equal(await outcome(scene.put('c', Uint8Array.of(1), unknown)), 'quota-exceeded')
  })

  test('has room again for what was deleted, or is replaced by less', async () => {
    const scene = await ownerScene(2)
    const request = { bucket: 'bucket-one' }
    await scene.put('a', new Uint8Array(2 * block), { request })
    assert.equal(await outcome(scene.put('b', bytes, { request })), 'quota-exceeded')
    await scene.put('a', bytes, { request })
    await scene.cluster.time.advance(200)
    await scene.put('b', bytes, { request })
    await scene.ask(async (objects) => await objects.remove({ ...request, key: 'a' }))
    await scene.cluster.time.advance(200)
    await scene.put('c', bytes, { request })
  })

  test('does not pass it with many uploads at once', async () => {
    const scene = await ownerScene(5)
    const all = await scene.ask(async (objects) => {
      const puts = Array.from({ length: 20 }, async (_, index) => {
        await send(
          await objects.put({ bucket: index % 2 === 0 ? 'bucket-one' : 'bucket-two', key: `k${index}` }),
          bytes,
        )
      })
      return await outcomes(puts)
    })
    assert.equal(all.filter((one) => one === 'done').length, 5)
    assert.equal(all.filter((one) => one === 'quota-exceeded').length, 15)
  })

  test('pays for parts as they come, and nothing more for the whole', async () => {
    const scene = await ownerScene(2)
    const name = { bucket: 'bucket-one', key: 'a' }
    const upload = await scene.ask(async (objects) => await objects.createMultipart({ ...name, template: {} }))
    const parts = [
      await scene.putPart({ ...upload, number: 1 }, bytes),
      await scene.putPart({ ...upload, number: 2 }, bytes),
    ]
    assert.equal(await outcome(scene.putPart({ ...upload, number: 3 }, bytes)), 'quota-exceeded')
    await scene.ask(async (objects) => {
      const named = parts.map(({ number, id }) => ({ number, id }))
      await objects.complete({ ...name, upload: upload.upload, parts: named, sealing: {} })
    })
    // The copy of what fills it does not fit.
    const copy = scene.ask(async (objects) => {
      await objects.copy({ bucket: 'bucket-two', key: 'b', source: name, own: {} })
    })
    assert.equal(await outcome(copy), 'quota-exceeded')
    const begun = scene.ask(async (objects) => await objects.createMultipart({ ...name, template: {} }))
    assert.equal(await outcome(begun), 'quota-exceeded')
  })
})
