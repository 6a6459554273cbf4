// Who may do what in a bucket is changed by who has a name, whatever its policy or its ACL opens to everybody: a policy that allows
// `s3:*` to all means what is in the bucket, and must not let whoever finds it take the bucket over. AWS documents it for policies
// (405 for an identity outside of the owner's account: https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html) and
// answers 403 for the others.

import type { OperationName } from './operations-table.ts'
import type { S3Call } from './s3-call.ts'
import { S3Error } from './s3-error.ts'
import { nobody } from './sender.ts'

const ofAccount: ReadonlySet<OperationName> = new Set(['GetBucketPolicy', 'PutBucketPolicy', 'DeleteBucketPolicy'])

const signedOnly: ReadonlySet<OperationName> = new Set([
  'PutBucketAcl',
  'PutObjectAcl',
  'GetBucketOwnershipControls',
  'PutBucketOwnershipControls',
  'DeleteBucketOwnershipControls',
  'PutPublicAccessBlock',
  'DeletePublicAccessBlock',
])

/** @throws S3Error `MethodNotAllowed`, `AccessDenied`: nobody signed, and the operation takes somebody who did. */
export function checkIsSigned({ operation, sender, exchange }: S3Call): void {
  if (sender.principal !== nobody) return
  if (ofAccount.has(operation)) {
    const fields = { Method: exchange.method, ResourceType: 'BUCKETPOLICY' }
    throw new S3Error('MethodNotAllowed', undefined, { fields })
  }
  if (signedOnly.has(operation))
    throw new S3Error('AccessDenied', 'Anonymous users cannot invoke this API. Please authenticate.')
}
