// The settings of a bucket that are a document each: what is put is checked, stored in one form and given back as it was, and what is
// not set is answered as AWS answers it. What a setting does is elsewhere: here it is only kept.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_Operations_Amazon_Simple_Storage_Service.html (Get-, Put- and DeleteBucket…)

import type { BucketSettingKind } from '../../../meta/contract/bucket-settings.ts'
import { settingBytesMax } from '../../../meta/contract/bucket-settings.ts'
import { bucketLoggingStatus } from '../documents/bucket-logging-status.ts'
import { accelerateConfiguration, requestPaymentConfiguration } from '../documents/bucket-settings.ts'
import { checkLogging } from '../access-log/check-logging.ts'
import { corsConfiguration } from '../documents/cors-configuration.ts'
import { encryptionConfiguration } from '../documents/encryption-configuration.ts'
import type { EncryptionConfiguration } from '../documents/encryption-configuration.ts'
import { lifecycleConfiguration } from '../documents/lifecycle-configuration.ts'
import { notificationConfiguration } from '../documents/notification-configuration.ts'
import { ownershipControls, publicAccessBlock } from '../documents/public-access.ts'
import { replicationConfiguration } from '../documents/replication-configuration.ts'
import type { ReplicationConfiguration } from '../documents/replication-configuration.ts'
import type { S3Document } from '../documents/shape/document.ts'
import { bucketTagging } from '../documents/tagging.ts'
import { websiteConfiguration } from '../documents/website-configuration.ts'
import { receiveDocument } from '../receive-body.ts'
import type { BucketState } from '../bucket-cache.ts'
import type { ObjectService } from '../../../master/object-service.ts'
import type { BucketCall, BucketHandler, S3Call, S3Parts } from '../s3-call.ts'
import { sendNothing, sendXml } from '../s3-call.ts'
import { checkTargets } from './notification-targets.ts'
import { S3Error } from '../s3-error.ts'
import type { S3ErrorCode } from '../s3-error.ts'

interface Setting<T> {
  readonly kind: BucketSettingKind
  readonly document: S3Document<T>
  /** What is answered where it is not set: an error, or this value. */
  readonly unset: S3ErrorCode | { readonly value: T }
  /** @throws S3Error where the bucket cannot have it. */
  readonly check?: (value: T, call: BucketCall, parts: S3Parts) => Promise<void> | void
}

export interface SettingHandlers {
  readonly get: BucketHandler
  readonly put: BucketHandler
  readonly remove: BucketHandler
}

/** XML is longer than what is stored. */
const documentBytesMax = 2 * settingBytesMax

function handlersOf<T>(setting: Setting<T>): SettingHandlers {
  const { kind, document, unset, check } = setting
  return {
    get: (call, parts) => {
      parts.access.authorize(call, {})
      const value = call.state.setting(kind, document) ?? (typeof unset === 'string' ? undefined : unset.value)
      if (value === undefined) throw notSet(call, typeof unset === 'string' ? unset : 'NoSuchConfiguration')
      sendXml(call, document.write(value))
    },
    put: async (call, parts) => {
      parts.access.authorize(call, {})
      const value = document.parse(await receiveDocument(call, parts, documentBytesMax))
      await check?.(value, call, parts)
      await changeSetting(call, parts, kind, document.encode(value))
      sendNothing(call, 200)
    },
    remove: async (call, parts) => {
      parts.access.authorize(call, {})
      await changeSetting(call, parts, kind, undefined)
      sendNothing(call, 204)
    },
  }
}

/** The next request of this process sees it. */
export async function changeSetting(
  { bucket, state }: BucketCall,
  { objects, buckets }: S3Parts,
  kind: BucketSettingKind,
  value: Uint8Array | undefined,
): Promise<void> {
  await checkIsSame(state, objects)
  try {
    await objects.setSetting(bucket, kind, value)
  } finally {
    buckets.forget(bucket)
  }
}

/**
 * Whoever had leave for a bucket may have waited with the body until that is gone and somebody else has made one of its name.
 * @throws S3Error `NoSuchBucket`.
 */
export async function checkIsSame(
  { name, row }: BucketState,
  objects: Pick<ObjectService, 'findBucket'>,
): Promise<void> {
  const found = await objects.findBucket(name)
  if (found?.createdMs === row.createdMs) return
  throw new S3Error('NoSuchBucket', undefined, { fields: { BucketName: name } })
}

export function notSet({ bucket }: S3Call, code: S3ErrorCode): S3Error {
  return new S3Error(code, undefined, { fields: { BucketName: bucket } })
}

/** Replication is not done here, so a rule that would have it done is refused instead of kept. */
function checkReplication({ rules }: ReplicationConfiguration, { state }: BucketCall): void {
  if (state.row.versioning !== 'enabled') {
    throw new S3Error(
      'InvalidRequest',
      "Versioning must be 'Enabled' on the bucket to apply a replication configuration",
    )
  }
  if (rules.some(({ status }) => status === 'Enabled'))
    throw new S3Error('NotImplemented', 'Replication is not implemented: only rules that are disabled are kept.')
}

/** A default that no upload could follow is refused at once. */
function checkEncryption({ rules }: EncryptionConfiguration): void {
  if (!rules.some(({ byDefault }) => byDefault?.algorithm === 'aws:kms:dsse')) return
  throw new S3Error('NotImplemented', 'Dual-layer encryption (aws:kms:dsse) is not implemented: use AES256 or aws:kms.')
}

export const bucketSettings = {
  tagging: handlersOf({ kind: 'tagging', document: bucketTagging, unset: 'NoSuchTagSet' }),
  cors: handlersOf({ kind: 'cors', document: corsConfiguration, unset: 'NoSuchCORSConfiguration' }),
  lifecycle: handlersOf({
    kind: 'lifecycle',
    document: lifecycleConfiguration,
    unset: 'NoSuchLifecycleConfiguration',
  }),
  encryption: handlersOf({
    kind: 'encryption',
    document: encryptionConfiguration,
    check: checkEncryption,
    unset: 'ServerSideEncryptionConfigurationNotFoundError',
  }),
  publicAccessBlock: handlersOf({
    kind: 'public-access-block',
    document: publicAccessBlock,
    unset: 'NoSuchPublicAccessBlockConfiguration',
  }),
  ownershipControls: handlersOf({
    kind: 'ownership',
    document: ownershipControls,
    unset: { value: { rules: [{ objectOwnership: 'BucketOwnerEnforced' }] } },
  }),
  notification: handlersOf({
    kind: 'notification',
    document: notificationConfiguration,
    unset: { value: notificationConfiguration.parse(new TextEncoder().encode('<NotificationConfiguration/>')) },
    check: checkTargets,
  }),
  logging: handlersOf({
    kind: 'logging',
    document: bucketLoggingStatus,
    unset: { value: {} },
    check: async (value, { state }, parts) => await checkLogging(value, state, parts),
  }),
  website: handlersOf({
    kind: 'website',
    document: websiteConfiguration,
    unset: 'NoSuchWebsiteConfiguration',
  }),
  requestPayment: handlersOf({
    kind: 'request-payment',
    document: requestPaymentConfiguration,
    unset: { value: { payer: 'BucketOwner' } },
  }),
  accelerate: handlersOf({
    kind: 'accelerate',
    document: accelerateConfiguration,
    unset: { value: {} },
    check: (_value, { bucket }) => {
      if (!bucket.includes('.')) return
      const message = 'S3 Transfer Acceleration is not supported for buckets with periods (.) in their names'
      throw new S3Error('InvalidRequest', message)
    },
  }),
  replication: handlersOf({
    kind: 'replication',
    document: replicationConfiguration,
    unset: 'ReplicationConfigurationNotFoundError',
    check: checkReplication,
  }),
} as const

/** What the type of `BucketCall` promises. */
export function ofBucket(handler: BucketHandler): (call: S3Call, parts: S3Parts) => Promise<void> | void {
  return (call, parts) => {
    const { state } = call
    if (state === undefined) throw new S3Error('NoSuchBucket')
    const bucketCall: BucketCall = { ...call, state }
    return handler(bucketCall, parts)
  }
}
