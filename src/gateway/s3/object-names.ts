// Versions and entity tags, as requests name them and answers show them.

import { parseVersionId } from '../../base/ids.ts'
import type { VersionId } from '../../base/ids.ts'
import type { ObjectInfo } from '../../master/object-service.ts'
import type { VersionName } from '../../meta/contract/version-metadata.ts'
import type { BucketState } from './bucket-cache.ts'
import { S3Error } from './s3-error.ts'

const keyBytesMax = 1024

/** @throws S3Error `KeyTooLongError`. */
export function checkKey(key: string): void {
  if (key.length * 3 <= keyBytesMax) return // a UTF-16 unit has at most three bytes in UTF-8
  const size = Buffer.byteLength(key)
  if (size <= keyBytesMax) return
  throw new S3Error('KeyTooLongError', undefined, {
    fields: { Size: String(size), MaxSizeAllowed: String(keyBytesMax) },
  })
}

/** `undefined`: none is named. @throws S3Error `InvalidArgument`. */
export function parseVersionName(text: string | undefined, argument = 'versionId'): VersionName | undefined {
  if (text === undefined) return undefined
  if (text === 'null') return text
  const version = parseVersionId(text)
  if (version !== undefined) return version
  const message = text === '' ? 'Version id cannot be the empty string' : 'Invalid version id specified'
  throw new S3Error('InvalidArgument', message, { fields: { ArgumentName: argument, ArgumentValue: text } })
}

/** What clients call a version. */
export function versionNameOf(info: { readonly isVersioned: boolean; readonly version: VersionId }): VersionName {
  return info.isVersioned ? info.version : 'null'
}

/** Only where the bucket keeps versions, or did; `addNewVersionHeader` is for what a request has just stored. */
export function addVersionHeader(headers: string[], state: BucketState | undefined, info: ObjectInfo): void {
  if (info.isVersioned || state?.hasVersions === true) headers.push('x-amz-version-id', versionNameOf(info))
}

/** A bucket whose versioning is suspended tells no version of what is put into it, as one without. */
export function addNewVersionHeader(headers: string[], info: ObjectInfo): void {
  if (info.isVersioned) headers.push('x-amz-version-id', versionNameOf(info))
}

export function quoted(etag: string): string {
  return `"${etag}"`
}

export function noSuchKey(key: string): S3Error {
  return new S3Error('NoSuchKey', undefined, { fields: { Key: key } })
}

export function noSuchVersion(key: string, version: string): S3Error {
  return new S3Error('NoSuchVersion', undefined, { fields: { Key: key, VersionId: version } })
}
