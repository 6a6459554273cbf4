import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { MIB } from '../base/units.ts'
import { garbageOf, planCompaction, type CompactionState } from './compaction-plan.ts'
import type { Segment } from './segment-table.ts'
import { dataIdNumber } from './testing/records.ts'

const state: CompactionState = {
  segmentBytesMax: 256 * MIB,
  isUnderWay: false,
  isFull: false,
  roomBytes: 4096 * MIB,
  kept: new Set(),
}

/** A sealed segment of the large log, full but for `parts`. */
function segment(number: number, parts: Partial<Segment> = {}): Segment {
  const liveEntries = parts.liveEntries ?? 250
  return {
    segment: number,
    kind: 'large',
    isSealed: true,
    isUnreadable: false,
    isActive: false,
    fileBytes: 256 * MIB,
    batchesEnd: 256 * MIB - 8192,
    firstSequence: number * 1000,
    liveBytes: liveEntries * MIB,
    liveEntries,
    tombstones: 0,
    ids: { first: dataIdNumber(number * 10), last: dataIdNumber(number * 10 + 9) },
    droppedIds: undefined,
    ...parts,
  }
}

describe('What is compacted next', () => {
  test('nothing where little is garbage', () => {
    assert.equal(planCompaction([], state), undefined)
    assert.equal(planCompaction([segment(1), segment(2)], state), undefined)
    assert.equal(planCompaction([segment(1, { liveEntries: 230 }), segment(2)], state), undefined)
  })

  test('a segment in which nothing lives goes at once', () => {
    const plan = planCompaction([segment(1), segment(2, { liveEntries: 0 }), segment(3)], state)
    assert.deepEqual(plan, { action: 'compact', segment: 2 })
  })

  test('no segment that must stay', () => {
    const segments = [segment(1), segment(2, { liveEntries: 0 })]
    assert.equal(planCompaction(segments, { ...state, kept: new Set([2]) }), undefined)
  })

  test('with enough garbage, the segment that has the most', () => {
    const segments = [segment(1, { liveEntries: 100 }), segment(2, { liveEntries: 30 }), segment(3)]
    assert.deepEqual(planCompaction(segments, state), { action: 'compact', segment: 2 })
  })

  test('on a full disk, the segment that needs the least room', () => {
    const segments = [
      segment(1, { liveEntries: 150 }),
      segment(2, { liveEntries: 20, fileBytes: 25 * MIB }),
      segment(3),
    ]
    assert.deepEqual(planCompaction(segments, { ...state, isFull: true }), { action: 'compact', segment: 2 })
  })

  test('what has no room is left, and what fits goes on', () => {
    const segments = [
      segment(1, { liveEntries: 100 }),
      segment(2, { liveEntries: 150 }),
      segment(3, { liveEntries: 90 }),
    ]
    const within = (roomBytes: number): unknown => planCompaction(segments, { ...state, isFull: true, roomBytes })
    assert.deepEqual(within(200 * MIB), { action: 'compact', segment: 3 })
    assert.deepEqual(within(95 * MIB), { action: 'compact', segment: 3 })
    assert.equal(within(50 * MIB), undefined)
  })

  test('once begun it goes on further than where it begins', () => {
    const segments = [
      segment(1, { liveEntries: 210 }),
      segment(2, { liveEntries: 210 }),
      segment(3, { liveEntries: 230 }),
    ]
    assert.equal(planCompaction(segments, state), undefined)
    assert.equal(planCompaction(segments, { ...state, isUnderWay: true })?.action, 'compact')
  })

  test('never what is being written or cannot be read; garbage that is being written is sealed', () => {
    const unreadable = segment(1, { isUnreadable: true, liveEntries: 0 })
    const active = segment(2, { isActive: true, isSealed: false, liveEntries: 20 })
    assert.deepEqual(planCompaction([unreadable, active], state), { action: 'seal', kind: 'large' })
    assert.equal(planCompaction([unreadable], state), undefined)
  })

  test('tombstones alone stay as long as another segment can hold what they removed', () => {
    const droppedIds = { first: dataIdNumber(12), last: dataIdNumber(13) }
    const graves = segment(9, {
      liveEntries: 0,
      tombstones: 50,
      fileBytes: 40_000,
      ids: undefined,
      droppedIds,
      kind: 'small',
    })
    assert.equal(planCompaction([segment(1), graves], state), undefined)
    assert.deepEqual(planCompaction([segment(2), graves], state), { action: 'compact', segment: 9 })
    // Nobody knows what an unreadable one holds.
    const unreadable = segment(3, { isUnreadable: true, liveEntries: 0, ids: undefined })
    assert.equal(planCompaction([segment(2), graves, unreadable], state), undefined)
  })

  test('tombstones do not stay for segments that began after them, however wide their range of ids', () => {
    const all = { first: dataIdNumber(1), last: dataIdNumber(999) }
    const droppedIds = { first: dataIdNumber(12), last: dataIdNumber(13) }
    const small = { kind: 'small', fileBytes: 40_000_000 } as const
    const graves = segment(1, { ...small, liveEntries: 0, tombstones: 50, ids: undefined, droppedIds })
    const wide = segment(2, { ...small, ids: all, liveEntries: 38 })
    assert.deepEqual(planCompaction([graves, wide], state), { action: 'compact', segment: 1 })
    // One of the other log that began while these tombstones were written can hold what they removed.
    const beside = segment(3, { ids: all, firstSequence: 1500 })
    assert.equal(planCompaction([graves, wide, beside], state), undefined)
  })

  test('many small segments are joined', () => {
    const small = Array.from({ length: 17 }, (_, index) =>
      segment(index + 1, { fileBytes: (index + 2) * MIB, liveEntries: index + 1 }),
    )
    assert.deepEqual(planCompaction(small, state), { action: 'compact', segment: 1 })
    assert.equal(planCompaction(small.slice(1), state), undefined)
  })

  test('what was written anew has no garbage, however small its records', () => {
    for (const recordBytes of [100, 1000, 10_000, 60_000]) {
      const entries = 640
      const groups = Math.ceil(entries / Math.min(64, Math.floor(MIB / Math.ceil(recordBytes / 4096) / 4096)))
      const perGroup = Math.ceil((64 + (entries / groups) * (48 + recordBytes)) / 4096) * 4096
      const fileBytes = 4096 + groups * perGroup + Math.ceil(entries / 85) * 4096 + 4096
      const written = segment(1, {
        kind: 'small',
        fileBytes,
        liveEntries: entries,
        liveBytes: entries * (recordBytes + 48),
      })
      assert.equal(garbageOf(written), 0, `${recordBytes} bytes`)
    }
  })
})
