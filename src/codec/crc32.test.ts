import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import fc from 'fast-check'

import { AssertionError } from '../base/assert.ts'
import { fromHex } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { Crc32Joiner, PositionMasks, crc32Short, joinCrc32 } from './crc32.ts'
import { dataId, otherDataId } from './testing/blocks.ts'

describe('joining', () => {
  test('the check of two parts is the check of the whole, wherever it is cut', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (left, right) => {
        const whole = crc32(Buffer.concat([left, right]))
        assert.equal(joinCrc32(crc32(left), crc32(right), right.length), whole)
        assert.equal(new Crc32Joiner(right.length).join(crc32(left), crc32(right)), whole)
      }),
    )
  })

  test('parts of a chunk, of a block and of more than 4 GiB join', () => {
    const random = new SeededRandom(3)
    const left = random.bytes(5000)
    for (const bytes of [10_240, 3_072_000]) {
      const right = random.bytes(bytes)
      assert.equal(joinCrc32(crc32(left), crc32(right), bytes), crc32(right, crc32(left)))
    }
    // Zeros join by arithmetic alone: twice 2^33 zeros are 2^34.
    const zeros = (power: number): number => {
      let crc = crc32(new Uint8Array(1))
      for (let exponent = 0; exponent < power; exponent++) crc = joinCrc32(crc, crc, 2 ** exponent)
      return crc
    }
    assert.equal(zeros(20), crc32(new Uint8Array(2 ** 20)))
    assert.equal(joinCrc32(zeros(33), zeros(33), 2 ** 33), zeros(34))
  })

  test('a length that is none is a defect of the caller', () => {
    for (const bytes of [-1, 0.5, Number.NaN]) assert.throws(() => new Crc32Joiner(bytes), AssertionError)
  })
})

test('short runs have the same check as from the native module, also continued', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const at = Math.min(cut, bytes.length)
      assert.equal(crc32Short(bytes, 0, bytes.length), crc32(bytes))
      assert.equal(crc32Short(bytes, at, bytes.length, crc32Short(bytes, 0, at)), crc32(bytes))
    }),
  )
})

describe('positions', () => {
  test('a mask is the CRC-32 of data id, block, column, stripe and a piece above 0', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.nat(15), fc.nat(99), fc.nat(102), (block, column, stripe, piece) => {
        const bytes = new Uint8Array(piece > 0 ? 29 : 25)
        const view = new DataView(bytes.buffer)
        bytes.set(fromHex(dataId))
        view.setUint32(16, block, true)
        view.setUint8(20, column)
        view.setUint32(21, stripe, true)
        if (piece > 0) view.setUint32(25, piece, true)
        assert.equal(new PositionMasks(dataId, block).of(column, stripe, piece), crc32(bytes))
      }),
    )
  })

  test('places near each other have different masks', () => {
    const seen = new Set<number>()
    for (const id of [dataId, otherDataId]) {
      for (const block of [0, 1, 2]) {
        const masks = new PositionMasks(id, block)
        for (let column = 0; column < 16; column++) {
          for (let stripe = 0; stripe < 100; stripe++) seen.add(masks.of(column, stripe))
        }
      }
    }
    assert.equal(seen.size, 2 * 3 * 16 * 100)
  })
})
