// Answers about objects: copies, deletions, forms; and the region of a bucket.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html, .../API_UploadPartCopy.html,
// .../API_DeleteObjects.html, .../RESTObjectPOST.html, .../API_GetBucketLocation.html

import type { ChecksumType } from '../checksums.ts'
import type { S3ErrorCode } from '../s3-error.ts'
import { XmlWriter } from '../xml/xml-writer.ts'
import { writeChecksums } from './listed.ts'
import type { WrittenChecksum } from './listed.ts'
import { formatTimestamp } from './timestamps.ts'

export interface CopyResult {
  /** Without quotes. */
  readonly etag: string
  readonly modifiedMs: number
  readonly checksums?: readonly WrittenChecksum[] | undefined
  readonly checksumType?: ChecksumType | undefined
}

export function writeCopyObjectResult(result: CopyResult): string {
  return writeCopy('CopyObjectResult', result)
}

export function writeCopyPartResult(result: CopyResult): string {
  return writeCopy('CopyPartResult', result)
}

function writeCopy(root: string, result: CopyResult): string {
  const writer = new XmlWriter(root)
  writer.element('LastModified', formatTimestamp(result.modifiedMs))
  writer.etag(result.etag)
  writeChecksums(writer, result.checksums, result.checksumType)
  return writer.finish()
}

export interface DeletedObject {
  readonly key: string
  /** As the request named it. */
  readonly versionId?: string | undefined
  /** A delete marker was made, or one was deleted. */
  readonly isDeleteMarker?: boolean | undefined
  readonly deleteMarkerVersionId?: string | undefined
}

export interface DeleteFailure {
  readonly key: string
  readonly versionId?: string | undefined
  readonly code: S3ErrorCode
  readonly message: string
}

/** With a quiet request, the caller leaves `deleted` empty. */
export function writeDeleteResult(result: {
  readonly deleted: readonly DeletedObject[]
  readonly failures: readonly DeleteFailure[]
}): string {
  const writer = new XmlWriter('DeleteResult')
  for (const object of result.deleted) {
    writer.open('Deleted')
    writer.element('Key', object.key)
    writer.optional('VersionId', object.versionId)
    if (object.isDeleteMarker === true) {
      writer.boolean('DeleteMarker', true)
      writer.optional('DeleteMarkerVersionId', object.deleteMarkerVersionId)
    }
    writer.close('Deleted')
  }
  for (const failure of result.failures) {
    writer.open('Error')
    writer.element('Key', failure.key)
    writer.optional('VersionId', failure.versionId)
    writer.element('Code', failure.code)
    writer.element('Message', failure.message)
    writer.close('Error')
  }
  return writer.finish()
}

export interface PostResponse {
  readonly location: string
  readonly bucket: string
  readonly key: string
  readonly etag: string
}

/** Of a form with success_action_status 201. */
export function writePostResponse({ location, bucket, key, etag }: PostResponse): string {
  const writer = new XmlWriter('PostResponse', '')
  writer.element('Location', location)
  writer.element('Bucket', bucket)
  writer.element('Key', key)
  writer.etag(etag)
  return writer.finish()
}

/** For us-east-1 it is empty, as with AWS. */
export function writeLocationConstraint(region: string): string {
  const writer = new XmlWriter('LocationConstraint')
  if (region !== 'us-east-1') writer.text(region)
  return writer.finish()
}
