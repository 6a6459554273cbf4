// Writes gathered lines as an object into the bucket that a logging setting names, where that bucket lets it: it has the same owner, no
// default retention, and its policy (or, where ACLs count, its ACL) gives S3's log delivery leave to write (ADR 0100).
// https://docs.aws.amazon.com/AmazonS3/latest/userguide/enable-server-access-logging.html#grant-log-delivery-permissions-general

import { toHex } from '../../../base/ids.ts'
import { KIB } from '../../../base/units.ts'
import type { AccessControl } from '../../auth/access-control.ts'
import type { Clock } from '../../../ports/clock.ts'
import type { Compute } from '../../../ports/compute.ts'
import type { Random } from '../../../ports/random.ts'
import type { EncryptedObjects } from '../../encryption/encrypted-objects.ts'
import { withDefault } from '../../encryption/encryption-request.ts'
import { serviceEffect } from '../../policy/service-effect.ts'
import { bucketAclOf, ownershipOf } from '../bucket-access.ts'
import type { BucketCache, BucketState } from '../bucket-cache.ts'
import { accessControlPolicy } from '../documents/access-control-policy.ts'
import type { AccessControlPolicy } from '../documents/access-control-policy.ts'
import { objectLockConfiguration } from '../documents/object-lock-configuration.ts'
import { defaultEncryptionOf } from '../encryption/call-encryption.ts'
import { aclField } from '../object-acl.ts'
import { checkKey } from '../object-names.ts'
import { bucketOwnerOf } from '../owners.ts'
import { permissionsOf } from '../rules/acl.ts'
import { aclOf } from '../rules/canned-acls.ts'
import { policyText } from '../access.ts'
import type { LogBatch } from './log-buffers.ts'
import { logKeyOf } from './log-keys.ts'
import type { LoggingEnabled } from './log-keys.ts'

export interface LogDeliveryParts {
  readonly encrypted: Pick<EncryptedObjects, 'put'>
  readonly buckets: BucketCache
  readonly control: AccessControl
  readonly clock: Clock
  readonly compute: Compute
  readonly random: Random
  readonly region: string
}

const sliceBytes = 64 * KIB
const service = 'logging.s3.amazonaws.com'

/** Why nothing is delivered; for the log of the process. */
export type Withheld = 'another owner' | 'default retention' | 'no leave'

/**
 * Resolves when the object is durable, or with why there is none.
 * @throws FrostError `bucket-not-found` (the target is gone), and as `ObjectService.put`.
 */
export async function deliverLogs(batch: LogBatch, parts: LogDeliveryParts): Promise<Withheld | undefined> {
  const { encrypted, buckets, clock, random, region, compute } = parts
  const { setting, source, eventMs } = batch
  const [target, sourceState] = await Promise.all([buckets.get(setting.targetBucket), buckets.get(source)])
  const deliveredMs = clock.wallMs()
  const unique = toHex(random.bytes(8)).toUpperCase()
  const key = logKeyOf({ setting, source, region, deliveredMs, eventMs, unique })
  checkKey(key)
  const withheld = whyWithheld(target, { source: sourceState, key }, parts)
  if (withheld !== undefined) return withheld
  const owner = target.row.owner
  const acl = aclOfLogs(target, setting)
  const name = { bucket: target.name, key }
  const properties = {
    contentType: 'text/plain',
    ...(owner === undefined ? {} : { owner }),
    ...(acl === undefined ? {} : { extra: { [aclField]: accessControlPolicy.encode(acl) } }),
  }
  const bytes = Buffer.from(`${batch.lines.join('\n')}\n`)
  const encryption = withDefault(undefined, defaultEncryptionOf(target))
  const upload = await encrypted.put({ ...name, ...properties, sizeBytes: bytes.length }, encryption)
  try {
    // Where it is no MD5, the objects have one of their own.
    const digest = compute.createDigest('md5')
    for (let offset = 0; offset < bytes.length; offset += sliceBytes) {
      const slice = bytes.subarray(offset, offset + sliceBytes)
      digest.update(slice)
      await upload.write(slice)
    }
    await upload.finish({ etag: toHex(digest.digest()) })
  } catch (error) {
    upload.abort(error)
    throw error
  }
  return undefined
}

function whyWithheld(
  target: BucketState,
  { source, key }: { readonly source: BucketState; readonly key: string },
  { control, clock }: LogDeliveryParts,
): Withheld | undefined {
  if (target.row.owner !== source.row.owner) return 'another owner'
  if (hasDefaultRetention(target)) return 'default retention'
  const policy = target.setting('policy', policyText)
  const asked = { service, action: 's3:PutObject', bucket: target.name, key, sourceBucket: source.name }
  const effect =
    policy === undefined ? 'none' : serviceEffect(policy, { ...asked, nowMs: clock.wallMs() }, control.policies)
  if (effect === 'allow') return undefined
  return effect === 'none' && isAllowedByAcl(target) ? undefined : 'no leave'
}

export function hasDefaultRetention(state: BucketState): boolean {
  return state.setting('object-lock', objectLockConfiguration)?.rule !== undefined
}

function isAllowedByAcl(target: BucketState): boolean {
  if (ownershipOf(target) === 'BucketOwnerEnforced') return false
  return permissionsOf(bucketAclOf(target), { canonicalId: undefined, isLogDelivery: true }).has('WRITE')
}

/** The owner's, and whom the setting names; `undefined`: the bucket has no ACLs. */
function aclOfLogs(target: BucketState, { targetGrants }: LoggingEnabled): AccessControlPolicy | undefined {
  if (ownershipOf(target) === 'BucketOwnerEnforced' || targetGrants === undefined) return undefined
  const acl = aclOf('private', bucketOwnerOf(target))
  return { ...acl, grants: [...acl.grants, ...targetGrants] }
}
