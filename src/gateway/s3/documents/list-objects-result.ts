// Listings of a bucket's objects, in both versions of the call.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjects.html, .../API_ListObjectsV2.html

import type { ChecksumAlgorithm, ChecksumType } from '../checksums.ts'
import { checksumKind } from '../checksums.ts'
import { XmlWriter } from '../xml/xml-writer.ts'
import type { Owner } from './access-control-policy.ts'
import { writeCommonPrefixes, writeOwner } from './listed.ts'
import { formatTimestamp } from './timestamps.ts'
import { keyWriter } from './url-encoding.ts'
import type { EncodingType } from './url-encoding.ts'

export interface ListedObject {
  readonly key: string
  readonly modifiedMs: number
  /** Without quotes. */
  readonly etag: string
  readonly sizeBytes: number
  readonly storageClass: string
  /** V1 always tells it, V2 where it was asked for. */
  readonly owner?: Owner | undefined
  readonly checksumAlgorithms?: readonly ChecksumAlgorithm[] | undefined
  readonly checksumType?: ChecksumType | undefined
}

interface Listing {
  readonly bucket: string
  readonly prefix: string
  readonly delimiter?: string | undefined
  readonly maxKeys: number
  readonly encodingType?: EncodingType | undefined
  readonly isTruncated: boolean
  readonly contents: readonly ListedObject[]
  readonly commonPrefixes: readonly string[]
}

export interface ListObjectsResult extends Listing {
  readonly marker: string
  /** The last key or common prefix of the page. It is told only where there is a delimiter and more to come, as with AWS. */
  readonly nextMarker?: string | undefined
}

export function writeListObjectsResult(result: ListObjectsResult): string {
  const writer = new XmlWriter('ListBucketResult')
  const written = keyWriter(result.encodingType)
  writer.element('Name', result.bucket)
  writer.element('Prefix', written(result.prefix))
  writer.element('Marker', written(result.marker))
  if (result.isTruncated && isGiven(result.delimiter) && result.nextMarker !== undefined) {
    writer.element('NextMarker', written(result.nextMarker))
  }
  writer.number('MaxKeys', result.maxKeys)
  writeRest(writer, result)
  return writer.finish()
}

export interface ListObjectsV2Result extends Listing {
  readonly startAfter?: string | undefined
  /** As the client sent it. */
  readonly continuationToken?: string | undefined
  readonly nextContinuationToken?: string | undefined
}

export function writeListObjectsV2Result(result: ListObjectsV2Result): string {
  const writer = new XmlWriter('ListBucketResult')
  const written = keyWriter(result.encodingType)
  writer.element('Name', result.bucket)
  writer.element('Prefix', written(result.prefix))
  if (isGiven(result.startAfter)) writer.element('StartAfter', written(result.startAfter))
  writer.optional('ContinuationToken', result.continuationToken)
  writer.optional('NextContinuationToken', result.nextContinuationToken)
  writer.number('KeyCount', result.contents.length + result.commonPrefixes.length)
  writer.number('MaxKeys', result.maxKeys)
  writeRest(writer, result)
  return writer.finish()
}

function writeRest(writer: XmlWriter, listing: Listing): void {
  const written = keyWriter(listing.encodingType)
  if (isGiven(listing.delimiter)) writer.element('Delimiter', written(listing.delimiter))
  writer.optional('EncodingType', listing.encodingType)
  writer.boolean('IsTruncated', listing.isTruncated)
  for (const object of listing.contents) {
    writer.open('Contents')
    writer.element('Key', written(object.key))
    writer.element('LastModified', formatTimestamp(object.modifiedMs))
    writer.etag(object.etag)
    writeChecksumAlgorithms(writer, object)
    writer.number('Size', object.sizeBytes)
    writeOwner(writer, 'Owner', object.owner)
    writer.element('StorageClass', object.storageClass)
    writer.close('Contents')
  }
  writeCommonPrefixes(writer, listing.commonPrefixes, written)
}

export function writeChecksumAlgorithms(
  writer: XmlWriter,
  object: Pick<ListedObject, 'checksumAlgorithms' | 'checksumType'>,
): void {
  if (object.checksumAlgorithms === undefined) return
  for (const algorithm of object.checksumAlgorithms) writer.element('ChecksumAlgorithm', checksumKind(algorithm).name)
  if (object.checksumAlgorithms.length > 0) writer.optional('ChecksumType', object.checksumType)
}

function isGiven(text: string | undefined): text is string {
  return text !== undefined && text !== ''
}
