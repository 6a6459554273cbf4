// The AWS SDK for JavaScript with its defaults; only the endpoint and the credentials are given.

import assert from 'node:assert/strict'

import {
  CreateBucketCommand,
  GetObjectCommand,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3'
import type { CreateBucketCommandInput, GetObjectCommandInput, PutObjectCommandInput } from '@aws-sdk/client-s3'

import type { S3Endpoint } from '../harness/endpoint.ts'

export function sdkClient({ url, region, accessKey, secretKey }: S3Endpoint): S3Client {
  return new S3Client({
    endpoint: url,
    region,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
  })
}

/** What the parts of the scenario share. */
export interface Sdk {
  readonly endpoint: () => S3Endpoint
  readonly client: () => S3Client
}

let bucketsMade = 0

/** A new bucket, of a name that no run before has used. */
export async function makeBucket(sdk: Sdk, options: Omit<CreateBucketCommandInput, 'Bucket'> = {}): Promise<string> {
  const bucket = `sdk-${Date.now().toString(36)}-${process.pid}-${bucketsMade++}`
  await sdk.client().send(new CreateBucketCommand({ Bucket: bucket, ...options }))
  return bucket
}

export type Put = Omit<PutObjectCommandInput, 'Bucket' | 'Key' | 'Body'>

/** @returns the ETag and the version. */
export async function put(
  sdk: Sdk,
  [bucket, key]: readonly [string, string],
  body: string | Uint8Array,
  options: Put = {},
): Promise<{ readonly etag: string; readonly version: string | undefined }> {
  const answer = await sdk.client().send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body, ...options }))
  return { etag: answer.ETag ?? '', version: answer.VersionId }
}

export async function textOf(
  sdk: Sdk,
  [bucket, key]: readonly [string, string],
  options: Omit<GetObjectCommandInput, 'Bucket' | 'Key'> = {},
): Promise<string | undefined> {
  const { Body } = await sdk.client().send(new GetObjectCommand({ Bucket: bucket, Key: key, ...options }))
  return await Body?.transformToString()
}

export async function bytesOf(
  sdk: Sdk,
  [bucket, key]: readonly [string, string],
  options: Omit<GetObjectCommandInput, 'Bucket' | 'Key'> = {},
): Promise<Buffer> {
  const { Body } = await sdk.client().send(new GetObjectCommand({ Bucket: bucket, Key: key, ...options }))
  return Buffer.from((await Body?.transformToByteArray()) ?? [])
}

/** The call must be refused so. @returns the error, for what else it says. */
export async function expectError(call: Promise<unknown>, code: string, status: number): Promise<S3ServiceException> {
  const error: unknown = await call.then(
    () => assert.fail(`it was not refused with ${code}`),
    (refusal: unknown) => refusal,
  )
  if (!(error instanceof S3ServiceException)) throw error
  assert.equal(`${error.name} ${error.$metadata.httpStatusCode}`, `${code} ${status}`)
  return error
}
