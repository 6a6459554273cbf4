import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { errorCode } from '../../base/errors.ts'
import { decodePlain, encodePlain } from './plain-value.ts'

const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    fc.constant(undefined),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.double({ noNaN: true }),
    fc.string({ unit: 'grapheme' }),
    fc.uint8Array(),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
  ),
}))

/** As decoding gives it back: without fields that are undefined. */
function withoutUndefined(given: unknown): unknown {
  if (Array.isArray(given)) return given.map(withoutUndefined)
  if (typeof given !== 'object' || given === null || given instanceof Uint8Array) return given
  const fields = Object.entries(given).filter(([, field]) => field !== undefined)
  return Object.fromEntries(fields.map(([name, field]) => [name, withoutUndefined(field)]))
}

test('plain data decodes to what was encoded', () => {
  fc.assert(
    fc.property(value, (given) => {
      assert.deepEqual(decodePlain(encodePlain(given)), withoutUndefined(given))
    }),
  )
})

test('bytes that end early, go on, or are rubbish are store-corrupt, never something else', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.uint8Array({ maxLength: 40 }), (given, cut, rubbish) => {
      const bytes = encodePlain(given)
      const isCorrupt = (error: unknown): boolean => errorCode(error) === 'store-corrupt'
      assert.throws(() => decodePlain(bytes.subarray(0, cut % bytes.length)), isCorrupt)
      assert.throws(() => decodePlain(Uint8Array.of(...bytes, 0)), isCorrupt)
      try {
        decodePlain(rubbish)
      } catch (error) {
        assert.ok(isCorrupt(error))
      }
    }),
  )
})

test('a field named __proto__ is a field like any other', () => {
  const given = JSON.parse('{"__proto__": {"a": 1}}') as unknown
  const decoded = decodePlain(encodePlain(given))
  assert.deepEqual(Object.keys(decoded ?? {}), ['__proto__'])
  assert.equal(Object.getPrototypeOf(decoded), Object.prototype)
})
