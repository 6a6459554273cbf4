// GetObjectAttributes: what is known of an object without its bytes, and of its parts.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObjectAttributes.html

import type { ObjectInfo } from '../../../master/object-service.ts'
import { formatHttpDate } from '../../http/http-date.ts'
import type { Checksum, Part } from '../../../meta/contract/version-row.ts'
import { checksumKindOf, checksumTypeOf, formatChecksum } from '../checksums.ts'
import type { WrittenChecksum } from '../documents/listed.ts'
import { parseObjectAttributes, writeObjectAttributes } from '../documents/object-attributes.ts'
import type { ObjectAttribute, ObjectAttributes, ObjectParts } from '../documents/object-attributes.ts'
import { customerKeyOfRead } from '../encryption/call-encryption.ts'
import { checksumsOf } from '../object-checksums.ts'
import { addVersionHeader } from '../object-names.ts'
import { storageClassOf } from '../object-properties.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { headerOf, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { findForRead } from './find-object.ts'

const partsMax = 1_000
const partNumberMax = 10_000

export async function getObjectAttributes(call: S3Call, parts: S3Parts): Promise<void> {
  const { exchange, headers, state } = call
  const info = await findForRead(call, parts)
  await parts.encrypted.check(info, customerKeyOfRead(call, parts))
  const wanted = parseObjectAttributes(headerOf(headers, 'x-amz-object-attributes'))
  const limit = numberOf(call, 'x-amz-max-parts', { fallback: partsMax, max: Number.MAX_SAFE_INTEGER })
  const after = numberOf(call, 'x-amz-part-number-marker', { fallback: 0, max: partNumberMax })
  const answer = [...xmlHeaders, 'Last-Modified', formatHttpDate(info.modifiedMs)]
  addVersionHeader(answer, state, info)
  const attributes = attributesOf(info, wanted, { limit: Math.min(limit, partsMax), after })
  exchange.send(200, answer, writeObjectAttributes(attributes))
}

interface PartsPage {
  readonly limit: number
  /** Numbers up to this one are passed over. */
  readonly after: number
}

function attributesOf(info: ObjectInfo, wanted: ReadonlySet<ObjectAttribute>, page: PartsPage): ObjectAttributes {
  const checksums = checksumsOf(info)
  return {
    ...(wanted.has('ETag') ? { etag: info.etag } : {}),
    ...(wanted.has('Checksum')
      ? {
          checksums: checksums.flatMap(written),
          checksumType: checksums[0] === undefined ? undefined : checksumTypeOf(checksums[0]),
        }
      : {}),
    ...(wanted.has('ObjectParts') && info.parts !== undefined ? { parts: partsOf(info.parts, page) } : {}),
    ...(wanted.has('StorageClass') ? { storageClass: storageClassOf(info) } : {}),
    ...(wanted.has('ObjectSize') ? { sizeBytes: info.sizeBytes } : {}),
  }
}

/** Numbered as GET and HEAD have them (`partNumber`): from 1 without gaps. */
function partsOf(parts: readonly Part[], { limit, after }: PartsPage): ObjectParts {
  if (!parts.every(({ checksums }) => checksums !== undefined && checksums.length > 0))
    return { partsCount: parts.length }
  const shown = parts.slice(after, after + limit)
  return {
    partsCount: parts.length,
    page: {
      partNumberMarker: after,
      nextPartNumberMarker: after + shown.length,
      maxParts: limit,
      isTruncated: after + shown.length < parts.length,
      parts: shown.map(({ length, checksums = [] }, index) => ({
        partNumber: after + index + 1,
        sizeBytes: length,
        checksums: checksums.flatMap(written),
      })),
    },
  }
}

/** Here also a composite one goes without the number of its parts. */
function written(checksum: Checksum): readonly WrittenChecksum[] {
  const kind = checksumKindOf(checksum.algorithm)
  if (kind === undefined) return []
  return [{ algorithm: kind.algorithm, value: formatChecksum({ algorithm: kind.algorithm, value: checksum.value }, 1) }]
}

/** @throws S3Error `InvalidArgument`. */
function numberOf(
  { headers }: S3Call,
  name: string,
  { fallback, max }: { readonly fallback: number; readonly max: number },
): number {
  const text = headerOf(headers, name)
  if (text === undefined) return fallback
  const number = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN
  if (number <= max) return number
  throw new S3Error(
    'InvalidArgument',
    `Argument ${name} must be an integer between 0 and ${Math.min(max, 2 ** 31 - 1)}`,
    {
      fields: { ArgumentName: name, ArgumentValue: text },
    },
  )
}
