// Answers about multipart uploads.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html, .../API_CompleteMultipartUpload.html,
// .../API_ListParts.html, .../API_ListMultipartUploads.html

import type { ChecksumAlgorithm, ChecksumType } from '../checksums.ts'
import { checksumKind } from '../checksums.ts'
import { XmlWriter } from '../xml/xml-writer.ts'
import type { Owner } from './access-control-policy.ts'
import { writeChecksums, writeCommonPrefixes, writeOwner } from './listed.ts'
import type { WrittenChecksum } from './listed.ts'
import { formatTimestamp } from './timestamps.ts'
import { keyWriter } from './url-encoding.ts'
import type { EncodingType } from './url-encoding.ts'

export interface UploadName {
  readonly bucket: string
  readonly key: string
  readonly uploadId: string
}

export function writeInitiateMultipartUploadResult({ bucket, key, uploadId }: UploadName): string {
  const writer = new XmlWriter('InitiateMultipartUploadResult')
  writer.element('Bucket', bucket)
  writer.element('Key', key)
  writer.element('UploadId', uploadId)
  return writer.finish()
}

export interface CompleteMultipartUploadResult {
  /** A URL of the object. */
  readonly location: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
  readonly checksums?: readonly WrittenChecksum[] | undefined
  readonly checksumType?: ChecksumType | undefined
}

export function writeCompleteMultipartUploadResult(result: CompleteMultipartUploadResult): string {
  const writer = new XmlWriter('CompleteMultipartUploadResult')
  writer.element('Location', result.location)
  writer.element('Bucket', result.bucket)
  writer.element('Key', result.key)
  writer.etag(result.etag)
  writeChecksums(writer, result.checksums, result.checksumType)
  return writer.finish()
}

/** Of an upload in progress: what its parts and the whole will have. */
interface UploadChecksum {
  readonly checksumAlgorithm?: ChecksumAlgorithm | undefined
  readonly checksumType?: ChecksumType | undefined
}

export interface ListPartsResult extends UploadName, UploadChecksum {
  readonly initiator?: Owner | undefined
  readonly owner?: Owner | undefined
  readonly storageClass: string
  readonly partNumberMarker: number
  readonly nextPartNumberMarker?: number | undefined
  readonly maxParts: number
  readonly isTruncated: boolean
  readonly parts: readonly {
    readonly partNumber: number
    readonly modifiedMs: number
    readonly etag: string
    readonly sizeBytes: number
    readonly checksums?: readonly WrittenChecksum[] | undefined
  }[]
}

export function writeListPartsResult(result: ListPartsResult): string {
  const writer = new XmlWriter('ListPartsResult')
  writer.element('Bucket', result.bucket)
  writer.element('Key', result.key)
  writer.element('UploadId', result.uploadId)
  writeOwner(writer, 'Initiator', result.initiator)
  writeOwner(writer, 'Owner', result.owner)
  writer.element('StorageClass', result.storageClass)
  writer.number('PartNumberMarker', result.partNumberMarker)
  writer.optional('NextPartNumberMarker', result.nextPartNumberMarker)
  writer.number('MaxParts', result.maxParts)
  writer.boolean('IsTruncated', result.isTruncated)
  writeUploadChecksum(writer, result)
  for (const part of result.parts) {
    writer.open('Part')
    writer.number('PartNumber', part.partNumber)
    writer.element('LastModified', formatTimestamp(part.modifiedMs))
    writer.etag(part.etag)
    writer.number('Size', part.sizeBytes)
    writeChecksums(writer, part.checksums, undefined)
    writer.close('Part')
  }
  return writer.finish()
}

export interface ListMultipartUploadsResult {
  readonly bucket: string
  readonly keyMarker: string
  readonly uploadIdMarker: string
  readonly nextKeyMarker?: string | undefined
  readonly nextUploadIdMarker?: string | undefined
  readonly prefix: string
  readonly delimiter?: string | undefined
  readonly encodingType?: EncodingType | undefined
  readonly maxUploads: number
  readonly isTruncated: boolean
  readonly uploads: readonly (UploadChecksum & {
    readonly key: string
    readonly uploadId: string
    readonly initiator?: Owner | undefined
    readonly owner?: Owner | undefined
    readonly storageClass: string
    readonly initiatedMs: number
  })[]
  readonly commonPrefixes: readonly string[]
}

export function writeListMultipartUploadsResult(result: ListMultipartUploadsResult): string {
  const writer = new XmlWriter('ListMultipartUploadsResult')
  const written = keyWriter(result.encodingType)
  writer.element('Bucket', result.bucket)
  writer.element('KeyMarker', written(result.keyMarker))
  writer.element('UploadIdMarker', result.uploadIdMarker)
  if (result.nextKeyMarker !== undefined) writer.element('NextKeyMarker', written(result.nextKeyMarker))
  writer.optional('NextUploadIdMarker', result.nextUploadIdMarker)
  writer.element('Prefix', written(result.prefix))
  if (result.delimiter !== undefined && result.delimiter !== '') writer.element('Delimiter', written(result.delimiter))
  writer.optional('EncodingType', result.encodingType)
  writer.number('MaxUploads', result.maxUploads)
  writer.boolean('IsTruncated', result.isTruncated)
  for (const upload of result.uploads) {
    writer.open('Upload')
    writer.element('Key', written(upload.key))
    writer.element('UploadId', upload.uploadId)
    writeOwner(writer, 'Initiator', upload.initiator)
    writeOwner(writer, 'Owner', upload.owner)
    writer.element('StorageClass', upload.storageClass)
    writer.element('Initiated', formatTimestamp(upload.initiatedMs))
    writeUploadChecksum(writer, upload)
    writer.close('Upload')
  }
  writeCommonPrefixes(writer, result.commonPrefixes, written)
  return writer.finish()
}

function writeUploadChecksum(writer: XmlWriter, { checksumAlgorithm, checksumType }: UploadChecksum): void {
  if (checksumAlgorithm === undefined) return
  writer.element('ChecksumAlgorithm', checksumKind(checksumAlgorithm).name)
  writer.optional('ChecksumType', checksumType)
}
