// The scrubber: it finds what is damaged in records and in what segments say of themselves, keeps its pace and its place, and takes
// nothing that is right for damaged, whatever else is done meanwhile.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { VirtualTime } from '../../sim/ports/clock.ts'
import { defined } from '../base/assert.ts'
import { SeededRandom } from '../base/random.ts'
import { DAY_MS, HOUR_MS, MINUTE_MS } from '../base/units.ts'
import type { StoreOptions } from './contract.ts'
import type { FragmentStore } from './fragment-store.ts'
import { decodeScrubState, encodeScrubState } from './scrub-state.ts'
import { Machine } from './testing/machine.ts'
import { dataIdNumber, groupId, keyOf, makeRecord, type RecordOptions } from './testing/records.ts'

const scrubbing: StoreOptions = { scrub: true, segmentBytesMax: 64 * 1024 }

async function putMany(store: FragmentStore, count: number, payloadBytes: number): Promise<readonly RecordOptions[]> {
  const many = Array.from({ length: count }, (_, number) => ({ dataId: dataIdNumber(number), payloadBytes }))
  for (const options of many) await store.put(makeRecord(options))
  return many
}

/** Records in sealed segments of a store that was opened again. */
async function sealedStore(
  count: number,
  payloadBytes: number,
  options: StoreOptions = {},
): Promise<{ machine: Machine; store: FragmentStore; many: readonly RecordOptions[] }> {
  const machine = new Machine()
  const first = await machine.open()
  const many = await putMany(first.store, count, payloadBytes)
  await first.store.close()
  return { machine, many, store: (await machine.open(options)).store }
}

function flipOne(machine: Machine, store: FragmentStore, options: RecordOptions): void {
  const { fileName, offset } = defined(store.locate(keyOf(options)), 'a place')
  machine.medium.flipBit(fileName, offset + 1500)
}

function stateOf(store: FragmentStore, options: RecordOptions): string | undefined {
  return store.stat(keyOf(options))?.state
}

describe('a cycle of the scrubber', () => {
  test('finds what only the disk has lost, and the page cache still shows', async () => {
    const { machine, store, many } = await sealedStore(20, 3000)
    const victim = defined(many[7], 'a record')
    const { fileName, offset } = defined(store.locate(keyOf(victim)), 'a place')
    defined(machine.medium.find(fileName), 'a file').medium.write(offset + 1500, Uint8Array.of(1, 2, 3))
    const read = await store.read(keyOf(victim))
    read.release()
    await store.scrubOnce()
    assert.equal(stateOf(store, victim), 'damaged')
    assert.equal(store.usage().damaged, 1)
    await store.close()
  })

  test('marks only what the disk does not give', async () => {
    const { machine, store, many } = await sealedStore(40, 3000)
    const victim = defined(many[9], 'a record')
    const { fileName, offset, recordBytes } = defined(store.locate(keyOf(victim)), 'a place')
    machine.medium.faults.read = (name, at, count) =>
      name === fileName && at < offset + recordBytes && at + count > offset
    await store.scrubOnce()
    // A page that holds the ends of others may not come either.
    for (const [number, options] of many.entries()) {
      const expected = Math.abs(number - 9) > 1 ? 'good' : stateOf(store, options)
      assert.equal(stateOf(store, options), expected)
    }
    assert.equal(stateOf(store, victim), 'damaged')
    assert.equal(machine.damaged.find(({ key }) => key.dataId === victim.dataId)?.code, 'disk-failed')
    await store.close()
  })

  test('finds what a damaged table, batch header or header page does not list any more', async () => {
    for (const what of ['table', 'table and batch headers', 'header page', 'file'] as const) {
      // Of many segments the first ones are not held open.
      const count = what === 'file' ? 400 : 40
      const { machine, store, many } = await sealedStore(count, 3000, { openFilesMax: 2 })
      const victim = defined(many[5], 'a record')
      const { fileName } = defined(store.locate(keyOf(victim)), 'a place')
      const inSegment = many.filter((options) => store.locate(keyOf(options))?.fileName === fileName)
      const offsets = inSegment.map((options) => defined(store.locate(keyOf(options)), 'a place').offset)
      flipOne(machine, store, victim)
      const length = defined(machine.medium.find(fileName), 'a file').cache.length
      // The trailer is the last page; batch headers begin on pages before their records.
      if (what.startsWith('table')) machine.medium.flipBit(fileName, length - 4096 + 20)
      if (what === 'table and batch headers') {
        for (const offset of offsets) machine.medium.flipBit(fileName, offset - (offset % 4096) + 20)
      }
      if (what === 'header page') machine.medium.flipBit(fileName, 20)
      if (what === 'file') machine.medium.lose(fileName)
      await store.scrubOnce()
      assert.equal(stateOf(store, victim), 'damaged', what)
      const damaged = inSegment.filter((options) => stateOf(store, options) === 'damaged')
      assert.ok(what === 'file' ? damaged.length === inSegment.length : damaged.length >= 1, what)
      assert.ok(
        machine.log.entries.some(({ message }) => message.startsWith('What a segment says of itself is damaged')),
        what,
      )
      await store.close()
    }
  })

  test('takes nothing for damaged that is right, whatever is put, dropped and compacted meanwhile', async () => {
    for (let seed = 1; seed <= 8; seed++) {
      const machine = new Machine(seed)
      const random = new SeededRandom(seed)
      const { store } = await machine.open()
      let isScrubbing = true
      const scrub = (async (): Promise<void> => {
        while (isScrubbing) await store.scrubOnce()
      })()
      for (let step = 0; step < 60; step++) {
        const ids = Array.from({ length: 1 + random.below(6) }, () => random.below(80))
        const puts = ids.map((id) =>
          store.put(makeRecord({ dataId: dataIdNumber(id), payloadBytes: id % 5 === 0 ? 70_000 : 2000 })),
        )
        await Promise.all(puts)
        if (random.below(3) === 0) await store.drop(groupId(1), [dataIdNumber(random.below(80))])
        if (random.below(3) === 0) await store.compactOnce()
        if (random.below(8) === 0) await store.checkpoint()
      }
      isScrubbing = false
      await scrub
      assert.deepEqual(machine.damaged, [])
      await store.close()
    }
  })
})

/** Opens the store on the machine and lets it settle. */
async function openScrubbing(time: VirtualTime, machine: Machine, options: StoreOptions = {}): Promise<FragmentStore> {
  return (await time.run(machine.open({ ...scrubbing, ...options }))).store
}

describe('the pace of the scrubber', () => {
  test('is such that a cycle takes as long as it is set, whatever lies on the disk', async () => {
    for (const count of [60, 240]) {
      const time = new VirtualTime()
      const machine = new Machine(1, time.createClock())
      const store = await openScrubbing(time, machine, { scrubCycleMs: 10 * HOUR_MS, scrub: false })
      await time.run(putMany(store, count, 30_000))
      await time.run(store.close())
      const again = await openScrubbing(time, machine, { scrubCycleMs: 10 * HOUR_MS })
      assert.equal(again.scrubStatus().lastFinishedAgoMs, undefined)
      await time.advance(4 * HOUR_MS)
      const { doneBytes, totalBytes, runningFull } = again.scrubStatus()
      assert.equal(runningFull, false)
      assert.ok(totalBytes >= count * 30_000)
      assert.ok(doneBytes / totalBytes > 0.35 && doneBytes / totalBytes < 0.55, `${doneBytes} of ${totalBytes}`)
      await time.advance(6 * HOUR_MS)
      const finished = defined(again.scrubStatus().lastFinishedAgoMs, 'a cycle was finished')
      assert.ok(finished >= 9 * HOUR_MS && finished <= 10 * HOUR_MS)
      await time.advance(10 * HOUR_MS)
      assert.ok(defined(again.scrubStatus().lastFinishedAgoMs, 'another one') <= 20 * HOUR_MS)
      await time.run(again.close())
    }
  })

  test('finds damage within one cycle of its happening twice over', async () => {
    const time = new VirtualTime()
    const machine = new Machine(1, time.createClock())
    const store = await openScrubbing(time, machine, { scrubCycleMs: HOUR_MS })
    const many = await time.run(putMany(store, 50, 3000))
    await time.advance(30 * MINUTE_MS)
    const victim = defined(many[0], 'a record')
    flipOne(machine, store, victim)
    await time.advance(2 * HOUR_MS)
    assert.equal(stateOf(store, victim), 'damaged')
    await time.run(store.close())
  })

  test('is at least a segment a day, and a small store is not read all the time', async () => {
    const time = new VirtualTime()
    const machine = new Machine(1, time.createClock())
    const store = await openScrubbing(time, machine, { scrubCycleMs: 300 * DAY_MS })
    await time.run(putMany(store, 20, 3000))
    await time.advance(2 * DAY_MS)
    const { lastFinishedAgoMs } = store.scrubStatus()
    assert.ok(defined(lastFinishedAgoMs, 'a cycle was finished') <= 2 * DAY_MS)
    const empty = new Machine(2, time.createClock())
    const idle = await openScrubbing(time, empty)
    await time.advance(10 * HOUR_MS)
    assert.ok(empty.log.entries.filter(({ message }) => message.startsWith('Everything')).length <= 11)
    await time.run(idle.close())
    await time.run(store.close())
  })

  test('is full for a cycle that is asked for, which begins at once', async () => {
    const time = new VirtualTime()
    const machine = new Machine(1, time.createClock())
    const store = await openScrubbing(time, machine, { scrubCycleMs: 300 * DAY_MS })
    const many = await time.run(putMany(store, 100, 3000))
    await time.advance(3 * HOUR_MS)
    const victim = defined(many[0], 'the first record, which was read already')
    flipOne(machine, store, victim)
    store.startScrub()
    assert.equal(store.scrubStatus().runningFull, true)
    await time.advance(MINUTE_MS)
    assert.equal(stateOf(store, victim), 'damaged')
    const { runningFull, lastFinishedAgoMs } = store.scrubStatus()
    assert.equal(runningFull, false)
    assert.ok(defined(lastFinishedAgoMs, 'it was finished') <= MINUTE_MS)
    await time.run(store.close())
  })

  test('lets one asked for during another one follow it', async () => {
    const time = new VirtualTime()
    const machine = new Machine(1, time.createClock())
    const store = await openScrubbing(time, machine)
    await time.run(putMany(store, 30, 3000))
    store.startScrub()
    await time.run(Promise.resolve())
    store.startScrub()
    await time.advance(MINUTE_MS)
    assert.equal(store.scrubStatus().runningFull, false)
    const cycles = (): number => machine.log.entries.filter(({ message }) => message.startsWith('Everything')).length
    const before = cycles()
    store.startScrub()
    await time.advance(MINUTE_MS)
    assert.equal(cycles(), before + 1)
    await time.run(store.close())
  })
})

describe('the place of the scrubber', () => {
  test('outlives restarts and kills: nobody starts a cycle again', async () => {
    const time = new VirtualTime()
    const machine = new Machine(1, time.createClock())
    let store = await openScrubbing(time, machine, { scrub: false })
    await time.run(putMany(store, 100, 30_000))
    await time.run(store.close())
    let lastDone = 0
    // Each process lives for a twentieth of a cycle.
    for (let start = 0; start < 16; start++) {
      store = await openScrubbing(time, machine, { scrubCycleMs: 20 * HOUR_MS })
      const { doneBytes, totalBytes } = store.scrubStatus()
      assert.ok(doneBytes >= lastDone && doneBytes < totalBytes, `start ${start}: ${doneBytes} after ${lastDone}`)
      await time.advance(HOUR_MS)
      lastDone = store.scrubStatus().doneBytes
      if (start % 2 === 0) await time.run(store.close())
      else {
        machine.losePower()
        // What was read in the last seconds before is read again.
        lastDone -= 4 * 31_000
      }
    }
    store = await openScrubbing(time, machine, { scrubCycleMs: 20 * HOUR_MS })
    await time.advance(6 * HOUR_MS)
    const finished = defined(store.scrubStatus().lastFinishedAgoMs, 'the cycle was finished')
    assert.ok(finished > 21 * HOUR_MS && finished < 23 * HOUR_MS, `${finished / HOUR_MS}`)
    await time.run(store.close())
    store = await openScrubbing(time, machine, { scrub: false })
    assert.ok(defined(store.scrubStatus().lastFinishedAgoMs, 'it is remembered') >= finished)
    await time.run(store.close())
  })

  test('is nothing where its file is damaged, or of a time that has not come', async () => {
    const machine = new Machine()
    const { store } = await machine.open()
    await putMany(store, 5, 3000)
    await store.scrubOnce()
    await store.close()
    const known = await machine.open()
    assert.ok(known.store.scrubStatus().lastFinishedAgoMs !== undefined)
    await known.store.close()
    machine.medium.flipBit('scrub', 50)
    const damaged = await machine.open()
    assert.equal(damaged.store.scrubStatus().lastFinishedAgoMs, undefined)
    await damaged.store.close()
    const future = encodeScrubState({
      cycle: {
        isFull: true,
        startedWallMs: 8e12,
        segment: 3,
        offset: 1,
        endSegment: 4,
        doneBytes: 5,
        totalBytes: 6,
      },
      finishedWallMs: 8e12,
    })
    machine.medium.overwrite('scrub', 0, future)
    const back = await machine.open()
    assert.deepEqual(back.store.scrubStatus(), {
      runningFull: false,
      doneBytes: 0,
      totalBytes: back.store.usage().liveBytes,
    })
    await back.store.close()
  })

  test('is these bytes, and rubbish is none', () => {
    const cycle = {
      isFull: true,
      startedWallMs: 0x0102_0304_0506,
      segment: 7,
      offset: 8,
      endSegment: 9,
      doneBytes: 10,
      totalBytes: 11,
    }
    for (const state of [
      { cycle, finishedWallMs: 12 },
      { cycle: { ...cycle, isFull: false }, finishedWallMs: undefined },
      { cycle: undefined, finishedWallMs: 13 },
      { cycle: undefined, finishedWallMs: undefined },
    ])
      assert.deepEqual(decodeScrubState(encodeScrubState(state)), state)
    const bytes = encodeScrubState({ cycle, finishedWallMs: 12 })
    assert.equal(
      Buffer.from(bytes.subarray(0, 56)).toString('hex'),
      '464243310100070007000000080000000900000000000000' +
        '06050403020100000a000000000000000b000000000000000c00000000000000',
    )
    for (let at = 0; at < bytes.length; at++) {
      assert.equal(decodeScrubState(bytes.with(at, (bytes[at] ?? 0) ^ 1)), undefined)
    }
    assert.equal(decodeScrubState(bytes.subarray(1)), undefined)
  })
})
