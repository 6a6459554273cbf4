// The two requests that list many things: deletions, and the parts of an upload.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import { completeMultipartUpload } from './complete-multipart-upload.ts'
import { deleteRequest } from './delete-objects.ts'
import { verdictOn } from './testing/codes.ts'

describe('Delete', () => {
  const on = verdictOn(deleteRequest, 'Delete')
  const object = (inner: string): string => `<Object>${inner}</Object>`

  test('takes 1 to 1,000 objects', () => {
    assert.equal(on(object('<Key>a</Key>').repeat(1000)), 'ok')
    assert.equal(on(object('<Key>a</Key>').repeat(1001)), 'MalformedXML')
    assert.equal(on(''), 'MalformedXML')
    assert.equal(on(object('')), 'MalformedXML')
    assert.equal(on(object('<Key></Key>')), 'MalformedXML')
  })

  test('fits 1,000 of the longest keys, in which everything is escaped', () => {
    const key = '&#233;'.repeat(512)
    assert.equal(on(object(`<Key>${key}</Key>`).repeat(600)), 'ok')
    assert.equal(on(object(`<Key>${'&amp;'.repeat(1024)}</Key>`).repeat(1000)), 'MaxMessageLengthExceeded')
  })

  test('keeps keys exactly, and reads conditions', () => {
    const xml = `<Delete><Quiet>true</Quiet>${object(
      '<Key> a\tb </Key><VersionId>null</VersionId><ETag>"e"</ETag><Size>0</Size>' +
        '<LastModifiedTime>Thu, 01 Jan 2026 12:00:00 GMT</LastModifiedTime>',
    )}${object('<Key>b</Key><VersionId/><LastModifiedTime>2026-01-01T12:00:00.000Z</LastModifiedTime><New>x</New>')}</Delete>`
    const lastModifiedMs = Date.UTC(2026, 0, 1, 12)
    assert.deepEqual(deleteRequest.parse(Buffer.from(xml)), {
      objects: [
        { key: ' a\tb ', versionId: 'null', etag: '"e"', lastModifiedMs, size: 0 },
        { key: 'b', lastModifiedMs },
      ],
      quiet: true,
    })
  })
})

describe('CompleteMultipartUpload', () => {
  const on = verdictOn(completeMultipartUpload, 'CompleteMultipartUpload')
  const part = (number: number | string, etag = '"e"'): string =>
    `<Part><PartNumber>${number}</PartNumber><ETag>${etag}</ETag></Part>`

  test('takes 1 to 10,000 parts in ascending order', () => {
    const parts = Array.from({ length: 10_000 }, (_, index) => part(index + 1))
    assert.equal(on(parts.join('')), 'ok')
    assert.equal(on(''), 'MalformedXML')
    assert.equal(on(part(2) + part(1)), 'InvalidPartOrder')
    assert.equal(on(part(1) + part(1)), 'InvalidPartOrder')
    assert.equal(on(part(1) + part(3)), 'ok')
    assert.equal(on(part(0)), 'InvalidArgument')
    assert.equal(on(part(10_001)), 'InvalidArgument')
    assert.equal(on(part('x')), 'MalformedXML')
    assert.equal(on('<Part><PartNumber>1</PartNumber></Part>'), 'MalformedXML')
  })

  test('takes the quotes off ETags, however they were written', () => {
    const inner =
      part(1, '"e"') + part(2, 'e') + part(3, '&quot;e&quot;') + part(4, '&amp;quot;e&amp;quot;') + part(5, ' "e" ')
    const { parts } = completeMultipartUpload.parse(
      Buffer.from(`<CompleteMultipartUpload>${inner}</CompleteMultipartUpload>`),
    )
    assert.deepEqual(
      parts.map(({ etag }) => etag),
      ['e', 'e', 'e', 'e', 'e'],
    )
  })

  test('refuses a checksum that cannot be verified', () => {
    for (const name of ['SHA512', 'MD5', 'XXHASH64', 'XXHASH3', 'XXHASH128']) {
      const xml = `<Part><ETag>e</ETag><PartNumber>1</PartNumber><Checksum${name}>AA</Checksum${name}></Part>`
      assert.equal(on(xml), 'InvalidRequest', name)
    }
  })

  test('reads every kind of checksum', () => {
    const inner = ['CRC32', 'CRC32C', 'CRC64NVME', 'SHA1', 'SHA256'].map(
      (name) => `<Checksum${name}>${name}</Checksum${name}>`,
    )
    const xml = `<CompleteMultipartUpload><Part><ETag>e</ETag><PartNumber>1</PartNumber>${inner.join('')}<ChecksumNew/></Part></CompleteMultipartUpload>`
    assert.deepEqual(completeMultipartUpload.parse(Buffer.from(xml)).parts, [
      {
        etag: 'e',
        partNumber: 1,
        crc32: 'CRC32',
        crc32c: 'CRC32C',
        crc64nvme: 'CRC64NVME',
        sha1: 'SHA1',
        sha256: 'SHA256',
      },
    ])
  })
})
