import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'

import fc from 'fast-check'

import { NodeCompute } from '../../node/compute.ts'
import { formatBase64, parseBase64 } from '../http/base64.ts'
import {
  checksumKind,
  checksumKindOf,
  checksumKindOfHeader,
  checksumKinds,
  checksumTypeOf,
  chooseChecksumType,
  defaultChecksumAlgorithm,
  formatChecksum,
  multipartChecksum,
  multipartEtag,
  parseChecksum,
  parseChecksumAlgorithm,
  parseObjectChecksum,
} from './checksums.ts'
import { S3Error } from './s3-error.ts'

const compute = new NodeCompute()
const text = new TextEncoder()

function isInvalid(error: unknown): boolean {
  return error instanceof S3Error && error.code === 'InvalidRequest' && error.status === 400
}

function digest(algorithm: Parameters<typeof compute.createDigest>[0], ...parts: readonly Uint8Array[]): Uint8Array {
  const under = compute.createDigest(algorithm)
  for (const part of parts) under.update(part)
  return under.digest()
}

test('each algorithm has its names, its length and its types', () => {
  assert.deepEqual(
    checksumKinds.map(({ name, header, element, lengthBytes }) => [name, header, element, lengthBytes]),
    [
      ['CRC32', 'x-amz-checksum-crc32', 'ChecksumCRC32', 4],
      ['CRC32C', 'x-amz-checksum-crc32c', 'ChecksumCRC32C', 4],
      ['CRC64NVME', 'x-amz-checksum-crc64nvme', 'ChecksumCRC64NVME', 8],
      ['SHA1', 'x-amz-checksum-sha1', 'ChecksumSHA1', 20],
      ['SHA256', 'x-amz-checksum-sha256', 'ChecksumSHA256', 32],
    ],
  )
  for (const kind of checksumKinds) {
    assert.equal(digest(kind.algorithm).length, kind.lengthBytes)
    assert.equal(checksumKindOfHeader(kind.header), kind)
    assert.equal(checksumKindOf(kind.algorithm), kind)
    assert.equal(parseChecksumAlgorithm(kind.name), kind.algorithm)
    assert.equal(parseChecksumAlgorithm(kind.name.toLowerCase()), kind.algorithm)
  }
  assert.equal(checksumKindOfHeader('x-amz-checksum-type'), undefined)
  assert.equal(checksumKindOf('md5'), undefined)
  assert.throws(() => parseChecksumAlgorithm('MD5'), isInvalid)
  assert.equal(checksumKind(defaultChecksumAlgorithm).name, 'CRC64NVME')
})

test('the type of a multipart upload is what the algorithm allows: CRC64NVME whole, SHA of parts, the others both', () => {
  assert.equal(chooseChecksumType('crc32', undefined), 'COMPOSITE')
  assert.equal(chooseChecksumType('crc32c', 'FULL_OBJECT'), 'FULL_OBJECT')
  assert.equal(chooseChecksumType('crc64nvme', undefined), 'FULL_OBJECT')
  assert.equal(chooseChecksumType('sha256', undefined), 'COMPOSITE')
  assert.throws(() => chooseChecksumType('crc64nvme', 'COMPOSITE'), isInvalid)
  assert.throws(() => chooseChecksumType('sha1', 'FULL_OBJECT'), isInvalid)
  assert.throws(() => chooseChecksumType('crc32', 'full_object'), isInvalid)
})

test('a checksum is base64 of exactly its length', () => {
  assert.deepEqual(parseChecksum('crc32', 'y/Q5Jg=='), Uint8Array.of(0xcb, 0xf4, 0x39, 0x26))
  for (const wrong of [
    '',
    'y/Q5Jg',
    'y/Q5Jh==',
    ' y/Q5Jg==',
    'y/Q5Jg==\n',
    'cbf43926',
    'y_Q5Jg==',
    'rosUhgp5mIg=',
    '====',
  ]) {
    assert.throws(() => parseChecksum('crc32', wrong), isInvalid, wrong)
  }
  assert.equal(formatBase64(parseChecksum('crc64nvme', 'rosUhgp5mIg=')), 'rosUhgp5mIg=')
})

test('the checksum of a whole object comes with its number of parts, or without', () => {
  assert.deepEqual(parseObjectChecksum('crc32', 'y/Q5Jg==-12').parts, 12)
  assert.deepEqual(parseObjectChecksum('crc32', 'y/Q5Jg==').parts, undefined)
  for (const wrong of ['y/Q5Jg==-', 'y/Q5Jg==-0', 'y/Q5Jg==-123456', '-1', 'y/Q5Jg==-1-1']) {
    assert.throws(() => parseObjectChecksum('crc32', wrong), isInvalid, wrong)
  }
})

test('any text is a checksum or refused, and what is accepted has one form', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.base64String()), (wild) => {
      const parsed = parseBase64(wild)
      if (parsed !== undefined) assert.equal(formatBase64(parsed), wild)
    }),
  )
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      assert.deepEqual(parseBase64(formatBase64(bytes)), bytes)
    }),
  )
})

test('a composite checksum is that of the parts’ checksums, as its documentation says', () => {
  const parts = ['first part', 'second part', ''].map((part) => text.encode(part))
  for (const { algorithm, multipartTypes } of checksumKinds) {
    if (!multipartTypes.includes('COMPOSITE')) continue
    const values = parts.map((part) => digest(algorithm, part))
    const checksums = values.map((value, index) => ({ value, length: parts[index]?.length ?? 0 }))
    const whole = multipartChecksum(compute, { algorithm, type: 'COMPOSITE' }, checksums)
    assert.deepEqual(whole.value, digest(algorithm, ...values))
    assert.equal(checksumTypeOf(whole), 'COMPOSITE')
    assert.equal(formatChecksum(whole, 3), `${formatBase64(whole.value)}-3`)
  }
})

test('a full-object checksum is that of all bytes, however they were cut into parts', () => {
  const anyParts = fc.array(fc.uint8Array({ maxLength: 50 }), { minLength: 1, maxLength: 10 })
  fc.assert(
    fc.property(anyParts, (parts) => {
      for (const { algorithm, multipartTypes } of checksumKinds) {
        if (!multipartTypes.includes('FULL_OBJECT')) continue
        const checksums = parts.map((part) => ({ value: digest(algorithm, part), length: part.length }))
        const whole = multipartChecksum(compute, { algorithm, type: 'FULL_OBJECT' }, checksums)
        assert.deepEqual(whole, { algorithm, value: digest(algorithm, ...parts) })
        assert.equal(formatChecksum(whole, parts.length), formatBase64(whole.value))
      }
    }),
  )
})

test('the ETag of a multipart object is the MD5 of its parts’ MD5s and their number', () => {
  const md5s = ['a', 'b'].map((part) => createHash('md5').update(part).digest())
  const expected = createHash('md5').update(Buffer.concat(md5s)).digest('hex')
  assert.equal(multipartEtag(compute, md5s), `${expected}-2`)
})
