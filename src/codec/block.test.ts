import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { crc32 } from 'node:zlib'

import fc from 'fast-check'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { AssertionError, defined } from '../base/assert.ts'
import { SeededRandom } from '../base/random.ts'
import { defaultChunkSizeBytes, defaultScheme } from '../base/scheme.ts'
import { MIB } from '../base/units.ts'
import { BlockLayout, encodeBlock, encodeOneChunkBlock } from './block.ts'
import type { BlockContent, EncodedBlock } from './block.ts'
import { verifyRecord } from './checks.ts'
import { ErasureCoder } from './erasure-coder.ts'
import { BlockGeometry } from './geometry.ts'
import { decodeHeader } from './record.ts'
import { dataId, geometries, group, plainColumns } from './testing/blocks.ts'

const compute = new SimulatedCompute()
const coder = new ErasureCoder({ memoryBytes: 16 * MIB })
const random = new SeededRandom(21)

function contentOf(geometry: BlockGeometry, manifest = new Uint8Array(0)): BlockContent {
  return { group, dataId, block: 3, isLastBlock: manifest.length > 0, manifest, geometry }
}

/** Encodes data that arrives in slices, in a buffer full of other bytes, laid out for `capacityBytes`. */
function encode(
  content: BlockContent,
  data: Uint8Array,
  options: { readonly capacityBytes?: number; readonly sliceBytes?: number } = {},
): { readonly encoded: EncodedBlock; readonly records: readonly Uint8Array[] } {
  const { geometry } = content
  const layout = new BlockLayout(geometry.scheme, geometry.chunkSizeBytes, options.capacityBytes ?? data.length)
  const buffer = defined(coder.allocate(layout.bufferBytes), 'room for a test')
  try {
    buffer.bytes.fill(0xa5)
    const sliceBytes = options.sliceBytes ?? Math.max(1, data.length)
    for (let at = 0; at < data.length; at += sliceBytes) {
      layout.scatter(buffer.bytes, at, data.subarray(at, at + sliceBytes))
    }
    const encoded = encodeBlock(compute, content, { coder, buffer, layout })
    return { encoded, records: wholeRecords(encoded) }
  } finally {
    buffer.free()
  }
}

function wholeRecords(encoded: EncodedBlock): readonly Uint8Array[] {
  return encoded.records.map((record) => new Uint8Array(Buffer.concat(record.parts)))
}

describe('encodeBlock', () => {
  test('makes a record for each column, which passes its checks and holds the column', () => {
    fc.assert(
      fc.property(
        geometries,
        fc.integer({ min: 1, max: 5000 }),
        fc.uint8Array({ maxLength: 40 }),
        (geometry, slice, manifest) => {
          const data = random.bytes(geometry.dataBytes)
          const columns = plainColumns(geometry, data)
          const { encoded, records } = encode(contentOf(geometry, manifest), data, { sliceBytes: slice })
          assert.deepEqual(
            encoded.records.map(({ column }) => column),
            geometry.columns(),
          )
          for (const [index, { column, recordBytes }] of encoded.records.entries()) {
            const record = records[index] ?? new Uint8Array(0)
            const header = decodeHeader(compute, record, 'store-corrupt')
            verifyRecord(compute, header, record, 'store-corrupt')
            assert.equal(record.length, recordBytes)
            const payload = record.subarray(header.headerBytes, header.headerBytes + header.payloadBytes)
            assert.equal(Buffer.compare(payload, columns[column] ?? new Uint8Array(0)), 0)
            assert.deepEqual(new Uint8Array(header.manifest), manifest)
            const { group: itsGroup, dataId: itsDataId, block, isLastBlock } = header
            assert.deepEqual([itsGroup, itsDataId, block, isLastBlock], [group, dataId, 3, manifest.length > 0])
          }
        },
      ),
      { numRuns: 100 },
    )
  })

  test('gives the plain CRC-32 of the data, joined from those of the chunks', () => {
    fc.assert(
      fc.property(geometries, (geometry) => {
        const data = random.bytes(geometry.dataBytes)
        assert.equal(encode(contentOf(geometry), data).encoded.dataCrc, crc32(data))
      }),
      { numRuns: 100 },
    )
  })

  test('does not depend on the room that the layout had', () => {
    const data = random.bytes(25_000)
    const content = contentOf(new BlockGeometry(defaultScheme, defaultChunkSizeBytes, data.length))
    assert.deepEqual(encode(content, data, { capacityBytes: 3_072_000 }).records, encode(content, data).records)
  })

  test('starts and ends a large record on a 4 KiB boundary, a full one without padding', () => {
    const data = random.bytes(3_072_000)
    const { encoded } = encode(contentOf(new BlockGeometry(defaultScheme, defaultChunkSizeBytes, data.length)), data)
    for (const { header, payload, parts, recordBytes } of encoded.records) {
      assert.equal(header.length, 4096)
      assert.equal(payload.length, 250 * 4096)
      assert.equal(parts.length, 2)
      assert.equal(recordBytes, 251 * 4096)
    }
  })

  test('allows a manifest in the last block only', () => {
    const geometry = new BlockGeometry(defaultScheme, defaultChunkSizeBytes, 10)
    const content = { ...contentOf(geometry), manifest: new Uint8Array(1) }
    assert.throws(() => encodeOneChunkBlock(compute, content, random.bytes(10)), AssertionError)
  })
})

describe('encodeOneChunkBlock', () => {
  test('makes the very records that coding would make, of a chunk in any memory', () => {
    const cases = geometries.map(({ scheme, chunkSizeBytes, dataBytes }) => {
      return new BlockGeometry(scheme, chunkSizeBytes, Math.min(dataBytes, chunkSizeBytes))
    })
    fc.assert(
      fc.property(cases, fc.uint8Array({ maxLength: 40 }), (geometry, manifest) => {
        const chunk = random.bytes(geometry.dataBytes)
        const content = contentOf(geometry, manifest)
        const copied = encodeOneChunkBlock(compute, content, chunk)
        const { encoded, records } = encode(content, chunk)
        assert.deepEqual(wholeRecords(copied), records)
        assert.equal(copied.dataCrc, encoded.dataCrc)
        for (const { payload } of copied.records) assert.equal(payload, chunk)
      }),
    )
  })

  test('makes an empty file a record with a manifest in column 0 and the parities', () => {
    const manifest = random.bytes(100)
    const content = contentOf(new BlockGeometry(defaultScheme, defaultChunkSizeBytes, 0), manifest)
    const encoded = encodeOneChunkBlock(compute, content, new Uint8Array(0))
    assert.equal(encoded.dataCrc, 0)
    assert.deepEqual(
      encoded.records.map(({ column, payload, recordBytes }) => [column, payload.length, recordBytes]),
      [
        [0, 0, 168],
        [3, 0, 168],
        [4, 0, 168],
      ],
    )
    for (const record of wholeRecords(encoded)) {
      const header = decodeHeader(compute, record, 'store-corrupt')
      verifyRecord(compute, header, record, 'store-corrupt')
      assert.deepEqual(new Uint8Array(header.manifest), manifest)
    }
  })

  test('is for one chunk at most', () => {
    const geometry = new BlockGeometry(defaultScheme, defaultChunkSizeBytes, 10_241)
    assert.throws(() => encodeOneChunkBlock(compute, contentOf(geometry), random.bytes(10_241)), AssertionError)
  })
})

describe('BlockLayout', () => {
  test('gathers what it scattered, from and to any place', () => {
    const cases = geometries.chain((geometry) =>
      fc.record({
        geometry: fc.constant(geometry),
        from: fc.nat(geometry.dataBytes),
        end: fc.nat(geometry.dataBytes),
        slice: fc.integer({ min: 1, max: 3000 }),
      }),
    )
    fc.assert(
      fc.property(cases, ({ geometry, from, end, slice }) => {
        const data = random.bytes(geometry.dataBytes)
        const layout = new BlockLayout(geometry.scheme, geometry.chunkSizeBytes, geometry.dataBytes)
        const buffer = new Uint8Array(layout.bufferBytes)
        for (let at = 0; at < data.length; at += slice) layout.scatter(buffer, at, data.subarray(at, at + slice))
        const [first, last] = [Math.min(from, end), Math.max(from, end)]
        const target = new Uint8Array(last - first)
        layout.gather(buffer, first, target)
        assert.equal(Buffer.compare(target, data.subarray(first, last)), 0)
        for (const [column, bytes] of plainColumns(geometry, data).entries()) {
          if (bytes === undefined || column >= geometry.scheme.dataColumns) continue
          assert.equal(Buffer.compare(layout.column(buffer, geometry, column), bytes), 0)
          const stripes = { firstStripe: 0, endStripe: Math.min(1, geometry.stripeCount) }
          const part = layout.part(buffer, geometry, { column, ...stripes })
          assert.equal(Buffer.compare(part, bytes.subarray(0, geometry.chunkLength(0, column))), 0)
        }
      }),
    )
  })

  test('of a full default block takes 5,000 KiB, of one chunk three chunks', () => {
    assert.equal(new BlockLayout(defaultScheme, defaultChunkSizeBytes, 3_072_000).bufferBytes, 5_120_000)
    assert.equal(new BlockLayout(defaultScheme, defaultChunkSizeBytes, 1).bufferBytes, 30_720)
  })

  test('more data than it was made for is a defect of the caller', () => {
    const layout = new BlockLayout(defaultScheme, defaultChunkSizeBytes, 20_000)
    const buffer = new Uint8Array(layout.bufferBytes)
    assert.throws(() => layout.scatter(buffer, 19_999, new Uint8Array(2)), AssertionError)
    assert.throws(() => layout.gather(buffer, 19_999, new Uint8Array(2)), AssertionError)
    assert.throws(() => layout.columnOffset(2), AssertionError)
  })
})
