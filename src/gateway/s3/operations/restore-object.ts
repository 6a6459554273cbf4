// RestoreObject: brings back what is archived. Nothing is archived here, and each object that is there can be read, so the answer is AWS's
// for an object that needs no restoring. https://docs.aws.amazon.com/AmazonS3/latest/API/API_RestoreObject.html

import { restoreRequest } from '../documents/restore-request.ts'
import { receiveDocument } from '../receive-body.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { findForRead } from './find-object.ts'

const documentBytesMax = 64 * 1024

export async function restoreObject(call: S3Call, parts: S3Parts): Promise<void> {
  const bytes = await receiveDocument(call, parts, documentBytesMax)
  await findForRead(call, parts)
  if (restoreRequest.parse(bytes).type === 'SELECT')
    throw new S3Error('NotImplemented', 'Restore requests of type SELECT are not implemented.')
  throw new S3Error('InvalidObjectState', "Restore is not allowed for the object's current storage class")
}
