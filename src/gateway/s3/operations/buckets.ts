// HeadBucket, DeleteBucket and GetBucketLocation.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadBucket.html, .../API_DeleteBucket.html, .../API_GetBucketLocation.html

import { writeLocationConstraint } from '../documents/object-results.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendNothing, sendXml } from '../s3-call.ts'

export function handleHeadBucket(call: S3Call, parts: S3Parts): void {
  parts.access.authorize(call, {})
  const headers = ['x-amz-bucket-region', parts.region, 'x-amz-access-point-alias', 'false']
  sendNothing(call, 200, [...headers, 'Content-Type', 'application/xml'])
}

export async function handleDeleteBucket(call: S3Call, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  try {
    await parts.objects.removeBucket(call.bucket)
  } finally {
    parts.buckets.forget(call.bucket)
    parts.access.control.forget() // Its grants went with it.
  }
  sendNothing(call, 204)
}

export function handleGetBucketLocation(call: S3Call, parts: S3Parts): void {
  parts.access.authorize(call, {})
  sendXml(call, writeLocationConstraint(parts.region))
}
