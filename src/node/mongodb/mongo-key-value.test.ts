import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../../sim/ports/clock.ts'
import { Scene } from '../../../test/conformance/metadata/scene.ts'
import { errorCode } from '../../base/errors.ts'
import { KeyValueMetadata, LocalRunner } from '../../meta/key-value-metadata.ts'
import type { KeyValue } from '../../ports/key-value.ts'
import { MemoryStore } from './testing/memory-row-server.ts'
import type { CommitFate, Faults } from './testing/memory-row-server.ts'
import { openInMemory } from './testing/open.ts'

const text = (row: Uint8Array | undefined): string => (row === undefined ? '' : Buffer.from(row).toString())
const get = async (map: KeyValue, key: string): Promise<string> => await map.read((view) => text(view.get(key)))

/** Adds one to a number, and resolves to it. */
const increment = async (map: KeyValue): Promise<number> =>
  await map.decide((view) => {
    const next = Number(text(view.get('n'))) + 1
    return { changes: [['n', Buffer.from(String(next))]], result: next }
  })

const isUnavailable = (error: unknown): boolean => errorCode(error) === 'metadata-unavailable'

describe('several instances on one MongoDB', () => {
  test('lose no change of each other, however their commits meet', async () => {
    const store = new MemoryStore()
    const maps = [await openInMemory(store), await openInMemory(store), await openInMemory(store)]
    const results = await Promise.all(
      maps.flatMap(({ map }) =>
        Array.from({ length: 40 }, async (_, index) => {
          for (let turn = 0; turn < index % 5; turn++) await new Promise(setImmediate)
          return await increment(map)
        }),
      ),
    )
    assert.deepEqual(
      results.toSorted((left, right) => left - right),
      Array.from({ length: 120 }, (_, index) => index + 1),
    )
  })

  test('whoever was overtaken between reading and writing decides anew', async () => {
    const store = new MemoryStore()
    const first = await openInMemory(store)
    const second = await openInMemory(store)
    let overtaken = 0
    first.server.faults.beforeCommit = () => {
      if (overtaken++ > 0) return
      const { guard } = store
      store.write({ ...guard, number: guard.number + 1, commit: 'other' }, new Map([['n', Buffer.from('41')]]))
    }
    assert.equal(await increment(first.map), 42)
    assert.equal(await increment(second.map), 43)
    assert.equal(overtaken, 2)
  })
})

describe('a commit whose answer is lost', () => {
  for (const fate of ['ended-committed', 'ended-lost'] as const) {
    test(`happens once where the transaction is over: ${fate}`, async () => {
      const fates: CommitFate[] = []
      const { map } = await openInMemory(new MemoryStore(), { faults: { fate: () => fates.shift() ?? 'commit' } })
      fates.push(fate)
      assert.equal(await increment(map), 1)
      assert.equal(await get(map, 'n'), '1')
      assert.equal(await increment(map), 2)
    })
  }

  test('and of which nobody can say what became, is told as that', async () => {
    const fates: CommitFate[] = []
    const { map } = await openInMemory(new MemoryStore(), { faults: { fate: () => fates.shift() ?? 'commit' } })
    fates.push('unknown-committed')
    await assert.rejects(increment(map), (error) => errorCode(error) === 'outcome-unknown')
    assert.equal(await increment(map), 2)
  })
})

describe('what a commit asks of the server', () => {
  test('is one read and one transaction, for as many commands as come together', async () => {
    const { map, server } = await openInMemory(new MemoryStore())
    const scene = new Scene(new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false })))
    await scene.open()
    await scene.put('known')
    server.calls.length = 0
    await scene.put('fresh')
    assert.deepEqual(server.calls, ['getWithGuard', 'commit'])
    server.calls.length = 0
    await Promise.all(Array.from({ length: 100 }, async (_, index) => await scene.put(`many-${index}`)))
    assert.deepEqual(server.calls, ['getWithGuard', 'commit'])
    server.calls.length = 0
    await scene.put('known')
    assert.deepEqual(server.calls, ['getWithGuard', 'commit'], 'overwriting what was written lately')
    server.calls.length = 0
    await scene.remove('known')
    assert.deepEqual(server.calls.toSorted(), ['commit', 'getWithGuard', 'range', 'range'], 'read at once')
  })

  test('does not grow with the data that a version, its copies and its parts name', async () => {
    const store = new MemoryStore()
    /** Of a master that has seen none of the rows lately. */
    const callsOf = async (command: (scene: Scene) => Promise<unknown>): Promise<number> => {
      const { map, server } = await openInMemory(store)
      await command(new Scene(new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false }))))
      await map.close()
      return server.calls.length
    }
    const { map } = await openInMemory(store)
    const scene = new Scene(new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false })))
    await scene.open()
    const refs = Array.from({ length: 1_500 }, () => scene.ref())
    const newData = refs.map((ref) => scene.newData(ref))
    await scene.put('large', { version: scene.version(refs), newData })
    const upload = { bucket: 'default', key: 'parts', upload: scene.versionId() }
    await scene.store.createMultipart({ ...upload, createdMs: scene.nowMs, template: {} })
    const fixed = { id: scene.versionId(), modifiedMs: scene.nowMs, sizeBytes: 1_000, crc32: 0 }
    const copied = { ...fixed, number: 1, extents: refs.map((ref) => scene.extent(ref)) }
    const copy = { ...upload, part: copied, newData: [], sharedData: refs, commandId: scene.dataId() }
    for (const [what, command] of [
      ['a part that copies', async (other) => await other.store.putPart(copy)],
      ['an abort', async (other) => await other.store.abortMultipart(upload)],
      ['a removal', async (other) => await other.remove('large')],
    ] satisfies [string, (other: Scene) => Promise<unknown>][])
      assert.ok((await callsOf(command)) <= 10, what)
    assert.equal(await scene.store.purgeQueueLength(), refs.length)
  })

  test('a read asks for the barrier, and for all that it needs', async () => {
    const { map, server } = await openInMemory(new MemoryStore())
    const scene = new Scene(new KeyValueMetadata(map, new LocalRunner(map, { gathersRecent: false })))
    await scene.open()
    await scene.put('known')
    server.calls.length = 0
    await scene.store.getHead('default', 'known')
    assert.deepEqual(server.calls, ['barrier', 'get'])
    server.calls.length = 0
    await Promise.all(Array.from({ length: 20 }, async () => await scene.store.getHead('default', 'missing')))
    assert.equal(server.calls.filter((call) => call === 'barrier').length, 1)
  })
})

describe('a decision', () => {
  test('that throws, throws for its caller alone, and only by what is really there', async () => {
    const { map } = await openInMemory(new MemoryStore())
    await increment(map)
    const failing = map.decide((view) => {
      // A guess would be nothing, or what was there before.
      throw new RangeError(`saw ${text(view.get('n'))}`)
    })
    const beside = increment(map)
    await assert.rejects(failing, new RangeError('saw 1'))
    assert.equal(await beside, 2)
  })

  test('sees the changes of those before it in ranges, where the limit ends too', async () => {
    const { map } = await openInMemory(new MemoryStore())
    const keys = ['a', 'b', 'c', 'd']
    await map.decide(() => ({ changes: keys.map((key) => [key, Buffer.from('1')]), result: undefined }))
    const removing = map.decide(() => ({
      changes: [
        ['a', undefined],
        ['b', undefined],
      ],
      result: undefined,
    }))
    const seen = map.decide((view) => ({
      changes: [],
      result: view.range({ from: 'a', to: 'z', limit: 2 }).map(([key]) => key),
    }))
    await removing
    assert.deepEqual(await seen, ['c', 'd'])
  })
})

describe('a MongoDB that does not answer', () => {
  const away = (): Error => new Error('connect ECONNREFUSED')

  async function openOnVirtualTime(): Promise<{
    readonly time: VirtualTime
    readonly map: KeyValue
    readonly faults: Faults
    readonly calls: readonly string[]
  }> {
    const time = new VirtualTime()
    const faults: Faults = {}
    const { map, server } = await time.run(openInMemory(new MemoryStore(), { faults, clock: time.createClock() }))
    return { time, map, faults, calls: server.calls }
  }

  test('is waited for', async () => {
    const { time, map, faults } = await openOnVirtualTime()
    const startMs = time.nowMs
    faults.failure = () => (time.nowMs - startMs < 8_000 ? away() : undefined)
    const [result, seen] = await time.run(Promise.all([increment(map), get(map, 'm')]))
    assert.equal(result, 1)
    assert.equal(seen, '')
    assert.equal(map.unreachable(), undefined)
  })

  test('for too long is called unreachable: nothing waits any more, until it is back', async () => {
    const { time, map, faults, calls } = await openOnVirtualTime()
    faults.failure = away
    await assert.rejects(time.run(increment(map)), isUnavailable)
    await assert.rejects(time.run(increment(map)), isUnavailable)
    assert.match(map.unreachable() ?? '', /unreachable.*ECONNREFUSED/)
    const before = calls.length
    await assert.rejects(time.run(get(map, 'n')), isUnavailable)
    await assert.rejects(time.run(increment(map)), isUnavailable)
    assert.equal(calls.length, before, 'fails without asking')
    await time.advance(60_000)
    assert.ok(calls.length - before <= 60, 'is tried once a second')
    delete faults.failure
    await time.advance(2_000)
    assert.equal(map.unreachable(), undefined)
    assert.equal(await time.run(increment(map)), 1)
  })

  test('is asked ever less often by what waits', async () => {
    const { time, map, faults, calls } = await openOnVirtualTime()
    faults.failure = away
    await assert.rejects(time.run(increment(map)), isUnavailable)
    assert.ok(calls.length < 100, `${calls.length} calls in 20 s`)
  })
})

test('who died in the middle of a transaction does not lock the others out', async () => {
  const time = new VirtualTime()
  const store = new MemoryStore()
  const clock = time.createClock()
  const dying = await time.run(openInMemory(store, { clock }))
  const { map, server } = await time.run(openInMemory(store, { clock }))
  store.lockedBy = dying.session
  assert.equal(await time.run(increment(map)), 1)
  assert.equal(server.calls.filter((call) => call === 'endTransactions').length, 1)
})

test('who is slow in the middle of a transaction comes through beside others all the same', async () => {
  const time = new VirtualTime()
  const store = new MemoryStore()
  const clock = time.createClock()
  const slow = await time.run(openInMemory(store, { clock }))
  const { map, server } = await time.run(openInMemory(store, { clock }))
  slow.server.faults.whileLocked = async () => await clock.sleep(8_000)
  let isOver = false
  const others = (async () => {
    for (; !isOver; await clock.sleep(100)) await increment(map)
  })()
  const put = slow.map.decide(() => ({ changes: [['slow', Buffer.from('1')]], result: 'done' }))
  assert.equal(await time.run(put), 'done')
  isOver = true
  await time.run(others)
  assert.ok(server.calls.filter((call) => call === 'endTransactions').length <= 1)
})

test('a server that has gone back in time is not believed', async () => {
  const store = new MemoryStore()
  const { map } = await openInMemory(store)
  await increment(map)
  const { guard } = store
  let isStale = true
  store.guard = { ...guard, number: guard.number - 1, commit: 'older' }
  const incremented = increment(map)
  setTimeout(() => {
    store.guard = guard
    isStale = false
  }, 100)
  assert.equal(await incremented, 2)
  assert.equal(isStale, false)
})

test('a store that rows are being copied into, or were moved out of, is refused', async () => {
  for (const state of ['importing', 'moved'] as const) {
    const store = new MemoryStore()
    store.guard = { ...store.guard, state }
    await assert.rejects(openInMemory(store), isUnavailable)
  }
})
