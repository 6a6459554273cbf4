// The messages about sets of fragments and their rebuilding, byte by byte, and what is refused.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defined } from '../../base/assert.ts'
import { errorCode } from '../../base/errors.ts'
import { dataIdFromBytes, parseDataId, parseEpoch, parseGroupId, parseWorkerId } from '../../base/ids.ts'
import type { PlacementGroup } from '../../cluster/placement-group.ts'
import {
  decodeDigestRequest,
  decodeDropFragments,
  decodeDropped,
  decodeListFragments,
  decodePage,
  encodeDigestRequest,
  encodeDropFragments,
  encodeDropped,
  encodeListFragments,
  encodePageBody,
  encodePageHeader,
  fragmentsPerDrop,
  fragmentsPerPage,
} from './fragment-sets.ts'
import { decodeHeartbeat, encodeHeartbeat } from './membership.ts'
import { decodeOutcomes, decodeRebuild, encodeOutcomes, encodeRebuild, fragmentsPerRebuild } from './rebuild.ts'
import type { RebuildOutcome, RebuildRequest } from './rebuild.ts'
import { decodeScrub, encodeScrub } from './scrub.ts'

const group = defined(parseGroupId(7), 'group')
const epoch = defined(parseEpoch(3), 'epoch')
const dataId = defined(parseDataId('000102030405060708090a0b0c0d0e0f'), 'data id')
const worker = defined(parseWorkerId('b'.repeat(16)), 'worker')
const scheme = { dataColumns: 3, parityColumns: 2 }
const fragment = { dataId, block: 0x0102_0304, column: 4 }
const bytesOf = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')
const isRefused = (error: unknown): boolean => errorCode(error) === 'protocol-error'

const placed: PlacementGroup = {
  group,
  epoch,
  scheme,
  state: 'closed',
  slots: [
    { worker, holderSinceEpoch: epoch },
    { worker, holderSinceEpoch: epoch, pendingWorker: worker },
  ],
}
const rebuild: RebuildRequest = {
  group: placed,
  addresses: [{ worker, address: 'w:7001' }],
  fragments: [
    { ...fragment, elsewhere: [{ column: 1, worker }] },
    { ...fragment, block: 0, elsewhere: [] },
  ],
}

const vitals = {
  usedBytes: 1,
  capacityBytes: 2,
  freeBytes: 1,
  oldestDiskOperationMs: 0,
  diskLatencyMs: 3,
  corruptFragments: 3,
  damagedFragments: 2,
  failing: true,
  scrub: { runningFull: false, doneBytes: 0, totalBytes: 2, lastFinishedAgoMs: 5 },
}

/** Whatever comes is refused or read, and nothing else is thrown. */
function assertHardened(decode: (bytes: Uint8Array) => unknown, valid: Uint8Array): void {
  const tryIt = (bytes: Uint8Array): void => {
    try {
      decode(bytes)
    } catch (error) {
      assert.ok(isRefused(error), String(error))
    }
  }
  const positions = fc.integer({ min: 0, max: Math.max(0, valid.length - 1) })
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), tryIt))
  fc.assert(fc.property(positions, fc.integer({ min: 0, max: 255 }), (at, byte) => tryIt(valid.with(at, byte))))
  fc.assert(fc.property(positions, (end) => tryIt(valid.subarray(0, end))))
  fc.assert(fc.property(fc.jsonValue(), (value) => tryIt(bytesOf(value))))
}

describe('the messages about sets of fragments', () => {
  test('are these bytes', () => {
    assert.equal(
      text(encodeDigestRequest({ group, scheme, slot: 4 })),
      '{"group":7,"scheme":{"dataColumns":3,"parityColumns":2},"slot":4}',
    )
    assert.equal(
      text(encodeListFragments({ group, place: { scheme, slot: 4 }, after: fragment, limit: 5 })),
      '{"group":7,"place":{"scheme":{"dataColumns":3,"parityColumns":2},"slot":4},"after":' +
        '{"dataId":"000102030405060708090a0b0c0d0e0f","block":16909060,"column":4},"limit":5}',
    )
    const id = '000102030405060708090a0b0c0d0e0f0403020104'
    assert.equal(Buffer.from(encodePageHeader(undefined)).toString('hex'), '00')
    assert.equal(Buffer.from(encodePageHeader(fragment)).toString('hex'), `01${id}`)
    const body = encodePageBody([{ ...fragment, headerCrc: 0xdead_beef, recordBytes: 0x0102 }])
    assert.equal(Buffer.from(body).toString('hex'), `${id}efbeadde02010000`)
    assert.equal(text(encodeDropped(3)), '{"dropped":3}')
    assert.equal(
      text(encodeDropFragments({ group, epoch, fragments: [{ ...fragment, headerCrc: 1 }] })),
      '{"group":7,"epoch":3,"fragments":[{"dataId":"000102030405060708090a0b0c0d0e0f","block":16909060,"column":4,"headerCrc":1}]}',
    )
  })

  test('come back as they were', () => {
    const digest = { group, scheme, slot: 0 }
    assert.deepEqual(decodeDigestRequest(encodeDigestRequest(digest)), digest)
    const whole = { group, place: { scheme, slot: 1 }, buckets: [0, 1023], after: fragment, limit: fragmentsPerPage }
    assert.deepEqual(decodeListFragments(encodeListFragments(whole)), whole)
    const least = { group, place: undefined, buckets: undefined, after: undefined, limit: 1 }
    assert.deepEqual(decodeListFragments(encodeListFragments({ group, limit: 1 })), least)
    const fragments = Array.from({ length: 1000 }, (_, block) => ({
      ...fragment,
      block,
      headerCrc: 2 ** 32 - 1 - block,
      recordBytes: 2 ** 21 - block,
    }))
    for (const next of [undefined, fragment]) {
      assert.deepEqual(decodePage(encodePageHeader(next), encodePageBody(fragments)), { fragments, next })
    }
    assert.deepEqual(decodePage(encodePageHeader(undefined), new Uint8Array(0)), { fragments: [], next: undefined })
    const named = fragments.map(({ recordBytes: _, ...record }) => record)
    const drop = { group, epoch, fragments: named }
    assert.deepEqual(decodeDropFragments(encodeDropFragments({ ...drop, fragments })), drop)
    assert.equal(decodeDropped(encodeDropped(999)), 999)
    assert.deepEqual(decodeRebuild(encodeRebuild(rebuild)), rebuild)
    const outcomes: readonly RebuildOutcome[] = [
      { state: 'stored', bytes: 5, readBytes: 7 },
      { state: 'failed', code: 'insufficient-storage', readBytes: 0 },
      { state: 'exists' },
    ]
    assert.deepEqual(decodeOutcomes(encodeOutcomes(outcomes), 3), outcomes)
  })

  test('hold no more than they may', () => {
    assert.equal(decodeListFragments(bytesOf({ group, limit: 1e9 })).limit, fragmentsPerPage)
    assert.equal(decodeListFragments(bytesOf({ group, limit: 0 })).limit, 1)
    const many = Array.from({ length: fragmentsPerDrop + 1 }, () => ({ ...fragment, headerCrc: 1 }))
    assert.throws(() => decodeDropFragments(bytesOf({ group, epoch, fragments: many })), isRefused)
    const more = Array.from({ length: fragmentsPerRebuild + 1 }, () => ({ ...fragment, elsewhere: [] }))
    assert.throws(() => decodeRebuild(bytesOf({ ...rebuild, fragments: more })), isRefused)
    const body = new Uint8Array((fragmentsPerPage + 1) * 29)
    assert.throws(() => decodePage(encodePageHeader(undefined), body), isRefused)
  })

  test('are refused where a field is missing or wrong', () => {
    const list = { group, limit: 1 }
    for (const wrong of [
      { place: { scheme } },
      { place: { slot: 1 } },
      { place: { scheme, slot: 5 } },
      { place: { scheme, slot: -1 } },
      { buckets: [1024] },
      { buckets: Array.from({ length: 1025 }, () => 1) },
      { after: { ...fragment, column: 16 } },
      { after: { ...fragment, block: 2 ** 32 } },
      { after: { ...fragment, dataId: 'x' } },
      { place: { scheme: { dataColumns: 0, parityColumns: 2 }, slot: 0 } },
      { place: { scheme: { dataColumns: 15, parityColumns: 2 }, slot: 0 } },
      { limit: undefined },
    ])
      assert.throws(() => decodeListFragments(bytesOf({ ...list, ...wrong })), isRefused, JSON.stringify(wrong))
    assert.throws(() => decodeDigestRequest(bytesOf({ group, scheme })), isRefused)
    for (const wrong of [{ state: 'done' }, { state: 'stored', bytes: -1 }, {}])
      assert.throws(() => decodeOutcomes(bytesOf({ outcomes: [wrong] }), 1), isRefused)
    assert.throws(() => decodeOutcomes(encodeOutcomes([{ state: 'exists' }]), 2), isRefused)
    assert.deepEqual(decodeOutcomes(bytesOf({ outcomes: [{ state: 'failed', code: 'new-one' }] }), 1), [
      { state: 'failed', code: 'internal' },
    ])
  })

  test('of the scrubber: its command, and how far it is', () => {
    assert.equal(text(encodeScrub('start')), '{"command":"start"}')
    assert.equal(decodeScrub(encodeScrub('start')), 'start')
    assert.throws(() => decodeScrub(bytesOf({ command: 'stop' })), isRefused)
    for (const scrub of [
      { runningFull: true, doneBytes: 1, totalBytes: 2 },
      { runningFull: false, doneBytes: 0, totalBytes: 2 ** 45, lastFinishedAgoMs: 0 },
    ])
      assert.deepEqual(decodeHeartbeat(encodeHeartbeat({ ...vitals, scrub })), { ...vitals, scrub })
    for (const wrong of [
      { scrub: undefined },
      { scrub: { runningFull: true } },
      { failing: 1 },
      { damagedFragments: -1 },
    ])
      assert.throws(() => decodeHeartbeat(bytesOf({ ...vitals, ...wrong })), isRefused, JSON.stringify(wrong))
    assertHardened(decodeScrub, encodeScrub('start'))
    assertHardened(decodeHeartbeat, encodeHeartbeat(vitals))
  })

  test('whatever comes in their place is refused or read', () => {
    const held = [{ ...fragment, headerCrc: 1, recordBytes: 2 }]
    assertHardened(decodeDigestRequest, encodeDigestRequest({ group, scheme, slot: 4 }))
    assertHardened(
      decodeListFragments,
      encodeListFragments({ group, place: { scheme, slot: 4 }, after: fragment, limit: 5 }),
    )
    assertHardened(decodeDropFragments, encodeDropFragments({ group, epoch, fragments: held }))
    assertHardened(decodeRebuild, encodeRebuild(rebuild))
    assertHardened((bytes) => decodeOutcomes(bytes, 1), encodeOutcomes([{ state: 'stored', bytes: 5 }]))
    assertHardened((bytes) => decodePage(encodePageHeader(undefined), bytes), encodePageBody(held))
    assertHardened((bytes) => decodePage(bytes, encodePageBody(held)), encodePageHeader(fragment))
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 29, maxLength: 29 }), (bytes) => {
        const page = decodePage(Uint8Array.of(0), new Uint8Array(bytes))
        assert.equal(page.fragments[0]?.dataId, dataIdFromBytes(new Uint8Array(bytes.subarray(0, 16))))
      }),
    )
  })
})
