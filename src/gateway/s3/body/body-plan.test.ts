import assert from 'node:assert/strict'
import test from 'node:test'

import fc from 'fast-check'

import { S3Error } from '../s3-error.ts'
import { parsePayload } from '../signature/payload.ts'
import { collectHeaders } from '../signature/wire-headers.ts'
import { planBody } from './body-plan.ts'
import type { BodyPlan } from './body-plan.ts'

function plan(headers: Readonly<Record<string, string>>, payload = 'UNSIGNED-PAYLOAD'): BodyPlan {
  return planBody(collectHeaders(Object.entries(headers).flat()), parsePayload(payload))
}

const unsignedChunks = 'STREAMING-UNSIGNED-PAYLOAD-TRAILER'
const emptyMd5 = '1B2M2Y8AsgTpgAmY7PhCfg=='

test('aws-chunked is taken out of the content encoding, what remains is stored', () => {
  const encodings: readonly (readonly [string, string | undefined])[] = [
    ['aws-chunked', undefined],
    ['AWS-Chunked', undefined],
    ['aws-chunked,gzip', 'gzip'],
    ['aws-chunked, gzip, br', 'gzip,br'],
    ['gzip,aws-chunked', 'gzip'],
    ['aws-chunked,', undefined],
  ]
  for (const [given, stored] of encodings) {
    const headers = { 'content-encoding': given, 'x-amz-decoded-content-length': '0' }
    assert.equal(plan(headers, unsignedChunks).contentEncoding, stored, given)
  }
  assert.equal(plan({ 'content-encoding': 'gzip' }).contentEncoding, 'gzip')
  assert.equal(plan({}).contentEncoding, undefined)
  assert.throws(() => plan({ 'content-encoding': 'aws-chunked' }), { code: 'InvalidArgument' })
})

test('the length is that of the object, not that of the frames', () => {
  assert.equal(plan({ 'content-length': '7' }).sizeBytes, 7)
  assert.equal(plan({}).sizeBytes, undefined)
  const headers = { 'content-length': '99', 'x-amz-decoded-content-length': '7' }
  assert.equal(plan(headers, unsignedChunks).sizeBytes, 7)
  assert.throws(() => plan({ 'content-length': '99' }, unsignedChunks), { code: 'MissingContentLength', status: 411 })
  for (const length of ['', '-1', '1e3', 'x', '9'.repeat(16)])
    assert.throws(() => plan({ 'x-amz-decoded-content-length': length }, unsignedChunks), { code: 'InvalidArgument' })
})

test('checksums that cannot be right are refused before the body is read', () => {
  const cases: readonly (readonly [Readonly<Record<string, string>>, string, string])[] = [
    [{ 'content-md5': 'x' }, 'InvalidDigest', 'The Content-MD5 you specified was invalid.'],
    [{ 'content-md5': 'AAAA' }, 'InvalidDigest', 'The Content-MD5 you specified was invalid.'],
    [{ 'x-amz-checksum-crc32': 'AAAA' }, 'InvalidRequest', 'Value for x-amz-checksum-crc32 header is invalid.'],
    [{ 'x-amz-checksum-sha256': '!' }, 'InvalidRequest', 'Value for x-amz-checksum-sha256 header is invalid.'],
    [
      { 'x-amz-checksum-crc33': 'AAAA' },
      'InvalidRequest',
      'The algorithm type you specified in x-amz-checksum- header is invalid.',
    ],
    [
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-checksum-crc32c': 'AAAAAA==' },
      'InvalidRequest',
      'Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.',
    ],
    [
      { 'x-amz-checksum-crc32': 'AAAAAA==', 'x-amz-sdk-checksum-algorithm': 'SHA1' },
      'InvalidRequest',
      'Value for x-amz-sdk-checksum-algorithm header is invalid.',
    ],
    [
      { 'x-amz-sdk-checksum-algorithm': 'CRC32' },
      'InvalidRequest',
      'x-amz-sdk-checksum-algorithm specified, but no corresponding x-amz-checksum-* or x-amz-trailer headers were found.',
    ],
  ]
  for (const [headers, code, message] of cases) assert.throws(() => plan(headers), { code, message })
  assert.throws(() => plan({ 'x-amz-trailer': 'x-amz-meta-a', 'x-amz-decoded-content-length': '1' }, unsignedChunks), {
    code: 'InvalidRequest',
    message: 'The value specified in the x-amz-trailer header is not supported',
  })
})

test('what a client sends of its checksum is planned', () => {
  const headers = {
    'x-amz-checksum-crc32': 'AAAAAA==',
    'x-amz-sdk-checksum-algorithm': 'CRC32',
    'content-md5': emptyMd5,
  }
  const planned = plan({ ...headers, 'x-amz-checksum-type': 'FULL_OBJECT' })
  assert.deepEqual(planned.checksum, { algorithm: 'crc32', value: new Uint8Array(4) })
  assert.equal(planned.contentMd5?.length, 16)
  const trailing = plan(
    {
      'x-amz-trailer': 'x-amz-checksum-crc64nvme',
      'x-amz-decoded-content-length': '1',
      'x-amz-sdk-checksum-algorithm': 'crc64nvme',
    },
    unsignedChunks,
  )
  assert.deepEqual(trailing.checksum, { algorithm: 'crc64nvme', value: undefined })
  assert.deepEqual(trailing.chunks, { isSigned: false, hasTrailer: true })
})

test('any headers at all: an error that is meant', () => {
  const name = fc.constantFrom(
    'content-md5',
    'content-encoding',
    'content-length',
    'x-amz-trailer',
    'x-amz-decoded-content-length',
    'x-amz-checksum-crc32',
    'x-amz-checksum-',
    'x-amz-checksum-sha1',
    'x-amz-sdk-checksum-algorithm',
  )
  const value = fc.oneof(
    fc.string(),
    fc.constantFrom('aws-chunked', 'AAAAAA==', 'CRC32', 'x-amz-checksum-crc32', '12', emptyMd5),
  )
  const payload = fc.constantFrom(
    unsignedChunks,
    'UNSIGNED-PAYLOAD',
    'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
    'a'.repeat(64),
  )
  fc.assert(
    fc.property(fc.dictionary(name, value), payload, (headers, word) => {
      try {
        plan(headers, word)
      } catch (error) {
        assert(error instanceof S3Error, String(error))
      }
    }),
    { numRuns: 1_000 },
  )
})
