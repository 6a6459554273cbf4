// PutObject: one body becomes one object. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObject.html

import type { ObjectInfo, Sealing } from '../../../master/object-service.ts'
import { causeOf } from '../change-cause.ts'
import { storedSizeOfWhole } from '../encryption/stream-format.ts'
import { addChecksumHeaders, checksumsToStore } from '../object-checksums.ts'
import { addEncryptionHeaders, beginEncryption, encryptingUpload } from '../object-crypto.ts'
import { addVersionHeader, quoted } from '../object-names.ts'
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
  const name = { bucket, key }
  const encryption = await beginEncryption(call, parts, 'whole')
  const info = await conditionally(parts.objects, { name, condition }, async () => {
    const stored = await parts.objects.put({
      ...name,
      ...properties,
      ...(encryption === undefined ? {} : { transform: encryption.transform }),
      sizeBytes: encryption === undefined ? sizeBytes : storedSizeOfWhole(sizeBytes),
      condition,
      trail: exchange.trail,
      cause: causeOf(call, parts, 's3:ObjectCreated:Put'),
    })
    const stream = encryption === undefined ? undefined : { dataKey: encryption.dataKey, part: 0 }
    const upload = encryptingUpload(parts, stored, stream)
    return await receiveInto(call, parts, upload, { plan, etag: true, sizeBytesMax: putBytesMax, seal: sealingOf })
  })
  answer(call, parts, info)
}

export function sealingOf(body: ReceivedBody): Sealing {
  const checksums = checksumsToStore(body)
  return { ...(body.md5 === undefined ? {} : { etag: body.md5 }), ...(checksums === undefined ? {} : { checksums }) }
}

function answer(call: S3Call, parts: S3Parts, info: ObjectInfo): void {
  const { exchange, state } = call
  const headers = ['ETag', quoted(info.etag)]
  addVersionHeader(headers, state, info)
  addChecksumHeaders(headers, info)
  addEncryptionHeaders(headers, call, parts, info.transform)
  exchange.send(200, headers, undefined)
}
