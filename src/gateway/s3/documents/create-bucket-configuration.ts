// What a new bucket may be told at its creation.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html

import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { list, optional, record } from './shape/record.ts'
import { text } from './shape/scalars.ts'
import { bucketTagsMax, checkTags, tag } from './tagging.ts'

const configuration = record({
  /** The region; whether it is this one, the face decides (IllegalLocationConstraintException). */
  locationConstraint: optional('LocationConstraint', text({ max: 64 })),
  location: optional('Location', record({ name: optional('Name', text()), type: optional('Type', text()) })),
  bucket: optional(
    'Bucket',
    record({ type: optional('Type', text()), dataRedundancy: optional('DataRedundancy', text()) }),
  ),
  tags: optional('Tags', list('Tag', tag)),
})

/** `location` and `bucket` are for directory buckets, which FrostByte does not have: the face refuses them. */
export type CreateBucketConfiguration = ValueOf<typeof configuration>

export const createBucketConfiguration = s3Document<CreateBucketConfiguration>({
  root: 'CreateBucketConfiguration',
  content: configuration,
  refine: (value) => {
    if (value.tags !== undefined) checkTags(value.tags, bucketTagsMax)
    return value
  },
})
