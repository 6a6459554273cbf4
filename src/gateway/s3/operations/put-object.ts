// PutObject: one body becomes one object. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

import type { ObjectInfo, Sealing } from '../../../master/object-service.ts'
import { hasMd5 } from '../../encryption/encrypted-objects.ts'
import type { EncryptionRequest } from '../../encryption/encryption-request.ts'
import { keyOf } from '../../encryption/encryption-request.ts'
import { causeOf } from '../change-cause.ts'
import { addEncryptionHeaders, encryptionOfWrite } from '../encryption/call-encryption.ts'
import { addExpirationHeader } from '../lifecycle/lifecycle-headers.ts'
import { addChecksumHeaders, checksumsToStore } from '../object-checksums.ts'
import { addNewVersionHeader, quoted } from '../object-names.ts'
import { propertiesOf, shapeOfWrite } from '../put-properties.ts'
import { bodyPlanOf, checkedSize, receiveInto } from '../receive-body.ts'
import type { ReceivedBody } from '../receive-body.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { conditionally, writeConditionOf } from '../write-conditions.ts'

/** 5 GiB, of one put and of one part. */
export const putBytesMax = 5 * 1024 ** 3

export async function handlePutObject(call: S3Call, parts: S3Parts): Promise<void> {
  const { exchange, bucket, key, headers } = call
  parts.access.authorize(call, shapeOfWrite(call))
  const condition = writeConditionOf(headers)
  const plan = bodyPlanOf(call)
  const sizeBytes = checkedSize(plan, putBytesMax)
  const properties = propertiesOf(call, parts)
  const encryption = encryptionOfWrite(call, parts)
  const name = { bucket, key }
  const info = await conditionally(parts.objects, { name, condition }, async () => {
    const cause = causeOf(call, parts, 's3:ObjectCreated:Put')
    const request = { ...name, ...properties, sizeBytes, condition, trail: exchange.trail, cause }
    const upload = await parts.encrypted.put(request, encryption)
    const etag = hasMd5(encryption?.kind)
    return await receiveInto(call, parts, upload, { plan, etag, sizeBytesMax: putBytesMax, seal: sealingOf })
  })
  call.notes.objectBytes = info.sizeBytes
  answer(call, parts, info, encryption)
}

export function sealingOf(body: ReceivedBody): Sealing {
  const checksums = checksumsToStore(body)
  return { ...(body.md5 === undefined ? {} : { etag: body.md5 }), ...(checksums === undefined ? {} : { checksums }) }
}

function answer(call: S3Call, parts: S3Parts, info: ObjectInfo, encryption: EncryptionRequest | undefined): void {
  const { exchange } = call
  const headers = ['ETag', quoted(info.etag)]
  addNewVersionHeader(headers, info)
  addExpirationHeader(headers, call, parts, info)
  addChecksumHeaders(headers, info)
  addEncryptionHeaders(headers, parts, info, keyOf(encryption))
  exchange.send(200, headers, undefined)
}
