// The source of a copy: the header x-amz-copy-source, and the conditions that it must meet.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html

import type { ObjectInfo } from '../../master/object-service.ts'
import type { VersionName } from '../../meta/contract/version-metadata.ts'
import { evaluateConditions } from '../http/conditions.ts'
import { decodeText } from '../http/request-target.ts'
import { factsOfVersion } from './access.ts'
import type { BucketState } from './bucket-cache.ts'
import { checkExpectedOwner } from './expected-owner.ts'
import { aclOf } from './object-acl.ts'
import { checkKey, noSuchKey, noSuchVersion, parseVersionName } from './object-names.ts'
import { conditionFailed } from './read-conditions.ts'
import type { S3Call, S3Parts } from './s3-call.ts'
import { headerOf } from './s3-call.ts'
import { S3Error } from './s3-error.ts'

export interface CopySource {
  readonly bucket: string
  readonly key: string
  readonly version: VersionName | undefined
}

export interface FoundSource extends CopySource {
  readonly info: ObjectInfo
  readonly state: BucketState
}

/** `bucket/key` or `/bucket/key`, percent-encoded, and `?versionId=…`. @throws S3Error `InvalidArgument`. */
function parseCopySource(header: string): CopySource {
  const mark = header.lastIndexOf('?versionId=')
  const path = decodeText((mark < 0 ? header : header.slice(0, mark)).replace(/^\//, ''), false)
  const slash = path?.indexOf('/') ?? -1
  if (path === undefined || slash < 1 || slash === path.length - 1) {
    throw new S3Error('InvalidArgument', 'Copy Source must mention the source bucket and key: sourcebucket/sourcekey', {
      fields: { ArgumentName: 'x-amz-copy-source', ArgumentValue: header },
    })
  }
  const version = parseVersionName(mark < 0 ? undefined : header.slice(mark + '?versionId='.length))
  const key = path.slice(slash + 1)
  checkKey(key)
  return { bucket: path.slice(0, slash), key, version }
}

/**
 * Finds the source and asks leave to read it. @throws S3Error `NoSuchKey`, `NoSuchVersion`, `InvalidRequest`, `AccessDenied`,
 * `PreconditionFailed`; FrostError `bucket-not-found`.
 */
export async function findSource(call: S3Call, parts: S3Parts, copiesTags: boolean): Promise<FoundSource> {
  const source = parseCopySource(headerOf(call.headers, 'x-amz-copy-source') ?? '')
  const { bucket, key, version } = source
  const state = await parts.buckets.get(bucket)
  checkExpectedOwner(call.headers, 'x-amz-source-expected-bucket-owner')
  const info = await parts.objects.find({ bucket, key, ...(version === undefined ? {} : { version }) })
  const hasTags = Object.keys(info?.tags ?? {}).length > 0
  const shape = { hasSourceVersionId: version !== undefined, copiesTags: copiesTags && hasTags }
  for (const { action, on } of parts.access.actionsOf(call, shape)) {
    if (on !== 'source') continue
    const existingTags = info?.tags === undefined ? undefined : new Map(Object.entries(info.tags))
    parts.access.check(call, {
      action,
      state,
      key,
      acl: info === undefined ? undefined : aclOf(info),
      facts: { ...factsOfVersion(call, version), ...(existingTags === undefined ? {} : { existingTags }) },
    })
  }
  if (info === undefined) {
    if (!parts.access.isAllowed(call, { action: 's3:ListBucket', state })) throw new S3Error('AccessDenied')
    throw version === undefined ? noSuchKey(key) : noSuchVersion(key, version)
  }
  if (info.isDeleteMarker) {
    if (version === undefined) throw noSuchKey(key)
    throw new S3Error(
      'InvalidRequest',
      'The source of a copy request may not specifically refer to a delete marker by version id.',
    )
  }
  checkSourceConditions(call, info, parts.clock.wallMs())
  return { ...source, info, state }
}

/** What would be 304 for a read is 412 here. */
function checkSourceConditions({ headers }: S3Call, info: ObjectInfo, nowMs: number): void {
  const given = {
    'if-match': headerOf(headers, 'x-amz-copy-source-if-match'),
    'if-none-match': headerOf(headers, 'x-amz-copy-source-if-none-match'),
    'if-modified-since': headerOf(headers, 'x-amz-copy-source-if-modified-since'),
    'if-unmodified-since': headerOf(headers, 'x-amz-copy-source-if-unmodified-since'),
  }
  if (evaluateConditions(given, info, { kind: 'read', nowMs }) === 'proceed') return
  const [first = 'if-match'] = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]))
  throw conditionFailed(`x-amz-copy-source-${first}`)
}
