// The names of whole access control lists, and what they stand for. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html#canned-acl

import type { AccessControlPolicy, Grant, Owner, Permission } from '../documents/access-control-policy.ts'
import { allUsers, authenticatedUsers, logDelivery } from '../documents/grantee.ts'
import type { Grantee } from '../documents/grantee.ts'
import { S3Error } from '../s3-error.ts'

const cannedAcls = [
  'private',
  'public-read',
  'public-read-write',
  'authenticated-read',
  'aws-exec-read',
  'bucket-owner-read',
  'bucket-owner-full-control',
  'log-delivery-write',
] as const
export type CannedAcl = (typeof cannedAcls)[number]

/** The header `x-amz-acl`. @throws S3Error `InvalidArgument`. */
export function parseCannedAcl(header: string): CannedAcl {
  const canned = cannedAcls.find((candidate) => candidate === header)
  if (canned !== undefined) return canned
  throw new S3Error('InvalidArgument', undefined, {
    fields: { ArgumentName: 'x-amz-acl', ArgumentValue: header },
  })
}

/** Amazon EC2, to which aws-exec-read gives. */
const exec = '6aa5a366c34c1cbe25dc49211496e913e0351eb0e8c37aa3477e40942ec6b97c'

/**
 * What a canned ACL stands for. `bucketOwner`: of the bucket in which an object lies; the two ACLs that name it are `private` for a
 * bucket itself, where it is absent.
 */
export function aclOf(canned: CannedAcl, owner: Owner, bucketOwner?: Owner): AccessControlPolicy {
  return { owner, grants: [grantTo(userOf(owner), 'FULL_CONTROL'), ...cannedGrants(canned, owner, bucketOwner)] }
}

function cannedGrants(canned: CannedAcl, owner: Owner, bucketOwner: Owner | undefined): readonly Grant[] {
  switch (canned) {
    case 'private':
      return []
    case 'public-read':
      return [grantTo(groupOf(allUsers), 'READ')]
    case 'public-read-write':
      return [grantTo(groupOf(allUsers), 'READ'), grantTo(groupOf(allUsers), 'WRITE')]
    case 'authenticated-read':
      return [grantTo(groupOf(authenticatedUsers), 'READ')]
    case 'aws-exec-read':
      return [grantTo({ type: 'CanonicalUser', id: exec }, 'READ')]
    case 'bucket-owner-read':
    case 'bucket-owner-full-control':
      if (bucketOwner === undefined || bucketOwner.id === owner.id) return []
      return [grantTo(userOf(bucketOwner), canned === 'bucket-owner-read' ? 'READ' : 'FULL_CONTROL')]
    case 'log-delivery-write':
      return [grantTo(groupOf(logDelivery), 'WRITE'), grantTo(groupOf(logDelivery), 'READ_ACP')]
  }
}

function grantTo(grantee: Grantee, permission: Permission): Grant {
  return { grantee, permission }
}

function userOf({ id, displayName }: Owner): Grantee {
  return displayName === undefined ? { type: 'CanonicalUser', id } : { type: 'CanonicalUser', id, displayName }
}

function groupOf(uri: string): Grantee {
  return { type: 'Group', uri }
}
