/* oxlint-disable eslint/no-template-curly-in-string -- they are variables of policies */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import type { UserRole, UserRow } from '../../meta/contract/access-rows.ts'
import type { IdentityAccess, Principal, SessionAccess } from '../auth/principal.ts'
import { decideS3 } from './authorize-s3.ts'
import type { S3Question } from './authorize-s3.ts'
import { PolicyCache } from './policy-cache.ts'
import { S3Conditions } from './s3-conditions.ts'
import type { S3RequestFacts } from './s3-conditions.ts'

const nowMs = Date.UTC(2026, 10, 28, 12)
const cache = new PolicyCache()
const anonymous: Principal = { grants: new Map(), credential: { kind: 'open' } }

function user(name: string, role: UserRole = 'none', more: Partial<Principal> = {}): Principal {
  const canonicalId = Buffer.from(name).toString('hex').padEnd(64, '0')
  const row: UserRow = { name, role, enabled: true, canonicalId, displayName: name, createdMs: 0 }
  return { user: row, grants: new Map(), credential: { kind: 'signature', id: 'key' }, ...more }
}

function identity(...policies: readonly string[]): IdentityAccess {
  return { path: '/', tags: {}, policies }
}

function policy(...statements: readonly object[]): string {
  return JSON.stringify({ Version: '2012-10-17', Statement: statements })
}

function facts(
  more: Partial<S3RequestFacts> & { readonly headers?: object; readonly asked?: object } = {},
): S3Conditions {
  const headers = new Map<string, string>(Object.entries(more.headers ?? {}))
  const asked = new Map<string, string>(Object.entries(more.asked ?? {}))
  const fixed = { address: '203.0.113.5', isSecure: false, nowMs }
  return new S3Conditions({ ...fixed, header: (name) => headers.get(name), query: (name) => asked.get(name), ...more })
}

function isAllowed(asked: Partial<S3Question>): boolean {
  const fixed = { principal: anonymous, action: 's3:GetObject', bucket: 'bucket', conditions: facts() }
  const key = asked.action?.includes('Bucket') === true ? {} : { key: 'a/b' }
  return decideS3({ ...fixed, ...key, ...asked }, cache).isAllowed
}

const everything = { Effect: 'Allow', Action: 's3:*', Resource: '*' }
const allToAll = {
  Effect: 'Allow',
  Principal: '*',
  Action: 's3:*',
  Resource: ['arn:aws:s3:::bucket', 'arn:aws:s3:::bucket/*'],
}

test('who did not sign has what the bucket’s policy or an ACL opens, and nothing else', () => {
  assert.ok(!isAllowed({}))
  assert.ok(isAllowed({ bucketPolicy: policy(allToAll) }))
  assert.ok(isAllowed({ isAllowedByAcl: () => true }))
  assert.ok(!isAllowed({ isBucketOwner: true }))
  const named = { ...allToAll, Principal: { AWS: 'arn:aws:iam::000000000000:root' } }
  assert.ok(!isAllowed({ bucketPolicy: policy(named) }))
  assert.ok(!isAllowed({ bucketPolicy: policy(allToAll), restrictsPublic: true }))
  assert.ok(isAllowed({ bucketPolicy: policy(allToAll), restrictsPublic: true, principal: user('alice') }))
})

test('roles and grants of FrostByte allow the actions that they include', () => {
  const rows: readonly (readonly [role: UserRole, action: string, isAllowed: boolean])[] = [
    ['reader', 's3:GetObject', true],
    ['reader', 's3:ListBucket', true],
    ['reader', 's3:PutObject', false],
    ['writer', 's3:PutObject', true],
    ['writer', 's3:DeleteObjectVersion', true],
    ['writer', 's3:PutBucketPolicy', false],
    ['writer', 's3:CreateBucket', false],
    ['admin', 's3:CreateBucket', true],
    ['admin', 's3:BypassGovernanceRetention', true],
    ['none', 's3:GetObject', false],
    ['none', 's3:ListAllMyBuckets', true],
  ]
  for (const [role, action, expected] of rows)
    assert.equal(isAllowed({ principal: user('u', role), action }), expected, `${role} ${action}`)
  const granted = user('u', 'none', { grants: new Map([['bucket', 'write']]) })
  assert.ok(isAllowed({ principal: granted, action: 's3:PutObject' }))
  assert.ok(!isAllowed({ principal: granted, action: 's3:PutObject', bucket: 'other' }))
  assert.ok(!isAllowed({ principal: user('u', 'admin', { scope: { level: 'read' } }), action: 's3:PutObject' }))
})

test('a bucket is its owner’s, within what is denied', () => {
  const asked = { principal: user('u'), action: 's3:PutBucketAcl', isBucketOwner: true }
  assert.ok(isAllowed(asked))
  assert.ok(!isAllowed({ ...asked, bucketPolicy: policy({ ...allToAll, Effect: 'Deny' }) }))
})

test('an administrator can always mend the bucket’s policy, and does nothing else that it denies', () => {
  const bucketPolicy = policy({ ...allToAll, Effect: 'Deny' })
  const principal = user('root', 'admin')
  for (const action of ['s3:GetBucketPolicy', 's3:PutBucketPolicy', 's3:DeleteBucketPolicy'])
    assert.ok(isAllowed({ principal, action, bucketPolicy }))
  assert.ok(!isAllowed({ principal, action: 's3:GetBucketAcl', bucketPolicy }))
  assert.ok(!isAllowed({ principal: user('w', 'writer'), action: 's3:PutBucketPolicy', bucketPolicy }))
})

test('deny wins, whatever allows and wherever it stands', () => {
  const deny = { ...everything, Effect: 'Deny' }
  const denyAll = { ...allToAll, Effect: 'Deny' }
  const where = fc.constantFrom('bucket', 'identity', 'session', 'boundary')
  const roles = fc.constantFrom<UserRole>('admin', 'writer', 'reader', 'none')
  fc.assert(
    fc.property(where, roles, fc.boolean(), fc.boolean(), (place, role, isFirst, isBucketOwner) => {
      const both = (denied: object, allowed: object): string =>
        policy(...(isFirst ? [denied, allowed] : [allowed, denied]))
      const session: SessionAccess = {
        kind: 'token',
        name: 'a',
        policy: place === 'session' ? both(deny, everything) : policy(everything),
        issuedMs: 0,
        expiresMs: nowMs,
      }
      const principal = user('u', role, {
        session,
        identity: {
          ...identity(place === 'identity' ? both(deny, everything) : policy(everything)),
          boundary: place === 'boundary' ? both(deny, everything) : policy(everything),
        },
      })
      const bucketPolicy = place === 'bucket' ? both(denyAll, allToAll) : policy(allToAll)
      assert.ok(!isAllowed({ principal, bucketPolicy, isBucketOwner, isAllowedByAcl: () => true }))
    }),
  )
})

test('a session and a boundary limit, and allow nothing by themselves', () => {
  const readOnly = policy({ ...everything, Action: 's3:Get*' })
  const session: SessionAccess = { kind: 'token', name: 's', policy: readOnly, issuedMs: 0, expiresMs: nowMs }
  const writer = user('u', 'writer', { session })
  assert.ok(isAllowed({ principal: writer }))
  assert.ok(!isAllowed({ principal: writer, action: 's3:PutObject' }))
  assert.ok(!isAllowed({ principal: user('u', 'none', { session }) }))
  const bounded = user('u', 'none', { identity: { ...identity(policy(everything)), boundary: readOnly } })
  assert.ok(isAllowed({ principal: bounded }))
  assert.ok(!isAllowed({ principal: bounded, action: 's3:PutObject' }))
  const federated: SessionAccess = { kind: 'federated', name: 's', issuedMs: 0, expiresMs: nowMs }
  assert.ok(!isAllowed({ principal: user('u', 'admin', { session: federated }) }))
})

test('who took a role is the role, and not himself', () => {
  const role = { name: 'backup', path: '/', id: 'a'.repeat(32) }
  const session: SessionAccess = { kind: 'role', name: 'nightly', role, issuedMs: 0, expiresMs: nowMs }
  const taken = user('alice', 'admin', { session })
  assert.ok(!isAllowed({ principal: taken, isBucketOwner: true, isAllowedByAcl: (id) => id !== undefined }))
  assert.ok(isAllowed({ principal: user('alice'), isAllowedByAcl: (id) => id !== undefined }))
  assert.ok(isAllowed({ principal: { ...taken, identity: identity(policy(everything)) } }))
  for (const arn of ['arn:aws:iam::000000000000:role/backup', 'arn:aws:sts::000000000000:assumed-role/backup/nightly'])
    assert.ok(isAllowed({ principal: taken, bucketPolicy: policy({ ...allToAll, Principal: { AWS: arn } }) }), arn)
  const alice = policy({ ...allToAll, Principal: { AWS: 'arn:aws:iam::000000000000:user/alice' } })
  assert.ok(!isAllowed({ principal: taken, bucketPolicy: alice }))
  assert.ok(isAllowed({ principal: user('alice'), bucketPolicy: alice }))
})

test('NotPrincipal, NotAction and NotResource are all others', () => {
  const others = {
    ...allToAll,
    Effect: 'Deny',
    Principal: undefined,
    NotPrincipal: { AWS: 'arn:aws:iam::000000000000:user/alice' },
  }
  const bucketPolicy = policy(allToAll, others)
  assert.ok(isAllowed({ principal: user('alice'), bucketPolicy }))
  assert.ok(!isAllowed({ principal: user('bob'), bucketPolicy }))
  const notDelete = identity(policy({ Effect: 'Allow', NotAction: 's3:Delete*', NotResource: 'arn:aws:s3:::secret/*' }))
  assert.ok(isAllowed({ principal: user('u', 'none', { identity: notDelete }) }))
  assert.ok(!isAllowed({ principal: user('u', 'none', { identity: notDelete }), action: 's3:DeleteObject' }))
  assert.ok(!isAllowed({ principal: user('u', 'none', { identity: notDelete }), bucket: 'secret' }))
})

// From AWS's documentation: "Bucket policy examples", "Amazon S3 identity-based policies: examples", "Variables and tags".

test('AWS’s example: only addresses of a network', () => {
  const bucketPolicy = policy({
    ...allToAll,
    Condition: {
      IpAddress: { 'aws:SourceIp': ['192.0.2.0/24', '2001:DB8:1234:5678::/64'] },
      NotIpAddress: { 'aws:SourceIp': '192.0.2.188/32' },
    },
  })
  const rows: readonly (readonly [address: string, isAllowed: boolean])[] = [
    ['192.0.2.1', true],
    ['::ffff:192.0.2.1', true],
    ['192.0.2.188', false],
    ['192.0.3.1', false],
    ['2001:db8:1234:5678::1', true],
    ['2001:db8:1234:5679::1', false],
  ]
  for (const [address, expected] of rows)
    assert.equal(isAllowed({ bucketPolicy, conditions: facts({ address }) }), expected, address)
})

test('AWS’s example: everything by TLS only', () => {
  const deny = { ...allToAll, Effect: 'Deny', Condition: { Bool: { 'aws:SecureTransport': 'false' } } }
  const bucketPolicy = policy(allToAll, deny)
  assert.ok(!isAllowed({ bucketPolicy }))
  assert.ok(isAllowed({ bucketPolicy, conditions: facts({ isSecure: true }) }))
})

test('AWS’s example: each user has a folder of his name', () => {
  const own = identity(
    policy(
      {
        Effect: 'Allow',
        Action: 's3:ListBucket',
        Resource: 'arn:aws:s3:::bucket',
        Condition: { StringLike: { 's3:prefix': ['${aws:username}/*'] } },
      },
      { Effect: 'Allow', Action: ['s3:GetObject', 's3:PutObject'], Resource: 'arn:aws:s3:::bucket/${aws:username}/*' },
    ),
  )
  const principal = user('alice', 'none', { identity: own })
  assert.ok(isAllowed({ principal, key: 'alice/notes' }))
  assert.ok(!isAllowed({ principal, key: 'bob/notes' }))
  assert.ok(
    isAllowed({
      principal,
      action: 's3:ListBucket',
      conditions: facts({ asked: { prefix: 'alice/' } }),
      key: undefined,
    }),
  )
  assert.ok(!isAllowed({ principal, action: 's3:ListBucket', key: undefined }))
})

test('AWS’s example: uploads that are not encrypted are refused', () => {
  const bucketPolicy = policy(allToAll, {
    ...allToAll,
    Effect: 'Deny',
    Action: 's3:PutObject',
    Resource: 'arn:aws:s3:::bucket/*',
    Condition: { Null: { 's3:x-amz-server-side-encryption': 'true' } },
  })
  const put = { action: 's3:PutObject', bucketPolicy }
  assert.ok(!isAllowed(put))
  assert.ok(isAllowed({ ...put, conditions: facts({ headers: { 'x-amz-server-side-encryption': 'AES256' } }) }))
})

test('AWS’s example: the bucket’s owner gets full control of what others put', () => {
  const bucketPolicy = policy({
    ...allToAll,
    Action: 's3:PutObject',
    Condition: { StringEquals: { 's3:x-amz-acl': 'bucket-owner-full-control' } },
  })
  const put = { action: 's3:PutObject', bucketPolicy, principal: user('bob') }
  assert.ok(isAllowed({ ...put, conditions: facts({ headers: { 'x-amz-acl': 'bucket-owner-full-control' } }) }))
  assert.ok(!isAllowed({ ...put, conditions: facts({ headers: { 'x-amz-acl': 'private' } }) }))
  assert.ok(!isAllowed(put))
})

test('tags of objects and requests', () => {
  const byTag = policy({
    ...allToAll,
    Action: 's3:GetObject',
    Condition: { StringEquals: { 's3:ExistingObjectTag/Public': 'yes' } },
  })
  assert.ok(isAllowed({ bucketPolicy: byTag, conditions: facts({ existingTags: new Map([['Public', 'yes']]) }) }))
  assert.ok(!isAllowed({ bucketPolicy: byTag, conditions: facts({ existingTags: new Map([['Public', 'no']]) }) }))
  assert.ok(cache.get(byTag, 'bucket').asksExistingTags)
  assert.ok(!cache.get(policy(allToAll), 'bucket').asksExistingTags)
  const onlyKnown = policy({
    ...allToAll,
    Action: 's3:PutObjectTagging',
    Condition: {
      'ForAllValues:StringLike': { 's3:RequestObjectTagKeys': ['Owner', 'CreationDate'] },
      'StringEquals': { 's3:RequestObjectTag/Owner': 'me' },
    },
  })
  const tagging = (tags: string): boolean =>
    isAllowed({
      action: 's3:PutObjectTagging',
      bucketPolicy: onlyKnown,
      conditions: facts({ headers: { 'x-amz-tagging': tags } }),
    })
  assert.ok(tagging('Owner=me&CreationDate=today'))
  assert.ok(!tagging('Owner=me&Other=1'))
  assert.ok(!tagging('CreationDate=today'))
})

test('operators', () => {
  const rows: readonly (readonly [condition: object, expected: boolean])[] = [
    [{ NumericLessThanEquals: { 's3:max-keys': '10' } }, true],
    [{ NumericGreaterThan: { 's3:max-keys': 10 } }, false],
    [{ NumericNotEquals: { 's3:max-keys': ['9', '11'] } }, true],
    [{ DateGreaterThan: { 'aws:CurrentTime': '2026-11-28T00:00:00Z' } }, true],
    [{ DateLessThan: { 'aws:CurrentTime': '2026-11-28' } }, false],
    [{ DateLessThan: { 'aws:EpochTime': '1000000000' } }, false],
    [{ NumericGreaterThan: { 'aws:EpochTime': '1000000000' } }, true],
    [{ StringEqualsIgnoreCase: { 's3:prefix': 'HOME/' } }, true],
    [{ StringNotEqualsIgnoreCase: { 's3:prefix': 'HOME/' } }, false],
    [{ StringNotLike: { 's3:prefix': 'h?me*' } }, false],
    [{ StringEquals: { 's3:delimiter': '/' } }, false],
    [{ StringEqualsIfExists: { 's3:delimiter': '/' } }, true],
    [{ StringNotEquals: { 's3:delimiter': '/' } }, true],
    [{ 'ForAnyValue:StringNotEquals': { 's3:delimiter': '/' } }, false],
    [{ 'ForAllValues:StringEquals': { 's3:delimiter': '/' } }, true],
    [{ Null: { 's3:delimiter': 'true', 's3:prefix': 'false' } }, true],
    [{ ArnLike: { 'aws:PrincipalArn': 'arn:aws:iam::*:user/al*' } }, true],
    [{ ArnNotEquals: { 'aws:PrincipalArn': 'arn:aws:iam::000000000000:user/bob' } }, true],
    [{ ArnEquals: { 'aws:PrincipalArn': 'arn:*:user/alice' } }, false],
    [{ StringEquals: { 'aws:PrincipalType': 'User' } }, true],
    [{ StringEquals: { 'AWS:UserName': ['bob', 'alice'] } }, true],
    [{ StringLike: { 'aws:userid': 'AIDA*' } }, true],
    [{ BinaryEquals: { 's3:x-amz-content-sha256': 'QUJD' } }, true],
    [{ Bool: { 'aws:MultiFactorAuthPresent': 'true' } }, false],
    [{ BoolIfExists: { 'aws:MultiFactorAuthPresent': 'true' } }, true],
    [{ NumericLessThan: { 's3:signatureAge': '600000' } }, true],
    [{ StringEquals: { 's3:authType': 'REST-QUERY-STRING', 's3:signatureversion': 'AWS4-HMAC-SHA256' } }, true],
    [{ StringLike: { 'aws:Referer': 'https://www.example.com/*' } }, true],
    [{ StringEquals: { 's3:prefix': "${aws:PrincipalTag/home, 'home/'}" } }, true],
    [{ StringNotEquals: { 's3:prefix': '${aws:PrincipalTag/none}' } }, true],
  ]
  const conditions = facts({
    asked: { 'prefix': 'home/', 'max-keys': '10' },
    headers: { 'x-amz-content-sha256': 'QUJD', 'referer': 'https://www.example.com/a' },
    signature: { version: 'AWS4-HMAC-SHA256', type: 'REST-QUERY-STRING', ageMs: 1_000 },
  })
  for (const [Condition, expected] of rows) {
    const principal = user('alice', 'none', { identity: identity(policy({ ...everything, Condition })) })
    assert.equal(isAllowed({ principal, conditions }), expected, JSON.stringify(Condition))
  }
})

test('object lock: a retention may be no longer than some days', () => {
  const principal = user('u', 'none', {
    identity: identity(
      policy({
        ...everything,
        Condition: { NumericLessThanEquals: { 's3:object-lock-remaining-retention-days': '10' } },
      }),
    ),
  })
  const until = (days: number): S3Conditions =>
    facts({ headers: { 'x-amz-object-lock-retain-until-date': new Date(nowMs + days * 86_400_000).toISOString() } })
  assert.ok(isAllowed({ principal, action: 's3:PutObject', conditions: until(10) }))
  assert.ok(!isAllowed({ principal, action: 's3:PutObject', conditions: until(11) }))
})

test('a request cannot say who it is', () => {
  const principal = user('mallory', 'none', {
    identity: identity(policy({ ...everything, Condition: { StringEquals: { 'aws:username': 'alice' } } })),
  })
  assert.ok(
    !isAllowed({
      principal,
      conditions: facts({ headers: { 'aws:username': 'alice' }, asked: { 'aws:username': 'alice' } }),
    }),
  )
})
