// Requests may say in which account they expect the bucket: what was made under a name that somebody else holds now is then not sent
// there. All buckets of a cluster lie in one account. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-owner-condition.html

import { accountId } from '../policy/arn.ts'
import type { S3Call } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'

/** @throws S3Error `AccessDenied`, `InvalidBucketOwnerAWSAccountID`. */
export function checkExpectedOwner(
  headers: S3Call['headers'],
  name: 'x-amz-expected-bucket-owner' | 'x-amz-source-expected-bucket-owner',
): void {
  const expected = headerOf(headers, name)
  if (expected === undefined || expected === accountId) return
  if (!/^\d{12}$/.test(expected)) throw new S3Error('InvalidBucketOwnerAWSAccountID')
  throw new S3Error('AccessDenied')
}
