import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import {
  afterPrefix,
  hexPart,
  numberPart,
  partText,
  readHex,
  readNumber,
  readUint32,
  textPart,
  uint32Part,
} from './key-parts.ts'

const compare = (left: string | number, right: string | number): number =>
  Math.sign(Number(left > right) - Number(left < right))
const uint32 = fc.nat({ max: 0xffff_ffff })
const whole = fc.oneof(uint32, fc.nat({ max: Number.MAX_SAFE_INTEGER }))
const text = fc.string({
  unit: fc.oneof(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
    fc.constantFrom('\0', '\u{10000}', '\uffff'),
  ),
})

test('parts of numbers keep their order and are read back', () => {
  fc.assert(
    fc.property(whole, whole, uint32, uint32, (a, b, c, d) => {
      assert.equal(compare(numberPart(a), numberPart(b)), compare(a, b))
      assert.equal(compare(uint32Part(c), uint32Part(d)), compare(c, d))
      assert.equal(readNumber(`x${numberPart(a)}`, 1), a)
      assert.equal(readUint32(`x${uint32Part(c)}`, 1), c)
    }),
  )
})

test('parts of texts sort as UTF-8 does and are read back', () => {
  fc.assert(
    fc.property(text, text, (left, right) => {
      assert.equal(compare(textPart(left), textPart(right)), Buffer.compare(Buffer.from(left), Buffer.from(right)))
      assert.equal(partText(textPart(left)), left)
    }),
  )
})

test('parts of hex digits are read back', () => {
  const digits = 'ff00a1b2c3d4e5f60718293a4b5c6d7e'
  assert.equal(hexPart(digits).length, 16)
  assert.equal(readHex(`ab${hexPart(digits)}`, 2, 32), digits)
})

test('the key after a prefix is above all that start with it, and nothing lies between', () => {
  const bytes = fc.string({ unit: fc.nat({ max: 255 }).map((code) => String.fromCharCode(code)), minLength: 1 })
  fc.assert(
    fc.property(bytes, bytes, (prefix, key) => {
      fc.pre(/[^\xff]/.test(prefix))
      const after = afterPrefix(prefix)
      assert.ok(prefix + key < after)
      assert.equal(key >= prefix && key < after, key.startsWith(prefix))
    }),
  )
})
