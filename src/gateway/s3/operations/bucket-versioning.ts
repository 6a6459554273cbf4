// Versioning and object lock of a bucket: what its row says, since each commit decides by it.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketVersioning.html, .../API_PutObjectLockConfiguration.html

import { objectLockConfiguration } from '../documents/object-lock-configuration.ts'
import { versioningConfiguration } from '../documents/versioning-configuration.ts'
import { receiveDocument } from '../receive-body.ts'
import type { BucketCall, S3Parts } from '../s3-call.ts'
import { sendNothing, sendXml } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { changeSetting, checkIsSame, notSet } from './bucket-settings.ts'

const documentBytesMax = 64 * 1024

export function getVersioning(call: BucketCall, parts: S3Parts): void {
  parts.access.authorize(call, {})
  const { versioning } = call.state.row
  const status = versioning === undefined ? undefined : versioning === 'enabled' ? 'Enabled' : 'Suspended'
  sendXml(call, versioningConfiguration.write(status === undefined ? {} : { status }))
}

export async function putVersioning(call: BucketCall, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const { status } = versioningConfiguration.parse(await receiveDocument(call, parts, documentBytesMax))
  const { bucket, state } = call
  const versioning = status === 'Enabled' ? 'enabled' : 'suspended'
  if (versioning === 'suspended' && state.row.objectLock === true) {
    throw new S3Error(
      'InvalidBucketState',
      'An Object Lock configuration is present on this bucket, so the versioning state cannot be changed.',
    )
  }
  await checkIsSame(state, parts.objects)
  try {
    await parts.objects.changeBucket({ bucket, versioning })
  } finally {
    parts.buckets.forget(bucket)
  }
  sendNothing(call, 200)
}

export function getObjectLock(call: BucketCall, parts: S3Parts): void {
  parts.access.authorize(call, {})
  if (call.state.row.objectLock !== true) throw notSet(call, 'ObjectLockConfigurationNotFoundError')
  const configuration = call.state.setting('object-lock', objectLockConfiguration) ?? { enabled: 'Enabled' as const }
  sendXml(call, objectLockConfiguration.write(configuration))
}

/** Also turns object lock on, where versions are kept. */
export async function putObjectLock(call: BucketCall, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const configuration = objectLockConfiguration.parse(await receiveDocument(call, parts, documentBytesMax))
  const { bucket, state } = call
  if (state.row.objectLock !== true) {
    if (state.row.versioning !== 'enabled') {
      throw new S3Error(
        'InvalidBucketState',
        "Versioning must be 'Enabled' on the bucket to apply a Object Lock configuration",
      )
    }
    await checkIsSame(state, parts.objects)
    await parts.objects.changeBucket({ bucket, objectLock: true })
  }
  await changeSetting(call, parts, 'object-lock', objectLockConfiguration.encode(configuration))
  sendNothing(call, 200)
}
