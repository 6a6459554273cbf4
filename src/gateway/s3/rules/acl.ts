// What access control lists allow, and which of them are public. Pure.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html,
// .../access-control-block-public-access.html ("The meaning of public"), .../about-object-ownership.html

import type { AccessControlPolicy, Grant, Owner, Permission } from '../documents/access-control-policy.ts'
import { allUsers, authenticatedUsers, logDelivery } from '../documents/grantee.ts'
import type { Grantee } from '../documents/grantee.ts'
import type { ObjectOwnership, PublicAccessBlock } from '../documents/public-access.ts'
import { S3Error } from '../s3-error.ts'

/** Who asks. */
export interface AclSubject {
  /** `undefined`: nobody, an anonymous request. */
  readonly canonicalId: string | undefined
  /** The server's own delivery of access logs. */
  readonly isLogDelivery?: boolean
}

export interface AclOptions {
  /** Public grants count as if they were not (`IgnorePublicAcls`). */
  readonly ignorePublic?: boolean
}

export type AclPermission = Exclude<Permission, 'FULL_CONTROL'>

const everything: ReadonlySet<AclPermission> = new Set(['READ', 'WRITE', 'READ_ACP', 'WRITE_ACP'])

/** What the list allows somebody. Its owner may always read and write the list itself. */
export function permissionsOf(
  acl: AccessControlPolicy,
  subject: AclSubject,
  options: AclOptions = {},
): ReadonlySet<AclPermission> {
  const allowed = new Set<AclPermission>()
  if (subject.canonicalId !== undefined && subject.canonicalId === acl.owner.id) {
    allowed.add('READ_ACP')
    allowed.add('WRITE_ACP')
  }
  for (const grant of acl.grants) {
    if (options.ignorePublic === true && isPublicGrant(grant)) continue
    if (!isMeant(grant.grantee, subject)) continue
    if (grant.permission === 'FULL_CONTROL') return everything
    allowed.add(grant.permission)
  }
  return allowed
}

function isMeant(grantee: Grantee, subject: AclSubject): boolean {
  if (grantee.type === 'CanonicalUser') return grantee.id === subject.canonicalId
  switch (grantee.uri) {
    case allUsers:
      return true
    case authenticatedUsers:
      return subject.canonicalId !== undefined
    case logDelivery:
      return subject.isLogDelivery === true
    default:
      return false
  }
}

function isPublicGrant({ grantee }: Grant): boolean {
  return grantee.type === 'Group' && (grantee.uri === allUsers || grantee.uri === authenticatedUsers)
}

/** Whether it gives anything to everybody, or to everybody with an account. */
export function isPublicAcl(acl: Pick<AccessControlPolicy, 'grants'>): boolean {
  return acl.grants.some(isPublicGrant)
}

/**
 * Whether a new list may be set, on a bucket or on an object in it.
 * @throws S3Error `AccessControlListNotSupported` where the bucket has no lists, `AccessDenied` where public ones are blocked.
 */
export function checkNewAcl(
  acl: AccessControlPolicy,
  bucket: {
    /** The owner of the bucket, and of everything in it where ownership is enforced. */
    readonly owner: Owner
    readonly ownership: ObjectOwnership
    readonly publicAccessBlock: PublicAccessBlock | undefined
  },
): void {
  if (bucket.ownership === 'BucketOwnerEnforced' && !givesOwnerAll(acl, bucket.owner)) {
    throw new S3Error('AccessControlListNotSupported')
  }
  if (bucket.publicAccessBlock?.blockPublicAcls === true && isPublicAcl(acl)) throw new S3Error('AccessDenied')
}

/** The one list that a bucket without lists takes: full control for its owner and nothing else. */
function givesOwnerAll({ grants }: AccessControlPolicy, owner: Owner): boolean {
  return (
    grants.length > 0 &&
    grants.every(
      ({ grantee, permission }) =>
        grantee.type === 'CanonicalUser' && grantee.id === owner.id && permission === 'FULL_CONTROL',
    )
  )
}
