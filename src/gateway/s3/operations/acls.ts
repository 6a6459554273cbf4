// ACLs of buckets and objects. https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAcl.html, .../API_PutObjectAcl.html

import type { ObjectInfo } from '../../../master/object-service.ts'
import { bucketAclOf, ownershipOf } from '../bucket-access.ts'
import { accessControlPolicy } from '../documents/access-control-policy.ts'
import { checkAcl, receiveAcl } from '../new-acl.ts'
import { aclField, aclOf as storedAclOf } from '../object-acl.ts'
import { addVersionHeader } from '../object-names.ts'
import { bucketOwnerOf, ownerOf } from '../owners.ts'
import { aclOf } from '../rules/canned-acls.ts'
import type { BucketCall, S3Parts } from '../s3-call.ts'
import { sendNothing, xmlHeaders } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { changeSetting } from './bucket-settings.ts'
import { changeObject } from './change-object.ts'
import { findForRead } from './find-object.ts'

export async function getBucketAcl(call: BucketCall, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const acl = await parts.owners.named(bucketAclOf(call.state))
  call.exchange.send(200, [...xmlHeaders], accessControlPolicy.write(acl))
}

export async function putBucketAcl(call: BucketCall, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const acl = await receiveAcl(call, parts, { owner: bucketOwnerOf(call.state) })
  checkAcl(acl, call.state)
  if (ownershipOf(call.state) !== 'BucketOwnerEnforced')
    await changeSetting(call, parts, 'acl', accessControlPolicy.encode(acl))
  sendNothing(call, 200)
}

export async function getObjectAcl(call: BucketCall, parts: S3Parts): Promise<void> {
  const info = await findForRead(call, parts)
  const isEnforced = ownershipOf(call.state) === 'BucketOwnerEnforced'
  const stored = isEnforced ? undefined : storedAclOf(info)
  const owner = isEnforced ? bucketOwnerOf(call.state) : ownerOf(info, call.state)
  const acl = stored === undefined ? aclOf('private', owner) : accessControlPolicy.decode(stored)
  const headers = [...xmlHeaders]
  addVersionHeader(headers, call.state, info)
  call.exchange.send(200, headers, accessControlPolicy.write(await parts.owners.named(acl)))
}

export async function putObjectAcl(call: BucketCall, parts: S3Parts): Promise<void> {
  const { state, exchange } = call
  const info = await findForRead(call, parts)
  const isEnforced = ownershipOf(state) === 'BucketOwnerEnforced'
  const owner = isEnforced ? bucketOwnerOf(state) : ownerOf(info, state)
  const acl = await receiveAcl(call, parts, { owner, bucketOwner: bucketOwnerOf(state) })
  checkAcl(acl, state)
  let changed: ObjectInfo = info
  if (!isEnforced) {
    const extra = { [aclField]: accessControlPolicy.encode(acl) }
    changed = await changeObject(call, parts, info, { extra, event: 's3:ObjectAcl:Put' })
  }
  if (changed.isDeleteMarker) throw new S3Error('NoSuchKey')
  const headers: string[] = []
  addVersionHeader(headers, state, changed)
  exchange.send(200, headers, undefined)
}
