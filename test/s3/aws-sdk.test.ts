// The AWS SDK for JavaScript with its defaults, which is what most programs use: the broad scenario, a part of it in each file of aws-sdk/.

import { after, before, describe } from 'node:test'

import type { S3Client } from '@aws-sdk/client-s3'

import { defined } from '../../src/base/assert.ts'
import { sdkClient } from './aws-sdk/client.ts'
import type { Sdk } from './aws-sdk/client.ts'
import { conditionalWrites } from './aws-sdk/conditional-writes.ts'
import { listings } from './aws-sdk/listings.ts'
import { objects } from './aws-sdk/objects.ts'
import { bucketSettings } from './aws-sdk/bucket-settings.ts'
import { encryption } from './aws-sdk/encryption.ts'
import { links } from './aws-sdk/links.ts'
import { locks } from './aws-sdk/locks.ts'
import { uploadsInParts } from './aws-sdk/uploads-in-parts.ts'
import { versions } from './aws-sdk/versions.ts'
import { overBothTransports } from './harness/endpoint.ts'

const parts: Readonly<Record<string, (sdk: Sdk) => void>> = {
  'objects': objects,
  'conditional writes': conditionalWrites,
  'listings': listings,
  'uploads in parts': uploadsInParts,
  'versions': versions,
  'locks': locks,
  'settings of buckets': bucketSettings,
  'links and forms': links,
  'encryption': encryption,
}

overBothTransports('the AWS SDK', false, (endpoint) => {
  let client: S3Client | undefined
  const sdk: Sdk = { endpoint, client: () => defined(client, 'the client was made') }

  before(() => {
    client = sdkClient(endpoint())
  })
  after(() => client?.destroy())

  for (const [name, part] of Object.entries(parts)) describe(name, () => part(sdk))
})
