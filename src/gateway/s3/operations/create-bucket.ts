// CreateBucket. https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateBucket.html,
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html

import { errorCode } from '../../../base/errors.ts'
import { createBucketConfiguration } from '../documents/create-bucket-configuration.ts'
import type { CreateBucketConfiguration } from '../documents/create-bucket-configuration.ts'
import { bucketTagging } from '../documents/tagging.ts'
import { ownershipControls } from '../documents/public-access.ts'
import { newBucketAcl } from '../new-acl.ts'
import { ownerNamed } from '../owners.ts'
import { setsAcl } from '../put-properties.ts'
import { receiveDocument } from '../receive-body.ts'
import type { S3Call, S3Parts } from '../s3-call.ts'
import { sendNothing } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { canonicalIdOf } from '../sender.ts'

const documentBytesMax = 64 * 1024

export async function handleCreateBucket(call: S3Call, parts: S3Parts): Promise<void> {
  const { bucket: name, headers, sender } = call
  checkBucketName(name)
  const objectLock = String(headers['x-amz-bucket-object-lock-enabled']).toLowerCase() === 'true'
  const ownership = ownershipOf(call)
  parts.access.authorize(call, {
    setsAcl: setsAcl(headers),
    setsObjectLock: objectLock,
    setsOwnership: ownership !== undefined,
  })
  const bytes = await receiveDocument(call, parts, documentBytesMax)
  const configuration = bytes.length === 0 ? {} : createBucketConfiguration.parse(bytes)
  checkConfiguration(configuration, parts.region)
  if (configuration.tags !== undefined) parts.access.check(call, { action: 's3:TagResource', bucket: name })
  const owner = canonicalIdOf(sender)
  const acl = await newBucketAcl(call, parts, {
    owner: ownerNamed(owner),
    ownership: ownership ?? 'BucketOwnerEnforced',
  })
  try {
    await parts.objects.createBucket({
      name,
      ...(owner === undefined ? {} : { owner }),
      ...(objectLock ? { objectLock, versioning: 'enabled' } : {}),
    })
  } catch (error) {
    if (errorCode(error) !== 'bucket-exists') throw error
    const row = await parts.objects.findBucket(name)
    const isOwn = row?.owner !== undefined && row.owner === owner
    throw new S3Error(isOwn ? 'BucketAlreadyOwnedByYou' : 'BucketAlreadyExists', undefined, {
      fields: { BucketName: name },
      cause: error,
    })
  } finally {
    parts.buckets.forget(name)
  }
  if (configuration.tags !== undefined)
    await parts.objects.setSetting(name, 'tagging', bucketTagging.encode({ tags: configuration.tags }))
  if (ownership !== undefined) {
    const value = ownershipControls.encode({ rules: [{ objectOwnership: ownership }] })
    await parts.objects.setSetting(name, 'ownership', value)
  }
  if (acl !== undefined) await parts.objects.setSetting(name, 'acl', acl)
  parts.buckets.forget(name)
  sendNothing(call, 200, ['Location', `/${name}`])
}

/** What S3 adds to the rules of every face. @throws S3Error `InvalidBucketName`. */
function checkBucketName(name: string): void {
  const isAddress = /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name)
  const isReserved = /^(?:xn--|sthree-|amzn-s3-demo-)|(?:-s3alias|--ol-s3|\.mrap|--x-s3|--table-s3)$/.test(name)
  const isPlain = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/.test(name) && !name.includes('..')
  if (isPlain && !isAddress && !isReserved) return
  throw new S3Error('InvalidBucketName', undefined, { fields: { BucketName: name } })
}

function checkConfiguration({ locationConstraint, location, bucket }: CreateBucketConfiguration, region: string): void {
  if (location !== undefined || bucket !== undefined)
    throw new S3Error('NotImplemented', 'There are no directory buckets here.')
  if (locationConstraint === undefined || locationConstraint === '' || locationConstraint === region) return
  throw new S3Error('InvalidLocationConstraint', undefined, { fields: { LocationConstraint: locationConstraint } })
}

function ownershipOf({ headers }: S3Call): 'BucketOwnerEnforced' | 'BucketOwnerPreferred' | 'ObjectWriter' | undefined {
  const value = headers['x-amz-object-ownership']
  if (value === undefined) return undefined
  if (value === 'BucketOwnerEnforced' || value === 'BucketOwnerPreferred' || value === 'ObjectWriter') return value
  throw new S3Error('InvalidArgument', 'Invalid x-amz-object-ownership header', {
    fields: { ArgumentName: 'x-amz-object-ownership', ArgumentValue: String(value) },
  })
}
