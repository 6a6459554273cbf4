// The buckets of a user.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBuckets.html

import { XmlWriter } from '../xml/xml-writer.ts'
import type { Owner } from './access-control-policy.ts'
import { writeOwner } from './listed.ts'
import { formatTimestamp } from './timestamps.ts'

export interface ListBucketsResult {
  readonly owner: Owner
  /** `region`: told where the client pages through its buckets. */
  readonly buckets: readonly {
    readonly name: string
    readonly createdMs: number
    readonly region?: string | undefined
  }[]
  readonly prefix?: string | undefined
  /** Where there are more. */
  readonly continuationToken?: string | undefined
}

export function writeListBucketsResult(result: ListBucketsResult): string {
  const writer = new XmlWriter('ListAllMyBucketsResult')
  writeOwner(writer, 'Owner', result.owner)
  writer.open('Buckets')
  for (const { name, createdMs, region } of result.buckets) {
    writer.open('Bucket')
    writer.element('Name', name)
    writer.element('CreationDate', formatTimestamp(createdMs))
    writer.optional('BucketRegion', region)
    writer.close('Bucket')
  }
  writer.close('Buckets')
  writer.optional('Prefix', result.prefix)
  writer.optional('ContinuationToken', result.continuationToken)
  return writer.finish()
}
