import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { beforeEach, test } from 'node:test'

import { FrostError } from '../../base/errors.ts'
import type { ObjectInfo, ObjectUpload } from '../../master/object-service.ts'
import type { MultipartRow, PartRow } from '../../meta/contract/multipart-metadata.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeVault } from '../../node/vault.ts'
import { MemoryObjects } from '../s3/testing/memory-objects.ts'
import { EncryptedObjects } from './encrypted-objects.ts'
import type { CustomerKey, EncryptionRequest } from './encryption-request.ts'
import { keyOf } from './encryption-request.ts'
import { KeyRing } from './key-ring.ts'
import { encryptionKindOf, ObjectEncryption } from './object-encryption.ts'
import { MemoryKeys } from './testing/memory-keys.ts'
import { readAll } from './testing/stored-bytes.ts'

const clock = { monotonicMs: () => 0, wallMs: () => 1_000_000 }
const ports = { clock, compute: new NodeCompute(), random: new NodeRandom(), vault: new NodeVault() }
const plain = randomBytes(200_000)
const mine: CustomerKey = { key: new Uint8Array(32).fill(3), md5: 'ofMine' }
const other: CustomerKey = { key: new Uint8Array(32).fill(4), md5: 'ofOther' }
const kinds: readonly (EncryptionRequest | undefined)[] = [
  undefined,
  { kind: 'sse-s3' },
  { kind: 'sse-kms', keyId: undefined, context: new Map([['who', 'me']]), bucketKeyEnabled: undefined },
  { kind: 'sse-c', customerKey: mine },
]

let objects: MemoryObjects
let encrypted: EncryptedObjects

beforeEach(async () => {
  objects = new MemoryObjects()
  const names = { region: 'us-east-1', account: '000000000000' }
  const keys = new KeyRing({ ...ports, metadata: new MemoryKeys() }, new Uint8Array(32).fill(1), names)
  encrypted = new EncryptedObjects(objects, new ObjectEncryption(ports, keys), ports)
  await objects.createBucket({ name: 'bucket' })
})

function md5(bytes: Uint8Array): string {
  return createHash('md5').update(bytes).digest('hex')
}

async function write<Result>(upload: ObjectUpload<Result>, bytes: Uint8Array): Promise<Result> {
  for (let at = 0; at < bytes.length; at += 30_000) await upload.write(new Uint8Array(bytes.subarray(at, at + 30_000)))
  return await upload.finish({ etag: md5(bytes) })
}

async function put(key: string, encryption: EncryptionRequest | undefined, bytes = plain): Promise<ObjectInfo> {
  const request = { bucket: 'bucket', key, sizeBytes: bytes.length, userMetadata: { a: '1' } }
  return await write(await encrypted.put(request, encryption), bytes)
}

async function read(key: string, customerKey: CustomerKey | undefined, from = 0, to?: number): Promise<Buffer> {
  const reader = await objects.open({ bucket: 'bucket', key })
  assert.ok(reader !== undefined)
  try {
    const content = await encrypted.content(reader, customerKey)
    const body = content.read(from, (to ?? reader.info.sizeBytes) - from)
    return Buffer.from(await readAll(body))
  } finally {
    reader.close()
  }
}

function isRefused(code: string): (error: unknown) => boolean {
  return (error) => error instanceof FrostError && error.code === code
}

async function putParts(key: string, encryption: EncryptionRequest | undefined): Promise<ObjectInfo> {
  const row = await begin(key, encryption)
  const name = { bucket: 'bucket', key, upload: row.upload }
  const rows: PartRow[] = []
  for (const [index, bytes] of [plain, plain.subarray(0, 70_000), plain.subarray(5)].entries()) {
    const request = { ...name, number: 2 * index + 1, sizeBytes: bytes.length }
    rows.push(await write(await encrypted.putPart(request, row, keyOf(encryption)), bytes))
  }
  return await objects.complete({
    ...name,
    parts: rows.map(({ number, id }) => ({ number, id })),
    sealing: { etag: `${'0'.repeat(32)}-3` },
  })
}

const inParts = Buffer.concat([plain, plain.subarray(0, 70_000), plain.subarray(5)])

async function begin(key: string, encryption: EncryptionRequest | undefined): Promise<MultipartRow> {
  const name = { bucket: 'bucket', key }
  const transform = await encrypted.beginParts(name, encryption)
  return await objects.createMultipart({ ...name, template: transform === undefined ? {} : { transform } })
}

test('every kind of encryption copies to every other, and what is encrypted moves no data', async () => {
  for (const from of kinds) {
    const info = await put('from', from)
    for (const to of kinds) {
      const source = { info, customerKey: keyOf(from) }
      const request = { bucket: 'bucket', key: 'to', source: { bucket: 'bucket', key: 'from' }, own: {} }
      const asked = to?.kind === 'sse-c' ? { ...to, customerKey: other } : to
      const copy = await encrypted.copy(request, source, asked)
      const kind = encryptionKindOf(copy.transform)
      // What nobody asks for is encrypted as its source is, and what a customer's key encrypted under the cluster's.
      assert.equal(kind, to?.kind ?? (from?.kind === 'sse-c' ? 'sse-s3' : from?.kind))
      assert.ok((await read('to', keyOf(asked))).equals(plain), `${from?.kind} to ${to?.kind}`)
      assert.deepEqual(copy.userMetadata, { a: '1' })
      const [stored, before] = [objects.bytesOf('bucket', 'to'), objects.bytesOf('bucket', 'from')]
      assert.equal(Buffer.compare(stored ?? plain, before ?? plain) === 0, from !== undefined || to === undefined)
      if (kind === 'sse-kms' || kind === 'sse-c') assert.notEqual(copy.etag, md5(plain))
      else if (info.etag === md5(plain)) assert.equal(copy.etag, md5(plain))
    }
  }
  assert.deepEqual([objects.readersOpen, objects.uploadsOpen], [0, 0])
})

test('a copy needs the key of its source, and the version that was looked at', async () => {
  const info = await put('from', { kind: 'sse-c', customerKey: mine })
  const request = { bucket: 'bucket', key: 'to', source: { bucket: 'bucket', key: 'from' }, own: {} }
  const copy = async (customerKey: CustomerKey | undefined): Promise<ObjectInfo> =>
    await encrypted.copy(request, { info, customerKey }, undefined)
  await assert.rejects(copy(undefined), isRefused('customer-key-required'))
  await assert.rejects(copy(other), isRefused('customer-key-wrong'))
  const before = await put('plain', undefined)
  const ofPlain = { ...request, source: { bucket: 'bucket', key: 'plain' } }
  await assert.rejects(
    encrypted.copy(ofPlain, { info: before, customerKey: mine }, undefined),
    isRefused('customer-key-invalid'),
  )
  await put('plain', undefined, Buffer.from('new'))
  const late = encrypted.copy(ofPlain, { info: before, customerKey: undefined }, { kind: 'sse-s3' })
  await assert.rejects(late, isRefused('version-not-found'))
  await put('from', undefined)
  await assert.rejects(copy(mine), isRefused('version-not-found'))
  assert.deepEqual([objects.readersOpen, objects.uploadsOpen], [0, 0])
})

test('parts are encrypted each by itself, are read over their borders, and copied without moving', async () => {
  for (const kind of kinds) {
    const info = await putParts('from', kind)
    assert.equal(info.sizeBytes, inParts.length)
    for (const [from, to] of [
      [0, inParts.length],
      [199_990, 200_010],
      [150_000, 280_000],
      [269_999, 270_001],
      [inParts.length - 1, inParts.length],
    ] as const)
      assert.ok((await read('from', keyOf(kind), from, to)).equals(inParts.subarray(from, to)))
    const request = { bucket: 'bucket', key: 'to', source: { bucket: 'bucket', key: 'from' }, own: {} }
    const copy = await encrypted.copy(request, { info, customerKey: keyOf(kind) }, { kind: 'sse-s3' })
    assert.ok((await read('to', undefined)).equals(inParts))
    assert.equal(copy.parts?.length, kind === undefined ? undefined : 3)
    assert.equal(copy.etag.endsWith('-3'), kind !== undefined)
  }
})

test('parts come with the key that their upload began with', async () => {
  const row = await begin('k', { kind: 'sse-c', customerKey: mine })
  const request = { bucket: 'bucket', key: 'k', upload: row.upload, number: 1 }
  await assert.rejects(encrypted.putPart(request, row, undefined), isRefused('customer-key-required'))
  await assert.rejects(encrypted.putPart(request, row, other), isRefused('customer-key-invalid'))
  const part = await write(await encrypted.putPart(request, row, mine), plain)
  assert.match(part.etag ?? '', /^[0-9a-f]{32}$/)
  assert.notEqual(part.etag, md5(plain))
})

test('a part is copied from any kind of source to any kind of upload', async () => {
  for (const from of kinds) {
    await putParts('from', from)
    for (const to of kinds) {
      const row = await begin('to', to)
      const request = { bucket: 'bucket', key: 'to', upload: row.upload, number: 1 }
      const source = await objects.open({ bucket: 'bucket', key: 'from' })
      assert.ok(source !== undefined)
      const digest = ports.compute.createDigest('md5')
      const part = await encrypted.copyPart(request, row, {
        source,
        sourceKey: keyOf(from),
        offset: 199_000,
        length: 80_000,
        customerKey: keyOf(to),
        digests: [digest],
        seal: () => ({ etag: Buffer.from(digest.digest()).toString('hex') }),
      })
      source.close()
      const copied = inParts.subarray(199_000, 279_000)
      const isMd5 = to?.kind === undefined || to.kind === 'sse-s3'
      assert.equal(part.etag === md5(copied), isMd5)
      await objects.complete({ ...request, parts: [{ number: 1, id: part.id }], sealing: {} })
      assert.ok((await read('to', keyOf(to))).equals(copied))
    }
  }
  assert.deepEqual([objects.readersOpen, objects.uploadsOpen], [0, 0])
})
