// Whatever settings a client can store, deciding by them ends and throws nothing but an S3Error; and nothing that they hold becomes
// more than one line of a header.

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { accessControlPolicy } from '../documents/access-control-policy.ts'
import { corsConfiguration } from '../documents/cors-configuration.ts'
import { lifecycleConfiguration } from '../documents/lifecycle-configuration.ts'
import { notificationConfiguration } from '../documents/notification-configuration.ts'
import type { S3Document } from '../documents/shape/document.ts'
import { codeOf } from '../documents/testing/codes.ts'
import { mutatedXml } from '../documents/testing/mutations.ts'
import { websiteConfiguration } from '../documents/website-configuration.ts'
import { checkNewAcl, permissionsOf } from './acl.ts'
import { corsHeaders, preflightHeaders } from './cors.ts'
import { abortOf, decideLifecycle, expirationOf, formatExpiration } from './lifecycle.ts'
import { matchingTargets } from './notification.ts'
import { resolveWebsite, resolveWebsiteError, websiteFolder } from './website.ts'

const key = fc.oneof(
  fc.constantFrom('', 'a', 'logs/a', 'docs/', 'in/x.jpg'),
  fc.string({ unit: 'binary', maxLength: 10 }),
)

function holdsFor<T>(
  name: string,
  document: S3Document<T>,
  decide: (value: T, key: string) => readonly string[],
): void {
  test(`deciding by any ${name} ends, with nothing but S3Errors and single lines`, () => {
    fc.assert(
      fc.property(mutatedXml(name), key, (xml, someKey) => {
        codeOf(() => {
          const value = document.parse(Buffer.from(xml))
          for (const line of decide(value, someKey)) assert.doesNotMatch(line, /[\r\n\0]/)
        })
      }),
      { numRuns: 400 },
    )
  })
}

holdsFor('CORSConfiguration', corsConfiguration, (value) => {
  const request = {
    origin: 'https://www.example.com',
    method: 'GET',
    requestMethod: 'PUT',
    requestHeaders: 'x-amz-date, etag',
  }
  const lines = [...corsHeaders(value, request)]
  codeOf(() => lines.push(...preflightHeaders(value, request)))
  return lines
})

holdsFor('LifecycleConfiguration', lifecycleConfiguration, (value, someKey) => {
  const version = {
    key: someKey,
    sizeBytes: 15,
    modifiedMs: 0,
    tags: [{ key: 'k', value: 'v' }],
    isLatest: true,
    isDeleteMarker: false,
    newerNoncurrentCount: 0,
    isOnlyVersion: true,
  }
  for (const isLatest of [true, false]) {
    decideLifecycle(value, { ...version, isLatest, noncurrentSinceMs: 0 }, { nowMs: 1e13, dayMs: 1000 })
  }
  const due = [expirationOf(value, version, 86_400_000), abortOf(value, { key: someKey, initiatedMs: 0 }, 86_400_000)]
  return due.flatMap((one) => (one === undefined ? [] : [formatExpiration(one)]))
})

holdsFor('WebsiteConfiguration', websiteConfiguration, (value, someKey) => {
  const request = { protocol: 'http', host: 'example.com', key: someKey, query: someKey } as const
  const answers = [
    resolveWebsite(value, request),
    resolveWebsiteError(value, request, 404),
    websiteFolder(value, request)?.redirect,
  ]
  return answers.flatMap((answer) => (answer?.kind === 'redirect' ? [answer.location] : []))
})

holdsFor('NotificationConfiguration', notificationConfiguration, (value, someKey) =>
  matchingTargets(value, 's3:ObjectCreated:Put', someKey).map(({ arn }) => arn),
)

holdsFor('AccessControlPolicy', accessControlPolicy, (value, someKey) => {
  const owner = { id: someKey }
  codeOf(() => {
    checkNewAcl(value, { owner, ownership: 'BucketOwnerEnforced', publicAccessBlock: undefined })
  })
  return [...permissionsOf(value, { canonicalId: someKey })]
})
