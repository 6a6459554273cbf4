// What access logs call each operation: `REST.METHOD.RESOURCE`. Total by its type, so that a new operation cannot be without one. Where
// AWS's reference names none, the name follows its pattern.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/LogFormat.html, .../cloudtrail-request-identification.html

import { operations } from '../operations-table.ts'
import type { OperationName } from '../operations-table.ts'

/** By sub-resource, where it is not the sub-resource's own name in capitals. */
const resources: Readonly<Record<string, string>> = {
  'bucket policy': 'BUCKETPOLICY',
  'bucket policyStatus': 'BUCKETPOLICYSTATUS',
  'bucket versions': 'BUCKETVERSIONS',
  'bucket logging': 'LOGGING_STATUS',
  'bucket requestPayment': 'REQUEST_PAYMENT',
  'bucket publicAccessBlock': 'PUBLIC_ACCESS_BLOCK',
  'bucket ownershipControls': 'OWNERSHIP_CONTROLS',
  'bucket object-lock': 'OBJECT_LOCK_CONFIGURATION',
  'bucket intelligent-tiering': 'INTELLIGENT_TIERING',
  'bucket delete': 'MULTI_OBJECT_DELETE',
  'object tagging': 'OBJECT_TAGGING',
  'object attributes': 'OBJECT_ATTRIBUTES',
  'object retention': 'OBJECT_LOCK_RETENTION',
  'object legal-hold': 'OBJECT_LOCK_LEGALHOLD',
  'object uploadId': 'UPLOAD',
}

const others: Partial<Readonly<Record<OperationName, string>>> = {
  CopyObject: 'REST.COPY.OBJECT',
  UploadPartCopy: 'REST.COPY.PART',
  UploadPart: 'REST.PUT.PART',
}

export function logNameOf(operation: OperationName): string {
  const other = others[operation]
  if (other !== undefined) return other
  const { method, target, query } = operations[operation]
  const resource = query?.[0]
  if (resource === undefined || resource.includes('=')) return `REST.${method}.${target.toUpperCase()}`
  const name = resources[`${target} ${resource}`] ?? resource.replaceAll('-', '_').toUpperCase()
  return `REST.${method}.${name}`
}
