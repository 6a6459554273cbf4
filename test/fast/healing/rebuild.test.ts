// Workers make lost fragments anew from each other: bit by bit what was lost, from the least that is needed, and never from anything that
// is not proved.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../../../src/base/assert.ts'
import { errorCode } from '../../../src/base/errors.ts'
import { recordPrefixBytes } from '../../../src/codec/record.ts'
import { listenForPeers } from '../../../src/rpc/connect.ts'
import { decodeGet, encodeGetReply } from '../../../src/rpc/messages/fragment.ts'
import { methods } from '../../../src/rpc/messages/methods.ts'
import type { RebuildFragment, RebuildOutcome } from '../../../src/rpc/messages/rebuild.ts'
import type { RpcHandler } from '../../../src/rpc/peer.ts'
import { FixedBodyPool } from '../../../src/rpc/body-pool.ts'
import { SimulatedCompute } from '../../../sim/ports/compute.ts'
import { SimulatedRandom } from '../../../sim/ports/random.ts'
import { MIB } from '../../../src/base/units.ts'
import { callOptions, scheme, WorkerWorld } from './worker-world.ts'
import type { StoredBlock } from './worker-world.ts'

function wanted({ dataId, block }: StoredBlock, column: number): RebuildFragment {
  return { dataId, block, column, elsewhere: [] }
}

async function rebuild(
  world: WorkerWorld,
  index: number,
  fragments: readonly RebuildFragment[],
): Promise<readonly RebuildOutcome[]> {
  return await world.run(world.link(index).rebuild(world.request(fragments), callOptions))
}

/** One fragment, by the worker of its slot. */
async function rebuildOne(world: WorkerWorld, stored: StoredBlock, column: number): Promise<RebuildOutcome> {
  const [outcome] = await rebuild(world, world.holderOf(stored, column), [wanted(stored, column)])
  return defined(outcome, 'an outcome')
}

function headerBytesOf(stored: StoredBlock): number {
  return recordPrefixBytes + 4 * stored.geometry.checkCount + 50 + 8
}

describe('rebuilding a fragment', () => {
  test('gives every column of blocks of all sizes back, and reads no more than is needed', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    for (const dataBytes of [0, 1, 64, 65, 128, 150, 192, 193, 250, 19_199, 19_200]) {
      for (let column = 0; column < 5; column++) {
        const stored = world.makeBlock(dataBytes, column)
        await world.putBlock(stored, [column])
        const outcome = await rebuildOne(world, stored, column)
        const record = stored.records.get(column)
        if (record === undefined) {
          assert.equal(outcome.state, 'absent', `column ${column} of ${dataBytes} bytes`)
          continue
        }
        assert.equal(outcome.state, 'stored', `column ${column} of ${dataBytes} bytes: ${outcome.code ?? ''}`)
        assert.equal(outcome.bytes, record.length)
        const { geometry } = stored
        const read = geometry.dataColumnCount * geometry.columnLength(0) + headerBytesOf(stored)
        assert.ok((outcome.readBytes ?? 0) <= read, `${outcome.readBytes} bytes read instead of ${read}`)
        await world.assertHolds(world.holderOf(stored, column), stored, column)
      }
    }
  })

  test('answers many of one request in order, also those that are there', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const fragments: RebuildFragment[] = []
    const lost: { readonly stored: StoredBlock; readonly column: number }[] = []
    const expected: string[] = []
    for (let number = 0; number < 60; number++) {
      const stored = world.makeBlock(number % 3 === 0 ? 19_200 : 30, number)
      const column = [...stored.records.keys()].find((one) => world.holderOf(stored, one) === 2)
      if (column === undefined) continue
      const isLost = number % 2 === 0
      await world.putBlock(stored, isLost ? [column] : [])
      if (isLost) lost.push({ stored, column })
      fragments.push(wanted(stored, column))
      expected.push(isLost ? 'stored' : 'exists')
    }
    const outcomes = await rebuild(world, 2, fragments)
    assert.deepEqual(
      outcomes.map(({ state }) => state),
      expected,
    )
    for (const { stored, column } of lost) await world.assertHolds(2, stored, column)
    // What was made is durable.
    world.node(2).losePower()
    await world.run(world.node(2).start())
    for (const { stored, column } of lost) await world.assertHolds(2, stored, column)
  })

  test('copies the very column where somebody holds it', async () => {
    const world = await WorkerWorld.start({ workers: 6 })
    const stored = world.makeBlock(19_200)
    await world.putBlock(stored, [1])
    await world.putColumn(5, stored, 1)
    const elsewhere = [{ column: 1, worker: world.id(5) }]
    const [outcome] = await rebuild(world, world.holderOf(stored, 1), [{ ...wanted(stored, 1), elsewhere }])
    assert.equal(outcome?.state, 'stored')
    assert.ok((outcome.readBytes ?? 0) <= stored.geometry.columnLength(1) + headerBytesOf(stored))
    await world.assertHolds(world.holderOf(stored, 1), stored, 1)
  })

  test('goes from the holder of a slot to its pending worker', async () => {
    const world = await WorkerWorld.start({ workers: 6 })
    const stored = world.makeBlock(1000)
    await world.putBlock(stored)
    const holder = world.holderOf(stored, 4)
    const group = world.group([0, 1, 2, 3, 4], 2)
    const slots = group.slots.map((slot, index) => (index === holder ? { ...slot, pendingWorker: world.id(5) } : slot))
    const request = world.request([wanted(stored, 4)], { ...group, slots })
    const [outcome] = await world.run(world.link(5).rebuild(request, callOptions))
    assert.equal(outcome?.state, 'stored')
    await world.assertHolds(5, stored, 4)
  })

  test('uses what the worker itself holds of the block', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(10)
    await world.putBlock(stored, [0])
    const holder = world.holderOf(stored, 0)
    await world.putColumn(holder, stored, 4)
    for (let index = 0; index < 5; index++) if (index !== holder) world.node(index).kill()
    assert.deepEqual(await rebuildOne(world, stored, 0), {
      state: 'stored',
      bytes: stored.records.get(0)?.length,
      readBytes: 0,
    })
    await world.assertHolds(holder, stored, 0)
  })

  test('replaces what the store itself holds damaged', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(19_200)
    await world.putBlock(stored)
    const holder = world.holderOf(stored, 2)
    const { store } = world.node(holder).worker
    const key = { group: world.group().group, dataId: stored.dataId, block: 0, column: 2 }
    const { fileName, offset } = defined(store.locate(key), 'a place')
    world.node(holder).medium.flipBit(fileName, offset + 3000)
    assert.equal((await rebuildOne(world, stored, 2)).state, 'exists')
    await assert.rejects(world.run(store.read(key)), { code: 'fragment-corrupt' })
    assert.equal((await rebuildOne(world, stored, 2)).state, 'stored')
    await world.assertHolds(holder, stored, 2)
  })
})

describe('rebuilding while sources fail', () => {
  test('takes other columns than those of workers that are away, and of damaged ones', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(19_200)
    await world.putBlock(stored, [0])
    world.node(world.holderOf(stored, 1)).kill()
    assert.equal((await rebuildOne(world, stored, 0)).state, 'stored')
    await world.assertHolds(world.holderOf(stored, 0), stored, 0)

    const other = world.makeBlock(19_200, 1)
    const away = [0, 1, 2, 3, 4].find((column) => !world.node(world.holderOf(other, column)).isRunning)
    const lost = [0, 1, 2, 3, 4].filter((column) => column !== away)
    await world.putBlock(other, [defined(away, 'away'), defined(lost[0], 'lost')])
    // One of three sources turns bad when it is read: then there are too few.
    const damaged = defined(lost[1], 'damaged')
    const index = world.holderOf(other, damaged)
    const key = { group: world.group().group, dataId: other.dataId, block: 1, column: damaged }
    const { fileName, offset } = defined(world.node(index).worker.store.locate(key), 'a place')
    world.node(index).medium.flipBit(fileName, offset + 3000)
    const outcome = await rebuildOne(world, other, defined(lost[0], 'lost'))
    assert.deepEqual([outcome.state, outcome.code], ['unavailable', 'fragment-corrupt'])
    // With the damaged one mended there are enough again.
    await world.putColumn(index, other, damaged)
    assert.equal((await rebuildOne(world, other, defined(lost[0], 'lost'))).state, 'stored')
  })

  test('says unavailable where too few can be reached, and does it when they are back', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(19_200)
    await world.putBlock(stored, [3])
    const away = [0, 1].map((column) => world.holderOf(stored, column))
    for (const index of away) world.node(index).kill({ silent: true })
    const outcome = await rebuildOne(world, stored, 3)
    assert.equal(outcome.state, 'unavailable')
    for (const index of away) await world.run(world.node(index).start())
    await world.time.advance(6000)
    assert.equal((await rebuildOne(world, stored, 3)).state, 'stored')
    await world.assertHolds(world.holderOf(stored, 3), stored, 3)
  })

  test('never stores what a source says wrongly', async () => {
    const world = await WorkerWorld.start({ workers: 6 })
    for (const lie of ['header', 'chunks', 'other header', 'other length'] as const) {
      const stored = world.makeBlock(500)
      const other = world.makeBlock(500)
      await world.putBlock(stored, [0, 1])
      // The liar stands in for columns 0 and 1: the first that are asked for.
      const asked = await startLiar(world, lie, { stored, other })
      const liar = { worker: world.id(5), column: 1 }
      const fragment = { ...wanted(stored, 0), elsewhere: [liar, { ...liar, column: 0 }] }
      const index = world.holderOf(stored, 0)
      const request = world.request([fragment])
      const addresses = request.addresses.map((place) =>
        place.worker === world.id(5) ? { ...place, address: asked.address } : place,
      )
      const [outcome] = await world.run(world.link(index).rebuild({ ...request, addresses }, callOptions))
      assert.equal(outcome?.state, 'stored', lie)
      assert.ok(asked.count() > 0, `nobody asked the liar about the ${lie}`)
      await world.assertHolds(index, stored, 0)
    }
  })

  test('does not take another node for the worker that it wants', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(10)
    await world.putBlock(stored, [0])
    const index = world.holderOf(stored, 0)
    const request = world.request([wanted(stored, 0)])
    const wrong = request.addresses.map((place) => ({ ...place, address: `w${index}:7001` }))
    const [outcome] = await world.run(world.link(index).rebuild({ ...request, addresses: wrong }, callOptions))
    assert.deepEqual([outcome?.state, outcome?.code], ['unavailable', 'peer-unreachable'])
    const [unknown] = await world.run(world.link(index).rebuild({ ...request, addresses: [] }, callOptions))
    assert.equal(unknown?.state, 'unavailable')
  })

  test('says failed where there is no room', async () => {
    const world = await WorkerWorld.start({ workers: 5, store: { capacityBytes: 80_000 } })
    const stored = world.makeBlock(19_200)
    await world.putBlock(stored, [0])
    const index = world.holderOf(stored, 0)
    for (let number = 1; number < 30; number++) {
      try {
        await world.putColumn(index, world.makeBlock(19_200, number), 1)
      } catch (error) {
        assert.equal(errorCode(error), 'insufficient-storage')
        break
      }
    }
    const outcome = await rebuildOne(world, stored, 0)
    assert.deepEqual([outcome.state, outcome.code], ['failed', 'insufficient-storage'])
  })

  test('adopts a newer group, and refuses an older one', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(10)
    await world.putBlock(stored, [0])
    const index = world.holderOf(stored, 0)
    const newer = world.request([wanted(stored, 0)], world.group([0, 1, 2, 3, 4], 7))
    const [outcome] = await world.run(world.link(index).rebuild(newer, callOptions))
    assert.equal(outcome?.state, 'stored')
    const older = world.request([wanted(stored, 0)], world.group([0, 1, 2, 3, 4], 6))
    await assert.rejects(world.run(world.link(index).rebuild(older, callOptions)), { code: 'epoch-stale' })
    const group = world.group()
    await assert.rejects(world.run(world.link(index).dropFragments(group.group, group.epoch, [], callOptions)), {
      code: 'epoch-stale',
    })
  })

  test('ends when it is not wanted any more, and when the worker stops', async () => {
    const world = await WorkerWorld.start({ workers: 5 })
    const stored = world.makeBlock(19_200)
    await world.putBlock(stored, [0])
    const index = world.holderOf(stored, 0)
    for (let column = 1; column < 5; column++) {
      world.network.setLinks(`w${index}`, `w${world.holderOf(stored, column)}`, { held: true })
    }
    const controller = new AbortController()
    const options = { ...callOptions, signal: controller.signal }
    const asking = world.link(index).rebuild(world.request([wanted(stored, 0)]), options)
    const cancelled = assert.rejects(asking, { code: 'cancelled' })
    await world.time.advance(100)
    controller.abort()
    await world.run(cancelled)
    const again = world.link(index).rebuild(world.request([wanted(stored, 0)]), callOptions)
    const ended = assert.rejects(again)
    await world.time.advance(100)
    await world.run(world.node(index).stop())
    await world.run(ended)
  })
})

/** A node that proves to be the sixth worker, and answers wrongly about columns 0 and 1 of a block. */
async function startLiar(
  world: WorkerWorld,
  lie: 'header' | 'chunks' | 'other header' | 'other length',
  { stored, other }: { readonly stored: StoredBlock; readonly other: StoredBlock },
): Promise<{ readonly address: string; readonly count: () => number }> {
  let count = 0
  const recordOf = (column: number): Uint8Array => defined(stored.records.get(column), 'a record')
  const headerOf = (block: StoredBlock, column: number): Uint8Array =>
    defined(block.records.get(column), 'a record').slice(
      0,
      recordOf(column).length - stored.geometry.columnLength(column),
    )
  const inspect: RpcHandler = async (request) => {
    await Promise.resolve()
    count++
    const header = headerOf(lie === 'other header' ? other : stored, request.header[24] ?? 0)
    if (lie === 'header') header[recordPrefixBytes + 1] = (header[recordPrefixBytes + 1] ?? 0) ^ 1
    return { header: new Uint8Array(0), body: [header] }
  }
  const get: RpcHandler = async (request) => {
    await Promise.resolve()
    count++
    const { column } = decodeGet(request.header).key
    const start = headerOf(stored, column).length
    const chunks = recordOf(column).slice(start, start + stored.geometry.columnLength(column))
    if (lie === 'chunks') chunks[5] = (chunks[5] ?? 0) ^ 1
    const body = lie === 'other length' ? chunks.subarray(1) : chunks
    const reply = { blockDataBytes: 500, ...scheme, chunkSizeBytes: 64, checks: new Uint32Array(0) }
    return { header: encodeGetReply(reply), body: [body], bodyHasOwnChecks: true }
  }
  const host = `liar-${lie.replace(' ', '-')}`
  const ports = {
    clock: world.time.createClock(),
    random: new SimulatedRandom(world.random),
    network: world.network.host(host),
    compute: new SimulatedCompute(),
    log: world.log,
  }
  const node = {
    ports,
    identity: { kind: 'worker', id: world.id(5) } as const,
    clusterId: undefined,
    secret: world.secret,
    handlers: new Map([
      [methods.inspect, inspect],
      [methods.get, get],
    ] as const),
    bodies: new FixedBodyPool({ memory: new Uint8Array(2 * MIB) }),
  }
  const address = `${host}:7001`
  await world.run(listenForPeers(node, { address, onPeer: () => undefined }))
  return { address, count: () => count }
}
