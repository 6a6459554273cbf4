// The stored forms of packed rows. rows.golden.json holds what version 1 writes: it never changes, and can always be read.

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'

import { errorCode } from '../../base/errors.ts'
import { parseDataId, parseEpoch, parseGroupId, parseVersionId, parseWorkerId } from '../../base/ids.ts'
import type { Extent, VersionRow } from '../contract/version-row.ts'
import { decodeBucket, encodeBucket } from './bucket-encoding.ts'
import { decodeChange, encodeChange } from './change-encoding.ts'
import { decodeData, encodeData } from './data-encoding.ts'
import { decodeGroup, encodeGroup } from './group-encoding.ts'
import { decodePlainRow, encodePlainRow } from './plain-rows.ts'
import { decodeExtentList, decodeVersion, encodeExtentList, encodeVersion } from './version-encoding.ts'

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
  changeOfVersion: changeForm(),
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

test('every packed row is written as it always was', () => {
  const written = Object.fromEntries(Object.entries(forms).map(([name, form]) => [name, form.bytes.toHex()]))
  assert.deepEqual(written, golden)
})

test('every stored form is read', () => {
  for (const [name, hex] of Object.entries(golden))
    assert.deepEqual(present(forms[name]).decode(Uint8Array.fromHex(hex)), present(forms[name]).row, name)
})

test('a row that is too short, too long or of an unknown format is store-corrupt', () => {
  const isCorrupt = (error: unknown): boolean => errorCode(error) === 'store-corrupt'
  for (const [name, { bytes, decode }] of Object.entries(forms)) {
    for (let length = 0; length < bytes.length; length++)
      assert.throws(() => decode(bytes.subarray(0, length)), isCorrupt, name)
    assert.throws(() => decode(Uint8Array.of(...bytes, 0)), isCorrupt, name)
    assert.throws(() => decode(Uint8Array.of(2, ...bytes.subarray(1))), isCorrupt, name)
  }
})
