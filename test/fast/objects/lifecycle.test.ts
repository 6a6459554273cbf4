// Lifecycle rules over the objects of a whole master with workers, in virtual time: what they remove is gone with its data.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import { SECOND_MS } from '../../../src/base/units.ts'
import { LifecycleTask } from '../../../src/gateway/s3/lifecycle/lifecycle-task.ts'
import { encodeRules } from '../../../src/gateway/s3/testing/lifecycle-world.ts'
import { CollectingLog } from '../../../sim/ports/log.ts'
import { block, bucket, ObjectScene } from './scene.ts'

const dayMs = 10 * SECOND_MS

function taskOf(scene: ObjectScene): LifecycleTask {
  const { objects } = scene.cluster
  const clock = scene.cluster.time.createClock()
  return new LifecycleTask({ objects, clock, log: new CollectingLog(), isAtWork: () => true }, { dayMs })
}

/** So many days later, all that is due. */
async function afterDays(scene: ObjectScene, task: LifecycleTask, days: number): Promise<void> {
  await scene.cluster.time.advance(days * dayMs)
  const { scans } = task.counts
  for (let steps = 0; task.counts.scans === scans && steps < 1000; steps++) await scene.cluster.run(task.step())
}

async function versions(scene: ObjectScene): Promise<readonly string[]> {
  const { entries } = await scene.ask(async (objects) => await objects.listVersions({ bucket, limit: 1000 }))
  return entries.map(({ key, isMarker }) => (isMarker ? `[${key}]` : key))
}

test('versions, markers and unfinished uploads go, each in its time, and what they held is given back', async () => {
  const scene = await ObjectScene.start()
  const task = taskOf(scene)
  await scene.keepVersions()
  const rules = encodeRules(
    { filter: { prefix: 'tmp/' }, expiration: { days: 1 } },
    { expiration: { expiredObjectDeleteMarker: true } },
    { noncurrentVersionExpiration: { noncurrentDays: 1, newerNoncurrentVersions: 1 } },
    { filter: { prefix: 'big/' }, abortIncompleteMultipartUpload: { daysAfterInitiation: 1 } },
  )
  await scene.ask(async (objects) => await objects.setSetting(bucket, 'lifecycle', rules))
  for (let count = 0; count < 4; count++) await scene.put('kept', scene.cluster.random.bytes(block + count))
  await scene.put('tmp/a', scene.cluster.random.bytes(2 * block))
  const upload = await scene.ask(async (objects) => {
    return await objects.createMultipart({ bucket, key: 'big/a', template: {} })
  })
  await scene.putPart({ ...upload, number: 1 }, scene.cluster.random.bytes(block))
  await afterDays(scene, task, 3)
  assert.deepEqual(await versions(scene), ['kept', 'kept', '[tmp/a]', 'tmp/a'])
  const { uploads } = await scene.ask(async (objects) => await objects.listMultiparts({ bucket, limit: 10 }))
  assert.deepEqual(uploads, [])

  // The newest of the noncurrent ones is kept; of the marker's key there is no other rule for it.
  await scene.ask(async (objects) => {
    const only = encodeRules({ noncurrentVersionExpiration: { noncurrentDays: 1 } })
    await objects.setSetting(bucket, 'lifecycle', only)
  })
  await afterDays(scene, task, 3)
  assert.deepEqual(await versions(scene), ['kept', '[tmp/a]'])
  const { files, bytes } = await scene.ask(async (objects) => await objects.usage(bucket))
  assert.deepEqual([files, bytes], [1, block + 3])
  assert.deepEqual((await scene.owners()).contradictions, [])
  await scene.cluster.until(async () => (await scene.owners()).leftovers.length === 0, 300_000)
})

test('a scan of several prefixes, that is interrupted in one of them, misses nothing', async () => {
  const scene = await ObjectScene.start()
  const keys = ['a', 'b/1', 'b/2', 'c', 'd/1', 'é/1', 'z']
  for (const key of keys) await scene.put(key, Uint8Array.of(1))
  const rules = ['b/', 'é', 'd/', 'b/1'].map((prefix) => ({ filter: { prefix }, expiration: { days: 1 } }))
  await scene.ask(async (objects) => await objects.setSetting(bucket, 'lifecycle', encodeRules(...rules)))
  await scene.cluster.time.advance(3 * dayMs)
  const first = taskOf(scene)
  await scene.cluster.run(first.step())
  assert.deepEqual(await versions(scene), ['a', 'c', 'd/1', 'z', 'é/1'])
  await afterDays(scene, taskOf(scene), 0)
  assert.deepEqual(await versions(scene), ['a', 'c', 'z'])
})
