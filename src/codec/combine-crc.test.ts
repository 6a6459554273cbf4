import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { AssertionError } from '../base/assert.ts'
import { NodeCompute } from '../node/compute.ts'
import { combineCrc } from './combine-crc.ts'
import type { CrcAlgorithm } from './combine-crc.ts'

const algorithms: readonly CrcAlgorithm[] = ['crc32', 'crc32c', 'crc64nvme']
const compute = new NodeCompute()

function crc(algorithm: CrcAlgorithm, ...parts: readonly Uint8Array[]): Uint8Array {
  const digest = compute.createDigest(algorithm)
  for (const part of parts) digest.update(part)
  return digest.digest()
}

test('the CRC of two parts is the CRC of the whole, wherever it is cut', () => {
  const part = fc.uint8Array({ maxLength: 300 })
  fc.assert(
    fc.property(part, part, (left, right) => {
      for (const algorithm of algorithms) {
        const [ofLeft, ofRight] = [crc(algorithm, left), crc(algorithm, right)]
        assert.deepEqual(combineCrc(algorithm, ofLeft, ofRight, right.length), crc(algorithm, left, right))
      }
    }),
  )
})

test('parts of more than 4 GiB join: twice 2^33 zeros are 2^34, and two steps of one length are one of twice the length', () => {
  for (const algorithm of algorithms) {
    const zeros = (power: number): Uint8Array => {
      let value = crc(algorithm, new Uint8Array(1))
      for (let exponent = 0; exponent < power; exponent++) value = combineCrc(algorithm, value, value, 2 ** exponent)
      return value
    }
    assert.deepEqual(zeros(20), crc(algorithm, new Uint8Array(2 ** 20)))
    // Zeros after `left` in one step of 2^34 + 3, or in two.
    const left = crc(algorithm, Uint8Array.of(1, 2, 3))
    const [few, many] = [crc(algorithm, new Uint8Array(3)), zeros(34)]
    const atOnce = combineCrc(algorithm, left, combineCrc(algorithm, many, few, 3), 2 ** 34 + 3)
    assert.deepEqual(combineCrc(algorithm, combineCrc(algorithm, left, many, 2 ** 34), few, 3), atOnce)
  }
})

test('lengths and values that cannot be are refused', () => {
  assert.throws(() => combineCrc('crc32', new Uint8Array(4), new Uint8Array(4), -1), AssertionError)
  assert.throws(() => combineCrc('crc32c', new Uint8Array(8), new Uint8Array(4), 1), AssertionError)
  assert.throws(() => combineCrc('crc64nvme', new Uint8Array(8), new Uint8Array(4), 1), AssertionError)
})
