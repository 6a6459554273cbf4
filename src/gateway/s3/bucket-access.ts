// What a bucket's own settings say about access, beside its policy: whose its objects are, ACLs, and the block of public access. Where a
// bucket says nothing, its owner owns all in it and ACLs are closed (`BucketOwnerEnforced`), as with AWS since 2023.
// Sources: https://docs.aws.amazon.com/AmazonS3/latest/userguide/about-object-ownership.html, .../acl-overview.html (which permission
// of an ACL allows which action)

import type { BucketState } from './bucket-cache.ts'
import { accessControlPolicy } from './documents/access-control-policy.ts'
import type { AccessControlPolicy } from './documents/access-control-policy.ts'
import { ownershipControls, publicAccessBlock } from './documents/public-access.ts'
import type { ObjectOwnership, PublicAccessBlock } from './documents/public-access.ts'
import { bucketOwnerOf } from './owners.ts'
import { permissionsOf } from './rules/acl.ts'
import type { AclPermission } from './rules/acl.ts'
import { aclOf } from './rules/canned-acls.ts'

export function publicAccessOf(state: BucketState): PublicAccessBlock | undefined {
  return state.setting('public-access-block', publicAccessBlock)
}

export function ownershipOf(state: BucketState): ObjectOwnership {
  return state.setting('ownership', ownershipControls)?.rules[0]?.objectOwnership ?? 'BucketOwnerEnforced'
}

/** Of the bucket itself. */
export function bucketAclOf(state: BucketState): AccessControlPolicy {
  const owner = bucketOwnerOf(state)
  if (ownershipOf(state) === 'BucketOwnerEnforced') return aclOf('private', owner)
  return state.setting('acl', accessControlPolicy) ?? aclOf('private', owner)
}

/** Which permission on which list allows an action; others no ACL allows. */
const permissionOfAction: ReadonlyMap<string, readonly ['bucket' | 'object', AclPermission]> = new Map([
  ['s3:ListBucket', ['bucket', 'READ']],
  ['s3:ListBucketVersions', ['bucket', 'READ']],
  ['s3:ListBucketMultipartUploads', ['bucket', 'READ']],
  ['s3:PutObject', ['bucket', 'WRITE']],
  ['s3:DeleteObject', ['bucket', 'WRITE']],
  ['s3:GetBucketAcl', ['bucket', 'READ_ACP']],
  ['s3:PutBucketAcl', ['bucket', 'WRITE_ACP']],
  ['s3:GetObject', ['object', 'READ']],
  ['s3:GetObjectVersion', ['object', 'READ']],
  ['s3:GetObjectAcl', ['object', 'READ_ACP']],
  ['s3:GetObjectVersionAcl', ['object', 'READ_ACP']],
  ['s3:PutObjectAcl', ['object', 'WRITE_ACP']],
  ['s3:PutObjectVersionAcl', ['object', 'WRITE_ACP']],
])

export interface AclQuestion {
  /** As AWS names it. */
  readonly action: string
  /** As it is stored with the object; absent: there is none, or no object. */
  readonly acl: Uint8Array | undefined
  /** Absent: nobody signed. */
  readonly canonicalId: string | undefined
  /** The request makes the object. */
  readonly isNewObject?: boolean
}

export function aclAllows(state: BucketState, { action, acl, canonicalId, isNewObject }: AclQuestion): boolean {
  const needed = permissionOfAction.get(action)
  if (needed === undefined || ownershipOf(state) === 'BucketOwnerEnforced') return false
  // Who may make an object here owns it: the list that he could give it by the next request, he may give it with the first one.
  if (isNewObject === true && action === 's3:PutObjectAcl') return canonicalId !== undefined
  const [of, permission] = needed
  const list = of === 'bucket' ? bucketAclOf(state) : acl === undefined ? undefined : accessControlPolicy.decode(acl)
  if (list === undefined) return false
  const ignorePublic = publicAccessOf(state)?.ignorePublicAcls === true
  return permissionsOf(list, { canonicalId }, { ignorePublic }).has(permission)
}
