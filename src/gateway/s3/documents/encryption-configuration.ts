// How objects of a bucket are encrypted where the request does not say.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketEncryption.html

import { S3Error } from '../s3-error.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { list, many, optional, record, required } from './shape/record.ts'
import { choice, flag, text } from './shape/scalars.ts'

const rule = record({
  byDefault: optional(
    'ApplyServerSideEncryptionByDefault',
    record({
      algorithm: required('SSEAlgorithm', choice('AES256', 'aws:kms', 'aws:kms:dsse')),
      kmsKeyId: optional('KMSMasterKeyID', text({ min: 1, max: 2048 })),
    }),
  ),
  bucketKeyEnabled: optional('BucketKeyEnabled', flag),
  blockedEncryptionTypes: optional(
    'BlockedEncryptionTypes',
    list('EncryptionType', choice('NONE', 'SSE-C'), { min: 1 }),
  ),
})

const configuration = record({ rules: many('Rule', rule, { min: 1, max: 1 }) })
export type EncryptionConfiguration = ValueOf<typeof configuration>

export const encryptionConfiguration = s3Document<EncryptionConfiguration>({
  root: 'ServerSideEncryptionConfiguration',
  content: configuration,
  refine: (value) => {
    for (const { byDefault } of value.rules) {
      if (byDefault?.algorithm === 'AES256' && byDefault.kmsKeyId !== undefined) {
        throw new S3Error(
          'InvalidArgument',
          'a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse',
          { fields: { ArgumentName: 'ApplyServerSideEncryptionByDefault' } },
        )
      }
    }
    return value
  },
})
