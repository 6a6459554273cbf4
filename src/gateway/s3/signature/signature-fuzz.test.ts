// Any request at all, most of them close to a signed one: an error that is meant, and never somebody's signature.

import assert from 'node:assert/strict'
import test from 'node:test'

import fc from 'fast-check'

import { NodeCompute } from '../../../node/compute.ts'
import { S3Error } from '../s3-error.ts'
import { findTestSigner, nowMs, timestamp } from '../testing/signature-setup.ts'
import { verifyForm } from './form-signature.ts'
import { SignatureVerifier } from './signature-verifier.ts'

const verifier = new SignatureVerifier(new NodeCompute(), { region: 'us-east-1', acceptsV2: true })
const scope = 'AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request'
const signature = 'f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41'

const piece = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      scope,
      signature,
      timestamp,
      'host',
      'host;x-amz-date',
      '60',
      'AWS4-HMAC-SHA256',
      'UNSIGNED-PAYLOAD',
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('', '%', '%zz', '+', '/', '//', '=', '&', ';', ',', ' ', '\u0000', '-1', '9'.repeat(30)),
  },
)

const authorization = fc.oneof(
  fc.array(piece).map((pieces) => pieces.join(' ')),
  fc
    .tuple(piece, piece, piece)
    .map(
      ([credential, names, signed]) =>
        `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=${names}, Signature=${signed}`,
    ),
  fc.tuple(piece, piece).map(([key, signed]) => `AWS ${key}:${signed}`),
)

const headerName = fc.constantFrom(
  'Host',
  'Date',
  'X-Amz-Date',
  'x-amz-content-sha256',
  'x-amz-security-token',
  'x-amz-meta-a',
  'Content-Type',
)
const headers = fc.array(fc.tuple(headerName, piece), { maxLength: 6 })

const parameterName = fc.constantFrom(
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-SignedHeaders',
  'X-Amz-Signature',
  'X-Amz-Security-Token',
  'AWSAccessKeyId',
  'Signature',
  'Expires',
  'acl',
  'X%2DAmz%2DSignature',
)
const query = fc
  .array(
    fc.tuple(
      parameterName,
      fc.oneof(
        piece,
        piece.map((text) => encodeURIComponent(text.toWellFormed())),
      ),
    ),
    { maxLength: 9 },
  )
  .map((pairs) => pairs.map(([name, value]) => `${name}=${value}`).join('&'))

test('any request: refused, or nobody’s', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.option(authorization),
      headers,
      fc.oneof(query, fc.constant('')),
      piece,
      async (shown, list, raw, path) => {
        const rawHeaders = [...list.flat(), ...(shown === null ? [] : ['Authorization', shown])]
        const request = { method: 'GET', path: `/${path}`, query: raw, rawHeaders, otherHosts: ['a', 'b'] }
        try {
          assert.equal(await verifier.verify(request, { nowMs, findSigner: findTestSigner }), undefined)
        } catch (error) {
          assert(error instanceof S3Error, String(error))
        }
      },
    ),
    { numRuns: 3_000 },
  )
})

test('any form: refused, or nobody’s', async () => {
  const field = fc.constantFrom(
    'policy',
    'x-amz-algorithm',
    'x-amz-credential',
    'x-amz-date',
    'x-amz-signature',
    'x-amz-security-token',
    'awsaccesskeyid',
    'signature',
    'key',
  )
  await fc.assert(
    fc.asyncProperty(fc.dictionary(field, piece), async (form) => {
      try {
        const fields = new Map(Object.entries(form))
        assert.equal(await verifyForm(verifier, fields, { nowMs, findSigner: findTestSigner }), undefined)
      } catch (error) {
        assert(error instanceof S3Error, String(error))
      }
    }),
    { numRuns: 1_000 },
  )
})
