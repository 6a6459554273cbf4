import assert from 'node:assert/strict'
import { describe, test } from 'node:test'

import type { ObjectOwnership } from '../documents/public-access.ts'
import { codeOf } from '../documents/testing/codes.ts'
import { checkNewAcl, isPublicAcl, permissionsOf } from './acl.ts'
import type { AclSubject } from './acl.ts'
import { aclOf, parseCannedAcl } from './canned-acls.ts'
import type { CannedAcl } from './canned-acls.ts'

const owner = { id: 'owner' }
const bucketOwner = { id: 'bucket' }
const all = 'READ READ_ACP WRITE WRITE_ACP'

function allowed(canned: CannedAcl, subject: AclSubject, ignorePublic = false): string {
  return [...permissionsOf(aclOf(canned, owner, bucketOwner), subject, { ignorePublic })].sort().join(' ')
}

const nobody = { canonicalId: undefined }
const somebody = { canonicalId: 'somebody' }

describe('canned ACLs', () => {
  for (const [canned, anonymous, signedIn, ofBucket] of [
    ['private', '', '', ''],
    ['public-read', 'READ', 'READ', 'READ'],
    ['public-read-write', 'READ WRITE', 'READ WRITE', 'READ WRITE'],
    ['authenticated-read', '', 'READ', 'READ'],
    ['aws-exec-read', '', '', ''],
    ['bucket-owner-read', '', '', 'READ'],
    ['bucket-owner-full-control', '', '', all],
    ['log-delivery-write', '', '', ''],
  ] as const) {
    test(`${canned} gives what AWS gives`, () => {
      assert.equal(parseCannedAcl(canned), canned)
      assert.equal(allowed(canned, { canonicalId: 'owner' }), all)
      assert.equal(allowed(canned, nobody), anonymous)
      assert.equal(allowed(canned, somebody), signedIn)
      assert.equal(allowed(canned, { canonicalId: 'bucket' }), ofBucket)
    })
  }

  test('let the log delivery write', () => {
    assert.equal(allowed('log-delivery-write', { canonicalId: undefined, isLogDelivery: true }), 'READ_ACP WRITE')
    assert.equal(allowed('private', { canonicalId: undefined, isLogDelivery: true }), '')
  })

  test('are known by name only', () => {
    assert.equal(
      codeOf(() => parseCannedAcl('public')),
      'InvalidArgument',
    )
  })
})

describe('an ACL', () => {
  test('lets its owner always read and write it, and nobody without a name be him', () => {
    const empty = { owner, grants: [] }
    assert.deepEqual([...permissionsOf(empty, { canonicalId: 'owner' })], ['READ_ACP', 'WRITE_ACP'])
    assert.equal(permissionsOf(empty, somebody).size, 0)
    assert.equal(permissionsOf(empty, nobody).size, 0)
  })

  test('gives nothing to the public where that is ignored', () => {
    assert.equal(allowed('public-read-write', nobody, true), '')
    assert.equal(allowed('authenticated-read', somebody, true), '')
    assert.equal(allowed('public-read', { canonicalId: 'owner' }, true), all)
  })

  test('is public where it gives to everybody, or to everybody who signs in', () => {
    for (const canned of ['public-read', 'public-read-write', 'authenticated-read'] as const) {
      assert.ok(isPublicAcl(aclOf(canned, owner)), canned)
    }
    for (const canned of ['private', 'aws-exec-read', 'log-delivery-write', 'bucket-owner-read'] as const) {
      assert.ok(!isPublicAcl(aclOf(canned, owner, bucketOwner)), canned)
    }
  })
})

test('a new ACL is refused where the bucket has none, or lets no public in', () => {
  const on = (canned: CannedAcl, ownership: ObjectOwnership, blockPublicAcls = false): string =>
    codeOf(() => {
      checkNewAcl(aclOf(canned, owner, owner), {
        owner,
        ownership,
        publicAccessBlock: {
          blockPublicAcls,
          ignorePublicAcls: false,
          blockPublicPolicy: false,
          restrictPublicBuckets: false,
        },
      })
    })
  assert.equal(on('private', 'BucketOwnerEnforced'), 'ok')
  assert.equal(on('bucket-owner-full-control', 'BucketOwnerEnforced'), 'ok')
  assert.equal(on('public-read', 'BucketOwnerEnforced'), 'AccessControlListNotSupported')
  assert.equal(on('public-read', 'ObjectWriter'), 'ok')
  assert.equal(on('public-read', 'BucketOwnerPreferred', true), 'AccessDenied')
  assert.equal(on('private', 'ObjectWriter', true), 'ok')
})
