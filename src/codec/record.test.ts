import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { AssertionError } from '../base/assert.ts'
import { FrostError, errorCode } from '../base/errors.ts'
import { SeededRandom } from '../base/random.ts'
import { defaultScheme } from '../base/scheme.ts'
import { encodeOneChunkBlock } from './block.ts'
import { verifyRecord } from './checks.ts'
import { crc32Short } from './crc32.ts'
import { BlockGeometry } from './geometry.ts'
import {
  checksOf,
  decodeHeader,
  decodePrefix,
  fragmentName,
  encodeHeaders,
  headerForColumn,
  manifestBytesMax,
  recordBytesMax,
  recordLengths,
  recordPrefixBytes,
} from './record.ts'
import type { DamageCode } from './record.ts'
import { dataId, geometries, group } from './testing/blocks.ts'

const compute = new SimulatedCompute()
const random = new SeededRandom(31)
const codes: readonly DamageCode[] = ['store-corrupt', 'protocol-error']

/** The three records of a file of 100 bytes with a manifest of 21. */
function smallRecords(): readonly Uint8Array<ArrayBuffer>[] {
  const geometry = new BlockGeometry(defaultScheme, 1024, 100)
  const content = { group, dataId, block: 0, isLastBlock: true, manifest: random.bytes(21), geometry }
  const { records } = encodeOneChunkBlock(compute, content, random.bytes(100))
  return records.map((record) => new Uint8Array(Buffer.concat(record.parts)))
}

function smallRecord(): Uint8Array<ArrayBuffer> {
  return smallRecords()[1] ?? new Uint8Array(0)
}

function decodeWhole(record: Uint8Array, code: DamageCode): void {
  verifyRecord(compute, decodeHeader(compute, record, code), record, code)
}

/** Makes the header's checksum right again after a change, so that what lies behind it is tested. */
function sealed(record: Uint8Array<ArrayBuffer>, headerBytes: number): Uint8Array<ArrayBuffer> {
  const crc = crc32Short(record, recordPrefixBytes, headerBytes, crc32Short(record, 0, 60))
  new DataView(record.buffer).setUint32(60, crc, true)
  return record
}

describe('a header', () => {
  test('comes back as it was written, for every column of every block', () => {
    fc.assert(
      fc.property(geometries, fc.nat(0xffff_ffff), fc.uint8Array({ maxLength: 50 }), (geometry, block, manifest) => {
        const isLastBlock = manifest.length > 0 || block % 2 === 0
        const checkTable = random.bytes(4 * geometry.checkCount)
        const content = { group, dataId, block, geometry, isLastBlock, checkTable, manifest }
        const columns = geometry.columns()
        for (const [index, bytes] of encodeHeaders(compute, content, columns).entries()) {
          const column = columns[index] ?? 0
          const header = decodeHeader(compute, bytes, 'store-corrupt')
          assert.deepEqual(header.geometry, geometry)
          assert.deepEqual([header.group, header.dataId, header.block, header.column], [group, dataId, block, column])
          assert.equal(header.isLastBlock, isLastBlock)
          assert.deepEqual(new Uint8Array(header.checkTable), checkTable)
          assert.deepEqual(new Uint8Array(header.manifest), manifest)
          assert.equal(header.payloadBytes, geometry.columnLength(column))
          assert.equal(bytes.length, header.headerBytes)
          const { headerBytes, payloadBytes, paddingBytes, recordBytes } = recordLengths(
            geometry,
            column,
            manifest.length,
          )
          assert.equal(headerBytes + payloadBytes + paddingBytes, recordBytes)
          const alignment = payloadBytes >= 65_536 ? 4096 : 8
          assert.deepEqual([headerBytes % alignment, recordBytes % alignment], [0, 0])
        }
      }),
      { numRuns: 100 },
    )
  })

  test('of another column of the block is made from any other one', () => {
    const [first, second, third] = smallRecords().map((record) => decodeHeader(compute, record, 'store-corrupt'))
    assert.ok(first !== undefined && second !== undefined && third !== undefined)
    const made = headerForColumn(compute, first, third.column)
    assert.equal(decodeHeader(compute, made, 'store-corrupt').headerCrc, third.headerCrc)
    assert.equal(
      decodeHeader(compute, headerForColumn(compute, third, second.column), 'store-corrupt').headerCrc,
      second.headerCrc,
    )
  })

  test('gives the checks of some stripes of any column', () => {
    const geometry = new BlockGeometry(defaultScheme, 1024, 8000)
    const checkTable = Uint8Array.from({ length: 4 * geometry.checkCount }, (_, index) => Math.floor(index / 4))
    const content = { group, dataId, block: 0, geometry, isLastBlock: false, checkTable, manifest: new Uint8Array(0) }
    const [bytes] = encodeHeaders(compute, content, [0])
    const header = decodeHeader(compute, bytes ?? new Uint8Array(0), 'store-corrupt')
    // 8 chunks: columns of 3, 3, 2, 3 and 3.
    assert.deepEqual([...checksOf(header, 1, { firstStripe: 1, endStripe: 3 })], [4, 4, 4, 4, 5, 5, 5, 5])
    assert.deepEqual([...checksOf(header, 2, { firstStripe: 1, endStripe: 3 })], [7, 7, 7, 7])
    assert.deepEqual([...checksOf(header, 4, { firstStripe: 0, endStripe: 1 })], [11, 11, 11, 11])
  })

  test('names its fragment for messages', () => {
    assert.equal(fragmentName({ group, dataId, block: 4, column: 2 }), `fragment 7/${dataId}/4/2`)
  })

  test('that its parts contradict is a defect of the caller', () => {
    const geometry = new BlockGeometry(defaultScheme, 1024, 100)
    const content = {
      group,
      dataId,
      block: 0,
      geometry,
      isLastBlock: true,
      checkTable: new Uint8Array(12),
      manifest: new Uint8Array(0),
    }
    assert.equal(encodeHeaders(compute, content, [0]).length, 1)
    assert.throws(() => encodeHeaders(compute, content, [1]), AssertionError)
    assert.throws(() => encodeHeaders(compute, { ...content, checkTable: new Uint8Array(16) }, [0]), AssertionError)
    const manifest = new Uint8Array(manifestBytesMax + 1)
    assert.throws(() => encodeHeaders(compute, { ...content, manifest }, [0]), AssertionError)
  })
})

describe('damage', () => {
  test('of any one bit of a record is found', () => {
    const record = smallRecord()
    decodeWhole(record, 'store-corrupt')
    for (let bit = 0; bit < 8 * record.length; bit++) {
      const byte = Math.floor(bit / 8)
      record[byte] = (record[byte] ?? 0) ^ (1 << (bit % 8))
      assert.throws(() => decodeWhole(record, 'protocol-error'), { code: 'protocol-error' }, `bit ${bit}`)
      record[byte] = (record[byte] ?? 0) ^ (1 << (bit % 8))
    }
    decodeWhole(record, 'store-corrupt')
  })

  test('of any length is found: cut off or prolonged', () => {
    const record = smallRecord()
    for (let length = 0; length < record.length; length++) {
      assert.throws(() => decodeWhole(record.subarray(0, length), 'store-corrupt'), { code: 'store-corrupt' })
    }
    const longer = new Uint8Array(record.length + 8)
    longer.set(record)
    assert.throws(() => decodeWhole(longer, 'store-corrupt'), { code: 'store-corrupt' })
  })

  test('by swapping payloads of two columns is found, though both are intact', () => {
    const geometry = new BlockGeometry(defaultScheme, 1024, 100)
    const content = { group, dataId, block: 0, isLastBlock: false, manifest: new Uint8Array(0), geometry }
    const [left, right] = [random.bytes(100), random.bytes(100)].map((chunk) => {
      const [record] = encodeOneChunkBlock(compute, content, chunk).records
      return new Uint8Array(Buffer.concat(record?.parts ?? []))
    })
    assert.ok(left !== undefined && right !== undefined)
    const { headerBytes } = decodeHeader(compute, left, 'store-corrupt')
    left.set(right.subarray(headerBytes), headerBytes)
    assert.throws(() => decodeWhole(left, 'store-corrupt'), { code: 'store-corrupt' })
  })

  test('of any kind is a typed error, never a crash and never an unbounded length', () => {
    const foreign = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // Looks like a record, then anything.
      fc.uint8Array({ minLength: 64, maxLength: 300 }).map((bytes) => {
        bytes.set(smallRecord().subarray(0, 12))
        return bytes
      }),
      // A record with some bytes overwritten and its checksum made right.
      fc.array(fc.tuple(fc.nat(63), fc.nat(255)), { minLength: 1, maxLength: 4 }).map((changes) => {
        const record = smallRecord()
        for (const [at, byte] of changes) record[at] = byte
        return sealed(record, 104)
      }),
    )
    fc.assert(
      fc.property(foreign, fc.constantFrom(...codes), (bytes, code) => {
        try {
          const prefix = decodePrefix(bytes, code)
          assert.ok(prefix.recordBytes <= recordBytesMax && prefix.headerBytes <= prefix.recordBytes)
          decodeWhole(bytes, code)
        } catch (error) {
          if (!(error instanceof FrostError)) throw error
          assert.equal(errorCode(error), code)
        }
      }),
      { numRuns: 3000 },
    )
  })

  test('behind a right checksum is found field by field', () => {
    const cases: readonly (readonly [string, (view: DataView) => void])[] = [
      ['magic', (view) => view.setUint32(0, 0x3252_4246, true)],
      ['version', (view) => view.setUint16(4, 2, true)],
      ['no data columns', (view) => view.setUint8(6, 0)],
      ['no parity columns', (view) => view.setUint8(7, 0)],
      ['17 columns', (view) => view.setUint16(6, 0x0e03, true)],
      ['chunk size too small', (view) => view.setUint32(8, 63, true)],
      ['chunk size too large', (view) => view.setUint32(8, 1_048_577, true)],
      ['group 0', (view) => view.setUint32(12, 0, true)],
      ['a column without a record', (view) => view.setUint8(36, 1)],
      ['a column past the scheme', (view) => view.setUint8(36, 5)],
      ['an unknown flag', (view) => view.setUint8(37, 3)],
      ['a manifest in a block that is not the last', (view) => view.setUint8(37, 0)],
      ['reserved bytes', (view) => view.setUint16(38, 1, true)],
      ['more data than a block holds', (view) => view.setUint32(40, 307_201, true)],
      ['another data length', (view) => view.setUint32(40, 101, true)],
      ['another header length', (view) => view.setUint32(44, 112, true)],
      ['another payload length', (view) => view.setUint32(48, 101, true)],
      ['another manifest length', (view) => view.setUint32(52, 600, true)],
      ['a manifest past its limit', (view) => view.setUint32(52, 0xffff_ffff, true)],
      ['another number of checks', (view) => view.setUint32(56, 4, true)],
    ]
    for (const [name, change] of cases) {
      const record = smallRecord()
      const { headerBytes } = decodePrefix(record, 'store-corrupt')
      change(new DataView(record.buffer))
      assert.throws(() => decodeWhole(sealed(record, headerBytes), 'store-corrupt'), { code: 'store-corrupt' }, name)
    }
  })
})

test('the longest record there can be fits its limit', () => {
  let longest = 0
  for (const chunkSizeBytes of [64, 10_240, 10_241, 10_300, 20_481, 102_400, 512_000, 512_001, 1_048_576]) {
    const scheme = { dataColumns: 15, parityColumns: 1 }
    const geometry = new BlockGeometry(scheme, chunkSizeBytes, 0)
    const stripes = Math.max(1, Math.min(100, Math.floor(1_024_000 / chunkSizeBytes)))
    const full = new BlockGeometry(scheme, chunkSizeBytes, 15 * stripes * chunkSizeBytes)
    assert.equal(geometry.stripeCount, 0)
    longest = Math.max(longest, recordLengths(full, 0, manifestBytesMax).recordBytes)
  }
  assert.ok(longest <= recordBytesMax, `${longest}`)
})
