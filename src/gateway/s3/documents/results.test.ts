// The answers, byte for byte as AWS gives them.

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import fc from 'fast-check'

import { readXml } from '../xml/xml-reader.ts'
import { writeListBucketsResult } from './list-buckets-result.ts'
import { writeListObjectsResult, writeListObjectsV2Result } from './list-objects-result.ts'
import { writeListVersionsResult } from './list-versions-result.ts'
import {
  writeCompleteMultipartUploadResult,
  writeInitiateMultipartUploadResult,
  writeListMultipartUploadsResult,
  writeListPartsResult,
} from './multipart-results.ts'
import { parseObjectAttributes, writeObjectAttributes } from './object-attributes.ts'
import {
  writeCopyObjectResult,
  writeCopyPartResult,
  writeDeleteResult,
  writeLocationConstraint,
  writePostResponse,
} from './object-results.ts'
import { codeOf } from './testing/codes.ts'
import { keyWriter } from './url-encoding.ts'

const declaration = '<?xml version="1.0" encoding="UTF-8"?>\n'
const xmlns = ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'
const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5, 678)
const time = '2026-01-02T03:04:05.678Z'
const owner = { id: 'o', displayName: 'Owner' }
const ownerXml = '<Owner><ID>o</ID><DisplayName>Owner</DisplayName></Owner>'
const object = { key: 'a b', modifiedMs, etag: 'e', sizeBytes: 7, storageClass: 'STANDARD' }

/** The content of the root. */
function inner(written: string, root: string, attributes = xmlns): string {
  const start = `${declaration}<${root}${attributes}>`
  assert.ok(written.startsWith(start), written)
  assert.ok(written.endsWith(`</${root}>`), written)
  // A client must be able to read it.
  readXml(Buffer.from(written))
  return written.slice(start.length, -`</${root}>`.length)
}

test('ListBuckets', () => {
  const written = writeListBucketsResult({
    owner,
    buckets: [{ name: 'b', createdMs: modifiedMs }],
    continuationToken: 't',
  })
  assert.equal(
    inner(written, 'ListAllMyBucketsResult'),
    `${ownerXml}<Buckets><Bucket><Name>b</Name><CreationDate>${time}</CreationDate></Bucket></Buckets>` +
      '<ContinuationToken>t</ContinuationToken>',
  )
})

describe('ListObjects', () => {
  const listing = {
    bucket: 'b',
    prefix: 'p/',
    maxKeys: 2,
    isTruncated: true,
    contents: [object],
    commonPrefixes: ['p/ä/'],
  }

  test('V1 tells the next marker only with a delimiter', () => {
    const contents =
      `<Contents><Key>a b</Key><LastModified>${time}</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size>` +
      `${ownerXml}<StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>p/ä/</Prefix></CommonPrefixes>`
    const given = { ...listing, contents: [{ ...object, owner }], marker: 'm', nextMarker: 'p/ä/' }
    assert.equal(
      inner(writeListObjectsResult({ ...given, delimiter: '/' }), 'ListBucketResult'),
      '<Name>b</Name><Prefix>p/</Prefix><Marker>m</Marker><NextMarker>p/ä/</NextMarker><MaxKeys>2</MaxKeys>' +
        `<Delimiter>/</Delimiter><IsTruncated>true</IsTruncated>${contents}`,
    )
    assert.equal(
      inner(writeListObjectsResult(given), 'ListBucketResult'),
      `<Name>b</Name><Prefix>p/</Prefix><Marker>m</Marker><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>${contents}`,
    )
  })

  test('V2 counts keys and prefixes, and encodes what the client asked to be encoded', () => {
    const written = writeListObjectsV2Result({
      ...listing,
      contents: [{ ...object, checksumAlgorithms: ['crc64nvme'], checksumType: 'FULL_OBJECT' }],
      delimiter: ' ',
      encodingType: 'url',
      startAfter: 'ö',
      continuationToken: 'c=',
      nextContinuationToken: 'n=',
    })
    assert.equal(
      inner(written, 'ListBucketResult'),
      '<Name>b</Name><Prefix>p/</Prefix><StartAfter>%C3%B6</StartAfter><ContinuationToken>c=</ContinuationToken>' +
        '<NextContinuationToken>n=</NextContinuationToken><KeyCount>2</KeyCount><MaxKeys>2</MaxKeys><Delimiter>%20</Delimiter>' +
        '<EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>' +
        `<Contents><Key>a%20b</Key><LastModified>${time}</LastModified><ETag>&quot;e&quot;</ETag>` +
        '<ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>7</Size>' +
        '<StorageClass>STANDARD</StorageClass></Contents><CommonPrefixes><Prefix>p/%C3%A4/</Prefix></CommonPrefixes>',
    )
  })

  test('writes 1,000 keys that are read back, whatever is in them', () => {
    const keys = fc.array(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 50 })
    fc.assert(
      fc.property(keys, (all) => {
        const wellFormed = all.map((key) => key.toWellFormed())
        const contents = wellFormed.map((key) => ({ ...object, key }))
        const result = { ...listing, contents, commonPrefixes: [], encodingType: 'url' as const }
        const read = readXml(Buffer.from(writeListObjectsV2Result(result)))
        const found = read.children.filter(({ name }) => name === 'Contents')
        assert.deepEqual(
          found.map(({ children }) => decodeURIComponent(children.find(({ name }) => name === 'Key')?.text ?? '')),
          wellFormed,
        )
      }),
    )
  })
})

test('ListObjectVersions keeps the order of versions and delete markers', () => {
  const written = writeListVersionsResult({
    bucket: 'b',
    prefix: '',
    keyMarker: '',
    versionIdMarker: '',
    nextKeyMarker: 'a b',
    nextVersionIdMarker: 'v1',
    maxKeys: 2,
    isTruncated: true,
    versions: [
      { isDeleteMarker: true, key: 'a b', versionId: 'v2', isLatest: true, modifiedMs, owner },
      { ...object, versionId: 'null', isLatest: false, owner },
    ],
    commonPrefixes: [],
  })
  assert.equal(
    inner(written, 'ListVersionsResult'),
    '<Name>b</Name><Prefix></Prefix><KeyMarker></KeyMarker><VersionIdMarker></VersionIdMarker><NextKeyMarker>a b</NextKeyMarker>' +
      '<NextVersionIdMarker>v1</NextVersionIdMarker><MaxKeys>2</MaxKeys><IsTruncated>true</IsTruncated>' +
      `<DeleteMarker><Key>a b</Key><VersionId>v2</VersionId><IsLatest>true</IsLatest><LastModified>${time}</LastModified>${ownerXml}` +
      '</DeleteMarker>' +
      `<Version><Key>a b</Key><VersionId>null</VersionId><IsLatest>false</IsLatest><LastModified>${time}</LastModified>` +
      `<ETag>&quot;e&quot;</ETag><Size>7</Size>${ownerXml}<StorageClass>STANDARD</StorageClass></Version>`,
  )
})

describe('multipart uploads', () => {
  const upload = { bucket: 'b', key: 'k&', uploadId: 'u' }
  const checksums = [{ algorithm: 'crc32', value: 'AAAAAA==-2' }] as const

  test('are begun and completed', () => {
    assert.equal(
      inner(writeInitiateMultipartUploadResult(upload), 'InitiateMultipartUploadResult'),
      '<Bucket>b</Bucket><Key>k&amp;</Key><UploadId>u</UploadId>',
    )
    const result = {
      location: 'http://h/b/k&',
      bucket: 'b',
      key: 'k&',
      etag: 'e-2',
      checksums,
      checksumType: 'COMPOSITE',
    } as const
    assert.equal(
      inner(writeCompleteMultipartUploadResult(result), 'CompleteMultipartUploadResult'),
      '<Location>http://h/b/k&amp;</Location><Bucket>b</Bucket><Key>k&amp;</Key><ETag>&quot;e-2&quot;</ETag>' +
        '<ChecksumCRC32>AAAAAA==-2</ChecksumCRC32><ChecksumType>COMPOSITE</ChecksumType>',
    )
  })

  test('list their parts', () => {
    const written = writeListPartsResult({
      ...upload,
      initiator: owner,
      owner,
      storageClass: 'STANDARD',
      partNumberMarker: 0,
      nextPartNumberMarker: 1,
      maxParts: 1,
      isTruncated: true,
      checksumAlgorithm: 'crc32',
      checksumType: 'COMPOSITE',
      parts: [{ partNumber: 1, modifiedMs, etag: 'e', sizeBytes: 7, checksums: [{ algorithm: 'crc32', value: 'AA' }] }],
    })
    assert.equal(
      inner(written, 'ListPartsResult'),
      '<Bucket>b</Bucket><Key>k&amp;</Key><UploadId>u</UploadId>' +
        `<Initiator><ID>o</ID><DisplayName>Owner</DisplayName></Initiator>${ownerXml}<StorageClass>STANDARD</StorageClass>` +
        '<PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>1</NextPartNumberMarker><MaxParts>1</MaxParts>' +
        '<IsTruncated>true</IsTruncated><ChecksumAlgorithm>CRC32</ChecksumAlgorithm><ChecksumType>COMPOSITE</ChecksumType>' +
        `<Part><PartNumber>1</PartNumber><LastModified>${time}</LastModified><ETag>&quot;e&quot;</ETag><Size>7</Size>` +
        '<ChecksumCRC32>AA</ChecksumCRC32></Part>',
    )
  })

  test('are listed', () => {
    const written = writeListMultipartUploadsResult({
      bucket: 'b',
      keyMarker: '',
      uploadIdMarker: '',
      prefix: '',
      maxUploads: 1000,
      isTruncated: false,
      uploads: [{ key: 'k', uploadId: 'u', storageClass: 'STANDARD', initiatedMs: modifiedMs }],
      commonPrefixes: ['p/'],
      delimiter: '/',
    })
    assert.equal(
      inner(written, 'ListMultipartUploadsResult'),
      '<Bucket>b</Bucket><KeyMarker></KeyMarker><UploadIdMarker></UploadIdMarker><Prefix></Prefix><Delimiter>/</Delimiter>' +
        '<MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated>' +
        `<Upload><Key>k</Key><UploadId>u</UploadId><StorageClass>STANDARD</StorageClass><Initiated>${time}</Initiated></Upload>` +
        '<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>',
    )
  })
})

describe('objects', () => {
  test('are copied', () => {
    const copied = `<LastModified>${time}</LastModified><ETag>&quot;e&quot;</ETag>`
    assert.equal(inner(writeCopyObjectResult({ etag: 'e', modifiedMs }), 'CopyObjectResult'), copied)
    assert.equal(inner(writeCopyPartResult({ etag: 'e', modifiedMs }), 'CopyPartResult'), copied)
  })

  test('are deleted, or not', () => {
    const written = writeDeleteResult({
      deleted: [
        { key: 'a', isDeleteMarker: true, deleteMarkerVersionId: 'v' },
        { key: 'b', versionId: 'w' },
      ],
      failures: [{ key: 'c', code: 'AccessDenied', message: 'Access Denied' }],
    })
    assert.equal(
      inner(written, 'DeleteResult'),
      '<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v</DeleteMarkerVersionId></Deleted>' +
        '<Deleted><Key>b</Key><VersionId>w</VersionId></Deleted>' +
        '<Error><Key>c</Key><Code>AccessDenied</Code><Message>Access Denied</Message></Error>',
    )
  })

  test('are posted, and have a region', () => {
    const posted = { location: 'l', bucket: 'b', key: 'k', etag: 'e' }
    assert.equal(
      inner(writePostResponse(posted), 'PostResponse', ''),
      '<Location>l</Location><Bucket>b</Bucket><Key>k</Key><ETag>&quot;e&quot;</ETag>',
    )
    assert.equal(inner(writeLocationConstraint('eu-west-1'), 'LocationConstraint'), 'eu-west-1')
    assert.equal(inner(writeLocationConstraint('us-east-1'), 'LocationConstraint'), '')
  })

  test('have attributes, the ETag without quotes', () => {
    const page = {
      partNumberMarker: 0,
      nextPartNumberMarker: 1,
      maxParts: 1000,
      isTruncated: false,
      parts: [{ partNumber: 1, sizeBytes: 7, checksums: [{ algorithm: 'sha256', value: 'AA' } as const] }],
    }
    const written = writeObjectAttributes({
      etag: 'e-1',
      checksums: [{ algorithm: 'sha256', value: 'BB-1' }],
      checksumType: 'COMPOSITE',
      parts: { partsCount: 1, page },
      storageClass: 'STANDARD',
      sizeBytes: 7,
    })
    assert.equal(
      inner(written, 'GetObjectAttributesResponse'),
      '<ETag>e-1</ETag><Checksum><ChecksumSHA256>BB-1</ChecksumSHA256><ChecksumType>COMPOSITE</ChecksumType></Checksum>' +
        '<ObjectParts><PartsCount>1</PartsCount><PartNumberMarker>0</PartNumberMarker><NextPartNumberMarker>1</NextPartNumberMarker>' +
        '<MaxParts>1000</MaxParts><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber><Size>7</Size>' +
        '<ChecksumSHA256>AA</ChecksumSHA256></Part></ObjectParts><StorageClass>STANDARD</StorageClass><ObjectSize>7</ObjectSize>',
    )
    assert.deepEqual([...parseObjectAttributes('ETag, ObjectSize')], ['ETag', 'ObjectSize'])
    const refused = (header: string | undefined): string | undefined => codeOf(() => parseObjectAttributes(header))
    for (const bad of ['Etag,,', 'Size']) assert.equal(refused(bad), 'InvalidArgument')
    for (const absent of [undefined, '', ' ']) assert.equal(refused(absent), 'InvalidRequest')
  })
})

test('encoding-type=url leaves what a URL does, and only that', () => {
  const encode = keyWriter('url')
  assert.equal(encode('a/b-c_d.e*f'), 'a/b-c_d.e*f')
  assert.equal(encode('asdf+b'), 'asdf%2Bb')
  assert.equal(encode("test_file(3)!~'.png"), 'test_file%283%29%21%7E%27.png')
  assert.equal(encode('a b\n\u0001ü😀'), 'a%20b%0A%01%C3%BC%F0%9F%98%80')
  assert.equal(keyWriter(undefined)('a b'), 'a b')
})
