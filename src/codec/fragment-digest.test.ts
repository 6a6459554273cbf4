// The digests of sets of fragments: order and history do not matter, every change does, and both sides count the same bytes.

import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { defined } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { dataIdFromBytes, fromHex, parseDataId } from '../base/ids.ts'
import type { DataId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { bucketOf, digestBuckets, digestBytes, FragmentDigest } from './fragment-digest.ts'
import { slotOf } from './geometry.ts'

interface Fragment {
  readonly dataId: DataId
  readonly block: number
  readonly column: number
}

const dataIds: fc.Arbitrary<DataId> = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => dataIdFromBytes(new Uint8Array(bytes))),
  // Ids that differ in a few bits only.
  fc.integer({ min: 0, max: 255 }).map((low) => dataIdFromBytes(new Uint8Array(16).fill(1).fill(low, 15))),
)
const fragments: fc.Arbitrary<Fragment> = fc.record({
  dataId: dataIds,
  block: fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 0xffff_ffff })),
  column: fc.integer({ min: 0, max: 15 }),
})
const sets = fc.uniqueArray(fragments, { maxLength: 60, selector: nameOf })

function nameOf({ dataId, block, column }: Fragment): string {
  return `${dataId} ${block} ${column}`
}

function digestOf(set: readonly Fragment[]): FragmentDigest {
  const digest = new FragmentDigest()
  for (const { dataId, block, column } of set) digest.add(dataId, block, column)
  return digest
}

describe('the digest of a set of fragments', () => {
  test('does not depend on the order', () => {
    fc.assert(
      fc.property(sets, fc.integer(), (set, seed) => {
        const random = new SeededRandom(seed)
        const keyed = set.map((fragment) => ({ fragment, at: random.uint32() }))
        const shuffled = keyed.toSorted((left, right) => left.at - right.at).map(({ fragment }) => fragment)
        assert.deepEqual(digestOf(shuffled).encode(), digestOf(set).encode())
      }),
    )
  })

  test('is what it was when what was added is taken out again', () => {
    fc.assert(
      fc.property(sets, fc.integer({ min: 0, max: 60 }), (set, kept) => {
        const digest = digestOf(set)
        for (const { dataId, block, column } of set.slice(kept)) digest.remove(dataId, block, column)
        assert.deepEqual(digest.encode(), digestOf(set.slice(0, kept)).encode())
        assert.equal(digest.total, Math.min(kept, set.length))
      }),
    )
  })

  test('changes in the one bucket concerned with a fragment more, less, or in the place of another', () => {
    fc.assert(
      fc.property(sets, fragments, (set, other) => {
        const without = set.filter((fragment) => nameOf(fragment) !== nameOf(other))
        const bucket = bucketOf(other.dataId)
        assert.deepEqual(digestOf(without).differences(digestOf([...without, other])), [bucket])
        const [first, ...rest] = without
        if (first === undefined) return
        const buckets = new Set([bucket, bucketOf(first.dataId)])
        const expected = [...buckets].toSorted((left, right) => left - right)
        assert.deepEqual(digestOf(without).differences(digestOf([...rest, other])), expected)
      }),
    )
  })

  test('differs for two sets of the same size that differ in pairs of fragments', () => {
    // Sums of badly mixed hashes are equal where columns and blocks were exchanged between fragments.
    const random = new SeededRandom(5)
    for (let round = 0; round < 2000; round++) {
      const ids = [random.bytes(16), random.bytes(16)].map((bytes) => dataIdFromBytes(bytes.fill(7, 12)))
      const [left = '', right = ''] = ids
      const [a, b] = [defined(parseDataId(left), 'an id'), defined(parseDataId(right), 'an id')]
      const [block, column] = [random.below(100), random.below(5)]
      const one = digestOf([
        { dataId: a, block, column },
        { dataId: b, block: block + 1, column: column + 1 },
      ])
      const other = digestOf([
        { dataId: a, block: block + 1, column: column + 1 },
        { dataId: b, block, column },
      ])
      assert.notDeepEqual(one.differences(other), [])
    }
  })

  test('mixes every bit of a fragment into every bit of the sum', () => {
    const random = new SeededRandom(9)
    const rounds = 400
    const flips = Array.from({ length: 168 }, () => new Uint32Array(128))
    for (let round = 0; round < rounds; round++) {
      const bytes = random.bytes(21)
      const before = sumOf(bytes)
      for (const [bit, counts] of flips.entries()) {
        const flipped = bytes.slice()
        flipped[bit >>> 3] = (flipped[bit >>> 3] ?? 0) ^ (1 << (bit & 7))
        const after = sumOf(flipped)
        for (let at = 0; at < 128; at++) {
          const change = ((before[at >>> 3] ?? 0) ^ (after[at >>> 3] ?? 0)) >>> (at & 7)
          counts[at] = (counts[at] ?? 0) + (change & 1)
        }
      }
    }
    // Half of the rounds, with six standard deviations of room.
    const room = 6 * Math.sqrt(rounds / 4)
    for (const [bit, counts] of flips.entries()) {
      for (const [at, count] of counts.entries()) {
        assert.ok(Math.abs(count - rounds / 2) < room, `bit ${bit} changes bit ${at} ${count} times`)
      }
    }
  })

  test('travels as the bytes that the documents describe', () => {
    const dataId = defined(parseDataId('019345f2a1b00102030405060708090a'), 'an id')
    const digest = digestOf([{ dataId, block: 7, column: 3 }])
    const bytes = digest.encode()
    assert.equal(bytes.length, digestBytes)
    assert.equal(bucketOf(dataId), 0x809 % digestBuckets)
    const at = bucketOf(dataId) * 20
    assert.deepEqual([...bytes.subarray(at, at + 4)], [1, 0, 0, 0])
    // Golden: both sides must count alike, whatever version they run.
    assert.equal(Buffer.from(bytes.subarray(at + 4, at + 20)).toString('hex'), goldenSum)
    assert.equal(createHash('sha256').update(goldenSet().encode()).digest('hex'), goldenSetHash)
  })

  test('comes back as it was, and rubbish is refused', () => {
    fc.assert(
      fc.property(sets, (set) => {
        const digest = digestOf(set)
        const decoded = FragmentDigest.decode(digest.encode())
        assert.deepEqual(decoded.differences(digest), [])
        assert.equal(decoded.total, set.length)
      }),
    )
    for (const length of [0, 1, digestBytes - 1, digestBytes + 1])
      assert.throws(
        () => FragmentDigest.decode(new Uint8Array(length)),
        (error) => errorCode(error) === 'protocol-error',
      )
    // Whatever the bytes are, a digest of the right length can be compared.
    const rubbish = FragmentDigest.decode(new SeededRandom(1).bytes(digestBytes))
    assert.equal(rubbish.differences(new FragmentDigest()).length, digestBuckets)
  })

  test('takes out only what was added', () => {
    const dataId = dataIdFromBytes(new Uint8Array(16))
    assert.throws(() => new FragmentDigest().remove(dataId, 0, 0), { name: 'AssertionError' })
  })

  test('spreads what lies on one slot over all buckets', () => {
    const random = new SeededRandom(3)
    const scheme = { dataColumns: 3, parityColumns: 2 }
    const counts = new Uint32Array(digestBuckets)
    for (let made = 0; made < 200_000; made++) {
      const dataId = dataIdFromBytes(random.bytes(16))
      // A one-chunk file has these columns only.
      for (const column of [0, 3, 4]) {
        if (slotOf(scheme, dataId, 0, column) === 2) counts[bucketOf(dataId)] = (counts[bucketOf(dataId)] ?? 0) + 1
      }
    }
    assert.ok(counts.every((count) => count > 40 && count < 220))
  })
})

/** The sum of one fragment, from 16 bytes of id, 4 of block, 1 of column. */
function sumOf(bytes: Uint8Array): Uint8Array {
  const dataId = dataIdFromBytes(bytes.subarray(0, 16))
  const block = new DataView(bytes.buffer).getUint32(16, true)
  const digest = digestOf([{ dataId, block, column: bytes[20] ?? 0 }]).encode()
  const at = bucketOf(dataId) * 20 + 4
  return digest.subarray(at, at + 16)
}

function goldenSet(): FragmentDigest {
  const digest = new FragmentDigest()
  const id = fromHex('019345f2a1b00102030405060708090a')
  for (let number = 0; number < 1000; number++) {
    id[14] = number & 0xff
    id[13] = number >>> 8
    digest.add(dataIdFromBytes(id), number * 7, number % 16)
  }
  return digest
}

const goldenSum = '15b5222625e4cbc8634ad16ae600ba29'
const goldenSetHash = '7a29724cc18891c80fe1d9c60692be60832a70aea8061da958d585f486f12fbf'
