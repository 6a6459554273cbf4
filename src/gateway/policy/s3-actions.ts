// The actions of S3: what each one is done to, and which of FrostByte's own levels of access includes it (none: only who
// administers the bucket, or the cluster, may).
//
// Source: AWS Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3".

import type { AccessLevel } from '../../meta/contract/access-rows.ts'

export interface S3ActionKind {
  /** `account`: names no bucket. */
  readonly on: 'account' | 'bucket' | 'object'
  /** The level in a bucket that includes it: in `account`, of the role. `known`: every user. */
  readonly level: AccessLevel | 'known'
  /** Whether it changes something: those are always in the audit log. */
  readonly isChange: boolean
}

type Row = readonly [on: S3ActionKind['on'], level: S3ActionKind['level'], names: string]

const rows: readonly Row[] = [
  ['account', 'known', 'ListAllMyBuckets'],
  ['account', 'admin', 'GetAccountPublicAccessBlock PutAccountPublicAccessBlock'],
  [
    'bucket',
    'read',
    `ListBucket ListBucketVersions ListBucketMultipartUploads GetBucketLocation GetBucketVersioning GetBucketTagging
    GetBucketObjectLockConfiguration GetEncryptionConfiguration GetLifecycleConfiguration GetBucketCORS GetBucketRequestPayment
    GetAccelerateConfiguration GetBucketOwnershipControls`,
  ],
  [
    'bucket',
    'admin',
    `CreateBucket DeleteBucket PutBucketTagging PutBucketVersioning PutBucketObjectLockConfiguration PutEncryptionConfiguration
    PutLifecycleConfiguration PutBucketCORS PutBucketRequestPayment PutAccelerateConfiguration PutBucketOwnershipControls
    GetBucketAcl PutBucketAcl GetBucketPolicy PutBucketPolicy DeleteBucketPolicy GetBucketPolicyStatus
    GetBucketPublicAccessBlock PutBucketPublicAccessBlock GetBucketLogging PutBucketLogging GetBucketNotification
    PutBucketNotification GetBucketWebsite PutBucketWebsite DeleteBucketWebsite GetReplicationConfiguration
    PutReplicationConfiguration GetAnalyticsConfiguration PutAnalyticsConfiguration GetInventoryConfiguration
    PutInventoryConfiguration GetMetricsConfiguration PutMetricsConfiguration GetIntelligentTieringConfiguration
    PutIntelligentTieringConfiguration GetBucketAbac PutBucketAbac TagResource UntagResource ListTagsForResource`,
  ],
  [
    'object',
    'read',
    `GetObject GetObjectVersion GetObjectAttributes GetObjectVersionAttributes GetObjectTagging GetObjectVersionTagging
    GetObjectAcl GetObjectVersionAcl GetObjectRetention GetObjectLegalHold GetObjectTorrent GetObjectVersionTorrent
    GetObjectVersionForReplication ListMultipartUploadParts`,
  ],
  [
    'object',
    'write',
    `PutObject DeleteObject DeleteObjectVersion AbortMultipartUpload PutObjectTagging PutObjectVersionTagging
    DeleteObjectTagging DeleteObjectVersionTagging PutObjectRetention PutObjectLegalHold RestoreObject`,
  ],
  [
    'object',
    'admin',
    `PutObjectAcl PutObjectVersionAcl BypassGovernanceRetention ObjectOwnerOverrideToBucketOwner ReplicateObject
    ReplicateDelete ReplicateTags UpdateObjectEncryption`,
  ],
]

/** By the name in lower case, with its prefix. */
const table: ReadonlyMap<string, S3ActionKind> = new Map(
  rows.flatMap(([on, level, names]) =>
    names.split(/\s+/).map((name) => {
      const isChange = !/^(Get|List)/.test(name)
      return [`s3:${name.toLowerCase()}`, { on, level, isChange }] as const
    }),
  ),
)

/** `action`: `s3:GetObject`; letters of either case. `undefined`: S3 has no such action. */
export function s3ActionKind(action: string): S3ActionKind | undefined {
  return table.get(action.toLowerCase())
}

/** In lower case. */
export const s3ActionNames: readonly string[] = [...table.keys()]
