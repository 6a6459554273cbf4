// What there is to know of an object besides its bytes, as far as the request asks for it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html

import type { ChecksumType } from '../checksums.ts'
import { S3Error } from '../s3-error.ts'
import { XmlWriter } from '../xml/xml-writer.ts'
import { writeChecksums } from './listed.ts'
import type { WrittenChecksum } from './listed.ts'

const attributeNames = ['ETag', 'Checksum', 'ObjectParts', 'StorageClass', 'ObjectSize'] as const
export type ObjectAttribute = (typeof attributeNames)[number]

/** The header `x-amz-object-attributes`. @throws S3Error `InvalidArgument`; `InvalidRequest`: it says nothing. */
export function parseObjectAttributes(header: string | undefined): ReadonlySet<ObjectAttribute> {
  if (header === undefined || header.trim() === '') {
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-object-attributes header specifying the attributes to be retrieved is either missing or empty',
    )
  }
  const attributes = new Set<ObjectAttribute>()
  for (const written of header.split(',')) {
    const name = attributeNames.find((candidate) => candidate.toLowerCase() === written.trim().toLowerCase())
    if (name === undefined) {
      throw new S3Error('InvalidArgument', 'Invalid attribute name specified.', {
        fields: { ArgumentName: 'x-amz-object-attributes', ArgumentValue: header },
      })
    }
    attributes.add(name)
  }
  return attributes
}

/** What is absent was not asked for, or the object does not have it. */
export interface ObjectAttributes {
  /** Without quotes, and written without them: the one document that does so. */
  readonly etag?: string | undefined
  readonly checksums?: readonly WrittenChecksum[] | undefined
  readonly checksumType?: ChecksumType | undefined
  readonly parts?: ObjectParts | undefined
  readonly storageClass?: string | undefined
  readonly sizeBytes?: number | undefined
}

export interface ObjectParts {
  readonly partsCount: number
  /** The rest is told only of objects whose parts have checksums. */
  readonly page?:
    | {
        readonly partNumberMarker: number
        readonly nextPartNumberMarker: number
        readonly maxParts: number
        readonly isTruncated: boolean
        readonly parts: readonly {
          readonly partNumber: number
          readonly sizeBytes: number
          readonly checksums: readonly WrittenChecksum[]
        }[]
      }
    | undefined
}

export function writeObjectAttributes(attributes: ObjectAttributes): string {
  const writer = new XmlWriter('GetObjectAttributesResponse')
  writer.optional('ETag', attributes.etag)
  if (attributes.checksums !== undefined && attributes.checksums.length > 0) {
    writer.open('Checksum')
    writeChecksums(writer, attributes.checksums, attributes.checksumType)
    writer.close('Checksum')
  }
  if (attributes.parts !== undefined) writeParts(writer, attributes.parts)
  writer.optional('StorageClass', attributes.storageClass)
  writer.optional('ObjectSize', attributes.sizeBytes)
  return writer.finish()
}

function writeParts(writer: XmlWriter, { partsCount, page }: ObjectParts): void {
  writer.open('ObjectParts')
  writer.number('PartsCount', partsCount)
  if (page !== undefined) {
    writer.number('PartNumberMarker', page.partNumberMarker)
    writer.number('NextPartNumberMarker', page.nextPartNumberMarker)
    writer.number('MaxParts', page.maxParts)
    writer.boolean('IsTruncated', page.isTruncated)
    for (const part of page.parts) {
      writer.open('Part')
      writer.number('PartNumber', part.partNumber)
      writer.number('Size', part.sizeBytes)
      writeChecksums(writer, part.checksums, undefined)
      writer.close('Part')
    }
  }
  writer.close('ObjectParts')
}
