// DeleteObject: hides an object behind a delete marker, or removes a version for good.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html

import { causeOf } from '../change-cause.ts'
import { parseVersionName, versionNameOf } from '../object-names.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendNothing } from '../s3-call.ts'
import { canonicalIdOf } from '../sender.ts'
import { conditionally, deleteConditionOf } from '../write-conditions.ts'
import type { WriteCondition } from '../../../master/file-service.ts'
import type { VersionName } from '../../../meta/contract/version-metadata.ts'

export async function handleDeleteObject(call: S3Call, parts: S3Parts): Promise<void> {
  const { headers, query, key } = call
  const version = parseVersionName(query.get('versionId'))
  const bypassesGovernance = asksBypass(headers)
  parts.access.authorize(call, { hasVersionId: version !== undefined, bypassesGovernance })
  const condition = deleteConditionOf(headers)
  const deleted = await deleteOne(call, parts, { key, version, condition, bypassesGovernance })
  const answer: string[] = []
  if (deleted.isMarker) answer.push('x-amz-delete-marker', 'true')
  if (deleted.version !== undefined) answer.push('x-amz-version-id', deleted.version)
  sendNothing(call, 204, answer)
}

export function asksBypass(headers: S3Call['headers']): boolean {
  return String(headers['x-amz-bypass-governance-retention']).toLowerCase() === 'true'
}

export interface ToDelete {
  readonly key: string
  readonly version: VersionName | undefined
  readonly condition: WriteCondition | undefined
  readonly bypassesGovernance: boolean
}

export interface Deleted {
  /** Of what was removed, or of the delete marker that was made. `undefined`: the bucket keeps none. */
  readonly version: VersionName | undefined
  /** Whether that is a delete marker. */
  readonly isMarker: boolean
}

/** What is not there is deleted already. @throws S3Error, FrostError: `object-locked`, … */
export async function deleteOne(call: S3Call, parts: S3Parts, what: ToDelete): Promise<Deleted> {
  const { bucket } = call
  const { key, version, condition, bypassesGovernance } = what
  const name = { bucket, key, ...(version === undefined ? {} : { version }) }
  const cause = causeOf(call, parts, 's3:ObjectRemoved:Delete', key)
  return await conditionally(parts.objects, { name, condition, isDelete: true }, async () => {
    if (version === undefined) {
      const { marker } = await parts.objects.remove({
        bucket,
        key,
        condition,
        owner: canonicalIdOf(call.sender),
        cause,
      })
      return { version: marker === undefined ? undefined : versionNameOf(marker), isMarker: marker !== undefined }
    }
    const removed = await parts.objects.removeVersion({
      bucket,
      key,
      version,
      ...(bypassesGovernance ? { bypassGovernance: true } : {}),
      ...(condition === undefined ? {} : { condition }),
      ...(cause === undefined ? {} : { cause }),
    })
    return { version, isMarker: removed?.isDeleteMarker === true }
  })
}
