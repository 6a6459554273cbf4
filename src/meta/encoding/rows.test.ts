// The stored forms of packed rows. rows.golden.json holds what version 1 writes: it never changes, and can always be read.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { errorCode } from '../../base/errors.ts'
import { parseDataId, parseEpoch, parseGroupId, parseVersionId, parseWorkerId } from '../../base/ids.ts'
import type { PartRow } from '../contract/multipart-metadata.ts'
import type { Extent, VersionRow } from '../contract/version-row.ts'
import { decodeAnswer, encodeAnswer } from './answer-encoding.ts'
import { decodeBucket, encodeBucket } from './bucket-encoding.ts'
import { decodeChange, encodeChange } from './change-encoding.ts'
import { decodeData, encodeData } from './data-encoding.ts'
import { decodeExtentList, encodeExtentList } from './extent-encoding.ts'
import { decodeGroup, encodeGroup } from './group-encoding.ts'
import { decodeKeptReference, encodeKeptReference } from './kept-reference.ts'
import { partKey } from './keys.ts'
import { decodeMultipart, decodePart, encodeMultipart, encodePart } from './multipart-encoding.ts'
import type { StoredMultipart } from './multipart-encoding.ts'
import { decodePlainRow, encodePlainRow } from './plain-rows.ts'
import { encodePlain } from './plain-value.ts'
import { decodeSetting, encodeSetting } from './setting-encoding.ts'
import { decodeVersion, encodeVersion } from './version-encoding.ts'

function present<T>(value: T | undefined): T {
  assert.ok(value !== undefined)
  return value
}

const version = present(parseVersionId('01hf7yat00abcdefghjkmnpqrs'))
const dataId = present(parseDataId('018bcfe5680000112233445566778899'))
const group = present(parseGroupId(4_000_000_000))
const worker = present(parseWorkerId('00112233aabbccdd'))
const epoch = (value: number): ReturnType<typeof present<NonNullable<ReturnType<typeof parseEpoch>>>> =>
  present(parseEpoch(value))
const scheme = { dataColumns: 3, parityColumns: 2 }
const extent: Extent = {
  group,
  dataId,
  scheme,
  chunkSizeBytes: 10_240,
  dataLengthBytes: 2 ** 34,
  offset: 2 ** 33,
  length: 300,
}
const plain: VersionRow = {
  version,
  sequence: 7,
  modifiedMs: 1_700_000_000_000,
  sizeBytes: 300,
  crc32: 0xfedc_ba98,
  extents: [extent],
}
const full: VersionRow = {
  ...plain,
  contentType: 'text/plain',
  etag: 'tag',
  storedSizeBytes: 299,
  owner: 'ö',
  tags: { a: 'b' },
  extra: { x: Uint8Array.of(1, 2) },
}
const ofS3: VersionRow = {
  ...plain,
  versioned: true,
  checksums: [
    { algorithm: 'crc64nvme', value: new Uint8Array(8) },
    { algorithm: 'of-later', value: Uint8Array.of(9), composite: true },
  ],
  headers: { 'x-amz-storage-class': 'STANDARD_IA' },
}
const parts = [
  { number: 1, length: 200, etag: '00112233445566778899aabbccddeeff' },
  {
    number: 10_000,
    length: 100,
    etag: 'tag',
    checksums: [{ algorithm: 'crc32', value: new Uint8Array(4) }],
  },
]
const part: PartRow = {
  number: 7,
  id: version,
  modifiedMs: 5,
  sizeBytes: 300,
  storedSizeBytes: 299,
  extents: [extent],
  crc32: 1,
  etag: 'tag',
  checksums: [{ algorithm: 'sha1', value: new Uint8Array(20) }],
}
const upload: StoredMultipart = {
  bucket: 'b',
  key: 'ä',
  upload: version,
  createdMs: 5,
  template: { contentType: 'a/b', tags: { a: 'b' } },
  completed: { version, atMs: 6 },
}
const committed = {
  scheme,
  chunkSizeBytes: 10_240,
  lengthBytes: 5,
  version,
  sequence: 7,
  modifiedMs: 1_700_000_000_000,
}

interface Form {
  readonly row: unknown
  readonly bytes: Uint8Array
  readonly decode: (bytes: Uint8Array) => unknown
}

const forms: Readonly<Record<string, Form>> = {
  version: { row: plain, bytes: encodeVersion(plain), decode: decodeVersion },
  versionFull: { row: full, bytes: encodeVersion(full), decode: decodeVersion },
  versionWithList: {
    row: { ...plain, extentList: version, extents: [] },
    bytes: encodeVersion({ ...plain, extentList: version }),
    decode: decodeVersion,
  },
  versionOfS3: {
    row: ofS3,
    bytes: encodeVersion(ofS3),
    decode: decodeVersion,
  },
  extentListWithParts: {
    row: { references: 1, extents: [extent], parts },
    bytes: encodeExtentList({ references: 1, extents: [extent], parts }),
    decode: decodeExtentList,
  },
  extentList: {
    row: { references: 2, extents: [extent, extent] },
    bytes: encodeExtentList({ references: 2, extents: [extent, extent] }),
    decode: decodeExtentList,
  },
  dataLive: {
    row: { state: 'live', purge: 0, references: 3, ...committed },
    bytes: encodeData({ state: 'live', purge: 0, references: 3, ...committed }),
    decode: decodeData,
  },
  dataVersioned: {
    row: { state: 'live', purge: 0, references: 3, ...committed, versioned: true },
    bytes: encodeData({ state: 'live', purge: 0, references: 3, ...committed, versioned: true }),
    decode: decodeData,
  },
  dataGone: {
    row: { state: 'gone', purge: 99, references: 0, ...committed },
    bytes: encodeData({ state: 'gone', purge: 99, references: 0, ...committed }),
    decode: decodeData,
  },
  dataDiscarded: {
    row: { state: 'discarded', purge: 300 },
    bytes: encodeData({ state: 'discarded', purge: 300 }),
    decode: decodeData,
  },
  group: groupForm(),
  bucket: {
    row: { createdMs: 5, hadMarkers: true },
    bytes: encodeBucket({ createdMs: 5, hadMarkers: true }),
    decode: decodeBucket,
  },
  bucketOfS3: {
    row: { createdMs: 5, hadMarkers: false, versioning: 'enabled', objectLock: true, owner: 'ö', quotaBytes: 300 },
    bytes: encodeBucket({
      createdMs: 5,
      hadMarkers: false,
      versioning: 'enabled',
      objectLock: true,
      owner: 'ö',
      quotaBytes: 300,
    }),
    decode: decodeBucket,
  },
  setting: { row: Uint8Array.of(1, 2), bytes: encodeSetting(Uint8Array.of(1, 2)), decode: decodeSetting },
  part: {
    row: part,
    bytes: encodePart(part),
    decode: (bytes) => decodePart(partKey(version, 7), bytes),
  },
  multipart: {
    row: upload,
    bytes: encodeMultipart(upload),
    decode: decodeMultipart,
  },
  keptReference: {
    row: { bucket: 'b', key: 'ä', sequence: 300 },
    bytes: encodeKeptReference('b', 'ä', 300),
    decode: decodeKeptReference,
  },
  answer: {
    row: { removed: plain, changed: full },
    bytes: encodeAnswer({ removed: plain, changed: full }),
    decode: decodeAnswer,
  },
  changeOfVersion: changeForm(),
  changeWithCause: causeForm(),
  changeOfGroup: { row: { kind: 'group', group }, bytes: encodeChange({ kind: 'group', group }), decode: decodeChange },
  plainRow: {
    row: { a: 1, b: 'ß' },
    bytes: encodePlainRow({ a: 1, b: 'ß' }),
    decode: (bytes) => decodePlainRow<{ a: number; b: string }>(bytes, { a: 'number', b: 'string' }),
  },
}

function groupForm(): Form {
  const slots = [
    { worker, holderSinceEpoch: epoch(1) },
    { worker, pendingWorker: worker, holderSinceEpoch: epoch(300) },
  ]
  const row = {
    group,
    epoch: epoch(301),
    scheme,
    slots,
    state: 'closed' as const,
    bytesPerSlot: 2 ** 35,
    mapVersion: 12,
  }
  return { row, bytes: encodeGroup(row), decode: (bytes) => decodeGroup(group, bytes) }
}

function changeForm(): Form {
  const row = { kind: 'version' as const, bucket: 'default', key: 'a/ä', version, replaced: version }
  return { row, bytes: encodeChange(row), decode: decodeChange }
}

const golden = JSON.parse(readFileSync(new URL('rows.golden.json', import.meta.url), 'utf8')) as Record<string, string>

function causeForm(): Form {
  const notices = [{ target: 'w', configuration: 'c', marker: true as const }]
  const cause = { event: 's3:ObjectCreated:Put', atMs: 5, requestId: 'r', address: '::1', notices }
  const row = { kind: 'version' as const, bucket: 'default', key: 'a', version, cause }
  return { row, bytes: encodeChange(row), decode: decodeChange }
}

/** Forms in which any length, or any first byte, is one. */
const free: ReadonlySet<string> = new Set(['setting', 'keptReference'])

test('every packed row is written as it always was', () => {
  const written = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, form.bytes.toHex()]))
  assert.deepEqual(written, golden)
})

test('every stored form is read', () => {
  for (const [name, hex] of Object.entries(golden))
    assert.deepEqual(present(forms[name]).decode(Uint8Array.fromHex(hex)), present(forms[name]).row, name)
})

test('what older versions stored under the id of a delete is its answer', () => {
  assert.deepEqual(decodeAnswer(encodeVersion(plain)), { removed: plain })
})

test('checksums that older versions stored among the other fields are read', () => {
  const [first] = ofS3.checksums ?? []
  const others = encodePlain({ checksums: [first] })
  const bytes = Uint8Array.of(1, 32, ...encodeVersion({ ...plain, extentList: version }).subarray(2, -26))
  const row = Uint8Array.of(...bytes, others.length, ...others, 0)
  assert.deepEqual(decodeVersion(row), { ...plain, checksums: [first], extents: [] })
})

test('a row that is too short, too long or of an unknown format is store-corrupt', () => {
  const isCorrupt = (error: unknown): boolean => errorCode(error) === 'store-corrupt'
  for (const [name, { bytes, decode }] of Object.entries(forms)) {
    if (free.has(name)) continue
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => decode(bytes.subarray(0, length)), isCorrupt, name)
    assert.throws(() => decode(Uint8Array.of(...bytes, 0)), isCorrupt, name)
    assert.throws(() => decode(Uint8Array.of(9, ...bytes.subarray(1))), isCorrupt, name)
  }
})
