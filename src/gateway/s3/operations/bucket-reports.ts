// Analytics, inventory, metrics and intelligent tiering: nobody can set them here, so lists are empty and each one asked for is not there.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html and its like

import type { BucketCall, BucketHandler, S3Parts } from '../s3-call.ts'
import { sendXml } from '../s3-call.ts'
import { XmlWriter } from '../xml/xml-writer.ts'
import { notSet } from './bucket-settings.ts'

/** `root`: of the document. */
export function emptyList(root: string): BucketHandler {
  const writer = new XmlWriter(root)
  writer.boolean('IsTruncated', false)
  const body = writer.finish()
  return (call, parts) => {
    parts.access.authorize(call, {})
    sendXml(call, body)
  }
}

export function noConfiguration(call: BucketCall, parts: S3Parts): void {
  parts.access.authorize(call, {})
  throw notSet(call, 'NoSuchConfiguration')
}
