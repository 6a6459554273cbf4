// Tags of an object, of its newest version or of one that is named.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html, .../API_GetObjectTagging.html,
// .../API_DeleteObjectTagging.html

import { objectTagging } from '../documents/tagging.ts'
import { addVersionHeader } from '../object-names.ts'
import { receiveDocument } from '../receive-body.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { xmlHeaders } from '../s3-call.ts'
import { changeObject, sendChanged } from './change-object.ts'
import { findForRead } from './find-object.ts'

const documentBytesMax = 64 * 1024

export async function getObjectTagging(call: S3Call, parts: S3Parts): Promise<void> {
  const info = await findForRead(call, parts)
  const tags = Object.entries(info.tags ?? {}).map(([key, value]) => ({ key, value }))
  const headers = [...xmlHeaders]
  addVersionHeader(headers, call.state, info)
  call.exchange.send(200, headers, objectTagging.write({ tags }))
}

/** The document comes before the leave: policies may ask for the tags that are set. */
export async function putObjectTagging(call: S3Call, parts: S3Parts): Promise<void> {
  const given = objectTagging.parse(await receiveDocument(call, parts, documentBytesMax))
  const requestTags = new Map(given.tags.map(({ key, value }) => [key, value]))
  const info = await findForRead(call, parts, {}, { requestTags })
  const change = { tags: Object.fromEntries(requestTags), event: 's3:ObjectTagging:Put' }
  sendChanged(call, await changeObject(call, parts, info, change), 200)
}

export async function deleteObjectTagging(call: S3Call, parts: S3Parts): Promise<void> {
  const info = await findForRead(call, parts)
  sendChanged(call, await changeObject(call, parts, info, { tags: {}, event: 's3:ObjectTagging:Delete' }), 204)
}
