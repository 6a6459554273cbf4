// Which names files and buckets can have.

import { FrostError } from '../base/errors.ts'
import { keyBytesMax } from '../meta/contract/conventions.ts'
import type { FileName } from './file-service.ts'

const encoder = new TextEncoder()

export function checkName({ bucket, key }: FileName): void {
  checkBucket(bucket)
  if (key.length === 0)
    throw new FrostError('name-missing', 'No file name was given.', { remedy: 'Give one, as in ?filename=NAME.' })
  if (!key.isWellFormed())
    throw new FrostError('name-invalid', 'The file name is not valid Unicode.', { remedy: 'Send it as UTF-8.' })
  if (key.length * 3 > keyBytesMax && encoder.encode(key).length > keyBytesMax) {
    throw new FrostError('name-too-long', `The file name has more than ${keyBytesMax} bytes.`, {
      remedy: 'Choose a shorter one.',
    })
  }
}

/** The rules of S3 for bucket names that matter to every face. */
export function checkBucket(bucket: string): void {
  if (/^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(bucket) && !bucket.includes('..')) return
  throw new FrostError('bucket-invalid', `"${bucket}" is not a bucket name.`, {
    remedy: 'Use 3 to 63 lower-case letters, digits, hyphens and dots, with a letter or digit at both ends.',
  })
}
