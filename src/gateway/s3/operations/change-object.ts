// Changes what can be changed of a version that a call has found and has leave for: that very one, even where it is not the newest any
// more.

import { errorCode } from '../../../base/errors.ts'
import type { ObjectInfo } from '../../../master/object-service.ts'
import type { ChangeVersion } from '../../../meta/contract/version-metadata.ts'
import { causeOf } from '../change-cause.ts'
import { addVersionHeader, noSuchKey } from '../object-names.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'

interface Change extends Pick<ChangeVersion, 'tags' | 'retention' | 'legalHold' | 'extra' | 'bypassGovernance'> {
  /** Where somebody may want to be told. */
  readonly event?: string
}

/** @throws S3Error `NoSuchKey` where it has gone since; FrostError `object-locked`, `version-not-found`. */
export async function changeObject(
  call: S3Call,
  parts: S3Parts,
  info: ObjectInfo,
  { event, ...change }: Change,
): Promise<ObjectInfo> {
  const { bucket, key, query } = call
  const cause = event === undefined ? undefined : causeOf(call, parts, event)
  try {
    return await parts.objects.change({
      bucket,
      key,
      // By its own id, also where clients call it `null`: that name may be another version's by now.
      version: info.version,
      ...change,
      ...(cause === undefined ? {} : { cause }),
    })
  } catch (error) {
    if (errorCode(error) === 'version-not-found' && !query.has('versionId')) throw noSuchKey(key)
    throw error
  }
}

/** Ends the call with an answer that has no body. */
export function sendChanged({ exchange, state }: S3Call, info: ObjectInfo, status: 200 | 204): void {
  const headers: string[] = []
  addVersionHeader(headers, state, info)
  exchange.send(status, headers, undefined)
}
