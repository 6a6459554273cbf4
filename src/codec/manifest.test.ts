import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { AssertionError, defined } from '../base/assert.ts'
import { FrostError } from '../base/errors.ts'
import { makeVersionId, parseGroupId } from '../base/ids.ts'
import { defaultScheme } from '../base/scheme.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import type { ManifestExtent } from './manifest-lists.ts'
import type { Manifest } from './manifest.ts'
import { manifestBytesMax } from './record.ts'
import { dataId, group, otherDataId, schemes } from './testing/blocks.ts'
import { FieldWriter } from './typed-fields.ts'

const versionId = makeVersionId(1_700_000_000_000, new Uint8Array(10).fill(9))

const sample: Manifest = {
  bucket: 'default',
  key: 'photos/2026/glacier.jpg',
  versionId,
  extents: [
    { group, dataId, scheme: defaultScheme, chunkSizeBytes: 10_240, dataLengthBytes: 100, offset: 0, length: 100 },
  ],
  headSequence: 12,
  sizeBytes: 100,
}

const texts = fc.string({ unit: 'grapheme', maxLength: 300 })
const counts = fc.maxSafeNat()
const textMaps = fc.array(fc.tuple(texts, texts), { maxLength: 8 }).map((entries) => new Map(entries))

const extents: fc.Arbitrary<ManifestExtent> = fc.record(
  {
    group: fc.integer({ min: 1, max: 0xffff_ffff }).map((value) => defined(parseGroupId(value), 'group')),
    dataId: fc.constantFrom(dataId, otherDataId),
    scheme: schemes,
    chunkSizeBytes: fc.integer({ min: 64, max: 1_048_576 }),
    dataLengthBytes: fc.constant(2 ** 53 - 1),
    offset: fc.nat(2 ** 31 - 1),
    length: fc.integer({ min: 0, max: 2 ** 52 }),
  },
  { noNullPrototype: true },
)

const manifests: fc.Arbitrary<Manifest> = fc.record(
  {
    bucket: texts,
    key: texts,
    versionId: fc.constant(versionId),
    extents: fc.array(extents, { maxLength: 5 }),
    headSequence: counts,
    sizeBytes: counts,
    storedSizeBytes: counts,
    contentType: texts,
    etag: texts,
    checksums: textMaps,
    userMetadata: textMaps,
    transform: fc.uint8Array({ maxLength: 50 }),
    seenSequence: counts,
    crcBefore: fc.nat(0xffff_ffff),
    crc32: fc.nat(0xffff_ffff),
    owner: texts,
    headers: textMaps,
    tags: textMaps,
    lock: textMaps,
    versioned: fc.constant(true as const),
    extra: textMaps,
    parts: fc
      .uniqueArray(
        fc.record({ number: fc.integer({ min: 1, max: 0xffff }), length: counts }, { noNullPrototype: true }),
        {
          selector: ({ number }) => number,
          maxLength: 20,
        },
      )
      .map((parts) => parts.toSorted((left, right) => left.number - right.number)),
    partOf: fc.record(
      { upload: fc.constant(versionId), number: fc.integer({ min: 1, max: 10_000 }) },
      { noNullPrototype: true },
    ),
    extentsOf: extents,
  },
  { noNullPrototype: true, requiredKeys: ['bucket', 'key', 'versionId', 'extents', 'headSequence', 'sizeBytes'] },
)

function fail(bytes: Uint8Array): void {
  assert.throws(() => decodeManifest(bytes, 'store-corrupt'), { code: 'store-corrupt' })
}

describe('a manifest', () => {
  test('comes back as it was written', () => {
    fc.assert(
      fc.property(manifests, (manifest) => {
        assert.deepEqual(decodeManifest(encodeManifest(manifest), 'store-corrupt'), manifest)
      }),
    )
  })

  test('keeps the fields of a newer version', () => {
    const unknownFields = [
      { tag: 500, type: 77, value: Uint8Array.of(1, 2, 3) },
      { tag: 65_535, type: 1, value: new Uint8Array(0) },
    ]
    const bytes = encodeManifest({ ...sample, unknownFields })
    const decoded = decodeManifest(bytes, 'store-corrupt')
    assert.deepEqual(decoded, { ...sample, unknownFields })
    assert.deepEqual(encodeManifest(decoded), bytes)
  })

  test('holds the extents and the lengths of a file of 10,000 parts of 5 GiB, and some 60 KiB besides', () => {
    const extent = defined(sample.extents[0], 'extent')
    const parts = Array.from({ length: 10_000 }, (_, index) => ({ number: index + 1, length: 5 * 1024 ** 3 }))
    const userMetadata = new Map([['x', 'y'.repeat(60 * 1024)]])
    const many = { ...sample, extents: Array.from({ length: 10_001 }, () => extent), parts, userMetadata }
    const decoded = decodeManifest(encodeManifest(many), 'store-corrupt')
    assert.equal(decoded.extents.length, 10_001)
    assert.deepEqual(decoded.parts, parts)
  })

  test('that would be too long is refused with the remedy', () => {
    const extent = defined(sample.extents[0], 'extent')
    const many = { ...sample, extents: Array.from({ length: 20_000 }, () => extent) }
    assert.throws(() => encodeManifest(many), { code: 'bad-request', remedy: 'Use fewer parts or less metadata.' })
  })

  test('with a number that is none, or fields out of order, is a defect of the caller', () => {
    assert.throws(() => encodeManifest({ ...sample, sizeBytes: -1 }), AssertionError)
    assert.throws(() => encodeManifest({ ...sample, sizeBytes: 2 ** 53 }), AssertionError)
    const unknownFields = [{ tag: 3, type: 1, value: new Uint8Array(0) }]
    assert.throws(() => encodeManifest({ ...sample, unknownFields }), AssertionError)
  })
})

describe('foreign bytes', () => {
  test('are a typed error or a manifest, never a crash', () => {
    const encoded = encodeManifest({ ...sample, userMetadata: new Map([['a', 'b']]), transform: new Uint8Array(3) })
    const foreign = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.tuple(fc.nat(encoded.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
        const bytes = encoded.slice()
        for (const [at, byte] of changes) bytes[at] = byte
        return bytes
      }),
      fc.nat(encoded.length - 1).map((length) => encoded.slice(0, length)),
    )
    fc.assert(
      fc.property(foreign, fc.constantFrom('store-corrupt', 'protocol-error'), (bytes, code) => {
        try {
          const manifest = decodeManifest(bytes, code)
          // What could be read can be written, and is then read the same.
          assert.deepEqual(decodeManifest(encodeManifest(manifest), code), manifest)
        } catch (error) {
          if (!(error instanceof FrostError)) throw error
          assert.equal(error.code, code)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('that lack a field, or have it in another type, are damage', () => {
    const writer = new FieldWriter(1)
    writer.text(1, 2, 'default')
    fail(writer.finish())
    const other = new FieldWriter(1)
    other.number(1, 3, 5)
    fail(other.finish())
    fail(new FieldWriter(2).finish())
    fail(new Uint8Array(0))
    fail(new Uint8Array(manifestBytesMax + 1))
  })

  test('with a text that is not UTF-8 are damage', () => {
    const bytes = encodeManifest(sample)
    assert.equal(bytes[9], 'd'.charCodeAt(0))
    bytes[9] = 0xff
    fail(bytes)
  })

  test('with more fields than allowed are damage', () => {
    const bytes = new Uint8Array(2 + 7 * 65)
    const view = new DataView(bytes.buffer)
    view.setUint16(0, 1, true)
    for (let field = 0; field < 65; field++) view.setUint16(2 + 7 * field, field + 1, true)
    fail(bytes)
  })

  test('with an extent that contradicts itself are damage', () => {
    const extent = defined(sample.extents[0], 'extent')
    for (const wrong of [{ length: 101 }, { offset: 1 }, { chunkSizeBytes: 63 }]) {
      fail(encodeManifest({ ...sample, extents: [{ ...extent, ...wrong }] }))
    }
    fail(encodeManifest({ ...sample, extents: [{ ...extent, scheme: { dataColumns: 9, parityColumns: 9 } }] }))
  })
})
