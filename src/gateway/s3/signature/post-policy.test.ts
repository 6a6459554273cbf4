import assert from 'node:assert/strict'
import test from 'node:test'

import fc from 'fast-check'

import { S3Error } from '../s3-error.ts'
import { checkFormLength, checkPostPolicy, parsePostPolicy } from './post-policy.ts'

const nowMs = Date.UTC(2013, 4, 24)
const expiration = '2013-05-25T00:00:00.000Z'

function encode(document: unknown): string {
  return Buffer.from(JSON.stringify(document)).toString('base64')
}

function check(conditions: readonly unknown[], fields: Readonly<Record<string, string>>, atMs = nowMs): void {
  checkPostPolicy(parsePostPolicy(encode({ expiration, conditions })), new Map(Object.entries(fields)), atMs)
}

test('each condition must hold, and each field have one', () => {
  const conditions = [
    { bucket: 'b' },
    ['starts-with', '$key', 'user/'],
    ['eq', '$acl', 'private'],
    ['starts-with', '$Content-Type', 'image/'],
  ]
  const fields = {
    'bucket': 'b',
    'key': 'user/x',
    'acl': 'private',
    'content-type': 'image/png',
    'policy': 'p',
    'x-amz-signature': 's',
    'file': 'f',
    'x-ignore-me': '1',
  }
  check(conditions, fields)
  check(conditions, { ...fields, 'content-type': 'image/png,image/jpeg, image/gif' })
  const refused: readonly (readonly [Readonly<Record<string, string>>, string])[] = [
    [{ ...fields, bucket: 'c' }, 'Policy Condition failed: ["eq","$bucket","b"]'],
    [{ ...fields, key: 'other/x' }, 'Policy Condition failed: ["starts-with","$key","user/"]'],
    [{ ...fields, acl: 'public-read' }, 'Policy Condition failed: ["eq","$acl","private"]'],
    [
      { ...fields, 'content-type': 'image/png,text/html' },
      'Policy Condition failed: ["starts-with","$content-type","image/"]',
    ],
    [{ ...fields, 'x-amz-meta-a': '1', 'tagging': 't' }, 'Extra input fields: x-amz-meta-a, tagging'],
    [{ ...fields, 'x-amz-security-token': 't' }, 'Extra input fields: x-amz-security-token'],
    [
      Object.fromEntries(Object.entries(fields).filter(([name]) => name !== 'acl')),
      'Policy Condition failed: ["eq","$acl","private"]',
    ],
  ]
  const anyBucket = { code: 'AccessDenied', message: 'Invalid according to Policy: Extra input fields: bucket' }
  assert.throws(() => check(conditions.slice(1), fields), anyBucket)
  for (const [form, what] of refused) {
    const error = { code: 'AccessDenied', status: 403, message: `Invalid according to Policy: ${what}` }
    assert.throws(() => check(conditions, form), error)
  }
  check([['starts-with', '$x-amz-meta-a', '']], { 'x-amz-meta-a': 'anything' })
  check([['EQ', '$Key', 'k']], { key: 'k' })
})

test('a policy ends', () => {
  check([], {}, Date.UTC(2013, 4, 25))
  assert.throws(() => check([], {}, Date.UTC(2013, 4, 25) + 1), {
    code: 'AccessDenied',
    message: 'Invalid according to Policy: Policy expired.',
  })
})

test('the length of the file is limited both ways, by the narrowest range', () => {
  const ranges = [
    ['content-length-range', 1, 100],
    ['content-length-range', '10', '1000'],
  ]
  const policy = parsePostPolicy(encode({ expiration, conditions: ranges }))
  assert.deepEqual(policy.lengthRange, { min: 10, max: 100 })
  checkFormLength(policy, 10)
  checkFormLength(policy, 100)
  assert.throws(() => checkFormLength(policy, 9), {
    code: 'EntityTooSmall',
    fields: { ProposedSize: '9', MinSizeAllowed: '10', MaxSizeAllowed: '100' },
  })
  assert.throws(() => checkFormLength(policy, 101), { code: 'EntityTooLarge' })
  checkFormLength(parsePostPolicy(encode({ expiration, conditions: [] })), 1e12)
})

test('a document that is no policy is refused, and told why', () => {
  const documents: readonly (readonly [string, RegExp])[] = [
    ['', /found End-of-Input/],
    ['!', /Base64/],
    [Buffer.from('{').toString('base64'), /Invalid JSON/],
    [Buffer.from([0x22, 0xff, 0x22]).toString('base64'), /Invalid JSON/],
    [encode([]), /Invalid JSON/],
    [encode({ conditions: [] }), /Policy missing expiration/],
    [encode({ expiration }), /Policy missing conditions/],
    [encode({ expiration, conditions: [], other: 1 }), /Unexpected: 'other'/],
    [encode({ expiration: 'tomorrow', conditions: [] }), /Invalid 'expiration' value: 'tomorrow'/],
    [encode({ expiration: '2013-02-30T00:00:00Z', conditions: [] }), /Invalid 'expiration' value/],
    [encode({ expiration: 1, conditions: [] }), /Invalid 'expiration' value/],
    [encode({ expiration, conditions: {} }), /must be a List/],
    [encode({ expiration, conditions: ['x'] }), /must be a List or Object/],
    [encode({ expiration, conditions: [{}] }), /exactly one property/],
    [encode({ expiration, conditions: [{ a: 'b', c: 'd' }] }), /exactly one property/],
    [encode({ expiration, conditions: [{ a: 1 }] }), /value must be a string/],
    [encode({ expiration, conditions: [[]] }), /missing operation identifier/],
    [encode({ expiration, conditions: [['ends-with', '$key', 'x']] }), /unknown operation 'ends-with'/],
    [encode({ expiration, conditions: [['eq', '$key']] }), /wrong number of arguments/],
    [encode({ expiration, conditions: [['eq', 'key', 'x']] }), /expecting/],
    [encode({ expiration, conditions: [['content-length-range', -1, 2]] }), /not a number of bytes/],
    [encode({ expiration, conditions: Array.from({ length: 300 }, () => ['eq', '$a', 'b']) }), /more than 256/],
    ['A'.repeat(70_000), /longer than/],
  ]
  for (const [text, message] of documents)
    assert.throws(() => parsePostPolicy(text), { code: 'InvalidPolicyDocument', message }, text.slice(0, 80))
})

test('any document at all: an error that is meant', () => {
  const condition = fc.oneof(
    fc.jsonValue(),
    fc.tuple(
      fc.constantFrom('eq', 'starts-with', 'content-length-range', 'x'),
      fc.oneof(fc.string(), fc.integer()),
      fc.jsonValue(),
    ),
    fc.dictionary(fc.string(), fc.jsonValue(), { maxKeys: 2 }),
  )
  const text = fc.oneof(
    fc.string(),
    fc.base64String(),
    fc.jsonValue().map(encode),
    fc
      .record({ expiration: fc.oneof(fc.constant(expiration), fc.string()), conditions: fc.array(condition) })
      .map(encode),
  )
  fc.assert(
    fc.property(text, fc.dictionary(fc.string(), fc.string()), (policy, fields) => {
      try {
        checkPostPolicy(parsePostPolicy(policy), new Map(Object.entries(fields)), nowMs)
      } catch (error) {
        assert(error instanceof S3Error, String(error))
      }
    }),
    { numRuns: 1_000 },
  )
})
