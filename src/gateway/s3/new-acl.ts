// The ACL that a request sets: by its name (x-amz-acl), by grants in headers, or as a document.
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/acl-overview.html

import { ownershipOf, publicAccessOf } from './bucket-access.ts'
import type { BucketState } from './bucket-cache.ts'
import { accessControlPolicy, parseGrantHeaders } from './documents/access-control-policy.ts'
import type { AccessControlPolicy, Owner } from './documents/access-control-policy.ts'
import type { ObjectOwnership } from './documents/public-access.ts'
import { bucketOwnerOf } from './owners.ts'
import { receiveDocument } from './receive-body.ts'
import { checkNewAcl } from './rules/acl.ts'
import { aclOf, parseCannedAcl } from './rules/canned-acls.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'

const documentBytesMax = 256 * 1024

export interface AclTarget {
  readonly owner: Owner
  /** Of the bucket in which the object lies; absent: the list is that of a bucket. */
  readonly bucketOwner?: Owner | undefined
}

/** `undefined`: the headers say nothing of one. @throws S3Error `InvalidRequest`, `InvalidArgument`. */
function aclOfHeaders({ headers }: S3Call, target: AclTarget): AccessControlPolicy | undefined {
  const canned = headerOf(headers, 'x-amz-acl')
  const grants = parseGrantHeaders(headers)
  if (canned !== undefined && grants !== undefined)
    throw new S3Error('InvalidRequest', 'Specifying both Canned ACLs and Header Grants is not allowed')
  if (grants !== undefined) return { owner: target.owner, grants }
  return canned === undefined ? undefined : aclOf(parseCannedAcl(canned), target.owner, target.bucketOwner)
}

/**
 * Of a new bucket; `undefined`: nobody but its owner. @throws S3Error as `aclOfHeaders`, `InvalidBucketAclWithObjectOwnership`.
 */
export async function newBucketAcl(
  call: S3Call,
  parts: S3Parts,
  { owner, ownership }: { readonly owner: Owner; readonly ownership: ObjectOwnership },
): Promise<Uint8Array | undefined> {
  const acl = aclOfHeaders(call, { owner })
  if (acl === undefined || headerOf(call.headers, 'x-amz-acl') === 'private') return undefined
  if (ownership === 'BucketOwnerEnforced') throw new S3Error('InvalidBucketAclWithObjectOwnership')
  await parts.owners.check(acl)
  return accessControlPolicy.encode(acl)
}

/** Of a call that is there to set one. @throws S3Error as `aclOfHeaders`, `MalformedACLError`, `AccessDenied`. */
export async function receiveAcl(call: S3Call, parts: S3Parts, target: AclTarget): Promise<AccessControlPolicy> {
  const given = aclOfHeaders(call, target)
  if (given !== undefined) await parts.owners.check(given)
  const bytes = await receiveDocument(call, parts, documentBytesMax)
  if (given !== undefined) {
    if (bytes.length > 0) {
      throw new S3Error(
        'UnexpectedContent',
        'This request does not support content: the ACL stands in its headers already.',
      )
    }
    return given
  }
  if (bytes.length === 0) {
    throw new S3Error('MissingSecurityHeader', undefined, { fields: { MissingHeaderName: 'x-amz-acl' } })
  }
  const acl = accessControlPolicy.parse(bytes)
  if (acl.owner.id !== target.owner.id) throw new S3Error('AccessDenied')
  await parts.owners.check(acl)
  return acl
}

/** @throws S3Error `AccessControlListNotSupported`, `AccessDenied`. */
export function checkAcl(acl: AccessControlPolicy, state: BucketState): void {
  checkNewAcl(acl, {
    owner: bucketOwnerOf(state),
    ownership: ownershipOf(state),
    publicAccessBlock: publicAccessOf(state),
  })
}

/**
 * What is stored with a new object, where the request gives it a list and its bucket has lists; `undefined`: nothing.
 * @throws S3Error as `aclOfHeaders` and `checkAcl`.
 */
export function newObjectAcl(call: S3Call, owner: Owner): Uint8Array | undefined {
  const { state } = call
  if (state === undefined) return undefined
  const bucketOwner = bucketOwnerOf(state)
  const isEnforced = ownershipOf(state) === 'BucketOwnerEnforced'
  // `private` is what an object has here anyway, whoever wrote it: many clients send it always.
  if (isEnforced && headerOf(call.headers, 'x-amz-acl') === 'private') return undefined
  const given = aclOfHeaders(call, { owner: isEnforced ? bucketOwner : owner, bucketOwner })
  // What is somebody else's than the bucket's owner has a list that says so: he reads it by that.
  const acl = given ?? (isEnforced || owner.id === bucketOwner.id ? undefined : aclOf('private', owner))
  if (acl === undefined) return undefined
  checkAcl(acl, state)
  return isEnforced ? undefined : accessControlPolicy.encode(acl)
}
