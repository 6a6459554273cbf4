// The bytes of batches, segments and index rows: golden, so that a change of a stored format is seen, and with every bit
// flipped, so that none goes unnoticed.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { defined } from '../base/assert.ts'
import { parseWorkerId } from '../base/ids.ts'
import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { batchHeaderBytesMax, decodeBatchHeader, encodeBatchHeader } from './batch-format.ts'
import { fragmentText, textToBytes } from './fragment-key.ts'
import {
  checkpointKey,
  decodeCheckpoint,
  decodeEntryRow,
  decodeGroupRow,
  decodeSegmentRow,
  encodeCheckpoint,
  encodeEntryRow,
  encodeGroupRow,
  encodeSegmentRow,
  groupKey,
  segmentKey,
  type Entry,
} from './index-rows.ts'
import type { LogEntry } from './log-entry.ts'
import {
  decodeSegmentHeader,
  decodeTablePage,
  decodeTrailer,
  encodeSegmentHeader,
  encodeTrailer,
  TableBuilder,
} from './segment-format.ts'
import { dataIdNumber, groupId, keyOf } from './testing/records.ts'

const compute = new SimulatedCompute()
const salt = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
const place = { kind: 'small', salt, segment: 7, offset: 8192 } as const
const worker = defined(parseWorkerId('00112233aabbccdd'), 'a worker')

const entries: readonly LogEntry[] = [
  {
    kind: 'record',
    key: keyOf({ dataId: dataIdNumber(1), group: 9, block: 70_000, column: 3 }),
    offset: 0,
    bytes: 1080,
    headerCrc: 0xdead_beef,
    sequence: 2 ** 33 + 5,
  },
  { kind: 'drop-id', key: keyOf({ dataId: dataIdNumber(2) }), offset: 0, bytes: 0, headerCrc: 0, sequence: 12 },
  {
    kind: 'drop-fragment',
    key: keyOf({ dataId: dataIdNumber(3), block: 1 }),
    offset: 0,
    bytes: 0,
    headerCrc: 0,
    sequence: 13,
  },
  { kind: 'record', key: keyOf({ dataId: dataIdNumber(4) }), offset: 0, bytes: 512, headerCrc: 1, sequence: 14 },
]

const trailer = {
  kind: 'large',
  salt,
  segment: 7,
  entryCount: 3,
  tableOffset: 40_960,
  batchesEnd: 40_960,
  firstBatch: 5,
  nextBatch: 2 ** 34,
  firstSequence: 1,
  nextSequence: 2 ** 40,
} as const

/** Asserts that no flipped bit of the first `length` bytes is accepted. */
function assertEveryBitMatters(bytes: Uint8Array, length: number, decode: (bytes: Uint8Array) => unknown): void {
  assert.notEqual(decode(bytes), undefined)
  for (let bit = 0; bit < length * 8; bit++) {
    const damaged = bytes.slice()
    damaged[bit >>> 3] = (damaged[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
    assert.equal(decode(damaged), undefined, `bit ${bit}`)
  }
}

describe('A batch header', () => {
  const bytes = new Uint8Array(batchHeaderBytesMax)
  const end = encodeBatchHeader(compute, bytes, place, { number: 2 ** 35, sequence: 99, isRecovery: true, entries })

  test('comes back as it was written, with places in the segment', () => {
    const batch = defined(decodeBatchHeader(compute, bytes, place), 'a batch')
    const recordsStart = 8192 + 64 + 4 * 48
    assert.deepEqual(batch.entries[0], { ...entries[0], offset: recordsStart })
    assert.deepEqual(batch.entries[1], entries[1])
    assert.deepEqual(batch.entries[3], { ...entries[3], offset: recordsStart + 1080 })
    assert.deepEqual([batch.number, batch.sequence, batch.isRecovery], [2 ** 35, 99, true])
    assert.deepEqual([batch.headerBytes, batch.batchBytes, end], [64 + 192, 4096, 64 + 192 + 1592])
  })

  test('is the same bytes as ever', () => {
    const expected =
      '464242310100010101020304050607080700000002000000000000000800000063000000000000000400000000010000001000000000000000000000'
    assert.equal(bytes.subarray(0, 60).toHex(), expected)
    const first =
      '0103000009000000018bcfe568010101010101010101010170110100000100003804000' + '0efbeadde0500000002000000'
    assert.equal(bytes.subarray(64, 112).toHex(), first)
  })

  test('is refused with any bit flipped, in another place, and in another segment', () => {
    assertEveryBitMatters(bytes, 256, (damaged) => decodeBatchHeader(compute, damaged, place))
    for (const other of [{ offset: 4096 }, { segment: 8 }, { salt: salt.toReversed() }, { kind: 'large' as const }]) {
      assert.equal(decodeBatchHeader(compute, bytes, { ...place, ...other }), undefined)
    }
    assert.equal(decodeBatchHeader(compute, bytes.subarray(0, 200), place), undefined)
    assert.equal(decodeBatchHeader(compute, bytes.subarray(0, 10), place), undefined)
  })

  test('of the large log leaves its page, so that records start aligned', () => {
    const large = { ...place, kind: 'large' } as const
    const record = defined(entries[0], 'an entry')
    assert.equal(
      encodeBatchHeader(compute, bytes, large, { number: 1, sequence: 1, isRecovery: false, entries: [record] }),
      4096 + 1080,
    )
    assert.equal(decodeBatchHeader(compute, bytes, large)?.entries[0]?.offset, 8192 + 4096)
  })
})

describe('The pages of a segment', () => {
  const header = {
    kind: 'large',
    salt,
    segment: 7,
    worker,
    firstBatch: 3,
    firstSequence: 2 ** 41,
    claims: [
      { segment: 5, end: 12_288 },
      { segment: 6, end: 4096 },
    ],
  } as const

  test('a header page comes back, and no bit of it can flip', () => {
    const page = encodeSegmentHeader(compute, header)
    assert.deepEqual(decodeSegmentHeader(compute, page), header)
    assert.equal(
      page.subarray(0, 60).toHex(),
      '464253310100020001020304050607080700000002000000' +
        '00112233aabbccdd' +
        '0300000000000000' +
        '0000000000020000' +
        '00'.repeat(12),
    )
    assertEveryBitMatters(page, 100, (damaged) => decodeSegmentHeader(compute, damaged))
    assert.equal(decodeSegmentHeader(compute, page.subarray(0, 4000)), undefined)
  })

  test('a trailer comes back, and no bit of it can flip', () => {
    const page = encodeTrailer(compute, trailer)
    assert.deepEqual(decodeTrailer(compute, page, 7), trailer)
    assert.equal(decodeTrailer(compute, page, 8), undefined)
    assert.equal(page.subarray(0, 32).toHex(), '464254310100020001020304050607080700000003000000' + '00a0000000a00000')
    assertEveryBitMatters(page, 80, (damaged) => decodeTrailer(compute, damaged, 7))
  })

  test('a key table comes back page by page', () => {
    const builder = new TableBuilder()
    const all = Array.from({ length: 200 }, (_, index) => ({
      ...defined(entries[0], 'an entry'),
      key: keyOf({ dataId: dataIdNumber(index) }),
      offset: 4096 * index,
    }))
    for (const entry of all) builder.add(entry, entry.offset)
    const pages = builder.finish(compute, salt)
    assert.equal(pages.length, 3)
    const found = pages.flatMap((page, index) => decodeTablePage(compute, page, { salt, index }) ?? [])
    assert.deepEqual(found, all)
    const first = defined(pages[0], 'a page')
    assert.equal(decodeTablePage(compute, first, { salt, index: 1 }), undefined)
    assert.equal(decodeTablePage(compute, first, { salt: salt.toReversed(), index: 0 }), undefined)
    assertEveryBitMatters(first, 60, (damaged) => decodeTablePage(compute, damaged, { salt, index: 0 }))
  })
})

describe('The rows of the index', () => {
  const key = textToBytes(fragmentText(keyOf({ dataId: dataIdNumber(1), block: 5, column: 2 })))
  const rows: readonly Entry[] = [
    {
      state: 'good',
      segment: 0xffff_fffe,
      offset: 268_435_448,
      bytes: 2_031_616,
      sequence: 2 ** 48 - 1,
      headerCrc: 0xffff_ffff,
    },
    { state: 'damaged', segment: 0, offset: 0, bytes: 0, sequence: 7, headerCrc: 1 },
    { state: 'dropped', segment: 3, offset: 0, bytes: 0, sequence: 2 ** 33, headerCrc: 0 },
  ]

  test('an entry comes back, under its key only, and no bit of it can flip', () => {
    for (const row of rows) {
      const bytes = encodeEntryRow(key, row)
      assert.equal(bytes.length, 24)
      assert.deepEqual(decodeEntryRow(key, bytes), row)
      assert.equal(decodeEntryRow(key.with(24, 3), bytes), undefined)
      assertEveryBitMatters(bytes, 24, (damaged) => decodeEntryRow(key, damaged))
    }
  })

  test('checkpoints, segments and groups come back, and no bit of them can flip', () => {
    const state = {
      worker,
      positions: {
        small: { segment: 1, offset: 4096, nextBatch: 2 ** 40 },
        large: { segment: 2 ** 31, offset: 8192, nextBatch: 1 },
      },
      nextSegment: 9,
      nextSequence: 2 ** 45,
      damagedCount: 3,
      hasLostEntry: true,
      segments: { count: 2 ** 20, numbersSum: 2 ** 47 },
    }
    const checkpoint = encodeCheckpoint(state)
    assert.deepEqual(decodeCheckpoint(checkpoint), state)
    assertEveryBitMatters(checkpoint, checkpoint.length, decodeCheckpoint)
    assert.deepEqual([...checkpointKey], [0, 0, 0, 0, 1])
    const segment = {
      segment: 77,
      kind: 'large',
      isSealed: true,
      isUnreadable: false,
      fileBytes: 268_435_456,
      batchesEnd: 268_000_256,
      firstSequence: 2 ** 37,
      liveBytes: 2 ** 27,
      liveEntries: 250,
      tombstones: 3,
      ids: { first: dataIdNumber(1), last: dataIdNumber(9) },
      droppedIds: undefined,
    } as const
    const segmentRow = encodeSegmentRow(segment)
    assert.deepEqual(decodeSegmentRow(segmentKey(77), segmentRow), segment)
    assertEveryBitMatters(segmentRow, segmentRow.length, (damaged) => decodeSegmentRow(segmentKey(77), damaged))
    assert.equal(decodeSegmentRow(segmentKey(78), segmentRow), undefined)
    const group = { group: groupId(5), fragments: 2 ** 36, bytes: 2 ** 47 }
    const groupRow = encodeGroupRow(group)
    assert.deepEqual(decodeGroupRow(groupKey(groupId(5)), groupRow), group)
    assertEveryBitMatters(groupRow, groupRow.length, (damaged) => decodeGroupRow(groupKey(groupId(5)), damaged))
  })
})
