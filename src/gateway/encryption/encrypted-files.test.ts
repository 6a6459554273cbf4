import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { beforeEach, test } from 'node:test'

import { FrostError } from '../../base/errors.ts'
import type { ObjectLock } from '../../meta/contract/version-row.ts'
import { NodeCompute } from '../../node/compute.ts'
import { NodeRandom } from '../../node/random.ts'
import { NodeVault } from '../../node/vault.ts'
import { MemoryObjects } from '../s3/testing/memory-objects.ts'
import { EncryptedFiles } from './encrypted-files.ts'
import { EncryptedObjects } from './encrypted-objects.ts'
import type { DefaultEncryption, EncryptionRequest } from './encryption-request.ts'
import { KeyRing } from './key-ring.ts'
import { ObjectEncryption } from './object-encryption.ts'
import { MemoryKeys } from './testing/memory-keys.ts'
import { readAll } from './testing/stored-bytes.ts'

const clock = { monotonicMs: () => 0, wallMs: () => 1_000_000 }
const ports = { clock, compute: new NodeCompute(), random: new NodeRandom(), vault: new NodeVault() }
const plain = randomBytes(100_000)
const name = { bucket: 'default', key: 'file' }

let objects: MemoryObjects
let encrypted: EncryptedObjects
let files: EncryptedFiles
let byDefault: DefaultEncryption | undefined
let lock: ObjectLock | undefined
/** Calls that went to the files below. */
let passed: string[]

beforeEach(async () => {
  byDefault = undefined
  lock = undefined
  passed = []
  objects = new MemoryObjects()
  const keys = new KeyRing({ ...ports, metadata: new MemoryKeys() }, new Uint8Array(32).fill(1), {
    region: 'us-east-1',
    account: '000000000000',
  })
  encrypted = new EncryptedObjects(objects, new ObjectEncryption(ports, keys), ports)
  const below = {
    put: async () => {
      passed.push('put')
      const upload = await objects.put(name)
      return {
        write: (slice: Uint8Array) => upload.write(slice),
        finish: async () => await upload.finish({}),
        abort: (reason: unknown) => upload.abort(reason),
      }
    },
    open: async () => {
      passed.push('open')
      return await Promise.resolve(undefined)
    },
  }
  files = new EncryptedFiles({
    files: below,
    objects,
    encrypted,
    defaultOf: async () => await Promise.resolve(byDefault),
    lockOf,
  })
  await objects.createBucket({ name: 'default' })
})

const lockOf = async (): Promise<ObjectLock | undefined> => await Promise.resolve(lock)

async function store(encryption: EncryptionRequest | undefined): Promise<void> {
  const upload = await encrypted.put(name, encryption)
  await upload.write(new Uint8Array(plain))
  await upload.finish({})
}

test('what S3 stored under keys of the cluster is read in the clear, by ranges too', async () => {
  const kms = { kind: 'sse-kms', keyId: undefined, context: new Map(), bucketKeyEnabled: undefined } as const
  for (const encryption of [undefined, { kind: 'sse-s3' } as const, kms]) {
    await store(encryption)
    const reader = await files.open(name)
    assert.ok(reader !== undefined)
    assert.equal(reader.info.sizeBytes, plain.length)
    assert.ok(plain.equals(await readAll(reader.read(0, plain.length))))
    assert.ok(plain.subarray(65_530, 65_550).equals(await readAll(reader.read(65_530, 20))))
    reader.close()
  }
  assert.equal(objects.readersOpen, 0)
})

test('what a key of its customer encrypted is refused with a remedy', async () => {
  await store({ kind: 'sse-c', customerKey: { key: new Uint8Array(32), md5: '' } })
  await assert.rejects(files.open(name), (error) => {
    assert.ok(error instanceof FrostError)
    assert.equal(error.code, 'customer-key-required')
    assert.match(error.remedy ?? '', /S3/)
    return true
  })
  assert.equal(objects.readersOpen, 0)
})

test('what is not there, or hidden, is told by the files below', async () => {
  assert.equal(await files.open(name), undefined)
  await objects.changeBucket({ bucket: 'default', versioning: 'enabled' })
  await store(undefined)
  await objects.remove(name)
  assert.equal(await files.open(name), undefined)
  assert.deepEqual(passed, ['open'])
  assert.equal(objects.readersOpen, 0)
})

test('uploads into a bucket that is not there are told by the files below', async () => {
  const defaultOf = async (): Promise<never> => {
    await Promise.resolve()
    throw new FrostError('bucket-not-found', 'There is none.')
  }
  const refusing = {
    put: async () => await Promise.reject(new FrostError('read-only', 'Lost.')),
    open: async () => await files.open(name),
  }
  const over = new EncryptedFiles({ files: refusing, objects, encrypted, defaultOf, lockOf })
  await assert.rejects(over.put(name), (error) => error instanceof FrostError && error.code === 'read-only')
})

test('uploads are encrypted as the default of their bucket says', async () => {
  const upload = async (): Promise<Buffer> => {
    const opened = await files.put({ ...name, sizeBytes: plain.length })
    await opened.write(new Uint8Array(plain))
    const info = await opened.finish()
    assert.equal(info.sizeBytes, plain.length)
    assert.doesNotMatch(info.etag, /^[0-9a-f]{32}$/)
    return Buffer.from(objects.bytesOf(name.bucket, name.key) ?? [])
  }
  assert.ok((await upload()).equals(plain))
  assert.deepEqual(passed, ['put'])
  for (const algorithm of ['AES256', 'aws:kms'] as const) {
    byDefault = { algorithm }
    assert.equal((await upload()).includes(plain.subarray(100, 120)), false)
    const reader = await files.open(name)
    assert.ok(reader !== undefined)
    assert.ok(plain.equals(await readAll(reader.read(0, plain.length))))
    reader.close()
  }
  byDefault = { algorithm: 'aws:kms', kmsKeyId: 'none' }
  await assert.rejects(
    files.put(name),
    (error) => error instanceof FrostError && error.code === 'encryption-key-not-found',
  )
  const opened = await new EncryptedFiles({
    files,
    objects,
    encrypted,
    defaultOf: async () => await Promise.resolve({ algorithm: 'AES256' as const }),
    lockOf,
  }).put(name)
  opened.abort(new Error('given up'))
  assert.equal(objects.uploadsOpen, 0)
})

test('uploads are retained as the default of their bucket says, encrypted or not', async () => {
  await objects.createBucket({ name: 'locked', versioning: 'enabled', objectLock: true })
  lock = { mode: 'compliance', retainUntilMs: 2_000_000 }
  for (const algorithm of [undefined, 'AES256'] as const) {
    byDefault = algorithm === undefined ? undefined : { algorithm }
    const upload = await files.put({ bucket: 'locked', key: 'file' })
    await upload.write(new Uint8Array(plain))
    const { etag } = await upload.finish()
    assert.doesNotMatch(etag, /^[0-9a-f]{32}$/)
    assert.deepEqual((await objects.find({ bucket: 'locked', key: 'file' }))?.lock, lock)
  }
  assert.deepEqual(passed, [])
})
