// The request to put the parts of an upload together.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html

import { parseChecksumAlgorithm } from '../checksums.ts'
import { S3Error } from '../s3-error.ts'
import { largeXmlBytesMax } from '../xml/xml-reader.ts'
import { mapContent } from './shape/content.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record, required } from './shape/record.ts'
import { integer, text } from './shape/scalars.ts'

const partsMax = 10_000

/** Without quotes, whichever way it was written: "x", x, or &quot;x&quot; escaped once more. */
const etag = mapContent(text({ max: 1024 }), {
  read: (written) => {
    const plain = written.trim().replaceAll('&quot;', '"')
    return plain.length > 1 && plain.startsWith('"') && plain.endsWith('"') ? plain.slice(1, -1) : plain
  },
  write: (value) => `"${value}"`,
})

const checksum = text({ max: 256 })

const part = record(
  {
    etag: required('ETag', etag),
    partNumber: required('PartNumber', integer()),
    // Checksums in base64, by `ChecksumAlgorithm`, as they stand in the headers x-amz-checksum-*.
    crc32: optional('ChecksumCRC32', checksum),
    crc32c: optional('ChecksumCRC32C', checksum),
    crc64nvme: optional('ChecksumCRC64NVME', checksum),
    sha1: optional('ChecksumSHA1', checksum),
    sha256: optional('ChecksumSHA256', checksum),
    sha512: optional('ChecksumSHA512', checksum),
    md5: optional('ChecksumMD5', checksum),
    xxhash64: optional('ChecksumXXHASH64', checksum),
    xxhash3: optional('ChecksumXXHASH3', checksum),
    xxhash128: optional('ChecksumXXHASH128', checksum),
  },
  { others: 'ignored' },
)
export type PartToComplete = ValueOf<typeof part>

/** Those that newer SDKs know: `parseChecksumAlgorithm` refuses what is not computed here. */
const newAlgorithms = ['sha512', 'md5', 'xxhash64', 'xxhash3', 'xxhash128'] as const

const request = record({ parts: many('Part', part, { min: 1, max: partsMax }) }, { others: 'ignored' })
export type CompleteMultipartUploadRequest = ValueOf<typeof request>

export const completeMultipartUpload = s3Document<CompleteMultipartUploadRequest>({
  root: 'CompleteMultipartUpload',
  content: request,
  bytesMax: largeXmlBytesMax,
  // What cannot be verified is refused, not taken unseen.
  refine: (value) => {
    let last = 0
    for (const given of value.parts) {
      for (const algorithm of newAlgorithms) if (given[algorithm] !== undefined) parseChecksumAlgorithm(algorithm)
      const { partNumber } = given
      if (partNumber < 1 || partNumber > partsMax) {
        throw new S3Error('InvalidArgument', `Part number must be an integer between 1 and ${partsMax}, inclusive`, {
          fields: { ArgumentName: 'partNumber', ArgumentValue: String(partNumber) },
        })
      }
      if (partNumber <= last) throw new S3Error('InvalidPartOrder')
      last = partNumber
    }
    return value
  },
})
