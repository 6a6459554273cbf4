// What a bucket's policy says to a service of S3's own that writes into the bucket: the delivery of access logs. Pure.
// Source: Amazon S3 User Guide, "Enabling Amazon S3 server access logging" ("Permissions for log delivery"); AWS IAM User Guide, "AWS
// service principals".

import { accountId, s3Arn } from './arn.ts'
import type { Effect } from './compiled-policy.ts'
import type { PolicyCache } from './policy-cache.ts'

export interface ServiceQuestion {
  /** As policies name it: `logging.s3.amazonaws.com`. */
  readonly service: string
  readonly action: string
  readonly bucket: string
  readonly key: string
  /** For whom it acts: the bucket whose requests are logged. */
  readonly sourceBucket: string
  readonly nowMs: number
}

export function serviceEffect(policy: string, asked: ServiceQuestion, cache: PolicyCache): Effect {
  const { service, action, bucket, key, sourceBucket, nowMs } = asked
  const values: Readonly<Record<string, string>> = {
    'aws:sourcearn': s3Arn(sourceBucket),
    'aws:sourceaccount': accountId,
    'aws:resourceaccount': accountId,
    's3:resourceaccount': accountId,
    'aws:principalisawsservice': 'true',
    'aws:principalservicename': service,
    'aws:securetransport': 'true',
    'aws:currenttime': new Date(nowMs).toISOString(),
    'aws:epochtime': String(Math.floor(nowMs / 1_000)),
  }
  return cache.get(policy, 'bucket').effect({
    action,
    resource: s3Arn(bucket, key),
    subject: { kind: 'service', arns: [service] },
    conditions: { get: (name) => (Object.hasOwn(values, name) ? values[name] : undefined) },
  })
}
