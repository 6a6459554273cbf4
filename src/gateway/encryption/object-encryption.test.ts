import assert from 'node:assert/strict'
import { test } from 'node:test'

import { FrostError } from '../../base/errors.ts'
import type { Transform } from '../../meta/contract/version-row.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeVault } from '../../node/vault.ts'
import { DecryptingReader } from './decrypting-reader.ts'
import { EncryptingUpload } from './encrypting-upload.ts'
import type { CustomerKey, EncryptionRequest } from './encryption-request.ts'
import { KeyRing } from './key-ring.ts'
import { encryptionKindOf, layoutOf, ObjectEncryption, requestLike } from './object-encryption.ts'
import { MemoryKeys } from './testing/memory-keys.ts'
import { MemoryUpload, readAll, StoredBytes } from './testing/stored-bytes.ts'

const clock = { monotonicMs: () => 0, wallMs: () => 1_000_000 }
const ports = { clock, compute: new NodeCompute(), random: new NodeRandom(), vault: new NodeVault() }
const keys = new KeyRing({ ...ports, metadata: new MemoryKeys() }, new Uint8Array(32).fill(1), {
  region: 'us-east-1',
  account: '000000000000',
})
const encryption = new ObjectEncryption(ports, keys)
const name = { bucket: 'b', key: 'k' }
const copyName = { bucket: 'c', key: 'copy' }
const mine: CustomerKey = { key: new Uint8Array(32).fill(3), md5: 'ofMine' }
const other: CustomerKey = { key: new Uint8Array(32).fill(4), md5: 'ofOther' }
const bytes = ports.random.bytes(1000)

const requests: readonly EncryptionRequest[] = [
  { kind: 'sse-s3' },
  { kind: 'sse-kms', keyId: undefined, context: new Map([['who', 'me']]), bucketKeyEnabled: true },
  { kind: 'sse-c', customerKey: mine },
]

function keyFor(request: EncryptionRequest): CustomerKey | undefined {
  return request.kind === 'sse-c' ? request.customerKey : undefined
}

function refused(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) => error instanceof FrostError && error.code === code && message.test(error.message)
}

async function store(dataKey: Uint8Array, part: number, plain: Uint8Array): Promise<Uint8Array> {
  const stored = new MemoryUpload()
  const upload = new EncryptingUpload(ports, stored, { dataKey, part })
  await upload.write(plain.slice())
  await upload.finish({})
  return stored.bytes()
}

async function read(
  stored: Uint8Array,
  version: { readonly transform: Transform; readonly parts?: readonly { number: number; length: number }[] },
  dataKey: Uint8Array | undefined,
): Promise<Uint8Array> {
  assert.ok(dataKey !== undefined)
  const sizeBytes = version.parts?.reduce((sum, { length }) => sum + length, 0) ?? bytes.length
  const layout = layoutOf({ ...version, sizeBytes, storedSizeBytes: stored.length })
  const reader = new DecryptingReader(ports, new StoredBytes(stored, 100), { dataKey, layout })
  return await readAll(reader.read(0, reader.sizeBytes))
}

test('an object is written and read under each kind of key', async () => {
  for (const request of requests) {
    const { dataKey, transform } = await encryption.begin(name, request, 'whole')
    const stored = await store(dataKey, 0, bytes)
    const found = await encryption.dataKeyOf({ ...name, transform }, keyFor(request))
    assert.deepEqual(found, dataKey)
    assert.deepEqual(await read(stored, { transform }, found), bytes)
    assert.equal(encryptionKindOf(transform), request.kind)
    assert.ok(!Buffer.from(transform.parameters).includes(Buffer.from(dataKey)), 'the data key is not stored open')
    assert.ok(!Buffer.from(transform.parameters).includes(Buffer.from(mine.key)), 'nor the customer’s')
  }
})

test('a copy has the same bytes under any other kind of key, and for its own name', async () => {
  for (const from of requests) {
    const { dataKey, transform } = await encryption.begin(name, from, 'whole')
    const stored = await store(dataKey, 0, bytes)
    const source = { ...name, transform }
    for (const request of requests) {
      const given = { from: source, sourceKey: keyFor(from), to: copyName, request }
      const copied = await encryption.rewrap(given)
      assert.ok(copied !== undefined)
      const found = await encryption.dataKeyOf({ ...copyName, transform: copied }, keyFor(request))
      assert.deepEqual(await read(stored, { transform: copied }, found), bytes)
    }
  }
  const plain = { from: name, sourceKey: undefined, to: copyName, request: { kind: 'sse-s3' } } as const
  assert.equal(await encryption.rewrap(plain), undefined)
})

test('a copy of an object in parts knows its parts by itself', async () => {
  const { dataKey, transform } = await encryption.begin(name, { kind: 'sse-s3' }, 'parts')
  const parts = [1, 2, 7].map((number) => ({ number, length: bytes.length }))
  const stored = Buffer.concat(await Promise.all(parts.map(async ({ number }) => await store(dataKey, number, bytes))))
  const whole = Buffer.concat([bytes, bytes, bytes])
  assert.deepEqual(Buffer.from(await read(stored, { transform, parts }, dataKey)), whole)
  const copied = await encryption.rewrap({
    from: { ...name, transform },
    sourceKey: undefined,
    to: copyName,
    request: { kind: 'sse-s3' },
    parts,
  })
  assert.ok(copied !== undefined)
  const copy = { ...copyName, transform: copied }
  const layout = layoutOf({ transform: copied, sizeBytes: whole.length, storedSizeBytes: stored.length })
  const found = await encryption.dataKeyOf(copy, undefined)
  assert.ok(found !== undefined)
  const reader = new DecryptingReader(ports, new StoredBytes(stored, 100), { dataKey: found, layout })
  assert.deepEqual(Buffer.from(await readAll(reader.read(500, 2000))), whole.subarray(500, 2500))
  // A copy of the copy, which lists no parts.
  const again = await encryption.rewrap({ from: copy, sourceKey: undefined, to: name, request: { kind: 'sse-s3' } })
  assert.deepEqual(layoutOf({ transform: again, sizeBytes: whole.length, storedSizeBytes: stored.length }), layout)
})

test('a wrapped key opens for its own object only, and a stored size that does not fit is damage', async () => {
  for (const request of requests) {
    const { transform } = await encryption.begin(name, request, 'whole')
    await assert.rejects(encryption.dataKeyOf({ ...copyName, transform }, keyFor(request)))
  }
  const { transform } = await encryption.begin(name, { kind: 'sse-s3' }, 'whole')
  assert.throws(() => layoutOf({ transform, sizeBytes: 10, storedSizeBytes: 10 }), FrostError)
})

test('after a rotation old objects open, and are wrapped under the new generation when asked', async () => {
  const { dataKey, transform } = await encryption.begin(name, { kind: 'sse-s3' }, 'whole')
  await keys.rotate('sse-s3')
  assert.deepEqual(await encryption.dataKeyOf({ ...name, transform }, undefined), dataKey)
  const request = requestLike(transform)
  assert.ok(request !== undefined)
  const renewed = await encryption.rewrap({ from: { ...name, transform }, sourceKey: undefined, to: name, request })
  assert.notDeepEqual(renewed, transform)
  assert.deepEqual(await encryption.dataKeyOf({ ...name, transform: renewed }, undefined), dataKey)
})

test('reads with a missing, wrong or needless customer’s key are refused as AWS refuses them', async () => {
  const { transform } = await encryption.begin(name, { kind: 'sse-c', customerKey: mine }, 'whole')
  const version = { ...name, transform }
  await assert.rejects(
    encryption.dataKeyOf(version, undefined),
    refused('customer-key-required', /correct parameters must be/),
  )
  await assert.rejects(encryption.dataKeyOf(version, other), refused('customer-key-wrong', /correct secret key/))
  await assert.rejects(encryption.dataKeyOf(name, mine), refused('customer-key-invalid', /not applicable/))
  const { transform: ofCluster } = await encryption.begin(name, { kind: 'sse-s3' }, 'whole')
  const managed = encryption.dataKeyOf({ ...name, transform: ofCluster }, mine)
  await assert.rejects(managed, refused('customer-key-invalid', /not applicable/))
  assert.equal(await encryption.dataKeyOf(name, undefined), undefined)
})

test('parts must come with the key that their upload began with', async () => {
  const { dataKey, transform } = await encryption.begin(name, { kind: 'sse-c', customerKey: mine }, 'parts')
  const upload = { ...name, transform }
  assert.deepEqual(await encryption.dataKeyOfUpload(upload, mine), dataKey)
  await assert.rejects(
    encryption.dataKeyOfUpload(upload, undefined),
    refused('customer-key-required', /Subsequent part requests/),
  )
  await assert.rejects(encryption.dataKeyOfUpload(upload, other), refused('customer-key-invalid', /did not match/))
  await assert.rejects(
    encryption.dataKeyOfUpload(name, mine),
    refused('customer-key-invalid', /did not request encryption/),
  )
  assert.equal(await encryption.dataKeyOfUpload(name, undefined), undefined)
})

test('answers say how an object is encrypted', async () => {
  const [s3, kms, customers] = await Promise.all(
    requests.map(async (request) => (await encryption.begin(name, request, 'whole')).transform),
  )
  assert.deepEqual(encryption.answerHeaders(undefined, undefined), {})
  assert.deepEqual(encryption.answerHeaders(s3, undefined), { 'x-amz-server-side-encryption': 'AES256' })
  assert.deepEqual(encryption.answerHeaders(kms, undefined), {
    'x-amz-server-side-encryption': 'aws:kms',
    'x-amz-server-side-encryption-aws-kms-key-id': 'arn:aws:kms:us-east-1:000000000000:key/aws-s3',
    'x-amz-server-side-encryption-bucket-key-enabled': 'true',
  })
  assert.deepEqual(encryption.answerHeaders(customers, mine), {
    'x-amz-server-side-encryption-customer-algorithm': 'AES256',
    'x-amz-server-side-encryption-customer-key-md5': 'ofMine',
  })
  assert.equal(requestLike(undefined), undefined)
  assert.equal(requestLike(customers), undefined)
})
