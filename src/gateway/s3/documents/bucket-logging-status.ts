// Where a bucket's accesses are logged. Without `loggingEnabled`, they are not.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html

import { grantee } from './grantee.ts'
import { malformedXml } from '../xml/xml-reader.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { list, optional, record, required } from './shape/record.ts'
import { choice, text } from './shape/scalars.ts'

const grant = record({
  grantee: required('Grantee', grantee),
  permission: required('Permission', choice('FULL_CONTROL', 'READ', 'WRITE')),
})

const keyFormat = record({
  /** [TargetPrefix][YYYY]-[MM]-[DD]-[hh]-[mm]-[ss]-[UniqueString] */
  simple: optional('SimplePrefix', record({})),
  /** [TargetPrefix][SourceAccountId]/[SourceRegion]/[SourceBucket]/[YYYY]/[MM]/[DD]/… */
  partitioned: optional(
    'PartitionedPrefix',
    record({ dateSource: optional('PartitionDateSource', choice('EventTime', 'DeliveryTime')) }),
  ),
})

const status = record({
  loggingEnabled: optional(
    'LoggingEnabled',
    record({
      targetBucket: required('TargetBucket', text({ min: 1, max: 255 })),
      targetGrants: optional('TargetGrants', list('Grant', grant, { max: 100 })),
      targetPrefix: required('TargetPrefix', text({ max: 1024 })),
      targetObjectKeyFormat: optional('TargetObjectKeyFormat', keyFormat),
    }),
  ),
})
export type BucketLoggingStatus = ValueOf<typeof status>

export const bucketLoggingStatus = s3Document<BucketLoggingStatus>({
  root: 'BucketLoggingStatus',
  content: status,
  refine: (value) => {
    const format = value.loggingEnabled?.targetObjectKeyFormat
    if (format !== undefined && (format.simple === undefined) === (format.partitioned === undefined))
      throw malformedXml()
    return value
  },
})
