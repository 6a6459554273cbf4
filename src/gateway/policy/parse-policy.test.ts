/* oxlint-disable eslint/no-template-curly-in-string -- they are variables of policies */

import assert from 'node:assert/strict'
import { test } from 'node:test'

import fc from 'fast-check'

import { CompiledPolicy } from './compiled-policy.ts'
import { parsePolicy } from './parse-policy.ts'
import type { PolicyKind } from './parse-policy.ts'
import { PolicyError } from './policy-error.ts'
import { isPublicPolicy } from './public-policy.ts'

const own = { Effect: 'Allow', Action: 's3:GetObject', Resource: 'arn:aws:s3:::bucket/*' }
const good = { ...own, Principal: '*' }

function text(statement: object, more: object = {}): string {
  return JSON.stringify({ Version: '2012-10-17', ...more, Statement: [statement] })
}

function refusal(policy: string, kind: PolicyKind = 'bucket'): string {
  try {
    parsePolicy(policy, { kind, bucket: 'bucket' })
  } catch (error) {
    assert.ok(error instanceof PolicyError, String(error))
    return error.message
  }
  return 'taken'
}

const refusals: readonly (readonly [policy: string, message: string])[] = [
  ['', "Policies must be valid JSON and the first byte must be '{'"],
  ['[]', "Policies must be valid JSON and the first byte must be '{'"],
  ['{"a"', 'This policy contains invalid Json'],
  ['{}', 'Missing required field Statement'],
  ['{"Statement":[]}', 'Could not parse the policy: Statement is empty!'],
  ['{"Statement":[1]}', 'Invalid policy syntax.'],
  [text(good, { Version: '2020-01-01' }), 'The policy must contain a valid version string'],
  [text(good, { Extra: 1 }), 'Unknown field Extra'],
  [text({ ...good, Extra: 1 }), 'Unknown field Extra'],
  [text({ ...good, Effect: undefined }), 'Missing required field Effect'],
  [text({ ...good, Effect: 'allow' }), 'Invalid effect: allow'],
  [text({ ...good, Principal: undefined }), 'Missing required field Principal'],
  [text({ ...good, Principal: 'somebody' }), 'Invalid principal in policy'],
  [text({ ...good, Principal: { AWS: 'user' } }), 'Invalid principal in policy'],
  [text({ ...good, Principal: { AWS: 'arn:aws:iam::000000000000:user/a*' } }), 'Invalid principal in policy'],
  [text({ ...good, Principal: { Other: '*' } }), 'Invalid principal in policy'],
  [text({ ...good, Principal: {} }), 'Invalid principal in policy'],
  [text({ ...good, NotPrincipal: '*' }), 'Invalid policy syntax.'],
  [text({ ...good, Action: undefined }), 'Missing required field Action'],
  [text({ ...good, Action: 'GetObject' }), 'Policy has invalid action'],
  [text({ ...good, Action: 's3:NoSuchThing' }), 'Policy has invalid action'],
  [text({ ...good, Action: 'ec2:*' }), 'Policy has invalid action'],
  [text({ ...good, Resource: undefined }), 'Missing required field Resource'],
  [text({ ...good, Resource: '*' }), 'Policy has invalid resource'],
  [text({ ...good, Resource: 'arn:aws:s3:::other/*' }), 'Policy has invalid resource'],
  [text({ ...good, Resource: 'arn:aws:s3:::bucket' }), 'Action does not apply to any resource(s) in statement'],
  [text({ ...good, Action: 's3:ListBucket' }), 'Action does not apply to any resource(s) in statement'],
  [text({ ...good, Condition: { StringEquals: { 's3:nothing': 'a' } } }), 'Policy has an invalid condition key'],
  [
    text({ ...good, Condition: { StringEquals: { 'aws:SourceIpAddress': 'a' } } }),
    'Policy has an invalid condition key',
  ],
  [text({ ...good, Condition: { StringIs: { 's3:prefix': 'a' } } }), 'Invalid Condition type : StringIs'],
  [text({ ...good, Condition: { NullIfExists: { 's3:prefix': 'true' } } }), 'Invalid Condition type : NullIfExists'],
  [
    text({ ...good, Condition: { IpAddress: { 'aws:SourceIp': '300.0.0.1' } } }),
    'Invalid value 300.0.0.1 for the condition operator IpAddress',
  ],
  [
    text({ ...good, Sid: 'x'.repeat(20_480) }),
    'Normalized policy document exceeds the maximum allowed size of 20480 bytes.',
  ],
]

test('a policy of a bucket that is none is refused in AWS’s words', () => {
  for (const [policy, message] of refusals) assert.equal(refusal(policy), message, policy.slice(0, 200))
  assert.equal(refusal(text(good)), 'taken')
})

test('statements of one policy have different ids', () => {
  const policy = JSON.stringify({ Statement: [good, good].map((each) => ({ ...each, Sid: 'a' })) })
  assert.equal(refusal(policy), 'Statement IDs (SID) in a single policy must be unique.')
})

test('a statement alone, lists and single values, and every kind of principal are taken', () => {
  const everybody = {
    AWS: ['*', '123456789012', 'arn:aws:iam::000000000000:user/a/b', 'arn:aws:sts::000000000000:assumed-role/r/s'],
    CanonicalUser: 'a'.repeat(64),
    Service: 'logging.s3.amazonaws.com',
    Federated: 'cognito-identity.amazonaws.com',
  }
  const statement = { ...good, Principal: everybody, Action: ['s3:Get*', 's3:PutObject'] }
  const { statements } = parsePolicy(JSON.stringify({ Statement: statement }), { kind: 'bucket', bucket: 'bucket' })
  assert.deepEqual(statements[0]?.principal?.items.map(({ type }) => type).toSorted(), [
    'AWS',
    'AWS',
    'AWS',
    'AWS',
    'CanonicalUser',
    'Federated',
    'Service',
  ])
})

test('policies of users have no principal, trust policies no resource and actions of STS only', () => {
  assert.equal(refusal(text(own), 'managed'), 'taken')
  assert.equal(refusal(text(good), 'managed'), 'Policy document should not specify a principal.')
  assert.equal(
    refusal(text(own, { Version: undefined }), 'inline'),
    'Policy document must be version 2012-10-17 or greater.',
  )
  assert.equal(
    refusal(text({ ...own, Action: 'GetObject' }), 'managed'),
    'Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.',
  )
  assert.equal(
    refusal(text({ ...own, Resource: 'bucket' }), 'managed'),
    'Resource bucket must be in ARN format or "*".',
  )
  const trust = { Effect: 'Allow', Principal: '*', Action: 'sts:AssumeRole' }
  assert.equal(refusal(text(trust), 'trust'), 'taken')
  assert.equal(refusal(text(good), 'trust'), 'AssumeRole policy may only specify STS AssumeRole actions.')
  assert.equal(refusal(text({ ...trust, Resource: '*' }), 'trust'), 'Has prohibited field Resource')
  const long = text({ ...own, Resource: `arn:aws:s3:::${'b'.repeat(6_144)}` })
  assert.equal(refusal(long, 'managed'), 'Cannot exceed quota for PolicySize: 6144')
})

test('any text gives a document that can be compiled, or a PolicyError', () => {
  const names = ['Version', 'Statement', 'Effect', 'Principal', 'Action', 'Resource', 'Condition', 'AWS', 'NotAction']
  const words = ['Allow', 'Deny', '*', 's3:*', 's3:GetObject', 'arn:aws:s3:::bucket/*', '2012-10-17', '${', '${a, }']
  const leaf = fc.oneof(fc.constantFrom(...words), fc.string({ unit: 'binary' }), fc.integer(), fc.constant(null))
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 6 },
      leaf,
      fc.array(tie('value'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(fc.constantFrom(...names, '__proto__'), fc.string()), tie('value'), { maxKeys: 5 }),
    ),
  }))
  const mutated = fc
    .tuple(fc.constantFrom(...Object.keys(good), 'Condition', 'Sid'), value)
    .map(([name, replaced]) => text({ ...good, [name]: replaced }))
  const texts = fc.oneof(
    fc.string({ unit: 'binary' }),
    value.map((each) => JSON.stringify(each)),
    mutated,
  )
  fc.assert(
    fc.property(
      texts,
      fc.constantFrom<PolicyKind>('bucket', 'managed', 'inline', 'session', 'trust'),
      (policy, kind) => {
        try {
          const document = parsePolicy(policy ?? '', { kind, bucket: 'bucket' })
          isPublicPolicy(document)
          new CompiledPolicy(document).effect({
            action: 's3:GetObject',
            resource: 'arn:aws:s3:::bucket/a',
            subject: { kind: 'anonymous', arns: [] },
            conditions: new Map(),
          })
        } catch (error) {
          assert.ok(error instanceof PolicyError, String(error))
        }
      },
    ),
    { numRuns: 3_000 },
  )
})

test('deep nesting is refused, not followed', () => {
  const deep = `{"Statement":${'['.repeat(9_000)}${']'.repeat(9_000)}}`
  assert.equal(refusal(deep), 'Invalid policy syntax.')
})

test('a policy is public that allows something to everybody, whatever it denies', () => {
  const isPublic = (statement: object): boolean =>
    isPublicPolicy(parsePolicy(text({ ...good, ...statement }), { kind: 'bucket' }))
  const where = (operator: string, key: string, value: string): object => ({
    Condition: { [operator]: { [key]: value } },
  })
  assert.ok(isPublic({}))
  assert.ok(isPublic({ Principal: { AWS: ['123456789012', '*'] } }))
  assert.ok(isPublic({ Principal: undefined, NotPrincipal: { AWS: '123456789012' } }))
  assert.ok(!isPublic({ Effect: 'Deny' }))
  assert.ok(!isPublic({ Principal: { AWS: '123456789012' } }))
  assert.ok(!isPublic(where('IpAddress', 'aws:SourceIp', '10.0.0.0/8')))
  assert.ok(isPublic(where('IpAddress', 'aws:SourceIp', '0.0.0.0/1')))
  assert.ok(isPublic(where('NotIpAddress', 'aws:SourceIp', '10.0.0.0/8')))
  assert.ok(!isPublic(where('StringEquals', 'aws:SourceVpc', 'vpc-91237329')))
  assert.ok(isPublic(where('StringLike', 'aws:SourceVpc', 'vpc-*')))
  assert.ok(isPublic(where('StringEquals', 'aws:Referer', 'example.com')))
})
