import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { NodeCompute } from '../../../node/compute.ts'
import { withDefault } from '../../encryption/encryption-request.ts'
import type { EncryptionRequest } from '../../encryption/encryption-request.ts'
import { contextBytes, objectContext } from '../../encryption/object-context.ts'
import { S3Error } from '../s3-error.ts'
import { parseEncryptionContext } from './encryption-context.ts'
import {
  parseCustomerKey,
  parseEncryption,
  parseSourceCustomerKey,
  refuseEncryptionOfRead,
} from './encryption-headers.ts'
import type { HeaderOf } from './encryption-headers.ts'

const compute = new NodeCompute()
const transport = { compute, isPrivate: true }
const sse = 'x-amz-server-side-encryption'
const key = Buffer.alloc(32, 7)
const ofKey = {
  'algorithm': 'AES256',
  'key': key.toString('base64'),
  'key-md5': createHash('md5').update(key).digest('base64'),
}

function headers(values: Readonly<Record<string, string | undefined>>): HeaderOf {
  return (name) => values[name]
}

function customer(values: Readonly<Record<string, string | undefined>> = {}, start = sse): HeaderOf {
  const all: Record<string, string | undefined> = { ...ofKey, ...values }
  return headers(Object.fromEntries(Object.entries(all).map(([name, value]) => [`${start}-customer-${name}`, value])))
}

function refusal(code: string, message: RegExp): (error: unknown) => boolean {
  return (error) =>
    error instanceof S3Error && error.code === code && error.status === 400 && message.test(error.message)
}

test('nothing asked for is nothing', () => {
  assert.equal(parseEncryption(headers({}), transport), undefined)
  assert.equal(parseCustomerKey(headers({}), transport), undefined)
  assert.equal(parseSourceCustomerKey(customer(), transport), undefined)
})

test('SSE-S3, SSE-KMS and SSE-C are read from their headers', () => {
  assert.deepEqual(parseEncryption(headers({ [sse]: 'AES256' }), transport), { kind: 'sse-s3' })
  assert.deepEqual(parseEncryption(headers({ [sse]: 'aws:kms' }), transport), {
    kind: 'sse-kms',
    keyId: undefined,
    context: new Map(),
    bucketKeyEnabled: undefined,
  })
  const all = {
    [sse]: 'aws:kms',
    [`${sse}-aws-kms-key-id`]: 'alias/a',
    [`${sse}-context`]: btoa('{"department":"10103.0"}'),
    [`${sse}-bucket-key-enabled`]: 'true',
  }
  assert.deepEqual(parseEncryption(headers(all), transport), {
    kind: 'sse-kms',
    keyId: 'alias/a',
    context: new Map([['department', '10103.0']]),
    bucketKeyEnabled: true,
  })
  const asked = parseEncryption(customer(), transport)
  assert.deepEqual(asked, { kind: 'sse-c', customerKey: { key: new Uint8Array(key), md5: ofKey['key-md5'] } })
  const source = customer({}, 'x-amz-copy-source-server-side-encryption')
  assert.deepEqual(parseSourceCustomerKey(source, transport)?.key, new Uint8Array(key))
})

test('a customer’s key is refused as AWS refuses it, in its order', () => {
  const cases: readonly [Readonly<Record<string, string | undefined>>, string, RegExp][] = [
    [{ algorithm: undefined }, 'InvalidArgument', /must provide a valid encryption algorithm/],
    [{ key: undefined, algorithm: '' }, 'InvalidArgument', /must provide an appropriate secret key/],
    [{ 'key-md5': undefined }, 'InvalidArgument', /client calculated MD5/],
    [{ 'key': '', 'algorithm': '', 'key-md5': '' }, 'InvalidArgument', /too short/],
    [{ key: Buffer.alloc(33).toString('base64') }, 'InvalidArgument', /too long/],
    [{ key: '*' }, 'InvalidArgument', /base64/],
    [{ algorithm: '' }, 'InvalidEncryptionAlgorithmError', /not valid/],
    [{ algorithm: 'aes256' }, 'InvalidEncryptionAlgorithmError', /AES256/],
    [{ 'key-md5': '' }, 'InvalidArgument', /MD5 hash of the key did not match/],
    [{ 'key-md5': Buffer.alloc(16).toString('base64') }, 'InvalidArgument', /MD5 hash of the key did not match/],
  ]
  for (const [values, code, message] of cases) {
    assert.throws(() => parseCustomerKey(customer(values), transport), refusal(code, message), JSON.stringify(values))
  }
})

test('a customer’s key is taken only where nobody on the way can read it, and is never repeated in an error', () => {
  const open = { compute, isPrivate: false }
  assert.throws(() => parseCustomerKey(customer(), open), refusal('InvalidRequest', /secure connection/))
  for (const values of [{ 'key-md5': 'x' }, { algorithm: 'x' }, { key: `${ofKey.key}=` }]) {
    assert.throws(
      () => parseCustomerKey(customer(values), transport),
      (error) => error instanceof S3Error && !JSON.stringify([error.fields, error.message]).includes(ofKey.key),
    )
  }
})

test('ways of encryption that do not go together are refused', () => {
  const both: HeaderOf = (name) => (name === sse ? 'AES256' : customer()(name))
  assert.throws(() => parseEncryption(both, transport), refusal('InvalidArgument', /incompatible/))
  const ids = { [`${sse}-aws-kms-key-id`]: 'k' }
  assert.throws(() => parseEncryption(headers(ids), transport), refusal('InvalidArgument', /requires HTTP header/))
  assert.throws(
    () => parseEncryption(headers({ ...ids, [sse]: 'AES256' }), transport),
    refusal('InvalidArgument', /requires HTTP header/),
  )
  assert.throws(
    () => parseEncryption(headers({ [sse]: 'AES128' }), transport),
    refusal('InvalidArgument', /not supported/),
  )
  assert.throws(() => parseEncryption(headers({ [sse]: '' }), transport), refusal('InvalidArgument', /not supported/))
  assert.throws(
    () => parseEncryption(headers({ [sse]: 'aws:kms:dsse' }), transport),
    (error) => error instanceof S3Error && error.code === 'NotImplemented',
  )
  const flag = { [sse]: 'aws:kms', [`${sse}-bucket-key-enabled`]: 'yes' }
  assert.throws(() => parseEncryption(headers(flag), transport), refusal('InvalidArgument', /true or false/))
  assert.throws(() => refuseEncryptionOfRead(headers({ [sse]: 'AES256' })), refusal('InvalidArgument', /not supported/))
  refuseEncryptionOfRead(customer())
})

test('a bucket’s default holds where the request says nothing, and lends its key to one that names none', () => {
  const kms = { algorithm: 'aws:kms', kmsKeyId: 'k', bucketKeyEnabled: true } as const
  const asked: EncryptionRequest = {
    kind: 'sse-kms',
    keyId: undefined,
    context: new Map(),
    bucketKeyEnabled: undefined,
  }
  assert.equal(withDefault(undefined, undefined), undefined)
  assert.deepEqual(withDefault(undefined, { algorithm: 'AES256' }), { kind: 'sse-s3' })
  assert.deepEqual(withDefault(undefined, kms), { ...asked, keyId: 'k', bucketKeyEnabled: true })
  assert.deepEqual(withDefault(asked, kms), { ...asked, keyId: 'k', bucketKeyEnabled: true })
  assert.deepEqual(withDefault({ ...asked, keyId: 'other' }, kms), { ...asked, keyId: 'other', bucketKeyEnabled: true })
  assert.deepEqual(withDefault({ kind: 'sse-s3' }, kms), { kind: 'sse-s3' })
  assert.deepEqual(withDefault(asked, { algorithm: 'AES256' }), asked)
})

test('an encryption context is a JSON object of texts, and nothing else', () => {
  for (const wrong of ['[]', '1', 'null', '{"a":1}', '{"aws:x":"y"}', '{', '']) {
    assert.throws(() => parseEncryptionContext(btoa(wrong)), refusal('InvalidArgument', /context/), wrong)
  }
  assert.throws(() => parseEncryptionContext(btoa('{"a":"\\ud800"}')), refusal('InvalidArgument', /Unicode/))
  const many = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [String(index), '']))
  assert.throws(() => parseEncryptionContext(btoa(JSON.stringify(many))), refusal('InvalidArgument', /at most 500/))
  assert.throws(() => parseEncryptionContext('*'), refusal('InvalidArgument', /base64/))
  assert.throws(() => parseEncryptionContext(btoa(`{"a":"${'x'.repeat(9000)}"}`)), refusal('InvalidArgument', /8 KiB/))
  assert.deepEqual(parseEncryptionContext(btoa('{"__proto__":"x"}')), new Map([['__proto__', 'x']]))
})

test('what a key is bound to differs for every other context, in whatever order it was given', () => {
  const pairs = fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.string({ maxLength: 3 })), { maxLength: 3 })
  fc.assert(
    fc.property(pairs, pairs, (left, right) => {
      const [one, two] = [new Map(left), new Map(right)]
      assert.deepEqual(contextBytes(one), contextBytes(new Map([...one].toReversed())))
      const isSame = one.size === two.size && [...one].every(([name, value]) => two.get(name) === value)
      assert.equal(Buffer.compare(contextBytes(one), contextBytes(two)) === 0, isSame)
    }),
  )
  assert.deepEqual(objectContext({ bucket: 'b', key: 'k' }).get('aws:s3:arn'), 'arn:aws:s3:::b/k')
})

test('any headers are understood or refused with an error of S3', () => {
  const names = [
    '',
    '-aws-kms-key-id',
    '-context',
    '-bucket-key-enabled',
    '-customer-algorithm',
    '-customer-key',
    '-customer-key-md5',
  ]
  const value = fc.option(
    fc.oneof(fc.string(), fc.base64String(), fc.constantFrom('AES256', 'aws:kms', 'true', ...Object.values(ofKey))),
    {
      nil: undefined,
    },
  )
  fc.assert(
    fc.property(fc.array(value, { minLength: names.length, maxLength: names.length }), (values) => {
      const header: HeaderOf = (name) => values[names.indexOf(name.slice(sse.length))]
      try {
        parseEncryption(header, transport)
      } catch (error) {
        assert.ok(error instanceof S3Error, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
