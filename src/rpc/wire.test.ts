import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { AssertionError } from '../base/assert.ts'
import { errorCode } from '../base/errors.ts'
import { WireReader, WireWriter } from './wire.ts'

const wrong = (error: unknown): boolean => errorCode(error) === 'protocol-error'

/** One field of each kind, with a value that fits it. */
const field = fc.oneof(
  fc.record({ kind: fc.constant('u8' as const), value: fc.integer({ min: 0, max: 0xff }) }),
  fc.record({ kind: fc.constant('u16' as const), value: fc.integer({ min: 0, max: 0xffff }) }),
  fc.record({ kind: fc.constant('u32' as const), value: fc.integer({ min: 0, max: 0xffff_ffff }) }),
  fc.record({ kind: fc.constant('u53' as const), value: fc.maxSafeNat() }),
  fc.record({ kind: fc.constant('f64' as const), value: fc.double({ noNaN: true }) }),
  fc.record({ kind: fc.constant('string' as const), value: fc.string({ unit: 'grapheme', maxLength: 20 }) }),
  fc.record({ kind: fc.constant('bytes' as const), value: fc.uint8Array({ maxLength: 300 }) }),
  fc.record({ kind: fc.constant('list' as const), value: fc.array(fc.nat(0xffff), { maxLength: 20 }) }),
  fc.record({ kind: fc.constant('optional' as const), value: fc.option(fc.nat(0xff), { nil: undefined }) }),
)
type Field = typeof field extends fc.Arbitrary<infer T> ? T : never

function writeField(writer: WireWriter, { kind, value }: Field): void {
  switch (kind) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u53':
    case 'f64':
      writer[kind](value)
      break
    case 'string':
      writer.string(value, 1000)
      break
    case 'bytes':
      writer.bytes(value, 300)
      break
    case 'list':
      writer.list(value, 20, (_, item) => writer.u16(item))
      break
    case 'optional':
      writer.optional(value, (_, present) => writer.u8(present))
      break
  }
}

function readField(reader: WireReader, { kind }: Field): unknown {
  switch (kind) {
    case 'u8':
    case 'u16':
    case 'u32':
    case 'u53':
    case 'f64':
      return reader[kind]()
    case 'string':
      return reader.string(1000)
    case 'bytes':
      return reader.bytes(300)
    case 'list':
      return reader.list(20, () => reader.u16())
    case 'optional':
      return reader.optional(() => reader.u8())
  }
}

describe('wire', () => {
  test('whatever is written is read again, and nothing is left over', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 30 }), (fields) => {
        const writer = new WireWriter('test', 100_000)
        for (const each of fields) writeField(writer, each)
        const reader = new WireReader('test', writer.finish())
        for (const each of fields) assert.deepEqual(readField(reader, each), each.value)
        reader.end()
      }),
    )
  })

  test('rubbish and cut input give values inside their limits or a protocol error', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(field, { minLength: 1, maxLength: 10 }),
        (bytes, fields) => {
          const reader = new WireReader('test', bytes)
          try {
            for (const each of fields) readField(reader, each)
            reader.end()
          } catch (error) {
            assert.ok(wrong(error), String(error))
          }
          assert.ok(reader.remaining >= 0)
        },
      ),
      { numRuns: 500 },
    )
  })

  test('every cut of a message is refused', () => {
    const writer = new WireWriter('test', 1000)
      .u8(1)
      .string('hello', 10)
      .list([1, 2], 2, (list, item) => list.u53(item))
    const whole = writer.finish()
    for (let length = 0; length < whole.length; length++) {
      const reader = new WireReader('test', whole.subarray(0, length))
      assert.throws(() => {
        reader.u8()
        reader.string(10)
        reader.list(2, () => reader.u53())
      }, wrong)
    }
  })

  test('numbers are little-endian and ids are their bytes', () => {
    const bytes = new WireWriter('test', 100)
      .u16(0x0102)
      .u32(0x01020304)
      .u53(2 ** 40 + 5)
      .hex('00ff10', 3)
      .finish()
    assert.deepEqual([...bytes], [2, 1, 4, 3, 2, 1, 5, 0, 0, 0, 0, 1, 0, 0, 0x00, 0xff, 0x10])
    const reader = new WireReader('test', bytes)
    assert.deepEqual(
      [reader.u16(), reader.u32(), reader.u53(), reader.hex(3)],
      [0x0102, 0x01020304, 2 ** 40 + 5, '00ff10'],
    )
  })

  test('a count that the bytes cannot hold is refused before anything is read', () => {
    const bytes = new WireWriter('test', 100).u32(1000).u32(0).finish()
    let reads = 0
    assert.throws(() => new WireReader('test', bytes).list(5000, () => reads++), wrong)
    assert.equal(reads, 0)
  })

  test('a length over its limit is refused on both sides', () => {
    assert.throws(() => new WireWriter('test', 100).string('four', 3), wrong)
    assert.throws(() => new WireWriter('test', 100).list([1, 2], 1, () => {}), wrong)
    const bytes = new WireWriter('test', 100).string('four', 4).finish()
    assert.throws(() => new WireReader('test', bytes).string(3), wrong)
  })

  test('a writer refuses more than its limit', () => {
    const writer = new WireWriter('test', 10).u53(1)
    assert.throws(() => writer.u32(1), wrong)
    assert.equal(writer.u16(1).finish().length, 10)
  })

  test('text that is not UTF-8, a number above 2^53 and a boolean of 2 are refused', () => {
    assert.throws(
      () => new WireReader('test', new WireWriter('t', 10).bytes(Uint8Array.of(0xff), 1).finish()).string(5),
      wrong,
    )
    assert.throws(() => new WireReader('test', new Uint8Array(8).fill(0xff)).u53(), wrong)
    assert.throws(() => new WireReader('test', new Uint8Array(8).fill(0xff)).f64(), wrong)
    assert.throws(() => new WireReader('test', Uint8Array.of(2)).boolean(), wrong)
  })

  test('a value that does not fit its field is a defect of the writer', () => {
    for (const value of [-1, 0.5, 256, Number.NaN]) {
      assert.throws(() => new WireWriter('test', 10).u8(value), AssertionError)
    }
    assert.throws(() => new WireWriter('test', 100).u53(2 ** 53), AssertionError)
    assert.throws(() => new WireWriter('test', 100).hex('00', 2), AssertionError)
  })
})
