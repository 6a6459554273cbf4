// What a bucket can be told: kept as it was said, and answered as AWS answers where nothing was said.

import assert from 'node:assert/strict'
import { before, test } from 'node:test'

import * as s3 from '@aws-sdk/client-s3'

import { expectError, makeBucket, put } from './client.ts'
import type { Sdk } from './client.ts'

const cors = {
  CORSRules: [
    {
      ID: 'pages',
      AllowedOrigins: ['https://*.example.com'],
      AllowedMethods: ['GET', 'PUT'],
      AllowedHeaders: ['*'],
      ExposeHeaders: ['ETag'],
      MaxAgeSeconds: 600,
    },
  ],
}
const lifecycle: s3.BucketLifecycleConfiguration = {
  Rules: [
    { ID: 'logs', Status: 'Enabled', Filter: { Prefix: 'logs/' }, Expiration: { Days: 30 } },
    {
      ID: 'old',
      Status: 'Disabled',
      Filter: { And: { Prefix: 'old/', Tags: [{ Key: 'keep', Value: 'no' }], ObjectSizeGreaterThan: 1000 } },
      NoncurrentVersionExpiration: { NoncurrentDays: 7, NewerNoncurrentVersions: 2 },
    },
    {
      ID: 'parts',
      Status: 'Enabled',
      Filter: { Prefix: '' },
      AbortIncompleteMultipartUpload: { DaysAfterInitiation: 2 },
    },
  ],
}
const website = { IndexDocument: { Suffix: 'index.html' }, ErrorDocument: { Key: 'error.html' } }
const publicBlock = {
  BlockPublicAcls: true,
  IgnorePublicAcls: true,
  BlockPublicPolicy: true,
  RestrictPublicBuckets: true,
}

interface Setting {
  readonly name: string
  /** Puts it, and returns what is told then and what was meant. */
  readonly roundTrip?: (client: s3.S3Client, Bucket: string) => Promise<readonly [unknown, unknown]>
  readonly remove?: (client: s3.S3Client, Bucket: string) => Promise<unknown>
  readonly ask: (client: s3.S3Client, Bucket: string) => Promise<unknown>
  /** Where nothing was said: an error, or an answer without anything. */
  readonly unset: string | undefined
}

const settings: readonly Setting[] = [
  {
    name: 'tags',
    ask: async (client, Bucket) => await client.send(new s3.GetBucketTaggingCommand({ Bucket })),
    roundTrip: async (client, Bucket) => {
      const TagSet = [{ Key: 'team', Value: 'storage' }]
      await client.send(new s3.PutBucketTaggingCommand({ Bucket, Tagging: { TagSet } }))
      return [(await client.send(new s3.GetBucketTaggingCommand({ Bucket }))).TagSet, TagSet]
    },
    remove: async (client, Bucket) => await client.send(new s3.DeleteBucketTaggingCommand({ Bucket })),
    unset: 'NoSuchTagSet',
  },
  {
    name: 'CORS',
    ask: async (client, Bucket) => await client.send(new s3.GetBucketCorsCommand({ Bucket })),
    roundTrip: async (client, Bucket) => {
      await client.send(new s3.PutBucketCorsCommand({ Bucket, CORSConfiguration: cors }))
      return [(await client.send(new s3.GetBucketCorsCommand({ Bucket }))).CORSRules, cors.CORSRules]
    },
    remove: async (client, Bucket) => await client.send(new s3.DeleteBucketCorsCommand({ Bucket })),
    unset: 'NoSuchCORSConfiguration',
  },
  {
    name: 'lifecycle',
    ask: async (client, Bucket) => await client.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket })),
    roundTrip: async (client, Bucket) => {
      const command = new s3.PutBucketLifecycleConfigurationCommand({ Bucket, LifecycleConfiguration: lifecycle })
      await client.send(command)
      return [(await client.send(new s3.GetBucketLifecycleConfigurationCommand({ Bucket }))).Rules, lifecycle.Rules]
    },
    remove: async (client, Bucket) => await client.send(new s3.DeleteBucketLifecycleCommand({ Bucket })),
    unset: 'NoSuchLifecycleConfiguration',
  },
  {
    name: 'policy',
    ask: async (client, Bucket) => await client.send(new s3.GetBucketPolicyCommand({ Bucket })),
    roundTrip: async (client, Bucket) => {
      const statement = {
        Effect: 'Allow',
        Principal: '*',
        Action: ['s3:GetObject'],
        Resource: [`arn:aws:s3:::${Bucket}/open/*`],
      }
      const policy = { Version: '2012-10-17', Statement: [statement] }
      await client.send(new s3.PutBucketPolicyCommand({ Bucket, Policy: JSON.stringify(policy) }))
      const { Policy = '{}' } = await client.send(new s3.GetBucketPolicyCommand({ Bucket }))
      const { Statement } = JSON.parse(Policy) as { Statement: readonly { Effect: string; Resource: unknown }[] }
      const resources = [Statement[0]?.Resource].flat()
      return [
        [Statement.length, Statement[0]?.Effect, resources],
        [1, 'Allow', statement.Resource],
      ]
    },
    remove: async (client, Bucket) => await client.send(new s3.DeleteBucketPolicyCommand({ Bucket })),
    unset: 'NoSuchBucketPolicy',
  },
  {
    name: 'website',
    ask: async (client, Bucket) => await client.send(new s3.GetBucketWebsiteCommand({ Bucket })),
    roundTrip: async (client, Bucket) => {
      await client.send(new s3.PutBucketWebsiteCommand({ Bucket, WebsiteConfiguration: website }))
      const { IndexDocument, ErrorDocument } = await client.send(new s3.GetBucketWebsiteCommand({ Bucket }))
      return [{ IndexDocument, ErrorDocument }, website]
    },
    remove: async (client, Bucket) => await client.send(new s3.DeleteBucketWebsiteCommand({ Bucket })),
    unset: 'NoSuchWebsiteConfiguration',
  },
  {
    name: 'block of public access',
    ask: async (client, Bucket) => {
      // New buckets have one, as they do at AWS.
      await client.send(new s3.DeletePublicAccessBlockCommand({ Bucket }))
      return await client.send(new s3.GetPublicAccessBlockCommand({ Bucket }))
    },
    roundTrip: async (client, Bucket) => {
      const command = new s3.PutPublicAccessBlockCommand({ Bucket, PublicAccessBlockConfiguration: publicBlock })
      await client.send(command)
      const told = await client.send(new s3.GetPublicAccessBlockCommand({ Bucket }))
      return [told.PublicAccessBlockConfiguration, publicBlock]
    },
    remove: async (client, Bucket) => await client.send(new s3.DeletePublicAccessBlockCommand({ Bucket })),
    unset: 'NoSuchPublicAccessBlockConfiguration',
  },
  {
    name: 'request payment',
    ask: async (client, Bucket) => {
      const { Payer } = await client.send(new s3.GetBucketRequestPaymentCommand({ Bucket }))
      assert.equal(Payer, 'BucketOwner')
    },
    unset: undefined,
  },
  {
    name: 'logging',
    ask: async (client, Bucket) => {
      assert.equal((await client.send(new s3.GetBucketLoggingCommand({ Bucket }))).LoggingEnabled, undefined)
    },
    unset: undefined,
  },
  {
    name: 'notifications',
    ask: async (client, Bucket) => {
      const told = await client.send(new s3.GetBucketNotificationConfigurationCommand({ Bucket }))
      assert.equal(told.QueueConfigurations, undefined)
    },
    unset: undefined,
  },
  {
    name: 'acceleration',
    ask: async (client, Bucket) => {
      assert.equal((await client.send(new s3.GetBucketAccelerateConfigurationCommand({ Bucket }))).Status, undefined)
    },
    unset: undefined,
  },
  {
    name: 'replication',
    ask: async (client, Bucket) => await client.send(new s3.GetBucketReplicationCommand({ Bucket })),
    unset: 'ReplicationConfigurationNotFoundError',
  },
]

export function bucketSettings(sdk: Sdk): void {
  let bucket: string
  before(async () => {
    bucket = await makeBucket(sdk)
  })

  for (const { name, ask, roundTrip, remove, unset } of settings) {
    test(`${name}: where nothing was said`, async () => {
      if (unset === undefined) await ask(sdk.client(), bucket)
      else await expectError(ask(sdk.client(), bucket), unset, 404)
    })
    if (roundTrip === undefined) continue
    test(`${name}: kept as said${remove === undefined ? '' : ', and forgotten'}`, async () => {
      const [told, meant] = await roundTrip(sdk.client(), bucket)
      assert.deepEqual(told, meant)
      if (remove === undefined || unset === undefined) return
      await remove(sdk.client(), bucket)
      await expectError(ask(sdk.client(), bucket), unset, 404)
    })
  }

  test('ownership: who owns what others write', async () => {
    const rules = async (): Promise<string | undefined> =>
      (await sdk.client().send(new s3.GetBucketOwnershipControlsCommand({ Bucket: bucket }))).OwnershipControls
        ?.Rules?.[0]?.ObjectOwnership
    const OwnershipControls = { Rules: [{ ObjectOwnership: 'BucketOwnerPreferred' }] } as const
    await sdk.client().send(
      new s3.PutBucketOwnershipControlsCommand({
        Bucket: bucket,
        OwnershipControls: { Rules: [...OwnershipControls.Rules] },
      }),
    )
    assert.equal(await rules(), 'BucketOwnerPreferred')
  })

  test('encryption: a bucket has none until it is told to (docs/reference/s3.md says why)', async () => {
    const read = new s3.GetBucketEncryptionCommand({ Bucket: bucket })
    await expectError(sdk.client().send(read), 'ServerSideEncryptionConfigurationNotFoundError', 404)
    const byDefault = { ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' as const } }
    const ServerSideEncryptionConfiguration = { Rules: [byDefault] }
    await sdk.client().send(new s3.PutBucketEncryptionCommand({ Bucket: bucket, ServerSideEncryptionConfiguration }))
    const told = await sdk.client().send(read)
    const [rule] = told.ServerSideEncryptionConfiguration?.Rules ?? []
    assert.equal(rule?.ApplyServerSideEncryptionByDefault?.SSEAlgorithm, 'AES256')
    await sdk.client().send(new s3.DeleteBucketEncryptionCommand({ Bucket: bucket }))
  })

  test('the owner of a bucket has full control', async () => {
    const { Owner, Grants = [] } = await sdk.client().send(new s3.GetBucketAclCommand({ Bucket: bucket }))
    assert.deepEqual(
      Grants.map(({ Permission, Grantee }) => [Permission, Grantee?.ID, Grantee?.Type]),
      [['FULL_CONTROL', Owner?.ID, 'CanonicalUser']],
    )
  })

  test('a bucket is found, listed and located, and deleted only when it is empty', async () => {
    const own = await makeBucket(sdk)
    const head = await sdk.client().send(new s3.HeadBucketCommand({ Bucket: own }))
    assert.equal(head.BucketRegion, 'us-east-1')
    const { Buckets = [], Owner } = await sdk.client().send(new s3.ListBucketsCommand({}))
    assert.ok(Buckets.some(({ Name }) => Name === own))
    assert.ok((Owner?.ID ?? '') !== '')
    assert.equal(
      (await sdk.client().send(new s3.GetBucketLocationCommand({ Bucket: own }))).LocationConstraint,
      undefined,
    )
    await put(sdk, [own, 'k'], '')
    await expectError(sdk.client().send(new s3.DeleteBucketCommand({ Bucket: own })), 'BucketNotEmpty', 409)
    await sdk.client().send(new s3.DeleteObjectCommand({ Bucket: own, Key: 'k' }))
    await sdk.client().send(new s3.DeleteBucketCommand({ Bucket: own }))
    await expectError(sdk.client().send(new s3.HeadBucketCommand({ Bucket: own })), 'NotFound', 404)
  })

  test('what cannot be is refused', async () => {
    await expectError(sdk.client().send(new s3.CreateBucketCommand({ Bucket: 'No' })), 'InvalidBucketName', 400)
    const wrong = { Rules: [{ Status: 'Enabled', Filter: { Prefix: '' }, Expiration: { Days: -1 } }] } as const
    const LifecycleConfiguration = { Rules: [...wrong.Rules] }
    const call = new s3.PutBucketLifecycleConfigurationCommand({ Bucket: bucket, LifecycleConfiguration })
    await expectError(sdk.client().send(call), 'InvalidArgument', 400)
    await expectError(
      sdk.client().send(new s3.PutBucketPolicyCommand({ Bucket: bucket, Policy: '{' })),
      'MalformedPolicy',
      400,
    )
  })
}
