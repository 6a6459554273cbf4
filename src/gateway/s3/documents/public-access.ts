// The settings that keep a bucket from becoming public by mistake, and whose the objects in it are.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutPublicAccessBlock.html,
// .../API_PutBucketOwnershipControls.html, .../API_GetBucketPolicyStatus.html

import type { Content, ValueOf } from './shape/content.ts'
import { mapContent } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { many, optional, record, required } from './shape/record.ts'
import { choice, flag } from './shape/scalars.ts'

export interface PublicAccessBlock {
  /** Requests that would set a public ACL are refused. */
  readonly blockPublicAcls: boolean
  /** Public ACLs that are there count as if they were not. */
  readonly ignorePublicAcls: boolean
  /** Requests that would set a public policy are refused. */
  readonly blockPublicPolicy: boolean
  /** Only the owner's own users may use a bucket with a public policy. */
  readonly restrictPublicBuckets: boolean
}

const publicAccess: Content<PublicAccessBlock> = mapContent(
  record({
    blockPublicAcls: optional('BlockPublicAcls', flag),
    ignorePublicAcls: optional('IgnorePublicAcls', flag),
    blockPublicPolicy: optional('BlockPublicPolicy', flag),
    restrictPublicBuckets: optional('RestrictPublicBuckets', flag),
  }),
  {
    read: (given) => ({
      blockPublicAcls: given.blockPublicAcls ?? false,
      ignorePublicAcls: given.ignorePublicAcls ?? false,
      blockPublicPolicy: given.blockPublicPolicy ?? false,
      restrictPublicBuckets: given.restrictPublicBuckets ?? false,
    }),
    write: (value) => value,
  },
)

export const publicAccessBlock = s3Document<PublicAccessBlock>({
  root: 'PublicAccessBlockConfiguration',
  content: publicAccess,
})

const objectOwnership = choice('BucketOwnerEnforced', 'BucketOwnerPreferred', 'ObjectWriter')
export type ObjectOwnership = ValueOf<typeof objectOwnership>

const controls = record({
  rules: many('Rule', record({ objectOwnership: required('ObjectOwnership', objectOwnership) }), { min: 1, max: 1 }),
})
export type OwnershipControls = ValueOf<typeof controls>

export const ownershipControls = s3Document<OwnershipControls>({ root: 'OwnershipControls', content: controls })

const status = record({ isPublic: required('IsPublic', flag) })
export type PolicyStatus = ValueOf<typeof status>

export const policyStatus = s3Document<PolicyStatus>({ root: 'PolicyStatus', content: status })
