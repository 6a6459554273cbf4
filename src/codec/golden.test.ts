// Golden files hold the formats: bytes that were stored once must be readable for ever, and today's encoder must still make
// the same ones. A new format version adds files and leaves these; WRITE_GOLDEN=1 writes those that are missing, and no other.

import assert from 'node:assert/strict'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { deflateRawSync, inflateRawSync } from 'node:zlib'

import { SimulatedCompute } from '../../sim/ports/compute.ts'
import { defined } from '../base/assert.ts'
import { makeVersionId } from '../base/ids.ts'
import { SeededRandom } from '../base/random.ts'
import { defaultScheme } from '../base/scheme.ts'
import type { Scheme } from '../base/scheme.ts'
import { MIB } from '../base/units.ts'
import { BlockLayout, encodeBlock } from './block.ts'
import { verifyRecord } from './checks.ts'
import { ErasureCoder } from './erasure-coder.ts'
import { BlockGeometry } from './geometry.ts'
import { decodeManifest, encodeManifest } from './manifest.ts'
import type { Manifest } from './manifest.ts'
import { decodeHeader } from './record.ts'
import { dataId, group, otherDataId } from './testing/blocks.ts'

const folder = join(import.meta.dirname, 'golden')
const compute = new SimulatedCompute()
const coder = new ErasureCoder({ memoryBytes: 4 * MIB })

/** The file of that name; packed, because a large record is mostly zeros. */
function golden(name: string, bytes: Uint8Array): Uint8Array {
  const path = join(folder, `${name}.bin`)
  if (!existsSync(path) && process.env['WRITE_GOLDEN'] === '1') writeFileSync(path, deflateRawSync(bytes, { level: 9 }))
  return new Uint8Array(inflateRawSync(readFileSync(path)))
}

const manifest: Manifest = {
  bucket: 'default',
  key: 'Grüße/ 🧊 frost.txt',
  versionId: makeVersionId(1_790_000_000_000, Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10)),
  extents: [
    {
      group,
      dataId: otherDataId,
      scheme: { dataColumns: 4, parityColumns: 2 },
      chunkSizeBytes: 65_536,
      dataLengthBytes: 17_179_869_184,
      offset: 5,
      length: 17_179_869_179,
    },
    { group, dataId, scheme: defaultScheme, chunkSizeBytes: 64, dataLengthBytes: 300, offset: 0, length: 300 },
  ],
  headSequence: 41,
  sizeBytes: 17_179_869_479,
  storedSizeBytes: 17_179_869_480,
  contentType: 'text/plain; charset=utf-8',
  etag: 'an etag',
  checksums: new Map([['crc32', 'y/Q5Jg==']]),
  userMetadata: new Map([
    ['colour', 'blue'],
    ['empty', ''],
  ]),
  transform: Uint8Array.of(1, 0, 255),
  unknownFields: [{ tag: 4000, type: 200, value: Uint8Array.of(42) }],
}

/** What objects have besides. */
const objectManifest: Manifest = {
  ...manifest,
  checksums: new Map([
    ['crc32c', '01020304'],
    ['composite:sha256', 'ab'.repeat(32)],
  ]),
  seenSequence: 7_000_000,
  crcBefore: 0xdead_beef,
  versioned: true,
  owner: 'an owner',
  headers: new Map([['cache-control', 'no-store']]),
  tags: new Map([['project', 'frost']]),
  lock: new Map([
    ['mode', 'governance'],
    ['retainUntilMs', '2000000000000'],
    ['legalHold', 'true'],
  ]),
  crc32: 0xcafe_f00d,
  extra: new Map([['x', '00ff']]),
  parts: [
    { number: 1, length: 5_368_709_120 },
    { number: 10_000, length: 0 },
  ],
  partOf: { upload: makeVersionId(1_790_000_000_001, new Uint8Array(10)), number: 300 },
  extentsOf: { group, dataId, scheme: defaultScheme, chunkSizeBytes: 64, dataLengthBytes: 0, offset: 0, length: 0 },
}

interface RecordCase {
  readonly name: string
  readonly scheme: Scheme
  readonly chunkSizeBytes: number
  readonly data: Uint8Array
  readonly column: number
  readonly manifest: Uint8Array
}

const bytesOf = (count: number): Uint8Array => new SeededRandom(count).bytes(count)
const none = new Uint8Array(0)

const cases: readonly RecordCase[] = [
  {
    name: 'record-v1-one-chunk',
    scheme: defaultScheme,
    chunkSizeBytes: 10_240,
    data: bytesOf(100),
    column: 4,
    manifest: encodeManifest(manifest),
  },
  {
    name: 'record-v1-short-stripe',
    scheme: defaultScheme,
    chunkSizeBytes: 64,
    data: bytesOf(300),
    column: 1,
    manifest: none,
  },
  {
    name: 'record-v1-parity',
    scheme: { dataColumns: 4, parityColumns: 3 },
    chunkSizeBytes: 64,
    data: bytesOf(500),
    column: 6,
    manifest: none,
  },
  {
    name: 'record-v1-empty',
    scheme: defaultScheme,
    chunkSizeBytes: 10_240,
    data: none,
    column: 0,
    manifest: encodeManifest(manifest),
  },
  {
    name: 'record-v1-pieces',
    scheme: { dataColumns: 1, parityColumns: 1 },
    chunkSizeBytes: 30_000,
    data: new Uint8Array(50_000).fill(3),
    column: 1,
    manifest: none,
  },
  {
    name: 'record-v1-large',
    scheme: { dataColumns: 2, parityColumns: 1 },
    chunkSizeBytes: 10_240,
    data: new Uint8Array(200_000).fill(5),
    column: 0,
    manifest: none,
  },
]

function recordOf({ scheme, chunkSizeBytes, data, column, manifest: encoded }: RecordCase): Uint8Array {
  const geometry = new BlockGeometry(scheme, chunkSizeBytes, data.length)
  const layout = new BlockLayout(scheme, chunkSizeBytes, data.length)
  const buffer = defined(coder.allocate(layout.bufferBytes), 'room for a test')
  layout.scatter(buffer.bytes, 0, data)
  const content = { group, dataId, block: 9, isLastBlock: true, manifest: encoded, geometry }
  const block = encodeBlock(compute, content, { coder, buffer, layout })
  const record = defined(
    block.records.find((candidate) => candidate.column === column),
    'record',
  )
  const bytes = new Uint8Array(Buffer.concat(record.parts))
  buffer.free()
  return bytes
}

describe('golden files', () => {
  for (const recordCase of cases) {
    test(`${recordCase.name} is read, and made again byte by byte`, () => {
      const made = recordOf(recordCase)
      const stored = golden(recordCase.name, made)
      const header = decodeHeader(compute, stored, 'store-corrupt')
      verifyRecord(compute, header, stored, 'store-corrupt')
      assert.equal(header.column, recordCase.column)
      assert.equal(header.dataId, dataId)
      assert.equal(header.block, 9)
      assert.equal(header.geometry.dataBytes, recordCase.data.length)
      if (header.manifestBytes > 0) assert.deepEqual(decodeManifest(header.manifest, 'store-corrupt'), manifest)
      assert.equal(Buffer.compare(stored, made), 0)
    })
  }

  test('manifest-v1 is read, and made again byte by byte', () => {
    const made = encodeManifest(manifest)
    const stored = golden('manifest-v1', made)
    assert.deepEqual(decodeManifest(stored, 'store-corrupt'), manifest)
    assert.deepEqual(stored, new Uint8Array(made))
  })

  test('manifest-v1-object is read, and made again byte by byte', () => {
    const made = encodeManifest(objectManifest)
    const stored = golden('manifest-v1-object', made)
    assert.deepEqual(decodeManifest(stored, 'store-corrupt'), objectManifest)
    assert.deepEqual(stored, new Uint8Array(made))
  })

  test('are all known here', () => {
    const known = [...cases.map(({ name }) => name), 'manifest-v1', 'manifest-v1-object'].map((name) => `${name}.bin`)
    assert.deepEqual(readdirSync(folder).toSorted(), known.toSorted())
  })
})
