import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { CollectingLog } from '../../sim/ports/log.ts'
import { defined } from '../base/assert.ts'
import { makeDataId, parseEpoch, parseWorkerId } from '../base/ids.ts'
import { DamageReports } from './damage-reports.ts'
import type { FragmentDamage } from './fragment-fetcher.ts'
import { openMetadata, scheme } from './testing/metadata.ts'
import type { TestMetadata } from './testing/metadata.ts'

const worker = defined(parseWorkerId('b'.repeat(16)), 'worker')
const standIn = defined(parseWorkerId('c'.repeat(16)), 'worker')
const epoch = defined(parseEpoch(1), 'epoch')

async function open(): Promise<{
  readonly world: TestMetadata
  readonly time: VirtualTime
  readonly log: CollectingLog
  readonly reports: DamageReports
}> {
  const time = new VirtualTime()
  const log = new CollectingLog()
  const world = await openMetadata(time)
  return {
    world,
    time,
    log,
    reports: new DamageReports({ metadata: world.metadata, clock: time.createClock(), log }),
  }
}

/** Commits a file whose every block lacks column 1 on its slot, and column 2 stands in elsewhere. */
async function commit(world: TestMetadata, blocks: number): Promise<FragmentDamage['key']> {
  const { metadata, group } = world
  const dataId = makeDataId(world.nowMs, new Uint8Array(10))
  const extent = { group, dataId, scheme, chunkSizeBytes: 64, dataLengthBytes: 10, offset: 0, length: 10 }
  const repairs = Array.from({ length: blocks }, (_, block) => [
    { block, column: 1 },
    { block, column: 2, standIn },
  ]).flat()
  const version = { version: world.versionId(), modifiedMs: 0, sizeBytes: 10, extents: [extent], crc32: 0 }
  const newData = [{ group, dataId, scheme, chunkSizeBytes: 64, lengthBytes: 10, acknowledgedEpoch: epoch, repairs }]
  await metadata.commitVersion({ bucket: 'default', key: 'file', version, newData })
  return { group, dataId, block: 0, column: 0 }
}

describe('reports of damage', () => {
  test('become repair work, once, however often a fragment is met', async () => {
    const { world, log, reports } = await open()
    const key = await commit(world, 0)
    for (let count = 0; count < 3; count++) {
      reports.add({ key, worker, code: 'fragment-corrupt', isHolder: true })
      reports.add({ key: { ...key, column: 3 }, worker, code: 'fragment-missing', isHolder: true })
      await reports.step()
    }
    const entries = await world.metadata.listRepairs({ group: world.group, limit: 10 })
    assert.deepEqual(
      entries.map((entry) => entry.kind === 'fragment' && entry.column),
      [0, 3],
    )
    assert.equal(reports.count, 2)
    assert.equal(log.entries.length, 2)
  })

  test('of a file that is being deleted are none', async () => {
    const { world, log, reports } = await open()
    const key = { group: world.group, dataId: makeDataId(world.nowMs, new Uint8Array(10)), block: 0, column: 0 }
    reports.add({ key, worker, code: 'fragment-missing', isHolder: true })
    await reports.step()
    assert.equal(reports.count, 0)
    assert.deepEqual(log.entries, [])
    assert.deepEqual(await world.metadata.listRepairs({ group: world.group, limit: 10 }), [])
  })

  test('do not forget who stands in', async () => {
    const { world, reports } = await open()
    const key = await commit(world, 3)
    reports.add({ key: { ...key, block: 1, column: 2 }, worker, code: 'fragment-missing', isHolder: true })
    await reports.step()
    assert.deepEqual(await reports.standIns(key, 1), [{ column: 2, worker: standIn }])
    assert.deepEqual(await reports.standIns(key, 0), [{ column: 2, worker: standIn }])
    assert.deepEqual(await reports.standIns(key, 3), [])
  })

  test('come again after a while', async () => {
    const { world, time, reports } = await open()
    const key = await commit(world, 0)
    for (const expected of [1, 1, 2]) {
      reports.add({ key, worker, code: 'fragment-corrupt', isHolder: true })
      await reports.step()
      assert.equal(reports.count, expected)
      await time.advance(300_000)
      await reports.step()
    }
  })
})
