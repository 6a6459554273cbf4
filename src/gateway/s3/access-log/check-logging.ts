// Whether a bucket can be logged into the one that its setting names. Whether that one lets the logs in is seen when they are delivered, as
// with AWS, so that setting and policy may come in either order.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html

import { ownershipOf } from '../bucket-access.ts'
import type { BucketState } from '../bucket-cache.ts'
import type { BucketLoggingStatus } from '../documents/bucket-logging-status.ts'
import type { S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { hasDefaultRetention } from './log-delivery.ts'

/** @throws S3Error `InvalidTargetBucketForLogging`, `AccessControlListNotSupported`. */
export async function checkLogging(
  { loggingEnabled }: BucketLoggingStatus,
  source: BucketState,
  { buckets }: Pick<S3Parts, 'buckets'>,
): Promise<void> {
  if (loggingEnabled === undefined) return
  const { targetBucket, targetGrants } = loggingEnabled
  const target = await buckets.find(targetBucket)
  if (target === undefined) throw refused(targetBucket, 'The target bucket for logging does not exist')
  if (target.row.owner !== source.row.owner)
    throw refused(targetBucket, 'The owner for the bucket to be logged and the target bucket must be the same.')
  if (hasDefaultRetention(target))
    throw refused(targetBucket, 'The target bucket for logging cannot have a default retention period.')
  if (targetGrants !== undefined && targetGrants.length > 0 && ownershipOf(target) === 'BucketOwnerEnforced')
    throw new S3Error(
      'AccessControlListNotSupported',
      'The target bucket does not allow ACLs, so there can be no TargetGrants',
    )
}

function refused(targetBucket: string, message: string): S3Error {
  return new S3Error('InvalidTargetBucketForLogging', message, { fields: { TargetBucket: targetBucket } })
}
