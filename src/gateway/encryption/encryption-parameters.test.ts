import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { FrostError } from '../../base/errors.ts'
import { decodeEncryption, encodeEncryption } from './encryption-parameters.ts'
import type { EncryptionParameters, KeyReference } from './encryption-parameters.ts'

const wrapped = new Uint8Array(64).map((_, index) => index)

const anyKey: fc.Arbitrary<KeyReference> = fc.oneof(
  fc.constant({ kind: 'sse-c' as const }),
  fc.record({ kind: fc.constant('sse-s3' as const), generation: fc.maxSafeNat() }, { noNullPrototype: true }),
  fc.record(
    {
      kind: fc.constant('sse-kms' as const),
      keyId: fc.stringMatching(/^[a-z0-9-]{1,128}$/),
      generation: fc.nat(),
      context: fc
        .dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { noNullPrototype: true })
        .map((pairs) => new Map(Object.entries(pairs))),
      bucketKeyEnabled: fc.option(fc.boolean(), { nil: undefined }),
    },
    { noNullPrototype: true },
  ),
)

const anyParts = fc
  .uniqueArray(fc.integer({ min: 1, max: 10_000 }), { minLength: 1, maxLength: 50 })
  .chain((numbers) =>
    fc.tuple(
      fc.constant(numbers.toSorted((left, right) => left - right)),
      fc.array(fc.constantFrom(0, 5, 5 * 2 ** 30), { minLength: numbers.length, maxLength: numbers.length }),
    ),
  )
  .map(([numbers, lengths]) => numbers.map((number, index) => ({ number, length: lengths[index] ?? 0 })))

test('parameters come back as they were', () => {
  fc.assert(
    fc.property(anyKey, fc.uint8Array({ minLength: 64, maxLength: 64 }), fc.option(anyParts), (key, sealed, parts) => {
      for (const layout of ['whole', 'parts'] as const) {
        const given: EncryptionParameters =
          parts === null || layout === 'whole'
            ? { key, wrapped: sealed, layout }
            : { key, wrapped: sealed, layout, parts }
        assert.deepEqual(decodeEncryption(encodeEncryption(given)), given)
      }
    }),
  )
  assert.equal(decodeEncryption(undefined), undefined)
})

test('10,000 parts of one length take 16 bytes', () => {
  const parts = Array.from({ length: 10_000 }, (_, index) => ({ number: index + 1, length: 5 * 2 ** 20 }))
  const whole = encodeEncryption({ key: { kind: 'sse-c' }, wrapped, layout: 'parts' })
  const listed = encodeEncryption({ key: { kind: 'sse-c' }, wrapped, layout: 'parts', parts })
  assert.equal(listed.parameters.length - whole.parameters.length, 7 + 16)
})

test('the stored form is the documented one', () => {
  const { kind, parameters } = encodeEncryption({ key: { kind: 'sse-s3', generation: 3 }, wrapped, layout: 'whole' })
  assert.equal(kind, 'encryption')
  assert.equal(
    Buffer.from(parameters).toString('hex'),
    `0100 0100 01 01000000 01 0200 01 01000000 00 0300 02 40000000 ${Buffer.from(wrapped).toString('hex')}
     0400 03 08000000 0300000000000000`.replace(/\s/g, ''),
  )
})

test('any bytes are parameters or refused as damaged, in bounded time', () => {
  const isDecodedOrRefused = (parameters: Uint8Array): void => {
    try {
      const decoded = decodeEncryption({ kind: 'encryption', parameters })
      assert.ok(decoded !== undefined)
      assert.ok((decoded.parts?.length ?? 0) <= 10_000)
    } catch (error) {
      assert.ok(error instanceof FrostError, String(error))
      assert.ok(error.code === 'store-corrupt' || error.code === 'format-unsupported')
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), isDecodedOrRefused))
  const altered = fc.tuple(anyKey, fc.option(anyParts), fc.nat(), fc.nat(255), fc.nat())
  fc.assert(
    fc.property(altered, ([key, parts, place, value, cut]) => {
      const layout = parts === null ? 'whole' : 'parts'
      const { parameters } = encodeEncryption({ key, wrapped, layout, parts: parts ?? undefined })
      parameters[place % parameters.length] = value
      isDecodedOrRefused(parameters)
      isDecodedOrRefused(parameters.subarray(0, cut % parameters.length))
    }),
    { numRuns: 500 },
  )
})

test('what a later version, or another transform, made is not taken for this one', () => {
  const isLater = (error: unknown): boolean => error instanceof FrostError && error.code === 'format-unsupported'
  const { parameters } = encodeEncryption({ key: { kind: 'sse-c' }, wrapped, layout: 'whole' })
  assert.throws(() => decodeEncryption({ kind: 'zstd', parameters }), isLater)
  assert.throws(() => decodeEncryption({ kind: 'encryption', parameters: Uint8Array.of(2, 0) }), isLater)
  const more = Buffer.concat([parameters, Buffer.from('0900010100000000', 'hex')])
  assert.throws(() => decodeEncryption({ kind: 'encryption', parameters: more }), isLater)
})
