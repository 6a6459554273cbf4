// The policy of a bucket: JSON in the policy language of AWS. What it allows is decided in src/gateway/policy.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketPolicy.html, .../API_GetBucketPolicyStatus.html

import { parsePolicy } from '../../policy/parse-policy.ts'
import type { PolicyDocument } from '../../policy/policy-document.ts'
import { PolicyError } from '../../policy/policy-error.ts'
import { isPublicPolicy } from '../../policy/public-policy.ts'
import { publicAccessOf } from '../bucket-access.ts'
import type { BucketState } from '../bucket-cache.ts'
import { policyStatus } from '../documents/public-access.ts'
import { receiveDocument } from '../receive-body.ts'
import type { BucketCall, S3Parts } from '../s3-call.ts'
import { sendNothing, sendXml } from '../s3-call.ts'
import { S3Error } from '../s3-error.ts'
import { changeSetting, notSet } from './bucket-settings.ts'

/** 20 KB count, beside white space, which is bounded too. */
const policyBytesMax = 128 * 1024

export function getPolicy(call: BucketCall, parts: S3Parts): void {
  parts.access.authorize(call, {})
  const bytes = call.state.bytes('policy')
  if (bytes === undefined) throw notSet(call, 'NoSuchBucketPolicy')
  call.exchange.send(200, ['Content-Type', 'application/json'], bytes)
}

export async function putPolicy(call: BucketCall, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  const bytes = await receiveDocument(call, parts, policyBytesMax)
  const document = parseBucketPolicy(bytes, call.state)
  if (publicAccessOf(call.state)?.blockPublicPolicy === true && isPublicPolicy(document))
    throw new S3Error('AccessDenied')
  await changeSetting(call, parts, 'policy', bytes)
  sendNothing(call, 204)
}

export async function deletePolicy(call: BucketCall, parts: S3Parts): Promise<void> {
  parts.access.authorize(call, {})
  await changeSetting(call, parts, 'policy', undefined)
  sendNothing(call, 204)
}

export function getPolicyStatus(call: BucketCall, parts: S3Parts): void {
  parts.access.authorize(call, {})
  const bytes = call.state.bytes('policy')
  if (bytes === undefined) throw notSet(call, 'NoSuchBucketPolicy')
  sendXml(call, policyStatus.write({ isPublic: isPublicPolicy(parseBucketPolicy(bytes, call.state)) }))
}

/** @throws S3Error `MalformedPolicy`. */
function parseBucketPolicy(bytes: Uint8Array, { name }: BucketState): PolicyDocument {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    return parsePolicy(text, { kind: 'bucket', bucket: name })
  } catch (error) {
    if (!(error instanceof PolicyError) && !(error instanceof TypeError)) throw error
    throw new S3Error('MalformedPolicy', error instanceof PolicyError ? error.message : undefined, { cause: error })
  }
}
