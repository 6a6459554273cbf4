import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { dataIdFromBytes } from '../base/ids.ts'
import type { FragmentKey } from './contract.ts'
import {
  bytesToText,
  fragmentKeyOf,
  fragmentText,
  idText,
  idTextOf,
  rangeOfAll,
  rangeOfGroup,
  rangeOfId,
  textToBytes,
} from './fragment-key.ts'
import { groupId } from './testing/records.ts'

const keys: fc.Arbitrary<FragmentKey> = fc
  .record({
    group: fc.oneof(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 0xffff_ffff })).map(groupId),
    dataId: fc
      .oneof(
        fc.uint8Array({ minLength: 16, maxLength: 16 }),
        fc.constantFrom(new Uint8Array(16), new Uint8Array(16).fill(255)),
      )
      .map(dataIdFromBytes),
    block: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: 0xffff_ffff }), fc.constant(0xffff_ffff)),
    column: fc.nat(15),
  })
  .map((key) => ({ ...key }))

function inRange(text: string, { from, to }: { readonly from: string; readonly to: string }): boolean {
  return text >= from && text < to
}

describe('Keys of fragments', () => {
  test('become text and bytes and come back', () => {
    fc.assert(
      fc.property(keys, (key) => {
        const text = fragmentText(key)
        assert.deepEqual(fragmentKeyOf(text), key)
        assert.equal(bytesToText(textToBytes(text)), text)
        const id = idText(key.group, key.dataId)
        assert.equal(idTextOf(text), id)
        assert.equal(bytesToText(textToBytes(id)), id)
      }),
    )
  })

  test('sort alike as text and as bytes, and so do the bounds of ranges', () => {
    const texts = keys.chain((key) =>
      fc.constantFrom(
        fragmentText(key),
        idText(key.group, key.dataId),
        rangeOfId(idText(key.group, key.dataId)).to,
        rangeOfGroup(key.group).from,
        rangeOfGroup(key.group).to,
        rangeOfGroup(key.group, fragmentText(key)).from,
        rangeOfAll().from,
        rangeOfAll().to,
      ),
    )
    fc.assert(
      fc.property(texts, texts, (left, right) => {
        const asText = left < right ? -1 : left > right ? 1 : 0
        // Two different bounds behind the same largest key are the same place.
        const asBytes = Buffer.compare(textToBytes(left), textToBytes(right))
        assert.ok(asText === asBytes || asBytes === 0, `${asText} ${asBytes}`)
      }),
      { numRuns: 2000 },
    )
  })

  test('ranges hold what they say', () => {
    fc.assert(
      fc.property(keys, keys, (key, other) => {
        const text = fragmentText(key)
        const id = idText(other.group, other.dataId)
        assert.equal(inRange(text, rangeOfId(id)), key.group === other.group && key.dataId === other.dataId)
        assert.equal(inRange(text, rangeOfGroup(other.group)), key.group === other.group)
        assert.ok(inRange(text, rangeOfAll()))
        assert.equal(inRange(text, rangeOfAll(fragmentText(other))), text > fragmentText(other))
        assert.equal(inRange(text, rangeOfGroup(key.group, text)), false)
      }),
      { numRuns: 2000 },
    )
  })
})
