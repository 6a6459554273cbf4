import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { defined } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { parseGroupId } from '../base/ids.ts'
import type { GroupId, WorkerId } from '../base/ids.ts'
import type { Fence } from '../meta/contract/conventions.ts'
import type { GroupRow } from '../meta/contract/group-metadata.ts'
import type { HeldGroup } from '../rpc/messages/group-usage.ts'
import { ClusterMap } from './cluster-map.ts'
import { GroupFullness } from './group-fullness.ts'
import { openMetadata } from './testing/metadata.ts'
import type { TestMetadata } from './testing/metadata.ts'

const bytesPerSlotMax = 6400
const other = defined(parseGroupId(4_000), 'group')

/** What each worker holds; `undefined`: it does not answer. */
type Held = readonly HeldGroup[] | undefined

class World {
  readonly base: TestMetadata
  readonly map: ClusterMap
  readonly workers: readonly WorkerId[]
  readonly held = new Map<WorkerId, Held>()
  readonly lease: { fence: Fence | undefined } = { fence: { lease: 'background', token: 1 } }
  readonly fullness: GroupFullness

  constructor(base: TestMetadata, map: ClusterMap) {
    this.base = base
    this.map = map
    this.workers = this.row().slots.map((slot) => slot.worker)
    const workers = {
      connected: () => [...this.held.keys()],
      link: (worker: WorkerId) => ({
        groupUsage: async (after: GroupId | undefined, limit: number) =>
          await Promise.resolve(this.#page(worker, after ?? 0, limit)),
      }),
    }
    this.fullness = new GroupFullness({ metadata: base.metadata, map, workers, lease: this.lease }, { bytesPerSlotMax })
  }

  static async open(): Promise<World> {
    const base = await openMetadata(new VirtualTime())
    const map = new ClusterMap(base.metadata)
    await map.refresh()
    return new World(base, map)
  }

  row(): GroupRow {
    return defined(this.map.group(this.base.group), 'group')
  }

  /** Every worker holds so much of the group. */
  async round(...bytes: readonly (number | undefined)[]): Promise<number> {
    for (const [index, worker] of this.workers.entries()) {
      const held = bytes[Math.min(index, bytes.length - 1)]
      this.held.set(worker, held === undefined ? undefined : [{ group: this.base.group, bytes: held }])
    }
    return await this.step()
  }

  async step(): Promise<number> {
    await this.fullness.step(new AbortController().signal)
    return this.fullness.bytesPerSlot(this.row())
  }

  async recorded(): Promise<number | undefined> {
    return (await this.base.metadata.getGroup(this.base.group))?.bytesPerSlot
  }

  #page(worker: WorkerId, after: number, limit: number): readonly HeldGroup[] {
    const held = this.held.get(worker)
    if (held === undefined) throw new FrostError('deadline-exceeded', 'It does not answer.')
    return held.filter(({ group }) => group > after).slice(0, limit)
  }
}

describe('how full groups are', () => {
  test('is what the fullest slot holds, recorded where it has changed much', async () => {
    const world = await World.open()
    assert.equal(await world.round(100, 200, 300, 200, 100), 300)
    assert.equal(await world.recorded(), 300)
    assert.equal(await world.round(310), 310)
    assert.equal(await world.recorded(), 300)
    assert.equal(await world.round(400), 400)
    assert.equal(await world.recorded(), 400)
  })

  test('is read by pages, however many groups a worker holds', async () => {
    const world = await World.open()
    const { slots, scheme } = world.row()
    const workers = slots.map((slot) => slot.worker)
    await world.base.metadata.createGroup({ group: other, scheme, workers })
    await world.map.refresh()
    const many = Array.from({ length: 4_000 }, (_, index) => ({
      group: defined(parseGroupId(index + 1), 'group'),
      bytes: index + 1,
    }))
    for (const worker of world.workers) world.held.set(worker, many)
    assert.equal(await world.step(), 1)
    assert.equal(world.fullness.bytesPerSlot(defined(world.map.group(other), 'group')), 4_000)
  })

  test('is no less than before while a worker does not answer, which holds nothing up', async () => {
    const world = await World.open()
    assert.equal(await world.round(500), 500)
    assert.equal(await world.round(undefined, 200), 500)
    assert.equal(await world.round(undefined, 900), 900)
    assert.equal(await world.round(200), 200)
  })

  test('begins with what is recorded when the lease is taken, and is not asked for without it', async () => {
    const world = await World.open()
    world.lease.fence = undefined
    assert.equal(await world.round(500), 0)
    assert.equal(await world.recorded(), 0)
    await world.base.metadata.recordGroupBytes({ groups: [{ group: world.base.group, bytesPerSlot: 700 }] })
    world.lease.fence = { lease: 'background', token: 2 }
    assert.equal(await world.round(undefined), 700)
    assert.equal(await world.round(0), 0)
    assert.equal(await world.recorded(), 0)
  })
})
