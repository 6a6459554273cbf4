// What the calls about a multipart upload have in common: which upload is meant, and the number of a part.

import { parseVersionId } from '../../base/ids.ts'
import type { MultipartName, MultipartRow } from '../../meta/contract/multipart-metadata.ts'
import { checksumKindOf } from './checksums.ts'
import type { ChecksumAlgorithm, ChecksumType } from './checksums.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { S3Error } from './s3-error.ts'
import type { S3Query } from './s3-query.ts'

const partNumberMax = 10_000

/** @throws S3Error `NoSuchUpload`: it is no id that was given out here. */
export function multipartNameOf({ bucket, key, query }: S3Call): MultipartName {
  const upload = parseVersionId(query.get('uploadId') ?? '')
  if (upload === undefined) throw noSuchUpload(query)
  return { bucket, key, upload }
}

/** @throws S3Error `NoSuchUpload`; a completed one is there for CompleteMultipartUpload alone. */
export async function findUpload(call: S3Call, { objects }: S3Parts): Promise<MultipartRow> {
  const row = await objects.findMultipart(multipartNameOf(call))
  if (row === undefined || row.completed !== undefined) throw noSuchUpload(call.query)
  return row
}

/** @throws S3Error `InvalidArgument`. */
export function partNumberOf(query: S3Query): number {
  const text = query.get('partNumber') ?? ''
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (number >= 1 && number <= partNumberMax) return number
  throw new S3Error('InvalidArgument', 'Part number must be an integer between 1 and 10000, inclusive', {
    fields: { ArgumentName: 'partNumber', ArgumentValue: text },
  })
}

export function noSuchUpload(query: S3Query): S3Error {
  return new S3Error('NoSuchUpload', undefined, { fields: { UploadId: query.get('uploadId') ?? '' } })
}

export interface UploadChecksum {
  readonly algorithm: ChecksumAlgorithm
  readonly type: ChecksumType
}

/** `undefined`: none was asked for. */
export function checksumOfUpload({ checksum }: Pick<MultipartRow, 'checksum'>): UploadChecksum | undefined {
  const kind = checksum === undefined ? undefined : checksumKindOf(checksum.algorithm)
  if (kind === undefined) return undefined
  return { algorithm: kind.algorithm, type: checksum?.isComposite === true ? 'COMPOSITE' : 'FULL_OBJECT' }
}
