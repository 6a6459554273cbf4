// A worker is lost for good and another one joins, under load: redundancy is restored by itself, without a failed request, and without
// more reading and writing than it takes. A file whose upload lasts through all of it is whole too.

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'

import { defined } from '../../src/base/assert.ts'
import { defaultScheme } from '../../src/base/scheme.ts'
import { MIB } from '../../src/base/units.ts'
import { untilAuditedWhole } from '../harness/whole.ts'
import { eventually } from '../harness/eventually.ts'
import { readStatus, untilStatus, saysWhole, untilWhole } from '../harness/cluster-status.ts'
import { TrickledUpload } from '../harness/trickled-upload.ts'
import { assertAllWhole, assertNoFailure, fill, inScene, scale, startLoad, wholeMaxMs } from './scene.ts'

/** Of what was lost. */
const workMax = 1.1

describe('a lost worker', () => {
  test('is replaced by a new one, under load', async () => {
    await inScene({}, async (scene) => {
      const { cluster, audit, manifest } = scene
      await fill(scene, { prefix: 'base', files: 120 * scale, bytes: 4 * MIB })
      await untilWhole(cluster.url, wholeMaxMs)
      const load = startLoad(scene)
      const slow = new TrickledUpload(cluster.url, 'slow', 99)
      await sleep(2000)

      const victim = defined(cluster.workers[2], 'worker')
      const directories = await cluster.workerDirectories()
      const [lostId] = defined(
        [...directories].find(([, directory]) => directory === victim.dataDirectory),
        'the id of the worker',
      )
      const before = await audit.expectation()
      const counters = (await readStatus(cluster.url)).healing
      await victim.kill()
      await rm(victim.dataDirectory, { recursive: true })
      await cluster.addWorker()
      await eventually('a master that has noticed', 10_000, async () => {
        return saysWhole(await readStatus(cluster.url)) ? undefined : true
      })
      await untilStatus(cluster.url, { what: 'no slot on the lost worker', maxMs: wholeMaxMs }, ({ groups }) =>
        groups.every(({ workers }) => !workers.includes(lostId)),
      )
      await untilAuditedWhole(cluster.url, scene.audit, wholeMaxMs)
      const healed = (await readStatus(cluster.url)).healing

      await sleep(1000)
      const { status, content } = await slow.finish()
      assert.equal(status, 201)
      assert.ok(content.bytes > 6 * MIB, `the slow upload has only ${content.bytes} bytes`)
      manifest.acknowledge('slow', content)
      await load.stop()
      assertNoFailure(load)
      await assertAllWhole(scene)

      const lost = before.fragments.filter(({ worker }) => worker === lostId)
      const lostBytes = lost.reduce((sum, { bytes }) => sum + bytes, 0)
      // What was written to its slots meanwhile stood in elsewhere, or was incomplete, and had to come to the new one too.
      const known = new Set(before.fragments.map(({ dataId }) => dataId))
      const slots = new Set(lost.map(({ group }) => group))
      const after = (await audit.expectation()).fragments.filter(
        ({ dataId, group }) => !known.has(dataId) && slots.has(group),
      )
      const laterBytes = after.reduce((sum, { bytes }) => sum + bytes, 0) / 5
      const written = healed.writtenBytes - counters.writtenBytes
      const read = healed.readBytes - counters.readBytes
      const wanted = lostBytes + laterBytes
      console.log(
        `lost ${mib(lostBytes)}, ${mib(laterBytes)} came to its slots since; written ${ratio(written, wanted)}, ` +
          `read ${ratio(read, wanted * defaultScheme.dataColumns)} of what it takes`,
      )
      assert.ok(written >= lostBytes * 0.99, 'less was written than was lost')
      assert.ok(written <= workMax * wanted, `${mib(written)} were written`)
      assert.ok(read <= workMax * defaultScheme.dataColumns * wanted, `${mib(read)} were read`)
    })
  })

  test('and another one are dead at once, and come back, one with an empty disk', async () => {
    await inScene({}, async (scene) => {
      const { cluster } = scene
      await fill(scene, { prefix: 'base', files: 60 * scale, bytes: 4 * MIB })
      const load = startLoad(scene)
      await sleep(1000)
      const [kept, wiped] = [defined(cluster.workers[1], 'worker'), defined(cluster.workers[4], 'worker')]
      await Promise.all([kept.kill(), wiped.kill()])
      await fill(scene, { prefix: 'degraded', files: 20, bytes: 2 * MIB })
      await sleep(2000)
      await rm(wiped.dataDirectory, { recursive: true })
      await Promise.all([kept.start(), wiped.start()])
      await untilStatus(cluster.url, { what: 'five workers that hold slots', maxMs: wholeMaxMs }, ({ workers }) => {
        return workers.filter(({ state, slots }) => state === 'up' && slots > 0).length === 5
      })
      await untilWhole(cluster.url, wholeMaxMs)
      await load.stop()
      assertNoFailure(load)
      await assertAllWhole(scene)
    })
  })
})

function mib(bytes: number): string {
  return `${Math.round(bytes / MIB)} MiB`
}

function ratio(part: number, whole: number): string {
  return `${mib(part)} = ${(part / whole).toFixed(3)} ×`
}
