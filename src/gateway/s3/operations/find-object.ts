// Finds the object, or the version of it, that a call is about, and asks leave for the call by what is there.

import type { ObjectInfo } from '../../../master/object-service.ts'
import type { S3RequestFacts } from '../../policy/s3-conditions.ts'
import type { S3RequestShape } from '../../policy/s3-operations.ts'
import { formatHttpDate } from '../../http/http-date.ts'
import { aclOf } from '../object-acl.ts'
import { noSuchKey, noSuchVersion, parseVersionName, versionNameOf } from '../object-names.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'

/**
 * `facts`: what the body says for conditions of policies.
 * @throws S3Error `NoSuchKey`, `NoSuchVersion`, `MethodNotAllowed` (a delete marker), `AccessDenied`.
 */
export async function findForRead(
  call: S3Call,
  parts: S3Parts,
  shape: S3RequestShape = {},
  facts: Partial<S3RequestFacts> = {},
): Promise<ObjectInfo> {
  const { bucket, key, query } = call
  const version = parseVersionName(query.get('versionId'))
  const info = await parts.objects.find({ bucket, key, ...(version === undefined ? {} : { version }) })
  if (info === undefined) throw notFound(call, parts, undefined, { shape, facts })
  const hasVersionId = version !== undefined
  parts.access.authorize(call, { ...shape, hasVersionId }, { acl: aclOf(info), tags: info.tags, facts })
  if (info.isDeleteMarker) throw notFound(call, parts, info)
  call.notes.objectBytes = info.sizeBytes
  return info
}

/** Who may not list the bucket is not told what is not there. `marker`: the delete marker that was found. */
export function notFound(
  call: S3Call,
  parts: S3Parts,
  marker: ObjectInfo | undefined,
  { shape = {}, facts = {} }: { readonly shape?: S3RequestShape; readonly facts?: Partial<S3RequestFacts> } = {},
): S3Error {
  const { key, query, state } = call
  const version = query.get('versionId')
  if (marker === undefined) {
    // Nothing has no list: who may read that of the bucket by its list reads there that it is not in it.
    const acl = state?.bytes('acl')
    parts.access.authorize(call, { ...shape, hasVersionId: version !== undefined }, { acl, facts })
    if (!parts.access.isAllowed(call, { action: 's3:ListBucket', state })) return new S3Error('AccessDenied')
    return version === undefined ? noSuchKey(key) : noSuchVersion(key, version)
  }
  const headers: Record<string, string> = {
    'x-amz-delete-marker': 'true',
    'x-amz-version-id': versionNameOf(marker),
    'Last-Modified': formatHttpDate(marker.modifiedMs),
  }
  if (version === undefined) return new S3Error('NoSuchKey', undefined, { fields: { Key: key }, headers })
  return new S3Error('MethodNotAllowed', undefined, {
    fields: { Method: call.exchange.method, ResourceType: 'DeleteMarker' },
    headers: { ...headers, Allow: 'DELETE' },
  })
}
