import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { FrostError, errorCode } from '../base/errors.ts'
import { decodeError, encodeError } from './error-message.ts'
import { decodeExtension, encodeExtension } from './extension.ts'

describe('the extension of a request', () => {
  test('comes out as it went in, with what nobody here knows', () => {
    const hexDigits = fc.array(fc.constantFrom('0', '1', '8', '9', 'a', 'f'), { minLength: 50, maxLength: 50 })
    const entry = fc.record(
      { tag: fc.integer({ min: 4, max: 0xffff }), type: fc.nat(255), bytes: fc.uint8Array({ maxLength: 50 }) },
      { noNullPrototype: true },
    )
    const extension = fc.record(
      {
        trace: hexDigits.map((digits) => digits.join('')),
        requestId: fc.string({ maxLength: 60 }),
        principal: fc.string({ unit: 'grapheme', maxLength: 4 }),
        unknown: fc.uniqueArray(entry, { minLength: 1, maxLength: 5, selector: ({ tag }) => tag }),
      },
      { requiredKeys: [], noNullPrototype: true },
    )
    fc.assert(
      fc.property(extension, (value) => {
        const { unknown } = value
        const expected =
          unknown === undefined
            ? { ...value }
            : { ...value, unknown: unknown.toSorted((left, right) => left.tag - right.tag) }
        assert.deepEqual(decodeExtension(encodeExtension(value)), expected)
      }),
    )
  })

  test('rubbish is a protocol error or an extension', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          decodeExtension(bytes)
        } catch (error) {
          assert.equal(errorCode(error), 'protocol-error')
        }
      }),
      { numRuns: 500 },
    )
  })

  test('that is too long is refused where it is made', () => {
    for (const extension of [
      { requestId: 'x'.repeat(65) },
      { principal: 'x'.repeat(257) },
      { trace: '00' },
      { unknown: [{ tag: 9, type: 1, bytes: new Uint8Array(5000) }] },
      { unknown: [9, 10].map((tag) => ({ tag, type: 1, bytes: new Uint8Array(3000) })) },
    ]) {
      assert.throws(
        () => encodeExtension(extension),
        (error) => errorCode(error) === 'bad-request',
      )
    }
  })
})

describe('an error on the wire', () => {
  test('keeps code, message, remedy and time of a repeat', () => {
    const error = new FrostError('overloaded', 'Zu viel.', { remedy: 'Später.', retryAfterSeconds: 7 })
    const read = decodeError(encodeError(error))
    assert.deepEqual(
      [read.code, read.message, read.remedy, read.retryAfterSeconds],
      ['overloaded', 'Zu viel.', 'Später.', 7],
    )
    assert.equal(decodeError(encodeError(new FrostError('cancelled', 'x'))).remedy, undefined)
  })

  test('with a code of a later version becomes internal and names it', () => {
    const bytes = encodeError(new FrostError('overloaded', 'text'))
    bytes.set(new TextEncoder().encode('overlooked'), 4)
    const read = decodeError(bytes)
    assert.equal(read.code, 'internal')
    assert.match(read.message, /overlooked/)
  })

  test('is cut where its text is very long', () => {
    const read = decodeError(encodeError(new FrostError('internal', '😀'.repeat(2000))))
    assert.ok(read.message.length > 200 && read.message.length < 2000)
  })

  test('rubbish is a protocol error or an error', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => {
        try {
          assert.ok(decodeError(bytes) instanceof FrostError)
        } catch (error) {
          assert.equal(errorCode(error), 'protocol-error')
        }
      }),
      { numRuns: 500 },
    )
  })
})
