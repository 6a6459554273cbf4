// A cluster of five grows to eight under load, and shrinks to five again: bytes are balanced without moving more than it takes, no request
// fails, and the workers that were drained can be taken away.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { MIB } from '../../src/base/units.ts'
import { readStatus, untilStatus } from '../harness/cluster-status.ts'
import { untilAuditedWhole } from '../harness/whole.ts'
import { eventually } from '../harness/eventually.ts'
import { bytesByWorker } from '../harness/fragment-audit.ts'
import { assertAllWhole, assertNoFailure, fill, inScene, scale, startLoad, wholeMaxMs } from './scene.ts'
import type { Scene } from './scene.ts'

const evenWithin = 0.1
const workMax = 1.2
const added = 3
const restMs = 4000

/** Bytes of live data by worker, those without any among them. */
async function bytesOf({ cluster, audit }: Scene): Promise<ReadonlyMap<string, number>> {
  const { fragments } = await audit.expectation()
  const bytes = new Map<string, number>(bytesByWorker(fragments))
  const { workers } = await readStatus(cluster.url)
  return new Map(workers.filter(({ state }) => state === 'up').map(({ id }) => [id, bytes.get(id) ?? 0]))
}

/** How far the worst one is from the mean, in parts of it. */
function worstOff(bytes: ReadonlyMap<string, number>): number {
  const mean = [...bytes.values()].reduce((sum, value) => sum + value, 0) / bytes.size
  return Math.max(...[...bytes.values()].map((value) => Math.abs(value - mean) / mean))
}

/** Nothing has moved for a while. */
async function untilAtRest({ cluster }: Scene): Promise<void> {
  let sinceMs = performance.now()
  await untilStatus(cluster.url, { what: 'an end of all moves', maxMs: wholeMaxMs }, ({ healing }) => {
    if (healing.moves.length > 0 || healing.slotsToMove > 0) sinceMs = performance.now()
    return performance.now() - sinceMs >= restMs
  })
}

describe('a cluster', () => {
  test('grows from five to eight workers under load, and shrinks again', async () => {
    await inScene({}, async (scene) => {
      const { cluster } = scene
      await fill(scene, { prefix: 'base', files: 400 * scale, bytes: 1 * MIB })
      const load = startLoad(scene)
      const before = (await readStatus(cluster.url)).healing.writtenBytes
      await Promise.all(Array.from({ length: added }, async () => await cluster.addWorker()))
      await cluster.untilWorkersUp(5 + added)
      await eventually('an even balance', wholeMaxMs, async () => {
        await untilAtRest(scene)
        const bytes = await bytesOf(scene)
        if (bytes.size === 5 + added && worstOff(bytes) <= evenWithin) return true
        throw new Error([...bytes].map(([id, value]) => `${id} ${Math.round(value / MIB)} MiB`).join(', '))
      })
      const bytes = await bytesOf(scene)
      const all = [...bytes.values()].reduce((sum, value) => sum + value, 0)
      const ideal = (all * added) / (5 + added)
      const written = (await readStatus(cluster.url)).healing.writtenBytes - before
      console.log(
        `${Math.round(all / MIB)} MiB of pieces; the worst worker is ${(100 * worstOff(bytes)).toFixed(1)} % off; ` +
          `written ${(written / ideal).toFixed(3)} × the ideal`,
      )
      assert.ok(written <= workMax * ideal, `${written} bytes were written, ideal are ${ideal}`)
      await untilAuditedWhole(scene.cluster.url, scene.audit, wholeMaxMs)
      await drainThree(scene)
      await load.stop()
      assertNoFailure(load)
      await assertAllWhole(scene)
    })
  })
})

/** The first ones, which hold most: their slots go to the others, and then they go. */
async function drainThree({ cluster }: Scene): Promise<void> {
  const leaving = cluster.workers.slice(0, added)
  const directories = await cluster.workerDirectories()
  const ids = [...directories].filter(([, directory]) => leaving.some((node) => node.dataDirectory === directory))
  for (const [id] of ids) {
    const response = await fetch(`${cluster.url}/api/v1/workers/${id}/drain`, { method: 'POST' })
    assert.equal(response.status, 202, await response.text())
  }
  await untilStatus(cluster.url, { what: 'three empty workers', maxMs: wholeMaxMs }, ({ workers }) =>
    ids.every(([id]) => workers.find((worker) => worker.id === id)?.slots === 0),
  )
  for (const node of leaving) await node.stop()
}
