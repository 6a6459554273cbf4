// Tags of buckets and objects: the document <Tagging>, and the header x-amz-tagging, which writes them as a query.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutObjectTagging.html, .../API_PutBucketTagging.html,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html (limits and characters)

import { S3Error } from '../s3-error.ts'
import type { ValueOf } from './shape/content.ts'
import { s3Document } from './shape/document.ts'
import { list, record, required } from './shape/record.ts'
import { text } from './shape/scalars.ts'

export const objectTagsMax = 10
export const bucketTagsMax = 50
const keyCharactersMax = 128
const valueCharactersMax = 256
/** Letters, numbers and spaces of any script, and + - = . _ : / @ */
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u

export const tag = record({ key: required('Key', text()), value: required('Value', text()) })
export type Tag = ValueOf<typeof tag>

const tagging = record({ tags: required('TagSet', list('Tag', tag)) })
/** In the order in which they were given. */
export type Tagging = ValueOf<typeof tagging>

export const objectTagging = s3Document<Tagging>({
  root: 'Tagging',
  content: tagging,
  refine: (value) => {
    checkTags(value.tags, objectTagsMax)
    return value
  },
})

export const bucketTagging = s3Document<Tagging>({
  root: 'Tagging',
  content: tagging,
  refine: (value) => {
    checkTags(value.tags, bucketTagsMax)
    return value
  },
})

/** @throws S3Error `InvalidTag`. */
export function checkTags(tags: readonly Tag[], countMax: number): void {
  if (tags.length > countMax) {
    const owner = countMax === objectTagsMax ? 'Object' : 'Bucket'
    throw new S3Error('BadRequest', `${owner} tags cannot be greater than ${countMax}`)
  }
  const keys = new Set<string>()
  for (const { key, value } of tags) {
    checkTag(key, value)
    if (keys.has(key)) throw invalidTag('Cannot provide multiple Tags with the same key', key)
    keys.add(key)
  }
}

function checkTag(key: string, value: string): void {
  if (key.length === 0 || key.length > keyCharactersMax || !allowed.test(key)) {
    throw invalidTag('The TagKey you have provided is invalid', key)
  }
  if (key.toLowerCase().startsWith('aws:')) throw invalidTag('System tags cannot be added/updated by requester', key)
  if (value.length > valueCharactersMax || !allowed.test(value)) {
    throw new S3Error('InvalidTag', 'The TagValue you have provided is invalid', {
      fields: { TagKey: key, TagValue: value },
    })
  }
}

function invalidTag(message: string, key: string): S3Error {
  return new S3Error('InvalidTag', message, { fields: { TagKey: key } })
}

/**
 * The tags of the header `x-amz-tagging` (`a=1&b=2`, form encoding), or of the field `tagging` of a form.
 * @throws S3Error `InvalidArgument` where it is not such a query, `InvalidTag`.
 */
export function parseTaggingHeader(header: string): readonly Tag[] {
  const tags: Tag[] = []
  const keys = new Set<string>()
  for (const part of header.split('&')) {
    if (part === '') continue
    const equals = part.indexOf('=')
    const key = formDecoded(equals < 0 ? part : part.slice(0, equals))
    const value = equals < 0 ? '' : formDecoded(part.slice(equals + 1))
    if (key === undefined || value === undefined || keys.has(key)) {
      throw new S3Error(
        'InvalidArgument',
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
        { fields: { ArgumentName: 'x-amz-tagging', ArgumentValue: header } },
      )
    }
    keys.add(key)
    tags.push({ key, value })
  }
  checkTags(tags, objectTagsMax)
  return tags
}

function formDecoded(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded.replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
