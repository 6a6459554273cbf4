// CreateMultipartUpload and AbortMultipartUpload. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html,
// .../API_AbortMultipartUpload.html

import { keyOf } from '../../encryption/encryption-request.ts'
import { checksumKind, chooseChecksumType, parseChecksumAlgorithm } from '../checksums.ts'
import { writeInitiateMultipartUploadResult } from '../documents/multipart-results.ts'
import { addEncryptionHeaders, encryptionOfWrite } from '../encryption/call-encryption.ts'
import { addAbortHeaders } from '../lifecycle/lifecycle-headers.ts'
import { multipartNameOf } from '../multipart-call.ts'
import type { UploadChecksum } from '../multipart-call.ts'
import { propertiesOf, shapeOfWrite } from '../put-properties.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { headerOf, sendNothing, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { canonicalIdOf } from '../sender.ts'

export async function handleCreateMultipartUpload(call: S3Call, parts: S3Parts): Promise<void> {
  const { bucket, key, exchange, sender } = call
  parts.access.authorize(call, shapeOfWrite(call))
  const checksum = checksumAskedFor(call)
  const initiator = canonicalIdOf(sender)
  const properties = propertiesOf(call, parts)
  const encryption = encryptionOfWrite(call, parts)
  const transform = await parts.encrypted.beginParts({ bucket, key }, encryption)
  const row = await parts.objects.createMultipart({
    bucket,
    key,
    template: { ...properties, ...(transform === undefined ? {} : { transform }) },
    ...(initiator === undefined ? {} : { initiator }),
    ...(checksum === undefined
      ? {}
      : { checksum: { algorithm: checksum.algorithm, isComposite: checksum.type === 'COMPOSITE' } }),
  })
  const headers = [...xmlHeaders]
  if (checksum !== undefined) {
    headers.push('x-amz-checksum-algorithm', checksumKind(checksum.algorithm).name)
    headers.push('x-amz-checksum-type', checksum.type)
  }
  addEncryptionHeaders(headers, parts, { transform }, keyOf(encryption))
  addAbortHeaders(headers, call, parts, row)
  exchange.send(200, headers, writeInitiateMultipartUploadResult({ bucket, key, uploadId: row.upload }))
}

function checksumAskedFor({ headers }: S3Call): UploadChecksum | undefined {
  const name = headerOf(headers, 'x-amz-checksum-algorithm')
  const type = headerOf(headers, 'x-amz-checksum-type')
  if (name === undefined) {
    if (type === undefined) return undefined
    throw new S3Error(
      'InvalidRequest',
      'The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header.',
    )
  }
  const algorithm = parseChecksumAlgorithm(name)
  return { algorithm, type: chooseChecksumType(algorithm, type) }
}

export async function handleAbortMultipartUpload(call: S3Call, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  await parts.objects.abort(multipartNameOf(call))
  sendNothing(call, 204)
}
