// What the headers of a PutObject, a CopyObject or a CreateMultipartUpload make of an object besides its bytes: its properties, and what
// leave they take.

import type { ObjectProperties } from '../../master/object-service.ts'
import type { S3RequestShape } from '../policy/s3-operations.ts'
import { ownershipOf } from './bucket-access.ts'
import { parseTaggingHeader } from './documents/tagging.ts'
import { newObjectAcl } from './new-acl.ts'
import { aclField } from './object-acl.ts'
import { holdFieldOf, lockOf } from './object-lock.ts'
import { readStoredHeaders } from './object-properties.ts'
import { clusterId } from './owners.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { canonicalIdOf } from './sender.ts'
import { readUserMetadata } from './user-metadata.ts'

/** What the call's headers ask for, beyond the object itself. */
export function shapeOfWrite({ headers }: S3Call): S3RequestShape {
  return {
    setsAcl: setsAcl(headers),
    setsTags: headers['x-amz-tagging'] !== undefined,
    setsRetention:
      headers['x-amz-object-lock-mode'] !== undefined || headers['x-amz-object-lock-retain-until-date'] !== undefined,
    setsLegalHold: headers['x-amz-object-lock-legal-hold'] !== undefined,
  }
}

export function setsAcl(headers: S3Call['headers']): boolean {
  if (headers['x-amz-acl'] !== undefined) return headers['x-amz-acl'] !== 'private'
  for (const name in headers) if (name.startsWith('x-amz-grant-')) return true
  return false
}

/** @throws S3Error for each header that is not as it should be. */
export function propertiesOf(call: S3Call, { clock }: Pick<S3Parts, 'clock'>): ObjectProperties {
  const { headers } = call
  const contentType = headers['content-type']
  const stored = readStoredHeaders(headers)
  const userMetadata = readUserMetadata(headers)
  const tags = tagsOf(headerOf(headers, 'x-amz-tagging'))
  const lock = lockOf(call, clock.wallMs())
  const owner = newOwnerOf(call)
  const acl = newObjectAcl(call, owner === undefined ? { id: clusterId } : { id: owner })
  const extra = {
    ...(acl === undefined ? {} : { [aclField]: acl }),
    ...(headers['x-amz-object-lock-legal-hold'] === 'OFF' ? holdFieldOf('OFF') : {}),
  }
  return {
    ...(contentType === undefined || contentType === '' ? {} : { contentType }),
    ...(owner === undefined ? {} : { owner }),
    ...(stored === undefined ? {} : { headers: stored }),
    ...(userMetadata === undefined ? {} : { userMetadata }),
    ...(tags === undefined ? {} : { tags }),
    ...(lock === undefined ? {} : { lock }),
    ...(Object.keys(extra).length === 0 ? {} : { extra }),
  }
}

/** Who writes it, but where all is the bucket owner's, or the writer gives it to him. */
function newOwnerOf({ headers, state, sender }: S3Call): string | undefined {
  const bucketOwner = state?.row.owner
  const writer = canonicalIdOf(sender) ?? bucketOwner
  if (state === undefined || bucketOwner === undefined) return writer
  const ownership = ownershipOf(state)
  const isGiven = ownership === 'BucketOwnerPreferred' && headers['x-amz-acl'] === 'bucket-owner-full-control'
  return ownership === 'BucketOwnerEnforced' || isGiven ? bucketOwner : writer
}

/** `undefined`: none. @throws S3Error `InvalidArgument`, `InvalidTag`. */
function tagsOf(header: string | undefined): Readonly<Record<string, string>> | undefined {
  if (header === undefined) return undefined
  const tags = parseTaggingHeader(header)
  return tags.length === 0 ? undefined : Object.fromEntries(tags.map(({ key, value }) => [key, value]))
}
