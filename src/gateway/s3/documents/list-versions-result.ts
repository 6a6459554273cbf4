// A listing of all versions of a bucket's objects, delete markers among them.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectVersions.html

import { XmlWriter } from '../xml/xml-writer.ts'
import { writeCommonPrefixes, writeOwner } from './listed.ts'
import { writeChecksumAlgorithms } from './list-objects-result.ts'
import type { ListedObject } from './list-objects-result.ts'
import { formatTimestamp } from './timestamps.ts'
import { keyWriter } from './url-encoding.ts'
import type { EncodingType } from './url-encoding.ts'

export interface ListedVersion extends ListedObject {
  readonly isDeleteMarker?: false
  /** `null` for the null version. */
  readonly versionId: string
  readonly isLatest: boolean
}

export interface ListedDeleteMarker extends Pick<ListedObject, 'key' | 'modifiedMs' | 'owner'> {
  readonly isDeleteMarker: true
  readonly versionId: string
  readonly isLatest: boolean
}

export interface ListVersionsResult {
  readonly bucket: string
  readonly prefix: string
  readonly keyMarker: string
  readonly versionIdMarker: string
  readonly nextKeyMarker?: string | undefined
  readonly nextVersionIdMarker?: string | undefined
  readonly maxKeys: number
  readonly delimiter?: string | undefined
  readonly encodingType?: EncodingType | undefined
  readonly isTruncated: boolean
  /** In the order of the listing: by key, the newest first. */
  readonly versions: readonly (ListedVersion | ListedDeleteMarker)[]
  readonly commonPrefixes: readonly string[]
}

export function writeListVersionsResult(result: ListVersionsResult): string {
  const writer = new XmlWriter('ListVersionsResult')
  const written = keyWriter(result.encodingType)
  writer.element('Name', result.bucket)
  writer.element('Prefix', written(result.prefix))
  writer.element('KeyMarker', written(result.keyMarker))
  writer.element('VersionIdMarker', result.versionIdMarker)
  if (result.nextKeyMarker !== undefined) writer.element('NextKeyMarker', written(result.nextKeyMarker))
  writer.optional('NextVersionIdMarker', result.nextVersionIdMarker)
  writer.number('MaxKeys', result.maxKeys)
  if (result.delimiter !== undefined && result.delimiter !== '') writer.element('Delimiter', written(result.delimiter))
  writer.optional('EncodingType', result.encodingType)
  writer.boolean('IsTruncated', result.isTruncated)
  for (const version of result.versions) writeVersion(writer, version, written)
  writeCommonPrefixes(writer, result.commonPrefixes, written)
  return writer.finish()
}

function writeVersion(
  writer: XmlWriter,
  version: ListedVersion | ListedDeleteMarker,
  written: (key: string) => string,
): void {
  const name = version.isDeleteMarker === true ? 'DeleteMarker' : 'Version'
  writer.open(name)
  writer.element('Key', written(version.key))
  writer.element('VersionId', version.versionId)
  writer.boolean('IsLatest', version.isLatest)
  writer.element('LastModified', formatTimestamp(version.modifiedMs))
  if (version.isDeleteMarker === true) {
    writeOwner(writer, 'Owner', version.owner)
  } else {
    writer.etag(version.etag)
    writeChecksumAlgorithms(writer, version)
    writer.number('Size', version.sizeBytes)
    writeOwner(writer, 'Owner', version.owner)
    writer.element('StorageClass', version.storageClass)
  }
  writer.close(name)
}
